//! Web servers, asked again by the names of their virtual hosts: in the TLS handshake and in every
//! request.
//!
//! The default server of a port has been looked at before; what it shows of its TLS counts for all
//! names, but for the certificates, which the survey of its TLS asks for by every name.

use std::sync::Arc;

use futures_util::StreamExt;
use palisade_model::fact::Product;
use palisade_model::{PortFacts, Transport, VirtualName};

use super::port::Port;
use super::{PORT_BUDGET, http, port_of, product};
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::sheet::Sheet;

/// Names asked for at the same time.
const NAMES_PARALLEL: usize = 8;

/// Asks the web servers of a host by all names that they are known to have.
pub(crate) async fn survey_all(host: &Arc<HostPace>, sheet: &Sheet, context: &ScanContext) {
    let plan = host.plan();
    if !plan.needs.asks("http") {
        return;
    }
    let ports = sheet.snapshot().facts.ports;
    let web = |port: &&PortFacts| {
        port.transport == Transport::Tcp && port.service == "http" && plan.may_speak_to(port.port)
    };
    let mut named = Vec::new();
    for port in ports.iter().filter(web) {
        for name in plan.virtual_names(host.address, port.port) {
            named.push((port, name));
        }
    }
    futures_util::stream::iter(named)
        .for_each_concurrent(NAMES_PARALLEL, |(port, name)| async move {
            let (facts, finished) = survey(host, context, port, name).await;
            if let Some(facts) = facts {
                sheet.write_virtual_host(name.clone(), facts);
            }
            if !finished {
                sheet.leave_unfinished(port.port, port.transport);
            }
        })
        .await;
}

/// The facts of the port as it shows itself by this name, and whether it was heard to the end. One
/// that does not answer by the name was not: what it had by it may still be there.
async fn survey(
    host: &HostPace,
    context: &ScanContext,
    default: &PortFacts,
    name: &VirtualName,
) -> (Option<PortFacts>, bool) {
    let port = Port {
        name: Some(name.as_str()),
        virtual_host: true,
        tls: default.implicit_tls,
        until: host.until(PORT_BUDGET),
        ..port_of(host, context, default.port)
    };
    let Some((found, finished)) = http::survey(&port).await else { return (None, false) };
    let mut facts = PortFacts { http: Some(found), product: None, ..default.clone() };
    let told: Option<Product> = product::of(&facts);
    facts.product = told.or_else(|| default.product.clone());
    (Some(facts), finished)
}
