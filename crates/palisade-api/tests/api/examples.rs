//! Every example of the user guide, run as the guide shows it, by `sh` and by `python3`, against a
//! real server. What an example needs, the row of its call says; it is made here.

use std::process::Output;

use palisade_api::example::{LOGIN, MAP_REF, Need, SCAN_REF};
use palisade_api::registry::{self, Row};
use palisade_model::Role;
use tokio::process::Command;

use crate::support::http::{Request, Response};
use crate::support::{PASSWORD, Server, assert_valid_answer};

/// An address of the subscription that examples scan.
const HOST: &str = "192.0.2.4";

/// Makes what the example needs. What the guide's text names, and what stands for it on this server.
async fn prepare(server: &Server, needs: &[Need]) -> Vec<(&'static str, String)> {
    let mut known = Vec::new();
    for need in needs {
        match *need {
            Need::Call { script, parameters } => {
                server.call("manager", script, parameters).await.assert_success();
            }
            Need::Operation { resource, action, parameters } => {
                let answer = server.operation("manager", resource, action, parameters).await;
                answer.assert_success();
                known.extend(answer.made_id().map(|id| ("ID", id)));
            }
            Need::Session => known.push(("SESSION", server.session("manager").await)),
            Need::ReportSchedule => {
                let new = crate::v2::schedule_report::schedule("Mine", "manager");
                known.push(("ID", server.app.add_report_schedule(new).await.unwrap().to_string()));
            }
            Need::FinishedReports => server.make_reports().await,
            Need::User => server.add_user(LOGIN, Role::Scanner, true, None).await,
            Need::SavedReport => known.push((SCAN_REF, server.finished_scan("manager", HOST).await)),
            Need::SavedMap => known.push((MAP_REF, server.finished_map("manager", "example.com").await)),
            Need::PausedScan => known.push((SCAN_REF, server.paused_scan("manager", HOST).await)),
            Need::RunningScan => known.push((SCAN_REF, server.running_scan("manager", HOST).await)),
        }
    }
    known
}

/// The text of the element with this id.
fn code(page: &str, id: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("<pre id=\"{id}\">"))?;
    let (text, _) = rest.split_once("</pre>")?;
    Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

/// An example of the guide.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// Of the page that shows it.
    pub(crate) page: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) needs: &'a [Need],
}

/// Runs the example with this id on the page; what was answered.
pub(crate) async fn run(shown: Shown<'_>, id: &str, interpreter: &[&str]) -> Result<Response, String> {
    let server = Server::with_networks().await;
    let page = Request::get(&format!("/resources/api/{}", shown.page));
    let page = server.send(page).await;
    let mut text = code(&page.text, id).ok_or("the guide does not show it")?;
    let mut session = String::new();
    for (word, actual) in prepare(&server, shown.needs).await {
        if word == "SESSION" {
            session = actual;
            continue;
        }
        if word == "ID" {
            let named = shown.parameters.iter().any(|(_, value)| *value == word);
            let quoted = ["=ID'", ": \"ID\""];
            let found = quoted.iter().any(|quoted| text.contains(quoted));
            assert_eq!(found, named, "{}: ID in\n{text}", shown.page);
            text = text.replace(quoted[0], &format!("={actual}'"));
            text = text.replace(quoted[1], &format!(": \"{actual}\""));
            continue;
        }
        if shown.parameters.iter().any(|(_, value)| value.contains(word)) {
            assert!(text.contains(word), "{}: {word} in\n{text}", shown.page);
        }
        text = text.replace(word, &actual);
    }
    text = text.replace("https://scans.example", &format!("http://{}", server.address));
    let mut command = Command::new(interpreter[0]);
    command
        .args(&interpreter[1..])
        .arg(&text)
        .env("LOGIN", "manager")
        .env("PASSWORD", PASSWORD)
        .env("SESSION", session)
        .env("no_proxy", "127.0.0.1")
        .kill_on_drop(true);
    let scanner = server.scanner();
    let output = tokio::select! {
        output = command.output() => output.map_err(|error| format!("{interpreter:?}: {error}"))?,
        () = async { loop { scanner.finish_scan().await } } => unreachable!("the scanner goes on"),
        () = async { loop { scanner.finish_map().await } } => unreachable!("the scanner goes on"),
    };
    let Output { status, stdout, stderr } = output;
    let answer = String::from_utf8_lossy(&stdout).into_owned();
    if !status.success() {
        return Err(format!("{status}\n{text}\n{answer}{}", String::from_utf8_lossy(&stderr)));
    }
    Ok(Response { status: 200, headers: Vec::new(), text: answer })
}

fn shown(row: &Row) -> Shown<'static> {
    let page = row.call.script.replace(".php", ".html").leak();
    Shown { page, parameters: row.call.example.parameters, needs: row.example_needs }
}

/// Runs all examples with this id.
async fn check_all(id: &str, interpreter: &[&str]) {
    let mut wrong = Vec::new();
    for row in registry::CALLS {
        match run(shown(row), id, interpreter).await {
            Ok(answer) => {
                assert_valid_answer(&answer);
                if let Some(refusal) = answer.refusal() {
                    wrong.push(format!("{}: {refusal}", row.call.script));
                }
            }
            Err(error) => wrong.push(format!("{}: {error}", row.call.script)),
        }
    }
    assert!(wrong.is_empty(), "say in the row what the example needs:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_example_works_with_curl() {
    check_all("curl", &["sh", "-c"]).await;
}

#[tokio::test]
async fn every_example_works_with_python() {
    check_all("python", &["python3", "-c"]).await;
}
