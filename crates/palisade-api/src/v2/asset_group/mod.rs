//! `asset/group/`: named sets of addresses and domains.
//!
//! How groups are listed (`list`), as XML (`document`) or as a table (`table`); how they are made, changed and
//! deleted (`edit`), and with which parameters (`parameters`).

pub(crate) mod document;
pub mod edit;
pub mod list;
mod parameters;
mod table;

use palisade_model::{Action, Resource};
use palisade_wire::ParameterKind;

use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};

const RESOURCE: &str = "asset/group";
const ID: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };

/// A group that examples name.
const MADE: &[Need] = &[Need::Operation {
    resource: RESOURCE,
    action: "add",
    parameters: &[("title", "Web servers"), ("ips", "192.0.2.4")],
}];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(list::LIST, list::list, &[(Action::List, Resource::AssetGroup)], needs: MADE),
    operation!(edit::ADD, edit::add, &[(Action::Add, Resource::AssetGroup)]),
    operation!(edit::EDIT, edit::edit, &[(Action::Edit, Resource::AssetGroup)], needs: MADE),
    operation!(edit::DELETE, edit::delete, &[(Action::Delete, Resource::AssetGroup)], needs: MADE),
];
