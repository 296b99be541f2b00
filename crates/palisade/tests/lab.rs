//! The scanner against the lab: every planted weakness is reported, and well configured hosts are
//! left in peace. Needs root, for network namespaces.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::Ipv4Addr;

use palisade_testkit::lab::{Lab, RoutedLab, Truth};
use palisade_testkit::tools;
use serde_json::Value;

#[path = "lab/ipv6.rs"]
mod ipv6;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

/// Draws another lab, to try by hand; see `lab/drawn.sh`.
const SEED: &str = "PALISADE_LAB_SEED";
/// The seed otherwise.
const USUAL_SEED: u64 = 20_261_122;

/// Scans all hosts of the lab as a user would, and gives what the command prints.
fn scan(lab: &Lab, options: &[&str]) -> Vec<Value> {
    let mut command = lab.on_scanner(PALISADE);
    command.args(["scan", "--format", "json", "--zones", "lab.test"]).args(options);
    command.args(lab.hosts().iter().map(|host| host.address.to_string()));
    let text = tools::output(&mut command);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in the output of the scan:\n{text}"))
}

fn host(results: &[Value], address: Ipv4Addr) -> Option<&Value> {
    results.iter().find(|result| result["facts"]["address"] == address.to_string())
}

fn is_at(value: &Value, port: u16, transport: &str) -> bool {
    value["port"] == port && value["transport"] == transport
}

/// Each planted weakness that was not reported where it is.
fn missed(results: &[Value], truth: &Truth) -> String {
    let mut missed = String::new();
    for expectation in &truth.expectations {
        let findings = host(results, expectation.host).and_then(|host| host["findings"].as_array());
        for qid in &expectation.expect {
            let reported = findings.into_iter().flatten().any(|finding| {
                // A weakness may belong to the host as a whole.
                finding["qid"] == *qid
                    && (is_at(finding, expectation.port, &expectation.transport) || finding["port"].is_null())
            });
            if !reported {
                let _ = writeln!(
                    missed,
                    "QID {qid} on {} {}/{}",
                    expectation.name, expectation.port, expectation.transport
                );
            }
        }
    }
    missed
}

/// Each service that was not found, or taken for another.
fn misread(results: &[Value], truth: &Truth) -> String {
    let mut misread = String::new();
    for expectation in &truth.expectations {
        let ports = host(results, expectation.host).and_then(|host| host["facts"]["ports"].as_array());
        let port =
            ports.into_iter().flatten().find(|port| is_at(port, expectation.port, &expectation.transport));
        let seen = port.map_or("not open", |port| port["service"].as_str().unwrap_or("no service"));
        if seen != expectation.service {
            let _ = writeln!(
                misread,
                "{} {}/{} is {}, seen as {seen}",
                expectation.name, expectation.port, expectation.transport, expectation.service
            );
        }
    }
    misread
}

/// Each weakness that was reported where it was not planted.
fn invented(results: &[Value], truth: &Truth) -> String {
    let mut invented = String::new();
    for restraint in &truth.restraints {
        let findings = host(results, restraint.host).and_then(|host| host["findings"].as_array());
        for finding in findings.into_iter().flatten() {
            let unwanted = restraint.absent.iter().any(|qid| finding["qid"] == *qid);
            if unwanted && is_at(finding, restraint.port, &restraint.transport) {
                let _ = writeln!(
                    invented,
                    "QID {} on {} {}/{}: {}",
                    finding["qid"], restraint.name, restraint.port, restraint.transport, finding["result"]
                );
            }
        }
    }
    invented
}

/// Everything that is wrong with what was reported, in words; nothing otherwise.
fn complaints(results: &[Value], truth: &Truth) -> String {
    [
        ("services", misread(results, truth)),
        ("missed", missed(results, truth)),
        ("invented", invented(results, truth)),
        ("false alarms", false_alarms(results, truth)),
    ]
    .into_iter()
    .filter(|(_, lines)| !lines.is_empty())
    .fold(String::new(), |all, (kind, lines)| format!("{all}-- {kind}\n{lines}"))
}

/// Every finding, by host, QID and port; what it says may differ (a clock, an uptime).
fn found(results: &[Value]) -> BTreeSet<String> {
    let of_host = |result: &Value| -> Vec<String> {
        let address = result["facts"]["address"].to_string();
        let findings = result["findings"].as_array().expect("a host has findings").iter();
        findings
            .map(|finding| {
                format!("{address} {} {}/{}", finding["qid"], finding["port"], finding["transport"])
            })
            .collect()
    };
    results.iter().flat_map(of_host).collect()
}

/// Each finding that is too severe for a host which is set up well.
fn false_alarms(results: &[Value], truth: &Truth) -> String {
    let mut alarms = String::new();
    for rule in &truth.rules {
        let findings = host(results, rule.host).and_then(|host| host["findings"].as_array());
        for finding in findings.into_iter().flatten() {
            let severity = finding["severity"].as_u64().unwrap_or(u64::MAX);
            if severity > u64::from(rule.severity_max) {
                let _ = writeln!(
                    alarms,
                    "QID {} of severity {severity} on {} {}: {} ({})",
                    finding["qid"], rule.name, finding["port"], finding["title"], finding["result"]
                );
            }
        }
    }
    alarms
}

#[test]
fn planted_weaknesses_are_found_and_hardened_hosts_are_not_accused() {
    let lab = Lab::up(&[]);
    let truth = lab.truth();
    assert!(truth.expectations.len() > 30 && truth.rules.len() > 4, "the lab says too little: {truth:?}");
    let results = scan(&lab, &[]);
    for host in lab.hosts() {
        let result =
            self::host(&results, host.address).unwrap_or_else(|| panic!("nothing about {}", host.name));
        assert_eq!(result["facts"]["alive"], true, "{}", host.name);
        assert_eq!(result["facts"]["name"], host.name.as_str(), "the registered name");
    }
    assert_eq!(complaints(&results, &truth), "");
}

#[test]
fn an_ipv6_host_is_scanned_like_another() {
    let lab = Lab::up(&["new-web", "old-site"]);
    let mut command = lab.on_scanner(PALISADE);
    // Two hosts of the lab, and addresses where nobody is.
    command.args(["scan", "--format", "json", "--udp", "none", "fd91::12,fd91::31,fd91::40/124"]);
    let text = tools::output(&mut command);
    let results: Vec<Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in:\n{text}"));
    assert_eq!(results.len(), 18);
    for result in results.iter().filter(|result| result["facts"]["alive"] == true) {
        assert_eq!(result["facts"]["method"], "TCP SYN (raw packets)");
    }
    for result in &results {
        let facts = &result["facts"];
        let services: BTreeSet<(u64, &str)> = facts["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|port| Some((port["port"].as_u64()?, port["service"].as_str()?)))
            .collect();
        let has = |qid: u32| {
            result["findings"].as_array().into_iter().flatten().any(|finding| finding["qid"] == qid)
        };
        match facts["address"].as_str() {
            Some("fd91::12") => {
                assert!(services.contains(&(80, "http")) && services.contains(&(25, "smtp")), "{services:?}");
                assert!(has(86_000) && has(86_002), "the web server and its certificate");
            }
            Some("fd91::31") => {
                assert!(services.contains(&(22, "ssh")), "{services:?}");
                assert!(has(38_050), "the SSH banner");
            }
            _ => assert_eq!(facts["alive"], false, "{facts}"),
        }
    }
}

#[test]
fn a_lab_drawn_from_a_seed_is_read_without_a_mistake() {
    let seed = std::env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_SEED);
    println!("{SEED}={seed}");
    let lab = Lab::drawn(seed);
    let truth = lab.truth();
    assert!(truth.expectations.len() >= 26 && truth.rules.len() == 4, "it says too little: {truth:?}");
    assert!(truth.restraints.len() >= 4, "nothing was left out: {truth:?}");
    let tcp = truth.expectations.iter().filter(|expectation| expectation.transport == "tcp");
    let ports: BTreeSet<String> = tcp.map(|expectation| expectation.port.to_string()).collect();
    let ports = format!("1-1024,{}", ports.into_iter().collect::<Vec<_>>().join(","));
    let results = scan(&lab, &["--ports", &ports]);
    assert_eq!(complaints(&results, &truth), "", "{SEED}={seed}");
}

#[test]
fn results_do_not_depend_on_the_performance() {
    // Without the small services of inetd, some of which are told by their silence alone.
    let lab = Lab::up(&["old-site", "old-net", "old-files", "old-mail", "new-web", "new-net", "new-mail"]);
    let truth = lab.truth();
    let first = scan(&lab, &["--performance", "high"]);
    assert_eq!(complaints(&first, &truth), "");
    let first = found(&first);
    for level in ["high", "high", "low"] {
        let again = found(&scan(&lab, &["--performance", level]));
        let difference: Vec<&String> = first.symmetric_difference(&again).collect();
        assert!(difference.is_empty(), "{level} differs from the first run in {difference:#?}");
    }
}

/// A host of a map: its names, how it was found, whether it is a router, and what it is next to.
fn on_map(map: &Value, address: &str) -> (Vec<String>, Vec<String>, bool, Vec<String>) {
    let hosts = map["hosts"].as_array().expect("a map has hosts");
    let host = hosts.iter().find(|host| host["address"] == address);
    let host = host.unwrap_or_else(|| panic!("{address} is not on the map: {map:#}"));
    let texts = |field: &str| -> Vec<String> {
        let items = host[field].as_array().expect("a list").iter();
        items.map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
    };
    (texts("names"), texts("discoveries"), host["router"] == true, texts("links"))
}

#[test]
fn a_map_shows_names_hosts_and_the_routers_between() {
    let lab = RoutedLab::up();
    let mut command = lab.on_scanner(PALISADE);
    let target = "lab.test:10.92.2.1,10.92.2.53,10.92.2.80,10.92.2.90";
    command.args(["map", "--format", "json", "--resolvers", "10.92.2.53", target]);
    let text = tools::output(&mut command);
    let maps: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in:\n{text}"));
    let map = &maps[0];

    let (names, found, _, links) = on_map(map, "10.92.2.53");
    assert_eq!(names, ["ns.lab.test"]);
    for way in ["icmp", "zone_transfer", "dns", "reverse_dns"] {
        assert!(found.iter().any(|found| found == way), "{way} of {found:?}");
    }
    assert_eq!(links, ["10.92.1.2"], "behind the second router");
    let (names, _, _, links) = on_map(map, "10.92.2.80");
    assert_eq!((names[0].as_str(), links), ("quiet.lab.test", vec!["10.92.1.2".to_owned()]));
    for name in ["hidden", "mail", "relay", "directory", "www"] {
        assert!(names.contains(&format!("{name}.lab.test")), "{name} of {names:?}");
    }
    // The routers are told by the way, and linked both ways.
    assert_eq!(on_map(map, "10.92.0.1").3, ["10.92.1.2"]);
    let (_, found, router, links) = on_map(map, "10.92.1.2");
    assert_eq!((found, router, links), (vec!["traceroute".to_owned()], true, vec!["10.92.0.1".to_owned()]));
    // Where only a name leads is listed and left alone.
    let (names, found, _, links) = on_map(map, "192.0.2.99");
    assert_eq!((names, links), (vec!["away.lab.test".to_owned()], vec![]));
    assert!(found.iter().all(|found| found == "dns" || found == "zone_transfer"), "{found:?}");

    let name_server = &map["name_servers"][0];
    assert_eq!((&name_server["name"], &name_server["transfer"]), (&"ns.lab.test".into(), &true.into()));
    let hosts = map["hosts"].as_array().unwrap();
    assert!(hosts.iter().all(|host| host["address"] != "10.92.2.90"), "nobody is there");
    let server = hosts.iter().find(|host| host["address"] == "10.92.2.53").unwrap();
    let ports = server["ports"].as_array().unwrap();
    for transport in ["tcp", "udp"] {
        let dns = serde_json::json!({ "transport": transport, "port": 53, "service": "dns" });
        assert!(ports.contains(&dns), "{ports:?}");
    }
}
