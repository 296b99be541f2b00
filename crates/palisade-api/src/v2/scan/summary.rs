//! `scan/summary/`: which targets scans did not get to, and why not.

use palisade_app::{ScanSummary, TrackingMethod, Unscanned, UnscannedHosts, WantedSummary};
use palisade_model::{Action, Resource, Timestamp};
use palisade_wire::csv::CsvWriter;
use palisade_wire::date_time::date_time;
use palisade_wire::dtd::v2::SCAN_SUMMARY_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, XmlWriter};

use crate::answer::{Answer, ContentKind};
use crate::error::CallError;
use crate::v2::json_array::{Cell, JsonArray};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const SINCE: Parameter = Parameter::new(
    "scan_date_since",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only scans that were launched on this day or later. Not after today.",
)
.required();
const TO: Parameter = Parameter::new(
    "scan_date_to",
    ParameterKind::DateTime,
    "2026-12-31",
    "Only scans that were launched on this day or earlier.",
)
.default("today");
const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Choice(&["XML", "CSV", "JSON"]),
    "CSV",
    "The form of the answer.",
)
.default("XML");
const TRACKING_METHOD: Parameter = Parameter::new(
    "tracking_method",
    ParameterKind::Choice(&["IP", "DNS", "NETBIOS"]),
    "IP",
    "Only hosts that go by this.",
);
const INCLUDE_DEAD: Parameter =
    Parameter::new("include_dead", ParameterKind::ZeroOne, "1", "1 lists hosts that did not answer.")
        .default("1");
const INCLUDE_EXCLUDED: Parameter = Parameter::new(
    "include_excluded",
    ParameterKind::ZeroOne,
    "1",
    "1 lists hosts that were left out at launch.",
)
.default("0");
const INCLUDE_UNRESOLVED: Parameter = Parameter::new(
    "include_unresolved",
    ParameterKind::ZeroOne,
    "1",
    "1 lists hosts whose names have no addresses. There are none: a scan of a name that is not known is not \
     launched.",
)
.default("0");
const INCLUDE_CANCELLED: Parameter = Parameter::new(
    "include_cancelled",
    ParameterKind::ZeroOne,
    "1",
    "1 lists hosts that a scan did not get to before it was cancelled, or failed.",
)
.default("0");

const LIST: Operation = Operation {
    resource: "scan/summary",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List the targets that were not scanned",
    description: &[
        "Lists the scans that have ended and did not get to some of their targets, newest first: for each reason \
         (dead, excluded, cancelled) the addresses, apart by what the hosts go by (IP, DNS, NETBIOS).",
    ],
    parameters: &[
        SINCE,
        TO,
        OUTPUT_FORMAT,
        TRACKING_METHOD,
        INCLUDE_DEAD,
        INCLUDE_EXCLUDED,
        INCLUDE_UNRESOLVED,
        INCLUDE_CANCELLED,
    ],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Document { root: "SCAN_SUMMARY_OUTPUT", dtd: &SCAN_SUMMARY_OUTPUT },
    example: Example {
        parameters: &[("scan_date_since", "2026-01-01"), ("include_cancelled", "1")],
        description: "List what did not answer, and what scans that were cancelled left over.",
    },
};

pub(crate) static ROWS: &[OperationRow] = &[operation!(LIST, list, &[(Action::Edit, Resource::Scan)])];

/// The key of a value in JSON, and the title of its column in CSV.
const COLUMNS: [(&str, &str); 5] = [
    ("scan_ref", "Scan Reference"),
    ("scan_date", "Scan Date"),
    ("category", "Category"),
    ("tracking", "Tracking Method"),
    ("hosts", "Hosts"),
];
const DAY_US: i64 = 86_400_000_000;

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = wanted(&request)?;
    let summaries = request.app.summarise_unscanned(request.actor()?, &wanted).await?;
    match arguments.choice(&OUTPUT_FORMAT) {
        Some("CSV") => Ok(csv(&summaries)),
        Some("JSON") => Ok(json(&summaries)),
        _ => {
            let mut xml = request.document();
            xml.list("SCAN_SUMMARY_LIST", &summaries, write_summary);
            Ok(OperationRequest::end(xml))
        }
    }
}

fn wanted(request: &OperationRequest) -> Result<WantedSummary, CallError> {
    let arguments = &request.arguments;
    let now = request.app.clock().now();
    let from = arguments.date_time(&SINCE).unwrap_or(now);
    if from > now {
        return Err(request.invalid(&SINCE, "the day has not come yet"));
    }
    let until = arguments.date_time(&TO).map(|until| {
        let is_day = !arguments.written(&TO).unwrap_or_default().contains('T');
        if is_day { end_of_day(until) } else { until }
    });
    let until = until.unwrap_or(now);
    if until < from {
        return Err(request.invalid(&TO, "it is before scan_date_since"));
    }
    let reasons = [
        (Unscanned::Dead, !arguments.has(INCLUDE_DEAD.name) || arguments.switch(&INCLUDE_DEAD)),
        (Unscanned::Excluded, arguments.switch(&INCLUDE_EXCLUDED)),
        (Unscanned::Cancelled, arguments.switch(&INCLUDE_CANCELLED)),
    ];
    let tracking = arguments.choice(&TRACKING_METHOD).map(|word| match word {
        "DNS" => TrackingMethod::Dns,
        "NETBIOS" => TrackingMethod::Netbios,
        _ => TrackingMethod::Ip,
    });
    let reasons = reasons.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(reason, _)| reason).collect();
    Ok(WantedSummary { from, until, reasons, tracking })
}

/// The last moment of the day that begins then.
fn end_of_day(day: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(day.as_microsecond() + DAY_US - 1).unwrap_or(day)
}

const fn tracking_word(tracking: TrackingMethod) -> &'static str {
    match tracking {
        TrackingMethod::Ip => "IP",
        TrackingMethod::Dns => "DNS",
        TrackingMethod::Netbios => "NETBIOS",
    }
}

fn write_summary(xml: &mut XmlWriter, summary: &ScanSummary) {
    let ScanSummary { scan, launched_at, unscanned } = summary;
    xml.element("SCAN_SUMMARY", &[], |xml| {
        xml.text("SCAN_REF", scan.as_str());
        xml.date_time("SCAN_DATE", *launched_at);
        for UnscannedHosts { reason, tracking, ips } in unscanned {
            let attributes = [("category", reason.as_str()), ("tracking", tracking_word(*tracking))];
            xml.text_with("HOST_SUMMARY", &attributes, &ips.to_string());
        }
    });
}

/// A row for every reason of every scan.
fn rows(summaries: &[ScanSummary]) -> impl Iterator<Item = [String; 5]> + '_ {
    summaries.iter().flat_map(|ScanSummary { scan, launched_at, unscanned }| {
        unscanned.iter().map(move |UnscannedHosts { reason, tracking, ips }| {
            [
                scan.to_string(),
                date_time(*launched_at),
                reason.as_str().to_owned(),
                tracking_word(*tracking).to_owned(),
                ips.to_string(),
            ]
        })
    })
}

fn csv(summaries: &[ScanSummary]) -> Answer {
    let mut csv = CsvWriter::default();
    csv.row(COLUMNS.map(|(_, title)| title));
    rows(summaries).for_each(|row| csv.row(row));
    Answer::of(ContentKind::Csv, csv.take())
}

fn json(summaries: &[ScanSummary]) -> Answer {
    let mut json = JsonArray::default();
    for row in rows(summaries) {
        json.object(COLUMNS.map(|(key, _)| key).into_iter().zip(row.map(Cell::Text)));
    }
    json.end();
    Answer::of(ContentKind::Json, json.take())
}
