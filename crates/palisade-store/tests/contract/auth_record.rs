//! Authentication records and vaults.

use palisade_model::auth_record::{KeySort, PrivateKeyEntry, RootTool, RootToolEntry, VaultReference};
use palisade_model::{IpSet, RecordContent};
use palisade_store::{AuthRecord, AuthVault, Error, RecordChanges};

use crate::bench::{Bench, at, ips, login};

fn record(title: &str, addresses: &str) -> AuthRecord {
    AuthRecord {
        id: 0,
        kind: "unix".parse().unwrap(),
        title: title.to_owned(),
        comments: "Büro <A>".to_owned(),
        ips: if addresses.is_empty() { IpSet::new() } else { ips(addresses) },
        network_id: Some(0),
        content: RecordContent {
            fields: [("username".to_owned(), "scan".to_owned())].into(),
            secrets: ["password".to_owned()].into(),
            vault: Some(VaultReference { vault_id: 3, fields: [].into() }),
            root_tools: vec![RootToolEntry { tool: RootTool::Su, has_password: true }],
            private_keys: vec![PrivateKeyEntry {
                sort: Some(KeySort::Ed25519),
                has_passphrase: true,
                has_certificate: false,
            }],
        },
        sealed: "c2VhbGVk".to_owned(),
        created_at: at(1),
        created_by: login("quays_ab1"),
        updated_at: at(1),
        updated_by: login("quays_ab1"),
    }
}

async fn add(bench: &Bench, records: Vec<AuthRecord>) -> Result<Vec<i64>, Error> {
    let kind = records[0].kind;
    let changes = RecordChanges { added: records, ..RecordChanges::default() };
    Ok(bench.store.change_auth_records(kind, |_| Ok::<_, ()>(changes)).await?.unwrap())
}

async fn a_record_comes_back_as_it_was_made(bench: Bench) {
    let other = AuthRecord { kind: "snmp".parse().unwrap(), ..record("A", "") };
    let ids = add(&bench, vec![record("A", "10.0.0.1-10.0.0.9"), record("B", "10.0.0.20")]).await.unwrap();
    let snmp = add(&bench, vec![other.clone()]).await.unwrap();
    let stored = bench.store.list_auth_records(None).await.unwrap();
    let expected = [
        AuthRecord { id: ids[0], ..record("A", "10.0.0.1-10.0.0.9") },
        AuthRecord { id: ids[1], ..record("B", "10.0.0.20") },
        AuthRecord { id: snmp[0], ..other },
    ];
    assert_eq!(stored, expected);
    let snmp = bench.store.list_auth_records(Some("snmp".parse().unwrap())).await.unwrap();
    assert_eq!(snmp, expected[2..]);
    assert!(!format!("{stored:?}").contains("c2VhbGVk"), "what is encrypted is not shown either");
    let taken = add(&bench, vec![record("C", "10.0.0.30"), record("B", "10.0.0.31")]).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
    assert_eq!(bench.store.list_auth_records(None).await.unwrap().len(), 3, "all or nothing");
}

async fn a_change_sees_what_is_there(bench: Bench) {
    let ids = add(&bench, vec![record("A", "10.0.0.1"), record("B", "10.0.0.2")]).await.unwrap();
    let kind = "unix".parse().unwrap();
    let changed = bench.store.change_auth_records(kind, |records| {
        let updated = AuthRecord { title: "A2".to_owned(), updated_at: at(5), ..records[0].clone() };
        Ok::<_, ()>(RecordChanges { updated: vec![updated], deleted: vec![records[1].id], added: vec![] })
    });
    assert_eq!(changed.await.unwrap(), Ok(vec![ids[1], ids[0]]));
    let stored = bench.store.list_auth_records(None).await.unwrap();
    assert_eq!(
        stored,
        [AuthRecord { id: ids[0], title: "A2".to_owned(), updated_at: at(5), ..record("A", "10.0.0.1") }]
    );
    let refused = bench.store.change_auth_records(kind, |records| Err(records.len())).await.unwrap();
    assert_eq!(refused, Err(1));
    let again = add(&bench, vec![record("B", "10.0.0.2")]).await.unwrap();
    assert!(again[0] > ids[1], "an id is never given again");
}

async fn two_records_made_at_once_see_each_other(bench: Bench) {
    let make = |title: &'static str| {
        let store = bench.store.clone();
        async move {
            let make = |records: &[AuthRecord]| {
                let added = vec![record(title, "10.0.0.1")];
                if records.is_empty() {
                    Ok(RecordChanges { added, ..RecordChanges::default() })
                } else {
                    Err(())
                }
            };
            store.change_auth_records("unix".parse().unwrap(), make).await.unwrap().is_ok()
        }
    };
    let (one, two) = tokio::join!(make("A"), make("B"));
    assert!(one != two, "one of both came first");
}

async fn vaults_are_kept(bench: Bench) {
    let vault = AuthVault {
        id: 0,
        kind: "Quest Vault".parse().unwrap(),
        title: "Safe".to_owned(),
        comments: String::new(),
        content: record("", "").content,
        sealed: "c2VhbGVk".to_owned(),
        created_at: at(1),
        created_by: login("quays_ab1"),
        updated_at: at(1),
        updated_by: login("quays_ab1"),
    };
    let id = bench.store.add_auth_vault(&vault).await.unwrap();
    let vault = AuthVault { id, ..vault };
    assert_eq!(bench.store.list_auth_vaults().await.unwrap(), std::slice::from_ref(&vault));
    assert!(!format!("{vault:?}").contains("c2VhbGVk"));
    assert!(matches!(bench.store.add_auth_vault(&vault).await, Err(Error::Conflict)));
    let edited = AuthVault { title: "Safer".to_owned(), updated_at: at(2), ..vault };
    assert!(bench.store.edit_auth_vault(&edited, at(1)).await.unwrap());
    assert!(!bench.store.edit_auth_vault(&edited, at(1)).await.unwrap(), "it was changed since");
    assert_eq!(bench.store.list_auth_vaults().await.unwrap(), [edited]);
    assert!(bench.store.delete_auth_vault(id).await.unwrap());
    assert!(!bench.store.delete_auth_vault(id).await.unwrap());
}

crate::both!(
    a_record_comes_back_as_it_was_made,
    a_change_sees_what_is_there,
    two_records_made_at_once_see_each_other,
    vaults_are_kept,
);
