//! The profiles a subscription comes with.

use super::{
    DetectionScope, OptionProfile, PasswordBruteForcing, PortList, ProfileKind, ScanPorts, SearchList,
};
use crate::qid::Severity;

pub const INITIAL_TITLE: &str = "Initial Options";
pub const TOP20_TITLE: &str = "Qualys Top 20 Options";
pub const SANS20_TITLE: &str = "2008 SANS20 Options";
pub const PCI_TITLE: &str = "Payment Card Industry (PCI) Options";
/// Ours: every TCP port, otherwise as the initial one.
pub const FULL_TCP_TITLE: &str = "Full TCP Scan";

/// The profiles, the default one first. The two twenties look for what is bad enough to be on such
/// a list by the KnowledgeBase's own severities; the lists of others are not copied.
#[must_use]
pub fn predefined() -> Vec<OptionProfile> {
    let initial = OptionProfile::initial();
    let shipped =
        |title: &str| OptionProfile { title: title.to_owned(), is_default: false, ..initial.clone() };
    let mut top20 = shipped(TOP20_TITLE);
    least(&mut top20, "Urgent and critical", Severity::CRITICAL);
    let mut sans20 = shipped(SANS20_TITLE);
    least(&mut sans20, "Serious and worse", Severity::SERIOUS);
    let mut pci = shipped(PCI_TITLE);
    pci.kind = ProfileKind::Pci;
    pci.tcp = ScanPorts::of(PortList::Full);
    pci.load_balancer_detection = true;
    pci.password_brute_forcing = PasswordBruteForcing::Standard;
    let mut full = shipped(FULL_TCP_TITLE);
    full.tcp = ScanPorts::of(PortList::Full);
    vec![initial, top20, sans20, pci, full]
}

fn least(profile: &mut OptionProfile, title: &str, severity: Severity) {
    profile.detection.scope = DetectionScope::Custom;
    let list =
        SearchList { title: title.to_owned(), least_severity: Some(severity), ..SearchList::default() };
    profile.detection.include = vec![list];
}
