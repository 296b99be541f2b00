//! What version 2 can do: one row an operation. Tests walk this table, and so does the user guide.

use std::pin::Pin;

use palisade_app::Actor;
use palisade_model::{Action, Resource};
use palisade_wire::Operation;

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::registry::{admit, module};
use crate::v2::request::OperationRequest;
use crate::v2::{
    activity_log, appliance, asset_domain, asset_group, asset_host, asset_ip, asset_patch, asset_vhost, auth,
    excluded_ip, ignore_vuln, knowledge_base, network, option_profile, report, report_template,
    restricted_ips, scan, schedule_report, schedule_scan, scorecard, search_list, session, vault,
};

/// What a handler gives.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>;

/// How a caller proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// With login and password, or with a session.
    Any,
    /// With login and password alone.
    Basic,
    /// With a session alone.
    Session,
    /// Not yet: the operation itself checks login and password.
    Open,
}

/// An operation: how it is declared, what it does, and which permission it needs.
#[derive(Debug, Clone, Copy)]
pub struct OperationRow {
    pub operation: &'static Operation,
    pub handler: fn(OperationRequest) -> HandlerFuture,
    /// The caller's role must permit one of these; the use case decides about the rest. Empty for
    /// what concerns nobody's data.
    pub permissions: &'static [(Action, Resource)],
    pub door: Door,
    /// What has to be there before the example of the guide works; the tests make it.
    pub example_needs: &'static [Need],
    /// The XML document that the example sends, for operations that take one.
    pub example_document: &'static str,
    /// How parameters may be sent beside the usual ways.
    pub body: BodyForm,
}

/// What a body may be instead of a form. It becomes parameters, which the table of the operation checks,
/// but for what no parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// Nothing else.
    Parameters,
    /// An XML document of keyed texts.
    KeyedTexts,
    /// A table of addresses, `text/csv`, for the parameter of this name.
    Addresses(&'static str),
    /// The XML document `UNIX_AUTH_PARAMS`: lists, see `OperationRequest::unix_access`.
    UnixDocument,
}

impl OperationRow {
    pub(crate) fn admit(&self, actor: &Actor) -> palisade_app::Result<()> {
        admit(self.permissions, actor)
    }

    /// The word for it in the activity log.
    pub(crate) fn module(&self) -> &'static str {
        if matches!(self.door, Door::Open | Door::Session) { "auth" } else { module(self.permissions) }
    }
}

/// A row for a handler that is an `async fn`.
macro_rules! operation {
    ($operation:expr, $handler:path, $permissions:expr) => {
        $crate::v2::registry::OperationRow {
            operation: &$operation,
            handler: |request| Box::pin($handler(request)),
            permissions: $permissions,
            door: $crate::v2::registry::Door::Any,
            example_needs: &[],
            example_document: "",
            body: $crate::v2::registry::BodyForm::Parameters,
        }
    };
    ($operation:expr, $handler:path, $permissions:expr, needs: $needs:expr) => {
        $crate::v2::registry::OperationRow {
            example_needs: $needs,
            ..$crate::v2::registry::operation!($operation, $handler, $permissions)
        }
    };
}
pub(crate) use operation;

/// The resources, by path; each with its operations.
static RESOURCES: &[&[OperationRow]] = &[
    activity_log::ROWS,
    appliance::ROWS,
    asset_domain::ROWS,
    asset_group::ROWS,
    asset_host::ROWS,
    asset_ip::ROWS,
    asset_patch::ROWS,
    asset_vhost::ROWS,
    excluded_ip::ROWS,
    ignore_vuln::ROWS,
    knowledge_base::ROWS,
    network::ROWS,
    option_profile::ROWS,
    report::ROWS,
    restricted_ips::ROWS,
    scan::ROWS,
    scan::stats::ROWS,
    scan::summary::ROWS,
    schedule_report::ROWS,
    schedule_scan::ROWS,
    scorecard::ROWS,
    search_list::ROWS,
    session::ROWS,
    vault::ROWS,
];

/// All operations, resource by resource.
pub fn operations() -> impl Iterator<Item = &'static OperationRow> {
    RESOURCES.iter().copied().flatten().chain(auth::rows()).chain(report_template::rows())
}

/// Other paths that clients call resources by.
const ALIASES: &[(&str, &str)] = &[];

/// What requests without an action ask of resources that had none at first.
const IMPLIED: &[(&str, &str)] = &[("asset/patch", "list"), ("ignore_vuln", "ignore")];

/// The action that a request to the resource need not name.
pub(crate) fn implied_action(resource: &str) -> Option<&'static str> {
    IMPLIED.iter().find(|(path, _)| *path == resource).map(|(_, action)| *action)
}

/// The operations of a resource; empty if there is none of this path.
#[must_use]
pub fn find(resource: &str) -> Vec<&'static OperationRow> {
    let resource = ALIASES.iter().find(|(alias, _)| *alias == resource).map_or(resource, |(_, path)| path);
    operations().filter(|row| row.operation.resource == resource).collect()
}
