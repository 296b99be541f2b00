//! Types for databases that are sold.

use crate::v2::Parameters;

crate::v2::auth::types!(
    "ibm_db2" & [("username", "scan"), ("password", "a secret"), ("database", "stock"), ("port", "50000")],
    "ms_sql" & [("username", "scan"), ("password", "a secret")],
    "oracle" & [("username", "scan"), ("password", "a secret"), ("sid", "ORCL")],
    "oracle_listener" & [("password", "a secret")],
    "sybase" & [("username", "scan"), ("password", "a secret"), ("port", "5000"), ("database", "stock")],
);

pub(super) fn types() -> &'static [(&'static str, Parameters)] {
    TYPES
}
