//! SSH before authentication: the identification line, the algorithms on offer, the host keys.
//!
//! Host keys are learnt by starting key exchanges and never finishing them: the server shows its
//! key in the first answer, so nothing secret is computed. [`Survey`] says which connections to
//! make; each [`Conversation`] says what to send on one. Authentication and protocol 1 beyond its
//! name are deliberately absent.

mod algorithms;
mod conversation;
mod host_key;
mod identification;
mod identify;
mod key_exchange;
mod packet;
mod product_table;
mod survey;

pub use conversation::{Conversation, Step};
pub use host_key::parse_host_key;
pub use identification::{Identification, OWN_IDENTIFICATION};
pub use identify::identify;
pub use key_exchange::KeyExchangeInit;
pub use packet::{encode_packet, read_packet};
pub use survey::Survey;
