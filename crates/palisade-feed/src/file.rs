//! Reading a feed as it was published: plain, gzip or zip, its kind told from its contents.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use palisade_model::FeedKind;

use crate::bounded::{Allowance, Bounded, beyond};
use crate::error::Error;
use crate::record::{Record, Stopped, Summary};
use crate::{epss, kev, nvd, osv, zip};

/// What takes the records.
pub(crate) type Sink<'s> = dyn FnMut(Record) -> Result<(), Stopped> + 's;

/// Bytes at the beginning that the kind is told from.
const HEAD_BYTES: u64 = 4_096;
/// Bytes that are unpacked at once.
const BUFFER_BYTES: usize = 64 << 10;

/// How large a feed may be, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub feed_bytes_max: u64,
    /// One record of it, and what is read ahead.
    pub record_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { feed_bytes_max: 16 << 30, record_bytes_max: 32 << 20 }
    }
}

/// Reads the feed in the file at `path`, which may be a pipe unless it is an archive, and hands each
/// record to `sink`. With `wanted` a feed of another kind is refused.
///
/// # Errors
/// At the first thing that is wrong; what was handed on before is then worth nothing.
pub fn read_file(
    path: &Path,
    wanted: Option<FeedKind>,
    limits: Limits,
    sink: &mut Sink<'_>,
) -> Result<Summary, Error> {
    let mut file = File::open(path).map_err(Error::Read)?;
    let head = head(&mut file)?;
    if head.starts_with(b"PK") {
        return read_archive(&file, wanted, limits, sink);
    }
    read_stream(Cursor::new(head).chain(file), wanted, limits, sink)
}

/// The same for a stream: plain or gzip.
///
/// # Errors
/// Those of [`read_file`].
pub fn read_stream(
    mut stream: impl Read,
    wanted: Option<FeedKind>,
    limits: Limits,
    sink: &mut Sink<'_>,
) -> Result<Summary, Error> {
    let magic = head(&mut stream)?;
    let packed = magic.starts_with(&[0x1f, 0x8b]);
    let stream = Cursor::new(magic).chain(stream);
    let allowance = Allowance::new(limits.feed_bytes_max, limits.record_bytes_max);
    if packed {
        // Its own buffer, because the decoder asks for small pieces; the CRC at the end is checked.
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, stream));
        read_plain(unpacked, wanted, &allowance, sink)
    } else {
        read_plain(stream, wanted, &allowance, sink)
    }
}

fn read_archive(
    file: &File,
    wanted: Option<FeedKind>,
    limits: Limits,
    sink: &mut Sink<'_>,
) -> Result<Summary, Error> {
    let allowance = Allowance::new(limits.feed_bytes_max, limits.record_bytes_max);
    let mut whole: Option<Summary> = None;
    zip::members(file, |member| {
        allowance.next_record();
        let kind = whole.as_ref().map(|summary| summary.kind);
        let one = read_plain(member, kind.or(wanted), &allowance, sink)?;
        let Some(whole) = &mut whole else {
            whole = Some(one);
            return Ok(());
        };
        whole.records += one.records;
        whole.skipped += one.skipped;
        Ok(())
    })?;
    whole.ok_or(Error::UnknownKind)
}

fn read_plain(
    reader: impl Read,
    wanted: Option<FeedKind>,
    allowance: &Allowance,
    sink: &mut Sink<'_>,
) -> Result<Summary, Error> {
    let mut reader = Bounded::new(reader, allowance.clone());
    let head = head(&mut reader)?;
    let kind = kind(&head).ok_or(Error::UnknownKind)?;
    if let Some(wanted) = wanted.filter(|wanted| *wanted != kind) {
        return Err(Error::OtherKind { wanted, found: kind });
    }
    let reader = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(head).chain(reader));
    match kind {
        FeedKind::Nvd => nvd::read(reader, allowance, sink),
        FeedKind::Kev => kev::read(reader, allowance, sink),
        FeedKind::Epss => epss::read(reader, allowance, sink),
        FeedKind::Osv => osv::read(reader, allowance, sink),
    }
}

/// The beginning, as far as there is one.
fn head(reader: &mut impl Read) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    reader.take(HEAD_BYTES).read_to_end(&mut head).map_err(read_error)?;
    Ok(head)
}

/// Told by the keys that only one kind has.
fn kind(head: &[u8]) -> Option<FeedKind> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('#') || text.starts_with("cve,epss") {
        Some(FeedKind::Epss)
    } else if !text.starts_with('{') {
        None
    } else if text.contains("\"NVD_CVE\"") {
        Some(FeedKind::Nvd)
    } else if text.contains("\"catalogVersion\"") {
        Some(FeedKind::Kev)
    } else {
        Some(FeedKind::Osv)
    }
}

/// Why reading failed.
pub(crate) fn read_error(error: io::Error) -> Error {
    match beyond(&error) {
        Some(what) => Error::TooLarge { what },
        None => Error::Read(error),
    }
}

/// Why parsing failed.
pub(crate) fn json_error(kind: FeedKind, error: serde_json::Error) -> Error {
    if error.is_io() { read_error(error.into()) } else { Error::Form { kind, source: error } }
}
