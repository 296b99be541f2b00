//! The UDP services that are asked more than one thing.

use palisade_model::fact::{DnsFacts, NtpFacts, RpcFacts, SnmpFacts, TftpFacts};
use palisade_model::{IdSource, PortFacts, Transport};
use palisade_probe::identify::catalogue;
use palisade_probe::snmp::{self, SnmpMessage, SnmpVersion};
use palisade_probe::{dns, memcached, netbios, ntp, rpc, tftp};

use super::{Exchange, Heard, answered, ask_from_any_port, nonce, patience, payload};
use crate::pacing::HostPace;

/// Asks one port; `None` when nothing that makes sense came back.
pub(super) async fn ask(host: &HostPace, port: u16, ids: &dyn IdSource) -> Option<PortFacts> {
    let nonce = nonce(ids);
    match port {
        53 => dns_server(host, port, nonce).await,
        69 => tftp_server(host, port).await,
        111 => port_mapper(host, port, nonce).await,
        123 => ntp_server(host, port, nonce).await,
        137 => {
            let exchange = Exchange::open(host, port).await?;
            let found = exchange
                .ask(&netbios::status_question(nonce), |bytes| netbios::parse_status(bytes, nonce).ok())
                .await?;
            Some(PortFacts { netbios: Some(found), ..open(port, "netbios-ns") })
        }
        161 => snmp_agent(host, port, nonce).await,
        2_049 => rpc_service(host, port, nonce).await,
        11_211 => {
            let exchange = Exchange::open(host, port).await?;
            let found = exchange
                .ask(&memcached::udp_probe(nonce), |bytes| memcached::parse_udp(bytes, nonce).ok())
                .await?;
            Some(PortFacts { memcached: Some(found), ..open(port, "memcached") })
        }
        _ => simple(host, port, nonce).await,
    }
}

fn open(port: u16, service: &str) -> PortFacts {
    PortFacts { service: service.to_owned(), ..PortFacts::new(port, Transport::Udp) }
}

async fn simple(host: &HostPace, port: u16, nonce: u16) -> Option<PortFacts> {
    let exchange = Exchange::open(host, port).await?;
    let (service, payload) = payload::known_for(port, nonce).unwrap_or(("unknown", b"\r\n".to_vec()));
    let answer = exchange
        .ask(&payload, |bytes| payload::is_answer(service, &payload, bytes).then(|| bytes.to_vec()))
        .await?;
    let mut facts = answered(port, service, &answer);
    if let Some(details) = catalogue::protocol(service, Transport::Udp).and_then(|each| each.read(&answer)) {
        crate::service::take_details(&mut facts, details);
    }
    Some(facts)
}

async fn dns_server(host: &HostPace, port: u16, nonce: u16) -> Option<PortFacts> {
    let second = nonce.wrapping_add(1);
    let (version, recursion) = tokio::join!(
        one(host, port, dns::version_question(nonce), |bytes| dns::answer(bytes, nonce).ok()),
        one(host, port, dns::recursion_question(second), |bytes| dns::answer(bytes, second).ok()),
    );
    if version.is_none() && recursion.is_none() {
        return None;
    }
    let facts = DnsFacts {
        version: version.as_ref().and_then(dns::version),
        recursion: recursion.as_ref().map(dns::resolves_for_strangers),
        ..DnsFacts::default()
    };
    let bind = version.as_ref().is_some_and(dns::is_bind);
    let product = bind.then(crate::service::bind_product);
    Some(PortFacts { dns: Some(facts), product, ..open(port, "dns") })
}

/// One question on a socket of its own, so that several may wait at the same time.
async fn one<T>(
    host: &HostPace,
    port: u16,
    payload: Vec<u8>,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Option<T> {
    Exchange::open(host, port).await?.ask(&payload, read).await
}

async fn tftp_server(host: &HostPace, port: u16) -> Option<PortFacts> {
    let read = |file: &'static str| async move {
        let answer = ask_from_any_port(host, port, &tftp::read_request(file), &tftp::stop()).await?;
        tftp::parse_answer(&answer).ok()
    };
    let unlikely = read(tftp::UNLIKELY_FILE).await?;
    let mut facts = TftpFacts::default();
    // A server that reads out what does not exist says nothing about what does.
    if !matches!(unlikely, tftp::Answer::Data(_)) {
        for file in tftp::WELL_KNOWN_FILES {
            if matches!(read(file).await, Some(tftp::Answer::Data(_))) {
                facts.readable.push((*file).to_owned());
            }
        }
    }
    Some(PortFacts { tftp: Some(facts), ..open(port, "tftp") })
}

async fn ntp_server(host: &HostPace, port: u16, nonce: u16) -> Option<PortFacts> {
    let transmit = (u64::from(nonce) << 32) | 1;
    let (time, variables, monlist) = tokio::join!(
        one(host, port, ntp::client_question(transmit), |bytes| ntp::parse_answer(bytes, transmit).ok()),
        one(host, port, ntp::variables_question(), |bytes| ntp::parse_variables(bytes).ok()),
        one(host, port, ntp::monlist_question(), |bytes| ntp::parse_monlist(bytes).ok()),
    );
    if time.is_none() && variables.is_none() && monlist.is_none() {
        return None;
    }
    let facts = NtpFacts { variables, monlist, ..time.unwrap_or_default() };
    Some(PortFacts { ntp: Some(facts), ..open(port, "ntp") })
}

async fn snmp_agent(host: &HostPace, port: u16, nonce: u16) -> Option<PortFacts> {
    let first = i32::from(nonce) << 8;
    let identity = first | 0xff;
    let (communities, engine) = tokio::join!(
        communities(host, port, first),
        one(host, port, snmp::discovery(identity), |bytes| snmp::parse_discovery(bytes, identity).ok()),
    );
    let mut facts = communities.unwrap_or_default();
    if engine.is_some() {
        facts.versions.push("3".to_owned());
    }
    (!facts.versions.is_empty()).then(|| PortFacts { snmp: Some(facts), ..open(port, "snmp") })
}

/// Versions 1 and 2c. All communities are asked at once, because an agent is silent to those it
/// does not know. `first`: 256 message numbers from here on are ours.
async fn communities(host: &HostPace, port: u16, first: i32) -> Option<SnmpFacts> {
    let exchange = Exchange::open(host, port).await?;
    let mut facts = SnmpFacts::default();
    let mut questions = Vec::new();
    let tries = host.plan().guesses.tries(snmp::COMMUNITIES.len());
    for (community, number) in snmp::COMMUNITIES.iter().take(tries).zip(first..) {
        for (version, offset) in [(SnmpVersion::V1, 0), (SnmpVersion::V2c, 128)] {
            questions.push((number + offset, snmp::system_request(version, community, number + offset)));
        }
    }
    let mut answers: Vec<SnmpMessage> = Vec::new();
    for _ in 0..super::TRIES {
        for (number, question) in &questions {
            if !answers.iter().any(|answer| answer.pdu.request_id == *number) {
                exchange.send(question).await;
            }
        }
        let until = host.until(patience(host));
        loop {
            match exchange.hear(until).await {
                Heard::Answer(bytes) => {
                    let Ok(answer) = SnmpMessage::parse(&bytes) else { continue };
                    let ours = questions.iter().any(|(number, _)| answer.answers(*number));
                    let new = !answers.iter().any(|known| known.pdu.request_id == answer.pdu.request_id);
                    if ours && new {
                        answers.push(answer);
                    }
                }
                // Refusals of a burst arrive one for each of the first datagrams.
                Heard::Refused if answers.is_empty() => return None,
                Heard::Refused => {}
                Heard::Nothing => break,
            }
        }
        if !answers.is_empty() {
            break;
        }
    }
    answers.sort_by_key(|answer| answer.pdu.request_id);
    for answer in &answers {
        snmp::take_system(answer, &mut facts);
    }
    for (community, number) in facts.communities.clone().into_iter().zip(first + 64..) {
        let known = answers.iter().find(|answer| answer.community == community.as_bytes());
        let Some(request) = known.and_then(|answer| snmp::write_back(answer, number)) else { continue };
        let accepted = exchange
            .ask(&request, |bytes| SnmpMessage::parse(bytes).ok().filter(|answer| answer.answers(number)))
            .await
            .is_some_and(|answer| answer.pdu.error_status == 0);
        if accepted {
            facts.writable_communities.push(community);
        }
    }
    Some(facts)
}

async fn port_mapper(host: &HostPace, port: u16, nonce: u16) -> Option<PortFacts> {
    let exchange = Exchange::open(host, port).await?;
    let id = u32::from(nonce) << 8;
    let programs = exchange.ask(&rpc::dump_call(id), |bytes| rpc::parse_dump(bytes, id).ok()).await?;
    let mut facts = RpcFacts { programs, ..RpcFacts::default() };
    let mount = facts
        .programs
        .iter()
        .find(|each| each.program == rpc::MOUNT && each.transport == "udp")
        .map(|each| (each.port, each.version));
    if let Some((mount_port, version)) = mount {
        let exchange = Exchange::open(host, mount_port).await?;
        let id = id + 1;
        let exports =
            exchange.ask(&rpc::export_call(id, version), |bytes| rpc::parse_exports(bytes, id).ok()).await;
        facts.exports = exports.unwrap_or_default();
    }
    Some(PortFacts { rpc: Some(facts), ..open(port, "rpc") })
}

/// A program that stands on a port of its own: NFS.
async fn rpc_service(host: &HostPace, port: u16, nonce: u16) -> Option<PortFacts> {
    let exchange = Exchange::open(host, port).await?;
    let id = u32::from(nonce) << 8;
    exchange
        .ask(&rpc::null_call(id, rpc::NFS, 3), |bytes| rpc::reply_content(bytes, id).ok().map(|_| ()))
        .await?;
    Some(open(port, "nfs"))
}
