//! The open ports of hosts, and what is told of many hosts at once.

use palisade_model::fact::{NetbiosFacts, PortFacts};
use palisade_model::{HostResult, PortSet, Transport};

use crate::bench::{Bench, alive, at, finding, ip, qid};

/// A host with these open ports, the even ones speaking HTTP.
fn open(address: &str, ports: &[(u16, Transport)]) -> HostResult {
    let mut result = alive(address, Vec::new(), &[]);
    let facts = |(port, transport): &(u16, Transport)| PortFacts {
        service: if port.is_multiple_of(2) { "http" } else { "unknown" }.to_owned(),
        ..PortFacts::new(*port, *transport)
    };
    result.facts.ports = ports.iter().map(facts).collect();
    result
}

async fn ports(bench: &Bench, first: &str, last: &str) -> Vec<(String, u16, Transport, String)> {
    let listed = bench.store.list_host_ports(ip(first), ip(last)).await.unwrap();
    listed.into_iter().map(|one| (one.ip.to_string(), one.port, one.transport, one.service)).collect()
}

async fn open_ports_are_kept_and_closed_ones_go(bench: Bench) {
    use Transport::{Tcp, Udp};
    bench.add_subscription().await;
    bench.scan_host(&open("10.0.0.1", &[(22, Tcp), (53, Tcp), (53, Udp), (5000, Tcp)]), 100).await;
    let listed = bench.store.list_host_ports(ip("10.0.0.1"), ip("10.0.0.1")).await.unwrap();
    let shown: Vec<_> =
        listed.iter().map(|one| (one.port, one.transport, one.service.as_str(), one.last_seen_at)).collect();
    let at_100 = at(100);
    assert_eq!(
        shown,
        [
            (22, Tcp, "http", at_100),
            (53, Tcp, "unknown", at_100),
            (53, Udp, "unknown", at_100),
            (5000, Tcp, "http", at_100)
        ]
    );

    // 22 is still there, 53/tcp was looked at and is closed, 5000 and 53/udp were not looked at.
    let mut later = open("10.0.0.1", &[(22, Tcp), (80, Tcp)]);
    later.udp_ports = PortSet::default();
    bench.scan_host(&later, 200).await;
    let listed = bench.store.list_host_ports(ip("10.0.0.1"), ip("10.0.0.1")).await.unwrap();
    let shown: Vec<_> =
        listed.iter().map(|one| (one.port, one.transport, one.first_seen_at, one.last_seen_at)).collect();
    assert_eq!(
        shown,
        [
            (22, Tcp, at_100, at(200)),
            (53, Udp, at_100, at_100),
            (80, Tcp, at(200), at(200)),
            (5000, Tcp, at_100, at_100)
        ]
    );

    let mut timed_out = open("10.0.0.1", &[]);
    timed_out.facts.timed_out = true;
    bench.scan_host(&timed_out, 300).await;
    assert_eq!(ports(&bench, "10.0.0.1", "10.0.0.1").await.len(), 4, "it was not looked at to the end");
}

async fn ports_and_detections_are_told_of_many_hosts_at_once(bench: Bench) {
    bench.add_subscription().await;
    for (number, address) in (0_i64..).zip(["10.0.0.1", "10.0.0.2", "10.0.0.3"]) {
        let mut result = open(address, &[(22, Transport::Tcp)]);
        result.findings = vec![finding(7, Some(22)), finding(8, None), finding(1_000, None)];
        result.tested = vec![qid(7), qid(8)];
        bench.scan_host(&result, 100 + number).await;
    }
    let addresses: Vec<String> =
        ports(&bench, "10.0.0.2", "10.0.0.9").await.into_iter().map(|(address, ..)| address).collect();
    assert_eq!(addresses, ["10.0.0.2", "10.0.0.3"]);
    let between = async |qid| {
        let listed = bench.store.list_open_detections(ip("10.0.0.1"), ip("10.0.0.2"), qid).await.unwrap();
        assert!(listed.iter().all(|(_, qid, result)| *result == format!("evidence of {qid}")));
        listed.into_iter().map(|(ip, qid, _)| (ip.to_string(), qid.number())).collect::<Vec<_>>()
    };
    let one = "10.0.0.1".to_owned();
    let two = "10.0.0.2".to_owned();
    assert_eq!(between(Some(qid(8))).await, [(one.clone(), 8), (two.clone(), 8)]);
    assert_eq!(between(None).await, [(one.clone(), 7), (one, 8), (two.clone(), 7), (two, 8)]);
}

async fn the_latest_stored_result_is_the_last_that_answered(bench: Bench) {
    bench.add_subscription().await;
    assert_eq!(bench.store.latest_result(ip("10.0.0.1")).await.unwrap(), None);
    bench.scan_host(&alive("10.0.0.1", vec![finding(1_000, None)], &[]), 100).await;
    bench.scan_host(&alive("10.0.0.1", vec![finding(1_001, Some(22))], &[]), 200).await;
    bench.scan_host(&crate::bench::dead("10.0.0.1"), 300).await;
    let (findings, taken_in_at) = bench.store.latest_result(ip("10.0.0.1")).await.unwrap().unwrap();
    assert_eq!((findings, taken_in_at), (vec![finding(1_001, Some(22))], at(200)));
}

async fn hosts_are_found_by_their_names(bench: Bench) {
    bench.add_subscription().await;
    for (number, address) in (0_i64..).zip(["10.0.0.2", "10.0.0.1"]) {
        let mut result = alive(address, Vec::new(), &[]);
        result.facts.name = Some("Www.Lab.test".to_owned());
        let mut netbios = PortFacts::new(137, Transport::Udp);
        netbios.netbios =
            Some(NetbiosFacts { host_name: Some(format!("BOX{number}")), ..NetbiosFacts::default() });
        result.facts.ports = vec![netbios];
        bench.scan_host(&result, 100 + number).await;
    }
    let by_dns = bench.store.list_hosts_by_dns_name("wwW.lab.test").await.unwrap();
    assert_eq!(by_dns.iter().map(|host| host.ip).collect::<Vec<_>>(), [ip("10.0.0.1"), ip("10.0.0.2")]);
    let by_netbios = bench.store.list_hosts_by_netbios_name("box0").await.unwrap();
    assert_eq!(by_netbios.iter().map(|host| host.ip).collect::<Vec<_>>(), [ip("10.0.0.2")]);
    assert_eq!(bench.store.list_hosts_by_dns_name("\0").await.unwrap(), []);
}

async fn names_are_those_of_the_subscription(bench: Bench) {
    bench.add_subscription().await;
    for (number, address) in (0_i64..).zip(["10.0.0.2", "10.0.0.1", "10.0.0.3"]) {
        let mut result = alive(address, Vec::new(), &[]);
        result.facts.name = (address != "10.0.0.3").then(|| format!("{address}.test"));
        bench.scan_host(&result, 100 + number).await;
    }
    let names = async |limit| bench.store.launch_basis(at(0), limit).await.unwrap().dns_names;
    assert_eq!(names(10).await, ["10.0.0.1.test", "10.0.0.2.test"]);
    assert_eq!(names(1).await, ["10.0.0.1.test"]);
    let mut raw = bench.connect().await;
    sqlx::Executor::execute(&mut raw, "DELETE FROM host_range").await.unwrap();
    assert_eq!(names(10).await, [""; 0]);
}

crate::both!(
    open_ports_are_kept_and_closed_ones_go,
    ports_and_detections_are_told_of_many_hosts_at_once,
    the_latest_stored_result_is_the_last_that_answered,
    hosts_are_found_by_their_names,
    names_are_those_of_the_subscription,
);
