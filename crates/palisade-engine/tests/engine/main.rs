//! The engine as its users drive it, against servers of our own on the loopback.

mod discovery;
mod hostile;
mod legacy_tls;
mod overload;
mod selective;
mod service;
mod support;
mod template;
mod virtual_host;
mod worker;
