//! Which connections to make to an SSH server, and the facts that come of them.

use palisade_model::fact::SshFacts;

use super::algorithms::HOST_KEY_FAMILIES;
use super::conversation::Conversation;

/// Learns what an SSH server shows:
///
/// ```
/// # use palisade_probe::ssh::{Conversation, Step, Survey};
/// # fn connect_and_read() -> Vec<u8> { b"SSH-1.5-1.2.27\n".to_vec() }
/// # fn write(_: &[u8]) {}
/// let mut survey = Survey::new([7; 16]);
/// while let Some(mut conversation) = survey.next_conversation() {
///     loop {
///         match conversation.feed(&connect_and_read()) {
///             Step::NeedMore => {}
///             Step::Send(bytes) => write(&bytes),
///             Step::Done => break,
///         }
///     }
///     survey.take(conversation);
/// }
/// assert!(survey.finish().unwrap().protocol_1);
/// ```
///
/// The first connection brings the algorithms and one host key, each further one another key; those
/// may run at once: [`Survey::next_conversation`] gives `None` when there is nothing to start before
/// one that is under way comes back.
#[derive(Debug, Clone)]
pub struct Survey {
    cookie: [u8; 16],
    started: bool,
    /// Host key families still to be asked for.
    families: Vec<&'static [&'static str]>,
    facts: Option<SshFacts>,
}

impl Survey {
    /// `cookie` goes into our messages; no secret is made of it.
    #[must_use]
    pub const fn new(cookie: [u8; 16]) -> Self {
        Self { cookie, started: false, families: Vec::new(), facts: None }
    }

    /// The next connection to make.
    pub fn next_conversation(&mut self) -> Option<Conversation> {
        if !self.started {
            self.started = true;
            return Some(Conversation::new(self.cookie, &HOST_KEY_FAMILIES.concat()));
        }
        self.families.pop().map(|family| Conversation::new(self.cookie, family))
    }

    /// Takes a conversation back, however it ended (also by a time limit or a closed connection).
    pub fn take(&mut self, conversation: Conversation) {
        if self.facts.is_none()
            && let Some(identification) = &conversation.identification
        {
            let mut facts = SshFacts {
                banner: identification.line.clone(),
                protocol: identification.protocol.clone(),
                software: identification.software.clone(),
                protocol_1: identification.offers_protocol_1(),
                ..SshFacts::default()
            };
            if let Some(server) = &conversation.server {
                server.fill(&mut facts);
                self.families = families_to_ask(&facts, &conversation);
            }
            self.facts = Some(facts);
        }
        if let (Some(facts), Some(key)) = (&mut self.facts, conversation.host_key)
            && !facts.host_keys.contains(&key)
        {
            facts.host_keys.push(key);
        }
    }

    /// Everything learnt; `None` when no identification line came.
    #[must_use]
    pub fn finish(&self) -> Option<SshFacts> {
        let mut facts = self.facts.clone()?;
        facts.host_keys.sort_by(|one, other| one.algorithm.cmp(&other.algorithm));
        Some(facts)
    }
}

/// The families the server has besides the one whose key is known; last asked first.
fn families_to_ask(facts: &SshFacts, conversation: &Conversation) -> Vec<&'static [&'static str]> {
    let known = conversation.host_key.as_ref().map(|key| key.algorithm.as_str());
    HOST_KEY_FAMILIES
        .iter()
        .copied()
        .filter(|family| facts.host_key_algorithms.iter().any(|name| family.contains(&name.as_str())))
        .filter(|family| !known.is_some_and(|known| family.contains(&known)))
        .rev()
        .collect()
}

#[cfg(test)]
mod tests;
