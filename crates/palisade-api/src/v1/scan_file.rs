//! The SCAN document of a scan that no server keeps: what `palisade scan` prints.

use palisade_app::{About, HostReport, ScanView};
use palisade_kb::KnowledgeBase;
use palisade_wire::{XmlWriter, dtd};

use crate::answer::end_report;
use crate::v1::scan_document::{Context, write_header_of, write_host};

/// The document as `scan_report.php` would answer it; its DOCTYPE names the DTD below `base_url`. Targets are
/// the view's text, as IPv6 hosts have no other place there.
#[must_use]
pub fn scan_file(
    view: &ScanView,
    about: &About,
    company: &str,
    kb: &KnowledgeBase,
    hosts: &[HostReport],
    base_url: &str,
) -> Vec<u8> {
    let mut xml = XmlWriter::document("SCAN", &dtd::SCAN.url(base_url));
    xml.open("SCAN", &[("value", view.scan.as_str())]);
    write_header_of(&mut xml, view, &view.target_text, about, company);
    for host in hosts {
        write_host(&mut xml, kb, host, Context::Saved);
    }
    end_report(&mut xml);
    xml.finish()
}
