//! The SCAN document: one renderer for the answer of scan.php and for saved reports. Order of
//! elements and CDATA sections are what clients depend on.

use std::collections::BTreeMap;

use palisade_app::{About, HostReport, LaunchType, ScanView};
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::cve::Cvss;
use palisade_model::{Finding, FindingKind, ScanStatus, Transport};
use palisade_wire::XmlWriter;
use palisade_wire::date_time::{date_time, duration};

use crate::v1::vulnerability::{
    filled, write_bugtraq, write_correlation, write_cves, write_cvss_base, write_texts,
    write_vendor_references,
};

/// The two places a SCAN document appears in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// While the scan is watched: hosts carry a status, silent ones included.
    Live,
    /// A saved report: only hosts that answered.
    Saved,
}

/// What clients show for a host without a name.
const NO_NAME: &str = "No registered hostname";

/// A section of a host and the element of its findings, in the order of the document.
const SECTIONS: [(FindingKind, &str, &str); 4] = [
    (FindingKind::Information, "INFOS", "INFO"),
    (FindingKind::Service, "SERVICES", "SERVICE"),
    (FindingKind::Vulnerability, "VULNS", "VULN"),
    (FindingKind::Potential, "PRACTICES", "PRACTICE"),
];

/// One `KEY` with a machine's value.
pub(super) fn write_key(xml: &mut XmlWriter, key: &str, value: &str) {
    xml.text_with("KEY", &[("value", key)], value);
}

/// The asset groups a scan was aimed at, if it was.
pub(super) fn write_asset_groups(xml: &mut XmlWriter, titles: &[String]) {
    xml.list("ASSET_GROUPS", titles, |xml, title| {
        xml.element("ASSET_GROUP", &[], |xml| xml.cdata("ASSET_GROUP_TITLE", title));
    });
}

/// The option profile a scan was launched with.
pub(super) fn write_option_profile(xml: &mut XmlWriter, title: &str, is_default: bool) {
    let default = if is_default { "1" } else { "0" };
    xml.element("OPTION_PROFILE", &[], |xml| {
        xml.cdata_with("OPTION_PROFILE_TITLE", &[("option_profile_default", default)], title);
    });
}

/// What there is to say about the scan as a whole.
pub(super) fn write_header(xml: &mut XmlWriter, view: &ScanView, about: &About, company: &str) {
    write_header_of(xml, view, &view.targets.to_string(), about, company);
}

/// The same of a scan whose targets are more than its IPv4 addresses.
pub(super) fn write_header_of(
    xml: &mut XmlWriter,
    view: &ScanView,
    targets: &str,
    about: &About,
    company: &str,
) {
    let About { web_version, scanner_version, signatures_version } = about;
    let scan_host = format!(
        "{} (Scanner {scanner_version}, Web {web_version}, Vulnerability Signatures {signatures_version})",
        view.scanner_name
    );
    xml.element("HEADER", &[], |xml| {
        write_key(xml, "USERNAME", view.user.as_str());
        xml.cdata_with("KEY", &[("value", "COMPANY")], company);
        write_key(xml, "DATE", &date_time(view.launched_at));
        xml.cdata_with("KEY", &[("value", "TITLE")], &view.title);
        xml.cdata_with("KEY", &[("value", "TARGET")], targets);
        write_key(xml, "DURATION", &duration(view.duration_s));
        write_key(xml, "SCAN_HOST", &scan_host);
        write_key(xml, "NBHOST_ALIVE", &view.hosts_alive.to_string());
        write_key(xml, "NBHOST_TOTAL", &view.hosts_total.to_string());
        write_key(xml, "REPORT_TYPE", report_type(view.launch_type, view.option_is_default));
        xml.cdata_with("KEY", &[("value", "OPTIONS")], &view.options_text);
        write_key(xml, "STATUS", status_word(view.status));
        write_asset_groups(xml, &view.asset_groups);
        write_option_profile(xml, &view.option_title, view.option_is_default);
    });
}

/// Version 1 has no word of its own for a scan that goes on after a pause.
pub(super) const fn status_word(status: ScanStatus) -> &'static str {
    match status {
        ScanStatus::Resuming => ScanStatus::Running.as_str(),
        status => status.as_str(),
    }
}

pub(super) const fn report_type(launch_type: LaunchType, option_is_default: bool) -> &'static str {
    match launch_type {
        LaunchType::OnDemand => "On-demand",
        LaunchType::Scheduled => "Scheduled",
        LaunchType::Api if option_is_default => "API (default option profile)",
        LaunchType::Api => "API (selected option profile)",
    }
}

/// One host with its findings.
pub(super) fn write_host(xml: &mut XmlWriter, kb: &KnowledgeBase, host: &HostReport, context: Context) {
    let HostReport { address, name, os, os_cpe, netbios, alive, findings } = host;
    let address = address.to_string();
    let mut attributes = vec![("value", address.as_str()), ("name", name.as_deref().unwrap_or(NO_NAME))];
    match (context, alive) {
        (Context::Live, true) => attributes.push(("status", "Finish")),
        (Context::Live, false) => {
            attributes.push(("status", "down"));
            xml.empty("IP", &attributes);
            return;
        }
        (Context::Saved, true) => {}
        (Context::Saved, false) => return,
    }
    let known = with_entries(kb, findings);
    xml.element("IP", &attributes, |xml| {
        xml.optional_cdata("OS", os.as_deref());
        xml.optional_cdata("OS_CPE", os_cpe.as_deref());
        xml.optional_cdata("NETBIOS_HOSTNAME", netbios.as_deref());
        for (kind, section, element) in SECTIONS {
            write_section(xml, section, element, known.iter().filter(|(_, entry)| entry.kind == kind));
        }
    });
}

/// Each finding with its entry. Content may be older than a stored finding; such a finding has no
/// text and no severity, so it is left out.
fn with_entries<'a>(kb: &'a KnowledgeBase, findings: &'a [Finding]) -> Vec<(&'a Finding, &'a Entry)> {
    findings
        .iter()
        .filter_map(|finding| {
            let entry = kb.entry(finding.qid);
            if entry.is_none() {
                tracing::warn!(qid = %finding.qid, "a finding is not in the KnowledgeBase");
            }
            entry.map(|entry| (finding, entry))
        })
        .collect()
}

/// What the findings of one CAT have in common: port, transport protocol and category.
type Group<'a> = (Option<u16>, Option<Transport>, &'a str);

/// Findings of one kind, grouped by port and category: those of the host itself first, then by
/// port; the worst first within a group.
fn write_section<'a>(
    xml: &mut XmlWriter,
    section: &'static str,
    element: &'static str,
    findings: impl Iterator<Item = &'a (&'a Finding, &'a Entry)>,
) {
    let mut groups: BTreeMap<Group<'_>, Vec<(&Finding, &Entry)>> = BTreeMap::new();
    for (finding, entry) in findings {
        let group =
            (finding.port, finding.transport.filter(|_| finding.port.is_some()), entry.category.as_str());
        groups.entry(group).or_default().push((finding, entry));
    }
    xml.list(section, groups, |xml, ((port, transport, category), mut findings)| {
        findings.sort_by_key(|(_, entry)| (std::cmp::Reverse(entry.severity), entry.qid));
        let port = port.map(|port| port.to_string());
        let mut attributes = vec![("value", category)];
        attributes.extend(port.as_deref().map(|port| ("port", port)));
        attributes.extend(transport.map(|transport| ("protocol", transport.as_str())));
        xml.element("CAT", &attributes, |xml| {
            for (finding, entry) in findings {
                write_finding(xml, element, finding, entry);
            }
        });
    });
}

fn write_finding(xml: &mut XmlWriter, element: &'static str, finding: &Finding, entry: &Entry) {
    let Entry {
        qid,
        title,
        severity,
        standard_severity: _, // no element for it
        kind,
        category: _, // stands in the CAT around
        cves,
        bugtraq,
        vendor_references,
        cvss_base,
        cvss_temporal,
        pci,
        updated_at,
        intelligence,
        threat: _, // these and the remarks on them are written together
        impact: _,
        solution: _,
        custom: _,
        patchable: _, // no element for these
        remote: _,
        auth_types: _,
        published_at: _,
    } = entry;
    let (number, severity, cve_list) = (qid.to_string(), severity.to_string(), cves.join(","));
    let mut attributes = vec![("number", number.as_str()), ("severity", &severity)];
    if kind.is_detection() && !cves.is_empty() {
        attributes.push(("cveid", &cve_list));
    }
    xml.element(element, &attributes, |xml| {
        xml.cdata("TITLE", title);
        xml.cdata("LAST_UPDATE", &date_time(*updated_at));
        write_cvss_base(xml, "CVSS_BASE", cvss_base.as_deref(), cves);
        xml.optional_text("CVSS_TEMPORAL", cvss_temporal.as_deref());
        xml.optional_text("CVSS3_BASE", intelligence.cvss3.as_ref().map(Cvss::text).as_deref());
        xml.text("PCI_FLAG", if *pci { "1" } else { "0" });
        write_vendor_references(xml, vendor_references);
        write_cves(xml, ["CVE_ID_LIST", "CVE_ID"], cves);
        write_bugtraq(xml, ["BUGTRAQ_ID_LIST", "BUGTRAQ_ID"], bugtraq);
        write_texts(xml, entry, ["DIAGNOSIS", "CONSEQUENCE", "SOLUTION"]);
        write_correlation(xml, entry, "EXPLOITABILITY");
        write_result(xml, finding);
    });
}

fn write_result(xml: &mut XmlWriter, finding: &Finding) {
    let Finding { qid: _, port: _, transport: _, tls: _, result, table } = finding;
    if let Some(result) = filled(result) {
        let format: &[(&str, &str)] = if *table { &[("format", "table")] } else { &[] };
        xml.cdata_with("RESULT", format, result);
    }
}
