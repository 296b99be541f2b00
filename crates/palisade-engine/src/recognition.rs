//! What fingerprint databases of others say about a host, beside our own rules.
//!
//! Our own rules come first: a database names the product only of ports that nothing else named,
//! and the operating system only where the votes leave it open. Matching thousands of patterns
//! takes its time, so it is done on a thread of its own.

use std::sync::Arc;

use palisade_fingerprint::{Fingerprints, Match};
use palisade_model::HostFacts;
use palisade_model::fact::{OperatingSystem, PortFacts, Product};

/// How certain the word of a database alone is, 0 to 100.
const CONFIDENCE: u8 = 60;
/// Below this certainty, votes leave the operating system open.
const OPEN_BELOW: u8 = 50;
const EVIDENCE_MAX: usize = 24;

/// What was recognised.
#[derive(Debug, Default)]
pub(crate) struct Recognised {
    /// By place in the list of ports.
    products: Vec<(usize, Product)>,
    system: Option<OperatingSystem>,
}

/// Asks the databases about every text of every port.
pub(crate) async fn recognise(fingerprints: &Arc<Fingerprints>, facts: HostFacts) -> Recognised {
    let fingerprints = Arc::clone(fingerprints);
    let asking = tokio::task::spawn_blocking(move || ask(&fingerprints, &facts));
    asking.await.unwrap_or_else(|failure| {
        tracing::error!(error = %failure, "fingerprints could not be compared");
        Recognised::default()
    })
}

fn ask(fingerprints: &Fingerprints, facts: &HostFacts) -> Recognised {
    let mut recognised = Recognised::default();
    for (index, port) in facts.ports.iter().enumerate() {
        for (kind, technique, text) in texts(port) {
            let Some(found) = fingerprints.find(kind, text.as_bytes()) else { continue };
            let named = recognised.products.iter().any(|(known, _)| *known == index);
            if port.product.is_none() && !named {
                recognised.products.extend(found.product().map(|product| (index, product)));
            }
            recognised.hear(&found, technique, &text);
        }
    }
    recognised
}

impl Recognised {
    /// The first word on the operating system names it, the later ones are evidence.
    fn hear(&mut self, found: &Match, technique: &str, text: &str) {
        let Some(system) = found.operating_system(technique, text.as_bytes(), CONFIDENCE) else { return };
        match &mut self.system {
            None => self.system = Some(system),
            Some(known) => known.evidence.extend(system.evidence),
        }
    }

    /// The same without the operating system: a scan that asked few things does not name it.
    pub(crate) fn without_system(self) -> Self {
        Self { system: None, ..self }
    }

    /// Writes it beside what is known already.
    pub(crate) fn write(self, facts: &mut HostFacts) {
        for (index, product) in self.products {
            if let Some(port) = facts.ports.get_mut(index).filter(|port| port.product.is_none()) {
                port.product = Some(product);
            }
        }
        let Some(mut system) = self.system else { return };
        match &mut facts.os {
            Some(voted) if voted.confidence >= OPEN_BELOW => voted.evidence.append(&mut system.evidence),
            open => {
                system.evidence.extend(open.take().into_iter().flat_map(|voted| voted.evidence));
                *open = Some(system);
            }
        }
        if let Some(os) = &mut facts.os {
            os.evidence.truncate(EVIDENCE_MAX);
        }
    }
}

/// The texts of a port: the kind as databases call it, the technique as reports do, the text.
fn texts(port: &PortFacts) -> Vec<(&'static str, &'static str, String)> {
    let mut texts: Vec<(&'static str, &'static str, Option<String>)> = Vec::new();
    if let Some(ssh) = &port.ssh {
        let software = ssh.banner.splitn(3, '-').nth(2).map(str::to_owned);
        texts.push(("ssh.banner", "SSH banner", software));
    }
    if let Some(http) = &port.http {
        let header = |name: &str| http.header.get(name).cloned();
        texts.push(("http_header.server", "HTTP", http.server.clone()));
        texts.push(("http_header.wwwauth", "HTTP", header("www-authenticate")));
        texts.push(("http_header.x-powered-by", "HTTP", header("x-powered-by")));
        texts.push(("http_header.cookie", "HTTP", header("set-cookie")));
        texts.push(("html_title", "HTTP", http.title.clone()));
    }
    if let Some(snmp) = &port.snmp {
        texts.push(("snmp.sys_description", "SNMP", snmp.description.clone()));
        texts.push(("snmp.sys_object_id", "SNMP", snmp.object_id.clone()));
    }
    if let Some(smb) = &port.smb {
        texts.push(("smb.native_lm", "SMB", smb.native_lan_manager.clone()));
        texts.push(("smb.native_os", "SMB", smb.native_os.clone()));
    }
    texts.push(("ftp.banner", "FTP", port.ftp.as_ref().map(|ftp| ftp.greeting.clone())));
    texts.push(("smtp.banner", "SMTP", port.smtp.as_ref().map(|smtp| smtp.greeting.clone())));
    texts.push(("imap4.banner", "IMAP", port.imap.as_ref().map(|imap| imap.greeting.clone())));
    texts.push(("pop3.banner", "POP3", port.pop3.as_ref().map(|pop3| pop3.greeting.clone())));
    texts.push(("telnet_banners", "Telnet", port.telnet.as_ref().map(|telnet| telnet.greeting.clone())));
    texts.push(("mysql.banners", "MySQL", port.mysql.as_ref().map(|mysql| mysql.version.clone())));
    texts.push(("dns.versionbind", "DNS", port.dns.as_ref().and_then(|dns| dns.version.clone())));
    texts.push(("ntp.readvar", "NTP", port.ntp.as_ref().and_then(|ntp| ntp.variables.clone())));
    if port.service == "nntp" {
        texts.push(("nntp.banner", "NNTP", port.banner.clone()));
    }
    let given = texts.into_iter().filter_map(|(kind, technique, text)| Some((kind, technique, text?)));
    given.filter(|(_, _, text)| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::Transport;
    use palisade_model::fact::{FtpFacts, HttpFacts};

    const DATABASE: &str = r#"<fingerprints matches="ftp.banner"><fingerprint pattern="^AcmeFTP (\S+)"><description>d</description>
        <param pos="0" name="service.product" value="Acme FTP"/><param pos="1" name="service.version"/>
        <param pos="0" name="os.product" value="AcmeOS"/></fingerprint></fingerprints>"#;

    fn databases() -> Arc<Fingerprints> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.xml"), DATABASE).unwrap();
        Arc::new(Fingerprints::load(directory.path()).unwrap())
    }

    fn host() -> HostFacts {
        let mut ftp = PortFacts::new(21, Transport::Tcp);
        ftp.ftp = Some(FtpFacts { greeting: "AcmeFTP 1.2 ready".to_owned(), ..FtpFacts::default() });
        let mut web = PortFacts::new(80, Transport::Tcp);
        web.http = Some(HttpFacts { server: Some("AcmeFTP 1.2".to_owned()), ..HttpFacts::default() });
        HostFacts { ports: vec![web, ftp], ..HostFacts::default() }
    }

    #[tokio::test]
    async fn what_nothing_else_names_is_named_by_a_database() {
        let mut facts = host();
        recognise(&databases(), facts.clone()).await.write(&mut facts);
        assert_eq!(facts.ports[0].product, None, "a text is compared with databases of its own kind");
        let product = facts.ports[1].product.as_ref().unwrap();
        assert_eq!((product.name.as_str(), product.version.as_deref()), ("Acme FTP", Some("1.2")));
        assert_eq!(facts.os.as_ref().unwrap().name, " AcmeOS".trim());
    }

    #[tokio::test]
    async fn a_scan_of_few_questions_names_products_only() {
        let mut facts = host();
        recognise(&databases(), facts.clone()).await.without_system().write(&mut facts);
        assert!(facts.ports[1].product.is_some());
        assert_eq!(facts.os, None);
    }

    #[tokio::test]
    async fn what_is_known_stays() {
        let mut facts = host();
        let own = Product { name: "Own".to_owned(), ..Product::default() };
        facts.ports[1].product = Some(own.clone());
        facts.os =
            Some(OperatingSystem { name: "Own OS".to_owned(), confidence: 80, ..OperatingSystem::default() });
        recognise(&databases(), facts.clone()).await.write(&mut facts);
        assert_eq!(facts.ports[1].product, Some(own));
        let os = facts.os.unwrap();
        assert_eq!((os.name.as_str(), os.evidence.len()), ("Own OS", 1));
        let mut doubtful = host();
        doubtful.os =
            Some(OperatingSystem { name: "Linux".to_owned(), confidence: 30, ..OperatingSystem::default() });
        recognise(&databases(), doubtful.clone()).await.write(&mut doubtful);
        assert_eq!(doubtful.os.unwrap().name, "AcmeOS");
    }
}
