//! What is said of a scheduled scan, beside what version 1 says of its tasks: pauses, notifications, and what
//! changes. And what it comes to.

use std::num::NonZeroU16;

use palisade_app::Error as AppError;
use palisade_model::schedule::notify::{GROUPS_MAX, MESSAGE_CHARACTERS_MAX};
use palisade_model::{BeforeLaunch, LeadUnit, Notifications, RunPause};
use palisade_wire::{Parameter, ParameterKind, Rule};

use crate::error::CallError;
use crate::v1::recurrence::{
    self, OBSERVE_DST, START_DATE, START_HOUR, START_MINUTE, TIME_ZONE_CODE, both, optional,
};
use crate::v1::scan::{DEFAULT_SCANNER, IP, SCANNERS_IN_AG};
use crate::v2::request::OperationRequest;
use crate::v2::scan::launch::{
    ASSET_GROUP_IDS, FQDN, ISCANNER_ID, ISCANNER_NAME, OPTION_ID, OPTION_TITLE, TARGET_FROM,
};

pub(super) const ID: Parameter = Parameter::new(
    "id",
    ParameterKind::Integer { min: 1, max: 4_294_967_295 },
    "1",
    "The id of the scheduled scan, as the list tells it.",
);
pub(super) const ACTIVE: Parameter = Parameter::new(
    "active",
    ParameterKind::ZeroOne,
    "1",
    "1 for scheduled scans that start by themselves, 0 for those that are switched off.",
);
pub(super) const SCAN_TITLE: Parameter = Parameter::new(
    "scan_title",
    ParameterKind::Text { max_chars: palisade_app::TASK_TITLE_CHARACTERS_MAX },
    "Weekly scan",
    "The title of the scheduled scan and of the scans it starts.",
);
pub(super) const SCHEDULED_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups whose addresses are scanned, in addition to ip: those they have at each start. All stands \
     for every address that the owner may see.",
);
pub(super) const SET_START_TIME: Parameter = Parameter::new(
    "set_start_time",
    ParameterKind::ZeroOne,
    "1",
    "1 changes when it starts; everything about the start time is then given anew.",
)
.default("0");
pub(super) const END_AFTER: Parameter = Parameter::new(
    "end_after",
    ParameterKind::Integer { min: 0, max: 119 },
    "8",
    "A scan that has not finished after so many hours, and end_after_mins, is cancelled, and the scheduled scan \
     switched off. 0 hours and 0 minutes for never.",
);
pub(super) const END_AFTER_MINS: Parameter = Parameter::new(
    "end_after_mins",
    ParameterKind::Integer { min: 0, max: 59 },
    "30",
    "The minutes beside end_after.",
)
.default("0");
pub(super) const PAUSE_AFTER_HOURS: Parameter = Parameter::new(
    "pause_after_hours",
    ParameterKind::Integer { min: 0, max: 119 },
    "6",
    "A scan pauses so many hours, and pause_after_mins, after its start. 0 hours and 0 minutes for never.",
);
pub(super) const PAUSE_AFTER_MINS: Parameter = Parameter::new(
    "pause_after_mins",
    ParameterKind::Integer { min: 0, max: 59 },
    "0",
    "The minutes beside pause_after_hours.",
)
.default("0");
pub(super) const RESUME_IN_DAYS: Parameter = Parameter::new(
    "resume_in_days",
    ParameterKind::Choice(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "Manually"]),
    "0",
    "A paused scan goes on so many days, and resume_in_hours, after its start; with Manually when somebody \
     resumes it. After a pause within the first hour that is two hours after the start at the earliest, within \
     the second hour, three, and so on.",
)
.default("Manually");
pub(super) const RESUME_IN_HOURS: Parameter = Parameter::new(
    "resume_in_hours",
    ParameterKind::Integer { min: 0, max: 23 },
    "20",
    "The hours beside resume_in_days.",
)
.default("0");
pub(super) const BEFORE_NOTIFY: Parameter = Parameter::new(
    "before_notify",
    ParameterKind::ZeroOne,
    "1",
    "1 mails before each start, as long before as before_notify_unit and before_notify_time say.",
);
pub(super) const BEFORE_NOTIFY_UNIT: Parameter = Parameter::new(
    "before_notify_unit",
    ParameterKind::Choice(LeadUnit::WORDS),
    "hours",
    "What before_notify_time counts.",
);
pub(super) const BEFORE_NOTIFY_TIME: Parameter = Parameter::new(
    "before_notify_time",
    ParameterKind::Integer { min: 1, max: 120 },
    "12",
    "How many of them: 1 to 31 days, 1 to 24 hours, or 5 to 120 minutes.",
);
pub(super) const BEFORE_NOTIFY_MESSAGE: Parameter = Parameter::new(
    "before_notify_message",
    ParameterKind::Text { max_chars: MESSAGE_CHARACTERS_MAX },
    "The web servers are scanned tonight.",
    "What that mail says beside the title and the time; no HTML.",
);
pub(super) const AFTER_NOTIFY: Parameter = Parameter::new(
    "after_notify",
    ParameterKind::ZeroOne,
    "1",
    "1 mails the end of each scan to the groups of recipient_group_ids as well; the owner is always told.",
);
pub(super) const AFTER_NOTIFY_MESSAGE: Parameter = Parameter::new(
    "after_notify_message",
    ParameterKind::Text { max_chars: MESSAGE_CHARACTERS_MAX },
    "Results are in the usual place.",
    "What the mail says of the end beside reference and status; no HTML.",
);
pub(super) const RECIPIENT_GROUP_IDS: Parameter = Parameter::new(
    "recipient_group_ids",
    ParameterKind::Numbers,
    "1",
    "Distribution groups whose people are told beside the owner, by the IDs that `palisade distribution` shows \
     on the server. Together with before_notify=1 or after_notify=1.",
);

const fn only_with(parameter: &'static str, with: &'static str, value: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with, value: Some(value) }
}

/// The rules given, and what holds for a new scheduled scan and for a changed one.
macro_rules! rules {
    ($($rule:expr),+ $(,)?) => {
        &[
            $($rule,)+
            Rule::All(recurrence::NEEDED),
            Rule::Exclusive(&[SCHEDULED_GROUPS.name, ASSET_GROUP_IDS.name]),
            Rule::Exclusive(&[ISCANNER_ID.name, ISCANNER_NAME.name, DEFAULT_SCANNER.name, SCANNERS_IN_AG.name]),
            Rule::All(recurrence::BELONGING),
            both(END_AFTER_MINS.name, END_AFTER.name),
            both(PAUSE_AFTER_MINS.name, PAUSE_AFTER_HOURS.name),
            both(RESUME_IN_DAYS.name, PAUSE_AFTER_HOURS.name),
            both(RESUME_IN_HOURS.name, RESUME_IN_DAYS.name),
            Rule::When {
                parameter: BEFORE_NOTIFY.name,
                value: "1",
                rules: &[
                    Rule::AtLeastOneOf(&[BEFORE_NOTIFY_UNIT.name]),
                    Rule::AtLeastOneOf(&[BEFORE_NOTIFY_TIME.name]),
                ],
            },
            only_with(BEFORE_NOTIFY_UNIT.name, BEFORE_NOTIFY.name, "1"),
            only_with(BEFORE_NOTIFY_TIME.name, BEFORE_NOTIFY.name, "1"),
            only_with(BEFORE_NOTIFY_MESSAGE.name, BEFORE_NOTIFY.name, "1"),
            only_with(AFTER_NOTIFY_MESSAGE.name, AFTER_NOTIFY.name, "1"),
        ]
    };
}

pub(super) const RULES_OF_NEW: &[Rule] = rules![
    Rule::AtLeastOneOf(&[IP.name, SCHEDULED_GROUPS.name, ASSET_GROUP_IDS.name, FQDN.name]),
    Rule::OneOf(&[OPTION_ID.name, OPTION_TITLE.name]),
];

pub(super) const RULES_OF_CHANGES: &[Rule] = rules![
    Rule::Exclusive(&[OPTION_ID.name, OPTION_TITLE.name]),
    both(FQDN.name, TARGET_FROM.name),
    only_with(START_DATE.name, SET_START_TIME.name, "1"),
    only_with(START_HOUR.name, SET_START_TIME.name, "1"),
    only_with(START_MINUTE.name, SET_START_TIME.name, "1"),
    only_with(TIME_ZONE_CODE.name, SET_START_TIME.name, "1"),
    only_with(OBSERVE_DST.name, SET_START_TIME.name, "1"),
    Rule::When {
        parameter: SET_START_TIME.name,
        value: "1",
        rules: &[
            Rule::AtLeastOneOf(&[START_DATE.name]),
            Rule::AtLeastOneOf(&[START_HOUR.name]),
            Rule::AtLeastOneOf(&[START_MINUTE.name]),
            Rule::AtLeastOneOf(&[TIME_ZONE_CODE.name]),
            Rule::AtLeastOneOf(&[OBSERVE_DST.name]),
        ],
    },
];

/// The pause from now on; `known` when nothing is said of one.
pub(super) fn pause(
    request: &OperationRequest,
    known: Option<RunPause>,
) -> Result<Option<RunPause>, CallError> {
    let arguments = &request.arguments;
    let Some(hours) = optional::<u16>(arguments, &PAUSE_AFTER_HOURS) else { return Ok(known) };
    let minutes = hours * 60 + optional::<u16>(arguments, &PAUSE_AFTER_MINS).unwrap_or(0);
    let Some(after) = NonZeroU16::new(minutes) else { return Ok(None) };
    let days = arguments.choice(&RESUME_IN_DAYS).and_then(|word| word.parse::<u16>().ok());
    let resume = days.map(|days| days * 24 + optional::<u16>(arguments, &RESUME_IN_HOURS).unwrap_or(0));
    // No time at all is too early, too.
    let resume = resume.map(|hours| NonZeroU16::new(hours).unwrap_or(NonZeroU16::MIN));
    match RunPause::new(after, resume) {
        Ok(pause) => Ok(Some(pause)),
        Err(early) => Err(request.invalid(&RESUME_IN_DAYS, &early.to_string())),
    }
}

/// What is said of notifications, on top of what there is.
pub(super) fn notifications(
    request: &OperationRequest,
    known: Option<Notifications>,
) -> Result<Option<Notifications>, CallError> {
    let arguments = &request.arguments;
    let mut wanted = known.unwrap_or_default();
    if arguments.has(BEFORE_NOTIFY.name) {
        wanted.before = if arguments.switch(&BEFORE_NOTIFY) { Some(before(request)?) } else { None };
    }
    if arguments.has(AFTER_NOTIFY.name) {
        let message = message(request, &AFTER_NOTIFY_MESSAGE)?;
        wanted.after = arguments.switch(&AFTER_NOTIFY).then_some(message);
    }
    if let Some(numbers) = arguments.numbers(&RECIPIENT_GROUP_IDS) {
        if !arguments.switch(&BEFORE_NOTIFY) && !arguments.switch(&AFTER_NOTIFY) {
            let text = "The following combination of key=value pairs is not supported: \
                        recipient_group_ids without before_notify=1 or after_notify=1";
            return Err(CallError::Coded { code: 1907, text: text.to_owned() });
        }
        let ids = numbers.ranges().iter().flat_map(|(first, last)| *first..=*last);
        wanted.groups = ids.take(GROUPS_MAX + 1).filter_map(|id| i64::try_from(id).ok()).collect();
        if wanted.groups.len() > GROUPS_MAX {
            return Err(request.invalid(&RECIPIENT_GROUP_IDS, &format!("at most {GROUPS_MAX}")));
        }
    }
    Ok(Some(wanted).filter(|wanted| *wanted != Notifications::default()))
}

fn before(request: &OperationRequest) -> Result<BeforeLaunch, CallError> {
    let arguments = &request.arguments;
    let unit = arguments.choice(&BEFORE_NOTIFY_UNIT).and_then(|word| word.parse().ok());
    let time = optional(arguments, &BEFORE_NOTIFY_TIME).unwrap_or(0);
    let message = message(request, &BEFORE_NOTIFY_MESSAGE)?;
    BeforeLaunch::new(unit.unwrap_or(LeadUnit::Days), time, message)
        .map_err(|wrong| request.invalid(&BEFORE_NOTIFY_TIME, &wrong.to_string()))
}

/// A message as it was written; none with angle brackets, which would be HTML.
fn message(request: &OperationRequest, parameter: &Parameter) -> Result<String, CallError> {
    let message = request.arguments.text(parameter).unwrap_or_default();
    if message.contains(['<', '>']) {
        return Err(request.invalid(parameter, "HTML is not taken"));
    }
    Ok(message.to_owned())
}

/// A distribution group that is not there, told as this version does.
pub(super) fn about_groups(request: &OperationRequest, error: AppError) -> CallError {
    match error {
        AppError::UnknownDistributionGroup { .. } => {
            request.invalid(&RECIPIENT_GROUP_IDS, "No such distribution group")
        }
        AppError::UnknownOption { .. } => request.invalid(&OPTION_TITLE, "No such option profile"),
        error => error.into(),
    }
}
