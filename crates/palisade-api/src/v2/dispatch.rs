//! The one way every request of version 2 takes. What is looked at, in this order: the resource, who
//! asks, the API limits, the header that browsers do not send by themselves, the action, the method,
//! the role, and the parameters.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ALLOW, COOKIE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use palisade_app::{ActivityEntry, Actor, Admission, Error as AppError, LoginRefused, SessionToken};
use palisade_model::auth_record::GivenAccess;
use palisade_wire::form::Pair;
use palisade_wire::keyed_document::add_keyed_texts;
use palisade_wire::operation::{ACTION, ECHO_REQUEST};
use palisade_wire::posted_addresses::add_addresses;
use palisade_wire::{Arguments, Form, dtd};

use crate::address::{base_url, client_address};
use crate::answer::{Answer, ContentKind};
use crate::authentication::{CHALLENGE, credentials, plain};
use crate::dispatch::{Api, DESCRIPTION_CHARS, incident};
use crate::error::CallError;
use crate::limits;
use crate::request::{ReadError, Sent, read_request};
use crate::router::serve_dtd;
use crate::v2::auth::read_unix_document;
use crate::v2::error::{OperationRefusal, refuse};
use crate::v2::network::OF_NETWORKS;
use crate::v2::registry::{self, BodyForm, Door, OperationRow};
use crate::v2::request::{Asked, OperationRequest, refusal_document};
use crate::v2::session;

/// Browsers do not send it to another site's wish, so nobody else can act with a user's session.
const HEADER: &str = "x-requested-with";
/// The versions of the path; all of them lead to the same resources.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=6;

/// Answers one request under `/api/`.
pub(crate) async fn fo(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let not_found = || plain(StatusCode::NOT_FOUND, "Not Found");
    let path = request.uri().path().to_owned();
    let Some(below) = below_version(&path) else { return not_found() };
    let file = format!("api/2.0/{below}");
    if let Some(definition) = dtd::v2::all().find(|definition| definition.file == file) {
        return serve_dtd(definition).into_response();
    }
    let rows = resource_of(below).map(registry::find).unwrap_or_default();
    let Some(first) = rows.first() else { return not_found() };
    let puts = rows.iter().any(|row| row.operation.methods.names().contains(&"PUT"));
    let is_taken =
        matches!(*request.method(), Method::GET | Method::POST) || (puts && *request.method() == Method::PUT);
    if !is_taken {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        let taken = if puts { "GET, POST, PUT" } else { "GET, POST" };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(taken));
        return response;
    }
    let from = client_address(&api.config, request.headers(), peer);
    let mut visit = Visit {
        base_url: base_url(&api.config, request.uri(), request.headers()),
        resource: first.operation.resource,
        method: request.method().clone(),
        has_header: request.headers().contains_key(HEADER),
        asked: Asked { path, ..Asked::default() },
        caller: None,
        session: None,
        api: &api,
        rows,
        from,
    };
    if !visit.is_session()
        && let Err(response) = visit.authenticate(request.headers()).await
    {
        return response;
    }
    if visit.is_session() {
        visit.session = session_of(request.headers());
    }
    visit.answer(request).await
}

/// What follows `/api/<version>/`.
fn below_version(path: &str) -> Option<&str> {
    let (version, below) = path.strip_prefix("/api/")?.split_once('/')?;
    let major: u32 = version.strip_suffix(".0")?.parse().ok()?;
    (VERSIONS.contains(&major) && version.len() == 3).then_some(below)
}

/// The path of the resource. A missing slash at the end does not matter, nor does `index.php`.
fn resource_of(below: &str) -> Option<&str> {
    let below = below.strip_prefix("fo/")?;
    let below = below.strip_suffix("index.php").unwrap_or(below);
    Some(below.strip_suffix('/').unwrap_or(below))
}

/// The session whose cookie the request carries.
fn session_of(headers: &HeaderMap) -> Option<SessionToken> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == session::COOKIE)
        .and_then(|(_, value)| SessionToken::read(value.trim().trim_matches('"')))
}

/// What a request comes to.
type Outcome = (StatusCode, Answer);

/// A request for a known resource.
struct Visit<'a> {
    api: &'a Api,
    rows: Vec<&'static OperationRow>,
    resource: &'static str,
    method: Method,
    has_header: bool,
    base_url: String,
    from: IpAddr,
    caller: Option<Actor>,
    session: Option<SessionToken>,
    asked: Asked,
}

impl Visit<'_> {
    /// Whether the resource is that of logins: nobody is known there yet, and nothing is counted.
    fn is_session(&self) -> bool {
        self.rows.iter().any(|row| row.door == Door::Open)
    }

    /// Lets the caller in, or gives the response to send instead. Credentials count before a cookie.
    async fn authenticate(&mut self, headers: &HeaderMap) -> Result<(), Response> {
        let app = &self.api.app;
        let by_session = self.rows.iter().all(|row| row.door == Door::Any);
        let checked = if let Some((login, password)) = credentials(headers) {
            self.asked.login.clone_from(&login);
            app.authenticate(&login, &password, self.from).await
        } else if let Some(session) = session_of(headers).filter(|_| by_session) {
            let checked = app.session_actor(&session, self.from).await;
            self.session = Some(session);
            checked
        } else {
            Err(LoginRefused::BadCredentials)
        };
        match checked {
            Ok(actor) => {
                self.asked.login = actor.login.to_string();
                self.caller = Some(actor);
                Ok(())
            }
            Err(refused) => {
                let unauthorized =
                    matches!(refused, LoginRefused::BadCredentials | LoginRefused::Throttled { .. });
                let (status, answer) =
                    self.refusal_of(session::refused(refused), &Arguments::default(), "", None).await;
                let mut response = answer.into_response(status);
                if unauthorized {
                    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
                }
                Err(response)
            }
        }
    }

    /// Holds the request against the API limits, and answers it if they let it in.
    async fn answer(&mut self, request: Request) -> Response {
        let sent = read_request(&self.api.config, request).await;
        if self.is_session() {
            let (code, answer) = self.run(sent).await;
            return answer.into_response(code);
        }
        let function = format!("/api/2.0/fo/{}/", self.resource);
        let Admission { status, entry } = match self.api.app.begin_call(&function).await {
            Ok(admission) => admission,
            Err(error) => {
                let (code, answer) = self.fail(&error);
                return answer.into_response(code);
            }
        };
        let mut response = match entry {
            Ok(slot) => {
                let (code, answer) = self.run(sent).await;
                answer.end_call(code, slot).await
            }
            Err(reached) => {
                let refusal = OperationRefusal::limit(reached, &status);
                let (code, answer) = self.tell(&refusal, "", None).await;
                answer.into_response(code)
            }
        };
        limits::write_headers(response.headers_mut(), &status);
        response
    }

    async fn run(&mut self, sent: Result<Sent, ReadError>) -> Outcome {
        let nothing = Arguments::default();
        let refused = |code, text: &str| CallError::Coded { code, text: text.to_owned() };
        if !self.has_header {
            let error = refused(1903, "Missing required header: X-Requested-With");
            return self.refusal_of(error, &nothing, "", None).await;
        }
        let Sent { mut form, mut document, table } = match sent {
            Ok(sent) => sent,
            Err(error) => return self.refuse_unread(&error).await,
        };
        let row = match self.choose(&form) {
            Ok(row) => row,
            Err(error) => return self.refusal_of(error, &nothing, "", None).await,
        };
        if table.is_some() && !matches!(row.body, BodyForm::Addresses(_)) {
            return self.refuse_unread(&ReadError::Kind).await;
        }
        let mut unix_access = GivenAccess::default();
        let read = read_body_form(row, &mut form, &mut document, table)
            .map(|said| unix_access = said.unwrap_or_default());
        let described = self.note(row, &form);
        match self.parse(row, &form, document.as_ref(), read).await {
            Ok(arguments) => {
                let request = OperationRequest {
                    app: self.api.app.clone(),
                    actor: self.caller.clone(),
                    arguments: arguments.clone(),
                    operation: row.operation,
                    base_url: self.base_url.clone(),
                    keep_alive: self.api.config.keep_alive(),
                    session: self.session.clone(),
                    from: self.from,
                    document,
                    unix_access,
                    asked: self.asked.clone(),
                };
                match (row.handler)(request).await {
                    Ok(answer) => (StatusCode::OK, answer),
                    Err(error) => self.refusal_of(error, &arguments, &described, Some(row)).await,
                }
            }
            Err(error) => self.refusal_of(error, &nothing, &described, Some(row)).await,
        }
    }

    /// The operation that the request names, made with a method that it takes.
    fn choose(&self, form: &Form) -> Result<&'static OperationRow, CallError> {
        let value = |name: &str| {
            let pair = form.pairs().iter().rev().find(|pair| pair.name == name);
            pair.map(|pair| String::from_utf8_lossy(&pair.value).into_owned())
        };
        let coded = |code, text: String| CallError::Coded { code, text };
        let echo = value(ECHO_REQUEST);
        if let Some(echo) = echo.filter(|echo| echo != "0" && echo != "1") {
            let text =
                format!("parameter {ECHO_REQUEST} has invalid value: {} (expecting 0 or 1)", shown(&echo));
            return Err(coded(1905, text));
        }
        let implied = || registry::implied_action(self.resource).map(str::to_owned);
        let Some(action) = value(ACTION).filter(|action| !action.is_empty()).or_else(implied) else {
            return Err(coded(1903, format!("Missing required parameter(s): {ACTION}")));
        };
        let Some(row) = self.rows.iter().find(|row| row.operation.action == action) else {
            let known: Vec<&str> = self.rows.iter().map(|row| row.operation.action).collect();
            let text = format!(
                "parameter {ACTION} has invalid value: {} (expecting one of {})",
                shown(&action),
                known.join(", ")
            );
            return Err(coded(1905, text));
        };
        if !row.operation.methods.names().contains(&self.method.as_str()) {
            let text = format!(
                "Request method {} is incompatible with specified parameter(s): {ACTION}={action}",
                self.method
            );
            return Err(coded(1908, text));
        }
        Ok(row)
    }

    /// Keeps the request for repeating it; gives its description for the activity log.
    fn note(&mut self, row: &OperationRow, form: &Form) -> String {
        let masked = row.operation.masked(form);
        let described: Vec<String> =
            masked.iter().map(|(pair, value)| format!("{}={value}", pair.name)).collect();
        if row.door == Door::Open {
            let username = masked.iter().find(|(pair, _)| pair.name == "username");
            self.asked.login = username.map(|(_, value)| value.clone()).unwrap_or_default();
        }
        self.asked.echo = masked.iter().any(|(pair, value)| pair.name == ECHO_REQUEST && value == "1");
        self.asked.pairs =
            masked.into_iter().map(|(pair, value)| (pair.name.clone(), value, pair.source)).collect();
        described.join(", ").chars().take(DESCRIPTION_CHARS).collect()
    }

    /// The role first: who may not do it does not learn what it takes.
    async fn parse(
        &mut self,
        row: &OperationRow,
        form: &Form,
        document: Option<&Bytes>,
        read: Result<(), CallError>,
    ) -> Result<Arguments, CallError> {
        if row.door == Door::Session {
            let session = self.session.as_ref().ok_or(session::refused(LoginRefused::BadCredentials))?;
            let actor = self.api.app.session_actor(session, self.from).await.map_err(session::refused)?;
            self.asked.login = actor.login.to_string();
            self.caller = Some(actor);
        }
        if let Some(actor) = self.caller.as_ref().filter(|_| !row.permissions.is_empty()) {
            row.admit(actor)?;
        }
        read?;
        self.refuse_networks(row, form)?;
        let arguments = row.operation.parse(form)?;
        let coded = |text: &str| CallError::Coded { code: 1905, text: text.to_owned() };
        match (row.operation.takes_document, document) {
            (true, None) => Err(coded("The body of the request is to be an XML document.")),
            (false, Some(_)) => Err(coded("The body of the request is to hold parameters, not a document.")),
            _ => Ok(arguments),
        }
    }

    /// Without networks nobody has the parameters that name them. That everything is in the one network
    /// there is may be said all the same: some clients always do.
    fn refuse_networks(&self, row: &OperationRow, form: &Form) -> Result<(), CallError> {
        let given = |name: &&&str| {
            let names_another = |pair: &Pair| pair.name == **name && pair.value.as_slice() != b"0";
            row.operation.parameter(name).is_some() && form.pairs().iter().any(names_another)
        };
        match OF_NETWORKS.iter().find(given) {
            Some(name) if !self.api.app.has_networks() => {
                let text = format!("Unrecognized parameter(s): {name}");
                Err(CallError::Coded { code: 1901, text })
            }
            _ => Ok(()),
        }
    }

    async fn refusal_of(
        &self,
        error: CallError,
        arguments: &Arguments,
        described: &str,
        row: Option<&OperationRow>,
    ) -> Outcome {
        match refuse(error, arguments) {
            Ok(refusal) => self.tell(&refusal, described, row).await,
            Err(error) => self.fail(&error),
        }
    }

    /// Writes a refusal to the activity log and into the answer.
    async fn tell(&self, refusal: &OperationRefusal, described: &str, row: Option<&OperationRow>) -> Outcome {
        let OperationRefusal { code, text, .. } = refusal;
        let resource = self.resource;
        let entry = ActivityEntry {
            login: Some(self.asked.login.clone()).filter(|login| !login.is_empty()),
            from: self.from,
            module: row.map_or("api", OperationRow::module).to_owned(),
            action: row.map_or("request", |row| row.operation.action).to_owned(),
            details: format!("API: /api/2.0/fo/{resource}/index.php refused: {code} {text} ({described})"),
            refused: true,
        };
        if let Err(error) = self.api.app.record(entry).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
        (refusal.status(), self.refusal_answer(refusal))
    }

    fn refusal_answer(&self, refusal: &OperationRefusal) -> Answer {
        let now = self.api.app.clock().now();
        let document = refusal_document(refusal, &self.asked, now, &self.base_url);
        Answer::of(ContentKind::TextXml, document)
    }

    /// Something of ours went wrong: the log is told what, the client where to look in it.
    fn fail(&self, error: &AppError) -> Outcome {
        let incident = incident(self.api.app.clock().now(), (self.resource, self.asked.login.as_str()));
        let resource = self.resource;
        let error: &dyn std::error::Error = error;
        tracing::error!(error, incident, resource, "a request failed");
        let text = format!("Internal Error. Incident signature: {incident}");
        let refusal = OperationRefusal::new(999, text);
        (refusal.status(), self.refusal_answer(&refusal))
    }

    /// Refuses a request whose parameters could not be read.
    async fn refuse_unread(&self, error: &ReadError) -> Outcome {
        let (status, text) = match error {
            ReadError::Form(error) => (StatusCode::BAD_REQUEST, format!("The request is refused: {error}.")),
            ReadError::TooLarge { max } => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("The request has more than {max} bytes."))
            }
            ReadError::TooSlow { seconds } => {
                (StatusCode::REQUEST_TIMEOUT, format!("The request did not arrive within {seconds} seconds."))
            }
            ReadError::Multipart => {
                (StatusCode::BAD_REQUEST, "The multipart body of the request cannot be read.".to_owned())
            }
            ReadError::Kind => (
                StatusCode::BAD_REQUEST,
                "The body of the request is neither a URL-encoded nor a multipart form, nor XML.".to_owned(),
            ),
        };
        let (_, answer) = self.tell(&OperationRefusal::new(1905, text), "", None).await;
        (status, answer)
    }
}

/// Puts what a document or a table says into the form, for operations whose parameters may stand in one,
/// and gives what no form can say.
fn read_body_form(
    row: &OperationRow,
    form: &mut Form,
    document: &mut Option<Bytes>,
    table: Option<Bytes>,
) -> Result<Option<GivenAccess>, CallError> {
    let told = |what: &str, error: &dyn std::error::Error| {
        let text = format!("The {what} in the body of the request cannot be read: {error}.");
        CallError::Coded { code: 1905, text }
    };
    match row.body {
        BodyForm::Parameters => {}
        BodyForm::Addresses(name) => {
            if let Some(table) = table {
                add_addresses(form, name, &table).map_err(|error| told("table", &error))?;
            }
        }
        BodyForm::KeyedTexts => {
            if let Some(document) = document.take() {
                add_keyed_texts(form, &document).map_err(|error| told("document", &error))?;
            }
        }
        BodyForm::UnixDocument => {
            let read = document.take().map(|document| read_unix_document(&document));
            return read.transpose().map_err(|error| told("document", &error));
        }
    }
    Ok(None)
}

fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_and_spelling_of_a_path_leads_to_the_resource() {
        for path in [
            "/api/2.0/fo/asset/host/",
            "/api/6.0/fo/asset/host",
            "/api/2.0/fo/asset/host/index.php",
            "/api/3.0/fo/asset/host/",
        ] {
            assert_eq!(below_version(path).and_then(resource_of), Some("asset/host"), "{path}");
        }
        for path in
            ["/api/1.0/fo/scan/", "/api/7.0/fo/scan/", "/api/02.0/fo/scan/", "/api/2.1/fo/scan/", "/api/2.0"]
        {
            assert_eq!(below_version(path), None, "{path}");
        }
        assert_eq!(below_version("/api/2.0/of/scan/").and_then(resource_of), None);
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let token = "0123456789abcdef0123456789abcdef";
        let found = |cookie: &str| {
            let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
            session_of(&headers).map(|session| session.reveal().to_owned())
        };
        assert_eq!(found(&format!("a=b; QualysSession={token}")).as_deref(), Some(token));
        assert_eq!(found("QualysSession=x"), None);
        assert_eq!(found(&format!("Other={token}")), None);
    }
}
