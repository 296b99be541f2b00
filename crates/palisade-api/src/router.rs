//! Which address leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get};
use palisade_app::App;
use palisade_wire::{Dtd, dtd};
use tower_http::compression::CompressionLayer;

use crate::authentication::plain;
use crate::config::ApiConfig;
use crate::dispatch::{Api, msp};
use crate::guide;
use crate::v2::dispatch::fo;

/// The API as a router. Serve it with
/// `into_make_service_with_connect_info::<std::net::SocketAddr>()`: the client's address is needed
/// for throttling and the activity log.
pub fn router(app: App, config: ApiConfig) -> Router {
    let api = Arc::new(Api { app, config });
    let mut router = Router::new()
        .route("/msp/{*path}", any(msp))
        .route("/api/{*path}", any(fo).layer(CompressionLayer::new()))
        .with_state(Arc::clone(&api));
    for definition in dtd::V1 {
        let path = format!("/{}", definition.file);
        router = router.route(&path, get(move || async move { serve_dtd(definition) }));
    }
    router
        // Whoever comes with a browser is shown where to begin.
        .route("/", get(|| async { Redirect::to("/resources/api/") }))
        .merge(guide::router(api))
        .fallback(|| async { plain(StatusCode::NOT_FOUND, "Not Found") })
        // Bodies are bounded where they are read.
        .layer(DefaultBodyLimit::disable())
}

/// A document type; no authentication, because validating parsers fetch it on their own.
pub(crate) fn serve_dtd(definition: &'static Dtd) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/xml-dtd"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], definition.text)
}
