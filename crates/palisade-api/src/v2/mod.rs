//! Version 2: one file or folder a resource. A file holds the declarations of the resource's
//! operations, the conversion of arguments into use cases of `palisade-app`, and the documents.
//!
//! What all resources share: the one way of a request (`dispatch`), what a handler is given and the
//! envelopes that answers come in (`request`), how refusals are told (`error`), the table of
//! operations (`registry`).

pub mod activity_log;
pub mod appliance;
pub mod asset_domain;
pub mod asset_group;
pub(crate) mod asset_host;
pub mod asset_ip;
pub mod asset_patch;
pub mod asset_vhost;
mod auth;
pub(crate) mod dispatch;
pub(crate) mod error;
pub mod excluded_ip;
pub mod ignore_vuln;
pub(crate) mod json_array;
pub mod knowledge_base;
pub mod network;
pub mod option_profile;
pub mod registry;
pub mod report;
mod report_template;
pub mod request;
pub mod restricted_ips;
pub mod scan;
pub mod schedule_report;
pub mod schedule_scan;
pub mod scorecard;
pub mod search_list;
pub mod session;
mod vault;
