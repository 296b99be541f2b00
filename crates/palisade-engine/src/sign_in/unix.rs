//! Unix and network devices, over SSH.
//!
//! One connection: with the record's keys, one after the other, where it has some, else one attempt with its
//! password. The
//! host key has to be one of those that the same scan saw when it looked at the port: a record's
//! password is not handed to somebody who has come between since. Commands only read; their output
//! and time are bounded.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use palisade_model::auth_record::{RootTool, RootToolInUse};
use palisade_model::fact::{SignInFacts, SignInStatus};
use palisade_model::{HostFacts, SignIn};
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{ChannelMsg, Disconnect, MethodKind, Preferred, cipher, kex, mac};

use super::unix_keys::Key;
use super::{Attempt, in_time, inside, port_with};
use crate::pacing::{Connected, HostPace};
use crate::sheet::Sheet;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(15);
const COMMAND_PATIENCE: Duration = Duration::from_secs(20);
/// For all root tools together.
const ROOT_PATIENCE: Duration = Duration::from_secs(30);
const NEEDS_MORE: &str = "the service asks for more than that";
/// Output of one command that is kept; more is not waited for.
const OUTPUT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Signs in to the host's SSH service and looks around.
pub(super) async fn sign_in(
    host: &HostPace,
    sheet: &Arc<Sheet>,
    record: &SignIn,
    attempt: Attempt,
    facts: &HostFacts,
) -> SignInFacts {
    let wanted = record.value("port").unwrap_or_default();
    let wanted: Vec<u16> = wanted.split(',').filter_map(|port| port.parse().ok()).collect();
    let Some(port) = port_with(facts, "ssh", &wanted) else {
        return attempt.not_attempted("no SSH service was found");
    };
    let keys = match Key::all_of(record) {
        Ok(keys) => keys,
        Err(reason) => return attempt.at(port, "public key").not_attempted(&reason),
    };
    let attempt = attempt.at(port, keys.first().map_or("password", Key::method));
    let seen = facts.ports.iter().find(|each| each.port == port).and_then(|port| port.ssh.as_ref());
    let seen: Vec<String> =
        seen.into_iter().flat_map(|ssh| &ssh.host_keys).map(|key| key.fingerprint.clone()).collect();
    let mut attempt = attempt;
    let connected = connect(host, port, seen).await;
    attempt.facts.server_key = connected.host_key;
    let mut session = match connected.session {
        Ok(session) => session,
        Err(reason) => return attempt.failed(&reason),
    };
    let signed = in_time(HANDSHAKE_PATIENCE * 2, Err("no answer in time".to_owned()), async {
        authenticate(&mut session, record, &keys).await
    });
    let ended = match signed.await {
        Err(reason) => attempt.failed(&reason),
        Ok(method) => {
            let attempt = attempt.at(port, method);
            look_around(&session, sheet, record, attempt, host.address).await
        }
    };
    // The other side may be gone already.
    let _ = session.disconnect(Disconnect::ByApplication, "", "").await;
    ended
}

/// What came of connecting, and the key the server showed in any case.
struct Connection {
    session: Result<Handle<Client>, String>,
    host_key: Option<String>,
}

async fn connect(host: &HostPace, port: u16, seen: Vec<String>) -> Connection {
    let shown: Arc<Mutex<Option<String>>> = Arc::default();
    let refused = |reason: &str| Connection { session: Err(reason.to_owned()), host_key: None };
    let Connected::Open(stream, permit) = host.connect_within(port, Some(CONNECT_PATIENCE)).await else {
        return refused("the port does not accept connections any more");
    };
    let client = Client { seen, shown: Arc::clone(&shown), _permit: permit };
    let connecting = client::connect_stream(Arc::new(config()), stream, client);
    let session = match tokio::time::timeout(HANDSHAKE_PATIENCE, connecting).await {
        Err(_) => Err("the key exchange did not end in time".to_owned()),
        Ok(Err(russh::Error::UnknownKey)) => {
            Err("the host key is none of those that the scan saw before".to_owned())
        }
        Ok(Err(error)) => Err(format!("the key exchange failed: {error}")),
        Ok(Ok(session)) => Ok(session),
    };
    let host_key = shown.lock().unwrap_or_else(PoisonError::into_inner).take();
    Connection { session, host_key }
}

/// Old algorithms come last and are taken only where a server has no better ones: it is the scan's
/// task to report them, not to fail on them.
fn config() -> client::Config {
    let mut preferred = Preferred::DEFAULT;
    let kex = [kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];
    preferred.kex = longer(&preferred.kex, &kex);
    preferred.cipher =
        longer(&preferred.cipher, &[cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC]);
    preferred.mac = longer(&preferred.mac, &[mac::HMAC_SHA1]);
    preferred.key = longer(&preferred.key, &[Algorithm::Rsa { hash: None }]);
    client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed("SSH-2.0-Palisade")),
        inactivity_timeout: Some(COMMAND_PATIENCE),
        preferred,
        ..client::Config::default()
    }
}

fn longer<T: Clone + PartialEq>(names: &[T], more: &[T]) -> Cow<'static, [T]> {
    let mut names = names.to_vec();
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    Cow::Owned(names)
}

/// Our side of a session.
struct Client {
    /// Fingerprints of the host keys that the scan saw at the port.
    seen: Vec<String>,
    shown: Arc<Mutex<Option<String>>>,
    _permit: crate::pacing::SocketPermit,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, russh::Error> {
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let known = self.seen.is_empty() || self.seen.contains(&fingerprint);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
        Ok(known)
    }
}

/// Signs in with what the record has for it, and says how.
async fn authenticate(
    session: &mut Handle<Client>,
    record: &SignIn,
    keys: &[Key],
) -> Result<&'static str, String> {
    if !keys.is_empty() {
        return present_keys(session, record.user_name(), keys).await;
    }
    let Some(password) = record.secrets.reveal("password") else {
        return Err("the record has neither a key nor a password".to_owned());
    };
    present_password(session, record.user_name(), password).await.map(|()| "password")
}

/// Presents the keys in their order until one is accepted.
async fn present_keys(
    session: &mut Handle<Client>,
    user: &str,
    keys: &[Key],
) -> Result<&'static str, String> {
    let broken = |error: russh::Error| format!("the connection broke: {error}");
    let hash = session.best_supported_rsa_hash().await.map_err(broken)?.flatten();
    for key in keys {
        let private = Arc::clone(&key.key);
        let answer = if let Some(certificate) = &key.certificate {
            session.authenticate_openssh_cert(user, private, certificate.clone()).await
        } else {
            session.authenticate_publickey(user, PrivateKeyWithHashAlg::new(private, hash)).await
        };
        match answer.map_err(broken)? {
            AuthResult::Success => return Ok(key.method()),
            AuthResult::Failure { partial_success: true, .. } => return Err(NEEDS_MORE.to_owned()),
            AuthResult::Failure { .. } => {}
        }
    }
    match keys {
        [only] if only.certificate.is_some() => Err("the certificate was refused".to_owned()),
        [_] => Err("the key was refused".to_owned()),
        several => Err(format!("none of the {} keys was accepted", several.len())),
    }
}

async fn present_password(session: &mut Handle<Client>, user: &str, password: &str) -> Result<(), String> {
    let broken = |error: russh::Error| format!("the connection broke: {error}");
    // Asking for what the server takes is no attempt.
    let methods = match session.authenticate_none(user).await.map_err(broken)? {
        AuthResult::Success => return Ok(()),
        AuthResult::Failure { remaining_methods, .. } => remaining_methods,
    };
    if methods.contains(&MethodKind::Password) {
        let answer = session.authenticate_password(user, password).await.map_err(broken)?;
        return accepted(&answer, "the password was refused");
    }
    if !methods.contains(&MethodKind::KeyboardInteractive) {
        return Err("the service takes no passwords".to_owned());
    }
    let mut answer =
        session.authenticate_keyboard_interactive_start(user, None::<String>).await.map_err(broken)?;
    // Once with the password; what follows it may be a notice without a question.
    let mut answers = vec![password.to_owned()];
    for _ in 0..3 {
        match answer {
            KeyboardInteractiveAuthResponse::Success => return Ok(()),
            KeyboardInteractiveAuthResponse::Failure { .. } => break,
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                if prompts.len() > answers.len() {
                    return Err("the service asks for more than a password".to_owned());
                }
                let given = if prompts.is_empty() { Vec::new() } else { std::mem::take(&mut answers) };
                answer = session.authenticate_keyboard_interactive_respond(given).await.map_err(broken)?;
            }
        }
    }
    Err("the password was refused".to_owned())
}

fn accepted(answer: &AuthResult, refusal: &str) -> Result<(), String> {
    match answer {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { partial_success: true, .. } => Err(NEEDS_MORE.to_owned()),
        AuthResult::Failure { .. } => Err(refusal.to_owned()),
    }
}

/// Asks the system what it is and, where the record says how, whether root is within reach.
async fn look_around(
    session: &Handle<Client>,
    sheet: &Arc<Sheet>,
    record: &SignIn,
    attempt: Attempt,
    address: IpAddr,
) -> SignInFacts {
    if record.value("sub_type") == Some("cisco") {
        let told = run(session, "show version", None).await;
        let Some(inside) = told.as_deref().and_then(inside::of_device) else {
            return attempt.end(SignInStatus::InsufficientPrivileges, "the device does not tell its version");
        };
        sheet.lock().facts.inside = Some(inside);
        return attempt.passed("signed in");
    }
    let told = run(session, &quoted("sh -c", inside::QUESTIONS), None).await;
    let Some(mut found) = told.as_deref().and_then(inside::of_answers) else {
        return attempt.end(SignInStatus::InsufficientPrivileges, "the user may not run commands");
    };
    let tools = record.root_tools_in_use();
    if !found.root && !tools.is_empty() {
        found.root = in_time(ROOT_PATIENCE, false, becomes_root(session, &tools)).await;
        if !found.root {
            let names: Vec<&str> = tools.iter().map(|each| each.tool.word()).collect();
            let names = names.join(", ");
            tracing::debug!(host = %address, tools = names, "a user does not become root");
            sheet.lock().facts.inside = Some(found);
            return attempt.end(
                SignInStatus::InsufficientPrivileges,
                &format!("the user does not become root by {names}"),
            );
        }
    }
    let detail = if found.root { "signed in, commands run as root" } else { "signed in" };
    sheet.lock().facts.inside = Some(found);
    attempt.passed(detail)
}

/// Whether one of the root tools, tried in their order, lets a command be run as root.
async fn becomes_root(session: &Handle<Client>, tools: &[RootToolInUse<'_>]) -> bool {
    for tool in tools {
        if becomes_root_by(session, tool).await {
            return true;
        }
    }
    false
}

/// Whether a tool lets a command be run as root. Passwords go to its input, once.
async fn becomes_root_by(session: &Handle<Client>, tool: &RootToolInUse<'_>) -> bool {
    let command = match tool.tool {
        RootTool::Sudo => "sudo -S -p '' -- id -u",
        RootTool::Pimsu => "sudo -S -p '' -- su root -c 'id -u'",
        RootTool::Su => "su root -c 'id -u'",
        RootTool::PowerBroker => "pbrun id -u",
    };
    let input = zeroize::Zeroizing::new(format!("{}\n", tool.password().unwrap_or_default()));
    let told = run(session, command, Some(input.as_bytes())).await;
    told.is_some_and(|told| String::from_utf8_lossy(&told).lines().any(|line| line.trim() == "0"))
}

/// Runs a command to its end or ours, and gives what it wrote.
async fn run(session: &Handle<Client>, command: &str, input: Option<&[u8]>) -> Option<Vec<u8>> {
    let running = async {
        let mut channel = session.channel_open_session().await.ok()?;
        channel.exec(true, command).await.ok()?;
        if let Some(input) = input {
            channel.data(input).await.ok()?;
        }
        channel.eof().await.ok()?;
        let mut output = Vec::new();
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => {
                    let room = OUTPUT_BYTES_MAX - output.len().min(OUTPUT_BYTES_MAX);
                    output.extend(data.iter().take(room));
                    if data.len() > room {
                        break;
                    }
                }
                ChannelMsg::Failure => return None,
                ChannelMsg::Close => break,
                _ => {}
            }
        }
        Some(output)
    };
    in_time(COMMAND_PATIENCE, None, running).await
}

/// `command` with a script as its one argument.
fn quoted(command: &str, script: &str) -> String {
    format!("{command} '{}'", script.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_one_argument() {
        assert_eq!(quoted("sh -c", "echo 'a'"), "sh -c 'echo '\\''a'\\'''");
    }
}
