//! Remediation policies and their order.

use palisade_model::remediation::{HostSelection, VulnerabilitySelection};
use palisade_model::{PolicyAction, PolicyRule};
use palisade_store::Error;

use crate::bench::{Bench, ips, login, qid};

fn rule(action: PolicyAction) -> PolicyRule {
    PolicyRule {
        hosts: HostSelection { ips: ips("10.0.0.1-10.0.0.9"), asset_groups: [3].into() },
        vulnerabilities: VulnerabilitySelection {
            qids: [qid(7)].into(),
            severities: [4.try_into().unwrap()].into(),
            potential: Some(false),
        },
        action,
    }
}

async fn titles(bench: &Bench) -> Vec<String> {
    bench.store.list_policies().await.unwrap().into_iter().map(|policy| policy.title).collect()
}

async fn policies_keep_their_order(bench: Bench) {
    assert!(titles(&bench).await.is_empty(), "there are none until somebody makes one");
    for title in ["a", "b", "c"] {
        bench.store.add_policy(title, &rule(PolicyAction::Ignore)).await.unwrap();
    }
    let taken = bench.store.add_policy("b", &rule(PolicyAction::Ignore)).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
    let id = |position: usize| {
        let policies = bench.store.list_policies();
        async move { policies.await.unwrap()[position].id }
    };
    assert!(bench.store.move_policy(id(2).await, 0).await.unwrap());
    assert_eq!(titles(&bench).await, ["c", "a", "b"]);
    assert!(bench.store.move_policy(id(0).await, 99).await.unwrap());
    assert_eq!(titles(&bench).await, ["a", "b", "c"]);
    let gone = id(1).await;
    assert!(bench.store.delete_policy(gone).await.unwrap());
    assert!(!bench.store.delete_policy(gone).await.unwrap());
    assert!(!bench.store.move_policy(gone, 0).await.unwrap());
    bench.store.add_policy("d", &rule(PolicyAction::NoTicket)).await.unwrap();
    assert_eq!(titles(&bench).await, ["a", "c", "d"]);
}

async fn a_policy_comes_back_as_it_was_made(bench: Bench) {
    let assignee = palisade_model::Assignee::User(login("quays_ab1"));
    let made = rule(PolicyAction::CreateTicket { assignee, deadline_days: 14 });
    bench.store.add_policy("Büro <A>", &made).await.unwrap();
    let stored = bench.store.list_policies().await.unwrap().remove(0);
    assert_eq!((stored.title.as_str(), &stored.rule), ("Büro <A>", &made));
    let edited = rule(PolicyAction::Ignore);
    assert!(bench.store.edit_policy(stored.id, "B", &edited).await.unwrap());
    assert!(!bench.store.edit_policy(stored.id + 1, "C", &edited).await.unwrap());
    let stored = bench.store.list_policies().await.unwrap().remove(0);
    assert_eq!((stored.title.as_str(), stored.rule), ("B", edited));
}

crate::both!(policies_keep_their_order, a_policy_comes_back_as_it_was_made);
