//! Fixtures for tests: server, lab, PostgreSQL, DTD check, tools of the machine.
//!
//! Deliberately absent: assertions about the product. Fixtures panic when they cannot do their
//! work; what is right is said by the tests.

pub mod dice;
pub mod dtd;
pub mod feed_source;
pub mod lab;
pub mod listener;
pub mod mail_server;
pub mod postgres;
pub mod server;
pub mod tools;
