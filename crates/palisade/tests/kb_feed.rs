//! `palisade kb import FILE` and `palisade kb update`, as people run them: taken in whole, or not at
//! all; from files, and from a server on loopback that publishes as the sources do.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, and the panic says where")]

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use palisade_model::{Clock, CveId, FeedKind};
use palisade_store::{FeedState, Store};
use palisade_testkit::feed_source::FeedSource;
use palisade_testkit::postgres::Database;
use palisade_testkit::server;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
const PATIENCE: Duration = Duration::from_mins(1);

fn feed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../palisade-feed/tests/feeds").join(name)
}

/// A data folder, with a database beside it if one is given.
struct Data {
    folder: tempfile::TempDir,
    database: Option<Database>,
}

impl Data {
    fn new(database: Option<Database>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database }
    }

    fn palisade(&self, words: &[&str]) -> Command {
        let mut command = server::clean(Path::new(PALISADE));
        command.args(words).arg("--data").arg(self.folder.path().join("data"));
        if let Some(database) = &self.database {
            command.args(["--database", &database.url()]);
        }
        command
    }

    /// What the command says, and whether it went well.
    fn run(&self, words: &[&str]) -> (bool, String) {
        let output = self.palisade(words).output().unwrap();
        let told =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), told)
    }

    fn import(&self, path: &Path) -> (bool, String) {
        self.run(&["kb", "import", path.to_str().unwrap()])
    }

    fn url(&self) -> String {
        let path = self.folder.path().join("data/palisade.sqlite");
        self.database.as_ref().map_or_else(|| Store::sqlite_url(&path).unwrap(), Database::url)
    }

    fn with_store<T, F: Future<Output = T>>(&self, look: impl FnOnce(Store) -> F) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            look(Store::open(&self.url(), &self.folder.path().join("data/documents")).await.unwrap()).await
        })
    }

    fn feeds(&self) -> Vec<FeedState> {
        self.with_store(async |store| store.list_feeds().await.unwrap())
    }

    fn knows(&self, cve: &str) -> bool {
        let cve: CveId = cve.parse().unwrap();
        self.with_store(async |store| !store.list_cve_knowledge(&[cve]).await.unwrap().is_empty())
    }
}

#[test]
fn every_feed_is_taken_in_from_a_file() {
    for database in [None, Some(Database::create().unwrap())] {
        let data = Data::new(database);
        for (name, told) in [
            ("nvd.json", "nvd: 3 records taken in, 1 left out; 3 known, released 2026-11-20T08:00:00.000\n"),
            ("kev.json", "kev: 2 records taken in; 2 known, released 2026.11.20\n"),
            ("epss.csv", "epss: 3 records taken in; 3 known, released 2026-11-20\n"),
            ("osv.json", "osv: 1 records taken in; 1 known\n"),
        ] {
            assert_eq!(data.import(&feed(name)), (true, told.to_owned()));
        }
        assert!(data.knows("CVE-2021-41773") && data.knows("CVE-2026-0002") && !data.knows("CVE-2026-9999"));
    }
}

#[test]
fn a_bad_file_changes_nothing() {
    let data = Data::new(None);
    assert!(data.import(&feed("nvd.json")).0);
    assert!(data.import(&feed("kev.json")).0);
    let before = data.feeds();
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad");
    let nvd = std::fs::read_to_string(feed("nvd.json")).unwrap().replace("CVE-2021-23017", "CVE-2021-99999");
    let kev = std::fs::read_to_string(feed("kev.json")).unwrap();
    for contents in [&nvd[..nvd.len() - 20], &kev.replace("\"count\": 2", "\"count\": 9"), "{}", "hello"] {
        std::fs::write(&bad, contents).unwrap();
        let (ended_well, told) = data.import(&bad);
        assert!(!ended_well && told.contains("nothing was changed"), "{told}");
    }
    let (ended_well, told) =
        data.run(&["kb", "import", "--feed", "epss", feed("kev.json").to_str().unwrap()]);
    assert!(!ended_well && told.contains("expecting epss, this is kev"), "{told}");
    assert_eq!(data.feeds(), before);
    assert!(!data.knows("CVE-2021-99999"));
}

/// Records staged by imports that are not complete.
fn staged(data: &Data) -> u32 {
    let script = "import sqlite3, sys\n\
                  print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM cve WHERE import_id <> 0').fetchone()[0])";
    let path = data.folder.path().join("data/palisade.sqlite");
    let output = Command::new("python3").args(["-c", script]).arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0)
}

#[test]
fn a_killed_import_changes_nothing_and_can_be_repeated() {
    let data = Data::new(None);
    assert!(data.import(&feed("nvd.json")).0);
    let before = data.feeds();
    let pipe = data.folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut import = data.palisade(&["kb", "import"]).arg(&pipe).stdout(Stdio::null()).spawn().unwrap();

    // More than the first batches, and never the end.
    let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    writer.write_all(b"{\"format\":\"NVD_CVE\",\"vulnerabilities\":[").unwrap();
    for number in 0..2_000 {
        let comma = if number == 0 { "" } else { "," };
        let record = format!(
            "{comma}{{\"cve\":{{\"id\":\"CVE-2026-{number:05}\",\"published\":\"2026-01-01T00:00:00.000\",\
             \"lastModified\":\"2026-01-01T00:00:00.000\",\"descriptions\":[]}}}}"
        );
        writer.write_all(record.as_bytes()).unwrap();
    }
    let begun = Instant::now();
    while staged(&data) == 0 {
        assert!(begun.elapsed() < PATIENCE, "nothing was staged");
        thread::sleep(Duration::from_millis(20));
    }
    import.kill().unwrap();
    import.wait().unwrap();
    drop(writer);

    assert!(staged(&data) > 0);
    assert_eq!(data.feeds(), before);
    assert!(!data.knows("CVE-2026-00001") && data.knows("CVE-2021-23017"));
    let (ended_well, told) = data.import(&feed("nvd.json"));
    assert!(ended_well, "{told}");
    let nvd = data.feeds().into_iter().find(|state| state.feed == FeedKind::Nvd).unwrap();
    assert_eq!(nvd.records, 3);
}

/// A source with everything, and the words of an update from it.
fn source() -> (FeedSource, Vec<String>) {
    let source = FeedSource::start();
    source.publish("/kev.json", "\"1\"", std::fs::read(feed("kev.json")).unwrap());
    source.publish("/epss.csv.gz", "\"1\"", packed(&std::fs::read(feed("epss.csv")).unwrap()));
    let words = [
        ("--nvd-files-url", source.url("/nvd")),
        ("--nvd-api-url", source.api_url()),
        ("--kev-url", source.url("/kev.json")),
        ("--epss-url", source.url("/epss.csv.gz")),
        ("--osv-url", source.url("/osv")),
        ("--osv-ecosystems", "PyPI".to_owned()),
        ("--nvd-first-year", this_year().to_string()),
        ("--retry-wait-ms", "1".to_owned()),
        ("--page-wait-ms", "0".to_owned()),
    ];
    (source, words.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect())
}

fn this_year() -> i16 {
    palisade_model::SystemClock.now().strftime("%Y").to_string().parse().unwrap()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(bytes).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

/// Publishes the file of this year, with its checksum or another one.
fn publish_year(source: &FeedSource, contents: &str, tag: &str, right: bool) {
    let name = format!("/nvd/nvdcve-2.0-{}", this_year());
    source.publish(&format!("{name}.json.gz"), tag, packed(contents.as_bytes()));
    let mut sum = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(contents.as_bytes()).unwrap();
    let sum = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap()[..64].to_uppercase();
    let sum = if right { sum } else { "0".repeat(64) };
    source.publish(&format!("{name}.meta"), tag, format!("lastModifiedDate:x\r\nsize:1\r\nsha256:{sum}\r\n"));
}

fn update(data: &Data, words: &[String], feeds: &[&str]) -> (bool, String) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    data.run(&[&["kb", "update"], feeds, &words].concat())
}

#[test]
fn lists_are_fetched_and_kept_up_to_date() {
    for database in [None, Some(Database::create().unwrap())] {
        let data = Data::new(database);
        let (source, words) = source();
        let nvd = std::fs::read_to_string(feed("nvd.json")).unwrap();
        publish_year(&source, &nvd, "\"1\"", true);
        source.refuse(&[(503, Some(0))]);
        let (ended_well, told) = update(&data, &words, &[]);
        assert!(ended_well, "{told}");
        for line in ["nvd: 3 records taken in", "kev: 2 records taken in", "epss: 3 records taken in"] {
            assert!(told.contains(line), "{told}");
        }

        // Now only changes are asked for; files that are the same are not sent again.
        let _ = source.take_seen();
        let now = palisade_model::SystemClock.now().strftime("%Y-%m-%dT%H:%M:%S.000").to_string();
        for number in 1..=5 {
            let record = format!(
                "{{\"id\":\"CVE-2026-100{number}\",\"published\":\"{now}\",\"lastModified\":\"{now}\"}}"
            );
            source.publish_record(&now, &record);
        }
        source.limit_pages(2);
        // The moment of the records has to be over for the second update.
        thread::sleep(Duration::from_millis(1_100));
        let (ended_well, told) = update(&data, &words, &[]);
        assert!(ended_well, "{told}");
        assert!(
            told.contains("nvd: 5 records taken in; 8 known") && told.contains("kev: nothing new"),
            "{told}"
        );
        let seen = source.take_seen();
        assert!(seen.iter().all(|request| !request.path.starts_with("/nvd/")), "{seen:?}");
        assert_eq!(seen.iter().filter(|request| request.path.contains("startIndex")).count(), 3);
        assert!(data.knows("CVE-2026-1005"));
    }
}

#[test]
fn a_file_with_another_checksum_is_refused() {
    let data = Data::new(None);
    let (source, words) = source();
    let nvd = std::fs::read_to_string(feed("nvd.json")).unwrap();
    publish_year(&source, &nvd, "\"1\"", false);
    let (ended_well, told) = update(&data, &words, &["nvd", "kev"]);
    assert!(!ended_well && told.contains("does not have the checksum"), "{told}");
    assert!(told.contains("kev: 2 records taken in") && told.contains("not updated: nvd"), "{told}");
    assert!(!data.knows("CVE-2026-0002"));
    publish_year(&source, &nvd, "\"2\"", true);
    let (ended_well, told) = update(&data, &words, &["nvd"]);
    assert!(ended_well, "{told}");
    assert!(data.knows("CVE-2026-0002"));
}

#[test]
fn an_update_that_broke_off_goes_on() {
    let data = Data::new(None);
    let (source, words) = source();
    let mut scores = "#score_date:2026-11-21T00:00:00Z\ncve,epss,percentile\n".to_owned();
    for number in 0..20_000 {
        writeln!(scores, "CVE-2026-{number:05},0.5,0.5").unwrap();
    }
    source.publish("/epss.csv.gz", "\"2\"", scores.as_bytes());
    source.break_off(&[300_000, 0, 0, 0, 0, 0]);
    let (ended_well, told) = update(&data, &words, &["epss"]);
    assert!(!ended_well && told.contains("broke off after 300000 bytes"), "{told}");
    let epss = |data: &Data| data.feeds().into_iter().find(|state| state.feed == FeedKind::Epss).unwrap();
    assert_eq!(epss(&data).records, 0);
    let _ = source.take_seen();
    source.break_off(&[]);
    let (ended_well, told) = update(&data, &words, &["epss"]);
    assert!(ended_well, "{told}");
    let seen = source.take_seen();
    assert_eq!(seen[0].headers.get("range").map(String::as_str), Some("bytes=300000-"));
    assert_eq!(epss(&data).records, 20_000);
}

/// A web server that says it is nginx of this version; serves until the process ends.
fn web_server(version: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut stream = stream;
                let mut request = [0; 4096];
                if stream.read(&mut request).is_ok_and(|length| length > 0) {
                    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close";
                    let _ = write!(stream, "{head}\r\nServer: nginx/{version}\r\n\r\nhi");
                }
            });
        }
    });
    port
}

#[test]
fn a_scan_without_a_server_matches_versions_too() {
    let data = Data::new(None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.json");
    let record =
        std::fs::read_to_string(feed("nvd.json")).unwrap().replace("CVE-2021-23017", "CVE-2026-4000");
    std::fs::write(&file, record).unwrap();
    assert!(data.import(&file).0);
    let port = web_server("1.18.0").to_string();
    let words = ["scan", "127.0.0.1", "--ports", &port, "--udp", "none", "--progress", "none"];
    let (ended_well, told) = data.run(&words);
    assert!(ended_well && told.contains("potential"), "{told}");
    let row = told.lines().find(|line| line.contains("CVE-2026-4000")).unwrap();
    assert!(row.contains("10000001") && row.contains(&format!("{port}/tcp")), "{row}");
    let (_, told) = data.run(&["kb", "show", "10000001"]);
    assert!(
        told.contains("CVSS 3: 7.7") && told.contains("potential") && told.contains("port the repair back"),
        "{told}"
    );
    assert!(data.run(&["kb", "list", "CVE-2026-4000"]).1.contains("10000001"));
    let port = web_server("1.20.1").to_string();
    let words = ["scan", "127.0.0.1", "--ports", &port, "--udp", "none", "--progress", "none"];
    assert!(!data.run(&words).1.contains("CVE-2026-4000"));
}

#[test]
fn what_lists_say_of_a_cve_is_shown() {
    let data = Data::new(None);
    let (ended_well, told) = data.run(&["kb", "show", "CVE-2021-41773"]);
    assert!(!ended_well && told.contains("there are no data here"), "{told}");
    for name in ["nvd.json", "kev.json", "epss.csv"] {
        assert!(data.import(&feed(name)).0);
    }
    let (_, told) = data.run(&["kb", "show", "cve-2021-41773"]);
    assert!(told.contains("Known exploited since 2021-11-03, due 2021-11-17, by ransomware too"), "{told}");
    assert!(told.contains("EPSS: 0.94386, percentile 0.99963"), "{told}");
    let (_, told) = data.run(&["kb", "show", "CVE-2021-23017"]);
    assert!(told.contains("CVSS 3: 7.7 (CVSS:3.1/AV:N") && told.contains("f5 nginx"), "{told}");
    let (ended_well, told) = data.run(&["kb", "show", "CVE-1999-0001"]);
    assert!(!ended_well && told.contains("nothing is known of CVE-1999-0001"), "{told}");
}
