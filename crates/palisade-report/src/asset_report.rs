//! What the reports on hosts have in common: the target, the hosts with their findings, the
//! glossary and the appendices. Streamed, because a subscription may have millions of findings.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_app::{
    App, AssetReport, HostRisk, ReportLists, ReportPiece, ReportSummary, ReportedFinding, ReportedHostHead,
    TrackingMethod,
};
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::report_template::{
    DisabledShown, HostTemplate, IgnoredShown, TemplateDisplay, TemplateFilter,
};
use palisade_model::{DetectionStatus, FindingKind, IpRange, IpSet, Qid, Timestamp};
use palisade_wire::XmlWriter;
use palisade_wire::date_time::date_time;

use crate::pages::{Disconnected, Pages, WriteError};
use crate::vulnerability::{
    filled, write_bugtraq, write_correlation, write_cves, write_cvss_base, write_text,
    write_vendor_references,
};

/// Who asks for a report, and when.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    pub company: &'a str,
    pub login: &'a str,
    pub at: Timestamp,
}

/// Which of the documents it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `ASSET_DATA_REPORT`, which tells its template.
    Report,
    /// `ASSET_RANGE_INFO`.
    Range,
}

/// Who asked, and when.
pub fn write_origin(xml: &mut XmlWriter, origin: &Origin<'_>) {
    let Origin { company, login, at } = origin;
    xml.cdata("COMPANY", company);
    xml.text("USERNAME", login);
    xml.text("GENERATION_DATETIME", &date_time(*at));
}

/// What comes before the hosts in a report with a template: header and risks.
pub fn write_head(
    xml: &mut XmlWriter,
    origin: &Origin<'_>,
    report: &AssetReport,
    summary: Option<ReportSummary>,
) {
    let (totals, risks) = match summary {
        Some(ReportSummary {
            vulnerabilities,
            security_risk,
            business_risk,
            hosts,
            active: _,
            matching: _,
        }) => (Some((vulnerabilities, security_risk, business_risk)), hosts),
        None => (None, Vec::new()),
    };
    xml.element("HEADER", &[], |xml| {
        write_origin(xml, origin);
        xml.cdata("TEMPLATE", report.title.as_deref().unwrap_or_default());
        write_target(xml, report);
        if let Some((vulnerabilities, security_risk, business_risk)) =
            totals.filter(|_| report.content.display.summary)
        {
            xml.element("RISK_SCORE_SUMMARY", &[], |xml| {
                xml.text("TOTAL_VULNERABILITIES", &vulnerabilities.to_string());
                xml.text("AVG_SECURITY_RISK", &format!("{security_risk:.1}"));
                xml.text("BUSINESS_RISK", &format!("{business_risk}/100"));
            });
        }
    });
    xml.list("RISK_SCORE_PER_HOST", risks, |xml, HostRisk { ip, vulnerabilities, security_risk }| {
        xml.element("HOSTS", &[], |xml| {
            xml.text("IP_ADDRESS", &ip.to_string());
            xml.text("TOTAL_VULNERABILITIES", &vulnerabilities.to_string());
            xml.text("SECURITY_RISK", &format!("{security_risk:.1}"));
        });
    });
}

/// What was asked for, and what it comes to.
pub fn write_target(xml: &mut XmlWriter, report: &AssetReport) {
    xml.element("TARGET", &[], |xml| {
        xml.list("USER_ASSET_GROUPS", &report.asset_groups, |xml, title| {
            xml.cdata("ASSET_GROUP_TITLE", title);
        });
        if let Some(ips) = &report.user_ips {
            write_ranges(xml, "USER_IP_LIST", ips);
        }
        write_ranges(xml, "COMBINED_IP_LIST", &report.target);
    });
}

/// A list of ranges; nothing without any.
pub(crate) fn write_ranges(xml: &mut XmlWriter, wrapper: &'static str, ips: &IpSet) {
    xml.list(wrapper, ips.ranges(), |xml, range| {
        xml.element("RANGE", &[], |xml| {
            xml.text("START", &range.first().to_string());
            xml.text("END", &range.last().to_string());
        });
    });
}

/// What the hosts add up to while they are sent.
#[derive(Default)]
struct Seen {
    /// Each with its line as findings have it, once it was written.
    qids: HashMap<Qid, Vec<u8>>,
    with_findings: Vec<Ipv4Addr>,
    without_findings: Vec<Ipv4Addr>,
}

/// The hosts with their findings, the glossary and the appendices. The root is open and its header
/// written.
///
/// # Errors
///
/// When nobody reads any more, or what is known cannot be read.
pub async fn write_body(
    pages: &mut Pages,
    app: &App,
    report: Arc<AssetReport>,
    document: Document,
) -> Result<(), WriteError> {
    let display = &report.content.display;
    let mut seen = Seen::default();
    if display.hosts || display.appendix {
        let mut pieces = app.asset_report_pieces(Arc::clone(&report));
        let mut is_host_open = false;
        while let Some(page) = pieces.recv().await {
            for piece in &page? {
                write_piece(&mut pages.xml, piece, display, &mut seen, &mut is_host_open);
                pages.percent().reached_host(piece.host.ip, &report.target);
                pages.turn().await?;
            }
        }
    }
    pages.xml.close_to_root();
    if display.glossary {
        let qids = seen.qids.keys().copied().collect();
        write_glossary(pages, &app.kb(), display, &qids).await?;
    }
    if display.appendix {
        write_appendices(&mut pages.xml, &report, &seen, document);
    }
    Ok(())
}

/// Writes what a piece shows. `HOST_LIST` and `HOST` are opened at the first finding of theirs.
fn write_piece(
    xml: &mut XmlWriter,
    piece: &ReportPiece,
    display: &TemplateDisplay,
    seen: &mut Seen,
    is_host_open: &mut bool,
) {
    for finding in piece.findings() {
        if !*is_host_open {
            *is_host_open = true;
            seen.with_findings.push(piece.host.ip);
            if display.hosts {
                open_host(xml, &piece.host, seen.with_findings.len() == 1);
            }
        }
        let qid_line = seen.qids.entry(finding.qid).or_default();
        if display.hosts {
            write_finding(xml, &finding, display, qid_line);
        }
    }
    if piece.ends {
        if !*is_host_open {
            seen.without_findings.push(piece.host.ip);
        } else if display.hosts {
            xml.close();
            xml.close();
        }
        *is_host_open = false;
    }
}

fn open_host(xml: &mut XmlWriter, host: &ReportedHostHead, is_first: bool) {
    let ReportedHostHead { id, ip, tracking, dns, netbios, os, os_cpe, asset_groups } = host;
    if is_first {
        xml.open("HOST_LIST", &[]);
    }
    xml.open("HOST", &[]);
    xml.address("IP", *ip);
    xml.text("TRACKING_METHOD", tracking_word(*tracking));
    xml.optional_text("HOST_ID", id.map(|id| id.to_string()).as_deref());
    xml.optional_cdata("DNS", dns.as_deref());
    xml.optional_cdata("NETBIOS", netbios.as_deref());
    xml.optional_cdata("OPERATING_SYSTEM", os.as_deref());
    xml.optional_cdata("OS_CPE", os_cpe.as_deref());
    xml.list("ASSET_GROUPS", asset_groups, |xml, title| xml.cdata("ASSET_GROUP_TITLE", title));
    xml.open("VULN_INFO_LIST", &[]);
}

pub(crate) const fn tracking_word(tracking: TrackingMethod) -> &'static str {
    match tracking {
        TrackingMethod::Ip => "IP",
        TrackingMethod::Dns => "DNS",
        TrackingMethod::Netbios => "NETBIOS",
    }
}

/// `qid_line` is filled when it is empty: a report has few QIDs and millions of findings.
fn write_finding(
    xml: &mut XmlWriter,
    finding: &ReportedFinding<'_>,
    display: &TemplateDisplay,
    qid_line: &mut Vec<u8>,
) {
    let ReportedFinding {
        qid,
        kind,
        port,
        service,
        tls,
        result,
        result_is_table,
        first_found_at,
        last_found_at,
        times_found,
        status,
        last_fixed_at,
        cvss,
        cvss3,
    } = finding;
    xml.open("VULN_INFO", &[]);
    if qid_line.is_empty() {
        let mut part = xml.part();
        write_qid(&mut part, *qid);
        *qid_line = part.into_part();
    }
    xml.append(qid_line);
    xml.text("TYPE", type_word(*kind));
    if let Some((port, transport)) = port {
        xml.number("PORT", u64::from(*port));
        xml.optional_text("SERVICE", *service);
        xml.text("PROTOCOL", transport.as_str());
    }
    xml.text("SSL", if *tls { "true" } else { "false" });
    if let Some(result) = filled(result).filter(|_| display.results) {
        if *result_is_table {
            xml.cdata_with("RESULT", &[("format", "table")], result);
        } else {
            xml.cdata("RESULT", result);
        }
    }
    if let Some(at) = first_found_at {
        xml.date_time("FIRST_FOUND", *at);
    }
    xml.date_time("LAST_FOUND", *last_found_at);
    if let Some(times) = times_found {
        xml.number("TIMES_FOUND", *times);
    }
    xml.optional_text("VULN_STATUS", status.map(DetectionStatus::as_str));
    if let Some(at) = last_fixed_at.filter(|_| *status == Some(DetectionStatus::Fixed)) {
        xml.date_time("LAST_FIXED", at);
    }
    if display.cvss && status.is_some() {
        xml.text("CVSS_FINAL", cvss.unwrap_or("-"));
        xml.optional_text("CVSS3_FINAL", *cvss3);
    }
    xml.close();
}

fn write_qid(xml: &mut XmlWriter, qid: Qid) {
    let id = format!("qid_{qid}");
    xml.text_with("QID", &[("id", &id)], id.get(4..).unwrap_or_default());
}

pub(crate) const fn type_word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Vulnerability => "Vuln",
        FindingKind::Potential => "Practice",
        FindingKind::Information | FindingKind::Service => "Ig",
    }
}

async fn write_glossary(
    pages: &mut Pages,
    kb: &KnowledgeBase,
    display: &TemplateDisplay,
    qids: &BTreeSet<Qid>,
) -> Result<(), Disconnected> {
    if qids.is_empty() {
        return Ok(());
    }
    pages.xml.open("GLOSSARY", &[]);
    pages.xml.open("VULN_DETAILS_LIST", &[]);
    for entry in qids.iter().filter_map(|qid| kb.entry(*qid)) {
        write_details(&mut pages.xml, entry, display);
        pages.turn().await?;
    }
    pages.xml.close_to_root();
    Ok(())
}

fn write_details(xml: &mut XmlWriter, entry: &Entry, display: &TemplateDisplay) {
    let Entry {
        qid,
        title,
        severity,
        standard_severity: _, // no element for it
        kind: _,              // told with each finding
        category,
        cves,
        bugtraq,
        vendor_references,
        cvss_base,
        cvss_temporal,
        pci,
        patchable: _, // no element for these
        remote: _,
        auth_types: _,
        published_at: _,
        updated_at,
        threat,
        impact,
        solution,
        intelligence,
        custom,
    } = entry;
    let [on_threat, on_impact, on_solution] = entry.comments();
    xml.element("VULN_DETAILS", &[("id", &format!("qid_{qid}"))], |xml| {
        write_qid(xml, *qid);
        xml.cdata("TITLE", title);
        xml.text("SEVERITY", &severity.to_string());
        xml.text("CATEGORY", category);
        if custom.as_ref().is_some_and(|custom| custom.severity.is_some()) {
            xml.element("CUSTOMIZED", &[], |xml| xml.text("CUSTOM_SEVERITY", "1"));
        }
        for (is_told, element, text, comment) in [
            (display.threat, "THREAT", threat, on_threat),
            (display.impact, "IMPACT", impact, on_impact),
            (display.solution, "SOLUTION", solution, on_solution),
        ] {
            if is_told {
                write_text(xml, element, text, comment);
            }
        }
        xml.text("PCI_FLAG", if *pci { "1" } else { "0" });
        write_correlation(xml, entry, "EXPLOITABILITY");
        xml.date_time("LAST_UPDATE", *updated_at);
        if display.cvss && (cvss_base.is_some() || cvss_temporal.is_some()) {
            xml.element("CVSS_SCORE", &[], |xml| {
                write_cvss_base(xml, "CVSS_BASE", Some(cvss_base.as_deref().unwrap_or("-")), cves);
                xml.text("CVSS_TEMPORAL", cvss_temporal.as_deref().unwrap_or("-"));
            });
        }
        write_vendor_references(xml, vendor_references);
        write_cves(xml, ["CVE_ID_LIST", "CVE_ID"], cves);
        write_bugtraq(xml, ["BUGTRAQ_ID_LIST", "BUGTRAQ_ID"], bugtraq);
        if let Some(score) = intelligence.cvss3.as_ref().filter(|_| display.cvss) {
            xml.element("CVSS3_SCORE", &[], |xml| {
                xml.text("CVSS3_BASE", &score.text());
                xml.text("CVSS3_TEMPORAL", "-");
            });
        }
    });
}

fn write_appendices(xml: &mut XmlWriter, report: &AssetReport, seen: &Seen, document: Document) {
    let set = |ips: &[Ipv4Addr]| -> IpSet { ips.iter().filter_map(|ip| IpRange::new(*ip, *ip)).collect() };
    let without_findings = set(&seen.without_findings);
    let scanned = set(&seen.with_findings).union(&without_findings);
    let no_results = report.target.difference(&scanned);
    let is_told = document == Document::Report || !no_results.is_empty() || !without_findings.is_empty();
    if !is_told {
        return;
    }
    xml.element("APPENDICES", &[], |xml| {
        for (element, ips) in [("NO_RESULTS", &no_results), ("NO_VULNS", &without_findings)] {
            if !ips.is_empty() {
                xml.element(element, &[], |xml| write_ranges(xml, "IP_LIST", ips));
            }
        }
        if document == Document::Report {
            xml.element("TEMPLATE_DETAILS", &[], |xml| write_template(xml, &report.content, &report.lists));
        }
    });
}

/// The template's filters, for people.
fn write_template(xml: &mut XmlWriter, content: &HostTemplate, lists: &ReportLists) {
    let TemplateFilter {
        vulnerabilities,
        potential,
        information,
        disabled,
        ignored,
        statuses,
        categories,
        qids,
        search_lists: _, // these two by their titles
        excluded_qids,
        excluded_search_lists: _,
        operating_systems,
        timeframe_days,
    } = &content.filter;
    let numbers = |qids: &[Qid]| {
        let numbers: Vec<String> = qids.iter().map(Qid::to_string).collect();
        Some(numbers.join(", ")).filter(|text| !text.is_empty())
    };
    let listed =
        |texts: &[String], all: &str| if texts.is_empty() { all.to_owned() } else { texts.join(", ") };
    let statuses: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    let timeframe = timeframe_days.map_or("All".to_owned(), |days| format!("Last {days} days"));
    let ReportLists { wanted, excluded } = lists;
    let titles = |titles: &[String]| Some(titles.join(", ")).filter(|text| !text.is_empty());
    xml.optional_cdata("VULN_LISTS", titles(wanted).as_deref());
    xml.optional_text("SELECTIVE_VULNS", numbers(qids).as_deref());
    xml.optional_cdata("EXCLUDED_VULN_LISTS", titles(excluded).as_deref());
    xml.optional_text("EXCLUDED_VULNS", numbers(excluded_qids).as_deref());
    let mut lines = vec![
        format!("Status:{}", statuses.join(", ")),
        "Vulnerabilities:".to_owned(),
        format!("Severity:{vulnerabilities}"),
        "Potential Vulnerabilities:".to_owned(),
        format!("Severity:{potential}"),
        "Information Gathered:".to_owned(),
        format!("Severity:{information}"),
        "Timeframe:".to_owned(),
        timeframe,
        "Included Categories:".to_owned(),
        listed(categories, "All Categories"),
        "Included Operating Systems:".to_owned(),
        listed(operating_systems, "All Operating Systems"),
    ];
    let of_kinds = |title: &str, shown: [bool; 3]| {
        let kinds = ["Vulnerabilities", "Potential Vulnerabilities", "Information Gathered"];
        let kinds = kinds.into_iter().zip(shown).filter_map(|(kind, shown)| shown.then_some(kind));
        let kinds: Vec<&str> = kinds.collect();
        (!kinds.is_empty()).then(|| [title.to_owned(), kinds.join(", ")])
    };
    let DisabledShown { vulnerabilities, potential, information } = *disabled;
    lines.extend(
        of_kinds("Included Disabled:", [vulnerabilities, potential, information]).into_iter().flatten(),
    );
    let IgnoredShown { vulnerabilities, potential } = *ignored;
    lines.extend(of_kinds("Included Ignored:", [vulnerabilities, potential, false]).into_iter().flatten());
    xml.padded_lines("FILTER_SUMMARY", &lines);
}
