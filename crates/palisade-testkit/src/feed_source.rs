//! A web server on loopback that publishes feeds as their sources do: files with tags and ranges,
//! and the pages of the NVD's API; and that can be told to refuse and to break off.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where the API is.
const API: &str = "/rest/json/cves/2.0";

/// A request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// With the question behind it.
    pub path: String,
    /// By names in lower case.
    pub headers: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct PublishedFile {
    bytes: Vec<u8>,
    etag: String,
}

/// A record of the API: when it was changed, and its JSON.
#[derive(Debug, Clone)]
struct PublishedRecord {
    modified: String,
    json: String,
}

#[derive(Debug, Default)]
struct Published {
    files: BTreeMap<String, PublishedFile>,
    records: Vec<PublishedRecord>,
    page_records_max: usize,
    api_key: Option<String>,
    /// Answers to give before any other: status, and seconds in `Retry-After`.
    refusals: Vec<(u16, Option<u32>)>,
    /// Bytes of a body after which the connection ends, for the next answers.
    breaks: Vec<usize>,
    seen: Vec<SeenRequest>,
}

/// The server. It serves until the process ends.
#[derive(Debug, Clone)]
pub struct FeedSource {
    address: SocketAddr,
    published: Arc<Mutex<Published>>,
}

impl FeedSource {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When no port can be listened on.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of loopback is free");
        let address = listener.local_addr().expect("a listener has an address");
        let published = Arc::new(Mutex::new(Published { page_records_max: 2_000, ..Published::default() }));
        let source = Self { address, published };
        let serving = source.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let source = serving.clone();
                // A client that goes away has nothing left to be told.
                thread::spawn(move || source.answer(stream).unwrap_or_default());
            }
        });
        source
    }

    /// The address of something on it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where the API is.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.url(API)
    }

    /// Publishes a file, in place of the one of this path.
    pub fn publish(&self, path: &str, etag: &str, bytes: impl Into<Vec<u8>>) {
        let file = PublishedFile { bytes: bytes.into(), etag: etag.to_owned() };
        self.with(|published| published.files.insert(path.to_owned(), file));
    }

    /// Publishes a record of the API: the JSON of its `cve`, changed at a time such as
    /// `2026-11-20T08:00:00.000`.
    pub fn publish_record(&self, modified: &str, json: &str) {
        let record = PublishedRecord { modified: modified.to_owned(), json: json.to_owned() };
        self.with(|published| published.records.push(record));
    }

    /// Gives no more records than this on a page, whatever is asked for.
    pub fn limit_pages(&self, records: usize) {
        self.with(|published| published.page_records_max = records);
    }

    /// Answers the API to those alone who have this key.
    pub fn require_api_key(&self, key: &str) {
        self.with(|published| published.api_key = Some(key.to_owned()));
    }

    /// Refuses the next requests, one after the other.
    pub fn refuse(&self, refusals: &[(u16, Option<u32>)]) {
        self.with(|published| published.refusals = refusals.to_vec());
    }

    /// Ends the next answers after so many bytes of their bodies.
    pub fn break_off(&self, after: &[usize]) {
        self.with(|published| published.breaks = after.to_vec());
    }

    /// The requests so far; they are forgotten by this.
    #[must_use]
    pub fn take_seen(&self) -> Vec<SeenRequest> {
        self.with(|published| std::mem::take(&mut published.seen))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Published) -> T) -> T {
        change(&mut self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let request = read_request(&mut reader)?;
        let (head, body) = self.with(|published| published.answer(&request));
        let broken = self.with(|published| {
            let is_first = !body.is_empty() && !published.breaks.is_empty();
            is_first.then(|| published.breaks.remove(0))
        });
        let mut stream = reader.into_inner();
        stream.write_all(head.as_bytes())?;
        write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
        stream.write_all(&body[..broken.unwrap_or(body.len()).min(body.len())])
    }
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<SeenRequest> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Ok(SeenRequest { path, headers })
}

impl Published {
    fn answer(&mut self, request: &SeenRequest) -> (String, Vec<u8>) {
        self.seen.push(request.clone());
        if !self.refusals.is_empty() {
            let (status, wait_s) = self.refusals.remove(0);
            let wait = wait_s.map(|wait_s| format!("Retry-After: {wait_s}\r\n")).unwrap_or_default();
            return (format!("HTTP/1.1 {status} Refused\r\n{wait}"), b"not now".to_vec());
        }
        let (path, question) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if path == API {
            return self.page(question, request);
        }
        match self.files.get(path) {
            Some(file) => file.answer(request),
            None => ("HTTP/1.1 404 Not Found\r\n".to_owned(), b"nothing".to_vec()),
        }
    }

    fn page(&self, question: &str, request: &SeenRequest) -> (String, Vec<u8>) {
        if self.api_key.as_ref().is_some_and(|key| request.headers.get("apikey") != Some(key)) {
            return ("HTTP/1.1 403 Forbidden\r\n".to_owned(), b"no key".to_vec());
        }
        let value = |name: &str| {
            let pairs = question.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
        };
        let (since, until) = (value("lastModStartDate"), value("lastModEndDate"));
        let start: usize = value("startIndex").parse().unwrap_or(0);
        let wanted: usize = value("resultsPerPage").parse().unwrap_or(0);
        let changed: Vec<&str> = self
            .records
            .iter()
            .filter(|record| (since..=until).contains(&record.modified.as_str()))
            .map(|record| record.json.as_str())
            .collect();
        let page: Vec<String> = changed
            .iter()
            .skip(start)
            .take(wanted.min(self.page_records_max))
            .map(|json| format!("{{\"cve\":{json}}}"))
            .collect();
        let body = format!(
            "{{\"resultsPerPage\":{},\"startIndex\":{start},\"totalResults\":{},\"format\":\"NVD_CVE\",\
             \"version\":\"2.0\",\"timestamp\":\"{until}\",\"vulnerabilities\":[{}]}}",
            page.len(),
            changed.len(),
            page.join(",")
        );
        ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n".to_owned(), body.into_bytes())
    }
}

impl PublishedFile {
    fn answer(&self, request: &SeenRequest) -> (String, Vec<u8>) {
        let Self { bytes, etag } = self;
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        if header("if-none-match") == Some(etag) {
            return (format!("HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n"), Vec::new());
        }
        let from = header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let from = from.and_then(|from| from.parse::<usize>().ok());
        let same = header("if-range").is_none_or(|tag| tag == etag);
        match from.filter(|_| same) {
            Some(from) if from >= bytes.len() => (
                format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{}\r\n", bytes.len()),
                Vec::new(),
            ),
            Some(from) => {
                let head = format!(
                    "HTTP/1.1 206 Partial Content\r\nETag: {etag}\r\nContent-Range: bytes {from}-{}/{}\r\n",
                    bytes.len() - 1,
                    bytes.len()
                );
                (head, bytes[from..].to_vec())
            }
            None => (format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\n"), bytes.clone()),
        }
    }
}
