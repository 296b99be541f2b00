//! Fixtures for tests: server, lab, DTD check.
