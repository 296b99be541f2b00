//! The guide's first page: how to call, what all calls share, and the list of calls.

use palisade_wire::operation::ACTION;
use palisade_wire::{ParameterError, XmlWriter, dtd};

use crate::error::NUMBERS;
use crate::guide::page::{self, link, name_cell, table};
use crate::guide::{SAMPLES, operation_page_name, page_name};
use crate::registry::CALLS;
use crate::v2;

/// What holds for every call, a paragraph each.
const CONVENTIONS: &[(&str, &[&str])] = &[
    (
        "Requests",
        &[
            "Every call takes GET and POST. Parameters may stand in the query of the URL, in a URL-encoded or \
             multipart body, or in both; the names are the same. A parameter may be given once (or twice with \
             the same value, once in the URL and once in the body). A name that the call does not know is an \
             error. Names and values are case sensitive, except yes and no.",
            "Lists are separated by commas; blanks around the commas do not matter. Addresses are IPv4: single \
             ones, ranges such as 10.1.1.1-10.1.1.20, and CIDR blocks.",
        ],
    ),
    (
        "Authentication",
        &["HTTP Basic authentication on every request. Without credentials, or with wrong ones, the answer \
             is status 401 with a challenge for the realm MSP Front Office and the text ACCESS DENIED. Too \
             many wrong passwords are answered in the same way for some minutes, with a Retry-After header. \
             Users without access to the API get status 403."],
    ),
    (
        "Limits",
        &[
            "Each function may be called so many times within a sliding window, and so many of its calls may \
             run at the same time; scan.php runs until its scan has ended. The limits are those of the \
             subscription, not of a user. Every answer to a known user tells where it stands: \
             X-RateLimit-Limit and X-RateLimit-Window-Sec (calls allowed in how many seconds), \
             X-RateLimit-Remaining (calls left), X-RateLimit-ToWait-Sec (seconds to wait after a refusal), \
             X-Concurrency-Limit-Limit and X-Concurrency-Limit-Running (calls allowed to run, and running \
             now, this one included).",
            "A call beyond a limit is answered with status 409, the same headers, and error 1960 (too many \
             run) or 1965 (too many were made); it is not counted, and nothing was done. Programs that ask \
             again and again, for example for running scans, do well to ask less often as the remaining \
             calls become fewer.",
        ],
    ),
    (
        "Answers",
        &[
            "Answers are XML in UTF-8. The second line is the document type; it leads to a definition on this \
             server, which can be read without a login. Texts written by people are in CDATA sections. Dates \
             are UTC, YYYY-MM-DDThh:mm:ssZ; durations are hh:mm:ss.",
        ],
    ),
    (
        "Errors",
        &[
            "A call that is refused is answered with status 200 (409 at a limit): look for an ERROR element in the root of the \
             answer, or for a RETURN with status FAILED. Both carry a number and a text. Every refusal is in \
             the activity log, and nothing was changed.",
        ],
    ),
    (
        "Version 2",
        &[
            "A request names what it does by the parameter action. What only reads takes GET and POST, what \
             changes something takes POST alone. Every request carries the header X-Requested-With, with any \
             value. A parameter that is given several times has its last value.",
            "Login and password are sent with every request, as for version 1, or once: session opens a session, \
             whose cookie the following requests carry. A few resources take login and password only.",
            "Long lists end after as many records as the request's truncation_limit says, with a WARNING of code \
             1980 whose URL leads to the next ones. Answers are compressed for clients that accept gzip.",
            "A request that is refused is answered with a SIMPLE_RETURN that has a CODE, and with a status that \
             fits it: 400, 401, 403, 409 or 500.",
        ],
    ),
];

pub(super) fn write(base_url: &str) -> Vec<u8> {
    page::write("API user guide", |page| {
        page.text(
            "p",
            &format!("The calls of version 1 are reached at {base_url}/msp/ followed by their name."),
        );
        page.text(
            "p",
            &format!(
                "The resources of version 2 are reached at {base_url}/api/2.0/fo/ followed by their path; 3.0 to \
                 6.0 in place of 2.0 lead to the same."
            ),
        );
        write_calls(page);
        for (title, paragraphs) in CONVENTIONS {
            page.text("h2", title);
            paragraphs.iter().for_each(|paragraph| page.text("p", paragraph));
        }
        write_numbers(page);
        write_downloads(page);
    })
}

fn write_calls(page: &mut XmlWriter) {
    page.text("h2", "Calls");
    table(page, "All calls of version 1", &["Call", "What it does", "Answer"], CALLS, |page, row| {
        name_cell(page, Some(&page_name(row.call.script)), row.call.script);
        page.text("td", row.call.summary);
        page.element("td", &[], |page| page.text("code", row.call.root));
    });
    let titles = ["Resource", "Action", "What it does"];
    table(page, "All operations of version 2", &titles, v2::registry::operations(), |page, row| {
        let operation = row.operation;
        name_cell(page, Some(&operation_page_name(operation)), &operation.path());
        page.element("td", &[], |page| page.text("code", &format!("{ACTION}={}", operation.action)));
        page.text("td", operation.summary);
    });
}

fn write_numbers(page: &mut XmlWriter) {
    let mut numbers: Vec<(u32, &str)> = NUMBERS.iter().chain(ParameterError::NUMBERS).copied().collect();
    numbers.sort_unstable();
    let mut write = |caption, numbers: &[(u32, &str)]| {
        table(page, caption, &["Number", "Meaning"], numbers, |page, (number, meaning)| {
            name_cell(page, None, &number.to_string());
            page.text("td", meaning);
        });
    };
    write("Error numbers of version 1", &numbers);
    write("Codes of version 2", v2::error::CODES);
}

fn write_downloads(page: &mut XmlWriter) {
    page.text("h2", "Sample code");
    page.element("ul", &[], |page| {
        for (name, _, description) in SAMPLES {
            page.element("li", &[], |page| {
                link(page, &format!("samples/{name}"), name);
                page.words(description);
            });
        }
    });
    page.text("h2", "Document types");
    page.element("ul", &[], |page| {
        for definition in dtd::all() {
            page.element("li", &[], |page| link(page, &format!("dtd/{}", definition.file), definition.file));
        }
    });
}
