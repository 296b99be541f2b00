//! A conversation with one service over a stream, without the stream.
//!
//! Whoever owns the connection sends what [`Conversation::start`] gives, collects what arrives,
//! and after every read hands *everything received since the last sending* to
//! [`Conversation::receive`]. What was seen so far stays in the conversation, so breaking off at
//! any moment loses nothing that was learnt.
//!
//! Absent on purpose: time limits and the size of reads. They belong to the connection's owner,
//! who also gives up when an answer passes [`ANSWER_BYTES_MAX`].

use crate::reader::Malformed;

/// No conversation needs a longer answer than this to a single sending.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The answer is not complete: read on, keep what was received.
    NeedMore,
    /// The answer is complete: forget it, send this, wait for the next answer.
    Send(Vec<u8>),
    /// The conversation is over; send this good-bye without waiting for an answer.
    Finish(Vec<u8>),
    /// The conversation is over.
    Done,
    /// The other side does not speak this protocol, or breaks it.
    Failed(Malformed),
}

impl Step {
    /// The conversation goes on after this step.
    #[must_use]
    pub const fn continues(&self) -> bool {
        matches!(self, Self::NeedMore | Self::Send(_))
    }
}

impl From<Malformed> for Step {
    fn from(reason: Malformed) -> Self {
        Self::Failed(reason)
    }
}

/// One side of a conversation.
pub trait Conversation {
    /// The first sending; empty when the service speaks first.
    fn start(&mut self) -> Vec<u8>;

    /// Looks at everything received since the last sending.
    fn receive(&mut self, received: &[u8]) -> Step;

    /// The other side closed, or time is up; `received` is what arrived since the last sending.
    /// For answers whose end is the end of the connection.
    fn closed(&mut self, _received: &[u8]) {}
}

#[cfg(test)]
pub(crate) mod scripted {
    //! Plays the service's side from a script.

    use super::{Conversation, Step};

    /// Gives the answers in order, whole or byte by byte; returns what was sent and the last step.
    pub(crate) fn play(
        conversation: &mut impl Conversation,
        answers: &[&[u8]],
        slowly: bool,
    ) -> (Vec<String>, Step) {
        let mut sent = vec![conversation.start()];
        let mut last = Step::NeedMore;
        for answer in answers {
            let shortest = if slowly { 1 } else { answer.len() };
            for length in shortest..=answer.len() {
                last = conversation.receive(&answer[..length]);
                if last != Step::NeedMore {
                    break;
                }
            }
            match &last {
                Step::Send(bytes) | Step::Finish(bytes) => sent.push(bytes.clone()),
                Step::NeedMore | Step::Done | Step::Failed(_) => {}
            }
            if !last.continues() {
                break;
            }
        }
        (sent.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect(), last)
    }

    /// Throws arbitrary answers at a conversation; it must neither panic nor go on for ever.
    pub(crate) fn survive(mut conversation: impl Conversation, answers: &[Vec<u8>]) {
        conversation.start();
        for answer in answers {
            for length in [answer.len() / 2, answer.len()] {
                if matches!(conversation.receive(&answer[..length]), Step::Done | Step::Failed(_)) {
                    return;
                }
            }
        }
        conversation.closed(answers.last().map_or(&[], Vec::as_slice));
    }
}
