//! Tests of the enumeration against a small server made of rules.
