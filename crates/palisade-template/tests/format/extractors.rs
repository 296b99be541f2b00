//! Every extractor, for the report and for later requests.

use crate::case::{Case, Finds, lines, page};

fn answer() -> Vec<u8> {
    let body = "<html><body><a href=\"/docks\" rel=\"next\">Docks</a><b>one</b><b>two</b></body></html>";
    page(200, "Server: Quay/2.4.1\r\nX-Api: 7\r\nSet-Cookie: berth=12; Path=/\r\n", body)
}

fn document() -> Vec<u8> {
    page(
        200,
        "Content-Type: application/json\r\n",
        r#"{"product":{"name":"Quay","ports":[80,443]},"users":[{"n":"ann","admin":true},{"n":"bob"}]}"#,
    )
}

/// The extractor, and the lines it gives.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        "regex",
        "- type: regex\n        part: header\n        regex: ['Quay/[0-9.]+']",
        &["Extracted: Quay/2.4.1"],
    ),
    (
        "regex group",
        "- type: regex\n        part: server\n        group: 1\n        regex: ['Quay/([0-9.]+)']",
        &["Extracted: 2.4.1"],
    ),
    (
        "regex of several places",
        "- type: regex\n        group: 1\n        regex: ['<b>(.*?)</b>']",
        &["Extracted: one", "Extracted: two"],
    ),
    (
        "regex with a name",
        "- type: regex\n        name: version\n        part: server\n        regex: ['[0-9.]+']",
        &["Extracted: version: 2.4.1"],
    ),
    (
        "regex in any case",
        "- type: regex\n        part: server\n        case-insensitive: true\n        regex: ['quay']",
        &["Extracted: Quay"],
    ),
    ("regex group that is not there", "- type: regex\n        group: 3\n        regex: ['Docks']", &[]),
    ("kval", "- type: kval\n        kval: [server]", &["Extracted: Quay/2.4.1"]),
    ("kval with hyphens and capitals", "- type: kval\n        kval: ['X-Api']", &["Extracted: 7"]),
    ("kval of a cookie", "- type: kval\n        kval: [berth]", &["Extracted: 12"]),
    ("kval of nothing", "- type: kval\n        kval: [x_missing]", &[]),
    ("xpath", "- type: xpath\n        xpath: ['/html/body/b[2]']", &["Extracted: two"]),
    (
        "xpath attribute",
        "- type: xpath\n        attribute: href\n        xpath: ['//a[@rel=\"next\"]']",
        &["Extracted: /docks"],
    ),
    ("xpath of nothing", "- type: xpath\n        xpath: ['//table']", &[]),
    (
        "dsl",
        "- type: dsl\n        dsl: ['to_upper(server)', 'status_code']",
        &["Extracted: QUAY/2.4.1", "Extracted: 200"],
    ),
    ("dsl that fails", "- type: dsl\n        dsl: ['missing']", &[]),
];

const JSON: &[(&str, &str, &[&str])] = &[
    ("json field", "- type: json\n        json: ['.product.name']", &["Extracted: Quay"]),
    ("json place", "- type: json\n        json: ['.product.ports[1]']", &["Extracted: 443"]),
    (
        "json each",
        "- type: json\n        name: users\n        json: ['.users[].n']",
        &["Extracted: users: ann", "Extracted: users: bob"],
    ),
    (
        "json select",
        "- type: json\n        json: ['.users[] | select(.admin == true) | .n']",
        &["Extracted: ann"],
    ),
    ("json length", "- type: json\n        json: ['.users | length']", &["Extracted: 2"]),
    ("json of nothing", "- type: json\n        json: ['.missing.more']", &[]),
];

fn web(name: &str, extractors: &str, answer: Vec<u8>, wanted: &[&str]) -> Case {
    let block = format!("http:\n  - path: ['{{{{BaseURL}}}}/']\n    extractors:\n      {extractors}\n");
    let finds = if wanted.is_empty() { Finds::Nothing } else { lines(wanted) };
    Case::web(&format!("extractor {name}"), &block, &[("GET / ", answer)], finds)
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> =
        CASES.iter().map(|(name, extractor, wanted)| web(name, extractor, answer(), wanted)).collect();
    cases.extend(JSON.iter().map(|(name, extractor, wanted)| web(name, extractor, document(), wanted)));
    cases.push(web(
        "json of a page that is none",
        "- type: json\n        part: body\n        json: ['.a']",
        answer(),
        &[],
    ));
    cases.push(web(
        "internal for nobody",
        "- type: regex\n        name: x\n        internal: true\n        regex: ['one']",
        answer(),
        &[],
    ));
    cases.push(Case::web(
        "extractor with a matcher that does not match",
        "http:\n  - path: ['{{BaseURL}}/']\n    matchers:\n      - type: status\n        status: [404]\n    extractors:\n      - type: kval\n        kval: [server]\n",
        &[("GET / ", answer())],
        Finds::Nothing,
    ));
    cases.push(Case::web(
        "extractor with a matcher that matches",
        "http:\n  - path: ['{{BaseURL}}/']\n    matchers:\n      - type: status\n        status: [200]\n    extractors:\n      - type: kval\n        name: software\n        kval: [server]\n",
        &[("GET / ", answer())],
        lines(&["Request: GET /", "Extracted: software: Quay/2.4.1"]),
    ));
    cases.push(Case::web(
        "extractor that feeds the next request",
        "http:\n  - raw:\n      - |\n        GET / HTTP/1.1\n        Host: {{Hostname}}\n\n      - |\n        GET {{next}}?n={{base64(next)}} HTTP/1.1\n        Host: {{Hostname}}\n\n    extractors:\n      - type: xpath\n        name: next\n        internal: true\n        attribute: href\n        xpath: ['//a']\n    matchers:\n      - type: word\n        words: ['dry dock']\n",
        &[("GET / ", answer()), ("GET /docks?n=L2RvY2tz ", page(200, "", "dry dock"))],
        lines(&["Request: GET /docks?n=L2RvY2tz"]),
    )
    .asking(&["GET /", "GET /docks?n=L2RvY2tz"]));
    cases.push(Case::web(
        "extracted braces stay as they are",
        "http:\n  - raw:\n      - |\n        GET /first HTTP/1.1\n\n    extractors:\n      - type: regex\n        name: seen\n        internal: true\n        regex: ['.*']\n  - path: ['{{BaseURL}}/echo?x={{seen}}']\n    matchers:\n      - type: status\n        status: [200]\n",
        &[("GET /first", page(200, "", "{{base64('a')}}")), ("GET /echo", page(200, "", ""))],
        Finds::Something,
    )
    .asking(&["GET /first", "GET /echo?x={{base64('a')}}"]));
    cases
}
