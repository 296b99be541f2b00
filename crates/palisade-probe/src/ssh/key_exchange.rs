//! The message that lists algorithms (RFC 4253 section 7.1), and what two of them agree on.

use palisade_model::fact::{SshFacts, printable};

use super::algorithms::{COMPRESSION, ENCRYPTION, MAC, key_exchange_names};
use super::packet::{put_string, read_string};
use crate::reader::{Malformed, Reader};

pub(super) const MESSAGE_KEY_EXCHANGE_INIT: u8 = 20;
/// Names kept of one list, and characters of one name.
const NAMES_MAX: usize = 256;
const NAME_CHARACTERS_MAX: usize = 128;

/// The lists, in the order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyExchangeInit {
    pub cookie: [u8; 16],
    pub key_exchange: Vec<String>,
    pub host_key_algorithms: Vec<String>,
    pub encryption_to_server: Vec<String>,
    pub encryption_to_client: Vec<String>,
    pub mac_to_server: Vec<String>,
    pub mac_to_client: Vec<String>,
    pub compression_to_server: Vec<String>,
    pub compression_to_client: Vec<String>,
    /// A key exchange message follows that was sent on a guess.
    pub guess_follows: bool,
}

impl KeyExchangeInit {
    /// Everything the scanner knows, with only these host key algorithms.
    #[must_use]
    pub fn offer(cookie: [u8; 16], host_key_algorithms: &[&str]) -> Self {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Self {
            cookie,
            key_exchange: own(&key_exchange_names()),
            host_key_algorithms: own(host_key_algorithms),
            encryption_to_server: own(ENCRYPTION),
            encryption_to_client: own(ENCRYPTION),
            mac_to_server: own(MAC),
            mac_to_client: own(MAC),
            compression_to_server: own(COMPRESSION),
            compression_to_client: own(COMPRESSION),
            guess_follows: false,
        }
    }

    /// The payload of the message, its number included.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let mut out = vec![MESSAGE_KEY_EXCHANGE_INIT];
        out.extend_from_slice(&self.cookie);
        for list in [
            &self.key_exchange,
            &self.host_key_algorithms,
            &self.encryption_to_server,
            &self.encryption_to_client,
            &self.mac_to_server,
            &self.mac_to_client,
            &self.compression_to_server,
            &self.compression_to_client,
        ] {
            put_string(&mut out, list.join(",").as_bytes());
        }
        // Two empty lists of languages, the guess, a reserved number.
        out.extend_from_slice(&[0; 8]);
        out.push(u8::from(self.guess_follows));
        out.extend_from_slice(&[0; 4]);
        out
    }

    /// Reads the payload of the message, its number included.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != MESSAGE_KEY_EXCHANGE_INIT {
            return Err(Malformed::Value);
        }
        let init = Self {
            cookie: reader.array()?,
            key_exchange: read_names(&mut reader)?,
            host_key_algorithms: read_names(&mut reader)?,
            encryption_to_server: read_names(&mut reader)?,
            encryption_to_client: read_names(&mut reader)?,
            mac_to_server: read_names(&mut reader)?,
            mac_to_client: read_names(&mut reader)?,
            compression_to_server: read_names(&mut reader)?,
            compression_to_client: read_names(&mut reader)?,
            guess_follows: false,
        };
        // Languages and the rest: old servers leave parts of it out.
        let languages = read_string(&mut reader).and_then(|_| read_string(&mut reader));
        let guess_follows = languages.and_then(|_| reader.u8()).is_ok_and(|flag| flag != 0);
        Ok(Self { guess_follows, ..init })
    }

    /// Puts the lists of a server into facts.
    pub fn fill(&self, facts: &mut SshFacts) {
        let unlike = |to_server: &[String], to_client: &[String]| {
            if to_server == to_client { Vec::new() } else { to_server.to_vec() }
        };
        facts.key_exchange.clone_from(&self.key_exchange);
        facts.host_key_algorithms.clone_from(&self.host_key_algorithms);
        facts.encryption.clone_from(&self.encryption_to_client);
        facts.encryption_to_server = unlike(&self.encryption_to_server, &self.encryption_to_client);
        facts.mac.clone_from(&self.mac_to_client);
        facts.mac_to_server = unlike(&self.mac_to_server, &self.mac_to_client);
        facts.compression.clone_from(&self.compression_to_client);
    }

    /// The key exchange both sides arrive at when this is the client's list.
    #[must_use]
    pub fn agreed_key_exchange(&self, server: &Self) -> Option<&str> {
        first_common(&self.key_exchange, &server.key_exchange)
    }

    /// The host key algorithm both sides arrive at when this is the client's list.
    #[must_use]
    pub fn agreed_host_key(&self, server: &Self) -> Option<&str> {
        first_common(&self.host_key_algorithms, &server.host_key_algorithms)
    }
}

fn first_common<'a>(client: &'a [String], server: &[String]) -> Option<&'a str> {
    client.iter().find(|name| server.contains(name)).map(String::as_str)
}

fn read_names(reader: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    let list = read_string(reader)?;
    Ok(list
        .split(|byte| *byte == b',')
        .filter(|name| !name.is_empty())
        .take(NAMES_MAX)
        .map(|name| printable(name, NAME_CHARACTERS_MAX))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_reads_back() {
        let offer = KeyExchangeInit::offer([7; 16], &["ssh-ed25519", "ssh-rsa"]);
        assert_eq!(KeyExchangeInit::parse(&offer.to_payload()), Ok(offer));
    }

    #[test]
    fn the_clients_order_decides() {
        let client = KeyExchangeInit::offer([0; 16], &["rsa-sha2-512", "ssh-rsa"]);
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let server = KeyExchangeInit {
            key_exchange: own(&["diffie-hellman-group14-sha1", "ecdh-sha2-nistp256"]),
            host_key_algorithms: own(&["ssh-rsa", "rsa-sha2-512"]),
            ..KeyExchangeInit::default()
        };
        assert_eq!(client.agreed_key_exchange(&server), Some("ecdh-sha2-nistp256"));
        assert_eq!(client.agreed_host_key(&server), Some("rsa-sha2-512"));
    }

    #[test]
    fn the_other_direction_is_kept_where_it_differs() {
        let mut init = KeyExchangeInit::offer([0; 16], &[]);
        init.mac_to_server = vec!["hmac-md5".to_owned()];
        let mut facts = SshFacts::default();
        init.fill(&mut facts);
        assert_eq!(facts.mac_to_server, ["hmac-md5"]);
        assert!(facts.encryption_to_server.is_empty());
    }
}
