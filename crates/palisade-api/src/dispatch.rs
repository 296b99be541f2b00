//! The one way every call takes, from the request to the answer or the refusal.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use palisade_app::{ActivityEntry, Actor, Admission, App, Error as AppError};
use palisade_wire::date_time::date_time;
use palisade_wire::{Arguments, Call, ErrorForm, Form, XmlWriter};

use crate::address::{base_url, client_address};
use crate::answer::{Answer, GenericReturn, OwnReturn, end_report};
use crate::authentication::{authenticate, plain};
use crate::config::ApiConfig;
use crate::error::{CallError, Fault, Refusal};
use crate::limits;
use crate::registry::{self, CallRequest, Row};
use crate::request::{ReadError, read_form};

/// Longest description of a refused request in the activity log, in characters.
pub(crate) const DESCRIPTION_CHARS: usize = 600;

/// What every request needs.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) config: ApiConfig,
}

/// Answers one request under `/msp/`.
pub(crate) async fn msp(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let path = request.uri().path().strip_prefix("/msp/").unwrap_or_default();
    let script = path.split('/').next().unwrap_or_default();
    let Some(row) = registry::find(script) else {
        return plain(StatusCode::NOT_FOUND, "Not Found");
    };
    if !matches!(*request.method(), Method::GET | Method::POST) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        return response;
    }
    let from = client_address(&api.config, request.headers(), peer);
    let base_url = base_url(&api.config, request.uri(), request.headers());
    let actor = match authenticate(&api.app, request.headers(), from, &base_url).await {
        Ok(actor) => actor,
        Err(response) => return response,
    };
    let visit = Visit { api: &api, row, actor, base_url };
    visit.answer(read_form(&api.config, request).await).await
}

/// What a call comes to.
type Outcome = (StatusCode, Answer);

/// A call by a known user.
struct Visit<'a> {
    api: &'a Api,
    row: &'static Row,
    actor: Actor,
    base_url: String,
}

impl Visit<'_> {
    /// Holds the call against the API limits, and answers it if they let it in.
    async fn answer(&self, form: Result<Form, ReadError>) -> Response {
        let script = self.row.call.script;
        let Admission { status, entry } = match self.api.app.begin_call(script).await {
            Ok(admission) => admission,
            Err(error) => {
                let (code, answer) = self.fail(&error);
                return answer.into_response(code);
            }
        };
        let mut response = match entry {
            Ok(slot) => {
                let (code, answer) = match form {
                    Ok(form) => self.run(form).await,
                    Err(error) => self.refuse_unread(error).await,
                };
                answer.end_call(code, slot).await
            }
            Err(reached) => {
                let refusal = limits::refusal(reached, &status);
                self.record(&refusal, "").await;
                let document = self.generic_document(script, &refusal, None);
                Answer::Document(document).into_response(StatusCode::CONFLICT)
            }
        };
        limits::write_headers(response.headers_mut(), &status);
        response
    }

    async fn run(&self, form: Form) -> Outcome {
        let arguments = match self.admit(&form) {
            Ok(arguments) => arguments,
            Err(error) => return self.refuse(error, &Arguments::default(), &form).await,
        };
        let request = CallRequest {
            app: self.api.app.clone(),
            actor: self.actor.clone(),
            arguments: arguments.clone(),
            base_url: self.base_url.clone(),
            keep_alive: self.api.config.keep_alive(),
            call: self.row.call,
        };
        match (self.row.handler)(request).await {
            Ok(answer) => (StatusCode::OK, answer),
            Err(error) => self.refuse(error, &arguments, &form).await,
        }
    }

    /// The role first: who may not call does not learn what the call takes.
    fn admit(&self, form: &Form) -> Result<Arguments, CallError> {
        self.row.admit(&self.actor)?;
        Ok(self.row.call.parse(form)?)
    }

    async fn refuse(&self, error: CallError, arguments: &Arguments, form: &Form) -> Outcome {
        let described = self.row.call.describe(form, DESCRIPTION_CHARS);
        match error.into_fault(arguments) {
            Fault::Refused(refusal) => {
                self.record(&refusal, &described).await;
                (StatusCode::OK, Answer::Document(self.refusal_document(&refusal)))
            }
            Fault::Internal(error) => self.fail(&error),
        }
    }

    /// Something of ours went wrong: the log is told what, the client where to look in it.
    fn fail(&self, error: &AppError) -> Outcome {
        let incident = self.incident();
        let script = self.row.call.script;
        let error: &dyn std::error::Error = error;
        tracing::error!(error, incident, script, "a call failed");
        let refusal = Refusal::new(999, "Internal error. Please contact customer support.");
        let notice = format!("Incident signature: {incident}");
        let document = self.generic_document("index.php", &refusal, Some(&notice));
        (StatusCode::OK, Answer::Document(document))
    }

    /// Refuses a request whose parameters could not be read.
    async fn refuse_unread(&self, error: ReadError) -> Outcome {
        let (status, error) = match error {
            ReadError::Form(error) => (StatusCode::OK, CallError::Form(error)),
            ReadError::TooLarge { max } => {
                let refusal = Refusal::new(5008, format!("The request has more than {max} bytes."));
                (StatusCode::PAYLOAD_TOO_LARGE, CallError::Refused(refusal))
            }
            ReadError::TooSlow { seconds } => {
                let text = format!("The request did not arrive within {seconds} seconds.");
                (StatusCode::REQUEST_TIMEOUT, CallError::Refused(Refusal::new(5008, text)))
            }
            ReadError::Multipart => {
                let refusal = Refusal::new(5008, "The multipart body of the request cannot be read.");
                (StatusCode::OK, CallError::Refused(refusal))
            }
            ReadError::Kind => {
                let text = "The body of the request is neither a URL-encoded nor a multipart form.";
                (StatusCode::OK, CallError::Refused(Refusal::new(5008, text)))
            }
        };
        match error.into_fault(&Arguments::default()) {
            Fault::Refused(refusal) if status != StatusCode::OK => {
                self.record(&refusal, "").await;
                (status, Answer::Document(self.generic_document(self.row.call.script, &refusal, None)))
            }
            Fault::Refused(refusal) => {
                self.record(&refusal, "").await;
                (status, Answer::Document(self.refusal_document(&refusal)))
            }
            Fault::Internal(error) => self.fail(&error),
        }
    }

    /// The refusal in the form of the call.
    fn refusal_document(&self, refusal: &Refusal) -> Vec<u8> {
        let call: &Call = self.row.call;
        match call.errors {
            ErrorForm::InRoot { attributes } => {
                let mut xml = XmlWriter::document(call.root, &call.dtd.url(&self.base_url));
                xml.open(call.root, attributes);
                let number = refusal.number.to_string();
                xml.padded_text("ERROR", &[("number", &number)], &refusal.text);
                end_report(&mut xml);
                xml.finish()
            }
            ErrorForm::ReturnInRoot => {
                let mut xml = XmlWriter::document(call.root, &call.dtd.url(&self.base_url));
                let answer = OwnReturn {
                    api: call.script,
                    username: self.actor.login.as_str(),
                    at: &date_time(self.api.app.clock().now()),
                    status: "FAILED",
                    number: Some(refusal.number),
                    message: &refusal.text,
                };
                xml.element(call.root, &[], |xml| answer.write(xml, |_| {}));
                xml.finish()
            }
            ErrorForm::GenericReturn => self.generic_document(call.script, refusal, None),
        }
    }

    fn generic_document(&self, api: &str, refusal: &Refusal, notice: Option<&str>) -> Vec<u8> {
        let at = date_time(self.api.app.clock().now());
        let outcome = Err((refusal.number, refusal.text.as_str()));
        let username = self.actor.login.as_str();
        GenericReturn { base_url: &self.base_url, api, username, at: &at, outcome }.document(notice)
    }

    /// Writes a refusal to the activity log.
    async fn record(&self, refusal: &Refusal, described: &str) {
        let Refusal { number, text } = refusal;
        let entry = ActivityEntry {
            login: Some(self.actor.login.to_string()),
            from: self.actor.from,
            module: self.row.module().to_owned(),
            action: self.row.call.script.to_owned(),
            details: format!("refused: {number} {text} ({described})"),
            refused: true,
        };
        if let Err(error) = self.api.app.record(entry).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
    }

    /// Names an internal error, so that the answer and the server's log can be matched: 32 hex
    /// digits. No secret, only unlikely to repeat.
    fn incident(&self) -> String {
        let now = self.api.app.clock().now();
        incident(now, (self.row.call.script, self.actor.login.as_str()))
    }
}

/// 32 hex digits that are unlikely to repeat.
pub(crate) fn incident(now: palisade_model::Timestamp, what: impl Hash + Copy) -> String {
    let digest = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, now.as_nanosecond(), what).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", digest(0), digest(1))
}
