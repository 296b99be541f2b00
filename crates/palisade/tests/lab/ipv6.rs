//! IPv6 hosts, on the link and behind a router, as raw packets find them; in namespaces of its own.

use std::net::{IpAddr, Ipv6Addr};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use palisade_testkit::{dtd, tools};
use serde_json::Value;

use super::PALISADE;

const ROUTER: &str = "fd92:1::1";
const HOST: &str = "fd92:2::2";
/// Nobody is there.
const NOBODY: &str = "fd92:2::9";
/// What listens on the host: servers of Python's own, on IPv6.
const OPEN: [u16; 2] = [80, 8_080];
const PATIENCE: Duration = Duration::from_secs(30);

/// A scanner, a router and a host in a row, with web servers on the host; gone when dropped.
struct Network {
    name: String,
    servers: Vec<Child>,
}

impl Network {
    fn up() -> Self {
        static NETWORKS: AtomicU32 = AtomicU32::new(0);
        assert!(tools::is_root(), "namespaces need root: `./test lab` asks sudo for it");
        let number = NETWORKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("palisade-six-{}-{number}", std::process::id());
        let mut network = Self { name, servers: Vec::new() };
        let [scanner, router, host] = ["scanner", "router", "host"].map(|role| network.namespace(role));
        for space in [&scanner, &router, &host] {
            ip(&format!("netns add {space}"));
            ip(&format!("-n {space} link set lo up"));
        }
        ip(&format!("-n {scanner} link add far type veth peer name near netns {router}"));
        ip(&format!("-n {router} link add far type veth peer name near netns {host}"));
        for (space, link, address) in [
            (&scanner, "far", "fd92:1::2/64"),
            (&router, "near", "fd92:1::1/64"),
            (&router, "far", "fd92:2::1/64"),
            (&host, "near", "fd92:2::2/64"),
        ] {
            ip(&format!("-n {space} address add {address} dev {link} nodad"));
            ip(&format!("-n {space} link set {link} up"));
        }
        ip(&format!("-n {scanner} route add fd92:2::/64 via fd92:1::1"));
        ip(&format!("-n {host} route add fd92:1::/64 via fd92:2::1"));
        let mut forward = network.on("router", "sysctl");
        let _ = tools::output(forward.args(["-q", "-w", "net.ipv6.conf.all.forwarding=1"]));
        network.servers = OPEN.iter().map(|port| network.serve(*port)).collect();
        network
    }

    fn namespace(&self, role: &str) -> String {
        format!("{}-{role}", self.name)
    }

    fn on(&self, role: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(role), program]);
        command
    }

    /// A web server on the host, once it listens.
    fn serve(&self, port: u16) -> Child {
        let mut command = self.on("host", "python3");
        command.args(["-m", "http.server", &port.to_string(), "--bind", HOST]);
        let mut server =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Python is installed");
        let table = format!("/proc/{}/net/tcp6", server.id());
        // Local address and port, remote ones, 0A: it listens.
        let listens = |line: &str| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next().is_some_and(|local| local.ends_with(&format!(":{port:04X}")));
            local && fields.nth(1) == Some("0A")
        };
        let deadline = Instant::now() + PATIENCE;
        while !std::fs::read_to_string(&table).unwrap_or_default().lines().any(listens) {
            assert!(server.try_wait().is_ok_and(|ended| ended.is_none()), "the web server ended");
            assert!(Instant::now() < deadline, "the web server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// What `palisade scan` prints on the scanner.
    fn scan(&self, arguments: &[&str]) -> String {
        tools::output(self.on("scanner", PALISADE).arg("scan").args(arguments))
    }

    /// The same without the right to send raw packets.
    fn scan_by_connecting(&self, arguments: &[&str]) -> String {
        let mut command = self.on("scanner", "setpriv");
        command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw", PALISADE, "scan"]);
        tools::output(command.args(arguments))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        for role in ["scanner", "router", "host"] {
            let _ = Command::new("ip").args(["netns", "del", &self.namespace(role)]).status();
        }
    }
}

fn ip(arguments: &str) {
    let _ = tools::output(Command::new("ip").args(arguments.split(' ')));
}

fn read(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

#[test]
fn ipv6_hosts_are_found_by_every_probe_behind_a_router_and_on_the_link() {
    let network = Network::up();
    for (probe, alive_by) in [
        ("echo", "ICMP echo reply"),
        ("syn:80", "TCP port 80 accepts connections"),
        ("syn:81", "TCP port 81 refuses connections"),
        ("ack:80", "TCP port 80 refuses an acknowledgement"),
        ("udp:40125", "ICMP port unreachable"),
    ] {
        let options = ["--stage", "discovery", "--format", "json", "--probes", probe, HOST, NOBODY];
        let found = read(&network.scan(&options));
        let [host] = found.as_slice() else { panic!("{probe}: {found:?}") };
        assert_eq!((host["address"].as_str(), host["alive_by"].as_str()), (Some(HOST), Some(alive_by)));
    }
    // What IPv6 has not is left out, and there is nothing else to ask by.
    let none = network.scan(&["--stage", "discovery", "--format", "json", "--probes", "timestamp", HOST]);
    assert!(read(&none).is_empty(), "{none}");
    // Neighbours are found without any probe, and silent addresses of the link are not.
    let options = ["--stage", "discovery", "--format", "json", "--probes", "syn:80", "fd92:1::/125"];
    let found = read(&network.scan(&options));
    let neighbour = found.iter().find(|host| host["address"] == ROUTER).expect("the router is a neighbour");
    assert_eq!(neighbour["alive_by"], "neighbour advertisement");
    let others = found.iter().filter(|host| host["method"] == "TCP SYN (raw packets)").count();
    assert_eq!(others, 1, "{found:?}");
}

#[test]
fn a_sweep_of_ipv6_ports_is_as_complete_as_connecting() {
    let network = Network::up();
    let options = ["--stage", "ports", "--format", "json", "--ports", "1-1000,8000-8100", HOST, ROUTER];
    let of = |text: &str, method: &str| -> Vec<(Option<IpAddr>, Value)> {
        let mut hosts: Vec<_> = read(text)
            .into_iter()
            .map(|mut host| {
                assert_eq!(host["method"], method);
                let address = host["address"].as_str().and_then(|text| text.parse().ok());
                let ports = ["open", "closed", "silent"].map(|what| host[what].take());
                (address, Value::from(ports.to_vec()))
            })
            .collect();
        hosts.sort_by_key(|(address, _)| *address);
        hosts
    };
    let swept = of(&network.scan(&options), "TCP SYN (raw packets)");
    let connected = of(
        &network.scan_by_connecting(&options),
        "TCP connect (the scanner may not send raw packets to this host)",
    );
    assert_eq!(swept, connected);
    let host = HOST.parse::<Ipv6Addr>().map(IpAddr::V6).ok();
    let ports = swept.iter().find(|(address, _)| *address == host).map(|(_, ports)| ports.clone());
    assert_eq!(ports, Some(serde_json::json!([OPEN, 1_101 - OPEN.len(), 0])));
}

#[test]
fn an_ipv6_host_has_its_place_in_the_scan_document() {
    let network = Network::up();
    for stage in ["ports", "services", "full"] {
        let options =
            ["--stage", stage, "--ports", "80,81", "--udp", "none", "--format", "xml", HOST, NOBODY];
        let document = network.scan(&options);
        dtd::assert_valid(document.as_bytes(), palisade_wire::dtd::SCAN.text);
        assert_eq!(document.matches("<IP value=").count(), 1, "{document}");
        assert!(document.contains(&format!("<IP value=\"{HOST}\"")), "{document}");
        let targets = format!("<KEY value=\"TARGET\"><![CDATA[{HOST},{NOBODY}]]></KEY>");
        assert!(document.contains(&targets), "{document}");
        assert!(document.contains("<KEY value=\"NBHOST_TOTAL\">2</KEY>"), "{document}");
        assert!(document.contains("<KEY value=\"NBHOST_ALIVE\">1</KEY>"), "{document}");
        assert!(document.contains("number=\"82023\""), "open ports are listed: {document}");
        assert_eq!(document.contains("number=\"86000\""), stage == "full", "{document}");
    }
}
