//! The activity log.

use palisade_model::{IpSet, Permissions, Role, UserProfile, UserStatus};
use palisade_store::{Activity, ActivitySpan, NewUser};

use crate::bench::{Bench, at, login};

async fn add_entry(bench: &Bench, second: i64, login: Option<&str>, details: &str) {
    let entry = Activity {
        at: at(second),
        login: login.map(str::to_owned),
        from: "127.0.0.1".to_owned(),
        module: "scan".to_owned(),
        action: "launch".to_owned(),
        details: details.to_owned(),
        refused: false,
    };
    bench.store.add_activity(&entry).await.unwrap();
}

async fn add_user(bench: &Bench, name: &str) {
    let user = NewUser {
        login: login(name),
        role: Role::Scanner,
        status: UserStatus::Active,
        first_name: "Ada".to_owned(),
        last_name: "Brown".to_owned(),
        email: "ada@example.test".to_owned(),
        profile: UserProfile::default(),
        password_hash: "hash".to_owned(),
        assigned_ips: IpSet::new(),
        permissions: Permissions::default(),
        business_unit: None,
        eula_accepted_at: None,
        created_at: at(0),
        expires_at: None,
        asset_groups: Vec::new(),
    };
    bench.store.add_user(&user).await.unwrap();
}

/// The details of a part of the log, read in pages of two.
async fn details(bench: &Bench, span: &ActivitySpan) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = bench.store.list_activity_span(span, after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { return all };
        after = Some(last.mark);
        all.extend(page.into_iter().map(|entry| entry.activity.details));
    }
}

async fn a_span_is_read_in_pages_oldest_first(bench: Bench) {
    // The clock went back between c and d; three entries have the same time.
    for (second, text) in [(1, "a"), (5, "b"), (9, "c"), (5, "d"), (5, "e"), (10, "f")] {
        add_entry(&bench, second, Some("ada"), text).await;
    }
    let span = |from, to| ActivitySpan { from: at(from), to: at(to), login: None, business_unit: None };
    assert_eq!(details(&bench, &span(0, 20)).await.concat(), "abdecf");
    assert_eq!(details(&bench, &span(5, 9)).await.concat(), "bdec");
    assert_eq!(details(&bench, &span(11, 20)).await, [""; 0]);
    assert_eq!(details(&bench, &span(9, 5)).await, [""; 0]);
}

async fn entries_know_whom_their_login_names(bench: Bench) {
    add_user(&bench, "quays_ab1").await;
    add_entry(&bench, 1, Some("quays_ab1"), "hers").await;
    add_entry(&bench, 2, Some("stranger"), "nobody's").await;
    add_entry(&bench, 3, None, "local").await;
    let mut span = ActivitySpan { from: at(0), to: at(9), login: None, business_unit: None };
    let page = bench.store.list_activity_span(&span, None, 10).await.unwrap();
    let roles: Vec<_> = page.iter().map(|entry| entry.user.as_ref().map(|user| user.role)).collect();
    assert_eq!(roles, [Some(Role::Scanner), None, None]);
    assert_eq!(page[0].user.as_ref().unwrap().last_name, "Brown");
    span.login = Some("stranger".to_owned());
    assert_eq!(details(&bench, &span).await, ["nobody's"]);
    span.login = Some(String::new());
    assert_eq!(details(&bench, &span).await, [""; 0]);
}

async fn entries_come_back_newest_first(bench: Bench) {
    for number in 0..5 {
        let entry = Activity {
            at: at(number),
            login: (number % 2 == 0).then(|| format!("user{number}")),
            from: "127.0.0.1".to_owned(),
            module: "scan".to_owned(),
            action: "launch".to_owned(),
            details: "ä <>&'\"".to_owned(),
            refused: number == 4,
        };
        bench.store.add_activity(&entry).await.unwrap();
    }
    let entries = bench.store.list_activity(3).await.unwrap();
    let times: Vec<_> = entries.iter().map(|entry| entry.at).collect();
    assert_eq!(times, [at(4), at(3), at(2)]);
    assert_eq!(entries[0].login.as_deref(), Some("user4"));
    assert_eq!(entries[1].login, None);
    assert!(entries[0].refused && !entries[1].refused);
    assert_eq!(entries[0].details, "ä <>&'\"");
}

crate::both!(
    entries_come_back_newest_first,
    a_span_is_read_in_pages_oldest_first,
    entries_know_whom_their_login_names,
);
