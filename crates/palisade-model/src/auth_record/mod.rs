//! Authentication records: what scans sign in to hosts with.
//!
//! Types, fields and rules are data ([`kind`], [`field`]); a record is a [`RecordContent`] with a
//! title and addresses. Secrets stand apart from everything else ([`Secrets`]) so that nothing that
//! shows a record can show them.

mod databases;
pub mod field;
pub mod kind;
mod record;
mod secrets;
mod systems;
pub mod unix_access;
pub mod vault;
mod web;

pub use field::{Field, FieldKind, Rule};
pub use kind::{NotARecordKind, RecordKind, RecordType};
pub use record::{
    BadRecord, COMMENTS_CHARACTERS_MAX, GivenFields, RecordContent, SignIn, TITLE_CHARACTERS_MAX,
    vault_reference,
};
pub use secrets::Secrets;
pub use unix_access::{
    GivenAccess, KeySort, PRIVATE_KEYS_MAX, PrivateKeyEntry, PrivateKeyInUse, ROOT_TOOLS_MAX, RootTool,
    RootToolEntry, RootToolInUse,
};
pub use vault::{NotAVaultKind, REFERENCE_FIELDS, VaultKind, VaultReference, VaultType};
