//! `auth/` and `auth/<type>/`. The tables, the goldens and the records in them are made of the types'
//! own rows, in parts so that no test takes long.

mod databases;
mod systems;
mod unix_document;
mod vendor_databases;
mod web;

use std::collections::BTreeMap;
use std::pin::Pin;

use palisade_api::v2::registry;
use palisade_model::auth_record::{Field, GivenFields, REFERENCE_FIELDS, Rule};
use palisade_model::{IpSet, RecordContent, RecordKind, Secrets};
use palisade_store::{AuthRecord, RecordChanges};

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::support::http::Response;
use crate::v2::{OperationTest, Parameters, Reach};

pub(crate) const ALL: &[&[OperationTest]] =
    &[TESTS, databases::TESTS, systems::TESTS, vendor_databases::TESTS, web::TESTS];

/// `auth/` itself.
pub(crate) const TESTS: &[OperationTest] = &[OperationTest {
    resource: "auth",
    action: "list",
    roles: [A, A, R, A, R, N, R],
    harmless: &[],
    reach: Reach::Shows { parameters: &[], inside: ">INSIDE<", outside: ">OUTSIDE<" },
    setup: Some(|server, _| {
        Box::pin(async {
            let unix = prepare(server, "unix", systems::UNIX).await;
            let snmp = prepare(server, "snmp", systems::SNMP).await;
            server.operation("manager", "auth/unix", "delete", &[("ids", &unix[1].1)]).await;
            server.operation("manager", "auth/snmp", "delete", &[("ids", &snmp[0].1)]).await;
            vec![unix[0].clone(), snmp[1].clone()]
        })
    }),
}];
crate::v2::walk_tests!(TESTS);

/// The four operations of some types; beside each type what a record of it has to say.
macro_rules! types {
    ($($word:literal $pairs:expr),+ $(,)?) => {
        /// The types of this part, and what a record of each has to say.
        const TYPES: &[(&str, $crate::v2::Parameters)] = &[$(($word, $pairs)),+];

        pub(crate) const TESTS: &[$crate::v2::OperationTest] = &[$(
            $crate::v2::auth::test(
                concat!("auth/", $word),
                "list",
                &[],
                $crate::v2::Reach::Shows {
                    parameters: &[("details", "Basic")],
                    inside: "Record inside",
                    outside: "Record outside",
                },
                |server, _| Box::pin($crate::v2::auth::prepare(server, $word, $pairs)),
            ),
            $crate::v2::auth::test(
                concat!("auth/", $word),
                "create",
                &$crate::v2::auth::joined($pairs, "198.51.100.1"),
                $crate::v2::Reach::Takes {
                    inside: &$crate::v2::auth::joined($pairs, "192.0.2.20"),
                    outside: &$crate::v2::auth::joined($pairs, "192.0.2.61"),
                    refusal: "1905 parameter ips has invalid value",
                },
                |server, _| Box::pin($crate::v2::auth::prepare(server, $word, $pairs)),
            ),
            $crate::v2::auth::test(
                concat!("auth/", $word),
                "update",
                &[("ids", "999999"), ("comments", "x")],
                $crate::v2::Reach::Takes {
                    inside: &[("ids", "INSIDE"), ("comments", "x")],
                    outside: &[("ids", "OUTSIDE"), ("comments", "x")],
                    refusal: "1905 parameter ids has invalid value",
                },
                |server, _| Box::pin($crate::v2::auth::prepare(server, $word, $pairs)),
            ),
            $crate::v2::auth::test(
                concat!("auth/", $word),
                "delete",
                &[("ids", "999999")],
                $crate::v2::Reach::Takes {
                    inside: &[("ids", "INSIDE")],
                    outside: &[("ids", "OUTSIDE")],
                    refusal: "1905 parameter ids has invalid value",
                },
                |server, _| Box::pin($crate::v2::auth::prepare(server, $word, $pairs)),
            ),
        )+];
        $crate::v2::walk_tests!(TESTS);

        #[tokio::test]
        async fn goldens() {
            $crate::v2::auth::goldens(TYPES).await;
        }
    };
}
pub(crate) use types;

/// Most pairs of a request in the tables.
const PAIRS_MAX: usize = 8;

/// Title and addresses before the pairs. What is left of the room repeats the last pair, which means
/// nothing: the last of a name counts.
const fn joined(pairs: Parameters, ips: &'static str) -> [(&'static str, &'static str); PAIRS_MAX] {
    let mut all = [("ips", ips); PAIRS_MAX];
    all[0] = ("title", "Another");
    let mut index = 0;
    while index < pairs.len() {
        all[index + 1] = pairs[index];
        index += 1;
    }
    all
}

const fn test(
    resource: &'static str,
    action: &'static str,
    harmless: Parameters,
    reach: Reach,
    setup: crate::v2::Setup,
) -> OperationTest {
    let lists = action.len() == 4;
    let roles = if lists { [A, A, R, A, R, N, R] } else { [A, A, R, R, R, N, R] };
    OperationTest { resource, action, roles, harmless, reach, setup: Some(setup) }
}

type Names = Vec<(&'static str, String)>;

/// Makes a record with a host of the unit and one with a host outside, in place of those that are
/// there.
fn prepare<'a>(
    server: &'a Server,
    word: &'static str,
    pairs: Parameters,
) -> Pin<Box<dyn Future<Output = Names> + 'a>> {
    Box::pin(async move {
        let kind: RecordKind = word.parse().unwrap();
        let wipe = |records: &[AuthRecord]| {
            let deleted = records.iter().map(|record| record.id).collect();
            Ok::<_, ()>(RecordChanges { deleted, ..RecordChanges::default() })
        };
        server.store.change_auth_records(kind, wipe).await.unwrap().unwrap();
        let mut names = Vec::new();
        for (name, title, ips) in
            [("INSIDE", "Record inside", "192.0.2.3"), ("OUTSIDE", "Record outside", "192.0.2.60")]
        {
            let all = [&[("title", title), ("ips", ips)], pairs].concat();
            let answer = server.operation("manager", &format!("auth/{word}"), "create", &all).await;
            names.push((name, id_of(&answer)));
        }
        names
    })
}

/// The id in a `BATCH_RETURN`.
#[track_caller]
fn id_of(answer: &Response) -> String {
    let id = answer.text.split("<ID>").nth(1).and_then(|rest| rest.split("</ID>").next());
    id.unwrap_or_else(|| panic!("no id\n{}", answer.text)).to_owned()
}

#[track_caller]
fn golden(name: &str, response: &Response) {
    crate::support::assert_valid_answer(response);
    assert!(!response.text.contains("a secret"), "{}", response.text);
    let shown = format!("status {}\n{}", response.status, response.text);
    insta::with_settings!({ snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name.to_owned(), shown);
    });
}

/// All answers of some types.
async fn goldens(types: &[(&'static str, Parameters)]) {
    for (word, pairs) in types {
        let server = Server::with_networks().await;
        let kind: RecordKind = word.parse().unwrap();
        let resource = format!("auth/{word}");
        let name = |action: &str| format!("fo-auth-{word}-{action}");
        let ask = async |action: &'static str, pairs: &[(&str, &str)]| {
            server.operation("manager", &resource, action, pairs).await
        };
        if kind.vault {
            let vault = [
                ("title", "Safe"),
                ("type", "Quest Vault"),
                ("server_address", "192.0.2.9"),
                ("username", "scan"),
                ("access_key", "a secret"),
            ];
            server.operation("manager", "vault", "create", &vault).await;
        }
        for (number, record) in records(kind, pairs).into_iter().enumerate() {
            let record: Vec<(&str, &str)> =
                record.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = ask("create", &record).await;
            if number == 0 {
                golden(&name("create"), &answer);
                golden(&name("create-refused"), &ask("create", &record).await);
            }
            assert_eq!(answer.status, 200, "{word} {record:?}\n{}", answer.text);
        }
        golden(&name("list"), &ask("list", &[("details", "All"), ("echo_request", "1")]).await);
        golden(&name("update"), &ask("update", &[("ids", "1"), ("comments", "changed")]).await);
        golden(&name("update-refused"), &ask("update", &[("ids", "1,77"), ("comments", "x")]).await);
        golden(&name("delete"), &ask("delete", &[("ids", "1")]).await);
        golden(&name("delete-refused"), &ask("delete", &[("ids", "1")]).await);
        many(&server, kind).await;
        golden(&name("list-page"), &ask("list", &[("details", "None"), ("comments", "many")]).await);
    }
}

/// 1,001 records, past the use case and its rules.
async fn many(server: &Server, kind: RecordKind) {
    let now = "2026-11-22T08:00:00Z".parse().unwrap();
    let record = |number: u32| AuthRecord {
        id: 0,
        kind,
        title: format!("Record {number}"),
        comments: "one of many".to_owned(),
        ips: IpSet::new(),
        network_id: None,
        content: RecordContent::default(),
        sealed: String::new(),
        created_at: now,
        created_by: "manager".parse().unwrap(),
        updated_at: now,
        updated_by: "manager".parse().unwrap(),
    };
    let added: Vec<AuthRecord> = (0..1_001).map(record).collect();
    let change = |_: &[AuthRecord]| Ok::<_, ()>(RecordChanges { added, ..RecordChanges::default() });
    server.store.change_auth_records(kind, change).await.unwrap().unwrap();
}

type Said = BTreeMap<String, String>;

/// Records that together have every field of the type.
fn records(kind: RecordKind, pairs: Parameters) -> Vec<Said> {
    let operation = registry::find(&format!("auth/{}", kind.word));
    let create = operation.iter().find(|row| row.operation.action == "create").unwrap().operation;
    let example = |name: &str| create.parameter(name).unwrap().example.to_owned();
    let base = |number: usize| -> Said {
        let ips = if number == 0 {
            "192.0.2.1-192.0.2.5,192.0.2.7".to_owned()
        } else {
            format!("192.0.2.{}", 20 + number)
        };
        let own = [("title", format!("Büro & <{number}>")), ("ips", ips), ("network_id", "0".to_owned())];
        let comments = ("comments", "Für <alle>".to_owned());
        let said = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        own.into_iter().chain([comments]).map(|(name, value)| (name.to_owned(), value)).chain(said).collect()
    };
    let mut left: Vec<&Field> = kind.fields.iter().collect();
    let mut records = Vec::new();
    while records.is_empty() || (!left.is_empty() && records.len() < 5) {
        let mut said = base(records.len());
        let mut skipped = Vec::new();
        // The first record keeps what all have; later ones may do without it.
        let first = records.is_empty();
        let dropped: Vec<&str> =
            pairs.iter().map(|(name, _)| *name).chain(["ips"]).filter(|_| !first).collect();
        for field in left {
            if said.contains_key(field.name) {
                continue;
            }
            match with_field(kind, &said, field, &example, &dropped) {
                Some(more) => said = more,
                None => skipped.push(field),
            }
        }
        left = skipped;
        records.push(said);
    }
    assert!(left.is_empty(), "{kind}: {left:?}");
    if kind.vault {
        let mut said = base(records.len());
        said.remove("password");
        said.insert("login_type".to_owned(), "vault".to_owned());
        said.insert("vault_id".to_owned(), "1".to_owned());
        said.extend(REFERENCE_FIELDS.iter().map(|field| (field.name.to_owned(), "sample".to_owned())));
        records.push(said);
    }
    records
}

/// The same with one more field and what it needs, perhaps without one of those that may be `dropped`.
fn with_field(
    kind: RecordKind,
    said: &Said,
    field: &Field,
    example: &dyn Fn(&str) -> String,
    dropped: &[&str],
) -> Option<Said> {
    let mut more = said.clone();
    more.insert(field.name.to_owned(), example(field.name));
    for rule in kind.rules {
        match rule {
            Rule::Together(names) if names.contains(&field.name) => {
                more.extend(names.iter().map(|name| ((*name).to_owned(), example(name))));
            }
            Rule::OnlyWith(name, other) if *name == field.name => {
                more.insert((*other).to_owned(), example(other));
            }
            Rule::Needs(name, _, other) if *name == field.name => {
                more.insert((*other).to_owned(), example(other));
            }
            _ => {}
        }
    }
    if may_be(kind, &more) {
        return Some(more);
    }
    dropped
        .iter()
        .map(|name| {
            let mut less = more.clone();
            less.remove(*name);
            less
        })
        .find(|less| may_be(kind, less))
}

fn may_be(kind: RecordKind, said: &Said) -> bool {
    let mut given = GivenFields::default();
    for field in kind.fields {
        match said.get(field.name) {
            Some(text) if field.is_secret() => given.secrets.set(field.name, text.clone()),
            Some(text) => {
                given.fields.insert(field.name.to_owned(), text.clone());
            }
            None => {}
        }
    }
    let (mut content, mut secrets) = (RecordContent::default(), Secrets::default());
    content.take(kind.fields, &given, &mut secrets).is_ok()
        && content.check(kind, said.contains_key("ips")).is_ok()
}

#[tokio::test]
async fn the_list_of_all_types() {
    let server = Server::with_networks().await;
    let parts = [databases::types(), systems::types(), vendor_databases::types(), web::types()];
    for (word, pairs) in parts.into_iter().flatten() {
        let all = [&[("title", "Büro"), ("ips", "192.0.2.1")], *pairs].concat();
        let answer = server.operation("manager", &format!("auth/{word}"), "create", &all).await;
        assert_eq!(answer.status, 200, "{word}: {}", answer.text);
    }
    let ask = async |pairs: &[(&str, &str)]| server.operation("manager", "auth", "list", pairs).await;
    golden("fo-auth-list", &ask(&[("echo_request", "1")]).await);
    many(&server, "unix".parse().unwrap()).await;
    golden("fo-auth-list-page", &ask(&[]).await);
}

#[tokio::test]
async fn the_next_page_follows_the_url() {
    let server = Server::with_networks().await;
    many(&server, "unix".parse().unwrap()).await;
    let first = server.operation("manager", "auth/unix", "list", &[("details", "None")]).await;
    assert!(first.text.contains("<ID_RANGE>1-1000</ID_RANGE>") && first.text.contains("id_min=1001"));
    let next = [("details", "None"), ("id_min", "1001")];
    let next = server.operation("manager", "auth/unix", "list", &next).await;
    assert!(next.text.contains("<ID>1001</ID>") && !next.text.contains("WARNING"), "{}", next.text);
}

#[tokio::test]
async fn secrets_are_taken_in_the_body_and_never_told_again() {
    const SECRET: &str = "Tr0ub4dor & 3";
    let server = Server::with_networks().await;
    let pairs = [
        ("title", "A"),
        ("ips", "192.0.2.1"),
        ("username", "scan"),
        ("password", SECRET),
        ("echo_request", "1"),
    ];
    let mut query = crate::support::http::Request::operation("auth/unix", "create", &[])
        .login("manager", crate::support::PASSWORD);
    query.path = format!("/api/2.0/fo/auth/unix/?{}", crate::support::http::form(&pairs));
    let refused = server.send(query).await;
    let refusal = refused.refusal().unwrap_or_default();
    assert!(refusal.starts_with("1905 parameter password has invalid value: ********"), "{refusal}");
    let mut told = refused.text;
    told += &server.operation("manager", "auth/unix", "create", &pairs).await.text;
    assert!(told.contains("Successfully Created"), "{told}");
    told += &server.operation("manager", "auth/unix", "list", &[("details", "All")]).await.text;
    told +=
        &server.operation("manager", "auth/unix", "update", &[("ids", "1"), ("password", SECRET)]).await.text;
    let logged = format!("{:?}", server.last_activity().await);
    told += &logged;
    assert!(!told.contains("Tr0ub4dor"), "{told}");
}
