//! `asset_search.php`: hosts by what the scans learnt of them.

use palisade_app::{AssetOrder, Error as AppError, FoundAsset, LastScan, SearchAssets, TextMatch};
use palisade_kb::expected_service;
use palisade_model::Qid;
use palisade_wire::date_time::date_time;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, Rule, XmlWriter, dtd};
use tokio::sync::mpsc;

use crate::answer::Answer;
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;
use crate::v1::asset_ip;
use crate::v1::asset_ip_list::tracking_title;
use crate::v1::pages::{Disconnected, Pages};

pub const TARGET_IPS: Parameter =
    Parameter::new("target_ips", ParameterKind::IpSet, "192.0.2.0-192.0.2.9", "Where to search.");
pub const TARGET_ASSET_GROUPS: Parameter = Parameter::new(
    "target_asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Where to search, together with target_ips: titles of asset groups. All stands for every host the caller \
     may see.",
);

const fn text(name: &'static str, example: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::Text { max_chars: 300 }, example, description)
}

pub const DNS: Parameter = text(
    "dns",
    "begin:www",
    "Only hosts with such a DNS name: begin, match, contain or end, a colon, and the text. Upper and lower \
     case are the same. The other texts are written likewise.",
);
pub const NETBIOS: Parameter = text("netbios", "contain:HOST", "Only hosts with such a NetBIOS name.");
pub const HOST_OS: Parameter = text("host_os", "contain:linux", "Only hosts with such an operating system.");
pub const TRACKING_METHOD: Parameter = Parameter::new(
    "tracking_method",
    asset_ip::TRACKING_METHOD.kind,
    "ip",
    "Only hosts that are tracked so.",
);
pub const LAST_SCAN: Parameter = text(
    "last_scan",
    "within:30",
    "Only hosts last scanned within so many days, or not within them: within or not_within, a colon, and a \
     number.",
);
pub const VULN_QID: Parameter = Parameter::new(
    "vuln_qid",
    ParameterKind::Integer { min: 1, max: u32::MAX as u64 },
    "38173",
    "Only hosts with this vulnerability, unless it is fixed.",
);
pub const VULN_RESULTS: Parameter = text(
    "vuln_results",
    "contain:TLSv1.0",
    "Only hosts with a vulnerability that is not fixed and has such results.",
);
pub const VULN_PORT: Parameter = Parameter::new(
    "vuln_port",
    ParameterKind::Integer { min: 1, max: 65_535 },
    "443",
    "Only hosts on which this port is open, over TCP or UDP.",
);
pub const VULN_SERVICE: Parameter =
    text("vuln_service", "match:http", "Only hosts on which such a service answers.");

pub const ORDERBY: Parameter = Parameter::new(
    "orderby",
    ParameterKind::Choice(&["ip", "dns", "netbios", "host_os", "tracking_method", "last_scan"]),
    "last_scan",
    "What the hosts are ordered by; those that are alike, and those without it first, by address.",
)
.default("ip");
pub const SORTORDER: Parameter = Parameter::new(
    "sortorder",
    ParameterKind::Choice(&["asc", "desc"]),
    "desc",
    "asc: the first or earliest at the top; desc: the last or latest.",
)
.default("asc");

pub const CALL: Call = Call {
    script: "asset_search.php",
    summary: "Search hosts",
    description: &["Lists the scanned hosts that all filters fit. QID_LIST and PORT_SERVICE_LIST show what \
         filters on vulnerabilities and on ports found."],
    parameters: &[
        TARGET_IPS,
        TARGET_ASSET_GROUPS,
        DNS,
        NETBIOS,
        HOST_OS,
        TRACKING_METHOD,
        LAST_SCAN,
        VULN_QID,
        VULN_RESULTS,
        VULN_PORT,
        VULN_SERVICE,
        ORDERBY,
        SORTORDER,
    ],
    rules: &[Rule::AtLeastOneOf(&["target_ips", "target_asset_groups"])],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    root: "ASSET_SEARCH_REPORT",
    dtd: &dtd::ASSET_SEARCH_REPORT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("target_asset_groups", "All"), ("vuln_port", "443"), ("last_scan", "within:30")],
        description: "List the hosts with port 443 open that were scanned within the last 30 days.",
    },
};

const HOST_LIST: &str = "HOST_LIST";
/// What a host takes as a rule.
const HOST_BYTES: usize = 512;
/// Hosts in one part of a list that is in another order.
const PART_HOSTS: usize = 1_000;

/// Filters that are shown in the header.
const FILTERS: [&Parameter; 11] = [
    &TARGET_IPS,
    &TARGET_ASSET_GROUPS,
    &DNS,
    &NETBIOS,
    &HOST_OS,
    &TRACKING_METHOD,
    &LAST_SCAN,
    &VULN_QID,
    &VULN_RESULTS,
    &VULN_PORT,
    &VULN_SERVICE,
];

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let wanted = wanted(&request).await?;
    let with_results = wanted.results.is_some();
    let CallRequest { app, actor, .. } = &request;
    let order = order(&request.arguments);
    let (mut pages, answer) = Pages::new(request.document());
    write_header(&mut pages.xml, &request);
    let list = list_form(&pages.xml);
    let found = match order {
        (AssetOrder::Ip, false) => {
            let search = app.plan_asset_search(actor, wanted).await?;
            Found::Pages(app.asset_pages(search, move |assets| written(&list, &assets, with_results)))
        }
        (order, descending) => {
            let assets = app.search_assets_ordered(actor, wanted, order, descending).await?;
            Found::All { list: Box::new(list), assets, with_results }
        }
    };
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(pages, found).await;
    });
    Ok(answer)
}

/// What was found, or how it comes: as parts of the list of hosts.
enum Found {
    All { list: Box<XmlWriter>, assets: Vec<FoundAsset>, with_results: bool },
    Pages(mpsc::Receiver<Result<Vec<u8>, AppError>>),
}

/// What the hosts are ordered by, and whether the other way round.
fn order(arguments: &Arguments) -> (AssetOrder, bool) {
    let order = match arguments.choice(&ORDERBY) {
        Some("dns") => AssetOrder::Dns,
        Some("netbios") => AssetOrder::Netbios,
        Some("host_os") => AssetOrder::Os,
        Some("tracking_method") => AssetOrder::Tracking,
        Some("last_scan") => AssetOrder::LastScan,
        Some(_) | None => AssetOrder::Ip,
    };
    (order, arguments.choice(&SORTORDER) == Some("desc"))
}

/// The list is opened at the first host.
async fn send(mut pages: Pages, found: Found) -> Result<(), Disconnected> {
    match found {
        Found::All { assets, .. } if assets.is_empty() => {}
        Found::All { list, assets, with_results } => {
            pages.xml.open(HOST_LIST, &[]);
            for assets in assets.chunks(PART_HOSTS) {
                pages.send_part(written(&list, assets, with_results)).await?;
            }
        }
        Found::Pages(mut found) => {
            let mut is_open = false;
            while let Some(part) = found.recv().await {
                match part {
                    Ok(part) if part.is_empty() => {}
                    Ok(part) => {
                        if !is_open {
                            pages.xml.open(HOST_LIST, &[]);
                            is_open = true;
                        }
                        pages.send_part(part).await?;
                    }
                    Err(error) => return pages.break_off(&error).await,
                }
            }
        }
    }
    pages.end().await
}

/// A writer for what stands in the list of hosts of the document.
fn list_form(document: &XmlWriter) -> XmlWriter {
    let mut list = document.part();
    list.open(HOST_LIST, &[]);
    list.part()
}

/// A part of the list.
fn written(list: &XmlWriter, assets: &[FoundAsset], with_results: bool) -> Vec<u8> {
    let mut part = list.part();
    part.reserve(assets.len() * HOST_BYTES);
    for asset in assets {
        write_asset(&mut part, asset, with_results);
    }
    part.into_part()
}

async fn wanted(request: &CallRequest) -> Result<SearchAssets, CallError> {
    let arguments = &request.arguments;
    let mut target = arguments.ip_set(&TARGET_IPS).cloned().unwrap_or_default();
    if let Some(titles) = arguments.titles(&TARGET_ASSET_GROUPS) {
        target = target.union(&request.app.asset_group_ips(&request.actor, titles).await?);
    }
    let qid = arguments.integer(&VULN_QID).and_then(|number| u32::try_from(number).ok()).and_then(Qid::new);
    Ok(SearchAssets {
        target: Some(target),
        dns: text_match(arguments, &DNS)?,
        netbios: text_match(arguments, &NETBIOS)?,
        os: text_match(arguments, &HOST_OS)?,
        tracking: arguments.choice(&TRACKING_METHOD).map(asset_ip::tracking_method),
        last_scan: last_scan(arguments)?,
        qid,
        results: text_match(arguments, &VULN_RESULTS)?,
        port: arguments.integer(&VULN_PORT).and_then(|port| u16::try_from(port).ok()),
        service: text_match(arguments, &VULN_SERVICE)?,
    })
}

fn text_match(arguments: &Arguments, parameter: &Parameter) -> Result<Option<TextMatch>, CallError> {
    let Some(written) = arguments.text(parameter) else { return Ok(None) };
    let parsed = match written.split_once(':').filter(|(_, text)| !text.is_empty()) {
        Some(("begin", text)) => Some(TextMatch::Begin(text.to_owned())),
        Some(("match", text)) => Some(TextMatch::Match(text.to_owned())),
        Some(("contain", text)) => Some(TextMatch::Contain(text.to_owned())),
        Some(("end", text)) => Some(TextMatch::End(text.to_owned())),
        Some(_) | None => None,
    };
    let reason = "Expecting begin, match, contain or end, a colon, and a text.";
    parsed.map(Some).ok_or_else(|| invalid(written, parameter, reason))
}

fn last_scan(arguments: &Arguments) -> Result<Option<LastScan>, CallError> {
    let Some(written) = arguments.text(&LAST_SCAN) else { return Ok(None) };
    let parsed = match written.split_once(':') {
        Some(("within", days)) => days.parse().ok().map(LastScan::WithinDays),
        Some(("not_within", days)) => days.parse().ok().map(LastScan::NotWithinDays),
        Some(_) | None => None,
    };
    let reason = "Expecting within or not_within, a colon, and a number of days.";
    parsed.map(Some).ok_or_else(|| invalid(written, &LAST_SCAN, reason))
}

fn invalid(written: &str, parameter: &Parameter, reason: &str) -> CallError {
    let text = format!("Invalid value for '{}' : {written}. {reason}", parameter.name);
    CallError::Refused(Refusal::new(5000, text))
}

/// The root, and what was searched for.
fn write_header(xml: &mut XmlWriter, request: &CallRequest) {
    xml.open("ASSET_SEARCH_REPORT", &[]);
    xml.element("HEADER", &[], |xml| {
        xml.cdata("COMPANY", request.app.company());
        xml.text("USERNAME", request.actor.login.as_str());
        xml.text("GENERATION_DATETIME", &date_time(request.app.clock().now()));
        let given = FILTERS
            .into_iter()
            .filter_map(|parameter| Some((parameter.name, request.arguments.written(parameter)?)));
        xml.list("FILTERS", given, |xml, (name, written)| {
            xml.cdata_with("FILTER", &[("name", name)], written);
        });
    });
}

fn write_asset(xml: &mut XmlWriter, asset: &FoundAsset, with_results: bool) {
    let FoundAsset {
        ip,
        tracking,
        dns,
        netbios,
        os,
        vulnerabilities,
        ports,
        last_scan_at,
        first_scan_at,
        asset_groups,
    } = asset;
    xml.element("HOST", &[], |xml| {
        xml.address("IP", *ip);
        xml.text("TRACKING_METHOD", tracking_title(*tracking));
        xml.optional_cdata("DNS", dns.as_deref());
        xml.optional_cdata("NETBIOS", netbios.as_deref());
        xml.optional_cdata("OPERATING_SYSTEM", os.as_deref());
        xml.list("QID_LIST", vulnerabilities, |xml, (qid, result)| {
            xml.element("QID", &[], |xml| {
                xml.text("ID", &qid.to_string());
                if with_results {
                    xml.cdata("RESULT", result);
                }
            });
        });
        xml.list("PORT_SERVICE_LIST", ports, |xml, (port, transport, service)| {
            xml.element("PORT_SERVICE", &[], |xml| {
                xml.text("PORT", &port.to_string());
                xml.cdata("SERVICE", service);
                xml.optional_cdata("DEFAULT_SERVICE", expected_service(*port, *transport));
            });
        });
        xml.list("ASSET_GROUPS", asset_groups, |xml, title| xml.cdata("ASSET_GROUP_TITLE", title));
        xml.date_time("LAST_SCAN_DATE", *last_scan_at);
        xml.date_time("FIRST_FOUND_DATE", *first_scan_at);
    });
}
