//! Every role with every use case.

use palisade_app::{
    Actor, AddHosts, AssetOrder, Authority, ChooseTemplate, CreateAuthRecord, CreateAuthVault, CreateUser,
    EditHosts, Error, HostKey, ListAuthRecords, ListDeletedTickets, ListHosts, ListMapReports, ListReports,
    ListScans, ListTargetHistory, ListTasks, ListUsers, ListVulnerabilities, LoginRefused, PasswordsOf,
    ReportActivity, SearchAssets, SelectHosts, TicketSelection, UpdateAuthVault, WantedReport, WantedSummary,
};
use palisade_model::auth_record::GivenFields;
use palisade_model::{
    MapRef, OptionProfile, Permission, Role, ScanRef, TemplateFamily, UserEdit, UserProfile,
};

use crate::asset_group::{edit_group, new_group};
use crate::auth_record::{change, unix, unix_kind, vault};
use crate::desk::{Desk, HERE, PASSWORD, ip, ips, launch, password};
use crate::map::launch_map;
use crate::schedule::daily;

/// Every use case and what the role table of the service says of it; written out so that the model
/// is checked too. `+` allowed, `-` forbidden, in the order of [`Role::ALL`]: Manager, Unit Manager,
/// Auditor, Scanner, Reader, Contact, Administrator.
const USE_CASES: &[(&str, &str)] = &[
    ("about", "+++++-+"),
    ("accept_eula", "+++++-+"),
    ("list_hosts", "+++++--"),
    ("add_hosts", "+------"),
    ("edit_hosts", "++-----"),
    ("launch_scan", "++-+---"),
    ("scan, list_running", "++-++--"),
    ("list_scans", "++-++--"),
    ("scan_statistics", "+------"),
    ("summarise_unscanned", "+------"),
    ("cancel_scan", "++-+---"),
    ("pause_scan", "++-+---"),
    ("resume_scan", "++-+---"),
    ("delete_scan", "++-+---"),
    ("list_reports", "++-++--"),
    ("report_hosts", "++-++--"),
    ("delete_report", "++-+---"),
    ("report_activity", "+++++-+"),
    ("list_vulnerabilities", "++-++--"),
    ("host_info", "++-++--"),
    ("plan_asset_search", "++-++--"),
    ("list_users_in_sight", "++----+"),
    ("create_user", "++----+"),
    ("edit_user", "++----+"),
    ("switch_user", "++----+"),
    ("change_passwords", "++----+"),
    ("list_asset_groups, asset_group_ips", "+++++-+"),
    ("add_asset_group", "++-+--+"),
    ("edit_asset_group", "++-+--+"),
    ("delete_asset_group", "++-+--+"),
    ("list_option_profiles, option_profile", "+++++--"),
    ("add_option_profile", "++-+---"),
    ("edit_option_profile", "++-+---"),
    ("delete_option_profile", "++-+---"),
    ("list_target_history", "++-++--"),
    ("business units", "+-----+"),
    ("list_domains", "++-++--"),
    ("add_domain", "+------"),
    ("edit_domain", "+------"),
    ("launch_map", "++-+---"),
    ("map, list_running_maps, list_map_reports, map_hosts", "++-++--"),
    ("cancel_map", "++-+---"),
    ("delete_map_report", "++-+---"),
    ("list_tasks", "++-++--"),
    ("add_task", "++-+---"),
    ("switch_task", "++-+---"),
    ("edit_task", "++-+---"),
    ("drop_task", "++-+---"),
    ("list_report_templates", "+++++--"),
    ("create, update and drop_report_template", "++-++--"),
    ("list_report_schedules", "+++++--"),
    ("launch_report_schedule", "+++++--"),
    ("plan_asset_report, search_assets_ordered", "++-++--"),
    ("list_auth_records, list_auth_vaults", "++-+---"),
    ("create, update and delete_auth_records", "++-----"),
    ("create, update and delete_auth_vault", "++-----"),
    ("purge_hosts", "+------"),
    ("delete_tickets", "+------"),
    ("list_deleted_tickets", "+------"),
];

/// What each extended permission opens to the roles that can have it, and nothing else does.
const OPENED: &[(Permission, &[&str])] = &[
    (Permission::AddAssets, &["add_hosts", "add_domain"]),
    (
        Permission::CreateOptionProfiles,
        &["add_option_profile", "edit_option_profile", "delete_option_profile"],
    ),
    (Permission::EditAssetGroups, &["add_asset_group", "edit_asset_group", "delete_asset_group"]),
    (
        Permission::EditAuthRecords,
        &["create, update and delete_auth_records", "create, update and delete_auth_vault"],
    ),
    (Permission::EditRemediationPolicy, &["delete_tickets"]),
    (Permission::PurgeHosts, &["purge_hosts"]),
];

/// Whether a use case was refused for the role's sake; other errors are not about permission.
fn refused<T>(answer: &Result<T, Error>) -> bool {
    match answer {
        Err(Error::Forbidden { .. }) => true,
        Err(Error::EulaNotAccepted | Error::Store(_)) => panic!("the use case was not reached"),
        Ok(_) | Err(_) => false,
    }
}

/// A user who cannot be made, because the unit does not exist.
fn nobody() -> CreateUser {
    CreateUser {
        role: Role::Reader,
        business_unit: "Nowhere".to_owned(),
        asset_groups: Vec::new(),
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        profile: UserProfile::default(),
        send_mail: false,
    }
}

fn no_map() -> MapRef {
    "map/1400000000.1".parse().unwrap()
}

async fn is_refused(desk: &Desk, actor: &Actor, use_case: &str, scan: &ScanRef) -> bool {
    let app = &desk.app;
    let target = ips("10.0.0.1");
    match use_case {
        "about" => {
            let about = refused(&app.about(actor));
            assert_eq!(about, refused(&app.list_time_zones(actor)));
            about
        }
        "accept_eula" => refused(&app.accept_eula(actor).await),
        "list_hosts" => refused(&app.list_hosts(actor, ListHosts::default()).await),
        "add_hosts" => refused(&app.add_hosts(actor, AddHosts { ips: target, ..AddHosts::default() }).await),
        "edit_hosts" => {
            refused(&app.edit_hosts(actor, EditHosts { ips: target, ..EditHosts::default() }).await)
        }
        "launch_scan" => refused(&app.launch_scan(actor, launch("10.0.0.1")).await),
        "scan, list_running" => {
            let one = refused(&app.scan(actor, scan).await);
            assert_eq!(one, refused(&app.list_running(actor).await));
            one
        }
        "list_scans" => refused(&app.list_scans(actor, &ListScans::default(), None).await),
        "summarise_unscanned" => {
            let wanted =
                WantedSummary { from: desk.now(), until: desk.now(), reasons: Vec::new(), tracking: None };
            refused(&app.summarise_unscanned(actor, &wanted).await)
        }
        "scan_statistics" => refused(&app.scan_statistics(actor).await),
        "cancel_scan" => refused(&app.cancel_scan(actor, scan).await),
        "pause_scan" => refused(&app.pause_scan(actor, scan).await),
        "resume_scan" => refused(&app.resume_scan(actor, scan).await),
        "delete_scan" => refused(&app.delete_scan(actor, scan).await),
        "list_reports" => refused(&app.list_reports(actor, ListReports::default()).await),
        "report_hosts" => refused(&app.report_hosts(actor, scan, None, 10).await),
        "delete_report" => refused(&app.delete_report(actor, scan).await),
        "report_activity" => {
            let wanted = ReportActivity { from: desk.now(), to: desk.now(), login: None };
            refused(&app.report_activity(actor, &wanted, None, 10).await)
        }
        "list_vulnerabilities" => refused(&app.list_vulnerabilities(actor, ListVulnerabilities::default())),
        "host_info" => refused(&app.host_info(actor, HostKey::Ip(ip("10.0.0.1"))).await),
        "plan_asset_search" => refused(&app.plan_asset_search(actor, SearchAssets::default()).await),
        "list_users_in_sight" => refused(&app.list_users_in_sight(actor, &ListUsers::default()).await),
        "create_user" => refused(&app.create_user(actor, nobody()).await),
        "edit_user" => refused(&app.edit_user(actor, "nobody", &UserEdit::default(), None).await),
        "switch_user" => refused(&app.switch_user(actor, "nobody", true).await),
        "change_passwords" => {
            let nobody = PasswordsOf::Logins(vec!["nobody".to_owned()]);
            refused(&app.change_passwords(actor, nobody, false).await)
        }
        "list_asset_groups, asset_group_ips" => {
            let list = refused(&app.list_asset_groups(actor, None).await);
            assert_eq!(list, refused(&app.asset_group_ips(actor, &["All".to_owned()]).await));
            list
        }
        "add_asset_group" => refused(&app.add_asset_group(actor, new_group("A", "10.0.0.1")).await),
        "edit_asset_group" => refused(&app.edit_asset_group(actor, edit_group("A")).await),
        "delete_asset_group" => refused(&app.delete_asset_group(actor, &"A".parse().unwrap()).await),
        "list_option_profiles, option_profile" => {
            let list = refused(&app.list_option_profiles(actor).await);
            assert_eq!(list, refused(&app.option_profile(actor, None).await));
            list
        }
        "add_option_profile" => {
            let profile = OptionProfile { title: "X".to_owned(), ..OptionProfile::default() };
            refused(&app.add_option_profile(actor, profile).await)
        }
        "edit_option_profile" => {
            refused(&app.edit_option_profile(actor, Some("Nothing"), 1, OptionProfile::default()).await)
        }
        "delete_option_profile" => refused(&app.delete_option_profile(actor, "Nothing").await),
        "list_report_templates" => refused(&app.list_report_templates(actor).await),
        "list_report_schedules" => refused(&app.list_report_schedules(actor).await),
        "launch_report_schedule" => refused(&app.launch_report_schedule(actor, 99, "http://x").await),
        "create, update and drop_report_template" => {
            let create = refused(&app.create_report_template(actor, ChooseTemplate::default()).await);
            let scan = TemplateFamily::Scan;
            assert_eq!(create, refused(&app.update_report_template(actor, 999, scan, |_| ()).await));
            assert_eq!(create, refused(&app.drop_report_template(actor, 999, scan).await));
            create
        }
        "plan_asset_report, search_assets_ordered" => {
            let report = refused(&app.plan_asset_report(actor, WantedReport::default()).await);
            let wanted = SearchAssets::default();
            let search = app.search_assets_ordered(actor, wanted, AssetOrder::LastScan, true).await;
            assert_eq!(report, refused(&search));
            report
        }
        "list_target_history" => {
            let wanted = ListTargetHistory {
                from: desk.now(),
                to: desk.now(),
                ips: target,
                asset_groups: Vec::new(),
                option_title: None,
            };
            refused(&app.list_target_history(actor, wanted).await)
        }
        "business units" => {
            let by = Authority::User(actor);
            let list = refused(&app.list_business_units(by).await);
            assert_eq!(list, refused(&app.add_business_unit(by, " ", &[]).await));
            assert_eq!(list, refused(&app.edit_business_unit(by, "Nowhere", None, None).await));
            assert_eq!(list, refused(&app.delete_business_unit(by, "Nowhere").await));
            assert_eq!(list, refused(&app.move_user(by, &actor.login, Some("Nowhere")).await));
            list
        }
        "list_domains" => refused(&app.list_domains(actor).await),
        "add_domain" => refused(&app.add_domain(actor, &"a.test".parse().unwrap(), &target).await),
        "edit_domain" => refused(&app.edit_domain(actor, &"a.test".parse().unwrap(), None).await),
        "launch_map" => refused(&app.launch_map(actor, launch_map("a.test")).await),
        "map, list_running_maps, list_map_reports, map_hosts" => {
            let one = refused(&app.map(actor, &no_map()).await);
            assert_eq!(one, refused(&app.list_running_maps(actor).await));
            assert_eq!(one, refused(&app.list_map_reports(actor, ListMapReports::default()).await));
            assert_eq!(one, refused(&app.map_hosts(actor, &no_map(), None, 10).await));
            one
        }
        "cancel_map" => refused(&app.cancel_map(actor, &no_map()).await),
        "delete_map_report" => refused(&app.delete_map_report(actor, &no_map()).await),
        "list_tasks" => refused(&app.list_tasks(actor, ListTasks::default()).await),
        "add_task" => refused(&app.add_task(actor, daily("Nightly", "10.0.0.1")).await),
        "switch_task" => refused(&app.switch_task(actor, 99, true).await),
        "edit_task" => refused(&app.edit_task(actor, 99, |_| ()).await),
        "drop_task" => refused(&app.drop_task(actor, 99).await),
        "list_auth_records, list_auth_vaults" => {
            let list = refused(&app.list_auth_records(actor, &ListAuthRecords::default()).await);
            assert_eq!(list, refused(&app.list_auth_vaults(actor).await));
            list
        }
        "create, update and delete_auth_records" => {
            let new = CreateAuthRecord { title: String::new(), ..unix("", "10.0.0.1") };
            let create = refused(&app.create_auth_record(actor, new).await);
            assert_eq!(create, refused(&app.update_auth_records(actor, change("99")).await));
            let ids = "99".parse().unwrap();
            assert_eq!(create, refused(&app.delete_auth_records(actor, unix_kind(), &ids).await));
            create
        }
        "create, update and delete_auth_vault" => {
            let new = CreateAuthVault { title: String::new(), ..vault("") };
            let create = refused(&app.create_auth_vault(actor, new).await);
            let given = GivenFields::default();
            let update = UpdateAuthVault { id: 99, title: None, comments: None, given };
            assert_eq!(create, refused(&app.update_auth_vault(actor, update).await));
            assert_eq!(create, refused(&app.delete_auth_vault(actor, 99).await));
            create
        }
        "purge_hosts" => refused(&app.purge_hosts(actor, SelectHosts::default()).await),
        "delete_tickets" => refused(&app.delete_tickets(actor, &TicketSelection::default()).await),
        "list_deleted_tickets" => {
            refused(&app.list_deleted_tickets(actor, &ListDeletedTickets::default(), 10).await)
        }
        other => panic!("no such use case: {other}"),
    }
}

#[tokio::test]
async fn the_matrix_of_roles_and_use_cases() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    for (column, role) in Role::ALL.into_iter().enumerate() {
        let expected: String = USE_CASES.iter().filter_map(|(_, cells)| cells.chars().nth(column)).collect();
        let login = format!("role_{}", role.as_str());
        desk.add_user(&login, role, "10.0.0.0/24").await;
        if !role.may_log_in() {
            let answer = desk.app.authenticate(&login, &password(PASSWORD), HERE).await;
            assert!(matches!(answer, Err(LoginRefused::NoApiAccess)), "{role}");
            assert!(!expected.contains('+'));
            continue;
        }
        let actor = desk.actor(&login).await;
        let scan = desk.launch(&manager, "10.0.0.1").await;
        let mut row = String::new();
        for (use_case, _) in USE_CASES {
            row.push(if is_refused(&desk, &actor, use_case, &scan).await { '-' } else { '+' });
        }
        assert_eq!(row, expected, "{role}: {USE_CASES:?}");
    }
}

#[tokio::test]
async fn a_permission_opens_what_it_is_for_and_nothing_else() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    for (column, role) in Role::ALL.into_iter().enumerate() {
        if role == Role::Manager || !role.may_log_in() {
            continue;
        }
        let login = desk.add_user(&format!("role_{}", role.as_str()), role, "10.0.0.0/24").await;
        let fitting = Permission::ALL.into_iter().filter(|permission| permission.fits(role));
        for held in fitting.map(Some).chain([None]) {
            desk.app.set_permissions(&login, &held.into_iter().collect()).await.unwrap();
            let actor = desk.actor(login.as_str()).await;
            let scan = desk.launch(&manager, "10.0.0.1").await;
            for (use_case, cells) in USE_CASES {
                let opened = OPENED
                    .iter()
                    .find(|(permission, opened)| permission.fits(role) && opened.contains(use_case));
                let allowed = match opened {
                    Some((permission, _)) => held == Some(*permission),
                    None => cells.chars().nth(column) == Some('+'),
                };
                let refused = is_refused(&desk, &actor, use_case, &scan).await;
                assert_eq!(refused, !allowed, "{use_case} as {role} with {held:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_permission_of_another_role_is_refused() {
    let desk = Desk::new().await;
    let login = desk.add_user("reader", Role::Reader, "10.0.0.0/24").await;
    for permission in Permission::ALL {
        let answer = desk.app.set_permissions(&login, &[permission].into_iter().collect()).await;
        assert!(matches!(answer, Err(Error::PermissionDoesNotFit { .. })), "{permission}: {answer:?}");
    }
}

#[tokio::test]
async fn nobody_sees_scans_of_hosts_beyond_their_own() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let inside = desk.launch(&manager, "10.0.0.1").await;
    let across = desk.launch(&manager, "10.0.0.1,10.0.9.9").await;
    for role in [Role::UnitManager, Role::Scanner, Role::Reader] {
        let login = format!("role_{}", role.as_str());
        desk.add_user(&login, role, "10.0.0.0/24").await;
        let actor = desk.actor(&login).await;
        desk.app.scan(&actor, &inside).await.unwrap();
        assert!(matches!(desk.app.scan(&actor, &across).await, Err(Error::UnknownScan)), "{role}");
        let rows = desk.app.report_hosts(&actor, &across, None, 10).await;
        assert!(matches!(rows, Err(Error::UnknownScan)), "{role}");
        let listed = desk.app.list_running(&actor).await.unwrap();
        assert_eq!(listed.iter().map(|view| &view.scan).collect::<Vec<_>>(), [&inside], "{role}");
        let hosts = desk.app.list_hosts(&actor, ListHosts::default()).await.unwrap();
        assert_eq!(hosts.ips, ips("10.0.0.0/24"), "{role}");
    }
}

#[tokio::test]
async fn a_scanner_cancels_and_deletes_only_their_own() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("scanner", Role::Scanner, "10.0.0.0/24").await;
    let scanner = desk.actor("scanner").await;
    let theirs = desk.launch(&manager, "10.0.0.1").await;
    let own = desk.launch(&scanner, "10.0.0.1").await;
    assert!(matches!(desk.app.cancel_scan(&scanner, &theirs).await, Err(Error::UnknownScan)));
    desk.app.cancel_scan(&scanner, &own).await.unwrap();
    desk.app.cancel_scan(&manager, &theirs).await.unwrap();
    assert!(matches!(desk.app.delete_report(&scanner, &theirs).await, Err(Error::UnknownScan)));
    desk.app.delete_report(&scanner, &own).await.unwrap();
}

#[tokio::test]
async fn an_auditor_sees_no_host_without_compliance() {
    let desk = Desk::new().await;
    desk.manager().await;
    desk.add_user("auditor", Role::Auditor, "10.0.0.0/24").await;
    let auditor = desk.actor("auditor").await;
    let wanted = ListHosts { results: true, no_results: true };
    let listing = desk.app.list_hosts(&auditor, wanted).await.unwrap();
    assert!(listing.ips.is_empty());
    assert_eq!((listing.results, listing.no_results), (Some(vec![]), Some(vec![])));
}
