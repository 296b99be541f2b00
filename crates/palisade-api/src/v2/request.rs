//! What a handler of version 2 is given, and the envelopes its answers come in.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Bytes;
use palisade_app::{Actor, App, SessionToken};
use palisade_model::auth_record::GivenAccess;
use palisade_wire::csv::CsvWriter;
use palisade_wire::dtd::v2::{BATCH_RETURN, SIMPLE_RETURN};
use palisade_wire::form::encode;
use palisade_wire::operation::{ACTION, ECHO_REQUEST};
use palisade_wire::{Answers, Arguments, Dtd, Operation, Parameter, Source, XmlWriter};

use crate::answer::{Answer, ContentKind, end_report};
use crate::error::CallError;
use crate::v2::error::OperationRefusal;

/// What a handler is given.
#[derive(Debug)]
pub struct OperationRequest {
    pub app: App,
    /// The caller; `None` only where nobody is known yet.
    pub actor: Option<Actor>,
    pub arguments: Arguments,
    pub operation: &'static Operation,
    /// Scheme, host and port of this server as the client sees it.
    pub base_url: String,
    /// Interval of keep-alive comments.
    pub keep_alive: Duration,
    /// The session that the request was made in.
    pub session: Option<SessionToken>,
    /// Where the request came from.
    pub from: IpAddr,
    /// The XML document of the body, for operations that take one.
    pub document: Option<Bytes>,
    /// What a document `UNIX_AUTH_PARAMS` in the body said, for operations that take one.
    pub unix_access: GivenAccess,
    pub asked: Asked,
}

/// What became of one of the objects that a request named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub text: String,
    /// Ids and ranges of ids, sorted.
    pub ids: Vec<(u64, u64)>,
}

/// The request as it was made, for repeating it: in answers, and in the URL of the next page.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Path of the resource as the client wrote it.
    pub(crate) path: String,
    /// Name, value and place of every pair; secrets are masked.
    pub(crate) pairs: Vec<(String, String, Source)>,
    /// Whether the answer repeats the request.
    pub(crate) echo: bool,
    /// The login to show; with an unknown caller what the request names.
    pub(crate) login: String,
}

impl Asked {
    /// Names and values of the request, if the answer repeats it.
    pub(crate) fn echoed(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter().filter(|_| self.echo);
        pairs.map(|(name, value, _)| (name.as_str(), value.as_str()))
    }

    /// `REQUEST`, if the client asked for it.
    fn write(&self, xml: &mut XmlWriter, now: palisade_model::Timestamp, base_url: &str) {
        if !self.echo {
            return;
        }
        xml.element("REQUEST", &[], |xml| {
            xml.date_time("DATETIME", now);
            xml.text("USER_LOGIN", &self.login);
            xml.text("RESOURCE", &format!("{base_url}{}", self.path));
            xml.list("PARAM_LIST", &self.pairs, |xml, (name, value, _)| {
                xml.element("PARAM", &[], |xml| {
                    xml.text("KEY", name);
                    xml.text("VALUE", value);
                });
            });
            let posted = self.pairs.iter().filter(|(.., source)| *source == Source::Body);
            let posted: Vec<String> =
                posted.map(|(name, value, _)| format!("{}={}", encode(name), encode(value))).collect();
            if !posted.is_empty() {
                xml.text("POST_DATA", &posted.join("&"));
            }
        });
    }
}

/// Starts a document of version 2 up to the `DATETIME` of its `RESPONSE`.
pub(crate) fn start(
    root: &'static str,
    dtd: &Dtd,
    asked: &Asked,
    now: palisade_model::Timestamp,
    base_url: &str,
) -> XmlWriter {
    let mut xml = start_root(root, dtd, asked, now, base_url);
    xml.open("RESPONSE", &[]);
    xml.date_time("DATETIME", now);
    xml
}

/// Starts a document of version 2 up to where its `RESPONSE` begins.
fn start_root(
    root: &'static str,
    dtd: &Dtd,
    asked: &Asked,
    now: palisade_model::Timestamp,
    base_url: &str,
) -> XmlWriter {
    let mut xml = XmlWriter::document(root, &dtd.url(base_url));
    xml.open(root, &[]);
    asked.write(&mut xml, now, base_url);
    xml
}

/// A `SIMPLE_RETURN` that refuses.
pub(crate) fn refusal_document(
    refusal: &OperationRefusal,
    asked: &Asked,
    now: palisade_model::Timestamp,
    base_url: &str,
) -> Vec<u8> {
    let mut xml = start("SIMPLE_RETURN", &SIMPLE_RETURN, asked, now, base_url);
    xml.text("CODE", &refusal.code.to_string());
    xml.text("TEXT", &refusal.text);
    write_items(&mut xml, &refusal.items);
    xml.finish()
}

fn write_items(xml: &mut XmlWriter, items: &[(&str, String)]) {
    xml.list("ITEM_LIST", items, |xml, (key, value)| {
        xml.element("ITEM", &[], |xml| {
            xml.text("KEY", key);
            xml.text("VALUE", value);
        });
    });
}

impl OperationRequest {
    /// The caller.
    ///
    /// # Errors
    ///
    /// When nobody is known, which no operation behind a door meets.
    pub fn actor(&self) -> Result<&Actor, CallError> {
        let nobody = || CallError::Coded { code: 2000, text: "Bad Login/Password".to_owned() };
        self.actor.as_ref().ok_or_else(nobody)
    }

    /// Starts the operation's document up to the `DATETIME` of its `RESPONSE`, which stays open.
    /// Ended with [`OperationRequest::end`].
    #[must_use]
    pub fn document(&self) -> XmlWriter {
        let (root, dtd) = self.root_and_type();
        start(root, dtd, &self.asked, self.app.clock().now(), &self.base_url)
    }

    /// The same up to where the `RESPONSE` begins, for documents whose `RESPONSE` has attributes.
    pub(crate) fn root(&self) -> XmlWriter {
        let (root, dtd) = self.root_and_type();
        start_root(root, dtd, &self.asked, self.app.clock().now(), &self.base_url)
    }

    const fn root_and_type(&self) -> (&'static str, &'static Dtd) {
        match self.operation.answers {
            Answers::Document { root, dtd } => (root, dtd),
            Answers::Batch => ("BATCH_RETURN", &BATCH_RETURN),
            Answers::Simple | Answers::Other(_) => ("SIMPLE_RETURN", &SIMPLE_RETURN),
        }
    }

    /// Ends a document.
    #[must_use]
    pub fn end(mut xml: XmlWriter) -> Answer {
        end_report(&mut xml);
        Answer::Document(xml.finish())
    }

    /// A `SIMPLE_RETURN` that says what was done, with keys and values of what was made.
    #[must_use]
    pub fn simple_return(&self, text: &str, items: &[(&str, String)]) -> Answer {
        let now = self.app.clock().now();
        let mut xml = start("SIMPLE_RETURN", &SIMPLE_RETURN, &self.asked, now, &self.base_url);
        xml.text("TEXT", text);
        write_items(&mut xml, items);
        Answer::of(ContentKind::TextXml, xml.finish())
    }

    /// A `BATCH_RETURN` that says what became of many objects.
    #[must_use]
    pub fn batch_return(&self, batches: &[Batch]) -> Answer {
        let now = self.app.clock().now();
        let mut xml = start("BATCH_RETURN", &BATCH_RETURN, &self.asked, now, &self.base_url);
        xml.list("BATCH_LIST", batches, |xml, Batch { text, ids }| {
            xml.element("BATCH", &[], |xml| {
                xml.text("TEXT", text);
                write_id_set(xml, ids);
            });
        });
        Answer::of(ContentKind::TextXml, xml.finish())
    }

    /// Refuses the value of a parameter; `reason` is a phrase without a full stop.
    #[must_use]
    pub fn invalid(&self, parameter: &Parameter, reason: &str) -> CallError {
        let shown = self.arguments.written(parameter).unwrap_or_default();
        let value = if parameter.secret { palisade_wire::operation::MASK } else { shown };
        let value: String = value.chars().take(200).collect();
        let text = format!("parameter {} has invalid value: {value} ({reason})", parameter.name);
        CallError::Coded { code: 1905, text }
    }

    /// The URL of the same request with `changes` made to its parameters: the next page.
    #[must_use]
    pub fn url_with(&self, changes: &[(&str, String)]) -> String {
        let kept = self.asked.pairs.iter().map(|(name, value, _)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| {
            *name != ECHO_REQUEST && *name != ACTION && !changes.iter().any(|(changed, _)| changed == name)
        });
        let changed = changes.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs: Vec<String> = [(ACTION, self.operation.action)]
            .into_iter()
            .chain(kept)
            .chain(changed)
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        format!("{}{}?{}", self.base_url, self.asked.path, pairs.join("&"))
    }

    /// `WARNING`: more records than `limit` are there, and where the next ones are.
    pub fn write_warning(&self, xml: &mut XmlWriter, limit: u64, changes: &[(&str, String)]) {
        xml.element("WARNING", &[], |xml| {
            xml.text("CODE", "1980");
            xml.text(
                "TEXT",
                &format!("{limit} record limit exceeded. Use URL to get next batch of results."),
            );
            xml.cdata("URL", &self.url_with(changes));
        });
    }

    /// The same at the end of a table.
    pub fn write_footer(&self, csv: &mut CsvWriter, limit: u64, changes: &[(&str, String)]) {
        csv.line("----BEGIN_RESPONSE_FOOTER_CSV");
        csv.line("WARNING");
        csv.row(["CODE", "TEXT", "URL"]);
        let text = format!("{limit} record limit exceeded. Use URL to get next batch of results.");
        csv.row(["1980", &text, &self.url_with(changes)]);
        csv.line("----END_RESPONSE_FOOTER_CSV");
    }
}

/// `ID_SET`; nothing for an empty one.
pub fn write_id_set(xml: &mut XmlWriter, ids: &[(u64, u64)]) {
    xml.list("ID_SET", ids, |xml, (first, last)| {
        if first == last {
            xml.number("ID", *first);
        } else {
            xml.text("ID_RANGE", &format!("{first}-{last}"));
        }
    });
}

/// Sorted ids as ranges, as `ID_SET` shows them.
pub fn id_ranges(ids: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for id in ids {
        match ranges.last_mut() {
            Some((_, last)) if id <= last.saturating_add(1) => *last = id.max(*last),
            _ => ranges.push((id, id)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::id_ranges;

    #[test]
    fn neighbours_become_a_range() {
        assert_eq!(id_ranges([1, 2, 3, 5, 5, 7, 8]), [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(id_ranges([]), []);
    }
}
