//! Feeds as they are published, whole and broken, and one of 100 MB and more.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, and the panic says where")]

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use palisade_feed::{Error, FeedKind, Limits, Record, Stopped, Summary, read_file, read_stream};
use palisade_model::cve::Operator;
use proptest::prelude::*;

const NVD: &str = include_str!("feeds/nvd.json");
const KEV: &str = include_str!("feeds/kev.json");
const EPSS: &str = include_str!("feeds/epss.csv");
const OSV: &str = include_str!("feeds/osv.json");

fn read(bytes: impl Read) -> Result<(Summary, Vec<Record>), Error> {
    let mut records = Vec::new();
    let summary = read_stream(bytes, None, Limits::default(), &mut |record| {
        records.push(record);
        Ok(())
    })?;
    Ok((summary, records))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive as Python's library makes it, from members `name` with the contents.
fn zip(members: &[(String, &str)], arguments: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let script = format!(
        "import json, sys, zipfile\n\
         with zipfile.ZipFile(sys.argv[1], 'w', {arguments}) as archive:\n\
         \x20   for name, text in json.load(sys.stdin): archive.writestr(name, text)\n"
    );
    let mut python =
        Command::new("python3").args(["-c", &script]).arg(file.path()).stdin(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(&serde_json::to_vec(members).unwrap()).unwrap();
    assert!(python.wait().unwrap().success());
    file
}

#[test]
fn records_of_the_nvd_are_read() {
    let (summary, records) = read(NVD.as_bytes()).unwrap();
    assert_eq!((summary.kind, summary.records, summary.skipped), (FeedKind::Nvd, 3, 1));
    assert_eq!((summary.total, summary.released.as_deref()), (Some(4), Some("2026-11-20T08:00:00.000")));
    let Record::Cve(first) = &records[0] else { panic!("{records:?}") };
    assert_eq!(first.id.as_str(), "CVE-2021-23017");
    assert_eq!(first.published_at.to_string(), "2021-06-01T13:15:07.853Z");
    assert_eq!(first.scores.v3.as_ref().unwrap().text(), "7.7");
    assert_eq!(first.scores.v2.as_ref().unwrap().text(), "6.8");
    assert_eq!(first.scores.v3.as_ref().unwrap().vector, "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:L");
    assert_eq!(first.cwes, ["CWE-193"]);
    assert!(first.description.starts_with("One byte") && !first.rejected);
    let products: Vec<String> =
        first.products().into_iter().map(|(vendor, name)| format!("{vendor}:{name}")).collect();
    assert_eq!(products, ["f5:nginx", "openresty:openresty"]);
    assert_eq!(first.configurations[0].nodes[0].matches[0].range.to_string(), "from 0.6.18 before 1.20.1");
    let Record::Cve(second) = &records[1] else { panic!("{records:?}") };
    assert_eq!(second.configurations[0].operator, Operator::And);
    assert_eq!(second.scores.v4.as_ref().unwrap().score, 93);
    let Record::Cve(third) = &records[2] else { panic!("{records:?}") };
    assert!(third.rejected && third.configurations.is_empty());
}

#[test]
fn the_catalogue_of_exploited_ones_is_read() {
    let (summary, records) = read(KEV.as_bytes()).unwrap();
    assert_eq!((summary.kind, summary.records), (FeedKind::Kev, 2));
    assert_eq!(summary.released.as_deref(), Some("2026.11.20"));
    let Record::KnownExploited(first) = &records[0] else { panic!("{records:?}") };
    assert_eq!((first.cve.as_str(), first.added_on.to_string().as_str()), ("CVE-2021-41773", "2021-11-03"));
    assert!(first.ransomware && first.due_on.is_some());
    let other = KEV.replace("\"count\": 2", "\"count\": 3");
    assert!(matches!(read(other.as_bytes()), Err(Error::Count { said: 3, had: 2 })));
}

#[test]
fn scores_are_read() {
    let (summary, records) = read(EPSS.as_bytes()).unwrap();
    assert_eq!((summary.kind, summary.records, summary.skipped), (FeedKind::Epss, 3, 0));
    assert_eq!(summary.released.as_deref(), Some("2026-11-20"));
    let Record::ExploitScore(first) = &records[0] else { panic!("{records:?}") };
    assert_eq!((first.probability, first.percentile), (94_386, 99_963));
    let (summary, _) = read(&*gzip(EPSS.as_bytes())).unwrap();
    assert_eq!(summary.records, 3);
    for (broken, line) in [
        (EPSS.trim_end().to_owned(), 5),
        (EPSS.replace("0.94386", "1.5"), 3),
        (EPSS.replace("0.94386", "x"), 3),
        (EPSS.replace("percentile", "rank"), 2),
    ] {
        let error = read(broken.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Line { line: at, .. } if at == line), "{error}");
    }
}

#[test]
fn advisories_are_read_alone_and_in_archives() {
    let (summary, records) = read(OSV.as_bytes()).unwrap();
    assert_eq!((summary.kind, summary.records), (FeedKind::Osv, 1));
    let Record::Advisory(advisory) = &records[0] else { panic!("{records:?}") };
    assert_eq!(advisory.aliases, ["CVE-2026-0001"]);
    assert_eq!(advisory.affected.len(), 1);
    let ranges = &advisory.affected[0].ranges;
    assert_eq!(
        (ranges.len(), ranges[0].fixed.as_deref(), ranges[1].last_affected.as_deref()),
        (2, Some("1.4.2"), Some("2.0.3"))
    );

    for (members, arguments) in
        [(3, "zipfile.ZIP_DEFLATED"), (2, "zipfile.ZIP_STORED"), (66_000, "zipfile.ZIP_STORED")]
    {
        let listed: Vec<(String, &str)> = (0..members)
            .map(|number| {
                (
                    format!("{number}.json"),
                    if members > 100 { r#"{"id":"X-1","modified":"2026-01-01T00:00:00Z"}"# } else { OSV },
                )
            })
            .collect();
        let archive = zip(&listed, arguments);
        let mut count = 0;
        let summary = read_file(archive.path(), Some(FeedKind::Osv), Limits::default(), &mut |_| {
            count += 1;
            Ok(())
        });
        assert_eq!((summary.unwrap().records, count), (members, members), "{arguments}");
    }
}

#[test]
fn a_damaged_archive_is_refused() {
    let archive = zip(&[("a.json".to_owned(), OSV)], "zipfile.ZIP_DEFLATED");
    let bytes = std::fs::read(archive.path()).unwrap();
    let read = |bytes: &[u8]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        read_file(file.path(), None, Limits::default(), &mut |_| Ok(()))
    };
    assert_eq!(read(&bytes).unwrap().records, 1);
    assert!(read(&bytes[..bytes.len() - 30]).is_err());
    // The CRC in the list of members: 16 bytes after its signature.
    let list = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut damaged = bytes.clone();
    damaged[list + 16] ^= 1;
    assert!(matches!(read(&damaged), Err(Error::Archive { .. })));
}

#[test]
fn broken_feeds_are_refused() {
    for text in [NVD, KEV, OSV] {
        let cut = &text.as_bytes()[..text.len() * 2 / 3];
        assert!(read(cut).is_err(), "cut off");
        assert!(read(&*gzip(text.as_bytes())).is_ok());
        let packed = gzip(text.as_bytes());
        assert!(read(&packed[..packed.len() - 9]).is_err(), "cut off while packed");
        let trailing = format!("{text}{{}}");
        assert!(read(trailing.as_bytes()).is_err(), "something behind it");
    }
    let fewer = NVD.replace("\"resultsPerPage\": 4", "\"resultsPerPage\": 5");
    assert!(matches!(read(fewer.as_bytes()), Err(Error::Count { said: 5, had: 4 })));
    for text in ["", "hello", "<html></html>", "[]"] {
        assert!(matches!(read(text.as_bytes()), Err(Error::UnknownKind)), "{text}");
    }
    let other = read_stream(KEV.as_bytes(), Some(FeedKind::Nvd), Limits::default(), &mut |_| Ok(()));
    assert!(matches!(other, Err(Error::OtherKind { wanted: FeedKind::Nvd, found: FeedKind::Kev })));
}

#[test]
fn a_reader_that_has_enough_stops_the_feed() {
    for text in [NVD, KEV, EPSS, OSV] {
        let mut seen = 0;
        let outcome = read_stream(text.as_bytes(), None, Limits::default(), &mut |_| {
            seen += 1;
            Err(Stopped)
        });
        assert!(matches!(outcome, Err(Error::Stopped)) && seen == 1);
    }
}

/// A year's file of the NVD that is made while it is read.
struct Year {
    pending: Vec<u8>,
    at: usize,
    next: u64,
    count: u64,
}

impl Year {
    fn new(count: u64) -> Self {
        let head = format!(
            "{{\"resultsPerPage\":{count},\"startIndex\":0,\"totalResults\":{count},\"format\":\"NVD_CVE\",\
             \"version\":\"2.0\",\"timestamp\":\"2026-11-20T08:00:00.000\",\"vulnerabilities\":["
        );
        Self { pending: head.into_bytes(), at: 0, next: 0, count }
    }
}

impl Read for Year {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.pending.len() && self.next <= self.count {
            let comma = if self.next == 0 { "" } else { "," };
            self.pending = if self.next == self.count {
                b"]}".to_vec()
            } else {
                format!(
                    "{comma}{{\"cve\":{{\"id\":\"CVE-2020-{:07}\",\"published\":\"2020-01-01T00:00:00.000\",\
                     \"lastModified\":\"2020-01-01T00:00:00.000\",\"descriptions\":[{{\"lang\":\"en\",\
                     \"value\":\"{}\"}}]}}}}",
                    self.next,
                    "long ".repeat(600)
                )
                .into_bytes()
            };
            self.next += 1;
            self.at = 0;
        }
        let rest = &self.pending[self.at..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

/// Most memory this process had in use, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_large_feed_takes_little_memory() {
    let before = peak_kib();
    let summary = read_stream(Year::new(35_000), None, Limits::default(), &mut |_| Ok(())).unwrap();
    assert_eq!(summary.records, 35_000);
    let grown = peak_kib() - before;
    assert!(grown < 24 << 10, "105 MB were read with {grown} KiB");
}

#[test]
fn limits_end_what_is_too_large() {
    let limits = Limits { feed_bytes_max: 1 << 20, record_bytes_max: 1 << 19 };
    let outcome = read_stream(Year::new(1_000), None, limits, &mut |_| Ok(()));
    assert!(matches!(outcome, Err(Error::TooLarge { what: "bytes in all" })));
    // A packed file that unpacks to far more than it is.
    let bomb = gzip(format!("{{\"format\":\"NVD_CVE\",\"x\":\"{}", "a".repeat(4 << 20)).as_bytes());
    assert!(bomb.len() < 50_000);
    let limits = Limits { feed_bytes_max: 1 << 30, record_bytes_max: 1 << 20 };
    let outcome = read_stream(&*bomb, None, limits, &mut |_| Ok(()));
    assert!(matches!(outcome, Err(Error::TooLarge { what: "bytes in a record" })), "{outcome:?}");
}

/// The real catalogue, when `PALISADE_KEV` names it.
#[test]
fn the_published_catalogue_is_read() {
    let Some(path) = std::env::var_os("PALISADE_KEV") else {
        println!("PALISADE_KEV names no catalogue: the published one was not read");
        return;
    };
    let summary = read_file(path.as_ref(), Some(FeedKind::Kev), Limits::default(), &mut |_| Ok(())).unwrap();
    assert!(summary.records > 1_000 && summary.skipped == 0, "{summary:?}");
}

proptest! {
    #[test]
    fn damaged_feeds_do_not_panic(which in 0..4_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut damaged = [NVD, KEV, EPSS, OSV][which].as_bytes().to_vec();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        let _ = read(&*damaged);
        let _ = read(&*bytes);
        let mut archive = b"PK\x03\x04".to_vec();
        archive.extend(&bytes);
        archive.extend(b"PK\x05\x06");
        archive.extend(&bytes);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), archive).unwrap();
        let _ = read_file(file.path(), None, Limits::default(), &mut |_| Ok(()));
    }
}
