//! Answers: whole documents and streams, and the `GENERIC_RETURN` that many calls share.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream;
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
}

impl Answer {
    /// The answer over HTTP.
    pub(crate) fn into_response(self, status: StatusCode) -> Response {
        match self {
            Self::Document(document) => respond(status, Body::from(document)),
            Self::Stream(receiver) => respond(status, stream_body(receiver, None)),
        }
    }

    /// The answer of a call that holds a slot: given back before the client sees the end of the
    /// answer, or when it hangs up.
    pub(crate) async fn end_call(self, status: StatusCode, slot: Slot) -> Response {
        match self {
            Self::Document(document) => {
                slot.release().await;
                respond(status, Body::from(document))
            }
            Self::Stream(receiver) => respond(status, stream_body(receiver, Some(slot))),
        }
    }
}

/// The pieces as they come. Dropped by the server when the client has hung up.
fn stream_body(receiver: mpsc::Receiver<Vec<u8>>, slot: Option<Slot>) -> Body {
    Body::from_stream(stream::unfold((receiver, slot), |(mut receiver, slot)| async {
        if let Some(piece) = receiver.recv().await {
            return Some((Ok::<_, Infallible>(piece), (receiver, slot)));
        }
        if let Some(slot) = slot {
            slot.release().await;
        }
        None
    }))
}

fn respond(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
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
