//! Version 1: one file a call. A file holds the declaration, the conversion of the arguments into
//! a use case of `palisade-app`, and the XML of the answer.

pub mod about;
pub mod accept_eula;
pub mod action_log_report;
pub mod asset_group;
pub mod asset_group_delete;
pub mod asset_group_list;
pub mod asset_ip;
pub mod asset_ip_list;
pub mod asset_search;
pub mod get_host_info;
pub mod group_list;
pub mod ip_list;
pub mod iscanner_list;
pub mod knowledgebase_download;
mod pages;
pub mod password_change;
pub mod reference;
pub mod scan;
pub mod scan_cancel;
mod scan_document;
pub mod scan_file;
pub mod scan_options;
pub mod scan_report;
pub mod scan_report_delete;
pub mod scan_report_list;
pub mod scan_reports_list;
pub mod scan_running_list;
mod scan_stream;
pub mod scan_target_history;
pub mod time_zone_code_list;
pub mod user;
pub mod user_list;
mod vulnerability;
