//! Validation of XML answers with `xmllint`. The tool is required: a check that is skipped when
//! its tool is missing proves nothing.

use std::fs;
use std::process::Command;

/// Fails the test when `xml` is not valid against the document type in `dtd`. Nothing is fetched.
///
/// # Panics
///
/// When the document is not valid, and when `xmllint` (Debian: libxml2-utils) is not installed.
#[track_caller]
pub fn assert_valid(xml: &[u8], dtd: &str) {
    if let Some(fault) = fault(xml, dtd) {
        panic!("not valid:\n{fault}\n{}", String::from_utf8_lossy(xml));
    }
}

/// What `xmllint` says against the document; `None` for a valid one.
fn fault(xml: &[u8], dtd: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (document, definition) = (folder.path().join("answer.xml"), folder.path().join("type.dtd"));
    fs::write(&document, xml).expect("the answer can be written");
    fs::write(&definition, dtd).expect("the document type can be written");
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--dtdvalid"])
        .args([&definition, &document])
        .output()
        .expect("xmllint is installed (Debian package libxml2-utils)");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{assert_valid, fault};

    const DTD: &str = "<!ELEMENT A (B)><!ELEMENT B (#PCDATA)>";

    #[test]
    fn a_valid_document_passes() {
        assert_valid(b"<A><B>x</B></A>", DTD);
    }

    #[test]
    fn an_invalid_document_is_refused_with_the_reason() {
        let fault = fault(b"<A><C/></A>", DTD).expect("C is not declared");
        assert!(fault.contains("Element A content does not follow the DTD"), "{fault}");
    }
}
