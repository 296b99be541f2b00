//! One open port, as its surveys see it: a way to open streams, and an end of time.

use std::time::Duration;

use palisade_model::IdSource;
use palisade_probe::conversation::Conversation;
use tokio::time::Instant;

use crate::pacing::HostPace;
use crate::stream::{End, Stream};

/// How long a service may think over one answer. Long enough for one that looks our name up.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// An open port and how it is spoken to.
#[derive(Clone, Copy)]
pub(super) struct Port<'a> {
    pub(super) host: &'a HostPace,
    pub(super) number: u16,
    /// Through TLS from the first byte.
    pub(super) tls: bool,
    /// And that TLS is one that no library speaks any more.
    pub(super) old_tls: bool,
    /// The host's registered name, asked for in TLS and in web requests inside it.
    pub(super) name: Option<&'a str>,
    /// That name is one of a virtual host: every web request asks for it.
    pub(super) virtual_host: bool,
    pub(super) until: Instant,
    pub(super) ids: &'a dyn IdSource,
    /// Unix seconds.
    pub(super) now: i64,
}

impl Port<'_> {
    /// A stream to the service; `None` when it does not accept, or its TLS is too old for us.
    pub(super) async fn open(&self) -> Option<Stream> {
        let stream = Stream::connect(self.host, self.number).await?;
        if self.tls && self.old_tls {
            stream.into_old_tls(self.name, self.random(), self.until_after(ANSWER_PATIENCE)).await
        } else if self.tls {
            stream.into_tls(self.host, self.name, self.until_after(ANSWER_PATIENCE)).await
        } else {
            Some(stream)
        }
    }

    /// Holds a conversation on a connection of its own.
    pub(super) async fn hold<C: Conversation>(&self, conversation: &mut C) -> End {
        self.hold_patiently(conversation, ANSWER_PATIENCE).await
    }

    /// The same with another patience for each answer.
    pub(super) async fn hold_patiently<C: Conversation>(
        &self,
        conversation: &mut C,
        patience: Duration,
    ) -> End {
        match self.open().await {
            Some(mut stream) => stream.converse(conversation, patience, self.until).await,
            None => End::CutShort,
        }
    }

    /// The moment `patience` from now, or the end of this port's time.
    pub(super) fn until_after(&self, patience: Duration) -> Instant {
        (Instant::now() + patience).min(self.until)
    }

    /// Host and port as they stand in addresses; the port only where it is not `usual`.
    pub(super) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        // A server that was asked for a name in TLS wants to hear the same one again.
        let host = match self.name {
            Some(name) if self.tls || self.virtual_host => name.to_owned(),
            _ => self.host.authority(),
        };
        if self.number == usual { host } else { format!("{host}:{}", self.number) }
    }

    /// The names of virtual hosts that stand here.
    pub(super) fn virtual_names(&self) -> Vec<String> {
        let names = self.host.plan().virtual_names(self.host.address, self.number);
        names.map(ToString::to_string).collect()
    }

    /// Unpredictable bytes for a protocol's nonces.
    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.ids.fill(&mut bytes);
        bytes
    }
}
