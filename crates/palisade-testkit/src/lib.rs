//! Fixtures for tests: server, lab, DTD check.

pub mod dtd;
pub mod postgres;
