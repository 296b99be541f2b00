//! `session/`: a login that is remembered, and its end.

use axum::http::HeaderValue;
use palisade_app::LoginRefused;
use palisade_model::user::Password;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind};

use crate::answer::Answer;
use crate::authentication::RESTRICTED_ADDRESS;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{Door, OperationRow, operation};
use crate::v2::request::OperationRequest;

/// Name of the cookie that holds the token.
pub(crate) const COOKIE: &str = "QualysSession";

const USERNAME: Parameter =
    Parameter::new("username", ParameterKind::Text { max_chars: 256 }, "acme_ab1", "The login.").required();
const PASSWORD: Parameter =
    Parameter::new("password", ParameterKind::Text { max_chars: 256 }, "secret", "Its password.")
        .required()
        .secret();

/// Shown in examples in place of login, password and token.
pub(crate) const LOGIN_VARIABLE: &str = "$LOGIN";
pub(crate) const PASSWORD_VARIABLE: &str = "$PASSWORD";

pub const LOGIN: Operation = Operation {
    resource: "session",
    action: "login",
    methods: Methods::Post,
    takes_document: false,
    summary: "Open a session",
    description: &[
        "The answer sets the cookie QualysSession. Requests of version 2 that carry it, and no login of their \
         own, are made by the user of the session. It ends with the action logout, with another password, \
         and when nobody used it for an hour (or what the operator of the server set).",
        "The cookie is for encrypted connections only. The API limits do not count requests of this resource.",
    ],
    parameters: &[USERNAME, PASSWORD],
    rules: &[],
    roles: "Every user with access to the API.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("username", LOGIN_VARIABLE), ("password", PASSWORD_VARIABLE)],
        description: "Log in.",
    },
};

pub const LOGOUT: Operation = Operation {
    resource: "session",
    action: "logout",
    methods: Methods::Post,
    takes_document: false,
    summary: "Close a session",
    description: &["Ends the session whose cookie the request carries."],
    parameters: &[],
    rules: &[],
    roles: "The user of the session.",
    answers: Answers::Simple,
    example: Example { parameters: &[], description: "Log out." },
};

pub(crate) static ROWS: &[OperationRow] = &[
    OperationRow { door: Door::Open, ..operation!(LOGIN, login, &[]) },
    OperationRow { door: Door::Session, ..operation!(LOGOUT, logout, &[], needs: &[Need::Session]) },
];

async fn login(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, from, .. } = &request;
    let username = arguments.text(&USERNAME).unwrap_or_default();
    let password = Password::new(arguments.text(&PASSWORD).unwrap_or_default().to_owned());
    let (token, _) = app.open_session(username, &password, *from).await.map_err(refused)?;
    let cookie = format!("{COOKIE}={}; path=/api; secure; HttpOnly", token.reveal());
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| refused(LoginRefused::BadCredentials))?;
    Ok(request.simple_return("Logged in", &[]).with_cookie(cookie))
}

async fn logout(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, actor, session, .. } = &request;
    if let (Some(actor), Some(session)) = (actor, session) {
        app.close_session(actor, session).await?;
    }
    let gone = HeaderValue::from_static("QualysSession=; path=/api; secure; HttpOnly; Max-Age=0");
    Ok(request.simple_return("Logged out", &[]).with_cookie(gone))
}

/// Why nobody was let in, as code and text.
pub(crate) fn refused(refused: LoginRefused) -> CallError {
    let (code, text) = match refused {
        // A throttled login looks the same: a code of its own would tell that the login exists.
        LoginRefused::BadCredentials | LoginRefused::Throttled { .. } | LoginRefused::NoApiAccess => {
            (2000, "Bad Login/Password")
        }
        LoginRefused::Expired => (2001, "This account has expired."),
        LoginRefused::Inactive => (2002, "User account is inactive."),
        LoginRefused::RestrictedAddress => RESTRICTED_ADDRESS,
        LoginRefused::TooManySessions => (2014, "Too many concurrent login(s)"),
        LoginRefused::Unavailable(error) => return CallError::App(error),
    };
    CallError::Coded { code, text: text.to_owned() }
}
