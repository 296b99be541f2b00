//! Maps: a domain or a netblock becomes a picture of a network.
//!
//! The DNS is asked for the names of the domain; live hosts are looked for in the netblock and at
//! the addresses that names lead to, as far as they are registered; live hosts are asked a few
//! ports, and the ways to them are walked. Whatever a map finds is reported and never scanned.

pub mod link;
