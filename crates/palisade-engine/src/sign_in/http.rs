//! Web servers that want somebody to sign in: Basic and Digest, the strongest that is offered.
//!
//! A record for a realm or a virtual host is for whichever host has it. Any host may claim a realm: such
//! a record proves its password by Digest and never sends it. A virtual host has to be the name that is
//! registered for the host's address; what a host says of itself does not count.
//!
//! Deliberately absent: forms, NTLM and Kerberos.

use std::time::Duration;

use palisade_model::fact::SignInFacts;
use palisade_model::user::Password;
use palisade_model::{HostFacts, SignIn, Transport, VirtualName};
use palisade_probe::http::{HttpConversation, Request, Response};
use palisade_probe::sign_in::Credentials;
use palisade_probe::sign_in::http::HttpChallenge;

use super::Attempt;
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::stream::Stream;

const PATIENCE: Duration = Duration::from_secs(8);
/// Web servers of one host that are asked.
const SERVERS_MAX: usize = 8;
const PATH: &str = "/";

/// A web server and how to reach it.
#[derive(Debug, Clone, Copy)]
struct Server<'a> {
    host: &'a HostPace,
    port: u16,
    tls: bool,
    name: Option<&'a str>,
}

/// Signs in to the first web server of the host that asks for it in a way the record is for.
pub(super) async fn sign_in(
    host: &HostPace,
    context: &ScanContext,
    record: &SignIn,
    attempt: Attempt,
    facts: &HostFacts,
) -> SignInFacts {
    let wanted_name = record.value("vhost");
    let is_known = |name: &str| {
        let registered = facts.name.iter().map(String::as_str);
        let ports = facts.ports.iter().map(|port| port.port);
        let virtual_names = ports.flat_map(|port| host.plan().virtual_names(host.address, port));
        registered.chain(virtual_names.map(VirtualName::as_str)).any(|known| known.eq_ignore_ascii_case(name))
    };
    if wanted_name.is_some_and(|name| !is_known(name)) {
        return attempt.not_attempted("another name than the virtual host's is registered for the host");
    }
    let tcp = facts.ports.iter().filter(|port| port.transport == Transport::Tcp && port.service == "http");
    let servers = tcp.filter(|port| port.implicit_tls || !record.is_on("ssl")).take(SERVERS_MAX);
    for port in servers {
        let server = Server { host, port: port.port, tls: port.implicit_tls, name: record.value("vhost") };
        let Some(first) = server.ask(None).await.filter(|answer| answer.status == 401) else { continue };
        let challenges: Vec<HttpChallenge> =
            first.header_values("www-authenticate").flat_map(HttpChallenge::parse).collect();
        let for_record = |challenge: &&HttpChallenge| match record.value("realm") {
            None => challenge.strength() > 0,
            Some(realm) => realm == challenge.realm() && challenge.keeps_password(),
        };
        let Some(strongest) = challenges.iter().filter(for_record).max_by_key(|each| each.strength()) else {
            continue;
        };
        let method =
            if server.tls { format!("{} in TLS", strongest.scheme) } else { strongest.scheme.clone() };
        let mut attempt = attempt.at(port.port, &method);
        attempt.facts.domain = Some(strongest.realm().to_owned()).filter(|realm| !realm.is_empty());
        let mut nonce = [0; 16];
        context.ids.fill(&mut nonce);
        let password = record.secrets.reveal("password").unwrap_or_default().to_owned();
        let credentials =
            Credentials { user: record.user_name().to_owned(), password: Password::new(password) };
        let Some(header) = strongest.answer(&credentials, PATH, nonce) else {
            return attempt.not_attempted("the server wants an unknown proof");
        };
        return match server.ask(Some(header)).await {
            None => attempt.failed("the server did not answer"),
            Some(answer) if answer.status == 401 => {
                attempt.failed("the server refused the user or the password")
            }
            Some(answer) if answer.status == 403 => attempt.end(
                palisade_model::fact::SignInStatus::InsufficientPrivileges,
                "the server let the user in, and denies the page",
            ),
            Some(answer) => attempt.passed(&format!("signed in (status {})", answer.status)),
        };
    }
    attempt.not_attempted("no web server asked for what the record is for")
}

impl Server<'_> {
    /// A GET, with or without an `Authorization` header.
    async fn ask(&self, authorization: Option<String>) -> Option<Response> {
        let until = self.host.until(PATIENCE);
        let stream = Stream::connect(self.host, self.port).await?;
        let mut stream = if self.tls { stream.into_tls(self.host, self.name, until).await? } else { stream };
        let usual = if self.tls { 443 } else { 80 };
        let name = self.name.map_or_else(|| self.host.authority(), str::to_owned);
        let authority = if self.port == usual { name } else { format!("{name}:{}", self.port) };
        let mut request = Request::get(&authority, PATH);
        request.headers.extend(authorization.map(|value| ("Authorization".to_owned(), value)));
        request.headers.extend(
            self.host
                .plan()
                .header
                .as_ref()
                .map(|header| (palisade_model::ScanHeader::NAME.to_owned(), header.to_string())),
        );
        let mut conversation = HttpConversation::new(request);
        stream.converse(&mut conversation, PATIENCE, until).await;
        conversation.finish()
    }
}
