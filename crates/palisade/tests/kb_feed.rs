//! `palisade kb import FILE`, as people run it: taken in whole, or not at all.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, and the panic says where")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use palisade_model::{CveId, FeedKind};
use palisade_store::{FeedState, Store};
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
