//! The API user guide, served at `/resources/api/`: generated from the declarations of the calls,
//! with the document types and sample code to download. Plain pages without scripts; no login.

mod call_page;
mod index_page;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use palisade_wire::{Operation, dtd};

use crate::address::base_url;
use crate::authentication::plain;
use crate::dispatch::Api;
use crate::{registry, v2};

/// Sample code: file name, text, what it shows.
pub(crate) const SAMPLES: [(&str, &str, &str); 2] = [
    (
        "scan.sh",
        include_str!("samples/scan.sh"),
        "Scans a host with curl, saves the report, and counts the findings by severity.",
    ),
    (
        "scan.py",
        include_str!("samples/scan.py"),
        "The same with Python's standard library, as a table, with the progress of the scan.",
    ),
];

const STYLE: &str = include_str!("style.css");

pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/resources/api", get(|| async { Redirect::permanent("/resources/api/") }))
        .route("/resources/api/", get(index))
        .route("/resources/api/{page}", get(page))
        .route("/resources/api/dtd/{*file}", get(definition))
        .route("/resources/api/samples/{file}", get(sample))
        .with_state(api)
}

async fn index(State(api): State<Arc<Api>>, target: Uri, headers: HeaderMap) -> Response {
    html(index_page::write(&base_url(&api.config, &target, &headers)))
}

async fn page(
    State(api): State<Arc<Api>>,
    Path(page): Path<String>,
    target: Uri,
    headers: HeaderMap,
) -> Response {
    if page == "style.css" {
        return ([(CONTENT_TYPE, "text/css; charset=UTF-8")], STYLE).into_response();
    }
    let base_url = base_url(&api.config, &target, &headers);
    if let Some(row) = registry::CALLS.iter().find(|row| page_name(row.call.script) == page) {
        return html(call_page::write(row, &base_url));
    }
    let operation = v2::registry::operations().find(|row| operation_page_name(row.operation) == page);
    match operation {
        Some(row) => html(call_page::write_operation(row, &base_url)),
        None => plain(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn definition(Path(file): Path<String>) -> Response {
    match dtd::all().find(|definition| definition.file == file) {
        Some(definition) => ([(CONTENT_TYPE, "application/xml-dtd")], definition.text).into_response(),
        None => plain(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn sample(Path(file): Path<String>) -> Response {
    match SAMPLES.iter().find(|(name, ..)| *name == file) {
        Some((_, text, _)) => {
            let headers = [(CONTENT_TYPE, "text/plain; charset=UTF-8"), (CONTENT_DISPOSITION, "attachment")];
            (headers, *text).into_response()
        }
        None => plain(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// The page of a script: `scan.php` is explained in `scan.html`.
pub(crate) fn page_name(script: &str) -> String {
    format!("{}.html", script.strip_suffix(".php").unwrap_or(script))
}

/// The page of an operation: `list` of `asset/host` is explained in `fo-asset-host-list.html`.
#[must_use]
pub(crate) fn operation_page_name(operation: &Operation) -> String {
    format!("fo-{}-{}.html", operation.resource.replace('/', "-"), operation.action)
}

fn html(page: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=UTF-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page).into_response()
}
