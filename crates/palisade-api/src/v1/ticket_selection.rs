//! Choosing tickets: the parameters that `ticket_list.php`, `ticket_edit.php` and
//! `ticket_delete.php` share, and the header that repeats them.

use palisade_app::TicketSelection;
use palisade_model::TicketState;
use palisade_wire::date_time::date_time;
use palisade_wire::{Arguments, Parameter, ParameterKind, XmlWriter};

use crate::registry::CallRequest;

/// The words for states of tickets.
const STATE_WORDS: &[&str] = &["OPEN", "RESOLVED", "CLOSED", "IGNORED"];
/// The words for severities.
const SEVERITY_WORDS: &[&str] = &["1", "2", "3", "4", "5"];
/// A number of a ticket or host.
const NUMBER: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };
/// A part of a text.
const PART: ParameterKind = ParameterKind::Text { max_chars: 100 };

pub const TICKET_NUMBERS: Parameter = Parameter::new(
    "ticket_numbers",
    ParameterKind::Numbers,
    "1800,2000-2100",
    "Only tickets with these numbers.",
);
pub const SINCE_TICKET_NUMBER: Parameter =
    Parameter::new("since_ticket_number", NUMBER, "1800", "Only tickets with this number or a higher one.");
pub const UNTIL_TICKET_NUMBER: Parameter =
    Parameter::new("until_ticket_number", NUMBER, "2100", "Only tickets with this number or a lower one.");
pub const TICKET_ASSIGNEE: Parameter = Parameter::new(
    "ticket_assignee",
    ParameterKind::Text { max_chars: 64 },
    "acme_ab1",
    "Only tickets given to the user with this login.",
);
pub const IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.0-192.0.2.9", "Only tickets about these hosts.");
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "Web servers",
    "Only tickets about hosts of these asset groups; All stands for every host the caller may see.",
);
pub const DNS_CONTAINS: Parameter = Parameter::new(
    "dns_contains",
    PART,
    "www",
    "Only tickets about hosts whose DNS name has this part. Upper and lower case are the same, here and in \
     the other parts.",
);
pub const NETBIOS_CONTAINS: Parameter = Parameter::new(
    "netbios_contains",
    PART,
    "HOST",
    "Only tickets about hosts whose NetBIOS name has this part.",
);
pub const HOST_ID: Parameter =
    Parameter::new("host_id", NUMBER, "4", "Only tickets about the host with this ID.");
pub const OVERDUE: Parameter = Parameter::new(
    "overdue",
    ParameterKind::ZeroOne,
    "1",
    "1 chooses only tickets that are not closed and were due before now, 0 only the others.",
);
pub const INVALID: Parameter = Parameter::new(
    "invalid",
    ParameterKind::ZeroOne,
    "1",
    "1 chooses only tickets that nobody can work on as they are: the assignee's account cannot be used or \
     does not reach the host, or the host is not in the subscription. 0 chooses only the others.",
);
pub const STATES: Parameter = Parameter::new(
    "states",
    ParameterKind::Choices(STATE_WORDS),
    "OPEN,RESOLVED",
    "Only tickets in these states. A reopened ticket is OPEN; CLOSED is what a scan did not find any more.",
);
pub const MODIFIED_SINCE_DATETIME: Parameter = Parameter::new(
    "modified_since_datetime",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only tickets that were changed at this time or later.",
);
pub const UNMODIFIED_SINCE_DATETIME: Parameter = Parameter::new(
    "unmodified_since_datetime",
    ParameterKind::DateTime,
    "2026-12-31T23:59:59Z",
    "Only tickets that were not changed after this time.",
);
pub const VULN_SEVERITIES: Parameter = Parameter::new(
    "vuln_severities",
    ParameterKind::Choices(SEVERITY_WORDS),
    "4,5",
    "Only confirmed vulnerabilities of these severities. Without it, but with potential_vuln_severities, no \
     confirmed ones.",
);
pub const POTENTIAL_VULN_SEVERITIES: Parameter = Parameter::new(
    "potential_vuln_severities",
    ParameterKind::Choices(SEVERITY_WORDS),
    "5",
    "Only potential vulnerabilities of these severities. Without it, but with vuln_severities, no potential \
     ones.",
);
pub const QIDS: Parameter = Parameter::new(
    "qids",
    ParameterKind::QidList { max_items: 10 },
    "38173",
    "Only tickets about these vulnerabilities.",
);
pub const VULN_TITLE_CONTAINS: Parameter = Parameter::new(
    "vuln_title_contains",
    PART,
    "TLS",
    "Only tickets about vulnerabilities whose title has this part.",
);
pub const VULN_DETAILS_CONTAINS: Parameter = Parameter::new(
    "vuln_details_contains",
    PART,
    "certificate",
    "Only tickets about vulnerabilities whose diagnosis, consequence, solution or evidence has this part.",
);
pub const VENDOR_REF_CONTAINS: Parameter = Parameter::new(
    "vendor_ref_contains",
    PART,
    "RFC",
    "Only tickets about vulnerabilities with a vendor's reference that has this part.",
);

/// The parameters above, in the order of the header, with those that a call has beside them.
macro_rules! with_selection {
    ($($own:expr),* $(,)?) => {
        &[
            $crate::v1::ticket_selection::TICKET_NUMBERS,
            $crate::v1::ticket_selection::SINCE_TICKET_NUMBER,
            $crate::v1::ticket_selection::UNTIL_TICKET_NUMBER,
            $crate::v1::ticket_selection::TICKET_ASSIGNEE,
            $crate::v1::ticket_selection::IPS,
            $crate::v1::ticket_selection::ASSET_GROUPS,
            $crate::v1::ticket_selection::DNS_CONTAINS,
            $crate::v1::ticket_selection::NETBIOS_CONTAINS,
            $crate::v1::ticket_selection::HOST_ID,
            $crate::v1::ticket_selection::OVERDUE,
            $crate::v1::ticket_selection::INVALID,
            $crate::v1::ticket_selection::STATES,
            $crate::v1::ticket_selection::MODIFIED_SINCE_DATETIME,
            $crate::v1::ticket_selection::UNMODIFIED_SINCE_DATETIME,
            $crate::v1::ticket_selection::VULN_SEVERITIES,
            $crate::v1::ticket_selection::POTENTIAL_VULN_SEVERITIES,
            $crate::v1::ticket_selection::QIDS,
            $crate::v1::ticket_selection::VULN_TITLE_CONTAINS,
            $crate::v1::ticket_selection::VULN_DETAILS_CONTAINS,
            $crate::v1::ticket_selection::VENDOR_REF_CONTAINS,
            $($own,)*
        ]
    };
}
pub(super) use with_selection;

/// The parameters that choose.
pub(super) const SELECTION: &[Parameter] = with_selection!();

/// Their names; one of them is needed.
pub(super) const SELECTION_NAMES: &[&str] = &[
    TICKET_NUMBERS.name,
    SINCE_TICKET_NUMBER.name,
    UNTIL_TICKET_NUMBER.name,
    TICKET_ASSIGNEE.name,
    IPS.name,
    ASSET_GROUPS.name,
    DNS_CONTAINS.name,
    NETBIOS_CONTAINS.name,
    HOST_ID.name,
    OVERDUE.name,
    INVALID.name,
    STATES.name,
    MODIFIED_SINCE_DATETIME.name,
    UNMODIFIED_SINCE_DATETIME.name,
    VULN_SEVERITIES.name,
    POTENTIAL_VULN_SEVERITIES.name,
    QIDS.name,
    VULN_TITLE_CONTAINS.name,
    VULN_DETAILS_CONTAINS.name,
    VENDOR_REF_CONTAINS.name,
];

/// What the client chose.
pub(super) fn selection(arguments: &Arguments) -> TicketSelection {
    let text = |parameter| arguments.text(parameter).map(str::to_owned);
    let switch = |parameter: &Parameter| arguments.has(parameter.name).then(|| arguments.switch(parameter));
    let levels = |parameter| {
        let words = arguments.choices(parameter)?;
        Some(words.iter().filter_map(|word| word.parse().ok()).collect())
    };
    let states = arguments.choices(&STATES).unwrap_or_default();
    TicketSelection {
        numbers: arguments.numbers(&TICKET_NUMBERS).cloned(),
        since_number: arguments.integer(&SINCE_TICKET_NUMBER),
        until_number: arguments.integer(&UNTIL_TICKET_NUMBER),
        assignee: text(&TICKET_ASSIGNEE).map(|login| login.trim().to_owned()),
        overdue: switch(&OVERDUE),
        invalid: switch(&INVALID),
        states: TicketState::ALL.into_iter().filter(|state| states.contains(&state.word())).collect(),
        modified_since: arguments.date_time(&MODIFIED_SINCE_DATETIME),
        unmodified_since: arguments.date_time(&UNMODIFIED_SINCE_DATETIME),
        ips: arguments.ip_set(&IPS).cloned(),
        asset_groups: arguments.titles(&ASSET_GROUPS).map(<[String]>::to_vec),
        dns_contains: text(&DNS_CONTAINS),
        netbios_contains: text(&NETBIOS_CONTAINS),
        host_id: arguments.integer(&HOST_ID).and_then(|id| id.try_into().ok()),
        severities: levels(&VULN_SEVERITIES),
        potential_severities: levels(&POTENTIAL_VULN_SEVERITIES),
        qids: arguments.qids(&QIDS).map(<[_]>::to_vec),
        title_contains: text(&VULN_TITLE_CONTAINS),
        details_contains: text(&VULN_DETAILS_CONTAINS),
        vendor_reference_contains: text(&VENDOR_REF_CONTAINS),
    }
}

/// `HEADER`: who asked and when, what `more` writes, and the filters as they were given.
pub(super) fn write_header(
    xml: &mut XmlWriter,
    request: &CallRequest,
    filters: &[Parameter],
    more: impl FnOnce(&mut XmlWriter),
) {
    xml.element("HEADER", &[], |xml| {
        xml.text("USER_LOGIN", request.actor.login.as_str());
        xml.cdata("COMPANY", request.app.company());
        xml.text("DATETIME", &date_time(request.app.clock().now()));
        more(xml);
        xml.element("WHERE", &[], |xml| {
            for parameter in filters {
                if let Some(written) = request.arguments.written(parameter) {
                    write_filter(xml, parameter, written);
                }
            }
        });
    });
}

/// One element, named like the parameter in upper case.
fn write_filter(xml: &mut XmlWriter, parameter: &Parameter, written: &str) {
    let name = parameter.name.to_ascii_uppercase();
    match parameter.kind {
        ParameterKind::Text { .. } | ParameterKind::Titles { .. } => xml.cdata(&name, written),
        _ => xml.text(&name, written),
    }
}

/// `TICKET_NUMBER_LIST`, unless there are none.
pub(super) fn write_numbers(xml: &mut XmlWriter, numbers: &[u64]) {
    xml.list("TICKET_NUMBER_LIST", numbers, |xml, number| xml.text("TICKET_NUMBER", &number.to_string()));
}
