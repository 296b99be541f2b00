//! HTTP/1 to a server that may be anything: requests, lenient reading of answers, and what they
//! show.
//!
//! Absent on purpose: HTTP/2, compression, redirects (the engine never leaves the host it scans),
//! and anything that changes something on the server: only GET, HEAD, OPTIONS and TRACE are built.

mod analysis;
mod listing;
mod page;
mod path;
mod request;
mod response;

pub use analysis::{
    allowed_methods, auth_schemes, cookies, etag_has_inode, front_page, internal_address, is_open_proxy,
    trace_echoed,
};
pub use listing::is_directory_listing;
pub use page::{default_page, password_form, title};
pub use path::{KnownPath, PATHS, PROTECTED_PATHS, basic_auth, exposed_path, is_soft_404};
pub use request::{Request, TRACE_HEADER, proxy_request};
pub use response::{HttpConversation, Response};
