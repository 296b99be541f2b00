//! SNMP version 3 with the user-based security model (RFC 3414): MD5 or SHA-1 signatures, DES or
//! AES-128 (RFC 3826) encryption.
//!
//! First the engine tells who it is; then one question goes out under the user's name. An engine
//! that wants another time tells its own, and the same question goes out once more.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use palisade_model::user::Password;

use super::hash::Hash;
use crate::ber::{self, Element};
use crate::reader::{Malformed, Reader};
use crate::snmp::{Binding, Operation, Pdu, Value};

const FLAG_SIGNED: u8 = 1;
const FLAG_ENCRYPTED: u8 = 2;
const FLAG_REPORTABLE: u8 = 4;
const USER_BASED: i64 = 3;
const SIGNATURE_BYTES: usize = 12;
/// usmStats: `1.3.6.1.6.3.15.1.1`.
const STATISTICS: [u32; 9] = [1, 3, 6, 1, 6, 3, 15, 1, 1];
/// sysDescr.0
const DESCRIPTION: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];

/// How messages are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnmpSigning {
    Md5,
    Sha1,
}

impl SnmpSigning {
    const fn hash(self) -> Hash {
        match self {
            Self::Md5 => Hash::Md5,
            Self::Sha1 => Hash::Sha1,
        }
    }
}

/// How messages are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnmpEncryption {
    Des,
    Aes,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct SnmpUser {
    pub name: String,
    pub signing: Option<(SnmpSigning, Password)>,
    /// Only beside `signing`.
    pub encryption: Option<(SnmpEncryption, Password)>,
    /// Of the context asked in; the engine's own when empty.
    pub context_engine: Vec<u8>,
    pub context: String,
}

/// An engine as it named itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SnmpEngine {
    pub id: Vec<u8>,
    pub boots: i64,
    pub time_s: i64,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnmpAnswer {
    /// The description, when there is one.
    Passed(Option<String>),
    /// Another time is wanted.
    OtherTime(SnmpEngine),
    Refused(&'static str),
    /// The user is right and may not read the description.
    Limited,
}

/// The keys of a user with one engine.
pub struct SnmpKeys {
    user: SnmpUser,
    signing: Vec<u8>,
    encryption: Vec<u8>,
}

impl std::fmt::Debug for SnmpKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnmpKeys").finish_non_exhaustive()
    }
}

impl SnmpKeys {
    /// Takes a moment: each password is hashed to a mebibyte.
    #[must_use]
    pub fn new(user: SnmpUser, engine_id: &[u8]) -> Self {
        let hash = user.signing.as_ref().map_or(Hash::Md5, |(signing, _)| signing.hash());
        let key = |password: &Password| localised(hash, password, engine_id);
        let signing = user.signing.as_ref().map(|(_, password)| key(password)).unwrap_or_default();
        let encryption = user.encryption.as_ref().map(|(_, password)| key(password)).unwrap_or_default();
        Self { user, signing, encryption }
    }

    /// The question for the description. `salt`: never the same twice.
    #[must_use]
    pub fn request(&self, engine: &SnmpEngine, message_id: i32, salt: [u8; 8]) -> Vec<u8> {
        let binding = Binding { object: DESCRIPTION.to_vec(), value: Value::Null };
        let pdu = Pdu {
            operation: Operation::Get,
            request_id: message_id,
            error_status: 0,
            error_index: 0,
            bindings: vec![binding],
        };
        let context_engine =
            if self.user.context_engine.is_empty() { &engine.id } else { &self.user.context_engine };
        let parts = [ber::octets(context_engine), ber::octets(self.user.context.as_bytes()), pdu.to_bytes()];
        let scoped = ber::constructed(ber::SEQUENCE, &parts);
        let (content, privacy) = match self.user.encryption {
            Some((encryption, _)) => {
                (ber::octets(&self.encrypt(encryption, engine, salt, &scoped)), salt.to_vec())
            }
            None => (scoped, Vec::new()),
        };
        let mut flags = FLAG_REPORTABLE;
        flags |= if self.user.signing.is_some() { FLAG_SIGNED } else { 0 };
        flags |= if self.user.encryption.is_some() { FLAG_ENCRYPTED } else { 0 };
        let message = |signature: &[u8]| {
            let number = |value: i64| ber::integer(ber::INTEGER, value);
            let header =
                [number(i64::from(message_id)), number(65_507), ber::octets(&[flags]), number(USER_BASED)];
            let security = [
                ber::octets(&engine.id),
                number(engine.boots),
                number(engine.time_s),
                ber::octets(self.user.name.as_bytes()),
                ber::octets(signature),
                ber::octets(&privacy),
            ];
            let security = ber::constructed(ber::SEQUENCE, &security);
            let parts = [
                number(3),
                ber::constructed(ber::SEQUENCE, &header),
                ber::octets(&security),
                content.clone(),
            ];
            ber::constructed(ber::SEQUENCE, &parts)
        };
        let Some((signing, _)) = &self.user.signing else { return message(b"") };
        // Signed with zeros in the signature's place.
        let signature = signing.hash().hmac(&self.signing, &[&message(&[0; SIGNATURE_BYTES])]);
        message(signature.get(..SIGNATURE_BYTES).unwrap_or_default())
    }

    /// Reads the answer to [`request`](Self::request); a wrong signature is no answer.
    pub fn answer(&self, datagram: &[u8], message_id: i32) -> Result<SnmpAnswer, Malformed> {
        let message = Message::parse(datagram)?;
        if message.id != i64::from(message_id) {
            return Err(Malformed::OtherProtocol);
        }
        if message.flags & FLAG_SIGNED != 0 {
            self.check(datagram, message.signature)?;
        }
        let clear;
        let scoped = if message.flags & FLAG_ENCRYPTED == 0 {
            message.content
        } else {
            clear = self.decrypt(&message)?;
            clear.as_slice()
        };
        let mut scoped = Element::read_as(&mut Reader::new(scoped), ber::SEQUENCE)?;
        Element::read_as(&mut scoped, ber::OCTET_STRING)?;
        Element::read_as(&mut scoped, ber::OCTET_STRING)?;
        let pdu = Pdu::read(&mut scoped)?;
        if pdu.operation == Operation::Report {
            return report(&pdu, &message.engine);
        }
        // Whoever signs questions believes no unsigned answer.
        if pdu.operation != Operation::Response
            || (self.user.signing.is_some() && message.flags & FLAG_SIGNED == 0)
        {
            return Err(Malformed::Value);
        }
        Ok(match (pdu.error_status, pdu.bindings.first().map(|binding| &binding.value)) {
            (0, Some(Value::Octets(text))) => {
                SnmpAnswer::Passed(Some(palisade_model::fact::printable(text, 500)))
            }
            (0, Some(Value::Missing)) | (16, _) => SnmpAnswer::Limited,
            (0, _) => SnmpAnswer::Passed(None),
            _ => SnmpAnswer::Limited,
        })
    }

    fn check(&self, datagram: &[u8], signature: &[u8]) -> Result<(), Malformed> {
        let Some((signing, _)) = &self.user.signing else { return Err(Malformed::Value) };
        if signature.len() != SIGNATURE_BYTES {
            return Err(Malformed::Length);
        }
        // The parsed slice lies inside the datagram; everything but it is signed.
        let at = datagram.windows(SIGNATURE_BYTES).position(|window| window == signature);
        let at = at.ok_or(Malformed::Value)?;
        let (before, rest) = datagram.split_at(at);
        let after = rest.get(SIGNATURE_BYTES..).unwrap_or_default();
        let expected = signing.hash().hmac(&self.signing, &[before, &[0; SIGNATURE_BYTES], after]);
        if expected.starts_with(signature) { Ok(()) } else { Err(Malformed::Value) }
    }

    fn encrypt(
        &self,
        encryption: SnmpEncryption,
        engine: &SnmpEngine,
        salt: [u8; 8],
        clear: &[u8],
    ) -> Vec<u8> {
        match encryption {
            SnmpEncryption::Aes => self.aes(engine, salt, clear, true),
            SnmpEncryption::Des => {
                let (Some(cipher), mut last) = self.des(salt) else { return Vec::new() };
                let mut bytes = clear.to_vec();
                bytes.resize(clear.len().next_multiple_of(8), 0);
                for chunk in bytes.chunks_exact_mut(8) {
                    chunk.iter_mut().zip(last).for_each(|(byte, previous)| *byte ^= previous);
                    let mut block = Array::try_from(&*chunk).unwrap_or_default();
                    cipher.encrypt_block(&mut block);
                    chunk.copy_from_slice(&block);
                    last = block.0;
                }
                bytes
            }
        }
    }

    fn decrypt(&self, message: &Message<'_>) -> Result<Vec<u8>, Malformed> {
        let Some((encryption, _)) = &self.user.encryption else { return Err(Malformed::Value) };
        let salt: [u8; 8] = message.privacy.try_into().map_err(|_| Malformed::Length)?;
        let secret = Element::read_as(&mut Reader::new(message.content), ber::OCTET_STRING)?.rest();
        match encryption {
            SnmpEncryption::Aes => Ok(self.aes(&message.engine, salt, secret, false)),
            SnmpEncryption::Des => {
                let (Some(cipher), mut last) = self.des(salt) else { return Err(Malformed::Value) };
                let mut bytes = secret.to_vec();
                for chunk in bytes.chunks_exact_mut(8) {
                    let mut block = Array::try_from(&*chunk).unwrap_or_default();
                    let next = block.0;
                    cipher.decrypt_block(&mut block);
                    chunk.copy_from_slice(&block);
                    chunk.iter_mut().zip(last).for_each(|(byte, previous)| *byte ^= previous);
                    last = next;
                }
                Ok(bytes)
            }
        }
    }

    /// The cipher, and what the first block is mixed with.
    fn des(&self, salt: [u8; 8]) -> (Option<des::Des>, [u8; 8]) {
        let key = self.encryption.get(..8).and_then(|key| des::Des::new_from_slice(key).ok());
        let mut first = salt;
        let before = self.encryption.get(8..16).unwrap_or_default();
        first.iter_mut().zip(before).for_each(|(byte, key)| *byte ^= key);
        (key, first)
    }

    /// AES-128 in cipher feedback mode over whole blocks; both directions.
    fn aes(&self, engine: &SnmpEngine, salt: [u8; 8], bytes: &[u8], encrypting: bool) -> Vec<u8> {
        let Some(cipher) = self.encryption.get(..16).and_then(|key| aes::Aes128::new_from_slice(key).ok())
        else {
            return Vec::new();
        };
        let word = |value: i64| u32::try_from(value).unwrap_or(0).to_be_bytes();
        let mut feedback = [&word(engine.boots)[..], &word(engine.time_s), &salt].concat();
        let mut output = Vec::with_capacity(bytes.len());
        for chunk in bytes.chunks(16) {
            let mut block = Array::try_from(feedback.as_slice()).unwrap_or_default();
            cipher.encrypt_block(&mut block);
            let mixed: Vec<u8> = chunk.iter().zip(block.iter()).map(|(byte, mask)| byte ^ mask).collect();
            feedback = if encrypting { mixed.clone() } else { chunk.to_vec() };
            output.extend(mixed);
        }
        output
    }
}

/// Reads the answer to the discovery message.
pub fn engine(datagram: &[u8], message_id: i32) -> Result<SnmpEngine, Malformed> {
    let message = Message::parse(datagram)?;
    if message.id == i64::from(message_id) { Ok(message.engine) } else { Err(Malformed::OtherProtocol) }
}

/// RFC 3414, A.2: the password repeated to a mebibyte and hashed, then bound to the engine.
fn localised(hash: Hash, password: &Password, engine_id: &[u8]) -> Vec<u8> {
    const MEBIBYTE: usize = 1 << 20;
    let password = password.reveal().as_bytes();
    if password.is_empty() {
        return hash.of(&[engine_id]);
    }
    let mut long: Vec<u8> = password.repeat(MEBIBYTE / password.len() + 1);
    long.truncate(MEBIBYTE);
    let key = hash.of(&[&long]);
    hash.of(&[&key, engine_id, &key])
}

fn report(pdu: &Pdu, engine: &SnmpEngine) -> Result<SnmpAnswer, Malformed> {
    let binding = pdu.bindings.first().ok_or(Malformed::Value)?;
    let counter = binding.object.strip_prefix(&STATISTICS[..]).and_then(|rest| rest.first().copied());
    Ok(match counter {
        Some(1) => SnmpAnswer::Refused("the engine does not take this kind of security"),
        Some(2) => SnmpAnswer::OtherTime(engine.clone()),
        Some(3) => SnmpAnswer::Refused("the user is unknown"),
        Some(4) => SnmpAnswer::Refused("the engine is another one"),
        Some(5) => SnmpAnswer::Refused("the password or the kind of signature is wrong"),
        Some(6) => SnmpAnswer::Refused("the encryption password or the kind of encryption is wrong"),
        _ => SnmpAnswer::Refused("the engine refused"),
    })
}

/// The outside of a message.
struct Message<'a> {
    id: i64,
    flags: u8,
    engine: SnmpEngine,
    signature: &'a [u8],
    privacy: &'a [u8],
    /// The scoped PDU, or an octet string of its encryption.
    content: &'a [u8],
}

impl<'a> Message<'a> {
    fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Element::read_as(&mut Reader::new(datagram), ber::SEQUENCE)?;
        if Element::read(&mut reader)?.integer()? != 3 {
            return Err(Malformed::OtherProtocol);
        }
        let mut header = Element::read_as(&mut reader, ber::SEQUENCE)?;
        let id = Element::read(&mut header)?.integer()?;
        Element::read(&mut header)?;
        let flags = Element::read_as(&mut header, ber::OCTET_STRING)?.u8()?;
        let mut security = Element::read_as(&mut reader, ber::OCTET_STRING)?;
        let mut security = Element::read_as(&mut security, ber::SEQUENCE)?;
        let engine_id = Element::read_as(&mut security, ber::OCTET_STRING)?.rest();
        if engine_id.len() > 32 {
            return Err(Malformed::TooLong);
        }
        let boots = Element::read(&mut security)?.integer()?;
        let time_s = Element::read(&mut security)?.integer()?;
        Element::read_as(&mut security, ber::OCTET_STRING)?;
        let signature = Element::read_as(&mut security, ber::OCTET_STRING)?.rest();
        let privacy = Element::read_as(&mut security, ber::OCTET_STRING)?.rest();
        let engine = SnmpEngine { id: engine_id.to_vec(), boots, time_s };
        Ok(Self { id, flags, engine, signature, privacy, content: reader.rest() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hash::hex;
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    fn user(encryption: Option<SnmpEncryption>) -> SnmpUser {
        SnmpUser {
            name: "ada".to_owned(),
            signing: Some((SnmpSigning::Sha1, password("maplesyrup"))),
            encryption: encryption.map(|encryption| (encryption, password("open sesame"))),
            context_engine: Vec::new(),
            context: String::new(),
        }
    }

    fn some_engine() -> SnmpEngine {
        SnmpEngine { id: vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], boots: 3, time_s: 70_000 }
    }

    /// RFC 3414, A.3.
    #[test]
    fn keys_of_the_standard() {
        let engine = some_engine().id;
        let key = |hash| hex(&localised(hash, &password("maplesyrup"), &engine));
        assert_eq!(key(Hash::Md5), "526f5eed9fcce26f8964c2930787d82b");
        assert_eq!(key(Hash::Sha1), "6695febc9288e36282235fc7151f128497b38f3f");
    }

    /// Our own question is read as an answer would be, up to its operation.
    #[test]
    fn messages_open_for_whoever_has_the_keys() {
        for encryption in [None, Some(SnmpEncryption::Des), Some(SnmpEncryption::Aes)] {
            let keys = SnmpKeys::new(user(encryption), &some_engine().id);
            let bytes = keys.request(&some_engine(), 7, [9; 8]);
            let message = Message::parse(&bytes).unwrap();
            assert_eq!((message.id, &message.engine), (7, &some_engine()));
            keys.check(&bytes, message.signature).unwrap();
            let clear = match encryption {
                None => message.content.to_vec(),
                Some(_) => keys.decrypt(&message).unwrap(),
            };
            let mut scoped = Element::read_as(&mut Reader::new(&clear), ber::SEQUENCE).unwrap();
            assert_eq!(Element::read_as(&mut scoped, ber::OCTET_STRING).unwrap().rest(), some_engine().id);
            // A question is no answer, and under a wrong key not even that.
            assert!(keys.answer(&bytes, 7).is_err());
            let mut spoilt = bytes.clone();
            *spoilt.last_mut().unwrap() ^= 1;
            assert!(keys.check(&spoilt, Message::parse(&spoilt).unwrap().signature).is_err());
        }
    }

    #[test]
    fn reports_are_told_apart() {
        let pdu = |counter: u32| Pdu {
            operation: Operation::Report,
            request_id: 1,
            error_status: 0,
            error_index: 0,
            bindings: vec![Binding {
                object: [&STATISTICS[..], &[counter, 0]].concat(),
                value: Value::Other(0x41, vec![1]),
            }],
        };
        let of = |counter| report(&pdu(counter), &some_engine()).unwrap();
        assert_eq!(of(2), SnmpAnswer::OtherTime(some_engine()));
        assert!(matches!(of(5), SnmpAnswer::Refused(reason) if reason.contains("password")));
        assert!(!format!("{:?}", SnmpKeys::new(user(None), b"x")).contains("maple"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let keys = SnmpKeys { user: user(Some(SnmpEncryption::Des)), signing: vec![1; 20], encryption: vec![2; 20] };
            let _ = (engine(&bytes, 1), keys.answer(&bytes, 1));
            let _ = keys.answer(&ber::element(ber::SEQUENCE, &[&[2, 1, 3][..], &bytes].concat()), 1);
        }
    }
}
