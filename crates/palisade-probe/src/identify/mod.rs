//! Which protocol answers, which product it is, and what that says of the operating system.
//!
//! Always from the bytes that came; a port number only decides what is tried first.

mod answer;
pub mod catalogue;
mod operating_system;
mod probe;
mod product;
mod product_rules;
mod web_product;

pub use answer::{Seen, greeting, recognise};
pub use operating_system::{os_evidence, ubuntu_of_openssh, windows_of_build};
pub use probe::{GenericProbe, for_picky, for_quiet, likely, prints, probe};
pub use product::{cpe, product};
pub use web_product::web_product;
