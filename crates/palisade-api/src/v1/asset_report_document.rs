//! Answering with reports on hosts, as they are written.

use std::sync::Arc;

use palisade_app::{App, AssetReport};
use palisade_report::WriteError;
use palisade_report::asset_report::write_body;
pub(super) use palisade_report::asset_report::{Document, Origin, write_head, write_origin, write_target};
use palisade_wire::XmlWriter;

use crate::answer::Answer;
use crate::registry::CallRequest;
use crate::v1::pages::Pages;

/// Who asks, and when.
pub(super) fn origin(request: &CallRequest) -> Origin<'_> {
    Origin {
        company: request.app.company(),
        login: request.actor.login.as_str(),
        at: request.app.clock().now(),
    }
}

/// The answer whose beginning `xml` holds: its root is open and its header written.
pub(super) fn answer(app: App, report: AssetReport, xml: XmlWriter, document: Document) -> Answer {
    let (mut pages, answer) = Pages::new(xml);
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = match write_body(&mut pages, &app, Arc::new(report), document).await {
            Ok(()) => pages.end().await,
            Err(WriteError::Read(error)) => pages.break_off(&error).await,
            Err(WriteError::Disconnected(gone)) => Err(gone),
        };
    });
    answer
}
