//! TCP, DNS and TLS.

use palisade_model::fact::{CertificateFacts, TlsFacts, TlsSuite};
use palisade_template::run::{DnsAnswer, DnsRecord};

use crate::case::{Case, Finds, Services, lines};

pub(crate) fn cases() -> Vec<Case> {
    [tcp(), dns(), tls()].concat()
}

fn case(name: &str, block: &str, services: Services, finds: Finds) -> Case {
    Case { services, ..Case::web(name, block, &[], finds) }
}

fn tcp() -> Vec<Case> {
    let says = |words: &[&[u8]]| Services {
        tcp: words.iter().map(|word| word.to_vec()).collect(),
        ..Services::default()
    };
    let word = |part: &str, word: &str| {
        format!("    matchers:\n      - type: word\n        part: {part}\n        words: ['{word}']\n")
    };
    vec![
        case("tcp", &format!("tcp:\n  - host: ['{{{{Hostname}}}}']\n    inputs:\n      - data: \"PING\\r\\n\"\n    read-size: 4\n{}", word("data", "PONG")), says(&[b"PONG and more"]), Finds::Something)
            .asking(&["PING\r\n"]),
        case("tcp under its old name", &format!("network:\n  - host: ['{{{{Hostname}}}}']\n    port: 2222\n    inputs:\n      - data: 'x'\n{}", word("body", "SSH-")), says(&[b"SSH-2.0-Quay"]), Finds::Something),
        case("tcp reads no more than it may", &format!("tcp:\n  - host: ['{{{{Hostname}}}}']\n    read-size: 2\n{}", word("data", "PONG")), says(&[b"PONG"]), Finds::Nothing),
        case("tcp in hexadecimal digits", &format!("tcp:\n  - host: ['{{{{Hostname}}}}']\n    inputs:\n      - data: '50494e47'\n        type: hex\n{}", word("raw", "PONG")), says(&[b"PONG"]), Finds::Something)
            .asking(&["PING"]),
        case(
            "tcp in steps",
            "tcp:\n  - host: ['{{Hostname}}']\n    inputs:\n      - data: FIRST\n        read: 4\n        name: first\n      - data: SECOND\n        read: 4\n        name: second\n    read-size: 6\n    matchers-condition: and\n    matchers:\n      - type: word\n        part: first\n        words: [PING]\n      - type: word\n        part: second\n        words: [PONG]\n      - type: word\n        part: data\n        words: [HARBOR]\n",
            says(&[b"PING", b"PONG", b"HARBOR"]),
            Finds::Something,
        )
        .asking(&["FIRST", "SECOND"]),
        case("tcp with variables", &format!("variables:\n  a: PING\n  b: \"{{{{base64('hello')}}}}\"\ntcp:\n  - host: ['{{{{Host}}}}:7']\n    inputs:\n      - data: '{{{{a}}}}'\n{}", word("data", "{{b}}")), says(&[b"aGVsbG8="]), Finds::Something),
        case("tcp binary", "tcp:\n  - host: ['{{Hostname}}']\n    inputs:\n      - data: a\n    read-all: true\n    matchers:\n      - type: binary\n        binary: ['ff00fe']\n", says(&[&[1, 0xff, 0, 0xfe]]), Finds::Something),
        case("tcp extracts", "tcp:\n  - host: ['{{Hostname}}']\n    inputs:\n      - data: a\n    extractors:\n      - type: regex\n        group: 1\n        regex: ['version ([0-9.]+)']\n      - type: dsl\n        dsl: ['len(data)']\n", says(&[b"Quay version 2.4.1"]), lines(&["Extracted: 2.4.1", "Extracted: 18"])),
        case("tcp with payloads", &format!("tcp:\n  - host: ['{{{{Hostname}}}}']\n    payloads:\n      user: [ann, bob]\n    inputs:\n      - data: 'USER {{{{user}}}}'\n        read: 8\n{}", word("data", "331")), says(&[b"331 more"]), Finds::Something)
            .asking(&["USER ann", "USER bob"]),
        case("tcp without an answer", &format!("tcp:\n  - host: ['{{{{Hostname}}}}']\n    inputs:\n      - data: a\n        read: 4\n{}", word("data", "x")), says(&[]), Finds::Nothing),
    ]
}

fn dns() -> Vec<Case> {
    let answer = |rcode: u8, records: &[(&str, &str)]| Services {
        dns: Some(DnsAnswer {
            rcode,
            records: records
                .iter()
                .map(|(kind, value)| DnsRecord {
                    name: "www.harbour.test.".to_owned(),
                    ttl_s: 300,
                    class: "IN".to_owned(),
                    kind: (*kind).to_owned(),
                    value: (*value).to_owned(),
                })
                .collect(),
        }),
        ..Services::default()
    };
    let block = |name: &str, kind: &str, operators: &str| {
        format!(
            "dns:\n  - name: '{name}'\n    type: {kind}\n    class: inet\n    recursion: true\n{operators}"
        )
    };
    vec![
        case("dns word", &block("{{FQDN}}", "A", "    matchers:\n      - type: word\n        words: [\"IN\\tA\"]\n"), answer(0, &[("A", "192.0.2.7")]), Finds::Something).asking(&["www.harbour.test 1 1"]),
        case("dns part", &block("{{FQDN}}", "TXT", "    matchers:\n      - type: word\n        part: answer\n        words: ['v=spf1']\n"), answer(0, &[("TXT", "\"v=spf1 -all\"")]), Finds::Something).asking(&["www.harbour.test 16 1"]),
        case("dns extracts", &block("{{FQDN}}", "CNAME", "    extractors:\n      - type: regex\n        group: 1\n        regex: [\"IN\\tCNAME\\t(.+)\"]\n"), answer(0, &[("CNAME", "quay.harbour.test.")]), lines(&["Question: www.harbour.test", "Extracted: quay.harbour.test."])),
        case("dns code", &block("{{RDN}}", "NS", "    matchers:\n      - type: dsl\n        dsl: ['rcode == 3 && contains(raw, \"NXDOMAIN\")']\n"), answer(3, &[]), Finds::Something).asking(&["harbour.test 2 1"]),
        case("dns values by type", &block("{{FQDN}}", "MX", "    extractors:\n      - type: dsl\n        dsl: [mx, rcode]\n"), answer(0, &[("MX", "10 mail.harbour.test."), ("MX", "20 b.harbour.test.")]), lines(&["Extracted: 10 mail.harbour.test. 20 b.harbour.test.", "Extracted: 0"])),
        case("dns with payloads", "dns:\n  - name: '{{word}}.{{FQDN}}'\n    type: A\n    attack: batteringram\n    payloads:\n      word: [one, docs]\n    matchers:\n      - type: word\n        words: [\"IN\\tA\"]\n", answer(0, &[("A", "192.0.2.7")]), Finds::Something)
            .asking(&["one.www.harbour.test 1 1", "docs.www.harbour.test 1 1"]),
        case("dns of another class", "dns:\n  - name: version.bind\n    type: TXT\n    class: chaos\n    matchers:\n      - type: regex\n        part: txt\n        regex: ['^\"9\\.']\n", answer(0, &[("TXT", "\"9.18.1\"")]), Finds::Something).asking(&["version.bind 16 3"]),
        case("dns without an answer", &block("{{FQDN}}", "AAAA", "    matchers:\n      - type: dsl\n        negative: true\n        dsl: ['rcode == 0']\n"), Services::default(), Finds::Nothing).asking(&["www.harbour.test 28 1"]),
    ]
}

fn tls() -> Vec<Case> {
    let suite = |version: &str, name: &str| TlsSuite {
        version: version.to_owned(),
        name: name.to_owned(),
        ..TlsSuite::default()
    };
    let certificate = CertificateFacts {
        subject: "CN=www.harbour.test,O=Harbour".to_owned(),
        issuer: "CN=Quay CA,O=Quay".to_owned(),
        alternative_names: vec!["www.harbour.test".to_owned(), "*.docks.test".to_owned()],
        not_before: 1_700_000_000,
        not_after: 1_750_000_000,
        expired: true,
        self_signed: false,
        serial: "0a".to_owned(),
        name_matches: Some(false),
        trusted: Some(false),
        ..CertificateFacts::default()
    };
    let facts = TlsFacts {
        versions: vec!["TLSv1.0".to_owned(), "TLSv1.2".to_owned()],
        suites: vec![
            suite("TLSv1.0", "TLS_RSA_WITH_RC4_128_SHA"),
            suite("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ],
        certificates: vec![certificate],
        ..TlsFacts::default()
    };
    let shows = || Services { tls: Some(facts.clone()), ..Services::default() };
    let block = |more: &str, expression: &str| {
        format!(
            "ssl:\n  - address: '{{{{Host}}}}:{{{{Port}}}}'\n{more}    matchers:\n      - type: dsl\n        dsl: ['{expression}']\n"
        )
    };
    let one = |name: &str, more: &str, expression: &str, found: bool| {
        case(name, &block(more, expression), shows(), if found { Finds::Something } else { Finds::Nothing })
    };
    vec![
        one("ssl agreed", "", "probe_status == true", true),
        one("ssl newest version", "", "tls_version == \"tls12\" && contains(cipher, \"GCM\")", true),
        one("ssl up to a version", "    max_version: tls10\n", "tls_version == \"tls10\"", true),
        one(
            "ssl of a version that there is not",
            "    min_version: tls13\n    max_version: tls13\n",
            "probe_status == true",
            false,
        ),
        one(
            "ssl of a suite",
            "    max_version: tls10\n    cipher_suites: ['TLS_RSA_WITH_RC4_128_SHA']\n",
            "probe_status",
            true,
        ),
        one("ssl of a suite that there is not", "    cipher_suites: ['TLS_NULL']\n", "probe_status", false),
        one("ssl expired", "", "expired && unix_time() > not_after", true),
        one(
            "ssl names",
            "",
            "contains(subject_an, \"www.harbour.test\") && wildcard_certificate && mismatched",
            true,
        ),
        one("ssl issuer", "", "issuer_cn == \"Quay CA\" && untrusted && !self_signed", true),
        case(
            "ssl response",
            "ssl:\n  - address: '{{Host}}:{{Port}}'\n    matchers:\n      - type: word\n        part: response\n        words: [tls12]\n    extractors:\n      - type: json\n        json: ['.subject_org[0]', '.serial']\n",
            shows(),
            lines(&["Extracted: Harbour", "Extracted: 0a"]),
        ),
        case(
            "ssl where nothing is known",
            &block("", "probe_status == false"),
            Services::default(),
            Finds::Nothing,
        ),
    ]
}
