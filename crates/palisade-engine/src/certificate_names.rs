//! Whether a certificate names the host that shows it.
//!
//! By a name the host is known by elsewhere, by its address, or by a name that resolves to it.
//! Resolving is bounded; wildcards are matched but, having no address, never resolved.

use palisade_model::HostFacts;
use palisade_model::fact::CertificateFacts;
use palisade_probe::tls::names_match;

use crate::names::{LOOK_UP_PATIENCE, is_host_name};
use crate::pacing::HostPace;

/// Names of certificates that are resolved, for each host.
const RESOLVED_MAX: usize = 8;

/// Says for every leaf certificate whether it names the host: by a name the host is known by
/// elsewhere, by its address, or by a name that resolves to it.
pub(crate) async fn judge(host: &HostPace, facts: &mut HostFacts) {
    let known: Vec<String> = facts
        .names
        .iter()
        // A certificate cannot vouch for itself.
        .filter(|name| name.source != "TLS certificate")
        .map(|name| name.name.clone())
        .collect();
    let mut resolved = Resolved::default();
    for index in 0..facts.ports.len() {
        let leaf = facts.ports.get(index).and_then(|port| port.tls.as_ref()?.certificates.first());
        let Some(leaf) = leaf else { continue };
        let mut matches = names_match(leaf, &known, host.address);
        if !matches {
            for name in names_of(leaf).filter(|name| name.contains('.') && is_host_name(name)) {
                if resolved.leads_to(host, name).await {
                    matches = true;
                    break;
                }
            }
        }
        let leaf = facts
            .ports
            .get_mut(index)
            .and_then(|port| port.tls.as_mut())
            .and_then(|tls| tls.certificates.first_mut());
        if let Some(leaf) = leaf {
            leaf.name_matches = Some(matches);
        }
    }
}

/// The common name counts only where there are no alternative names (RFC 6125, 6.4.4).
fn names_of(leaf: &CertificateFacts) -> impl Iterator<Item = &String> {
    let common = if leaf.alternative_names.is_empty() { leaf.common_name.as_ref() } else { None };
    leaf.alternative_names.iter().chain(common)
}

/// Names resolved so far; the same certificate is often shown on many ports.
#[derive(Default)]
struct Resolved {
    answers: Vec<(String, bool)>,
}

impl Resolved {
    async fn leads_to(&mut self, host: &HostPace, name: &str) -> bool {
        if let Some((_, answer)) = self.answers.iter().find(|(known, _)| known == name) {
            return *answer;
        }
        if self.answers.len() >= RESOLVED_MAX {
            return false;
        }
        let answer = resolves_to(host, name.to_owned()).await;
        self.answers.push((name.to_owned(), answer));
        answer
    }
}

/// Whether `name` resolves to `address`.
async fn resolves_to(host: &HostPace, name: String) -> bool {
    let address = host.address;
    host.look_up(LOOK_UP_PATIENCE, move || {
        let found = dns_lookup::lookup_host(&name).ok()?.any(|each| each == address);
        Some(found)
    })
    .await
    .unwrap_or(false)
}

/// Takes the judgements of `from` over into `to`, where the same certificates are shown.
pub(crate) fn copy(from: &HostFacts, to: &mut HostFacts) {
    let leaves = |facts: &HostFacts| -> Vec<(u16, Option<bool>)> {
        let leaf = |port: &palisade_model::PortFacts| {
            port.tls.as_ref()?.certificates.first().map(|leaf| (port.port, leaf.name_matches))
        };
        facts.ports.iter().filter_map(leaf).collect()
    };
    for (number, name_matches) in leaves(from) {
        let place = to.ports.iter_mut().find(|port| port.port == number && port.tls.is_some());
        if let Some(leaf) =
            place.and_then(|port| port.tls.as_mut()).and_then(|tls| tls.certificates.first_mut())
        {
            leaf.name_matches = name_matches;
        }
    }
}
