//! Judging whole hosts: what a hardened one must not show, and what a neglected one must.

use std::collections::BTreeMap;

use palisade_kb::{Judgement, KnowledgeBase};
use palisade_model::fact::{
    CertificateFacts, DnsFacts, FtpFacts, HttpFacts, ImapFacts, LdapFacts, MysqlFacts, PostgresFacts,
    RedisFacts, SmbFacts, SmtpFacts, SnmpFacts, SshFacts, SshHostKey, TelnetFacts, TlsFacts, TlsSuite,
};
use palisade_model::{HostFacts, PortFacts, Qid, Transport};

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn port(number: u16, service: &str) -> PortFacts {
    PortFacts { service: service.to_owned(), ..PortFacts::new(number, Transport::Tcp) }
}

fn suite(version: &str, name: &str, encryption: &str, bits: u16) -> TlsSuite {
    let exchange = if version == "TLSv1.3" { "ANY" } else { "ECDHE" };
    TlsSuite {
        version: version.to_owned(),
        name: name.to_owned(),
        key_exchange: exchange.to_owned(),
        authentication: if version == "TLSv1.3" { "ANY" } else { "RSA" }.to_owned(),
        encryption: encryption.to_owned(),
        bits,
        mac: "AEAD".to_owned(),
        ..TlsSuite::default()
    }
}

fn good_tls() -> TlsFacts {
    TlsFacts {
        versions: words("TLSv1.2 TLSv1.3"),
        suites: vec![
            suite("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "AES-GCM", 128),
            suite("TLSv1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", 256),
            suite("TLSv1.3", "TLS_AES_256_GCM_SHA384", "AES-GCM", 256),
        ],
        certificates: vec![CertificateFacts {
            subject: "CN=www.example.test".to_owned(),
            issuer: "CN=Lab CA".to_owned(),
            version: 3,
            days_left: 200,
            validity_days: 365,
            key_algorithm: "RSA".to_owned(),
            key_bits: 2048,
            signature_algorithm: "sha256WithRSAEncryption".to_owned(),
            signature_hash: "SHA256".to_owned(),
            name_matches: Some(true),
            trusted: Some(false),
            ..CertificateFacts::default()
        }],
        secure_renegotiation: Some(true),
        compression: Some(false),
        heartbeat: Some(false),
        session_tickets: Some(true),
        session_ids: Some(true),
        fallback_scsv: Some(true),
        extended_master_secret: Some(true),
        version_tolerance: Some(true),
        groups: words("x25519"),
        ..TlsFacts::default()
    }
}

fn hardened() -> HostFacts {
    let web = PortFacts {
        implicit_tls: true,
        tls: Some(good_tls()),
        http: Some(HttpFacts {
            status: 200,
            version: "HTTP/1.1".to_owned(),
            server: Some("nginx/1.22.1".to_owned()),
            password_form: true,
            auth_schemes: words("basic"),
            trace: Some(false),
            open_proxy: Some(false),
            ..HttpFacts::default()
        }),
        ..port(443, "http")
    };
    let redirect =
        PortFacts { http: Some(HttpFacts { status: 301, ..HttpFacts::default() }), ..port(80, "http") };
    let ssh = PortFacts {
        ssh: Some(SshFacts {
            banner: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10".to_owned(),
            protocol: "2.0".to_owned(),
            software: "OpenSSH_9.2p1".to_owned(),
            key_exchange: words("curve25519-sha256 kex-strict-s-v00@openssh.com"),
            host_key_algorithms: words("rsa-sha2-512 ssh-ed25519"),
            encryption: words("chacha20-poly1305@openssh.com aes256-gcm@openssh.com"),
            mac: words("hmac-sha2-512-etm@openssh.com hmac-sha1"),
            host_keys: vec![SshHostKey {
                algorithm: "ssh-ed25519".to_owned(),
                bits: 256,
                ..SshHostKey::default()
            }],
            ..SshFacts::default()
        }),
        ..port(22, "ssh")
    };
    let postgres = PortFacts {
        postgres: Some(PostgresFacts {
            authentication: "scram-sha-256".to_owned(),
            ..PostgresFacts::default()
        }),
        ..port(5432, "postgresql")
    };
    let mysql = PortFacts {
        mysql: Some(MysqlFacts { protocol: 10, version: "8.0.36".to_owned(), ..MysqlFacts::default() }),
        ..port(3306, "mysql")
    };
    let redis = PortFacts { redis: Some(RedisFacts::default()), ..port(6379, "redis") };
    let smb = PortFacts {
        smb: Some(SmbFacts {
            dialects: words("3.0 3.1.1"),
            signing_enabled: Some(true),
            signing_required: Some(true),
            null_session: Some(true),
            ..SmbFacts::default()
        }),
        ..port(445, "smb")
    };
    let smtp = PortFacts {
        smtp: Some(SmtpFacts {
            greeting: "mail ESMTP".to_owned(),
            extensions: words("STARTTLS PIPELINING"),
            starttls: true,
            open_relay: Some(false),
            vrfy: Some(true),
            ..SmtpFacts::default()
        }),
        tls: Some(TlsFacts { starttls: true, ..good_tls() }),
        ..port(25, "smtp")
    };
    let imap = PortFacts {
        implicit_tls: true,
        imap: Some(ImapFacts { plaintext_login: true, ..ImapFacts::default() }),
        tls: Some(good_tls()),
        ..port(993, "imap")
    };
    let ldap = PortFacts {
        ldap: Some(LdapFacts { anonymous_bind: true, anonymous_read: Some(false), ..LdapFacts::default() }),
        ..port(389, "ldap")
    };
    let ftp = PortFacts {
        ftp: Some(FtpFacts { anonymous: Some(false), plaintext_login: Some(false), ..FtpFacts::default() }),
        ..port(21, "ftp")
    };
    let snmp = PortFacts {
        transport: Transport::Udp,
        snmp: Some(SnmpFacts { versions: words("3"), ..SnmpFacts::default() }),
        ..port(161, "snmp")
    };
    let dns = PortFacts {
        transport: Transport::Udp,
        dns: Some(DnsFacts {
            version: Some("9.18.24-1-Debian".to_owned()),
            recursion: Some(false),
            ..DnsFacts::default()
        }),
        ..port(53, "dns")
    };
    HostFacts {
        ports: vec![ftp, ssh, smtp, redirect, ldap, web, smb, imap, mysql, postgres, redis, dns, snmp],
        ..HostFacts::default()
    }
}

fn judged(facts: &HostFacts) -> (KnowledgeBase, Judgement) {
    let content = KnowledgeBase::embedded().expect("the content loads");
    let judgement = content.judge(facts, None);
    assert_eq!(judgement.failed, []);
    (content, judgement)
}

#[test]
fn a_hardened_host_shows_nothing_serious() {
    let (content, judgement) = judged(&hardened());
    let serious: Vec<String> = judgement
        .findings
        .iter()
        .filter_map(|finding| content.entry(finding.qid).map(|entry| (finding, entry)))
        .filter(|(_, entry)| entry.severity.level() >= 3)
        .map(|(finding, entry)| {
            format!("{} {} on {:?}: {}", entry.qid, entry.title, finding.port, finding.result)
        })
        .collect();
    assert!(serious.is_empty(), "{}", serious.join("\n"));
    assert!(judgement.findings.len() > 20, "information is still gathered");
}

#[test]
fn a_neglected_host_shows_what_is_wrong_where_it_is_wrong() {
    let mut facts = hardened();
    facts.ports = vec![
        PortFacts { telnet: Some(TelnetFacts::default()), ..port(23, "telnet") },
        PortFacts { redis: Some(RedisFacts { open: true, ..RedisFacts::default() }), ..port(6379, "redis") },
        PortFacts { redis: Some(RedisFacts { open: true, ..RedisFacts::default() }), ..port(6380, "redis") },
        PortFacts {
            tls: Some(TlsFacts { versions: words("TLSv1.0"), ..TlsFacts::default() }),
            ..port(25, "smtp")
        },
    ];
    let (_, judgement) = judged(&facts);
    let places = |qid: u32| -> Vec<(Option<u16>, bool)> {
        let of_qid = judgement.findings.iter().filter(|finding| finding.qid.number() == qid);
        of_qid.map(|finding| (finding.port, finding.tls)).collect()
    };
    assert_eq!(places(900_149), [(Some(23), false)], "telnet");
    assert_eq!(places(900_081), [(Some(6379), false), (Some(6380), false)], "redis");
    assert_eq!(places(38_628), [(Some(25), true)], "TLS 1.0 by STARTTLS");
    assert_eq!(places(82_023), [(None, false)], "the host's own");
}

#[test]
fn judging_twice_says_the_same_and_never_twice_in_a_place() {
    let facts = hardened();
    let (content, judgement) = judged(&facts);
    assert_eq!(judgement, content.judge(&facts, None));
    let mut places = BTreeMap::new();
    for finding in &judgement.findings {
        *places.entry((finding.qid, finding.port, finding.transport.map(Transport::as_str))).or_insert(0) +=
            1;
    }
    assert!(places.values().all(|count| *count == 1), "{places:?}");
    assert!(judgement.tested.is_sorted());
}

#[test]
fn what_was_not_looked_at_is_not_tested() {
    let content = KnowledgeBase::embedded().unwrap();
    let relay = Qid::new(900_041).unwrap();
    let host = |open_relay| HostFacts {
        ports: vec![PortFacts {
            smtp: Some(SmtpFacts { open_relay, ..SmtpFacts::default() }),
            ..port(25, "smtp")
        }],
        ..HostFacts::default()
    };
    let tested = |facts: &HostFacts| content.judge(facts, None).tested.contains(&relay);
    assert!(tested(&host(Some(false))), "looked, and it is not so");
    assert!(tested(&host(Some(true))), "looked, and it is so");
    assert!(!tested(&host(None)), "not looked");
    assert!(tested(&HostFacts::default()), "no mail server, so no relay");
}

#[test]
fn hosts_that_are_dead_or_slow_close_nothing() {
    let content = KnowledgeBase::embedded().unwrap();
    let dead = content.judge(&HostFacts { alive: false, ..hardened() }, None);
    assert_eq!(dead, Judgement::default());
    let slow = content.judge(&HostFacts { timed_out: true, ..hardened() }, None);
    assert!(slow.tested.is_empty() && !slow.findings.is_empty());
}

#[test]
fn only_what_is_wanted_is_judged() {
    let content = KnowledgeBase::embedded().unwrap();
    let wanted = [Qid::new(82_023).unwrap(), Qid::new(38_050).unwrap(), Qid::new(4_000_000_000).unwrap()];
    let judgement = content.judge(&hardened(), Some(&wanted));
    let found: Vec<u32> = judgement.findings.iter().map(|finding| finding.qid.number()).collect();
    assert_eq!(found, [38_050, 82_023]);
    assert_eq!(judgement.tested.len(), 2);
    assert!(content.judge(&hardened(), Some(&[])).findings.is_empty());
}
