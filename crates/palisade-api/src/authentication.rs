//! HTTP Basic authentication, and what is answered to whoever is not let in.
//!
//! Wrong credentials get the challenge that clients key their credentials on, and a plain
//! `ACCESS DENIED` that others look for in the body. A throttled login looks the same, with a
//! `Retry-After`: a status of its own would tell an attacker that the login exists. Accounts that
//! are known but may not be used get a `GENERIC_RETURN` of the API named `login`.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use palisade_app::{Actor, App, LoginRefused};
use palisade_model::user::Password;
use palisade_wire::date_time::date_time;

use crate::answer::{Answer, GenericReturn};

/// Perl clients store their credentials under exactly this name.
pub(crate) const CHALLENGE: &str = "Basic realm=\"MSP Front Office\"";
const DENIED: &str = "ACCESS DENIED";
/// Longest login and password that are looked at, in bytes.
const CREDENTIAL_BYTES_MAX: usize = 1024;

/// Number and text of account states, for answers and for the user guide.
pub(crate) const ACCOUNT_EXPIRED: (u32, &str) = (2001, "Account Expired");
pub(crate) const ACCOUNT_INACTIVE: (u32, &str) = (2002, "Account Inactive");

/// Users may not sign in from where the caller is.
pub(crate) const RESTRICTED_ADDRESS: (u32, &str) = (6301, "Users may not sign in from this address.");

/// Lets the caller in, or gives the response to send instead.
pub(crate) async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    from: IpAddr,
    base_url: &str,
) -> Result<Actor, Response> {
    let Some((login, password)) = credentials(headers) else {
        return Err(denied(StatusCode::UNAUTHORIZED, None));
    };
    let account_state = |outcome: (u32, &str)| {
        let at = date_time(app.clock().now());
        let refusal =
            GenericReturn { base_url, api: "login", username: &login, at: &at, outcome: Err(outcome) };
        Answer::Document(refusal.document(None)).into_response(StatusCode::OK)
    };
    match app.authenticate(&login, &password, from).await {
        Ok(actor) => Ok(actor),
        Err(LoginRefused::BadCredentials) => Err(denied(StatusCode::UNAUTHORIZED, None)),
        Err(LoginRefused::Throttled { retry_after_s }) => {
            Err(denied(StatusCode::UNAUTHORIZED, Some(retry_after_s)))
        }
        Err(LoginRefused::Inactive) => Err(account_state(ACCOUNT_INACTIVE)),
        Err(LoginRefused::Expired) => Err(account_state(ACCOUNT_EXPIRED)),
        Err(LoginRefused::RestrictedAddress) => Err(account_state(RESTRICTED_ADDRESS)),
        // Sessions are version 2's.
        Err(LoginRefused::NoApiAccess | LoginRefused::TooManySessions) => {
            Err(denied(StatusCode::FORBIDDEN, None))
        }
        Err(LoginRefused::Unavailable(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a login could not be checked");
            Err(plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
        }
    }
}

/// Login and password of the `Authorization` header, if it holds any.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<(String, Password)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (login, password) = decoded.split_once(':')?;
    if login.is_empty() || login.len() > CREDENTIAL_BYTES_MAX || password.len() > CREDENTIAL_BYTES_MAX {
        return None;
    }
    Some((login.to_owned(), Password::new(password.to_owned())))
}

fn denied(status: StatusCode, retry_after_s: Option<u32>) -> Response {
    let mut response = plain(status, DENIED);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    }
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A response of plain text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Option<(&str, &str)>) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        let read = credentials(&headers);
        let read = read.as_ref().map(|(login, password)| (login.as_str(), password.reveal()));
        assert_eq!(read, expected, "header {header:?}");
    }

    #[test]
    fn only_basic_credentials_are_read() {
        check("Basic dXNlcjpwYTpzcw==", Some(("user", "pa:ss")));
        check("basic  dXNlcjpwYXNz", Some(("user", "pass")));
        check("Basic dXNlcg==", None);
        check("Basic ???", None);
        check("Bearer dXNlcjpwYXNz", None);
        check("Basic OnBhc3M=", None);
        assert!(credentials(&HeaderMap::new()).is_none());
    }
}
