//! The connections on which a server of TLS 1.0 to 1.2 is tried by a client with keys: at most five,
//! where its suites allow it. See [`palisade_probe::tls::old_trial`].

use std::time::Duration;

use palisade_model::fact::TlsFacts;
use palisade_probe::conversation::Conversation;
use palisade_probe::starttls::Upgrade;
use palisade_probe::tls::old_trial::{OldTrial, OldTrialConversation, TicketConversation, can_try};

use super::port::Port;
use super::tls::open_patiently;
use crate::stream::End;

/// For one answer. A server that does nothing about a wish to begin again costs this once.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Adds what the trials show.
pub(super) async fn run(port: &Port<'_>, upgrade: Option<Upgrade>, facts: &mut TlsFacts) {
    if !facts.suites.iter().any(|suite| can_try(&suite.version, suite.id)) {
        return;
    }
    let (padding_unchecked, padding_oracle, client_renegotiation, ticket_leak) = tokio::join!(
        one(port, upgrade, OldTrial::WrongPadding),
        one(port, upgrade, OldTrial::PaddingAlone),
        one(port, upgrade, OldTrial::Renegotiation),
        ticket(port, upgrade, facts.session_tickets == Some(true)),
    );
    facts.padding_unchecked = padding_unchecked;
    facts.padding_oracle = padding_oracle;
    facts.client_renegotiation = client_renegotiation;
    facts.ticket_leak = ticket_leak;
}

async fn one(port: &Port<'_>, upgrade: Option<Upgrade>, trial: OldTrial) -> Option<bool> {
    let mut conversation = OldTrialConversation::new(trial, port.name, port.random());
    hold(port, upgrade, &mut conversation).await?;
    conversation.finish()
}

/// Where tickets are handed out, one is brought back.
async fn ticket(port: &Port<'_>, upgrade: Option<Upgrade>, handed_out: bool) -> Option<bool> {
    if !handed_out {
        return None;
    }
    let mut first = TicketConversation::new(port.name, port.random());
    hold(port, upgrade, &mut first).await?;
    let mut second = first.finish()?;
    hold(port, upgrade, &mut second).await?;
    second.finish()
}

async fn hold(
    port: &Port<'_>,
    upgrade: Option<Upgrade>,
    conversation: &mut impl Conversation,
) -> Option<End> {
    let mut stream = open_patiently(port, upgrade).await?;
    Some(stream.converse(conversation, ANSWER_PATIENCE, port.until).await)
}
