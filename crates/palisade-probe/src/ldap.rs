//! LDAP (RFC 4511): the anonymous bind, the root entry, and whether strangers may read.

use palisade_model::fact::{LdapFacts, printable};

use crate::ber::{self, Element};
use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

const BIND_RESPONSE: u8 = 0x61;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED_RESPONSE: u8 = 0x78;
const STARTTLS_OID: &str = "1.3.6.1.4.1.1466.20037";
const MESSAGE_BYTES_MAX: usize = 128 * 1024;
const VALUES_MAX: usize = 64;

/// One message of the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Result codes of bind, finished search and extended request.
    Bind(u32),
    SearchDone(u32),
    Extended(u32),
    /// Attribute names in lower case, with their values.
    Entry {
        name: String,
        attributes: Vec<(String, Vec<String>)>,
    },
    Reference,
}

impl Response {
    /// Reads one message; `None`: read on.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        if bytes.first().is_some_and(|tag| *tag != ber::SEQUENCE) {
            return Err(Malformed::OtherProtocol);
        }
        let Some(length) = ber::total_length(bytes)? else { return Ok(None) };
        if length > MESSAGE_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let Some(message) = bytes.get(..length) else { return Ok(None) };
        let mut reader = Element::read_as(&mut Reader::new(message), ber::SEQUENCE)?;
        let _message_id = Element::read(&mut reader)?.integer()?;
        let operation = Element::read(&mut reader)?;
        let mut content = Reader::new(operation.content);
        let response = match operation.tag {
            BIND_RESPONSE => Self::Bind(result_code(&mut content)?),
            SEARCH_DONE => Self::SearchDone(result_code(&mut content)?),
            EXTENDED_RESPONSE => Self::Extended(result_code(&mut content)?),
            SEARCH_ENTRY => entry(&mut content)?,
            SEARCH_REFERENCE => Self::Reference,
            _ => return Err(Malformed::OtherProtocol),
        };
        Ok(Some((response, length)))
    }
}

fn result_code(content: &mut Reader<'_>) -> Result<u32, Malformed> {
    let element = Element::read(content)?;
    if element.tag != ber::ENUMERATED {
        return Err(Malformed::Value);
    }
    u32::try_from(element.integer()?).map_err(|_| Malformed::Value)
}

fn entry(content: &mut Reader<'_>) -> Result<Response, Malformed> {
    let name = printable(Element::read_as(content, ber::OCTET_STRING)?.rest(), 500);
    let mut list = Element::read_as(content, ber::SEQUENCE)?;
    let mut attributes = Vec::new();
    while !list.is_empty() && attributes.len() < VALUES_MAX {
        let mut attribute = Element::read_as(&mut list, ber::SEQUENCE)?;
        let kind = printable(Element::read_as(&mut attribute, ber::OCTET_STRING)?.rest(), 100);
        let mut set = Element::read_as(&mut attribute, ber::SET)?;
        let mut values = Vec::new();
        while !set.is_empty() && values.len() < VALUES_MAX {
            values.push(printable(Element::read(&mut set)?.content, 300));
        }
        attributes.push((kind.to_ascii_lowercase(), values));
    }
    Ok(Response::Entry { name, attributes })
}

fn message(id: i64, operation: Vec<u8>) -> Vec<u8> {
    ber::constructed(ber::SEQUENCE, &[ber::integer(ber::INTEGER, id), operation])
}

/// A simple bind without name and password.
#[must_use]
pub fn anonymous_bind_request(id: i64) -> Vec<u8> {
    let parts = [ber::integer(ber::INTEGER, 3), ber::octets(b""), ber::element(0x80, b"")];
    message(id, ber::constructed(0x60, &parts))
}

/// How deep a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchScope {
    Base,
    Subtree,
}

/// A search for anything (`objectClass=*`), at most `size_max` entries, at most five seconds.
#[must_use]
pub fn search_request(
    id: i64,
    base: &str,
    scope: SearchScope,
    size_max: i64,
    attributes: &[&str],
) -> Vec<u8> {
    let scope = match scope {
        SearchScope::Base => 0,
        SearchScope::Subtree => 2,
    };
    let names: Vec<Vec<u8>> = attributes.iter().map(|name| ber::octets(name.as_bytes())).collect();
    let parts = [
        ber::octets(base.as_bytes()),
        ber::integer(ber::ENUMERATED, scope),
        ber::integer(ber::ENUMERATED, 0),
        ber::integer(ber::INTEGER, size_max),
        ber::integer(ber::INTEGER, 5),
        ber::element(ber::BOOLEAN, &[0]),
        ber::element(0x87, b"objectClass"),
        ber::constructed(ber::SEQUENCE, &names),
    ];
    message(id, ber::constructed(0x63, &parts))
}

/// The extended request that switches to TLS.
#[must_use]
pub fn starttls_request() -> Vec<u8> {
    message(1, ber::constructed(0x77, &[ber::element(0x80, STARTTLS_OID.as_bytes())]))
}

/// The answer to [`starttls_request`]; `None`: read on.
pub fn starttls_accepted(received: &[u8]) -> Result<Option<bool>, Malformed> {
    match Response::parse(received)? {
        None => Ok(None),
        Some((Response::Extended(code), _)) => Ok(Some(code == 0)),
        Some(_) => Err(Malformed::Value),
    }
}

/// Good-bye.
#[must_use]
pub fn unbind_request(id: i64) -> Vec<u8> {
    message(id, ber::element(0x42, b""))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Bind,
    Root,
    Below,
}

/// Binds, reads the root entry, looks for one entry below the first naming context.
#[derive(Debug, Clone)]
pub struct LdapConversation {
    state: State,
    facts: LdapFacts,
}

impl Default for LdapConversation {
    fn default() -> Self {
        Self::new()
    }
}

impl LdapConversation {
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Bind, facts: LdapFacts::default() }
    }

    #[must_use]
    pub fn finish(self) -> LdapFacts {
        self.facts
    }

    fn look_at(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut rest = received;
        while let Some((response, used)) = Response::parse(rest)? {
            rest = rest.get(used..).unwrap_or_default();
            match (self.state, response) {
                (State::Bind, Response::Bind(code)) => {
                    self.facts.anonymous_bind = code == 0;
                    self.state = State::Root;
                    // Directories often show the root entry even to those they did not let in.
                    return Ok(Step::Send(search_request(2, "", SearchScope::Base, 1, &["*", "+"])));
                }
                (State::Root, Response::Entry { attributes, .. }) => take_root(&attributes, &mut self.facts),
                (State::Root, Response::SearchDone(_)) => {
                    let Some(base) = self.facts.naming_contexts.iter().find(|base| !base.is_empty()) else {
                        return Ok(Step::Finish(unbind_request(3)));
                    };
                    self.state = State::Below;
                    return Ok(Step::Send(search_request(3, base, SearchScope::Subtree, 1, &["1.1"])));
                }
                (State::Below, Response::Entry { .. }) => self.facts.anonymous_read = Some(true),
                (State::Below, Response::SearchDone(_)) => {
                    self.facts.anonymous_read.get_or_insert(false);
                    return Ok(Step::Finish(unbind_request(4)));
                }
                (_, Response::Reference) => {}
                // A notice of disconnection, or an answer to something that was not asked.
                _ => return Ok(Step::Done),
            }
        }
        Ok(Step::NeedMore)
    }
}

impl Conversation for LdapConversation {
    fn start(&mut self) -> Vec<u8> {
        anonymous_bind_request(1)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.look_at(received).unwrap_or_else(Step::Failed)
    }
}

fn take_root(attributes: &[(String, Vec<String>)], facts: &mut LdapFacts) {
    let (mut host_name, mut service_name) = (None, None);
    for (name, values) in attributes {
        let first = values.first().cloned();
        match name.as_str() {
            "namingcontexts" => facts.naming_contexts.clone_from(values),
            "supportedsaslmechanisms" => facts.sasl_mechanisms.clone_from(values),
            "supportedldapversion" => facts.supported_versions.clone_from(values),
            "supportedextension" => facts.starttls = values.iter().any(|value| value == STARTTLS_OID),
            "vendorname" => facts.vendor_name = first,
            "vendorversion" => facts.vendor_version = first,
            "dnshostname" => host_name = first,
            "ldapservicename" => service_name = first,
            _ => {}
        }
    }
    // Only a domain controller has the second of these.
    facts.domain_controller = service_name.map(|service| host_name.unwrap_or(service));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn result(tag: u8, code: i64) -> Vec<u8> {
        let parts = [ber::integer(ber::ENUMERATED, code), ber::octets(b""), ber::octets(b"")];
        message(1, ber::constructed(tag, &parts))
    }

    fn entry_bytes(attributes: &[(&str, &[&str])]) -> Vec<u8> {
        let list: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(name, values)| {
                let values: Vec<Vec<u8>> = values.iter().map(|value| ber::octets(value.as_bytes())).collect();
                let parts = [ber::octets(name.as_bytes()), ber::constructed(ber::SET, &values)];
                ber::constructed(ber::SEQUENCE, &parts)
            })
            .collect();
        let parts = [ber::octets(b""), ber::constructed(ber::SEQUENCE, &list)];
        message(2, ber::constructed(SEARCH_ENTRY, &parts))
    }

    #[test]
    fn an_open_directory() {
        let root = [
            entry_bytes(&[
                ("namingContexts", &["dc=lab,dc=test"]),
                ("supportedExtension", &["1.3.6.1.4.1.4203.1.11.1", STARTTLS_OID]),
                ("supportedLDAPVersion", &["3"]),
            ]),
            result(SEARCH_DONE, 0),
        ]
        .concat();
        let below = [entry_bytes(&[]), result(SEARCH_DONE, 4)].concat();
        for slowly in [false, true] {
            let mut conversation = LdapConversation::new();
            let (_, last) = play(&mut conversation, &[&result(BIND_RESPONSE, 0), &root, &below], slowly);
            assert_eq!(last, Step::Finish(unbind_request(4)));
            let facts = conversation.finish();
            assert!(facts.anonymous_bind && facts.starttls);
            assert_eq!(facts.anonymous_read, Some(true));
            assert_eq!(facts.naming_contexts, ["dc=lab,dc=test"]);
            assert_eq!(facts.domain_controller, None);
        }
    }

    #[test]
    fn starttls_answers() {
        assert_eq!(starttls_accepted(&result(EXTENDED_RESPONSE, 0)), Ok(Some(true)));
        assert_eq!(starttls_accepted(&result(EXTENDED_RESPONSE, 2)), Ok(Some(false)));
        assert_eq!(starttls_accepted(b"\x30"), Ok(None));
        assert_eq!(starttls_accepted(b"HTTP"), Err(Malformed::OtherProtocol));
    }

    #[test]
    fn the_anonymous_bind_is_the_well_known_one() {
        assert_eq!(anonymous_bind_request(1), b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..60), tag in 0x60u8..0x79) {
            let wrapped = message(1, ber::element(tag, &bytes));
            survive(LdapConversation::new(), &[wrapped, bytes]);
        }
    }
}
