//! Answering page by page with documents that are there from the start; a scan that is being watched
//! has `scan_stream`.

pub(super) use palisade_report::{Disconnected, Pages};
use palisade_wire::XmlWriter;

use crate::answer::Answer;

/// The document that was begun, and the answer that carries it.
pub(super) fn begin(xml: XmlWriter) -> (Pages, Answer) {
    let (pages, receiver) = Pages::new(xml);
    (pages, Answer::Stream(receiver))
}
