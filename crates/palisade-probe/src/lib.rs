//! Protocols as pure bytes: build a probe, parse an answer, identify what speaks.
//!
//! No sockets, no async runtime: every function takes bytes and gives bytes or facts, so each is
//! tested with captures and fuzzed alone. Parsers never panic on foreign bytes and never read past
//! what they were given; what is malformed is an error with its reason.

pub mod ber;
pub mod conversation;
pub mod dns;
pub mod ftp;
pub mod http;
pub mod identify;
pub mod imap;
pub mod ldap;
pub mod memcached;
pub mod mqtt;
pub mod mysql;
pub mod netbios;
pub mod ntp;
pub mod pop3;
pub mod postgres;
pub mod reader;
pub mod redis;
pub mod reply;
pub mod rpc;
pub mod rsync;
pub mod sign_in;
pub mod smb;
pub mod smtp;
pub mod snmp;
pub mod ssh;
pub mod starttls;
pub mod telnet;
pub mod tftp;
pub mod tls;
