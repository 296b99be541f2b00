//! Option profiles: who sees and changes which, and what scans make of them.

use palisade_app::{AddSearchList, Error, LaunchScan};
use palisade_engine::Link as _;
use palisade_model::option_profile::{
    BadProfile, DetectionScope, FULL_TCP_TITLE, INITIAL_TITLE, PCI_TITLE, SearchList,
};
use palisade_model::{OptionProfile, Role};

use crate::desk::{Desk, launch};

fn new_profile(title: &str) -> OptionProfile {
    OptionProfile { title: title.to_owned(), ..OptionProfile::default() }
}

async fn titles(desk: &Desk, login: &str) -> Vec<String> {
    let actor = desk.actor(login).await;
    let views = desk.app.list_option_profiles(&actor).await.unwrap();
    views.into_iter().map(|view| view.profile.title).collect()
}

#[tokio::test]
async fn a_subscription_comes_with_profiles_and_one_is_the_default() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let views = desk.app.list_option_profiles(&manager).await.unwrap();
    assert_eq!(views.len(), 5);
    let default = desk.app.option_profile(&manager, None).await.unwrap();
    assert_eq!((default.profile.title.as_str(), default.version), (INITIAL_TITLE, 1));
    let made = desk.app.set_default_option_profile(&manager, FULL_TCP_TITLE).await.unwrap();
    assert!(made.profile.is_default && made.profile.is_global);
    let default = desk.app.option_profile(&manager, None).await.unwrap();
    assert_eq!(default.profile.title, FULL_TCP_TITLE);
    let scan = desk.launch(&manager, "10.0.0.1").await;
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.option_title.as_str(), view.option_is_default), (FULL_TCP_TITLE, true));
    let kept = desk.app.delete_option_profile(&manager, FULL_TCP_TITLE).await;
    assert!(matches!(kept, Err(Error::OptionProfileInUse { .. })), "{kept:?}");
    desk.app.delete_option_profile(&manager, INITIAL_TITLE).await.unwrap();
}

#[tokio::test]
async fn a_profile_is_its_owners_until_it_is_global() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("scanner", Role::Scanner, "10.0.0.1").await;
    desk.add_user("other", Role::Scanner, "10.0.0.1").await;
    desk.add_user("reader", Role::Reader, "10.0.0.1").await;
    let scanner = desk.actor("scanner").await;
    let made = desk.app.add_option_profile(&scanner, new_profile("Mine")).await.unwrap();
    assert_eq!(made.profile.owner.as_ref().map(palisade_model::Login::as_str), Some("scanner"));
    let sees = |titles: Vec<String>| titles.contains(&"Mine".to_owned());
    assert!(sees(titles(&desk, "scanner").await) && sees(titles(&desk, "manager").await));
    assert!(!sees(titles(&desk, "other").await) && !sees(titles(&desk, "reader").await));
    let other = desk.actor("other").await;
    let hidden = desk.app.option_profile(&other, Some("Mine")).await;
    assert!(matches!(hidden, Err(Error::UnknownOptionProfile { .. })), "{hidden:?}");
    let chosen = LaunchScan { option: Some("Mine".to_owned()), ..launch("10.0.0.1") };
    desk.app.launch_scan(&scanner, chosen.clone()).await.unwrap();
    let refused = desk.app.launch_scan(&other, chosen).await;
    assert!(matches!(refused, Err(Error::UnknownOption { .. })), "{refused:?}");

    let global = OptionProfile { is_global: true, ..made.profile };
    let refused = desk.app.edit_option_profile(&scanner, Some("Mine"), 1, global.clone()).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    desk.app.edit_option_profile(&manager, Some("Mine"), 1, global).await.unwrap();
    assert!(sees(titles(&desk, "other").await));
    for login in ["other", "reader"] {
        let actor = desk.actor(login).await;
        let edit = desk.app.edit_option_profile(&actor, Some("Mine"), 2, new_profile("Mine")).await;
        assert!(matches!(edit, Err(Error::Forbidden { .. })), "{login}: {edit:?}");
        let deleted = desk.app.delete_option_profile(&actor, "Mine").await;
        assert!(matches!(deleted, Err(Error::Forbidden { .. })), "{login}: {deleted:?}");
        let default = desk.app.set_default_option_profile(&actor, "Mine").await;
        assert!(matches!(default, Err(Error::Forbidden { .. })), "{login}: {default:?}");
    }
    desk.app.delete_option_profile(&scanner, "Mine").await.unwrap();
}

#[tokio::test]
async fn of_two_managers_the_second_is_told() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("second", Role::Manager, "").await;
    let second = desk.actor("second").await;
    desk.app.add_option_profile(&manager, new_profile("A")).await.unwrap();
    let edited = OptionProfile { scan_dead_hosts: true, ..new_profile("A") };
    desk.app.edit_option_profile(&manager, Some("A"), 1, edited).await.unwrap();
    let late = desk.app.edit_option_profile(&second, Some("A"), 1, new_profile("B")).await;
    assert!(matches!(late, Err(Error::OptionProfileChanged { title }) if title == "A"));
    let taken = desk.app.edit_option_profile(&second, Some("A"), 2, new_profile(PCI_TITLE)).await;
    assert!(matches!(taken, Err(Error::OptionProfileTaken { .. })), "{taken:?}");
    let taken = desk.app.add_option_profile(&second, new_profile("A")).await;
    assert!(matches!(taken, Err(Error::OptionProfileTaken { .. })), "{taken:?}");
    let bad = OptionProfile { title: String::new(), ..new_profile("A") };
    let bad = desk.app.add_option_profile(&second, bad).await;
    assert!(matches!(bad, Err(Error::BadOptionProfile(BadProfile::NoTitle))), "{bad:?}");
    let pci = desk.app.option_profile(&manager, Some(PCI_TITLE)).await.unwrap();
    let loose = OptionProfile { udp: new_profile("A").tcp, load_balancer_detection: false, ..pci.profile };
    let fixed = desk.app.edit_option_profile(&manager, Some(PCI_TITLE), 1, loose).await;
    assert!(matches!(fixed, Err(Error::BadOptionProfile(BadProfile::Fixed))), "{fixed:?}");
}

#[tokio::test]
async fn a_past_scan_says_what_it_was_launched_with() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.app.add_option_profile(&manager, new_profile("A")).await.unwrap();
    let chosen = LaunchScan {
        option: Some("A".to_owned()),
        http_header: Some("quays-7".parse().unwrap()),
        ..launch("10.0.0.1")
    };
    let scan = desk.app.launch_scan(&manager, chosen).await.unwrap();
    let before = desk.app.scan(&manager, &scan).await.unwrap();
    let renamed = OptionProfile { scan_dead_hosts: true, ..new_profile("B") };
    desk.app.edit_option_profile(&manager, Some("A"), 1, renamed).await.unwrap();
    desk.app.delete_option_profile(&manager, "B").await.unwrap();
    let after = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((after.option_title, after.options_text), (before.option_title, before.options_text));
    let lease = desk.app.link("one").lease().await.unwrap().unwrap();
    assert!(!lease.order.profile.scan_dead_hosts);
    assert_eq!(lease.order.http_header, Some("quays-7".parse().unwrap()));
}

#[tokio::test]
async fn a_scan_that_would_look_for_nothing_is_refused() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let (vulnerability, information) = desk.qids();
    let mut runtime = new_profile("Runtime");
    runtime.detection.scope = DetectionScope::Runtime;
    let list =
        SearchList { title: "Not this".to_owned(), qids: [vulnerability].into(), ..SearchList::default() };
    runtime.detection.exclude = vec![list];
    desk.app.add_option_profile(&manager, runtime).await.unwrap();
    let with =
        |qids| LaunchScan { option: Some("Runtime".to_owned()), specific_vulns: qids, ..launch("10.0.0.1") };
    let none = desk.app.launch_scan(&manager, with(None)).await;
    assert!(matches!(none, Err(Error::NoQids { .. })), "{none:?}");
    let excluded = desk.app.launch_scan(&manager, with(Some(vec![vulnerability]))).await;
    assert!(matches!(excluded, Err(Error::NothingToLookFor { .. })), "{excluded:?}");
    desk.app.launch_scan(&manager, with(Some(vec![vulnerability, information]))).await.unwrap();
}

#[tokio::test]
async fn imported_profiles_find_their_lists_by_title() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let (qid, _) = desk.qids();
    let content = palisade_model::SearchListContent::Static([qid].into());
    let list = AddSearchList { title: "Known".to_owned(), is_global: false, content, comments: None };
    let id = desk.app.add_search_list(&manager, list).await.unwrap();
    let named = |title: &str| SearchList { title: title.to_owned(), ..SearchList::default() };
    let own = SearchList { qids: [qid].into(), ..named("Own") };
    let mut known = new_profile("Known");
    known.detection.scope = DetectionScope::Custom;
    known.detection.include = vec![named("Known"), named("Lost"), own.clone()];
    known.is_default = true;
    known.is_global = true;
    let mut lost = new_profile("Lost");
    lost.detection.scope = DetectionScope::Custom;
    lost.detection.include = vec![named("Lost")];
    let made = desk.app.import_option_profiles(&manager, vec![known, lost]).await.unwrap();
    let lists = &made[0].profile.detection.include;
    assert_eq!(*lists, [SearchList { id: Some(id), ..named("Known") }, own]);
    assert!(!made[0].profile.is_default);
    assert_eq!(made[1].profile.detection.scope, DetectionScope::Complete);

    let half = vec![new_profile("New"), new_profile("Lost")];
    let taken = desk.app.import_option_profiles(&manager, half).await;
    assert!(matches!(taken, Err(Error::OptionProfileTaken { title }) if title == "Lost"));
    assert!(!titles(&desk, "manager").await.contains(&"New".to_owned()), "all or none");
    desk.add_user("scanner", Role::Scanner, "10.0.0.1").await;
    let scanner = desk.actor("scanner").await;
    let refused = desk.app.import_option_profiles(&scanner, vec![new_profile("Mine")]).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let refused = desk.app.export_option_profiles(&scanner).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");

    let used = desk.app.delete_search_list(&manager, id, true).await;
    assert!(matches!(used, Err(Error::SearchListInUse { .. })), "{used:?}");
    let hidden = OptionProfile { detection: made[0].profile.detection.clone(), ..new_profile("Mine") };
    let hidden = desk.app.add_option_profile(&scanner, hidden).await;
    assert!(matches!(hidden, Err(Error::UnknownSearchList { .. })), "{hidden:?}");
    let mut foreign = new_profile("From elsewhere");
    foreign.detection.exclude = vec![SearchList { id: Some(id), ..named("Something else") }];
    let foreign = desk.app.add_option_profile(&manager, foreign).await;
    assert!(matches!(foreign, Err(Error::UnknownSearchListTitle { .. })), "{foreign:?}");
    desk.app.delete_option_profile(&manager, "Known").await.unwrap();
    desk.app.delete_search_list(&manager, id, true).await.unwrap();
}
