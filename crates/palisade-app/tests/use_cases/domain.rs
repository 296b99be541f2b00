//! Domains: who sees which, and what is refused.

use palisade_app::{Error, GroupTexts};
use palisade_model::{DomainName, IpSet, Role};

use crate::asset_group::{edit_group, new_group};
use crate::desk::{Desk, ips};

pub(crate) fn domain(text: &str) -> DomainName {
    text.parse().unwrap()
}

#[tokio::test]
async fn asset_groups_bring_domains_within_reach() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    for name in ["one.test", "two.test"] {
        desk.app.add_domain(&manager, &domain(name), &ips("10.0.1.0/24")).await.unwrap();
    }
    let group = palisade_app::AddAssetGroup {
        domains: vec![domain("one.test")],
        texts: GroupTexts::default(),
        ..new_group("A", "10.0.1.1")
    };
    desk.app.add_asset_group(&manager, group).await.unwrap();
    let login = desk.add_user("scanner", Role::Scanner, "").await;
    let scanner = desk.actor("scanner").await;
    assert!(desk.app.list_domains(&scanner).await.unwrap().is_empty());
    desk.app.set_user_asset_groups(&login, &["A".to_owned()]).await.unwrap();
    let scanner = desk.actor("scanner").await;
    let seen = desk.app.list_domains(&scanner).await.unwrap();
    assert_eq!(seen.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["one.test"]);
    let groups = desk.app.list_asset_groups(&scanner, None).await.unwrap();
    assert!(groups.iter().all(|group| group.domains == seen), "All and A");
    // What is beyond reach cannot be put into a group.
    let mut wanted = new_group("B", "10.0.1.1");
    wanted.domains = vec![domain("two.test")];
    let refused = desk.app.add_asset_group(&scanner, wanted).await;
    assert!(matches!(refused, Err(Error::UnknownDomain { domain }) if domain.as_str() == "two.test"));
    let mut edit = edit_group("A");
    edit.domains = Some(Vec::new());
    desk.app.edit_asset_group(&manager, edit).await.unwrap();
    assert!(desk.app.list_domains(&scanner).await.unwrap().is_empty());
}

#[tokio::test]
async fn domains_are_added_once_and_edited_when_they_are_there() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let (app, none) = (&desk.app, DomainName::none());
    let empty = IpSet::new();
    assert!(matches!(app.add_domain(&manager, &none, &empty).await, Err(Error::NoNetblock)));
    app.add_domain(&manager, &none, &ips("10.0.0.0/8")).await.unwrap();
    let again = app.add_domain(&manager, &none, &ips("10.0.0.0/8")).await;
    assert!(matches!(again, Err(Error::DomainTaken { .. })));
    let unknown = app.edit_domain(&manager, &domain("a.test"), None).await;
    assert!(matches!(unknown, Err(Error::UnknownDomain { .. })));
    app.add_domain(&manager, &domain("a.test"), &ips("10.0.0.1")).await.unwrap();
    app.edit_domain(&manager, &domain("a.test"), None).await.unwrap();
    assert_eq!(app.list_domains(&manager).await.unwrap()[0].netblock, ips("10.0.0.1"));
    app.edit_domain(&manager, &domain("a.test"), Some(&empty)).await.unwrap();
    assert!(app.list_domains(&manager).await.unwrap()[0].netblock.is_empty());
    assert!(matches!(app.edit_domain(&manager, &none, Some(&empty)).await, Err(Error::NoNetblock)));
}
