//! The document types of version 2. Each file lies under the path that it is served at.

use crate::dtd::Dtd;

/// A definition, by the path that it is served at.
macro_rules! definition {
    ($file:literal) => {
        Dtd { file: $file, text: include_str!(concat!("../../dtd/", $file)) }
    };
}

pub const ASSET_GROUP_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/group/asset_group_list_output.dtd");
pub const BATCH_RETURN: Dtd = definition!("api/2.0/batch_return.dtd");
pub const IP_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/asset/ip/ip_list_output.dtd");
pub const KNOWLEDGE_BASE_VULN_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/knowledge_base/vuln/knowledge_base_vuln_list_output.dtd");
pub const SCAN_LIST_OUTPUT: Dtd = definition!("api/2.0/fo/scan/scan_list_output.dtd");
pub const VM_RECRYPT_RESULTS: Dtd = definition!("api/2.0/fo/scan/stats/vm_recrypt_results.dtd");
pub const SCHEDULE_SCAN_LIST_OUTPUT: Dtd =
    definition!("api/2.0/fo/schedule/scan/schedule_scan_list_output.dtd");
pub const SIMPLE_RETURN: Dtd = definition!("api/2.0/simple_return.dtd");

/// All of them, by file name.
pub const ALL: &[&Dtd] = &[
    &BATCH_RETURN,
    &ASSET_GROUP_LIST_OUTPUT,
    &IP_LIST_OUTPUT,
    &KNOWLEDGE_BASE_VULN_LIST_OUTPUT,
    &SCAN_LIST_OUTPUT,
    &VM_RECRYPT_RESULTS,
    &SCHEDULE_SCAN_LIST_OUTPUT,
    &SIMPLE_RETURN,
];
