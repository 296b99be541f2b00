//! Version 2: one file a resource, which holds the table of what its operations are tested with, its
//! goldens, and what is particular. The tables are walked by the tests that [`walk_tests`] makes.

mod activity_log;
mod appliance;
mod asset_domain;
mod asset_group;
mod asset_host;
mod asset_ip;
mod asset_patch;
mod asset_vhost;
mod auth;
mod bad_input;
mod coverage;
mod dispatch;
mod excluded_ip;
mod ignore_vuln;
mod knowledge_base;
mod network;
mod option_profile;
mod report;
mod report_template;
mod restricted_ips;
mod scan;
mod scan_fetch;
pub(crate) mod schedule_report;
mod schedule_scan;
mod scorecard;
mod search_list;
mod session;
mod vault;
mod walk;

use std::pin::Pin;

use crate::permissions::Expected;
use crate::support::Server;

pub(crate) type Parameters = &'static [(&'static str, &'static str)];

/// What an operation is tested with.
#[derive(Clone, Copy)]
pub(crate) struct OperationTest {
    pub(crate) resource: &'static str,
    pub(crate) action: &'static str,
    /// What the roles meet, in the order of `Role::ALL`: Manager, Unit Manager, Auditor, Scanner,
    /// Reader, Contact, Administrator.
    pub(crate) roles: [Expected; 7],
    /// Parameters that are well-formed, and that change nothing where they get through.
    pub(crate) harmless: Parameters,
    pub(crate) reach: Reach,
    /// Makes what `reach` names. See [`Setup`].
    pub(crate) setup: Option<Setup>,
}

/// What shows how far an operation reaches. It is tried by a Unit Manager, a Scanner and a Reader of
/// the unit Harbour (which has the addresses 192.0.2.0 to 192.0.2.31 as group Quay), by an Auditor, and
/// by a Manager, as far as the table of roles lets them. `CALLER` stands for the caller's login.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    /// Nothing in the answer belongs to anybody.
    Everybody,
    /// The answer has the one text and not the other.
    Shows { parameters: Parameters, inside: &'static str, outside: &'static str },
    /// The one request is not refused for its object, the other is, with a text that begins like this
    /// (code and text).
    Takes { inside: Parameters, outside: Parameters, refusal: &'static str },
}

/// Makes things; is told the login of the maker: the caller's, or the Manager's for roles that make
/// nothing. Gives words with what stands for them in the parameters and texts of `reach`. Called
/// anew for each caller, on one server.
pub(crate) type Setup =
    for<'a> fn(&'a Server, &'a str) -> Pin<Box<dyn Future<Output = Vec<(&'static str, String)>> + 'a>>;

/// The tables of all resources, by path.
pub(crate) const TESTS: &[&[OperationTest]] = &[
    activity_log::TESTS,
    appliance::TESTS,
    asset_domain::TESTS,
    asset_group::TESTS,
    asset_host::TESTS,
    asset_ip::TESTS,
    asset_patch::TESTS,
    asset_vhost::TESTS,
    excluded_ip::TESTS,
    ignore_vuln::TESTS,
    knowledge_base::TESTS,
    network::TESTS,
    option_profile::TESTS,
    report::TESTS,
    report_template::TESTS,
    restricted_ips::TESTS,
    scan::TESTS,
    scan_fetch::TESTS,
    schedule_report::TESTS,
    schedule_scan::TESTS,
    scorecard::TESTS,
    search_list::TESTS,
    session::TESTS,
    vault::TESTS,
];

/// All of them, those of authentication records included.
pub(crate) fn all_tests() -> impl Iterator<Item = &'static OperationTest> {
    TESTS.iter().chain(auth::ALL).copied().flatten()
}

/// Makes the tests that walk the table of a resource.
macro_rules! walk_tests {
    ($tests:expr) => {
        #[tokio::test]
        async fn roles_meet_what_the_table_says() {
            $crate::v2::walk::roles($tests).await;
        }

        #[tokio::test]
        async fn operations_reach_as_far_as_the_role_and_no_further() {
            $crate::v2::walk::reaches($tests).await;
        }

        #[tokio::test]
        async fn bad_input_is_refused_logged_and_changes_nothing() {
            $crate::v2::bad_input::check($tests).await;
        }

        #[tokio::test]
        async fn examples_work_with_curl() {
            $crate::v2::walk::examples($tests, "curl", &["sh", "-c"]).await;
        }

        #[tokio::test]
        async fn examples_work_with_python() {
            $crate::v2::walk::examples($tests, "python", &["python3", "-c"]).await;
        }
    };
}
pub(crate) use walk_tests;

/// Compares an answer with its golden file, and validates it if it is XML.
macro_rules! golden {
    ($name:literal, $response:expr) => {
        let response: $crate::support::http::Response = $response;
        if response.text.starts_with("<?xml") {
            $crate::support::assert_valid_answer(&response);
        }
        let shown = format!("status {}\n{}", response.status, response.text);
        insta::with_settings!({ snapshot_path => "../../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, shown);
        });
    };
}
pub(crate) use golden;
