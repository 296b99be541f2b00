//! Authentication records: rules, reach, and that secrets stay where they belong.

use palisade_app::{
    Actor, CreateAuthRecord, CreateAuthVault, Error, ListAuthRecords, PasswordFrom, UpdateAuthRecords,
};
use palisade_engine::Link as _;
use palisade_model::auth_record::{
    GivenAccess, GivenFields, KeySort, RootTool, RootToolInUse, VaultReference,
};
use palisade_model::option_profile::AuthenticationKind;
use palisade_model::{IpSet, OptionProfile, RecordKind, Role};

use crate::desk::{Desk, ips, launch};

const SECRET: &str = "correct horse battery staple";

pub(crate) fn unix_kind() -> RecordKind {
    "unix".parse().unwrap()
}

fn given(fields: &[(&str, &str)], secrets: &[(&str, &str)]) -> GivenFields {
    let mut given = GivenFields::default();
    for (name, text) in fields {
        given.fields.insert((*name).to_owned(), (*text).to_owned());
    }
    for (name, text) in secrets {
        given.secrets.set(name, (*text).to_owned());
    }
    given
}

pub(crate) fn unix(title: &str, addresses: &str) -> CreateAuthRecord {
    CreateAuthRecord {
        kind: unix_kind(),
        title: title.to_owned(),
        comments: String::new(),
        ips: ips(addresses),
        network_id: None,
        given: given(&[("username", "scan")], &[("password", SECRET)]),
        vault: None,
    }
}

pub(crate) fn vault(title: &str) -> CreateAuthVault {
    CreateAuthVault {
        kind: "Quest Vault".parse().unwrap(),
        title: title.to_owned(),
        comments: String::new(),
        given: given(&[("server_address", "10.0.0.9"), ("username", "a")], &[("access_key", SECRET)]),
    }
}

pub(crate) fn change(ids: &str) -> UpdateAuthRecords {
    UpdateAuthRecords {
        kind: unix_kind(),
        ids: ids.parse().unwrap(),
        title: None,
        comments: None,
        ips: None,
        added_ips: IpSet::new(),
        removed_ips: IpSet::new(),
        network_id: None,
        given: GivenFields::default(),
        password_from: None,
    }
}

async fn titles(desk: &Desk, actor: &Actor) -> Vec<String> {
    let records = desk.app.list_auth_records(actor, &ListAuthRecords::default()).await.unwrap();
    records.into_iter().map(|record| record.title).collect()
}

#[tokio::test]
async fn an_address_is_in_one_record_of_a_type() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let first = desk.app.create_auth_record(&manager, unix("A", "10.0.0.1-10.0.0.9")).await.unwrap();
    let second = desk.app.create_auth_record(&manager, unix("B", "10.0.0.20")).await.unwrap();
    let both = desk.app.create_auth_record(&manager, unix("C", "10.0.0.9-10.0.0.12")).await;
    match both {
        Err(Error::AuthRecordOverlap { id, title, ips: both }) => {
            assert_eq!((id, title.as_str(), both), (first, "A", ips("10.0.0.9")));
        }
        other => panic!("{other:?}"),
    }
    let grown = UpdateAuthRecords { added_ips: ips("10.0.0.5"), ..change(&second.to_string()) };
    let grown = desk.app.update_auth_records(&manager, grown).await;
    assert!(matches!(grown, Err(Error::AuthRecordOverlap { .. })), "{grown:?}");
    let both = UpdateAuthRecords { ips: Some(ips("10.0.1.1")), ..change(&format!("{first},{second}")) };
    let both = desk.app.update_auth_records(&manager, both).await;
    assert!(matches!(both, Err(Error::AuthRecordOverlap { .. })), "the same change to both: {both:?}");
    let moved = UpdateAuthRecords { removed_ips: ips("10.0.0.5"), ..change(&first.to_string()) };
    assert_eq!(desk.app.update_auth_records(&manager, moved).await.unwrap(), [first]);
    let grown = UpdateAuthRecords { added_ips: ips("10.0.0.5"), ..change(&second.to_string()) };
    desk.app.update_auth_records(&manager, grown).await.unwrap();
    let database = |title: &str, port: &str| CreateAuthRecord {
        kind: "mysql".parse().unwrap(),
        given: given(&[("username", "a"), ("database", "d"), ("port", port)], &[("password", "x")]),
        ..unix(title, "10.0.0.1")
    };
    desk.app.create_auth_record(&manager, database("D", "3306")).await.unwrap();
    desk.app.create_auth_record(&manager, database("E", "3307")).await.unwrap();
    let same = desk.app.create_auth_record(&manager, database("F", "3307")).await;
    assert!(matches!(same, Err(Error::AuthRecordOverlap { .. })), "{same:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let app = &desk.app;
    let refusal = async |new: CreateAuthRecord| app.create_auth_record(&manager, new).await.unwrap_err();
    assert!(matches!(refusal(unix(" ", "10.0.0.1")).await, Error::EmptyTitle));
    assert!(matches!(refusal(unix("A", "192.0.2.1")).await, Error::NotInSubscription { .. }));
    let nameless = CreateAuthRecord { given: given(&[], &[("password", "x")]), ..unix("A", "10.0.0.1") };
    assert!(matches!(refusal(nameless).await, Error::BadAuthRecord(_)));
    let nowhere = CreateAuthRecord { ips: IpSet::new(), ..unix("A", "10.0.0.1") };
    assert!(matches!(refusal(nowhere).await, Error::BadAuthRecord(_)));
    let vaulted = Some(VaultReference { vault_id: 77, fields: [].into() });
    let vaulted = CreateAuthRecord { vault: vaulted, ..unix("A", "10.0.0.1") };
    assert!(matches!(refusal(vaulted).await, Error::UnknownVault { id: 77 }));
    app.create_auth_record(&manager, unix("A", "10.0.0.1")).await.unwrap();
    assert!(matches!(refusal(unix("A", "10.0.0.2")).await, Error::AuthRecordTaken { .. }));
    let unknown = app.update_auth_records(&manager, change("1,7-9")).await;
    assert!(matches!(&unknown, Err(Error::UnknownAuthRecords { ids }) if *ids == [7, 8, 9]), "{unknown:?}");
    let unknown = app.delete_auth_records(&manager, unix_kind(), &"1-5".parse().unwrap()).await;
    assert!(matches!(unknown, Err(Error::UnknownAuthRecords { .. })));
    assert_eq!(titles(&desk, &manager).await, ["A"]);
}

#[tokio::test]
async fn roles_reach_as_far_as_their_hosts() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let app = &desk.app;
    let inside = app.create_auth_record(&manager, unix("inside", "10.0.1.1-10.0.1.5")).await.unwrap();
    let across = app.create_auth_record(&manager, unix("across", "10.0.1.9,10.0.9.9")).await.unwrap();
    let outside = app.create_auth_record(&manager, unix("outside", "10.0.9.1")).await.unwrap();
    desk.add_user("unit_manager", Role::UnitManager, "10.0.1.0/24").await;
    desk.add_user("scanner", Role::Scanner, "10.0.1.0/24").await;
    let (unit_manager, scanner) = (desk.actor("unit_manager").await, desk.actor("scanner").await);
    for actor in [&unit_manager, &scanner] {
        assert_eq!(titles(&desk, actor).await, ["inside", "across"]);
    }
    let seen = app.list_auth_records(&scanner, &ListAuthRecords::default()).await.unwrap();
    assert_eq!(seen[1].ips, ips("10.0.1.9"), "hosts of others are nobody's business");
    let comments = Some("x".to_owned());
    let update = |id: i64| UpdateAuthRecords { comments: comments.clone(), ..change(&id.to_string()) };
    let moved = UpdateAuthRecords { ips: Some(ips("10.0.1.10")), ..update(across) };
    app.update_auth_records(&unit_manager, moved).await.unwrap();
    let all = app.list_auth_records(&manager, &ListAuthRecords::default()).await.unwrap();
    assert_eq!(all[1].ips, ips("10.0.1.10,10.0.9.9"), "the hosts of others stay");
    let refused = app.update_auth_records(&unit_manager, update(outside)).await;
    assert!(matches!(refused, Err(Error::UnknownAuthRecords { .. })), "{refused:?}");
    let foreign = UpdateAuthRecords { added_ips: ips("10.0.9.20"), ..update(inside) };
    let foreign = app.update_auth_records(&unit_manager, foreign).await;
    assert!(matches!(foreign, Err(Error::NotInSubscription { .. })), "{foreign:?}");
    let delete = async |id: i64| {
        app.delete_auth_records(&unit_manager, unix_kind(), &id.to_string().parse().unwrap()).await
    };
    assert!(delete(across).await.is_err(), "not all of its hosts are of the unit");
    assert_eq!(delete(inside).await.unwrap(), [inside]);
}

#[tokio::test]
async fn secrets_go_to_the_scanner_and_nowhere_else() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let app = &desk.app;
    let id = app.create_auth_record(&manager, unix("A", "10.0.0.1-10.0.0.9")).await.unwrap();
    app.create_auth_vault(&manager, vault("Safe")).await.unwrap();
    let records = app.list_auth_records(&manager, &ListAuthRecords::default()).await.unwrap();
    let vaults = app.list_auth_vaults(&manager).await.unwrap();
    assert!(records[0].content.secrets.contains("password"));
    assert!(!format!("{records:?} {vaults:?}").contains(SECRET));
    assert!(!desk.holds(SECRET), "the database has it encrypted only");

    let link = app.link("worker");
    let lease_of = async |profile: &str, target: &str| {
        let new = palisade_app::LaunchScan { option: Some(profile.to_owned()), ..launch(target) };
        app.launch_scan(&manager, new).await.unwrap();
        link.lease().await.unwrap().unwrap()
    };
    for (title, kinds) in
        [("with", vec![AuthenticationKind::Unix]), ("without", vec![AuthenticationKind::Windows])]
    {
        let profile = OptionProfile {
            title: title.to_owned(),
            authentication: kinds,
            is_global: true,
            ..OptionProfile::initial()
        };
        let profile = OptionProfile { is_default: false, ..profile };
        app.add_option_profile(&manager, profile).await.unwrap();
    }
    let lease = lease_of("with", "10.0.0.1").await;
    let sign_in = &lease.order.sign_ins[0];
    assert_eq!((sign_in.record_id, &sign_in.ips), (id, &ips("10.0.0.1")));
    assert_eq!(sign_in.secrets.reveal("password"), Some(SECRET));
    assert!(!format!("{lease:?}").contains(SECRET));
    assert!(lease_of("with", "10.0.0.100").await.order.sign_ins.is_empty(), "it is in no record");
    assert!(lease_of("without", "10.0.0.1").await.order.sign_ins.is_empty(), "the profile has it off");
    let update = UpdateAuthRecords { given: given(&[("username", "other")], &[]), ..change(&id.to_string()) };
    app.update_auth_records(&manager, update).await.unwrap();
    let sign_in = lease_of("with", "10.0.0.1").await.order.sign_ins.remove(0);
    assert_eq!((sign_in.user_name(), sign_in.secrets.reveal("password")), ("other", Some(SECRET)));

    let mut access = GivenAccess::default();
    access.add_root_tool(RootTool::Sudo, format!("{SECRET} of sudo"));
    access.add_root_tool(RootTool::Su, String::new());
    access.add_private_key(Some(KeySort::Ed25519), format!("{SECRET} key"), SECRET.to_owned(), String::new());
    let given = GivenFields { access, ..GivenFields::default() };
    let update = UpdateAuthRecords { given, ..change(&id.to_string()) };
    app.update_auth_records(&manager, update).await.unwrap();
    let records = app.list_auth_records(&manager, &ListAuthRecords::default()).await.unwrap();
    assert_eq!(records[0].content.all_root_tools().len(), 2);
    let lease = lease_of("with", "10.0.0.1").await;
    assert!(!format!("{records:?} {lease:?}").contains(SECRET));
    assert!(!desk.holds(SECRET), "the database has lists encrypted only");
    let sign_in = &lease.order.sign_ins[0];
    let tools = sign_in.root_tools_in_use();
    let passwords: Vec<_> = tools.iter().map(RootToolInUse::password).collect();
    assert_eq!(passwords, [Some(format!("{SECRET} of sudo").as_str()), Some(SECRET)]);
    let keys = sign_in.private_keys_in_use();
    assert_eq!((keys[0].key(), keys[0].passphrase()), (format!("{SECRET} key").as_str(), Some(SECRET)));
}

#[tokio::test]
async fn a_realm_may_be_on_any_host_of_a_scan() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let app = &desk.app;
    let realm = CreateAuthRecord {
        kind: "http".parse().unwrap(),
        ips: IpSet::new(),
        given: given(&[("username", "scan"), ("realm", "Stock")], &[("password", SECRET)]),
        ..unix("A", "10.0.0.1")
    };
    app.create_auth_record(&manager, realm).await.unwrap();
    let profile = OptionProfile {
        title: "with".to_owned(),
        authentication: vec![AuthenticationKind::Http],
        is_global: true,
        is_default: false,
        ..OptionProfile::initial()
    };
    app.add_option_profile(&manager, profile).await.unwrap();
    let new = palisade_app::LaunchScan { option: Some("with".to_owned()), ..launch("10.0.0.7") };
    app.launch_scan(&manager, new).await.unwrap();
    let lease = app.link("worker").lease().await.unwrap().unwrap();
    assert_eq!(lease.order.sign_ins[0].ips, ips("10.0.0.7"));
}

#[tokio::test]
async fn a_vault_in_use_stays() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let app = &desk.app;
    let safe = app.create_auth_vault(&manager, vault("Safe")).await.unwrap();
    let taken = app.create_auth_vault(&manager, vault("Safe")).await;
    assert!(matches!(taken, Err(Error::VaultTaken { .. })), "{taken:?}");
    let id = app.create_auth_record(&manager, unix("A", "10.0.0.1")).await.unwrap();
    let reference = VaultReference { vault_id: safe, fields: [].into() };
    let to_vault =
        UpdateAuthRecords { password_from: Some(PasswordFrom::Vault(reference)), ..change(&id.to_string()) };
    app.update_auth_records(&manager, to_vault).await.unwrap();
    let records = app.list_auth_records(&manager, &ListAuthRecords::default()).await.unwrap();
    assert!(records[0].content.secrets.is_empty() && records[0].content.vault.is_some());
    assert!(matches!(app.delete_auth_vault(&manager, safe).await, Err(Error::VaultInUse { .. })));
    app.delete_auth_records(&manager, unix_kind(), &id.to_string().parse().unwrap()).await.unwrap();
    app.delete_auth_vault(&manager, safe).await.unwrap();
    assert!(matches!(app.delete_auth_vault(&manager, safe).await, Err(Error::UnknownVault { .. })));
}
