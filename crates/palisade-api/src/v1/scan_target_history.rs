//! `scan_target_history.php`: which addresses scans were aimed at, and which were not.

use palisade_app::{ListTargetHistory, TargetHistory, TitleFilter};
use palisade_model::{IpRange, Timestamp};
use palisade_wire::date_time::date_time;
use palisade_wire::{
    Arguments, Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, Rule, XmlWriter, dtd,
};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::asset_ip_list::write_range;

pub const DATE_FROM: Parameter = Parameter::new(
    "date_from",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only scans that were launched at this time or later.",
)
.required();
pub const DATE_TO: Parameter = Parameter::new(
    "date_to",
    ParameterKind::DateTime,
    "2026-12-31",
    "Only scans that were launched at this time or before.",
)
.default("now");
pub const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.0/24",
    "The addresses asked about. Those that the caller may not see are left out.",
);
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups whose addresses are asked about, in addition to ips.",
);
pub const IP_TARGETED_LIST: Parameter = Parameter::new(
    "ip_targeted_list",
    ParameterKind::ZeroOne,
    "1",
    "1 lists the addresses that were targeted.",
)
.default("0");
pub const IP_NOT_TARGETED_LIST: Parameter = Parameter::new(
    "ip_not_targeted_list",
    ParameterKind::ZeroOne,
    "1",
    "1 lists the addresses that were not targeted.",
)
.default("0");
pub const DETAILED_HISTORY: Parameter = Parameter::new(
    "detailed_history",
    ParameterKind::ZeroOne,
    "1",
    "1 lists targeted addresses once for each scan, with its reference, time and option profile.",
)
.default("0");
pub const OPTION_PROFILE_TITLE: Parameter = Parameter::new(
    "option_profile_title",
    ParameterKind::Text { max_chars: 80 },
    "begin:Initial",
    "Only scans with such an option profile: begin:, contain: or match: (which may be left out), and a title \
     or a part of one.",
);

pub const CALL: Call = Call {
    script: "scan_target_history.php",
    summary: "Tell which addresses were scanned",
    description: &[
        "Tells which of the addresses asked about were targets of scans launched in some time, and which \
         were not. Scans count whether or not their reports were saved or are deleted.",
        "One or both of ip_targeted_list and ip_not_targeted_list have to be 1. Addresses next to each \
         other are listed as a range.",
    ],
    parameters: &[
        DATE_FROM,
        DATE_TO,
        IPS,
        ASSET_GROUPS,
        IP_TARGETED_LIST,
        IP_NOT_TARGETED_LIST,
        DETAILED_HISTORY,
        OPTION_PROFILE_TITLE,
    ],
    rules: &[Rule::AtLeastOneOf(&[IPS.name, ASSET_GROUPS.name]), Rule::AtLeastOneOf(LISTS)],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset groups.",
    root: "SCAN_TARGET_HISTORY_OUTPUT",
    dtd: &dtd::SCAN_TARGET_HISTORY_OUTPUT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[
            ("date_from", "2026-01-01"),
            ("ips", "192.0.2.0/24"),
            ("ip_targeted_list", "1"),
            ("ip_not_targeted_list", "1"),
        ],
        description: "See what of a network was scanned this year.",
    },
};

const LISTS: &[&str] = &[IP_TARGETED_LIST.name, IP_NOT_TARGETED_LIST.name];

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let from = arguments.date_time(&DATE_FROM);
    let from = from.ok_or(ParameterError::Missing { parameter: DATE_FROM.name })?;
    if !arguments.switch(&IP_TARGETED_LIST) && !arguments.switch(&IP_NOT_TARGETED_LIST) {
        return Err(ParameterError::NoneOf { parameters: LISTS }.into());
    }
    let to = arguments.date_time(&DATE_TO).unwrap_or_else(|| request.app.clock().now());
    let filter = arguments.filled_text(&OPTION_PROFILE_TITLE).map(title_filter);
    let wanted = ListTargetHistory {
        from,
        to,
        ips: arguments.ip_set(&IPS).cloned().unwrap_or_default(),
        asset_groups: arguments.titles(&ASSET_GROUPS).unwrap_or_default().to_vec(),
        option_title: filter.clone(),
    };
    let history = request.app.list_target_history(&request.actor, wanted).await?;
    let mut xml = request.document();
    xml.element("SCAN_TARGET_HISTORY_OUTPUT", &[], |xml| {
        xml.element("HEADER", &[], |xml| {
            xml.cdata("USER_LOGIN", request.actor.login.as_str());
            xml.cdata("COMPANY", request.app.company());
            xml.text("DATETIME", &date_time(request.app.clock().now()));
            write_where(xml, arguments, (from, to), filter.as_ref());
        });
        write_history(xml, arguments, &history);
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

/// The filter of a text with or without a criterion before it.
fn title_filter(text: &str) -> TitleFilter {
    let (criterion, title) = text.split_once(':').unwrap_or(("match", text));
    match criterion.trim() {
        "begin" => TitleFilter::Begin(title.to_owned()),
        "contain" => TitleFilter::Contain(title.to_owned()),
        "match" => TitleFilter::Match(title.to_owned()),
        // A colon of the title itself.
        _ => TitleFilter::Match(text.to_owned()),
    }
}

/// What was asked for.
fn write_where(
    xml: &mut XmlWriter,
    arguments: &Arguments,
    (from, to): (Timestamp, Timestamp),
    filter: Option<&TitleFilter>,
) {
    xml.element("WHERE", &[], |xml| {
        xml.text("DATE_FROM", &date_time(from));
        xml.text("DATE_TO", &date_time(to));
        xml.optional_cdata("IPS", arguments.written(&IPS));
        xml.optional_cdata("ASSET_GROUP", arguments.written(&ASSET_GROUPS));
        if let Some(filter) = filter {
            let (criterion, title) = match filter {
                TitleFilter::Begin(title) => ("begin", title),
                TitleFilter::Contain(title) => ("contain", title),
                TitleFilter::Match(title) => ("match", title),
            };
            xml.cdata_with("FILTER_OPTION_PROFILE_TITLE", &[("criterion", criterion)], title);
        }
        xml.optional_text("DETAILED_HISTORY", arguments.written(&DETAILED_HISTORY));
        xml.optional_text("IP_TARGETED_FLAG", arguments.written(&IP_TARGETED_LIST));
        xml.optional_text("IP_NOT_TARGETED_FLAG", arguments.written(&IP_NOT_TARGETED_LIST));
    });
}

fn write_history(xml: &mut XmlWriter, arguments: &Arguments, history: &TargetHistory) {
    let TargetHistory { targeted, not_targeted, scans } = history;
    if arguments.switch(&IP_TARGETED_LIST) {
        xml.element("IP_TARGETED_LIST", &[], |xml| {
            if arguments.switch(&DETAILED_HISTORY) {
                for scan in scans {
                    let write_scan = |xml: &mut XmlWriter| {
                        xml.element("SCAN", &[], |xml| {
                            xml.text("REF", scan.scan.as_str());
                            xml.text("DATETIME", &date_time(scan.launched_at));
                            xml.cdata("OPTION_PROFILE_TITLE", &scan.option_title);
                        });
                    };
                    scan.ips.ranges().iter().for_each(|range| write_targeted(xml, *range, write_scan));
                }
            } else {
                targeted.ranges().iter().for_each(|range| write_targeted(xml, *range, |_| ()));
            }
        });
    }
    if arguments.switch(&IP_NOT_TARGETED_LIST) {
        xml.element("IP_NOT_TARGETED_LIST", &[], |xml| {
            for range in not_targeted.ranges() {
                if range.count() == 1 {
                    xml.text("IP", &range.to_string());
                } else {
                    write_range(xml, *range);
                }
            }
        });
    }
}

fn write_targeted(xml: &mut XmlWriter, range: IpRange, write_scan: impl FnOnce(&mut XmlWriter)) {
    xml.element("IP_TARGETED", &[], |xml| {
        xml.text("IP", &range.to_string());
        write_scan(xml);
    });
}
