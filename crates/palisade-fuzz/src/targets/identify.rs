//! Recognising services by what they say: every protocol of the catalogue reads every input.

use palisade_probe::identify::{self, catalogue};

use crate::Target;

pub const TARGETS: &[Target] = &[
    Target { name: "identify-answer", run: answer },
    Target { name: "identify-greeting", run: greeting },
    Target { name: "identify-product", run: product },
];

fn answer(input: &[u8]) {
    for protocol in catalogue::protocols() {
        let _ = protocol.read(input);
    }
    // All others are tried for every probe: one at a time, or inputs are few.
    let probes: Vec<_> = identify::for_quiet().chain(identify::for_picky()).collect();
    if let Some(probe) = probes.get(input.len() % probes.len()) {
        let _ = identify::recognise(probe.name, &probe.bytes(), input);
    }
}

fn greeting(input: &[u8]) {
    let _ = identify::greeting(input, false);
    let _ = identify::greeting(input, true);
}

fn product(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for service in ["ssh", "ftp", "smtp", "http", "imap", "pop3", "telnet", "mysql", "dns", "unknown"] {
        if let Some(found) = identify::product(service, &text) {
            let _ = identify::cpe(&found.name, found.version.as_deref());
        }
        let _ = identify::os_evidence(service, &text);
    }
    let _ = identify::ubuntu_of_openssh(&text);
    let _ = identify::windows_of_build(&text, 17_763);
}
