//! Directories of fingerprints: our own small ones, and the public databases where they are at hand.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::path::Path;

use palisade_fingerprint::{Fingerprints, LoadError};
use proptest::prelude::*;

/// Where the public databases are, if they are.
const PUBLIC_DATABASES: &str = "PALISADE_RECOG";

const BANNERS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE fingerprints>
<fingerprints matches="ssh.banner" protocol="ssh" preference="0.9">
  <fingerprint pattern="^AcmeSSH_(\d+\.\d+)( &lt;beta&gt;)?$">
    <description>Acme
      SSH</description>
    <example service.version="1.5">AcmeSSH_1.5</example>
    <example service.version="1.6"><![CDATA[AcmeSSH_1.6 <beta>]]></example>
    <example service.version="1.7">AcmeSSH_1.7 &lt;beta&#62;</example>
    <example service.version="1.8" _encoding="base64">QWNtZVNT
      SF8xLjg=</example>
    <param pos="0" name="service.product" value="Acme &amp; Co"/>
    <param pos="1" name="service.version"/>
  </fingerprint>
  <fingerprint pattern="(?i)^acme" flags="REG_ICASE"><description>any Acme</description>
    <param pos="0" name="service.product" value="Acme"></param></fingerprint>
</fingerprints>"#;

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

#[test]
fn the_first_fingerprint_that_matches_counts() {
    let all = Fingerprints::load(directory(&[("ssh.xml", BANNERS)]).path()).unwrap();
    assert_eq!((all.len(), all.example_count()), (2, 4));
    assert_eq!(all.failing_examples(), []);
    let found = all.find("ssh.banner", b"AcmeSSH_2.0").unwrap().product().unwrap();
    assert_eq!((found.name.as_str(), found.version.as_deref()), ("Acme & Co", Some("2.0")));
    assert_eq!(all.find("ssh.banner", b"ACME").unwrap().get("service.product"), Some("Acme"));
    assert_eq!(all.find("ftp.banner", b"ACME"), None);
    assert_eq!(all.find("ssh.banner", b"OpenSSH"), None);
}

#[test]
fn the_more_trusted_database_is_asked_first() {
    let other = |preference: &str, product: &str| {
        format!(
            r#"<fingerprints matches="x" preference="{preference}"><fingerprint pattern="."><description>d</description>
            <param pos="0" name="service.product" value="{product}"/></fingerprint></fingerprints>"#
        )
    };
    let files = [("a.xml", other("0.2", "less")), ("b.xml", other(".8", "more"))];
    let all = Fingerprints::load(directory(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)]).path())
        .unwrap();
    assert_eq!(all.find("x", b"?").unwrap().get("service.product"), Some("more"));
}

#[test]
fn an_example_that_does_not_hold_is_told() {
    let wrong = BANNERS
        .replace("service.version=\"1.5\"", "service.version=\"9.9\"")
        .replace(">AcmeSSH_1.7", ">Other_1.7");
    let all = Fingerprints::load(directory(&[("ssh.xml", &wrong)]).path()).unwrap();
    let told: Vec<String> = all.failing_examples().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("ssh.xml: Acme SSH: service.version of \"AcmeSSH_1.5\""), "{told:?}");
}

#[test]
fn a_file_that_is_wrong_is_left_out_and_the_others_are_used() {
    let broken = [
        ("a.xml", "<fingerprints><fingerprint pattern=\"a\">"),
        ("b.xml", "<html/>"),
        ("c.xml", "<fingerprints><fingerprint/></fingerprints>"),
        (
            "d.xml",
            "<fingerprints><fingerprint pattern=\"a\"><param pos=\"0\" name=\"x\"/></fingerprint></fingerprints>",
        ),
        ("e.xml", "<fingerprints><fingerprint pattern=\"a\" flags=\"REG_ODD\"/></fingerprints>"),
        (
            "f.xml",
            "<fingerprints><fingerprint pattern=\"a\"><example>&evil;</example></fingerprint></fingerprints>",
        ),
        (
            "g.xml",
            "<fingerprints><fingerprint pattern=\"a\"><example _encoding=\"base64\">*</example></fingerprint></fingerprints>",
        ),
        (
            "h.xml",
            "<fingerprints><fingerprint pattern=\"a\"><param pos=\"99999\" name=\"x\"/></fingerprint></fingerprints>",
        ),
        ("ssh.xml", BANNERS),
    ];
    let all = Fingerprints::load(directory(&broken).path()).unwrap();
    let told: Vec<&str> = all.problems().iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(told, ["a.xml", "b.xml", "c.xml", "d.xml", "e.xml", "f.xml", "g.xml", "h.xml"]);
    assert!(all.problems().iter().all(|problem| !problem.reason.is_empty()));
    assert_eq!(all.len(), 2);
}

#[test]
fn a_pattern_that_cannot_be_compiled_matches_nothing_and_is_told() {
    let text = r#"<fingerprints matches="x"><fingerprint pattern="(?=a)a"><description>look</description></fingerprint></fingerprints>"#;
    let all = Fingerprints::load(directory(&[("x.xml", text)]).path()).unwrap();
    assert_eq!(all.find("x", b"a"), None);
    assert!(all.failing_examples()[0].reason.contains("does not compile"));
}

#[test]
fn a_directory_without_files_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Fingerprints::load(empty.path()), Err(LoadError::Empty { .. })));
    assert!(matches!(Fingerprints::load(&empty.path().join("none")), Err(LoadError::Directory { .. })));
}

#[test]
fn a_dot_is_one_character_of_text_and_one_byte_of_anything_else() {
    let text = r#"<fingerprints matches="x"><fingerprint pattern="^a.b$"><description>d</description></fingerprint></fingerprints>"#;
    let all = Fingerprints::load(directory(&[("x.xml", text)]).path()).unwrap();
    for (text, matches) in
        [(&b"a.b"[..], true), ("a·b".as_bytes(), true), (b"a\xffb", true), (b"a\xff\xffb", false)]
    {
        assert_eq!(all.find("x", text).is_some(), matches, "{text:?}");
    }
}

/// Every example of the public databases matches as its file says. They are not part of this
/// repository; without them only our own files are looked at.
#[test]
fn the_public_databases_hold_what_they_say() {
    let Some(path) = std::env::var_os(PUBLIC_DATABASES) else {
        println!("{PUBLIC_DATABASES} is not set: the public databases are not looked at");
        return;
    };
    let all = Fingerprints::load(Path::new(&path)).unwrap();
    println!("{} fingerprints, {} examples", all.len(), all.example_count());
    assert_eq!(all.problems(), []);
    let failing = all.failing_examples();
    for problem in &failing {
        println!("{problem}");
    }
    assert!(failing.is_empty(), "{} of {} examples fail", failing.len(), all.example_count());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_file_panics(cut in 0..BANNERS.len(), byte in any::<u8>(), text in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut bytes = BANNERS.as_bytes().to_vec();
        bytes[cut] = byte;
        let mangled = String::from_utf8_lossy(&bytes).into_owned();
        let all = Fingerprints::load(directory(&[("x.xml", &mangled)]).path()).unwrap();
        let found = all.find("ssh.banner", &text);
        prop_assert!(found.is_none() || !all.is_empty());
        prop_assert!(all.failing_examples().len() <= all.len() + all.example_count());
    }
}
