//! Fixtures for tests: server, lab, tools of the machine.
//!
//! Deliberately absent: assertions. Fixtures panic when they cannot do their work; what is right is
//! said by the tests.

pub mod lab;
pub mod listener;
pub mod server;
pub mod tools;
