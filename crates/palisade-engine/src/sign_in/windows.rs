//! Windows, over SMB with NTLMv2. What only administrators may open tells whether the user is one.

use std::time::Duration;

use palisade_model::fact::{SignInFacts, SignInStatus};
use palisade_model::user::Password;
use palisade_model::{HostFacts, SignIn};
use palisade_probe::sign_in::Verdict;
use palisade_probe::smb::{SmbAnswer, SmbCredentials, SmbSignIn};

use super::{Attempt, port_with};
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::stream::Stream;

const PATIENCE: Duration = Duration::from_secs(10);

/// Signs in to the host's SMB service.
pub(super) async fn sign_in(
    host: &HostPace,
    context: &ScanContext,
    record: &SignIn,
    attempt: Attempt,
    facts: &HostFacts,
) -> SignInFacts {
    let Some(port) = port_with(facts, "smb", &[445]) else {
        return attempt.not_attempted("no SMB service was found");
    };
    let mut attempt = attempt.at(port, "NTLMv2");
    if record.value("ntlmv2") == Some("0") {
        return attempt.not_attempted("the record allows no NTLMv2, and nothing else is spoken");
    }
    if matches!(record.value("minimum_smb_version"), Some("3.0" | "3.0.2" | "3.1.1")) {
        return attempt.not_attempted("the record wants SMB 3, and signing in speaks 2.1");
    }
    let domain = ["windows_domain", "windows_ad_domain"].into_iter().find_map(|name| record.value(name));
    let domain = domain.unwrap_or_default().to_owned();
    attempt.facts.domain = Some(domain.clone()).filter(|domain| !domain.is_empty());
    let smb = facts.ports.iter().find(|each| each.port == port).and_then(|port| port.smb.as_ref());
    if record.is_on("require_smb_signing") && smb.is_some_and(|smb| smb.signing_required == Some(false)) {
        return attempt
            .not_attempted("the record wants signed messages, and the server does not require them");
    }
    let password = record.secrets.reveal("password").unwrap_or_default().to_owned();
    let credentials =
        SmbCredentials { user: record.user_name().to_owned(), domain, password: Password::new(password) };
    let mut nonce = [0; 24];
    context.ids.fill(&mut nonce);
    let Some(mut stream) = Stream::connect(host, port).await else {
        return attempt.failed("the port does not accept connections any more");
    };
    let now_s = context.clock.now().as_second();
    let mut conversation = SmbSignIn::new(credentials, &host.address.to_string(), nonce, now_s);
    stream.converse(&mut conversation, PATIENCE, host.until(PATIENCE * 3)).await;
    let SmbAnswer { verdict, dialect, .. } = conversation.finish();
    attempt.facts.version = dialect.map(|dialect| format!("SMB {dialect}"));
    match verdict {
        Verdict::Passed => attempt.passed("signed in as an administrator"),
        Verdict::Refused(reason) => attempt.failed(&reason),
        Verdict::Limited(reason) => attempt.end(SignInStatus::InsufficientPrivileges, &reason),
        Verdict::Unsupported(reason) => attempt.not_attempted(&reason),
        Verdict::Unknown => attempt.failed("the server did not answer to the end"),
    }
}
