//! Templates and answers that mean harm: they are refused, or cost no more than they may.

use palisade_template::{ReadError, Template};

use crate::case::{Services, page, play};

fn parse(block: &str) -> Result<Template, ReadError> {
    Template::parse(&format!("id: case\ninfo:\n  name: Case\n  severity: low\n{block}"))
}

#[test]
fn aliases_do_not_explode() {
    let mut text = "id: a\ninfo: {name: a}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let uses = vec![format!("*a{}", level - 1); 10].join(", ");
        text.extend([format!("a{level}: &a{level} [{uses}]\n")]);
    }
    assert!(matches!(Template::parse(&text), Err(ReadError::Form(_))));
}

#[test]
fn combinations_are_counted_before_they_are_made() {
    let list = (0..200).map(|number| format!("v{number}")).collect::<Vec<_>>().join(", ");
    let block = format!(
        "http:\n  - path: ['{{{{BaseURL}}}}/{{{{a}}}}{{{{b}}}}{{{{c}}}}']\n    attack: clusterbomb\n    payloads:\n      a: [{list}]\n      b: [{list}]\n      c: [{list}]\n    matchers:\n      - type: status\n        status: [200]\n"
    );
    let Err(ReadError::Unsupported(features)) = parse(&block) else { panic!("eight million requests") };
    assert!(features.contains("more than 1000 requests"), "{features:?}");
}

#[test]
fn expressions_cannot_grow_without_end() {
    // Each variable is a hundred times as long as the one before.
    let mut block = "variables:\n  v0: 'aaaaaaaaaa'\n".to_owned();
    for level in 1..8 {
        let before = level - 1;
        block.extend([format!("  v{level}: '{{{{repeat(v{before}, 100)}}}}'\n")]);
    }
    block.push_str("http:\n  - path: ['{{BaseURL}}/{{v7}}', '{{BaseURL}}/{{v1}}']\n    matchers:\n      - type: dsl\n        dsl: ['len(concat(v2, v2, v2, v2)) > 1']\n");
    let template = parse(&block).expect("a template");
    let services = Services { web: vec![("GET ".to_owned(), page(200, "", ""))], ..Services::default() };
    let (outcome, carrier) = play(&template, &services);
    assert_eq!(carrier.asked.len(), 1, "a request whose value cannot be made is not sent");
    assert!(outcome.found.is_some());
}

#[test]
fn large_answers_are_looked_at_in_time() {
    let body = "<a b='c'>{\"a\":[".repeat(60_000);
    let block = "http:\n  - path: ['{{BaseURL}}']\n    matchers-condition: and\n    matchers:\n      - type: regex\n        regex: ['(a|b|ab)*(.*)*z$']\n      - type: word\n        case-insensitive: true\n        words: ['nothing of it']\n      - type: xpath\n        xpath: ['//a[@b=\"d\"]']\n    extractors:\n      - type: json\n        json: ['.a[]']\n      - type: regex\n        regex: ['[a-z]']\n";
    let services = Services { web: vec![("GET ".to_owned(), page(200, "", &body))], ..Services::default() };
    let (outcome, _) = play(&parse(block).expect("a template"), &services);
    assert_eq!(outcome.found, None);
    assert!(outcome.complete);
}

#[test]
fn nothing_breaks_out_of_a_header() {
    let block = "http:\n  - path: ['{{BaseURL}}/one']\n    extractors:\n      - type: regex\n        name: token\n        internal: true\n        regex: ['(?s)t.*']\n  - path: ['{{BaseURL}}/{{token}}']\n    headers:\n      X-Token: '{{token}}'\n    matchers:\n      - type: status\n        status: [200]\n";
    let answer = page(200, "", "t\r\nHost: elsewhere.test\r\n\r\nGET /admin");
    let services = Services { web: vec![("GET /".to_owned(), answer)], ..Services::default() };
    let (_, carrier) = play(&parse(block).expect("a template"), &services);
    let second = String::from_utf8_lossy(&carrier.bytes[1]).into_owned();
    let hosts: Vec<&str> = second.lines().filter(|line| line.starts_with("Host:")).collect();
    assert_eq!(hosts, ["Host: 127.0.0.1:8080"], "{second}");
    assert_eq!(second.matches("\r\n\r\n").count(), 1, "{second}");
}

#[test]
fn the_mark_of_the_scan_stands_once_in_every_request() {
    let block = "http:\n  - raw:\n      - |\n        GET /a HTTP/1.1\n        qualys-scan: forged\n        Host: {{Hostname}}\n\n    matchers:\n      - type: status\n        status: [200]\n  - raw:\n      - |+\n        GET /b HTTP/1.1\n        Host: x\n\n    unsafe: true\n    matchers:\n      - type: status\n        status: [200]\n";
    let template = parse(block).expect("a template");
    let services = Services { web: vec![("GET /".to_owned(), page(200, "", ""))], ..Services::default() };
    let target = crate::case::target(&services);
    let ids = palisade_model::SeededIds::new(1);
    let now = palisade_model::Timestamp::UNIX_EPOCH;
    let opening = palisade_template::run::opening_requests(&template, &target, now, &ids);
    let unsafe_one = palisade_template::run::HttpRequest {
        verbatim: Some(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ..opening[0].clone()
    };
    for request in [&opening[0], &unsafe_one] {
        let text = String::from_utf8(request.to_bytes("a", Some(("Qualys-Scan", "quays-7")))).expect("text");
        assert_eq!(text.to_ascii_lowercase().matches("\r\nqualys-scan: ").count(), 1, "{text}");
        assert!(text.contains("\r\nQualys-Scan: quays-7\r\n"), "{text}");
    }
}
