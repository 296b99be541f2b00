//! The sample code of the user guide does what it says, against a real server.

use std::process::Output;

use tokio::process::Command;

use crate::support::http::Request;
use crate::support::{PASSWORD, Server};

/// Downloads a sample from the guide and runs it against the server, while a scan is done.
async fn run(interpreter: &str, sample: &str, target: &str) -> Output {
    let server = Server::start().await;
    let scanner = server.scanner();
    let code = server.send(Request::get(&format!("/resources/api/samples/{sample}"))).await;
    assert_eq!(code.status, 200, "{sample}");
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join(sample);
    std::fs::write(&script, &code.text).unwrap();
    let mut command = Command::new(interpreter);
    command
        .arg(&script)
        .args([&format!("http://{}", server.address), target])
        .current_dir(folder.path())
        .env("LOGIN", "manager")
        .env("PASSWORD", PASSWORD)
        .env("no_proxy", "127.0.0.1")
        .kill_on_drop(true);
    let refused = target == "203.0.113.1";
    let scanning = async {
        if !refused {
            scanner.finish_scan().await;
        }
    };
    let (output, ()) = tokio::join!(command.output(), scanning);
    output.unwrap_or_else(|error| panic!("{interpreter} is needed to run {sample}: {error}"))
}

#[track_caller]
fn check(output: &Output, status: i32, said: &str) {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(text.contains(said), "{said:?} in\n{text}");
}

#[tokio::test]
async fn the_shell_sample_scans_and_counts() {
    check(&run("sh", "scan.sh", "192.0.2.4").await, 0, "report: scan.xml\nseverity 5: 0\nseverity 4: 1\n");
    check(
        &run("sh", "scan.sh", "203.0.113.1").await,
        1,
        "These IPs are not in your subscription: 203.0.113.1",
    );
}

#[tokio::test]
async fn the_python_sample_scans_and_lists() {
    let first = "4\tVULN\t192.0.2.4\t443\t900001\tSample weak key exchange\n";
    check(&run("python3", "scan.py", "192.0.2.4").await, 0, first);
    check(&run("python3", "scan.py", "203.0.113.1").await, 1, "error 3501: Cannot launch scan.");
}
