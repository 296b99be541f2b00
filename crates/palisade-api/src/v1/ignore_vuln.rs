//! `ignore_vuln.php`: ignoring vulnerabilities on hosts, and restoring them.

use palisade_app::{Actor, App, IgnoreOn, IgnoreUntil, IgnoreVulnerabilities, IgnoredDetection};
use palisade_wire::date_time::date_time;
use palisade_wire::{
    Arguments, Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, Rule, XmlWriter, dtd,
};

use crate::answer::{Answer, OwnReturn};
use crate::error::CallError;
use crate::registry::CallRequest;

/// Longest list of addresses, in characters.
const IPS_CHARS_MAX: usize = 512;

pub(crate) const ON_HOSTS: Rule = Rule::OneOf(&["asset_groups", "ips", "dns_contains", "netbios_contains"]);
pub(crate) const ONE_END: Rule = Rule::Exclusive(&["reopen_ignored_days", "reopen_ignored_date"]);
pub(crate) const ROLES: &str = "Manager: the subscription. Unit Manager: the business unit.";
/// How a vulnerability is ignored, in either version.
pub(crate) const EXAMPLE: Example = Example {
    parameters: &[
        ("qids", "38173"),
        ("ips", "192.0.2.4"),
        ("comments", "Self-signed on purpose"),
        ("reopen_ignored_days", "90"),
    ],
    description: "Ignore a vulnerability on one host for 90 days.",
};
/// What it means that a vulnerability is ignored, for people.
pub(crate) const ABOUT_IGNORED: &str = "An ignored vulnerability is not shown by get_host_info.php. Scan reports show \
     what a scan found, ignored or not.";

pub const ACTION: Parameter = Parameter::new(
    "action",
    ParameterKind::Choice(&["ignore", "restore"]),
    "restore",
    "What to do with the vulnerabilities.",
)
.default("ignore");
pub const QIDS: Parameter = Parameter::new(
    "qids",
    ParameterKind::QidList { max_items: 10 },
    "38173",
    "The vulnerabilities. Information gathered cannot be ignored, nor can the QIDs 38175, 38228, 82043 and \
     82051.",
)
.required();
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 5, max_chars: 255 },
    "Web servers",
    "On hosts of these asset groups; All stands for every host the caller may see.",
);
pub const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.4",
    "On these hosts; a list of at most 512 characters.",
);
pub const DNS_CONTAINS: Parameter = Parameter::new(
    "dns_contains",
    ParameterKind::Text { max_chars: 100 },
    "www",
    "On hosts whose DNS name has this part. Upper and lower case are the same.",
);
pub const NETBIOS_CONTAINS: Parameter = Parameter::new(
    "netbios_contains",
    ParameterKind::Text { max_chars: 100 },
    "HOST",
    "On hosts whose NetBIOS name has this part. Upper and lower case are the same.",
);
pub const COMMENTS: Parameter = Parameter::new(
    "comments",
    ParameterKind::Text { max_chars: 255 },
    "Accepted until the migration",
    "Why; noted in the histories of the tickets.",
)
.required();
pub const REOPEN_IGNORED_DAYS: Parameter = Parameter::new(
    "reopen_ignored_days",
    ParameterKind::Integer { min: 1, max: 730 },
    "30",
    "Days after which the vulnerabilities are ignored no longer. Only to ignore.",
);
pub const REOPEN_IGNORED_DATE: Parameter = Parameter::new(
    "reopen_ignored_date",
    ParameterKind::DateTime,
    "2030-01-31",
    "The day from which the vulnerabilities are ignored no longer. Only to ignore.",
);

pub const CALL: Call = Call {
    script: "ignore_vuln.php",
    summary: "Ignore vulnerabilities",
    description: &[
        "Ignores vulnerabilities on hosts that were scanned, or restores them. Ignoring closes the remediation \
         ticket of the vulnerability, and makes one when there is none; restoring opens it again, or closes it \
         as fixed where a scan has found it so. Vulnerabilities that are fixed are not ignored.",
        ABOUT_IGNORED,
        "The attribute number of RETURN is the number of vulnerabilities that were ignored or restored. Without \
         any the status is WARNING.",
    ],
    parameters: &[
        ACTION,
        QIDS,
        ASSET_GROUPS,
        IPS,
        DNS_CONTAINS,
        NETBIOS_CONTAINS,
        COMMENTS,
        REOPEN_IGNORED_DAYS,
        REOPEN_IGNORED_DATE,
    ],
    rules: &[ON_HOSTS, ONE_END],
    roles: ROLES,
    root: "IGNORE_VULN_OUTPUT",
    dtd: &dtd::IGNORE_VULN_OUTPUT,
    errors: ErrorForm::ReturnInRoot,
    example: EXAMPLE,
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let change = if arguments.choice(&ACTION) == Some("restore") { Change::Restore } else { Change::Ignore };
    if change == Change::Restore {
        refuse_reopening(arguments)?;
    }
    let done = change.carry_out(&request.app, &request.actor, arguments).await?;
    Ok(Answer::Document(document(&request, change, &done)))
}

/// What is done with vulnerabilities, in either version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Ignore,
    Restore,
}

impl Change {
    pub(crate) async fn carry_out(
        self,
        app: &App,
        actor: &Actor,
        arguments: &Arguments,
    ) -> Result<Vec<IgnoredDetection>, CallError> {
        let wanted = IgnoreVulnerabilities {
            qids: arguments.qids(&QIDS).unwrap_or_default().to_vec(),
            hosts: hosts(arguments)?,
            comment: arguments.text(&COMMENTS).unwrap_or_default().to_owned(),
        };
        Ok(match self {
            Self::Ignore => app.ignore_vulnerabilities(actor, &wanted, until(arguments)).await?,
            Self::Restore => app.restore_vulnerabilities(actor, &wanted).await?,
        })
    }

    pub(crate) fn message(self, done: &[IgnoredDetection]) -> String {
        let word = match self {
            Self::Ignore => "ignored",
            Self::Restore => "restored",
        };
        match done.len() {
            0 => format!("No vulnerabilities were {word}."),
            1 => format!("1 vulnerability was {word}."),
            count => format!("{count} vulnerabilities were {word}."),
        }
    }

    /// Whether anything was done, in the API's words.
    pub(crate) const fn status(done: &[IgnoredDetection]) -> &'static str {
        if done.is_empty() { "WARNING" } else { "SUCCESS" }
    }

    /// The list of what it was done with, if there is any.
    pub(crate) fn write(self, xml: &mut XmlWriter, done: &[IgnoredDetection]) {
        let (wrapper, element) = match self {
            Self::Ignore => ("IGNORED_LIST", "IGNORED"),
            Self::Restore => ("RESTORED_LIST", "RESTORED"),
        };
        xml.list(wrapper, done, |xml, one| write_one(xml, element, one));
    }
}

/// Refuses what says when to come back, where nothing is ignored.
fn refuse_reopening(arguments: &Arguments) -> Result<(), ParameterError> {
    let given = [REOPEN_IGNORED_DAYS, REOPEN_IGNORED_DATE]
        .into_iter()
        .find(|parameter| arguments.has(parameter.name));
    given.map_or(Ok(()), |parameter| {
        Err(ParameterError::OnlyWith { parameter: parameter.name, with: ACTION.name, value: Some("ignore") })
    })
}

fn hosts(arguments: &Arguments) -> Result<IgnoreOn, ParameterError> {
    if let Some(titles) = arguments.titles(&ASSET_GROUPS) {
        return Ok(IgnoreOn::AssetGroups(titles.to_vec()));
    }
    if let Some(part) = arguments.text(&DNS_CONTAINS) {
        return Ok(IgnoreOn::DnsContains(part.to_owned()));
    }
    if let Some(part) = arguments.text(&NETBIOS_CONTAINS) {
        return Ok(IgnoreOn::NetbiosContains(part.to_owned()));
    }
    if arguments.written(&IPS).is_some_and(|written| written.chars().count() > IPS_CHARS_MAX) {
        return Err(ParameterError::TooLong { parameter: IPS.name, max_chars: IPS_CHARS_MAX });
    }
    Ok(IgnoreOn::Ips(arguments.ip_set(&IPS).cloned().unwrap_or_default()))
}

fn until(arguments: &Arguments) -> IgnoreUntil {
    let days = arguments.integer(&REOPEN_IGNORED_DAYS).and_then(|days| days.try_into().ok());
    match (days, arguments.date_time(&REOPEN_IGNORED_DATE)) {
        (Some(days), _) => IgnoreUntil::Days(days),
        (None, Some(moment)) => IgnoreUntil::Moment(moment),
        (None, None) => IgnoreUntil::Forever,
    }
}

fn document(request: &CallRequest, change: Change, done: &[IgnoredDetection]) -> Vec<u8> {
    let answer = OwnReturn {
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        status: Change::status(done),
        number: Some(done.len().try_into().unwrap_or(u32::MAX)),
        message: &change.message(done),
    };
    let mut xml = request.document();
    xml.element(CALL.root, &[], |xml| answer.write(xml, |xml| change.write(xml, done)));
    xml.finish()
}

fn write_one(xml: &mut XmlWriter, element: &'static str, one: &IgnoredDetection) {
    let IgnoredDetection { ticket, qid, ip, dns_name, netbios_name } = one;
    xml.element(element, &[], |xml| {
        xml.text("TICKET_NUMBER", &ticket.to_string());
        xml.text("QID", &qid.to_string());
        xml.text("IP", &ip.to_string());
        xml.optional_cdata("DNS", dns_name.as_deref());
        xml.optional_cdata("NETBIOS", netbios_name.as_deref());
    });
}
