//! The connections of an SSH survey. Few and mostly one after the other: servers count strangers
//! that connect and do not log in, and start to refuse them.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use palisade_model::PortFacts;
use palisade_model::fact::SshFacts;
use palisade_probe::ssh::{Conversation, Step, Survey, identify};

use super::port::Port;
use crate::stream::Received;

const CONVERSATION_PATIENCE: Duration = Duration::from_secs(6);
const PARALLEL: usize = 2;

/// Adds the SSH facts; whether all connections came to their end. `greeting` is what it said when it
/// was recognised, if it spoke first: where no more than that matters, it is not asked again.
pub(super) async fn survey(port: &Port<'_>, facts: &mut PortFacts, greeting: &[u8]) -> bool {
    let mut survey = Survey::new(port.random());
    if port.host.plan().needs.ssh_greeting_is_enough()
        && let Some(mut heard) = survey.next_conversation()
    {
        heard.feed(greeting);
        survey.take(heard);
        if let Some(found) = survey.finish() {
            write(facts, found);
            return true;
        }
        survey = Survey::new(port.random());
    }
    let mut running = FuturesUnordered::new();
    let mut finished = true;
    loop {
        while running.len() < PARALLEL
            && let Some(conversation) = survey.next_conversation()
        {
            running.push(hold(port, conversation));
        }
        let Some((conversation, complete)) = running.next().await else { break };
        finished &= complete;
        survey.take(conversation);
    }
    let Some(found) = survey.finish() else { return false };
    write(facts, found);
    finished
}

fn write(facts: &mut PortFacts, found: SshFacts) {
    facts.product = identify(&found.banner).0.or(facts.product.take());
    facts.banner = Some(found.banner.clone());
    facts.ssh = Some(found);
}

async fn hold(port: &Port<'_>, mut conversation: Conversation) -> (Conversation, bool) {
    let Some(mut stream) = port.open().await else { return (conversation, false) };
    let until = port.until_after(CONVERSATION_PATIENCE);
    loop {
        let mut bytes = Vec::new();
        match stream.read(&mut bytes, until).await {
            Received::Bytes => {}
            Received::Closed => return (conversation, true),
            Received::TimeUp | Received::TooMuch => return (conversation, false),
        }
        match conversation.feed(&bytes) {
            Step::NeedMore => {}
            Step::Send(answer) => {
                if !stream.send(&answer, until).await {
                    return (conversation, false);
                }
            }
            Step::Done => return (conversation, true),
        }
    }
}
