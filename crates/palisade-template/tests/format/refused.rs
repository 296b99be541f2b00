//! What there is not: each template is left out, and the feature is named.

use palisade_template::{ReadError, Template};

const HTTP: &str =
    "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: status\n        status: [200]\n";

/// What stands under `info`, and the feature that is named.
pub(crate) const CASES: &[(&str, &str)] = &[
    (
        "http:\n  - path: ['{{BaseURL}}/?u={{interactsh-url}}']\n    matchers:\n      - type: status\n        status: [200]\n",
        "interactsh (answers to a server outside)",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: word\n        part: interactsh_protocol\n        words: [dns]\n",
        "interactsh (answers to a server outside)",
    ),
    (
        "http:\n  - path: ['https://api.example.test/x']\n    matchers:\n      - type: status\n        status: [200]\n",
        "requests to other hosts",
    ),
    (
        "http:\n  - raw:\n      - |\n        GET http://127.0.0.1:5431/ HTTP/1.1\n\n    matchers:\n      - type: status\n        status: [200]\n",
        "requests to other hosts",
    ),
    (
        "http:\n  - raw:\n      - |\n        @Host: https://example.test\n        GET / HTTP/1.1\n\n    matchers:\n      - type: status\n        status: [200]\n",
        "requests to other hosts",
    ),
    (
        "self-contained: true\nhttp:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: status\n        status: [200]\n",
        "requests to other hosts",
    ),
    (
        "tcp:\n  - host: ['other.example.test:25']\n    matchers:\n      - type: word\n        words: [a]\n",
        "requests to other hosts",
    ),
    ("headless:\n  - steps: []\n", "protocol headless"),
    ("code:\n  - engine: [sh]\n", "protocol code"),
    ("javascript:\n  - code: 'x'\n", "protocol javascript"),
    ("file:\n  - extensions: [all]\n", "protocol file"),
    ("workflows:\n  - template: a.yaml\n", "protocol workflows"),
    ("websocket:\n  - address: 'x'\n", "protocol websocket"),
    ("whois:\n  - query: 'x'\n", "protocol whois"),
    (
        "flow: |\n  for (let a of iterate(b)) { http(1) }\nhttp:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: status\n        status: [200]\n",
        "flow in JavaScript",
    ),
    (
        "flow: http(7)\nhttp:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: status\n        status: [200]\n",
        "flow to blocks that there are not",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: dsl\n        dsl: ['resolve(\"a\") == \"b\"']\n",
        "function resolve",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: dsl\n        dsl: ['status_code ===']\n",
        "expressions that we cannot read",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: regex\n        regex: ['(a{1000}){1000}']\n",
        "patterns that we cannot compile",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: smell\n        words: [a]\n",
        "matcher type smell",
    ),
    ("http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: word\n", "matchers without values"),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: xpath\n        xpath: ['//a | //b']\n",
        "XPath beyond places in a page",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    extractors:\n      - type: json\n        json: ['map(.a)']\n",
        "jq beyond places in a document",
    ),
    ("http:\n  - path: ['{{BaseURL}}']\n    extractors:\n      - type: scent\n", "extractor type scent"),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    payloads:\n      a: helpers/words.txt\n    matchers:\n      - type: status\n        status: [200]\n",
        "payloads from files",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}/{{a}}']\n    attack: sniper\n    payloads:\n      a: [b]\n    matchers:\n      - type: status\n        status: [200]\n",
        "attack sniper",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    race: true\n    matchers:\n      - type: status\n        status: [200]\n",
        "race conditions",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    fuzzing: []\n    matchers:\n      - type: status\n        status: [200]\n",
        "key http.fuzzing",
    ),
    (
        "dns:\n  - name: '{{FQDN}}'\n    trace: true\n    matchers:\n      - type: word\n        words: [a]\n",
        "dns trace",
    ),
    (
        "http:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: status\n        status: [200]\nssl:\n  - address: '{{Host}}:{{Port}}'\n    matchers:\n      - type: dsl\n        dsl: ['expired']\n",
        "several protocols in one template",
    ),
];

#[test]
fn what_there_is_not_is_named() {
    for (block, feature) in CASES {
        let text = format!("id: case\ninfo:\n  name: Case\n  severity: low\n{block}");
        match Template::parse(&text) {
            Err(ReadError::Unsupported(features)) => {
                assert!(features.contains(*feature), "{features:?} without {feature} of\n{text}");
            }
            other => panic!("{other:?} of\n{text}"),
        }
    }
}

#[test]
fn what_is_no_template_is_told_from_what_is_not_supported() {
    let with = |head: &str, block: &str| Template::parse(&format!("{head}{block}"));
    let forms = [
        with("", HTTP),
        with("id: 'two words'\ninfo: {name: a}\n", HTTP),
        with("id: a\n", HTTP),
        with("id: a\ninfo: {severity: low}\n", HTTP),
        with("id: a\ninfo: {name: a}\n", ""),
        with("id: a\ninfo: {name: a}\n", "http:\n  - path: ['{{BaseURL}}']\n"),
        with("id: a\ninfo: {name: a}\n", "http:\n  - method: GET\n"),
        with("id: [\n", HTTP),
    ];
    for form in forms {
        assert!(matches!(form, Err(ReadError::Form(_))), "{form:?}");
    }
}
