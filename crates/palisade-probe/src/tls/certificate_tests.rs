//! Tests of reading certificates.
