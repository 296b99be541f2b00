//! From an open TCP port to the facts of the service behind it.
//!
//! Each port is a task of its own with its own time and is first identified, then questioned. A
//! port that costs all its time (a tarpit, an endless talker) is delivered with what was heard and
//! marked as unfinished, so that nothing is concluded from what is missing.

mod dialogue;
mod first_words;
mod http;
mod identify;
mod port;
mod product;
mod smb;
mod ssh;
mod tls;
mod tls_trial;
mod virtual_host;

pub(crate) use self::product::{bind as bind_product, of as product_of, texts as product_texts};
pub(crate) use self::virtual_host::survey_all as survey_virtual_hosts;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use palisade_model::fact::{DnsFacts, printable};
use palisade_model::{PortFacts, Transport};
use palisade_probe::identify::catalogue::Details;
use palisade_probe::starttls::Upgrade;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::identify::Identified;
use self::port::Port;
use crate::names;
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::sheet::Sheet;

/// Longest one port may take.
const PORT_BUDGET: Duration = Duration::from_secs(45);
/// Longest a port may take to be identified, plain and then through TLS.
const IDENTIFY_BUDGET: Duration = Duration::from_secs(10);
/// Ports questioned at the same time.
const PORTS_PARALLEL: usize = 24;
/// Name servers of one host that are asked for zones.
const NAME_SERVERS_MAX: usize = 3;
/// Findings are counted at most so often while the scan goes on.
const COUNT_EVERY: Duration = Duration::from_secs(1);
const BANNER_CHARACTERS_MAX: usize = 1_024;

/// Questions every open port; the facts go to the sheet port by port.
pub(crate) async fn survey_all(
    host: &Arc<HostPace>,
    sheet: &Arc<Sheet>,
    context: &ScanContext,
    open: &[u16],
    name: Option<&str>,
) {
    let name: Option<Arc<str>> = name.map(Arc::from);
    let turns = Arc::new(Semaphore::new(PORTS_PARALLEL));
    let mut tasks = JoinSet::new();
    for number in open {
        let (host, sheet, context, turns) =
            (Arc::clone(host), Arc::clone(sheet), context.clone(), Arc::clone(&turns));
        let name = name.clone();
        let number = *number;
        tasks.spawn(async move {
            let Ok(_turn) = turns.acquire().await else { return };
            let port = Port { name: name.as_deref(), ..port_of(&host, &context, number) };
            Box::pin(survey(&port, &sheet)).await;
        });
    }
    let mut done = 0;
    let mut counted = Instant::now();
    while let Some(ended) = tasks.join_next().await {
        if let Err(failure) = ended {
            // Its facts stay as they were written last, marked as unfinished.
            tracing::error!(host = %host.address, error = %failure, "the survey of a port failed");
        }
        done += 1;
        sheet.advance(done, open.len());
        if counted.elapsed() >= COUNT_EVERY {
            crate::judge::count(sheet, context, host.plan().wanted.as_deref()).await;
            counted = Instant::now();
        }
    }
}

fn port_of<'a>(host: &'a HostPace, context: &'a ScanContext, number: u16) -> Port<'a> {
    Port {
        host,
        number,
        tls: false,
        old_tls: false,
        name: None,
        virtual_host: false,
        until: host.until(PORT_BUDGET),
        ids: context.ids.as_ref(),
        now: context.clock.now().as_second(),
    }
}

async fn survey(port: &Port<'_>, sheet: &Sheet) {
    let mut facts = PortFacts::new(port.number, Transport::Tcp);
    if !port.host.plan().may_speak_to(port.number) {
        sheet.write_port(facts, true);
        return;
    }
    sheet.write_port(facts.clone(), false);
    let needs = &port.host.plan().needs;
    let names: Vec<String> = sheet.lock().facts.names.iter().map(|name| name.name.clone()).collect();
    let identifying = Port { until: port.until_after(IDENTIFY_BUDGET), ..*port };
    let first = identify::identify(&identifying).await;
    if first.tls {
        let inner = if needs.through_tls() { Some(through_tls(port).await) } else { None };
        facts.implicit_tls = true;
        "tls".clone_into(&mut facts.service);
        sheet.write_port(facts.clone(), false);
        let (layer, finished) =
            tokio::join!(layer(port, needs.tls(), &names), inside(inner.as_ref(), &mut facts, sheet));
        let whole = finished && (!needs.tls() || layer.as_ref().is_some_and(|survey| survey.finished));
        facts.tls = layer.map(|survey| survey.facts);
        sheet.write_port(facts, whole);
        return;
    }
    write_identity(&mut facts, &first);
    sheet.write_port(facts.clone(), false);
    let upgrade = Upgrade::of_service(&facts.service).filter(|_| needs.tls());
    let (finished, layer) = tokio::join!(question(port, &mut facts, &first), upgraded(port, upgrade, &names));
    let whole = finished && layer.as_ref().is_none_or(|survey| survey.finished);
    facts.tls = layer.map(|survey| survey.facts);
    sheet.write_port(facts, whole);
}

/// Asks every open port only what it is; nothing about its weaknesses.
pub(crate) async fn greet_all(host: &Arc<HostPace>, sheet: &Sheet, context: &ScanContext, open: &[u16]) {
    futures_util::stream::iter(open.iter().copied())
        .for_each_concurrent(PORTS_PARALLEL, |number| async move {
            let mut port = port_of(host, context, number);
            port.until = port.until_after(IDENTIFY_BUDGET);
            let mut facts = PortFacts::new(number, Transport::Tcp);
            if !host.plan().may_speak_to(number) {
                return sheet.write_port(facts, true);
            }
            let identified = identify::identify(&port).await;
            if identified.tls {
                "tls".clone_into(&mut facts.service);
            }
            write_identity(&mut facts, &identified);
            facts.product = product::of(&facts);
            sheet.write_port(facts, true);
        })
        .await;
}

/// The same port through TLS; without the name where the server refuses to be called so, and as it
/// was once spoken where the server knows nothing newer.
async fn through_tls<'a>(port: &Port<'a>) -> Port<'a> {
    let named = Port { tls: true, ..*port };
    let nameless = Port { name: None, ..named };
    let old = Port { old_tls: true, ..named };
    if named.open().await.is_some() {
        named
    } else if port.name.is_some() && nameless.open().await.is_some() {
        nameless
    } else if old.open().await.is_some() {
        old
    } else {
        nameless
    }
}

/// All that the TLS of a port shows, where it is `needed`.
async fn layer(port: &Port<'_>, needed: bool, names: &[String]) -> Option<tls::Survey> {
    if needed { tls::survey(port, None, names).await } else { None }
}

/// What stands behind TLS, unless that does not matter; whether it was heard to the end.
async fn inside(port: Option<&Port<'_>>, facts: &mut PortFacts, sheet: &Sheet) -> bool {
    let Some(port) = port else { return true };
    let identifying = Port { until: port.until_after(IDENTIFY_BUDGET), ..*port };
    let identified = identify::identify(&identifying).await;
    let known = identified.seen.is_some();
    write_identity(facts, &identified);
    if !known {
        // Not through our TLS (too old, or it wants a client certificate), or nothing we know.
        "tls".clone_into(&mut facts.service);
        return true;
    }
    sheet.write_port(facts.clone(), false);
    question(port, facts, &identified).await
}

/// The TLS of a service that switches to it, if this one does.
async fn upgraded(port: &Port<'_>, upgrade: Option<Upgrade>, names: &[String]) -> Option<tls::Survey> {
    let upgrade = upgrade?;
    if !tls::switches(port, upgrade).await {
        return None;
    }
    tls::survey(port, Some(upgrade), names).await
}

fn write_identity(facts: &mut PortFacts, identified: &Identified) {
    facts.banner = text_of(&identified.banner);
    if let Some(seen) = &identified.seen {
        seen.service.clone_into(&mut facts.service);
        take_details(facts, seen.details.clone());
    }
}

/// Adds what one answer told.
pub(crate) fn take_details(facts: &mut PortFacts, details: Details) {
    facts.product = details.product.or(facts.product.take());
    if !details.facts.is_empty() {
        facts.protocol = Some(details.facts);
    }
}

/// A greeting, if it is text; binary ones are taken apart instead.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = printable(bytes, BANNER_CHARACTERS_MAX);
    let all = text.chars().count();
    let readable = text.chars().filter(|each| *each != '\u{fffd}').count();
    (all > 0 && readable * 10 >= all * 9).then_some(text)
}

/// Asks the identified service everything; whether it was heard to the end.
async fn question(port: &Port<'_>, facts: &mut PortFacts, identified: &Identified) -> bool {
    if !port.host.plan().needs.asks(&facts.service) {
        return true;
    }
    let finished = match facts.service.as_str() {
        "http" => match http::survey(port).await {
            Some((found, finished)) => {
                facts.http = Some(found);
                finished
            }
            None => false,
        },
        "ssh" => ssh::survey(port, facts, &identified.banner).await,
        "smb" => smb::survey(port, facts).await,
        _ => dialogue::survey(port, facts, identified.asked).await,
    };
    // What a service says in many words names it better than what its first ones gave away.
    facts.product = match (product::of(facts), facts.product.take()) {
        (Some(said), Some(known)) if said.version.is_none() || facts.service == "ssh" => Some(known),
        (said, known) => said.or(known),
    };
    finished
}

/// Asks the host's name servers for whole zones: the `ordered` ones and those of the host's names.
pub(crate) async fn transfer_zones(
    host: &HostPace,
    sheet: &Sheet,
    context: &ScanContext,
    ordered: &[String],
) {
    let servers: Vec<PortFacts> = {
        let known = sheet.lock();
        let tcp = known.facts.ports.iter().filter(|port| port.transport == Transport::Tcp);
        tcp.filter(|port| port.service == "dns").take(NAME_SERVERS_MAX).cloned().collect()
    };
    let known: Vec<String> = sheet.lock().facts.names.iter().map(|name| name.name.clone()).collect();
    for mut facts in servers {
        let mut port = port_of(host, context, facts.port);
        port.until = port.until.min(Instant::now() + PORT_BUDGET / 2);
        let mut names = known.clone();
        names.extend(dialogue::own_names(&port).await);
        let zones = names::zones(ordered, &names);
        let mut found = facts.dns.take().unwrap_or_else(DnsFacts::default);
        dialogue::transfer_zones(&port, &zones, &mut found).await;
        facts.dns = Some(found);
        let finished = !sheet.lock().unfinished.contains(&(facts.port, facts.transport));
        sheet.write_port(facts, finished);
    }
}
