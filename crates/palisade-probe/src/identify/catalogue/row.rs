//! One row of the catalogue.

use palisade_model::Transport;

use super::Details;

/// A protocol, as data: how it is asked, and how its answer is read.
#[derive(Debug, Clone, Copy)]
pub struct Protocol {
    /// As facts name it.
    pub name: &'static str,
    pub transport: Transport,
    /// Where it is usually found. Says what is asked first; proves nothing.
    pub ports: &'static [u16],
    question: Option<fn() -> Vec<u8>>,
    telling: bool,
    reader: fn(&[u8]) -> Option<Details>,
}

impl Protocol {
    /// Speaks first, or gives itself away whatever it is asked.
    pub(super) const fn greets(
        name: &'static str,
        ports: &'static [u16],
        reader: fn(&[u8]) -> Option<Details>,
    ) -> Self {
        Self { name, transport: Transport::Tcp, ports, question: None, telling: true, reader }
    }

    /// Answers its own question in a way that is known wherever it is met.
    pub(super) const fn tells(
        name: &'static str,
        ports: &'static [u16],
        question: fn() -> Vec<u8>,
        reader: fn(&[u8]) -> Option<Details>,
    ) -> Self {
        Self { name, transport: Transport::Tcp, ports, question: Some(question), telling: true, reader }
    }

    /// Answers its own question in a way that means nothing elsewhere.
    pub(super) const fn asked(
        name: &'static str,
        ports: &'static [u16],
        question: fn() -> Vec<u8>,
        reader: fn(&[u8]) -> Option<Details>,
    ) -> Self {
        Self { name, transport: Transport::Tcp, ports, question: Some(question), telling: false, reader }
    }

    /// The same over UDP, where only a protocol's own ports are asked.
    pub(super) const fn datagram(
        name: &'static str,
        ports: &'static [u16],
        question: fn() -> Vec<u8>,
        reader: fn(&[u8]) -> Option<Details>,
    ) -> Self {
        Self { name, transport: Transport::Udp, ports, question: Some(question), telling: false, reader }
    }

    /// What wakes it; `None` when it speaks by itself.
    #[must_use]
    pub fn question(&self) -> Option<Vec<u8>> {
        self.question.map(|build| build())
    }

    /// The builder of the question, to be kept beside others.
    #[must_use]
    pub const fn builder(&self) -> Option<fn() -> Vec<u8>> {
        self.question
    }

    /// Its bytes mean it wherever they come from.
    #[must_use]
    pub const fn is_telling(&self) -> bool {
        self.telling
    }

    /// Takes an answer apart; `None` when it is not this protocol's, or not complete.
    #[must_use]
    pub fn read(&self, received: &[u8]) -> Option<Details> {
        (self.reader)(received)
    }
}
