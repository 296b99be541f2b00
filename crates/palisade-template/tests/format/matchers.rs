//! Every matcher, with each of its switches.

use crate::case::{Case, Finds, lines, page};

fn answer() -> Vec<u8> {
    let body =
        "<html><body><div id=\"quay\"><p>Welcome, Captain</p></div>{\"version\":\"2.4.1\"}</body></html>";
    page(200, "Server: Quay/2.4.1\r\nX-Powered-By: Steam\r\n", body)
}

/// Matchers under a block that asks for `/`, and whether they find something.
const CASES: &[(&str, &str, bool)] = &[
    ("status one of", "- type: status\n        status: [404, 200]", true),
    ("status none of", "- type: status\n        status: [404, 500]", false),
    ("status as a single number", "- type: status\n        status: 200", true),
    ("status negative", "- type: status\n        negative: true\n        status: [404]", true),
    ("size of the body", "- type: size\n        size: [89]", true),
    ("size of another part", "- type: size\n        part: server\n        size: [10]", true),
    ("size that is another", "- type: size\n        size: [1, 2]", false),
    ("word in the body", "- type: word\n        words: ['Captain']", true),
    ("word in another case", "- type: word\n        words: ['CAPTAIN']", false),
    ("word in any case", "- type: word\n        case-insensitive: true\n        words: ['CAPTAIN']", true),
    ("one of two words", "- type: word\n        words: ['Pirate', 'Captain']", true),
    ("both words", "- type: word\n        condition: and\n        words: ['Welcome', 'Captain']", true),
    ("not both words", "- type: word\n        condition: and\n        words: ['Welcome', 'Pirate']", false),
    (
        "word in the header",
        "- type: word\n        part: header\n        words: ['X-Powered-By: Steam']",
        true,
    ),
    ("word in one header", "- type: word\n        part: x_powered_by\n        words: ['Steam']", true),
    ("word in all", "- type: word\n        part: all\n        words: ['Steam', 'nothing']", true),
    (
        "word in the response",
        "- type: word\n        part: response\n        condition: and\n        words: ['HTTP/1.1 200', 'Captain']",
        true,
    ),
    ("word not in the header", "- type: word\n        part: header\n        words: ['Captain']", false),
    (
        "word of a part that is not there",
        "- type: word\n        part: x_missing\n        words: ['a']",
        false,
    ),
    (
        "negative of a part that is not there",
        "- type: word\n        part: x_missing\n        negative: true\n        words: ['a']",
        false,
    ),
    ("word negative", "- type: word\n        negative: true\n        words: ['Pirate']", true),
    (
        "word negative that is there",
        "- type: word\n        negative: true\n        words: ['Captain']",
        false,
    ),
    ("word with a value in it", "- type: word\n        words: ['{{to_title(\"captain\")}}']", true),
    ("word in hexadecimal digits", "- type: word\n        encoding: hex\n        words: ['43617074']", true),
    ("regex", "- type: regex\n        regex: ['version\":\"2\\.[0-9]+']", true),
    ("regex that does not match", "- type: regex\n        regex: ['^version']", false),
    ("regex one of two", "- type: regex\n        regex: ['^x', 'Cap[a-z]+']", true),
    ("regex all", "- type: regex\n        condition: and\n        regex: ['Welcome', 'Captain']", true),
    ("regex not all", "- type: regex\n        condition: and\n        regex: ['Welcome', 'Pirate']", false),
    ("regex in any case", "- type: regex\n        case-insensitive: true\n        regex: ['cAPTAIN']", true),
    ("regex with braces", "- type: regex\n        regex: ['{\"version\":\"[0-9.]{5}\"}']", true),
    (
        "regex of lines",
        "- type: regex\n        part: header\n        regex: ['(?m)^X-Powered-By: (.*)$']",
        true,
    ),
    ("regex negative", "- type: regex\n        negative: true\n        regex: ['Pirate']", true),
    (
        "regex with a value in it",
        "- type: regex\n        regex: ['Cap{{concat(\"ta\", \"in\")}}$|Captain']",
        true,
    ),
    ("binary", "- type: binary\n        binary: ['57656c636f6d65']", true),
    ("binary of nothing there", "- type: binary\n        binary: ['00ff']", false),
    ("binary all", "- type: binary\n        condition: and\n        binary: ['57656c', '43617074']", true),
    ("binary of no digits", "- type: binary\n        negative: true\n        binary: ['xyz']", false),
    (
        "dsl one of two",
        "- type: dsl\n        dsl: ['status_code == 500', 'contains(body, \"Captain\")']",
        true,
    ),
    (
        "dsl all",
        "- type: dsl\n        condition: and\n        dsl: ['status_code == 200', 'len(body) > 10']",
        true,
    ),
    (
        "dsl not all",
        "- type: dsl\n        condition: and\n        dsl: ['status_code == 200', 'len(body) > 1000']",
        false,
    ),
    ("dsl negative", "- type: dsl\n        negative: true\n        dsl: ['status_code == 500']", true),
    (
        "dsl of a variable that is not there",
        "- type: dsl\n        negative: true\n        dsl: ['missing == 1']",
        false,
    ),
    ("dsl with braces", "- type: dsl\n        dsl: ['status_code == {{200 + len(\"\")}}']", true),
    ("dsl of time", "- type: dsl\n        dsl: ['duration >= 2']", true),
    ("xpath", "- type: xpath\n        xpath: ['//div[@id=\"quay\"]/p']", true),
    ("xpath of nothing there", "- type: xpath\n        xpath: ['/html/body/table']", false),
    ("xpath all", "- type: xpath\n        condition: and\n        xpath: ['//p', '//table']", false),
];

/// Several matchers, with the condition over them.
const TOGETHER: &[(&str, &str, &str, bool)] = &[
    (
        "and, both",
        "and",
        "- type: status\n        status: [200]\n      - type: word\n        words: ['Captain']",
        true,
    ),
    (
        "and, one",
        "and",
        "- type: status\n        status: [200]\n      - type: word\n        words: ['Pirate']",
        false,
    ),
    (
        "or, one",
        "or",
        "- type: status\n        status: [404]\n      - type: word\n        words: ['Captain']",
        true,
    ),
    (
        "or, none",
        "or",
        "- type: status\n        status: [404]\n      - type: word\n        words: ['Pirate']",
        false,
    ),
    ("internal alone", "or", "- type: word\n        internal: true\n        words: ['Captain']", false),
];

fn web(name: &str, matchers: &str, condition: &str, found: bool) -> Case {
    let block =
        format!("http:\n  - path: ['{{{{BaseURL}}}}/']\n{condition}    matchers:\n      {matchers}\n");
    let finds = if found { Finds::Something } else { Finds::Nothing };
    Case::web(&format!("matcher {name}"), &block, &[("GET / ", answer())], finds)
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> =
        CASES.iter().map(|(name, matchers, found)| web(name, matchers, "", *found)).collect();
    cases.extend(TOGETHER.iter().map(|(name, condition, matchers, found)| {
        web(name, matchers, &format!("    matchers-condition: {condition}\n"), *found)
    }));
    let mut named = web(
        "names in the evidence",
        "- type: word\n        name: rank\n        words: ['Captain']\n      - type: status\n        name: other\n        status: [500]",
        "",
        true,
    );
    named.finds = lines(&["Request: GET /", "Matched: rank"]);
    cases.push(named);
    cases
}
