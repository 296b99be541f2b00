//! The compatible HTTP API.
