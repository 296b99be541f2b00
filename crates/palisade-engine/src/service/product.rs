//! The product behind a port, from the text in which services of its kind name themselves.

use palisade_model::PortFacts;
use palisade_model::fact::Product;
use palisade_probe::identify;

/// The product, as far as the facts of the port name it.
pub(crate) fn of(facts: &PortFacts) -> Option<Product> {
    texts(facts)
        .into_iter()
        .find_map(|text| identify::product(&facts.service, &text))
        .or_else(|| unnamed(facts))
}

/// Products that do not name themselves, and are known by what only they do.
fn unnamed(facts: &PortFacts) -> Option<Product> {
    let plain = |vendor: &str, name: &str, cpe: &str| {
        Some(Product {
            vendor: vendor.to_owned(),
            name: name.to_owned(),
            version: None,
            cpe: Some(identify::cpe(cpe, None)),
        })
    };
    if let Some(product) = facts.http.as_ref().and_then(identify::web_product) {
        return Some(product);
    }
    // Samba passes for a Windows 6.1, of which there is no build 0.
    if facts.smb.as_ref().is_some_and(|smb| smb.os_version.as_deref() == Some("6.1.0")) {
        return plain("Samba", "Samba", "a:samba:samba");
    }
    match facts.service.as_str() {
        // Of these protocols there is one server, and some that pass for it.
        "postgresql" => plain("PostgreSQL", "PostgreSQL", "a:postgresql:postgresql"),
        "rsync" => plain("Samba", "rsync", "a:samba:rsync"),
        _ => None,
    }
}

/// BIND that hides its version.
pub(crate) fn bind() -> Product {
    let cpe = Some(identify::cpe("a:isc:bind", None));
    Product { vendor: "ISC".to_owned(), name: "BIND".to_owned(), version: None, cpe }
}

/// The texts that may name a product, the most telling first.
pub(crate) fn texts(facts: &PortFacts) -> Vec<String> {
    let mut texts: Vec<Option<String>> = Vec::new();
    texts.push(facts.http.as_ref().and_then(|http| http.server.clone()));
    texts.push(facts.smb.as_ref().and_then(|smb| smb.native_lan_manager.clone()));
    texts.push(facts.mysql.as_ref().map(|mysql| mysql.version.clone()));
    texts.push(facts.postgres.as_ref().and_then(|postgres| postgres.version.clone()));
    texts.push(facts.redis.as_ref().and_then(|redis| redis.version.clone()));
    texts.push(facts.memcached.as_ref().and_then(|memcached| memcached.version.clone()));
    texts.push(facts.mqtt.as_ref().and_then(|mqtt| mqtt.broker.clone()));
    texts.push(facts.dns.as_ref().and_then(|dns| dns.version.clone()));
    texts.push(facts.snmp.as_ref().and_then(|snmp| snmp.description.clone()));
    texts.push(facts.ntp.as_ref().and_then(|ntp| ntp.variables.clone()));
    texts.push(facts.ldap.as_ref().and_then(|ldap| {
        Some(format!("{} {}", ldap.vendor_name.as_ref()?, ldap.vendor_version.as_deref().unwrap_or_default()))
    }));
    texts.push(facts.banner.clone());
    texts.push(facts.smtp.as_ref().map(|smtp| smtp.greeting.clone()));
    texts.push(facts.ftp.as_ref().map(|ftp| ftp.greeting.clone()));
    texts.push(facts.imap.as_ref().map(|imap| imap.greeting.clone()));
    texts.push(facts.pop3.as_ref().map(|pop3| pop3.greeting.clone()));
    texts.into_iter().flatten().collect()
}
