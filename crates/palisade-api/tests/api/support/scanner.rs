//! A scripted scanner: it leases slices like the real one, and reports what the test says.

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_app::InProcessLink;
use palisade_engine::{Hold, Lease, Link, MapLease, MapLink, MapProgress, MapStage, SliceProgress, Stage};
use palisade_model::fact::{
    HostFacts, NetbiosFacts, OperatingSystem, PortFacts, SignInFacts, SignInStatus, Transport,
};
use palisade_model::{Discovery, Finding, HostResult, MapHost, MapPort, MapResult, PortSet, Qid};

pub(crate) struct ScriptedScanner {
    link: InProcessLink,
}

impl ScriptedScanner {
    pub(crate) fn new(link: InProcessLink) -> Self {
        Self { link }
    }

    /// The next slice, as soon as there is one.
    pub(crate) async fn lease(&self) -> Lease {
        let waiting = async {
            loop {
                if let Some(lease) = self.link.lease().await.unwrap() {
                    return lease;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("a slice is there")
    }

    /// Says how far the slice is.
    pub(crate) async fn renew(&self, lease: &Lease, work_done: u64) -> Hold {
        let progress = SliceProgress { stage: Stage::Services, work_done, work_total: 100, findings: 3 };
        self.link.renew(lease, progress).await.unwrap()
    }

    pub(crate) async fn deliver(&self, lease: &Lease, result: HostResult) {
        assert_eq!(self.link.deliver(lease, result).await.unwrap(), Hold::Held);
    }

    pub(crate) async fn complete(&self, lease: &Lease) {
        self.link.complete(lease).await.unwrap();
    }

    pub(crate) async fn fail(&self, lease: &Lease) {
        self.link.fail(lease, "the scripted scanner was told to fail".to_owned()).await.unwrap();
    }

    /// The next map, as soon as there is one.
    pub(crate) async fn lease_map(&self) -> MapLease {
        let waiting = async {
            loop {
                if let Some(lease) = self.link.lease_map().await.unwrap() {
                    return lease;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("a map is there")
    }

    pub(crate) async fn renew_map(&self, lease: &MapLease) -> Hold {
        let progress = MapProgress { stage: MapStage::Routes, work_done: 3, work_total: 4, hosts: 2 };
        self.link.renew_map(lease, progress).await.unwrap()
    }

    pub(crate) async fn complete_map(&self, lease: &MapLease, result: MapResult) {
        self.link.complete_map(lease, result).await.unwrap();
    }

    /// Makes the next map, as [`sample_map`] has it.
    pub(crate) async fn finish_map(&self) {
        let lease = self.lease_map().await;
        self.complete_map(&lease, sample_map()).await;
    }

    /// Does the next scan of one slice: every host as in [`sample_result`].
    pub(crate) async fn finish_scan(&self) {
        let lease = self.lease().await;
        for address in lease.order.targets.iter() {
            self.deliver(&lease, sample_result(address)).await;
        }
        self.complete(&lease).await;
    }

    /// The same with hosts that do not answer.
    pub(crate) async fn find_nothing(&self) {
        let lease = self.lease().await;
        for address in lease.order.targets.iter() {
            self.deliver(&lease, silent(address)).await;
        }
        self.complete(&lease).await;
    }
}

/// A router, a host of the subscription behind it, and one that only a name leads to.
pub(crate) fn sample_map() -> MapResult {
    let router = Ipv4Addr::new(198, 51, 100, 1);
    let port = |transport, port, service: &str| MapPort { transport, port, service: service.to_owned() };
    let hosts = vec![
        MapHost {
            names: vec!["www.corp.example".to_owned(), "corp.example".to_owned()],
            netbios: Some("FILES".to_owned()),
            os: Some("Debian Linux 12".to_owned()),
            ports: vec![port(Transport::Tcp, 80, "http"), port(Transport::Udp, 9, "")],
            discoveries: vec![Discovery::Icmp, Discovery::Dns, Discovery::ZoneTransfer],
            links: vec![router],
            ..MapHost::new(Ipv4Addr::new(192, 0, 2, 4))
        },
        MapHost { router: true, discoveries: vec![Discovery::Traceroute], ..MapHost::new(router) },
        MapHost {
            names: vec!["a<b>.example".to_owned()],
            discoveries: vec![Discovery::TcpReset(443)],
            ..MapHost::new(Ipv4Addr::new(198, 51, 100, 9))
        },
    ];
    MapResult { hosts, ..MapResult::default() }
}

/// A host that did not answer.
pub(crate) fn silent(address: Ipv4Addr) -> HostResult {
    HostResult {
        facts: HostFacts { address: address.into(), alive: false, ..HostFacts::default() },
        findings: Vec::new(),
        tested: Vec::new(),
        tcp_ports: PortSet::default(),
        udp_ports: PortSet::default(),
    }
}

/// A host with findings of every kind; hosts with an even address have a name and a system, and
/// those whose address ends in 13 do not answer.
pub(crate) fn sample_result(address: Ipv4Addr) -> HostResult {
    let last = address.octets()[3];
    if last == 13 {
        return silent(address);
    }
    let named = last.is_multiple_of(2);
    let system = OperatingSystem {
        name: "Debian Linux 12".to_owned(),
        cpe: Some("cpe:/o:debian:debian_linux:12".to_owned()),
        ..OperatingSystem::default()
    };
    let netbios = NetbiosFacts { host_name: Some(format!("HOST{last}")), ..NetbiosFacts::default() };
    let mut port = PortFacts::new(137, Transport::Udp);
    port.netbios = Some(netbios);
    let web = PortFacts { service: "http".to_owned(), ..PortFacts::new(80, Transport::Tcp) };
    let passed = SignInFacts { status: SignInStatus::Passed, ..SignInFacts::default() };
    let facts = HostFacts {
        address: address.into(),
        ports: if named { vec![web, port] } else { Vec::new() },
        name: named.then(|| format!("host-{last}.scans.example")),
        os: named.then_some(system),
        sign_ins: if last == 22 { vec![passed] } else { Vec::new() },
        ..HostFacts::default()
    };
    let findings = vec![
        finding(900_001, Some(443), "The key exchange ]]> is weak.", false),
        finding(900_005, Some(443), "Header not sent.", false),
        finding(900_005, Some(8443), "Header not sent.", false),
        finding(900_002, Some(80), "Product\tVersion\nSample\t1.0", true),
        finding(900_003, None, "IP address\tHost name", true),
        finding(900_004, None, "", false),
        finding(900_004, Some(80), "Port\tService\n80\thttp", true),
    ];
    let tested = findings.iter().map(|finding| finding.qid).collect();
    HostResult { facts, findings, tested, tcp_ports: PortSet::default(), udp_ports: PortSet::default() }
}

pub(crate) fn finding(qid: u32, port: Option<u16>, result: &str, table: bool) -> Finding {
    Finding {
        qid: Qid::new(qid).unwrap(),
        port,
        transport: port.map(|_| Transport::Tcp),
        tls: port == Some(443),
        result: result.to_owned(),
        table,
    }
}
