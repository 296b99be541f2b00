//! SNMP v1, v2c (RFC 1157, 3416) and the discovery step of v3 (RFC 3414).
//!
//! Whether a community may write is tested by writing a value back as it was read.

mod message;
mod system;

pub use message::{BadMessage, Binding, Operation, Pdu, SnmpMessage, SnmpVersion, Value};
pub use system::{
    COMMUNITIES, SYSTEM_CONTACT, SYSTEM_LOCATION, discovery, parse_discovery, system_request, take_system,
    write_back,
};
