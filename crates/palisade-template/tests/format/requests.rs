//! Requests: forms, payloads, variables, redirects, cookies, several blocks and their flow.

use crate::case::{Case, Finds, lines, page};

fn ok(body: &str) -> Vec<u8> {
    page(200, "", body)
}

fn case(name: &str, block: &str, answers: &[(&str, Vec<u8>)], finds: Finds, asked: &[&str]) -> Case {
    Case::web(&format!("request {name}"), block, answers, finds).asking(asked)
}

const FOUND: &str = "    matchers:\n      - type: word\n        words: ['found']\n";

pub(crate) fn cases() -> Vec<Case> {
    [paths(), raws(), payloads(), redirects(), several()].concat()
}

fn paths() -> Vec<Case> {
    let block = |path: &str, more: &str| {
        format!("http:\n  - method: GET\n    path:\n      - \"{path}\"\n{more}{FOUND}")
    };
    let answers = |request: &'static str| vec![(request, ok("found"))];
    let one = |name: &str, path: &str, more: &str, request: &'static str, asked: &str| {
        case(name, &block(path, more), &answers(request), Finds::Something, &[asked])
    };
    vec![
        one("of the base address", "{{BaseURL}}", "", "GET / ", "GET /"),
        one("of the root address", "{{RootURL}}/login", "", "GET /login ", "GET /login"),
        one("with scheme and name", "{{Scheme}}://{{Hostname}}/a", "", "GET /a ", "GET /a"),
        one("with a query alone", "{{BaseURL}}?a=1", "", "GET /?a=1 ", "GET /?a=1"),
        one("with escapes kept", "{{BaseURL}}/%73%0A/..;/", "", "GET /%73%0A/..;/ ", "GET /%73%0A/..;/"),
        one("with blanks escaped", "{{BaseURL}}/a b#c", "", "GET /a%20b ", "GET /a%20b"),
        one("with two strokes", "{{BaseURL}}//a", "", "GET //a ", "GET //a"),
        one(
            "with headers",
            "{{BaseURL}}/",
            "    headers:\n      X-Dock: 'no {{1 + len(\"ab\")}}'\n",
            "~X-Dock: no 3",
            "GET /",
        ),
        case(
            "with a body",
            "http:\n  - method: POST\n    path: ['{{BaseURL}}/in']\n    headers:\n      Content-Length: 1\n    body: '{\"a\":1}'\n    matchers:\n      - type: word\n        words: ['found']\n",
            &[("~Content-Length: 7\r\nConnection: close\r\n\r\n{\"a\":1}", ok("found"))],
            Finds::Something,
            &["POST /in"],
        ),
        case(
            "of several paths, all asked",
            &format!("http:\n  - path: ['{{{{BaseURL}}}}/a', '{{{{BaseURL}}}}/b']\n{FOUND}"),
            &[("GET /a ", ok("found")), ("GET /b ", ok("found"))],
            lines(&["Request: GET /a", "Request: GET /b"]),
            &["GET /a", "GET /b"],
        ),
        case(
            "of several paths up to the first match",
            &format!(
                "http:\n  - path: ['{{{{BaseURL}}}}/a', '{{{{BaseURL}}}}/b']\n    stop-at-first-match: true\n{FOUND}"
            ),
            &[("GET /a ", ok("found")), ("GET /b ", ok("found"))],
            lines(&["Request: GET /a"]),
            &["GET /a"],
        ),
        case(
            "with variables of variables",
            &format!(
                "variables:\n  dock: 'seven'\n  code: '{{{{base64(dock)}}}}'\nhttp:\n  - path: ['{{{{BaseURL}}}}/{{{{dock}}}}/{{{{code}}}}']\n{FOUND}"
            ),
            &[("GET /seven/c2V2ZW4= ", ok("found"))],
            Finds::Something,
            &["GET /seven/c2V2ZW4="],
        ),
        case(
            "with constants",
            &format!(
                "constants:\n  version: v2\nhttp:\n  - path: ['{{{{BaseURL}}}}/api/{{{{version}}}}']\n    threads: 5\n{FOUND}"
            ),
            &[("GET /api/v2 ", ok("found"))],
            Finds::Something,
            &["GET /api/v2"],
        ),
        case(
            "without a value is not sent",
            &format!("http:\n  - path: ['{{{{BaseURL}}}}/{{{{nobody}}}}', '{{{{BaseURL}}}}/b']\n{FOUND}"),
            &[("GET /b ", ok("found"))],
            lines(&["Request: GET /b"]),
            &["GET /b"],
        ),
        case(
            "with arithmetic that is a text",
            &format!("http:\n  - path: ['{{{{BaseURL}}}}/?q={{{{7*7}}}}']\n{FOUND}"),
            &[("GET /?q={{7*7}} ", ok("found"))],
            Finds::Something,
            &["GET /?q={{7*7}}"],
        ),
        Case::web(
            "request evidence without words of chance",
            &format!(
                "variables:\n  file: '{{{{rand_base(8)}}}}'\nhttp:\n  - path: ['{{{{BaseURL}}}}/{{{{file}}}}.txt']\n{FOUND}"
            ),
            &[("GET /", ok("found"))],
            lines(&["Request: GET /{{file}}.txt"]),
        ),
        case(
            "of which one looks at the size it may",
            &format!("http:\n  - path: ['{{{{BaseURL}}}}/']\n    max-size: 4\n{FOUND}"),
            &[("GET / ", ok("not found"))],
            Finds::Nothing,
            &["GET /"],
        ),
    ]
}

fn raws() -> Vec<Case> {
    let raw = |text: &str, more: &str| format!("http:\n  - raw:\n      - |\n        {text}\n{more}{FOUND}");
    vec![
        case(
            "raw",
            &raw("GET /a HTTP/1.1\n        Host: {{Hostname}}\n        X-A: b", ""),
            &[("GET /a HTTP/1.1\r\nUser", ok("found"))],
            Finds::Something,
            &["GET /a"],
        ),
        case(
            "raw with a path that lacks its stroke",
            &raw("GET 1337?with=a HTTP/1.1", ""),
            &[("GET /1337?with=a ", ok("found"))],
            Finds::Something,
            &["GET /1337?with=a"],
        ),
        case(
            "raw with a query alone",
            &raw("GET ?test=a HTTP/1.1", ""),
            &[("GET /?test=a ", ok("found"))],
            Finds::Something,
            &["GET /?test=a"],
        ),
        case(
            "raw with a body whose length is counted",
            &raw(
                "POST /in HTTP/1.1\n        Content-Length: 1\n\n        a=§dock§&b={{dock}}",
                "    payloads:\n      dock: [seven]\n",
            ),
            &[("~Content-Length: 15\r\nConnection: close\r\n\r\na=seven&b=seven", ok("found"))],
            Finds::Something,
            &["POST /in"],
        ),
        case(
            "raw with an annotation",
            &raw("@timeout: 5s\n        GET /slow HTTP/1.1", ""),
            &[("GET /slow ", ok("found"))],
            Finds::Something,
            &["GET /slow"],
        ),
        case(
            "raw and unsafe goes as it stands",
            "http:\n  - raw:\n      - |+\n        GET /a HTTP/1.1\n        Host:\n        X-Odd : 1\n\n    unsafe: true\n    matchers:\n      - type: word\n        words: ['found']\n",
            &[("GET /a HTTP/1.1\r\nHost:\r\nX-Odd : 1\r\n\r\n", ok("found"))],
            Finds::Something,
            &["GET /a HTTP/1.1"],
        ),
        case(
            "raw to the target by its whole address",
            &raw("GET {{BaseURL}}/a HTTP/1.1", ""),
            &[("GET /a ", ok("found"))],
            Finds::Something,
            &["GET /a"],
        ),
        case(
            "under the old name of its key",
            "requests:\n  - raw:\n      - |\n        GET /old HTTP/1.1\n\n    matchers:\n      - type: status\n        status: [200]\n",
            &[("GET /old ", ok(""))],
            Finds::Something,
            &["GET /old"],
        ),
    ]
}

fn payloads() -> Vec<Case> {
    let block = |attack: &str, lists: &str, path: &str| {
        format!("http:\n  - path: ['{{{{BaseURL}}}}/{path}']\n{attack}    payloads:\n{lists}{FOUND}")
    };
    let two = "      a: [x, y]\n      b: ['1', '2', '3']\n";
    vec![
        case(
            "payload without an attack",
            &block("", "      a: [x, y]\n", "{{a}}"),
            &[("GET /y ", ok("found")), ("GET /", ok(""))],
            lines(&["Request: GET /y"]),
            &["GET /x", "GET /y"],
        ),
        case(
            "payload batteringram",
            &block("    attack: batteringram\n", "      a: [x, y]\n", "{{a}}?again={{a}}"),
            &[("GET /", ok("found"))],
            Finds::Something,
            &["GET /x?again=x", "GET /y?again=y"],
        ),
        case(
            "payload pitchfork",
            &block("    attack: pitchfork\n", two, "{{a}}/{{b}}"),
            &[("GET /", ok("found"))],
            Finds::Something,
            &["GET /x/1", "GET /y/2"],
        ),
        case(
            "payload clusterbomb",
            &block("    attack: clusterbomb\n", two, "{{a}}/{{b}}"),
            &[("GET /", ok("found"))],
            Finds::Something,
            &["GET /x/1", "GET /x/2", "GET /x/3", "GET /y/1", "GET /y/2", "GET /y/3"],
        ),
        case(
            "payload up to the first match",
            &block("    attack: clusterbomb\n    stop-at-first-match: true\n", two, "{{a}}/{{b}}"),
            &[("GET /x/2 ", ok("found")), ("GET /", ok(""))],
            Finds::Something,
            &["GET /x/1", "GET /x/2"],
        ),
        case(
            "payload with a value in it",
            &block("", "      a: ['{{base64(\"q\")}}']\n", "{{a}}"),
            &[("GET /cQ== ", ok("found"))],
            Finds::Something,
            &["GET /cQ=="],
        ),
        case(
            "payload looked for in the answer",
            "http:\n  - path: ['{{BaseURL}}']\n    payloads:\n      word: [anchor, found]\n    matchers:\n      - type: dsl\n        dsl: ['contains(body, \"{{word}}\")']\n",
            &[("GET / ", ok("found"))],
            Finds::Something,
            &["GET /", "GET /"],
        ),
    ]
}

fn redirects() -> Vec<Case> {
    let moved = |to: &str| page(302, &format!("Location: {to}\r\n"), "");
    let block = |more: &str| format!("http:\n  - path: ['{{{{BaseURL}}}}/from/here']\n{more}{FOUND}");
    let follow = "    redirects: true\n    max-redirects: 3\n";
    let to = |name: &str, location: &str, request: &'static str, asked: &str| {
        case(
            name,
            &block(follow),
            &[("GET /from/here ", moved(location)), (request, ok("found"))],
            Finds::Something,
            &["GET /from/here", asked],
        )
    };
    let stays = |name: &str, location: &str| {
        case(
            name,
            &block(follow),
            &[("GET /from/here ", moved(location)), ("GET ", ok("found"))],
            Finds::Nothing,
            &["GET /from/here"],
        )
    };
    vec![
        to("redirect to a path", "/to?a=1", "GET /to?a=1 ", "GET /to?a=1"),
        to("redirect beside the page", "there", "GET /from/there ", "GET /from/there"),
        to("redirect to the whole address", "http://127.0.0.1:8080/to", "GET /to ", "GET /to"),
        stays("redirect to another host is not followed", "http://192.0.2.1/to"),
        stays("redirect to a longer name is not followed", "http://127.0.0.1:8080.harbour.test/to"),
        stays("redirect to another port is not followed", "http://127.0.0.1:8081/to"),
        stays("redirect to another scheme is not followed", "https://127.0.0.1:8080/to"),
        stays("redirect without a scheme to another host is not followed", "//192.0.2.1/to"),
        case(
            "redirect that nobody asked to follow",
            &block(""),
            &[("GET /from/here ", moved("/to")), ("GET /to ", ok("found"))],
            Finds::Nothing,
            &["GET /from/here"],
        ),
        case(
            "redirect without an end",
            &block(follow),
            &[("GET /from/", moved("/from/here"))],
            Finds::Nothing,
            &["GET /from/here"; 4],
        ),
        case(
            "redirect whose first answer matches",
            "http:\n  - path: ['{{BaseURL}}/a']\n    host-redirects: true\n    matchers:\n      - type: dsl\n        dsl: ['status_code == 307']\n",
            &[("GET /a ", page(307, "Location: /b\r\n", "")), ("GET /b ", ok(""))],
            Finds::Something,
            &["GET /a", "GET /b"],
        ),
        case(
            "cookies are kept",
            "http:\n  - raw:\n      - |\n        GET /login HTTP/1.1\n\n      - |\n        GET /home HTTP/1.1\n        Cookie: own=1\n\n    matchers:\n      - type: word\n        words: ['found']\n",
            &[
                ("GET /login ", page(200, "Set-Cookie: berth=12; Path=/; HttpOnly\r\n", "")),
                ("~Cookie: own=1; berth=12", ok("found")),
            ],
            lines(&["Request: GET /home"]),
            &["GET /login", "GET /home"],
        ),
        case(
            "cookies are not kept",
            "http:\n  - raw:\n      - |\n        GET /login HTTP/1.1\n\n      - |\n        GET /home HTTP/1.1\n\n    disable-cookie: true\n    matchers:\n      - type: word\n        words: ['found']\n",
            &[
                ("GET /login ", page(200, "Set-Cookie: berth=12\r\n", "")),
                ("~Cookie: ", ok("found")),
                ("GET /home ", ok("")),
            ],
            Finds::Nothing,
            &["GET /login", "GET /home"],
        ),
    ]
}

fn several() -> Vec<Case> {
    let two = "http:\n  - path: ['{{BaseURL}}/a']\n    matchers:\n      - type: status\n        internal: true\n        status: [200]\n  - path: ['{{BaseURL}}/b']\n    matchers:\n      - type: word\n        words: ['found']\n";
    let answers = |first: u16, second: &str| vec![("GET /a ", page(first, "", "")), ("GET /b ", ok(second))];
    let flow = |name: &str, flow: &str, first: u16, second: &str, finds: Finds, asked: &[&str]| {
        case(name, &format!("flow: \"{flow}\"\n{two}"), &answers(first, second), finds, asked)
    };
    vec![
        case(
            "answers looked at together",
            "http:\n  - raw:\n      - |\n        GET /ping HTTP/1.1\n\n      - |\n        GET /pong HTTP/1.1\n\n    matchers:\n      - type: dsl\n        condition: and\n        dsl: ['body_1 == \"ping\"', 'body_2 == \"pong\" && status_code == 200']\n",
            &[("GET /ping", ok("ping")), ("GET /pong", ok("pong"))],
            Finds::Something,
            &["GET /ping", "GET /pong"],
        ),
        case(
            "answers of which one is another",
            "http:\n  - path: ['{{BaseURL}}/a', '{{BaseURL}}/b']\n    matchers:\n      - type: word\n        part: body_1\n        negative: true\n        words: ['ping']\n",
            &[("GET /a", ok("ping")), ("GET /b", ok("pong"))],
            Finds::Nothing,
            &["GET /a", "GET /b"],
        ),
        case(
            "answers by the name of their block",
            "http:\n  - id: first\n    path: ['{{BaseURL}}/200']\n  - path: ['{{BaseURL}}/400']\n    matchers:\n      - type: dsl\n        dsl: ['first_status_code == 200 && status_code == 400']\n",
            &[("GET /200", ok("")), ("GET /400", page(400, "", ""))],
            Finds::Something,
            &["GET /200", "GET /400"],
        ),
        case(
            "variables made of what was extracted",
            "variables:\n  header: 'Bearer {{token}}'\nhttp:\n  - path: ['{{BaseURL}}/login']\n    extractors:\n      - type: regex\n        name: token\n        group: 1\n        internal: true\n        regex: ['token=([a-z0-9]+)']\n  - path: ['{{BaseURL}}/api']\n    headers:\n      Authorization: '{{header}}'\n    matchers:\n      - type: word\n        words: ['found']\n",
            &[("GET /login", ok("token=s3cret")), ("~Authorization: Bearer s3cret\r\n", ok("found"))],
            Finds::Something,
            &["GET /login", "GET /api"],
        ),
        flow(
            "flow of both",
            "http(1) && http(2)",
            200,
            "found",
            lines(&["Request: GET /b"]),
            &["GET /a", "GET /b"],
        ),
        flow("flow that ends early", "http(1) && http(2)", 404, "found", Finds::Nothing, &["GET /a"]),
        flow(
            "flow whose end does not hold",
            "http(1) && http(2)",
            200,
            "nothing",
            Finds::Nothing,
            &["GET /a", "GET /b"],
        ),
        flow("flow of either", "http(1) || http(2)", 404, "found", Finds::Something, &["GET /a", "GET /b"]),
        flow(
            "flow of what does not hold",
            "!http(1) && http(2)",
            404,
            "found",
            Finds::Something,
            &["GET /a", "GET /b"],
        ),
        flow(
            "flow in brackets",
            "(http(2) || http(1)) && http(2)",
            200,
            "found",
            Finds::Something,
            &["GET /b", "GET /b"],
        ),
        flow("flow of all at once", "http()", 404, "found", Finds::Something, &["GET /a", "GET /b"]),
        case(
            "flow by names",
            "flow: http('second') && http('first')\nhttp:\n  - id: first\n    path: ['{{BaseURL}}/a']\n    matchers:\n      - type: status\n        status: [200]\n  - id: second\n    path: ['{{BaseURL}}/b']\n    matchers:\n      - type: status\n        status: [200]\n",
            &[("GET /", ok(""))],
            Finds::Something,
            &["GET /b", "GET /a"],
        ),
    ]
}
