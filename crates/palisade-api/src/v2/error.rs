//! Why version 2 refuses: code, text, HTTP status and items. Faults of the use cases become numbers
//! of version 1 first (`crate::error`), and codes of version 2 here, so that both versions refuse the
//! same things.

use axum::http::StatusCode;
use palisade_app::{Error as AppError, LimitReached, LimitStatus};
use palisade_wire::Arguments;

use crate::error::{CallError, Fault, Refusal, shown};
use crate::limits;

/// A refusal that the caller is told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OperationRefusal {
    pub(crate) code: u32,
    pub(crate) text: String,
    pub(crate) items: Vec<(&'static str, String)>,
}

impl OperationRefusal {
    pub(crate) fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), items: Vec::new() }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self.code {
            999 => StatusCode::INTERNAL_SERVER_ERROR,
            1920 | 1960 | 1965 | 2014 => StatusCode::CONFLICT,
            1981 => StatusCode::ACCEPTED,
            2000 | 2002 | 2003 => StatusCode::UNAUTHORIZED,
            2001 | 7001 => StatusCode::OK,
            2011 | 2012 | 6301 => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// A call that ran into a limit.
    pub(crate) fn limit(reached: LimitReached, status: &LimitStatus) -> Self {
        let Refusal { number, text } = limits::refusal(reached, status);
        let item = match reached {
            LimitReached::Concurrency { to_finish } => ("CALLS_TO_FINISH", to_finish),
            LimitReached::Rate => ("SECONDS_TO_WAIT", status.to_wait_s),
        };
        Self { code: number, text, items: vec![(item.0, item.1.to_string())] }
    }
}

/// What a fault comes to: something the caller did, or something of ours.
pub(crate) fn refuse(error: CallError, arguments: &Arguments) -> Result<OperationRefusal, AppError> {
    match error {
        CallError::Operation(error) => Ok(OperationRefusal::new(error.code(), error.to_string())),
        CallError::Coded { code, text } => Ok(OperationRefusal::new(code, text)),
        CallError::App(AppError::NotInSubscription { ips }) => {
            let parameter = ["ips", "add_ips", "set_ips", "ip"].into_iter().find(|name| arguments.has(name));
            let text = format!(
                "parameter {} has invalid value: {} (IP(s) do not exist)",
                parameter.unwrap_or("ips"),
                shown(&ips)
            );
            Ok(OperationRefusal::new(1905, text))
        }
        error => match error.into_fault(arguments) {
            Fault::Refused(Refusal { number, text }) => Ok(translate(number, &text)),
            Fault::Internal(error) => Err(error),
        },
    }
}

/// A refusal of version 1 in the words of version 2.
fn translate(number: u32, text: &str) -> OperationRefusal {
    match number {
        2001..=2012 => OperationRefusal::new(number, account_text(number, text)),
        5811 => OperationRefusal::new(1903, text),
        5812 | 6502 => OperationRefusal::new(1907, text),
        // Clients wait and repeat the launch when they read this text.
        5815 => OperationRefusal::new(1960, text),
        6302 | 7001 => OperationRefusal::new(number, text),
        // States of things, and what others do with them at the moment.
        3503 | 3504 | 3507 | 3508 | 3513 | 5303 | 5403 | 5404 | 5504 | 5608 | 5814 | 5816 | 5817 | 5907
        | 5908 | 6008 | 6501 => {
            let blocked = "The requested operation is blocked by one or more existing Business Objects";
            OperationRefusal::new(1920, format!("{blocked}: {text}"))
        }
        _ => OperationRefusal::new(1905, in_brackets(text).unwrap_or_else(|| text.to_owned())),
    }
}

fn account_text(number: u32, text: &str) -> String {
    match number {
        2012 => "User license is not authorized to run this API.".to_owned(),
        2003 => {
            "Registration must be completed before API requests will be served for this account".to_owned()
        }
        _ => text.to_owned(),
    }
}

/// `Invalid value for 'ip' : x. No such host.` as `parameter ip has invalid value: x (No such host)`.
fn in_brackets(text: &str) -> Option<String> {
    let (parameter, rest) = text.strip_prefix("Invalid value for '")?.split_once("' : ")?;
    let (value, reason) = rest.split_once(". ")?;
    Some(format!("parameter {parameter} has invalid value: {value} ({})", reason.trim_end_matches('.')))
}

/// Every code, with what it means, for the user guide.
pub(crate) const CODES: &[(u32, &str)] = &[
    (
        999,
        "Something went wrong on the server; status 500. The text holds a signature to look for in its log.",
    ),
    (1901, "The request has parameters that the operation does not know, or that the user may not use."),
    (1903, "Required parameters are missing, or the header X-Requested-With is."),
    (1904, "Of these parameters one may be given, not several."),
    (1905, "A parameter's value is not one it takes; the text says why in brackets."),
    (1907, "These parameters cannot have these values together."),
    (1908, "The operation does not take the method; what changes something takes POST alone."),
    (
        1920,
        "Something else is in the way: an object is in use, running, or was changed meanwhile; status 409.",
    ),
    (1922, "One of these parameters is needed."),
    (
        1960,
        "As many requests of the resource are running as may be; status 409. Repeat it when one has ended.",
    ),
    (
        1965,
        "The resource was requested as often as may be; status 409. SECONDS_TO_WAIT says when to repeat it.",
    ),
    (1980, "Not an error: the answer holds as many records as asked for, and URL leads to the next ones."),
    (2000, "Login or password is wrong, or the session is over; status 401."),
    (2001, "The account has expired."),
    (2002, "The account is not active; status 401."),
    (2003, "The terms of service have not been accepted yet; status 401."),
    (2012, "The user's role does not permit the operation; status 403."),
    (2014, "The user has too many sessions; status 409."),
    (6301, "Users may not sign in from the address that the request comes from; status 403."),
    (6302, "Users could not sign in any more from the address that the request comes from."),
    (7001, "The report cannot be fetched yet. Repeat the request later."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_version_1_are_told_in_the_words_of_version_2() {
        let told = |number, text| translate(number, text);
        assert_eq!(
            told(5009, "Invalid value for 'title' : X. No such asset group in the user account."),
            OperationRefusal::new(
                1905,
                "parameter title has invalid value: X (No such asset group in the user account)"
            )
        );
        assert_eq!(told(3505, "No targets are left.").text, "No targets are left.");
        let blocked = told(3504, "The scan has not finished yet.");
        assert_eq!((blocked.code, blocked.status()), (1920, StatusCode::CONFLICT));
        assert_eq!(told(2012, "x").status(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn codes_are_sorted_and_told_once() {
        assert!(CODES.is_sorted_by(|one, other| one.0 < other.0));
    }
}
