//! MySQL and MariaDB: `mysql_native_password` and `caching_sha2_password`. The password itself is
//! sent only where `caching_sha2_password` asks for it, and only through TLS.

use palisade_model::fact::printable;

use super::hash::Hash;
use super::postgres::DatabaseAnswer;
use super::{Credentials, Verdict};
use crate::conversation::{Conversation, Step};
use crate::mysql::{Greeting, Handshake, ServerError, login_head, packet, write_packet};
use crate::reader::{Malformed, Reader};

const LONG_PASSWORD: u32 = 1;
const WITH_DATABASE: u32 = 1 << 3;
const PROTOCOL_41: u32 = 1 << 9;
const TLS: u32 = 1 << 11;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const NATIVE: &str = "mysql_native_password";
const CACHING: &str = "caching_sha2_password";
/// The database is not there, or not the user's: the password was right.
const DATABASE_DENIED: [u16; 2] = [1044, 1049];

/// Reads what the server says first.
#[derive(Debug, Clone, Default)]
pub struct MysqlGreeting {
    greeting: Option<Greeting>,
}

impl MysqlGreeting {
    #[must_use]
    pub fn finish(self) -> Option<Greeting> {
        self.greeting
    }
}

impl Conversation for MysqlGreeting {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match Greeting::parse(received) {
            Ok(None) => Step::NeedMore,
            Ok(greeting) => {
                self.greeting = greeting;
                Step::Done
            }
            Err(malformed) => Step::Failed(malformed),
        }
    }
}

fn capabilities(tls: bool) -> u32 {
    let always = LONG_PASSWORD | WITH_DATABASE | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH;
    if tls { always | TLS } else { always }
}

/// The packet behind which the TLS handshake starts.
#[must_use]
pub fn tls_request() -> Vec<u8> {
    write_packet(1, &login_head(capabilities(true)))
}

/// One sign-in behind the greeting; asks for the version, and leaves.
#[derive(Debug, Clone)]
pub struct MysqlSignIn {
    credentials: Credentials,
    database: String,
    tls: bool,
    plugin: String,
    scramble: Vec<u8>,
    switched: bool,
    signed_in: bool,
    version: Option<String>,
    verdict: Verdict,
}

impl MysqlSignIn {
    /// `tls`: [`tls_request`] was sent, and this goes through TLS.
    #[must_use]
    pub fn new(handshake: &Handshake, credentials: Credentials, database: &str, tls: bool) -> Self {
        let plugin = match handshake.plugin.as_str() {
            "" => NATIVE,
            plugin => plugin,
        };
        Self {
            credentials,
            database: database.to_owned(),
            tls,
            plugin: plugin.to_owned(),
            scramble: handshake.scramble.clone(),
            switched: false,
            signed_in: false,
            version: None,
            verdict: Verdict::Unknown,
        }
    }

    #[must_use]
    pub fn finish(self) -> DatabaseAnswer {
        let method = if self.tls { format!("{} in TLS", self.plugin) } else { self.plugin };
        DatabaseAnswer { verdict: self.verdict, method, version: self.version }
    }

    /// The answer to the scramble; `None` for a plug-in that we do not speak.
    fn answer(&self) -> Option<Vec<u8>> {
        let password = self.credentials.password.reveal().as_bytes();
        if password.is_empty() {
            return Some(Vec::new());
        }
        let (hash, first_scramble) = match self.plugin.as_str() {
            NATIVE => (Hash::Sha1, true),
            CACHING => (Hash::Sha256, false),
            _ => return None,
        };
        let once = hash.of(&[password]);
        let twice = hash.of(&[&once]);
        let mask = if first_scramble {
            hash.of(&[&self.scramble, &twice])
        } else {
            hash.of(&[&twice, &self.scramble])
        };
        Some(once.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect())
    }

    fn login(&self) -> Vec<u8> {
        // Without a plug-in of ours the server is told one that is, and may switch.
        let (plugin, answer) = match self.answer() {
            Some(answer) => (self.plugin.as_str(), answer),
            None => (NATIVE, Vec::new()),
        };
        let mut content = login_head(capabilities(self.tls));
        let line = |text: &str| text.bytes().filter(|byte| *byte != 0).chain([0]).collect::<Vec<u8>>();
        content.extend(line(&self.credentials.user));
        content.push(u8::try_from(answer.len()).unwrap_or(0));
        content.extend(answer);
        content.extend(line(&self.database));
        content.extend(line(plugin));
        write_packet(if self.tls { 2 } else { 1 }, &content)
    }

    fn look_at(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        if self.signed_in {
            return self.take_version(received);
        }
        let mut rest = received;
        while let Some((number, content, used)) = packet(rest)? {
            rest = rest.get(used..).unwrap_or_default();
            let next = number.wrapping_add(1);
            match content.split_first() {
                Some((0, _)) => {
                    self.signed_in = true;
                    self.verdict = Verdict::Passed;
                    return Ok(Step::Send(write_packet(0, b"\x03SELECT VERSION()")));
                }
                Some((0xff, _)) => {
                    let error = ServerError::parse(content)?;
                    let text = format!("{} ({})", error.message, error.code);
                    let limited = DATABASE_DENIED.contains(&error.code);
                    self.verdict = if limited { Verdict::Limited(text) } else { Verdict::Refused(text) };
                    return Ok(Step::Done);
                }
                Some((0xfe, data)) if !self.switched => {
                    self.switched = true;
                    let mut reader = Reader::new(data);
                    self.plugin = printable(reader.c_string()?, 64);
                    let scramble = reader.rest();
                    self.scramble = scramble.strip_suffix(&[0]).unwrap_or(scramble).to_vec();
                    return Ok(match self.answer() {
                        Some(answer) if answer.is_empty() => Step::Send(vec![0, 0, 0, next]),
                        Some(answer) => Step::Send(write_packet(next, &answer)),
                        None => {
                            let reason = format!("the server wants {}", self.plugin);
                            self.verdict = Verdict::Unsupported(reason);
                            Step::Done
                        }
                    });
                }
                // The fast way was enough; the yes follows.
                Some((1, [3])) => {}
                Some((1, [4])) if self.tls => {
                    let password = self.credentials.password.reveal().bytes().chain([0]).collect::<Vec<u8>>();
                    return Ok(Step::Send(write_packet(next, &password)));
                }
                Some((1, [4])) => {
                    let reason = "the server wants the password itself and offers no TLS".to_owned();
                    self.verdict = Verdict::Unsupported(reason);
                    return Ok(Step::Done);
                }
                _ => return Err(Malformed::Value),
            }
        }
        Ok(Step::NeedMore)
    }

    /// One column, one row: count, definition, end, row, end.
    fn take_version(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut rest = received;
        let mut packets = 0;
        let mut over = false;
        while let (false, Some((_, content, used))) = (over, packet(rest)?) {
            rest = rest.get(used..).unwrap_or_default();
            packets += 1;
            if packets == 4 {
                let (length, text) = content.split_first().ok_or(Malformed::Value)?;
                self.version = text.get(..usize::from(*length)).map(|text| printable(text, 100));
            }
            // Instead of rows, a no.
            over = packets == 5 || content.first() == Some(&0xff);
        }
        // COM_QUIT.
        Ok(if over { Step::Finish(write_packet(0, &[1])) } else { Step::NeedMore })
    }
}

impl Conversation for MysqlSignIn {
    fn start(&mut self) -> Vec<u8> {
        self.login()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.look_at(received).unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::user::Password;
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn sign_in(plugin: &str, tls: bool) -> MysqlSignIn {
        let handshake = Handshake {
            protocol: 10,
            version: "8".to_owned(),
            capabilities: 0,
            plugin: plugin.to_owned(),
            scramble: b"abcdefghijklmnopqrst".to_vec(),
        };
        let credentials = Credentials { user: "ada".to_owned(), password: Password::new("open".to_owned()) };
        MysqlSignIn::new(&handshake, credentials, "mysql", tls)
    }

    fn rows() -> Vec<u8> {
        let packets: [&[u8]; 5] =
            [&[1], b"definition", &[0xfe, 0, 0, 2, 0], b"\x06-8.0.3", &[0xfe, 0, 0, 2, 0]];
        (1_u8..).zip(packets).flat_map(|(number, content)| write_packet(number, content)).collect()
    }

    #[test]
    fn a_switch_and_a_yes() {
        let switch = write_packet(2, b"\xfemysql_native_password\0ABCDEFGHIJKLMNOPQRST\0");
        let ok = write_packet(4, &[0, 0, 0, 2, 0, 0, 0]);
        for slowly in [false, true] {
            let mut conversation = sign_in("auth_gssapi", false);
            let (sent, last) = play(&mut conversation, &[&switch, &ok, &rows()], slowly);
            assert_eq!(sent.len(), 4, "{last:?}");
            assert!(sent[2].contains("SELECT VERSION()"));
            let answer = conversation.finish();
            assert_eq!((answer.verdict, answer.version.as_deref()), (Verdict::Passed, Some("-8.0.3")));
        }
    }

    #[test]
    fn the_password_itself_needs_tls() {
        let full = write_packet(2, &[1, 4]);
        let mut conversation = sign_in(CACHING, false);
        let (sent, _) = play(&mut conversation, &[&full], false);
        assert_eq!(sent.len(), 1);
        assert!(matches!(conversation.finish().verdict, Verdict::Unsupported(_)));
        let mut conversation = sign_in(CACHING, true);
        let (sent, _) = play(&mut conversation, &[&full], false);
        assert!(sent[1].contains("open\0"));
        assert!(!format!("{conversation:?}").contains("open"));
        let mut conversation = sign_in("mysql_clear_password", true);
        let (sent, _) = play(&mut conversation, &[&write_packet(2, b"\xfemysql_clear_password\0\0")], false);
        assert_eq!(sent.len(), 1, "whoever asks for it does not get it");
    }

    #[test]
    fn what_is_denied() {
        for (code, limited) in [(1045_u16, false), (1049, true)] {
            let mut conversation = sign_in(NATIVE, false);
            let no = [&[0xff][..], &code.to_le_bytes(), b"#28000no"].concat();
            play(&mut conversation, &[&write_packet(2, &no)], true);
            let verdict = conversation.finish().verdict;
            assert_eq!(matches!(verdict, Verdict::Limited(_)), limited, "{verdict:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 1..80)) {
            let ok = write_packet(2, &[0, 0, 0]);
            survive(sign_in(NATIVE, true), &[write_packet(2, &bytes)]);
            survive(sign_in(NATIVE, true), &[ok, write_packet(1, &bytes)]);
        }
    }
}
