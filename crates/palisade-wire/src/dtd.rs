//! The document types of our answers. We wrote them from what the answers hold; they are served
//! at the server's root, where the DOCTYPE of every answer points.

pub mod auth;
pub mod v2;

/// A document type definition.
#[derive(Debug, PartialEq, Eq)]
pub struct Dtd {
    /// Its path below the server's root, for example `scan-1.dtd`.
    pub file: &'static str,
    pub text: &'static str,
}

pub const ABOUT: Dtd = Dtd { file: "about.dtd", text: include_str!("../dtd/about.dtd") };
pub const ACTION_LOG_REPORT: Dtd =
    Dtd { file: "action_log_report.dtd", text: include_str!("../dtd/action_log_report.dtd") };
pub const ASSET_DATA_REPORT: Dtd =
    Dtd { file: "asset_data_report.dtd", text: include_str!("../dtd/asset_data_report.dtd") };
pub const ASSET_GROUP_LIST: Dtd =
    Dtd { file: "asset_group_list.dtd", text: include_str!("../dtd/asset_group_list.dtd") };
pub const ASSET_RANGE_INFO: Dtd =
    Dtd { file: "asset_range_info.dtd", text: include_str!("../dtd/asset_range_info.dtd") };
pub const ASSET_SEARCH_REPORT: Dtd =
    Dtd { file: "asset_search_report.dtd", text: include_str!("../dtd/asset_search_report.dtd") };
pub const DOMAIN_LIST: Dtd = Dtd { file: "domain_list.dtd", text: include_str!("../dtd/domain_list.dtd") };
pub const GENERIC_RETURN: Dtd =
    Dtd { file: "generic_return.dtd", text: include_str!("../dtd/generic_return.dtd") };
pub const GET_HOST_INFO: Dtd =
    Dtd { file: "get_host_info.dtd", text: include_str!("../dtd/get_host_info.dtd") };
pub const GROUP_LIST: Dtd = Dtd { file: "group_list.dtd", text: include_str!("../dtd/group_list.dtd") };
pub const IGNORE_VULN_OUTPUT: Dtd =
    Dtd { file: "ignore_vuln_output.dtd", text: include_str!("../dtd/ignore_vuln_output.dtd") };
pub const IP_LIST: Dtd = Dtd { file: "ip_list.dtd", text: include_str!("../dtd/ip_list.dtd") };
pub const ISCANNER_LIST: Dtd =
    Dtd { file: "iscanner_list.dtd", text: include_str!("../dtd/iscanner_list.dtd") };
pub const KNOWLEDGEBASE_DOWNLOAD: Dtd =
    Dtd { file: "knowledgebase_download.dtd", text: include_str!("../dtd/knowledgebase_download.dtd") };
pub const MAP_2: Dtd = Dtd { file: "map-2.dtd", text: include_str!("../dtd/map-2.dtd") };
pub const MAP: Dtd = Dtd { file: "map.dtd", text: include_str!("../dtd/map.dtd") };
pub const MAP_REPORT_LIST: Dtd =
    Dtd { file: "map_report_list.dtd", text: include_str!("../dtd/map_report_list.dtd") };
pub const PASSWORD_CHANGE_OUTPUT: Dtd =
    Dtd { file: "password_change_output.dtd", text: include_str!("../dtd/password_change_output.dtd") };
pub const REMEDIATION_TICKETS: Dtd =
    Dtd { file: "remediation_tickets.dtd", text: include_str!("../dtd/remediation_tickets.dtd") };
pub const REPORT_TEMPLATE_LIST: Dtd =
    Dtd { file: "report_template_list.dtd", text: include_str!("../dtd/report_template_list.dtd") };
pub const SCAN: Dtd = Dtd { file: "scan-1.dtd", text: include_str!("../dtd/scan-1.dtd") };
pub const SCAN_OPTIONS: Dtd = Dtd { file: "scan_options.dtd", text: include_str!("../dtd/scan_options.dtd") };
pub const SCAN_REPORT_LIST: Dtd =
    Dtd { file: "scan_report_list.dtd", text: include_str!("../dtd/scan_report_list.dtd") };
pub const SCAN_RUNNING_LIST: Dtd =
    Dtd { file: "scan_running_list.dtd", text: include_str!("../dtd/scan_running_list.dtd") };
pub const SCAN_TARGET_HISTORY_OUTPUT: Dtd = Dtd {
    file: "scan_target_history_output.dtd",
    text: include_str!("../dtd/scan_target_history_output.dtd"),
};
pub const SCHEDULED_SCANS: Dtd =
    Dtd { file: "scheduled_scans.dtd", text: include_str!("../dtd/scheduled_scans.dtd") };
pub const TICKET_DELETE_OUTPUT: Dtd =
    Dtd { file: "ticket_delete_output.dtd", text: include_str!("../dtd/ticket_delete_output.dtd") };
pub const TICKET_EDIT_OUTPUT: Dtd =
    Dtd { file: "ticket_edit_output.dtd", text: include_str!("../dtd/ticket_edit_output.dtd") };
pub const TICKET_LIST_DELETED_OUTPUT: Dtd = Dtd {
    file: "ticket_list_deleted_output.dtd",
    text: include_str!("../dtd/ticket_list_deleted_output.dtd"),
};
pub const TICKET_LIST_OUTPUT: Dtd =
    Dtd { file: "ticket_list_output.dtd", text: include_str!("../dtd/ticket_list_output.dtd") };
pub const TIME_ZONE_CODE_LIST: Dtd =
    Dtd { file: "time_zone_code_list.dtd", text: include_str!("../dtd/time_zone_code_list.dtd") };
pub const USER_LIST_OUTPUT: Dtd =
    Dtd { file: "user_list_output.dtd", text: include_str!("../dtd/user_list_output.dtd") };
pub const USER_OUTPUT: Dtd = Dtd { file: "user_output.dtd", text: include_str!("../dtd/user_output.dtd") };

/// Those of version 1, by file name.
pub const V1: &[&Dtd] = &[
    &ABOUT,
    &ACTION_LOG_REPORT,
    &ASSET_DATA_REPORT,
    &ASSET_GROUP_LIST,
    &ASSET_RANGE_INFO,
    &ASSET_SEARCH_REPORT,
    &DOMAIN_LIST,
    &GENERIC_RETURN,
    &GET_HOST_INFO,
    &GROUP_LIST,
    &IGNORE_VULN_OUTPUT,
    &IP_LIST,
    &ISCANNER_LIST,
    &KNOWLEDGEBASE_DOWNLOAD,
    &MAP_2,
    &MAP,
    &MAP_REPORT_LIST,
    &PASSWORD_CHANGE_OUTPUT,
    &REMEDIATION_TICKETS,
    &REPORT_TEMPLATE_LIST,
    &SCAN,
    &SCAN_OPTIONS,
    &SCAN_REPORT_LIST,
    &SCAN_RUNNING_LIST,
    &SCAN_TARGET_HISTORY_OUTPUT,
    &SCHEDULED_SCANS,
    &TICKET_DELETE_OUTPUT,
    &TICKET_EDIT_OUTPUT,
    &TICKET_LIST_DELETED_OUTPUT,
    &TICKET_LIST_OUTPUT,
    &TIME_ZONE_CODE_LIST,
    &USER_LIST_OUTPUT,
    &USER_OUTPUT,
];

/// All of them: version 1 by file name, then version 2 likewise.
pub fn all() -> impl Iterator<Item = &'static Dtd> {
    V1.iter().copied().chain(v2::all())
}

impl Dtd {
    /// Where the definition lies on the server at `base_url`.
    #[must_use]
    pub fn url(&self, base_url: &str) -> String {
        format!("{base_url}/{}", self.file)
    }

    /// The names of the elements that the definition declares, in its order.
    pub fn elements(&self) -> impl Iterator<Item = &'static str> {
        self.text.split("<!ELEMENT").skip(1).filter_map(|part| part.split_whitespace().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_once_and_sorted() {
        for list in [V1, v2::ALL] {
            let files: Vec<&str> = list.iter().map(|dtd| dtd.file).collect();
            let mut sorted = files.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(files, sorted);
        }
    }

    #[test]
    fn elements_are_listed() {
        assert_eq!(GENERIC_RETURN.elements().collect::<Vec<_>>(), ["GENERIC_RETURN", "API", "RETURN"]);
    }
}
