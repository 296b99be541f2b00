//! Lists of vulnerabilities that others publish: the NVD's CVE records, CISA's catalogue of known
//! exploited vulnerabilities (KEV), FIRST's exploit prediction scores (EPSS), and advisories about
//! packages in the OSV format.
//!
//! Two halves. Reading takes a file as it was published (plain, gzip or zip), tells its kind from its
//! contents, and hands on one record at a time: memory does not grow with the file. Fetching gets
//! files and pages into a folder, goes on where it was broken off, and checks what the source lets
//! one check. Deliberately absent: the store, an async runtime, and any decision about hosts.

mod bounded;
mod epss;
mod error;
mod fetch;
mod file;
mod kev;
mod nvd;
mod osv;
mod record;
mod zip;

pub use error::Error;
pub use fetch::{
    ChangeWindow, Changes, FetchError, Fetched, Fetcher, Meta, Patience, load_note, save_note,
    sha256_unpacked,
};
pub use file::{Limits, read_file, read_stream};
pub use palisade_model::FeedKind;
pub use record::{Record, Stopped, Summary};
