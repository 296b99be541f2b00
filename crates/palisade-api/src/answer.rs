//! Answers: whole documents and streams, and the `GENERIC_RETURN` that many calls share.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use palisade_app::Slot;
use palisade_wire::{XmlWriter, dtd};
use tokio::sync::mpsc;

/// Ends every report.
const CLOSING_NOTICE: &str = "Confidential. Palisade reports what it saw at the time of the scan; \
     that a weakness is not listed does not prove its absence.";

/// What a call answers.
#[derive(Debug)]
pub enum Answer {
    Document(Vec<u8>),
    /// Pieces of a document as they come; it ends when the sender is dropped.
    Stream(mpsc::Receiver<Vec<u8>>),
    /// Of a type of its own.
    Typed {
        kind: ContentKind,
        content: Content,
        cookie: Option<HeaderValue>,
    },
}

/// The content of an answer.
#[derive(Debug)]
pub enum Content {
    Whole(Vec<u8>),
    /// Pieces as they come; it ends when the sender is dropped.
    Pieces(mpsc::Receiver<Vec<u8>>),
}

/// The type of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentKind {
    /// `application/xml`: reports and lists.
    Xml,
    /// `text/xml`: what short answers of version 2 have.
    TextXml,
    Csv,
    Json,
    /// Something to be saved under this name: letters, digits, `-`, `_` and `.` of it are kept.
    File {
        content_type: &'static str,
        name: String,
    },
}

impl ContentKind {
    fn content_type(&self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::TextXml => "text/xml;charset=UTF-8",
            Self::Csv => "text/csv;charset=UTF-8",
            Self::Json => "application/json",
            Self::File { content_type, .. } => content_type,
        }
    }

    /// How browsers are to treat it.
    fn disposition(&self) -> Option<HeaderValue> {
        let Self::File { name, .. } = self else { return None };
        let kept = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
        let name: String = name.chars().filter(kept).take(100).collect();
        HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).ok()
    }
}

impl Answer {
    /// A whole answer of a type of its own.
    #[must_use]
    pub fn of(kind: ContentKind, content: Vec<u8>) -> Self {
        Self::Typed { kind, content: Content::Whole(content), cookie: None }
    }

    /// The same piece by piece.
    #[must_use]
    pub fn stream_of(kind: ContentKind, pieces: mpsc::Receiver<Vec<u8>>) -> Self {
        Self::Typed { kind, content: Content::Pieces(pieces), cookie: None }
    }

    /// The answer with a cookie.
    #[must_use]
    pub(crate) fn with_cookie(self, cookie: HeaderValue) -> Self {
        let (kind, content, _) = self.take_apart();
        Self::Typed { kind, content, cookie: Some(cookie) }
    }

    fn take_apart(self) -> (ContentKind, Content, Option<HeaderValue>) {
        match self {
            Self::Document(document) => (ContentKind::Xml, Content::Whole(document), None),
            Self::Stream(pieces) => (ContentKind::Xml, Content::Pieces(pieces), None),
            Self::Typed { kind, content, cookie } => (kind, content, cookie),
        }
    }

    /// The answer over HTTP.
    pub(crate) fn into_response(self, status: StatusCode) -> Response {
        let (kind, content, cookie) = self.take_apart();
        let body = match content {
            Content::Whole(document) => Body::from(document),
            Content::Pieces(pieces) => stream_body(pieces, None),
        };
        respond(status, &kind, cookie, body)
    }

    /// The answer of a call that holds a slot: given back before the client sees the end of the
    /// answer, or when it hangs up.
    pub(crate) async fn end_call(self, status: StatusCode, slot: Slot) -> Response {
        let (kind, content, cookie) = self.take_apart();
        let body = match content {
            Content::Whole(document) => {
                slot.release().await;
                Body::from(document)
            }
            Content::Pieces(pieces) => stream_body(pieces, Some(slot)),
        };
        respond(status, &kind, cookie, body)
    }
}

/// The pieces as they come. Dropped by the server when the client has hung up. Fused, because what
/// compresses it asks again after the end.
fn stream_body(receiver: mpsc::Receiver<Vec<u8>>, slot: Option<Slot>) -> Body {
    let pieces = stream::unfold((receiver, slot), |(mut receiver, slot)| async {
        if let Some(piece) = receiver.recv().await {
            return Some((Ok::<_, Infallible>(piece), (receiver, slot)));
        }
        if let Some(slot) = slot {
            slot.release().await;
        }
        None
    });
    Body::from_stream(pieces.fuse())
}

fn respond(status: StatusCode, kind: &ContentKind, cookie: Option<HeaderValue>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
    headers.extend(kind.disposition().map(|disposition| (CONTENT_DISPOSITION, disposition)));
    headers.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Ends a report: closes what is open, and the notice after the root.
pub(crate) fn end_report(xml: &mut XmlWriter) {
    xml.close_all();
    xml.notice(CLOSING_NOTICE);
}

/// A `GENERIC_RETURN`: what an action came to, or why something was refused.
#[derive(Debug)]
pub(crate) struct GenericReturn<'a> {
    pub(crate) base_url: &'a str,
    /// The script, or `login` or `index.php` for failures outside of it.
    pub(crate) api: &'a str,
    pub(crate) username: &'a str,
    pub(crate) at: &'a str,
    /// `Ok`: what was done. `Err`: the error's number and text.
    pub(crate) outcome: Result<&'a str, (u32, &'a str)>,
}

impl GenericReturn<'_> {
    /// The whole document, with a notice after the root if there is one.
    pub(crate) fn document(&self, notice: Option<&str>) -> Vec<u8> {
        let Self { base_url, api, username, at, outcome } = *self;
        let mut xml = XmlWriter::document("GENERIC_RETURN", &dtd::GENERIC_RETURN.url(base_url));
        xml.element("GENERIC_RETURN", &[], |xml| {
            xml.empty("API", &[("name", api), ("username", username), ("at", at)]);
            match outcome {
                Ok(text) => xml.padded_text("RETURN", &[("status", "SUCCESS")], text),
                Err((number, text)) => {
                    let number = number.to_string();
                    xml.padded_text("RETURN", &[("status", "FAILED"), ("number", &number)], text);
                }
            }
        });
        if let Some(notice) = notice {
            xml.notice(notice);
        }
        xml.finish()
    }
}

/// What the calls about users put into their own roots: what an action came to, or why something
/// was refused.
#[derive(Debug)]
pub(crate) struct OwnReturn<'a> {
    pub(crate) api: &'a str,
    pub(crate) username: &'a str,
    pub(crate) at: &'a str,
    /// `SUCCESS`, `WARNING` or `FAILED`.
    pub(crate) status: &'a str,
    /// The error's number.
    pub(crate) number: Option<u32>,
    pub(crate) message: &'a str,
}

impl OwnReturn<'_> {
    /// `API`, and `RETURN` with its `MESSAGE` and whatever `more` writes after it.
    pub(crate) fn write(&self, xml: &mut XmlWriter, more: impl FnOnce(&mut XmlWriter)) {
        let Self { api, username, at, status, number, message } = *self;
        xml.empty("API", &[("name", api), ("username", username), ("at", at)]);
        let number = number.map(|number| number.to_string());
        let mut attributes = vec![("status", status)];
        attributes.extend(number.as_deref().map(|number| ("number", number)));
        xml.element("RETURN", &attributes, |xml| {
            xml.cdata("MESSAGE", message);
            more(xml);
        });
    }
}
