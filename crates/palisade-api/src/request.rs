//! Reading the parameters of a request: query, form body, multipart body; bounded in size and
//! time, and tolerant of bodies that are not there.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use palisade_wire::form::Limits;
use palisade_wire::{Form, FormError, Source};

use crate::config::ApiConfig;

/// Why the parameters of a request could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the body has more than {max} bytes")]
    TooLarge { max: usize },
    #[error("the body did not arrive within {seconds} seconds")]
    TooSlow { seconds: u64 },
    #[error("the multipart body cannot be read")]
    Multipart,
    #[error("the body is of a type that holds no parameters")]
    Kind,
    #[error("the form is refused")]
    Form(#[from] FormError),
}

/// All pairs of a request, and the document or table in its body if it is one.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) form: Form,
    /// An XML document.
    pub(crate) document: Option<Bytes>,
    /// Comma-separated values.
    pub(crate) table: Option<Bytes>,
}

/// All pairs of a request that sends no document and no table.
pub(crate) async fn read_form(config: &ApiConfig, request: Request) -> Result<Form, ReadError> {
    match read_request(config, request).await? {
        Sent { form, document: None, table: None } => Ok(form),
        Sent { .. } => Err(ReadError::Kind),
    }
}

/// All pairs of the request, and its document or table.
pub(crate) async fn read_request(config: &ApiConfig, request: Request) -> Result<Sent, ReadError> {
    let mut form = Form::new(Limits { total_bytes: config.body_max_bytes, ..Limits::DEFAULT });
    if let Some(query) = request.uri().query() {
        form.add_query(query)?;
    }
    let (parts, body) = request.into_parts();
    let body = read_body(config, body).await?;
    if body.trim_ascii().is_empty() {
        return Ok(Sent { form, document: None, table: None });
    }
    match body_kind(&parts.headers) {
        BodyKind::Form => form.add_body(&body)?,
        BodyKind::Multipart => {
            add_multipart(&mut form, Request::from_parts(parts, Body::from(body))).await?;
        }
        BodyKind::Xml => return Ok(Sent { form, document: Some(body), table: None }),
        BodyKind::Csv => return Ok(Sent { form, document: None, table: Some(body) }),
        BodyKind::Other => return Err(ReadError::Kind),
    }
    Ok(Sent { form, document: None, table: None })
}

async fn read_body(config: &ApiConfig, body: Body) -> Result<Bytes, ReadError> {
    let max = config.body_max_bytes;
    match tokio::time::timeout(config.body_timeout(), to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(ReadError::TooLarge { max }),
        Err(_) => Err(ReadError::TooSlow { seconds: config.body_timeout_s }),
    }
}

/// How a body is to be read.
enum BodyKind {
    Form,
    Multipart,
    /// A document. Clients name its type with no body at all, too, which is fine.
    Xml,
    Csv,
    /// Something that holds no parameters.
    Other,
}

fn body_kind(headers: &HeaderMap) -> BodyKind {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("multipart/form-data") {
        BodyKind::Multipart
    } else if kind.is_empty() || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        BodyKind::Form
    } else if kind.eq_ignore_ascii_case("text/xml") || kind.eq_ignore_ascii_case("application/xml") {
        BodyKind::Xml
    } else if kind.eq_ignore_ascii_case("text/csv") {
        BodyKind::Csv
    } else {
        BodyKind::Other
    }
}

async fn add_multipart(form: &mut Form, request: Request) -> Result<(), ReadError> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| ReadError::Multipart)?;
    while let Some(field) = parts.next_field().await.map_err(|_| ReadError::Multipart)? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.bytes().await.map_err(|_| ReadError::Multipart)?;
        form.add(&name, value.to_vec(), Source::Body)?;
    }
    Ok(())
}
