//! How the KnowledgeBase is written: one `VULN` an entry.

use palisade_kb::Entry;
use palisade_model::cve::Cvss;
use palisade_wire::XmlWriter;

use crate::v1::vulnerability::{
    metric_word, metrics_of_base, type_title, write_bugtraq, write_correlation, write_cves, write_cvss_base,
    write_texts, write_vendor_references,
};

/// From which score on the card industry wants a vulnerability repaired, in tenths.
const PCI_TENTHS: u16 = 40;

/// Elements that are shown on request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// How scores were reached.
    pub(super) metrics: bool,
    pub(super) pci_reasons: bool,
    pub(super) modules: bool,
    pub(super) disabled: bool,
}

fn flag(xml: &mut XmlWriter, element: &str, on: bool) {
    xml.text(element, if on { "1" } else { "0" });
}

pub(super) fn write_vulnerability(xml: &mut XmlWriter, entry: &Entry, shown: Shown) {
    let Entry {
        qid,
        title,
        severity,
        standard_severity: _, // no element for it
        kind,
        category,
        cves,
        bugtraq,
        vendor_references,
        cvss_base: _, // scores are written together
        cvss_temporal: _,
        pci,
        patchable,
        updated_at,
        published_at,
        threat: _, // so are texts and the remarks on them
        impact: _,
        solution: _,
        remote: _, // how it is found is written together
        auth_types: _,
        intelligence,
        custom,
    } = entry;
    xml.element("VULN", &[], |xml| {
        xml.text("QID", &qid.to_string());
        xml.text("VULN_TYPE", type_title(*kind));
        xml.text("SEVERITY_LEVEL", &severity.to_string());
        xml.cdata("TITLE", title);
        xml.text("CATEGORY", category);
        if let Some(custom) = custom {
            xml.element("LAST_CUSTOMIZATION", &[], |xml| {
                xml.date_time("DATETIME", custom.modified_at);
                xml.text("USER_LOGIN", custom.modified_by.as_str());
            });
        }
        xml.date_time("LAST_SERVICE_MODIFICATION_DATETIME", *updated_at);
        xml.date_time("PUBLISHED_DATETIME", *published_at);
        write_bugtraq(xml, ["BUGTRAQ_LIST", "BUGTRAQ"], bugtraq);
        flag(xml, "PATCHABLE", *patchable);
        xml.list("SOFTWARE_LIST", &intelligence.software, |xml, (vendor, product)| {
            xml.element("SOFTWARE", &[], |xml| {
                xml.cdata("PRODUCT", product);
                xml.cdata("VENDOR", vendor);
            });
        });
        write_vendor_references(xml, vendor_references);
        write_cves(xml, ["CVE_LIST", "CVE"], cves);
        write_texts(xml, entry, ["DIAGNOSIS", "CONSEQUENCE", "SOLUTION"]);
        write_correlation(xml, entry, "EXPLOITS");
        write_scores(xml, entry, shown);
        flag(xml, "PCI_FLAG", *pci);
        if shown.pci_reasons && *pci {
            xml.element("PCI_REASONS", &[], |xml| xml.text("PCI_REASON", pci_reason(entry)));
        }
        xml.list("THREAT_INTELLIGENCE", threats(entry), |xml, (id, name)| {
            xml.text_with("THREAT_INTEL", &[("id", &id.to_string())], name);
        });
        if shown.modules {
            xml.text("SUPPORTED_MODULES", "VM");
        }
        write_discovery(xml, entry);
        if shown.disabled {
            flag(xml, "IS_DISABLED", entry.is_disabled());
        }
    });
}

/// `CVSS` and `CVSS_V3`, as far as there are scores.
fn write_scores(xml: &mut XmlWriter, entry: &Entry, shown: Shown) {
    if let Some(base) = &entry.cvss_base {
        xml.element("CVSS", &[], |xml| {
            write_cvss_base(xml, "BASE", Some(base), &entry.cves);
            xml.optional_text("TEMPORAL", entry.cvss_temporal.as_deref());
            if let Some(score) = metrics_of_base(entry).filter(|_| shown.metrics) {
                xml.text("VECTOR_STRING", &score.vector);
                write_metrics(xml, score, 2, "ACCESS");
                xml.optional_text("AUTHENTICATION", metric_word(score, 2, "Au").as_deref());
            }
        });
    }
    let Some(score) = &entry.intelligence.cvss3 else { return };
    xml.element("CVSS_V3", &[], |xml| {
        xml.text("BASE", &score.text());
        if !shown.metrics || score.vector.is_empty() {
            return;
        }
        xml.text("VECTOR_STRING", &score.vector);
        xml.optional_text("CVSS3_VERSION", score.metric("CVSS"));
        write_metrics(xml, score, 3, "ATTACK");
        for (element, metric) in [("PRIVILEGES_REQUIRED", "PR"), ("USER_INTERACTION", "UI"), ("SCOPE", "S")] {
            xml.optional_text(element, metric_word(score, 3, metric).as_deref());
        }
    });
}

/// How it is reached, and what it does.
fn write_metrics(xml: &mut XmlWriter, score: &Cvss, version: u8, access: &'static str) {
    let groups = [
        (access, [("VECTOR", "AV"), ("COMPLEXITY", "AC")].as_slice()),
        ("IMPACT", &[("CONFIDENTIALITY", "C"), ("INTEGRITY", "I"), ("AVAILABILITY", "A")]),
    ];
    for (group, metrics) in groups {
        let words =
            metrics.iter().filter_map(|(name, metric)| Some((name, metric_word(score, version, metric)?)));
        xml.list(group, words, |xml, (name, word)| xml.text(name, &word));
    }
}

/// Why it fails a scan for the card industry.
fn pci_reason(entry: &Entry) -> &'static str {
    let tenths = entry.cvss_base.as_ref().and_then(|score| score.replace('.', "").parse::<u16>().ok());
    if tenths.is_some_and(|tenths| tenths >= PCI_TENTHS) {
        "The CVSS base score is 4.0 or higher."
    } else {
        "PCI DSS names it."
    }
}

/// The kinds of threats: those that public lists show, and whether there is a patch.
fn threats(entry: &Entry) -> Vec<(u32, &'static str)> {
    let mut threats = entry.intelligence.threats();
    if entry.kind.is_detection() && !entry.patchable {
        threats.push((8, "No_Patch"));
        threats.sort_unstable();
    }
    threats
}

fn write_discovery(xml: &mut XmlWriter, entry: &Entry) {
    let information = [
        (entry.patchable, "Patch Available"),
        (entry.intelligence.known_exploited.is_some(), "Exploit Available"),
        (
            entry.intelligence.known_exploited.as_ref().is_some_and(|known| known.ransomware),
            "Malware Associated",
        ),
    ];
    let information: Vec<&str> =
        information.into_iter().filter_map(|(holds, words)| holds.then_some(words)).collect();
    xml.element("DISCOVERY", &[], |xml| {
        flag(xml, "REMOTE", entry.remote);
        xml.list("AUTH_TYPE_LIST", &entry.auth_types, |xml, name| xml.text("AUTH_TYPE", name));
        if !information.is_empty() {
            xml.text("ADDITIONAL_INFO", &information.join(", "));
        }
    });
}
