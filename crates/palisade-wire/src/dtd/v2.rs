//! The document types of version 2. Each file lies under the path that it is served at.

use crate::dtd::Dtd;

/// A definition, by the path that it is served at.
macro_rules! definition {
    ($file:literal) => {
        Dtd { file: $file, text: include_str!(concat!("../../dtd/", $file)) }
    };
}

pub const APPLIANCE_CREATE_OUTPUT: Dtd = definition!("api/2.0/fo/appliance/appliance_create_output.dtd");
pub const APPLIANCE_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/appliance/appliance_list_output.dtd");
pub const ASSET_GROUP_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/group/asset_group_list_output.dtd");
pub const AUTH_VAULT_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/vault/vault_list_output.dtd");
pub const BATCH_RETURN: Dtd = definition!("api/2.0/batch_return.dtd");
pub const DOMAIN_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/domain/domain_list_output.dtd");
pub const DYNAMIC_SEARCH_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/qid/search_list/dynamic/dynamic_search_list_output.dtd");
pub const EXCLUDED_IP_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/excluded_ip/ip_list_output.dtd");
pub const HISTORY_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/asset/excluded_ip/history/history_list_output.dtd");
pub const HOST_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/host/host_list_output.dtd");
pub const HOST_LIST_VM_DETECTION_OUTPUT: Dtd =
    definition!("api/2.0/fo/asset/host/vm/detection/host_list_vm_detection_output.dtd");
pub const HOST_UPDATE_OUTPUT: Dtd = definition!("api/2.0/fo/asset/host/host_update_output.dtd");
pub const IGNORE_VULN_OUTPUT: Dtd = definition!("api/2.0/fo/ignore_vuln/ignore_vuln_output.dtd");
pub const IP_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/ip/ip_list_output.dtd");
pub const KNOWLEDGE_BASE_VULN_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/knowledge_base/vuln/knowledge_base_vuln_list_output.dtd");
pub const MAP_REPORT: Dtd = definition!("api/2.0/fo/report/map_report.dtd");
pub const NETWORK_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/network/network_list_output.dtd");
pub const OPTION_PROFILE_INFO: Dtd =
    definition!("api/2.0/fo/subscription/option_profile/option_profile_info.dtd");
pub const PATCH_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/patch/patch_list_output.dtd");
pub const PATCH_REPORT: Dtd = definition!("api/2.0/fo/report/patch_report.dtd");
pub const REPORT_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/report/report_list_output.dtd");
pub const REPORT_TEMPLATE_INFO: Dtd = definition!("api/2.0/fo/report/template/report_template_info.dtd");
pub const ASSET_GROUP_SCORECARD: Dtd = definition!("api/2.0/fo/report/scorecard/asset_group_scorecard.dtd");
pub const IGNORED_VULNS_SCORECARD: Dtd =
    definition!("api/2.0/fo/report/scorecard/ignored_vulns_scorecard.dtd");
pub const MOST_PREVALENT_VULNS_SCORECARD: Dtd =
    definition!("api/2.0/fo/report/scorecard/most_prevalent_vulns_scorecard.dtd");
pub const MOST_VULNERABLE_HOSTS_SCORECARD: Dtd =
    definition!("api/2.0/fo/report/scorecard/most_vulnerable_hosts_scorecard.dtd");
pub const PATCH_REPORT_SCORECARD: Dtd = definition!("api/2.0/fo/report/scorecard/patch_report_scorecard.dtd");
pub const RESTRICTED_IPS_OUTPUT: Dtd =
    definition!("api/2.0/fo/setup/restricted_ips/restricted_ips_output.dtd");
pub const SCAN_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/scan/scan_list_output.dtd");
pub const SCAN_SUMMARY_OUTPUT: Dtd = definition!("api/2.0/fo/scan/summary/scan_summary_output.dtd");
pub const VM_RECRYPT_RESULTS: Dtd = definition!("api/2.0/fo/scan/stats/vm_recrypt_results.dtd");
pub const SCHEDULE_REPORT_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/schedule/report/schedule_report_list_output.dtd");
pub const SCHEDULE_SCAN_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/schedule/scan/schedule_scan_list_output.dtd");
pub const SIMPLE_RETURN: Dtd = definition!("api/2.0/simple_return.dtd");
pub const STATIC_SEARCH_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/qid/search_list/static/static_search_list_output.dtd");

pub const VAULT_OUTPUT: Dtd = definition!("api/2.0/fo/vault/vault_output.dtd");
pub const VIRTUAL_HOST_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/vhost/vhost_list_output.dtd");

/// Those that stand in files, by file name.
pub const ALL: &[&Dtd] = &[
    &BATCH_RETURN,
    &APPLIANCE_CREATE_OUTPUT,
    &APPLIANCE_LIST_OUTPUT,
    &DOMAIN_LIST_OUTPUT,
    &HISTORY_LIST_OUTPUT,
    &EXCLUDED_IP_LIST_OUTPUT,
    &ASSET_GROUP_LIST_OUTPUT,
    &HOST_LIST_OUTPUT,
    &HOST_UPDATE_OUTPUT,
    &HOST_LIST_VM_DETECTION_OUTPUT,
    &IP_LIST_OUTPUT,
    &PATCH_LIST_OUTPUT,
    &VIRTUAL_HOST_LIST_OUTPUT,
    &IGNORE_VULN_OUTPUT,
    &KNOWLEDGE_BASE_VULN_LIST_OUTPUT,
    &NETWORK_LIST_OUTPUT,
    &DYNAMIC_SEARCH_LIST_OUTPUT,
    &STATIC_SEARCH_LIST_OUTPUT,
    &MAP_REPORT,
    &PATCH_REPORT,
    &REPORT_LIST_OUTPUT,
    &ASSET_GROUP_SCORECARD,
    &IGNORED_VULNS_SCORECARD,
    &MOST_PREVALENT_VULNS_SCORECARD,
    &MOST_VULNERABLE_HOSTS_SCORECARD,
    &PATCH_REPORT_SCORECARD,
    &REPORT_TEMPLATE_INFO,
    &SCAN_LIST_OUTPUT,
    &VM_RECRYPT_RESULTS,
    &SCAN_SUMMARY_OUTPUT,
    &SCHEDULE_REPORT_LIST_OUTPUT,
    &SCHEDULE_SCAN_LIST_OUTPUT,
    &RESTRICTED_IPS_OUTPUT,
    &OPTION_PROFILE_INFO,
    &AUTH_VAULT_LIST_OUTPUT,
    &VAULT_OUTPUT,
    &SIMPLE_RETURN,
];

/// All of them: those that stand in files, and those made of the types of authentication records.
pub fn all() -> impl Iterator<Item = &'static Dtd> {
    ALL.iter().copied().chain(super::auth::all())
}
