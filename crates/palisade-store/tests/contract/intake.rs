//! Taking results in: once each, all of it or nothing.

use palisade_model::HostFacts;
use palisade_model::Transport;
use palisade_model::fact::{NetbiosFacts, OperatingSystem, PortFacts};
use palisade_store::{Holding, Intake};

use crate::bench::{Bench, alive, at, dead, deliver, finding, ip};

fn described() -> palisade_model::HostResult {
    let mut result = alive("10.0.0.1", vec![finding(7, Some(22)), finding(1_000, None)], &[7]);
    let mut netbios = PortFacts::new(137, Transport::Udp);
    netbios.netbios = Some(NetbiosFacts { host_name: Some("BOX".to_owned()), ..NetbiosFacts::default() });
    result.facts = HostFacts {
        name: Some("box.test".to_owned()),
        os: Some(OperatingSystem {
            name: "Debian Linux 12".to_owned(),
            cpe: Some("cpe:/o:debian:debian_linux:12".to_owned()),
            ..OperatingSystem::default()
        }),
        ports: vec![netbios],
        ..result.facts
    };
    result
}

async fn a_result_comes_back_as_it_was_delivered(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    let slice = bench.lease("worker", "token").await.unwrap();
    let result = described();
    bench.deliver(&slice, "token", &result).await;

    let stored = bench.store.scan(&scan).await.unwrap().unwrap();
    assert_eq!((stored.hosts_done, stored.hosts_alive, stored.findings), (1, 1, 2));
    let hosts = bench.store.list_scan_hosts(stored.id, None, 10).await.unwrap();
    assert_eq!(hosts.len(), 1);
    assert_eq!((hosts[0].ip, hosts[0].alive), (ip("10.0.0.1"), true));
    assert_eq!(hosts[0].findings, result.findings);
    assert_eq!(hosts[0].name.as_deref(), Some("box.test"));
    assert_eq!(hosts[0].netbios_name.as_deref(), Some("BOX"));
    assert_eq!(bench.store.facts(&scan, ip("10.0.0.1")).await.unwrap(), Some(result.facts));
    assert_eq!(bench.store.facts(&scan, ip("10.0.0.2")).await.unwrap(), None);

    let host = bench.store.host(ip("10.0.0.1")).await.unwrap().unwrap();
    assert_eq!(host.os.as_deref(), Some("Debian Linux 12"));
    assert_eq!(host.os_cpe.as_deref(), Some("cpe:/o:debian:debian_linux:12"));
    assert_eq!((host.first_scan_at, host.last_scan_at, host.last_scan), (at(20), at(20), scan));
}

async fn a_later_scan_keeps_what_it_did_not_learn(bench: Bench) {
    bench.add_subscription().await;
    bench.scan_host(&described(), 100).await;
    bench.scan_host(&alive("10.0.0.1", Vec::new(), &[]), 200).await;
    let host = bench.store.host(ip("10.0.0.1")).await.unwrap().unwrap();
    assert_eq!((host.first_scan_at, host.last_scan_at), (at(100), at(200)));
    assert_eq!(host.dns_name.as_deref(), Some("box.test"));
    assert_eq!(host.os.as_deref(), Some("Debian Linux 12"));
}

async fn the_same_delivery_twice_is_counted_once(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    let slice = bench.lease("worker", "token").await.unwrap();
    let result = described();
    bench.deliver(&slice, "token", &result).await;
    let before = bench.store.scan(&scan).await.unwrap();
    for second in 21..24 {
        let again = deliver(&bench.store, &slice, "token", &result, second).await;
        assert_eq!(again, Intake::AlreadyTakenIn { holding: Holding::Held });
    }
    assert_eq!(bench.store.scan(&scan).await.unwrap(), before);
    let detections = bench.store.list_detections(ip("10.0.0.1")).await.unwrap();
    assert_eq!((detections.len(), detections[0].times_found), (1, 1));
}

async fn deliveries_at_the_same_moment_are_counted_once(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    let slice = bench.lease("worker", "token").await.unwrap();
    let result = described();
    let (one, two, three) = tokio::join!(
        bench.deliver(&slice, "token", &result),
        bench.deliver(&slice, "token", &result),
        bench.deliver(&slice, "token", &result),
    );
    let taken_in = [one, two, three].iter().filter(|intake| matches!(intake, Intake::TakenIn { .. })).count();
    assert_eq!(taken_in, 1);
    let stored = bench.store.scan(&scan).await.unwrap().unwrap();
    assert_eq!((stored.hosts_done, stored.findings), (1, 2));
}

async fn the_same_host_in_two_scans_at_once_is_one_host(bench: Bench) {
    bench.add_subscription().await;
    bench.launch("10.0.0.1").await;
    bench.launch("10.0.0.1").await;
    let first = bench.lease("one", "token-1").await.unwrap();
    let second = bench.lease("two", "token-2").await.unwrap();
    let result = described();
    let (one, two) =
        tokio::join!(bench.deliver(&first, "token-1", &result), bench.deliver(&second, "token-2", &result),);
    assert!(matches!((one, two), (Intake::TakenIn { .. }, Intake::TakenIn { .. })));
    let detections = bench.store.list_detections(ip("10.0.0.1")).await.unwrap();
    assert_eq!((detections.len(), detections[0].times_found), (1, 2));
    assert_eq!(bench.store.list_hosts(None, 10).await.unwrap().len(), 1);
}

async fn a_dead_host_is_counted_and_makes_no_host(bench: Bench) {
    bench.add_subscription().await;
    bench.scan_host(&dead("10.0.0.1"), 100).await;
    assert_eq!(bench.store.host(ip("10.0.0.1")).await.unwrap(), None);
}

async fn a_host_of_another_slice_is_refused(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1-10.0.0.2").await;
    let slice = bench.lease("worker", "token").await.unwrap();
    let intake = bench.deliver(&slice, "token", &alive("10.0.0.2", Vec::new(), &[])).await;
    assert_eq!(intake, Intake::NotOfSlice);
    let intake = bench.deliver(&slice, "another", &alive("10.0.0.1", Vec::new(), &[])).await;
    assert_eq!(intake, Intake::Lost);
    assert_eq!(bench.store.scan(&scan).await.unwrap().unwrap().hosts_done, 0);
}

async fn text_no_database_takes_is_made_harmless(bench: Bench) {
    bench.add_subscription().await;
    let mut result = alive("10.0.0.1", vec![finding(7, Some(22))], &[7]);
    result.facts.name = Some("a\0b".to_owned());
    "x\0y".clone_into(&mut result.findings[0].result);
    bench.scan_host(&result, 100).await;
    let detections = bench.store.list_detections(ip("10.0.0.1")).await.unwrap();
    assert_eq!(detections[0].result, "x\u{fffd}y");
}

crate::both!(
    a_result_comes_back_as_it_was_delivered,
    a_later_scan_keeps_what_it_did_not_learn,
    the_same_delivery_twice_is_counted_once,
    deliveries_at_the_same_moment_are_counted_once,
    the_same_host_in_two_scans_at_once_is_one_host,
    a_dead_host_is_counted_and_makes_no_host,
    a_host_of_another_slice_is_refused,
    text_no_database_takes_is_made_harmless,
);
