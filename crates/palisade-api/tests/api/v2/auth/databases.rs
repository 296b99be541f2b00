//! Types for databases that everybody may have.

use crate::v2::Parameters;

const USER: Parameters = &[("username", "scan"), ("password", "a secret")];
const DATABASE: Parameters = &[("username", "scan"), ("password", "a secret"), ("database", "stock")];

crate::v2::auth::types!(
    "mariadb" DATABASE,
    "mongodb" USER,
    "mysql" DATABASE,
    "postgresql" USER,
);

pub(super) fn types() -> &'static [(&'static str, Parameters)] {
    TYPES
}
