//! A scripted scanner: it leases slices like the real one, and reports what the test says.

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_app::InProcessLink;
use palisade_engine::{Hold, Lease, Link, SliceProgress, Stage};
use palisade_model::fact::{HostFacts, NetbiosFacts, OperatingSystem, PortFacts, Transport};
use palisade_model::{Finding, HostResult, PortSet, Qid};

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

/// A host that did not answer.
pub(crate) fn silent(address: Ipv4Addr) -> HostResult {
    HostResult {
        facts: HostFacts { address, alive: false, ..HostFacts::default() },
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
    let facts = HostFacts {
        address,
        ports: if named { vec![web, port] } else { Vec::new() },
        name: named.then(|| format!("host-{last}.scans.example")),
        os: named.then_some(system),
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
