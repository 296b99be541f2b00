//! `get_host_info.php`: one host, and how it is vulnerable.

use std::net::Ipv4Addr;

use palisade_app::{App, HostInfo, HostKey, OwnerView, ReportedFinding, Ticket};
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::{FindingKind, Qid};
use palisade_wire::date_time::date_time;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, Rule, XmlWriter, dtd};

use crate::answer::Answer;
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;
use crate::v1::asset_ip_list::tracking_title;
use crate::v1::pages::{Disconnected, Pages};
use crate::v1::vulnerability::{
    filled, write_bugtraq, write_correlation, write_cves, write_vendor_references,
};

pub const HOST_IP: Parameter =
    Parameter::new("host_ip", ParameterKind::IpSet, "192.0.2.4", "The host's address; one only.");
pub const HOST_DNS: Parameter = Parameter::new(
    "host_dns",
    ParameterKind::Text { max_chars: 255 },
    "www.scans.example",
    "The host's DNS name, in full. Upper and lower case are the same.",
);
pub const HOST_NETBIOS: Parameter = Parameter::new(
    "host_netbios",
    ParameterKind::Text { max_chars: 255 },
    "HOST4",
    "The host's NetBIOS name. Upper and lower case are the same.",
);
pub const GENERAL_INFO: Parameter = Parameter::new(
    "general_info",
    ParameterKind::ZeroOne,
    "1",
    "1 shows names, operating system, last scan, comment, owner, and the asset groups that the host is in with \
     the users they are assigned to.",
)
.default("0");
pub const VULN_DETAILS: Parameter = Parameter::new(
    "vuln_details",
    ParameterKind::ZeroOne,
    "1",
    "1 shows the vulnerabilities that are neither fixed nor ignored, and the information gathered by the last scan whose \
     results are stored.",
)
.default("0");
pub const TICKET_DETAILS: Parameter = Parameter::new(
    "ticket_details",
    ParameterKind::ZeroOne,
    "1",
    "1 shows the host's remediation tickets; a host without any has no such section.",
)
.default("0");

const fn levels(name: &'static str, description: &'static str) -> Parameter {
    let kind = ParameterKind::Titles { max_items: 5, max_chars: 1 };
    Parameter::new(name, kind, "4,5", description).default("all levels")
}

pub const VULN_SEVERITY: Parameter =
    levels("vuln_severity", "Only confirmed vulnerabilities of these severities, 1 to 5.");
pub const POTENTIAL_VULN_SEVERITY: Parameter =
    levels("potential_vuln_severity", "Only potential vulnerabilities of these severities, 1 to 5.");
pub const IG_SEVERITY: Parameter =
    levels("ig_severity", "Only information gathered of these severities, 1 to 5.");

pub const CALL: Call = Call {
    script: "get_host_info.php",
    summary: "Show one host",
    description: &[
        "Shows what is known about one host of the subscription. SECURITY_RISK is the highest severity among \
         its confirmed and potential vulnerabilities that are neither fixed nor ignored, 0 without any. Several \
         hosts of the same name: the one with the lowest address is shown.",
    ],
    parameters: &[
        HOST_IP,
        HOST_DNS,
        HOST_NETBIOS,
        GENERAL_INFO,
        VULN_DETAILS,
        TICKET_DETAILS,
        VULN_SEVERITY,
        POTENTIAL_VULN_SEVERITY,
        IG_SEVERITY,
    ],
    rules: &[
        Rule::OneOf(&["host_ip", "host_dns", "host_netbios"]),
        Rule::AtLeastOneOf(&["general_info", "vuln_details", "ticket_details"]),
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    root: "HOST",
    dtd: &dtd::GET_HOST_INFO,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("host_ip", "192.0.2.4"), ("general_info", "1"), ("vuln_details", "1")],
        description: "Show a host with its vulnerabilities.",
    },
};

/// The elements of the severities, the worst first.
const LEVELS: [(u8, &str); 5] = [
    (5, "SEVERITY_LEVEL_5"),
    (4, "SEVERITY_LEVEL_4"),
    (3, "SEVERITY_LEVEL_3"),
    (2, "SEVERITY_LEVEL_2"),
    (1, "SEVERITY_LEVEL_1"),
];

/// The three lists, in the order of the document, and the severities shown of each.
struct Sections([(&'static str, &'static [FindingKind], Vec<u8>); 3]);

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let sections = Sections([
        ("VULNS", &[FindingKind::Vulnerability], severities(arguments, &VULN_SEVERITY)?),
        ("POTENTIAL_VULNS", &[FindingKind::Potential], severities(arguments, &POTENTIAL_VULN_SEVERITY)?),
        (
            "INFO_GATHERED",
            &[FindingKind::Information, FindingKind::Service],
            severities(arguments, &IG_SEVERITY)?,
        ),
    ]);
    let host = request.app.host_info(&request.actor, host_key(arguments)?).await?;
    let tickets = if arguments.switch(&TICKET_DETAILS) {
        request.app.host_tickets(&request.actor, host.ip).await?
    } else {
        Vec::new()
    };
    let (mut pages, answer) = Pages::new(request.document());
    pages.xml.open(CALL.root, &[]);
    write_host(&mut pages.xml, &host, arguments.switch(&GENERAL_INFO));
    let with_findings = arguments.switch(&VULN_DETAILS);
    let app = request.app;
    tokio::spawn(async move {
        let groups = if with_findings { groups(&app, &host, &sections) } else { Vec::new() };
        // A client that hung up has nothing left to be told.
        let _ = send(pages, &app, &host, groups, &tickets).await;
    });
    Ok(answer)
}

/// One severity of one list.
struct Group {
    section: &'static str,
    level: &'static str,
    qids: Vec<Qid>,
}

/// The severities of the lists in the order of the document; those without findings are left out.
fn groups(app: &App, host: &HostInfo, sections: &Sections) -> Vec<Group> {
    let kb = app.kb();
    let entries: Vec<&Entry> = host.qids().into_iter().filter_map(|qid| kb.entry(qid)).collect();
    let mut groups = Vec::new();
    for (section, kinds, severities) in &sections.0 {
        for (level, element) in LEVELS.iter().filter(|(level, _)| severities.contains(level)) {
            let here = entries
                .iter()
                .filter(|entry| kinds.contains(&entry.kind) && entry.severity.level() == *level);
            groups.push(Group { section, level: element, qids: here.map(|entry| entry.qid).collect() });
        }
    }
    groups.retain(|group| !group.qids.is_empty());
    groups
}

/// Sends the findings and the tickets, and ends the document. Lists and severities are opened at
/// their first finding.
async fn send(
    mut pages: Pages,
    app: &App,
    host: &HostInfo,
    groups: Vec<Group>,
    tickets: &[Ticket],
) -> Result<(), Disconnected> {
    let qids = groups.iter().map(|group| group.qids.clone()).collect();
    let mut pieces = app.read_host_findings(host, qids);
    let mut open: Option<(&'static str, &'static str)> = None;
    let mut known = Known::default();
    let kb = app.kb();
    // Without groups nothing is read.
    while let Some(piece) = pieces.recv().await {
        let (place, piece) = match piece {
            Ok(piece) => piece,
            Err(error) => return pages.break_off(&error).await,
        };
        let Some(group) = groups.get(place) else { continue };
        for finding in piece.findings() {
            let Some(entry) = kb.entry(finding.qid) else { continue };
            if open != Some((group.section, group.level)) {
                match open {
                    Some((section, _)) if section == group.section => pages.xml.close(),
                    Some(_) | None => {
                        pages.xml.close_to_root();
                        pages.xml.open(group.section, &[]);
                    }
                }
                pages.xml.open(group.level, &[]);
                open = Some((group.section, group.level));
            }
            write_finding(&mut pages.xml, &finding, entry, &mut known);
            pages.turn().await?;
        }
    }
    if open.is_some() {
        pages.xml.close_to_root();
    }
    write_tickets(&mut pages.xml, &kb, tickets);
    pages.end().await
}

fn host_key(arguments: &Arguments) -> Result<HostKey, CallError> {
    if let Some(name) = arguments.text(&HOST_DNS) {
        return Ok(HostKey::Dns(name.to_owned()));
    }
    if let Some(name) = arguments.text(&HOST_NETBIOS) {
        return Ok(HostKey::Netbios(name.to_owned()));
    }
    let only = arguments.ip_set(&HOST_IP).filter(|ips| ips.count() == 1);
    let ip: Option<Ipv4Addr> = only.and_then(|ips| ips.iter().next());
    ip.map(HostKey::Ip).ok_or_else(|| invalid(arguments, &HOST_IP, "Expecting one address."))
}

/// The severities asked for; all when the parameter is absent.
fn severities(arguments: &Arguments, parameter: &'static Parameter) -> Result<Vec<u8>, CallError> {
    let Some(titles) = arguments.titles(parameter) else { return Ok((1..=5).collect()) };
    let level = |text: &String| text.parse().ok().filter(|level| (1..=5).contains(level));
    let levels: Option<Vec<u8>> = titles.iter().map(level).collect();
    levels.ok_or_else(|| invalid(arguments, parameter, "Expecting severities from 1 to 5."))
}

fn invalid(arguments: &Arguments, parameter: &Parameter, reason: &str) -> CallError {
    let written: String = arguments.written(parameter).unwrap_or_default().chars().take(200).collect();
    CallError::Refused(Refusal::new(
        5000,
        format!("Invalid value for '{}' : {written}. {reason}", parameter.name),
    ))
}

fn write_host(xml: &mut XmlWriter, host: &HostInfo, general: bool) {
    let HostInfo {
        ip,
        tracking,
        dns,
        netbios,
        os,
        comment,
        owner,
        last_scan_at,
        security_risk,
        asset_groups,
        users,
        business_units,
        records,
        .. // the findings are read later
    } = host;
    xml.text("TRACKING_METHOD", tracking_title(*tracking));
    xml.text("SECURITY_RISK", &security_risk.to_string());
    xml.address("IP", *ip);
    if !general {
        return;
    }
    xml.optional_cdata("DNS", dns.as_deref());
    xml.optional_cdata("NETBIOS", netbios.as_deref());
    xml.optional_cdata("OPERATING_SYSTEM", os.as_deref());
    xml.optional_text("LAST_SCAN_DATE", last_scan_at.map(date_time).as_deref());
    xml.optional_cdata("COMMENT", comment.as_deref());
    xml.list("OWNER", owner, write_user);
    xml.list("USER_LIST", users, write_user);
    xml.list("ASSET_GROUP_LIST", asset_groups, |xml, title| {
        xml.element("ASSET_GROUP", &[], |xml| xml.cdata("ASSET_GROUP_TITLE", title));
    });
    xml.list("BUSINESS_UNIT_LIST", business_units, |xml, title| xml.cdata("BUSINESS_UNIT", title));
    xml.list("AUTHENTICATION_RECORD_LIST", records, |xml, (kind, title)| {
        xml.element("AUTHENTICATION_RECORD", &[], |xml| {
            xml.text("TYPE", kind);
            xml.cdata("TITLE", title);
        });
    });
}

fn write_user(xml: &mut XmlWriter, user: &OwnerView) {
    let OwnerView { first_name, last_name, login } = user;
    xml.element("USER", &[], |xml| {
        xml.cdata("FIRSTNAME", first_name);
        xml.cdata("LASTNAME", last_name);
        xml.cdata("USER_LOGIN", login.as_str());
    });
}

/// The states, and the elements that hold their tickets.
const TICKET_STATES: [(&str, &str); 4] = [
    ("OPEN", "OPEN_TICKETS"),
    ("RESOLVED", "RESOLVED_TICKETS"),
    ("CLOSED", "CLOSED_TICKETS"),
    ("IGNORED", "IGNORED_TICKETS"),
];

fn write_tickets(xml: &mut XmlWriter, kb: &KnowledgeBase, tickets: &[Ticket]) {
    let groups = TICKET_STATES.iter().filter_map(|(word, element)| {
        let here: Vec<_> = tickets.iter().filter(|ticket| ticket.state.word() == *word).collect();
        (!here.is_empty()).then_some((*element, here))
    });
    xml.list("TICKETS", groups, |xml, (element, here)| {
        xml.list(element, here, |xml, ticket| {
            if let Some(entry) = kb.entry(ticket.key.qid) {
                write_ticket(xml, ticket, entry);
            }
        });
    });
}

fn write_ticket(xml: &mut XmlWriter, ticket: &Ticket, entry: &Entry) {
    xml.element("TICKET", &[], |xml| {
        xml.text("TICKET_NUMBER", &ticket.number.to_string());
        xml.text("QID", &entry.qid.to_string());
        xml.text("SEVERITY_LEVEL", &entry.severity.to_string());
        xml.cdata("TITLE", &entry.title);
        if let Some((port, transport)) = ticket.key.port {
            xml.text("PORT", &port.to_string());
            xml.text("PROTOCOL", transport.as_str());
        }
        xml.text("ASSIGNEE", ticket.assignee.as_str());
        xml.text("CREATION_DATETIME", &date_time(ticket.created_at));
        xml.text("DUE_DATETIME", &date_time(ticket.due_at));
    });
}

/// What was written last of an entry: a host may have thousands of findings of one QID.
#[derive(Default)]
struct Known {
    qid: Option<Qid>,
    written: Vec<u8>,
}

fn write_finding(xml: &mut XmlWriter, finding: &ReportedFinding<'_>, entry: &Entry, known: &mut Known) {
    let ReportedFinding {
        qid,
        kind: _, // stands in the section around
        port,
        service,
        tls: _, // no element for these
        cvss: _,
        cvss3: _,
        last_fixed_at: _,
        result_is_table: _,
        result,
        first_found_at,
        last_found_at,
        times_found,
        status,
    } = finding;
    xml.open("VULNINFO", &[]);
    let id = format!("qid_{qid}");
    xml.text_with("QID", &[("id", &id)], id.get(4..).unwrap_or_default());
    xml.number("SEVERITY_LEVEL", entry.severity.level().into());
    xml.cdata("TITLE", &entry.title);
    xml.optional_text("VULN_STATUS", status.map(palisade_model::DetectionStatus::as_str));
    xml.cdata("CATEGORY", &entry.category);
    if let Some((port, transport)) = port {
        xml.number("PORT", u64::from(*port));
        xml.optional_cdata("SERVICE", *service);
        xml.text("PROTOCOL", transport.as_str());
    }
    if let Some(at) = first_found_at {
        xml.date_time("FIRST_FOUND", *at);
    }
    xml.date_time("LAST_FOUND", *last_found_at);
    if let Some(times) = times_found {
        xml.number("TIMES_FOUND", *times);
    }
    if known.qid != Some(*qid) {
        let mut part = xml.part();
        write_entry(&mut part, entry);
        *known = Known { qid: Some(*qid), written: part.take() };
    }
    xml.append(&known.written);
    xml.optional_cdata("RESULT", filled(result));
    xml.close();
}

/// What is said alike about every finding of a QID.
fn write_entry(xml: &mut XmlWriter, entry: &Entry) {
    if let Some(base) = &entry.cvss_base {
        xml.element("CVSS_SCORE", &[], |xml| {
            xml.text("CVSS_BASE", base);
            xml.optional_text("CVSS_TEMPORAL", entry.cvss_temporal.as_deref());
        });
    }
    write_vendor_references(xml, &entry.vendor_references);
    write_cves(xml, ["CVE_ID_LIST", "CVE_ID"], &entry.cves);
    write_bugtraq(xml, ["BUGTRAQ_ID_LIST", "BUGTRAQ_ID"], &entry.bugtraq);
    xml.optional_cdata("DIAGNOSIS", filled(&entry.threat));
    xml.optional_cdata("CONSEQUENCE", filled(&entry.impact));
    xml.optional_cdata("SOLUTION", filled(&entry.solution));
    write_correlation(xml, entry, "EXPLOITABILITY");
}
