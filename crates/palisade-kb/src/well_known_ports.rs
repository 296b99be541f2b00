//! What port numbers are registered for, or commonly used for where nothing is registered.
//!
//! For people who read a list of open ports; no check concludes anything from a number.

/// A port number that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownPort {
    port: u16,
    tcp: bool,
    udp: bool,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
}

/// What is known of a port; `transport` is `tcp` or `udp`.
pub(crate) fn find(port: i64, transport: &str) -> Option<&'static KnownPort> {
    let port = u16::try_from(port).ok()?;
    KNOWN.iter().find(|known| known.port == port && if transport == "udp" { known.udp } else { known.tcp })
}

const fn both(port: u16, name: &'static str, description: &'static str) -> KnownPort {
    KnownPort { port, tcp: true, udp: true, name, description }
}

const fn tcp(port: u16, name: &'static str, description: &'static str) -> KnownPort {
    KnownPort { port, tcp: true, udp: false, name, description }
}

const fn udp(port: u16, name: &'static str, description: &'static str) -> KnownPort {
    KnownPort { port, tcp: false, udp: true, name, description }
}

/// Ascending by port.
static KNOWN: &[KnownPort] = &[
    both(7, "echo", "Echo"),
    both(9, "discard", "Discard"),
    both(13, "daytime", "Daytime"),
    both(17, "qotd", "Quote of the Day"),
    both(19, "chargen", "Character Generator"),
    tcp(20, "ftp-data", "File Transfer, data"),
    tcp(21, "ftp", "File Transfer, control"),
    tcp(22, "ssh", "Secure Shell remote login"),
    tcp(23, "telnet", "Telnet"),
    tcp(25, "smtp", "Simple Mail Transfer"),
    both(37, "time", "Time"),
    both(42, "nameserver", "Host Name Server"),
    tcp(43, "nicname", "Who Is"),
    both(49, "tacacs", "Login Host Protocol (TACACS)"),
    both(53, "domain", "Domain Name Server"),
    udp(67, "bootps", "Bootstrap Protocol server"),
    udp(68, "bootpc", "Bootstrap Protocol client"),
    udp(69, "tftp", "Trivial File Transfer"),
    tcp(70, "gopher", "Gopher"),
    tcp(79, "finger", "Finger"),
    both(80, "http", "World Wide Web HTTP"),
    both(88, "kerberos", "Kerberos"),
    tcp(102, "iso-tsap", "ISO-TSAP Class 0"),
    tcp(109, "pop2", "Post Office Protocol, version 2"),
    tcp(110, "pop3", "Post Office Protocol, version 3"),
    both(111, "sunrpc", "SUN Remote Procedure Call"),
    tcp(113, "auth", "Authentication Service"),
    tcp(119, "nntp", "Network News Transfer"),
    udp(123, "ntp", "Network Time Protocol"),
    both(135, "epmap", "DCE endpoint resolution"),
    both(137, "netbios-ns", "NetBIOS Name Service"),
    both(138, "netbios-dgm", "NetBIOS Datagram Service"),
    both(139, "netbios-ssn", "NetBIOS Session Service"),
    tcp(143, "imap", "Internet Message Access Protocol"),
    udp(161, "snmp", "Simple Network Management Protocol"),
    udp(162, "snmptrap", "SNMP traps"),
    both(177, "xdmcp", "X Display Manager Control Protocol"),
    tcp(179, "bgp", "Border Gateway Protocol"),
    tcp(194, "irc", "Internet Relay Chat"),
    tcp(199, "smux", "SNMP multiplexing"),
    tcp(264, "bgmp", "Border Gateway Multicast Protocol"),
    both(389, "ldap", "Lightweight Directory Access Protocol"),
    both(427, "svrloc", "Server Location"),
    both(443, "https", "HTTP over TLS"),
    both(444, "snpp", "Simple Network Paging Protocol"),
    both(445, "microsoft-ds", "Microsoft directory services, SMB over TCP"),
    both(464, "kpasswd", "Kerberos password change"),
    tcp(465, "submissions", "Message submission over TLS"),
    udp(500, "isakmp", "Internet key exchange"),
    tcp(502, "mbap", "Modbus"),
    tcp(512, "exec", "Remote process execution"),
    tcp(513, "login", "Remote login"),
    tcp(514, "shell", "Remote shell"),
    udp(514, "syslog", "System log"),
    tcp(515, "printer", "Line printer spooler"),
    udp(520, "router", "Routing Information Protocol"),
    both(523, "ibm-db2", "IBM DB2"),
    tcp(543, "klogin", "Kerberos remote login"),
    tcp(544, "kshell", "Kerberos remote shell"),
    udp(546, "dhcpv6-client", "DHCPv6 client"),
    udp(547, "dhcpv6-server", "DHCPv6 server"),
    tcp(548, "afpovertcp", "Apple filing over TCP"),
    both(554, "rtsp", "Real Time Streaming Protocol"),
    tcp(563, "nntps", "NNTP over TLS"),
    tcp(587, "submission", "Message submission"),
    tcp(593, "http-rpc-epmap", "HTTP RPC endpoint map"),
    udp(623, "asf-rmcp", "Remote management and control (IPMI)"),
    both(631, "ipp", "Internet Printing Protocol"),
    both(636, "ldaps", "LDAP over TLS"),
    both(646, "ldp", "Label Distribution Protocol"),
    tcp(830, "netconf-ssh", "NETCONF over SSH"),
    both(853, "domain-s", "DNS over TLS or DTLS"),
    tcp(873, "rsync", "rsync"),
    both(902, "ideafarm-door", "VMware authentication daemon"),
    tcp(989, "ftps-data", "FTP data over TLS"),
    tcp(990, "ftps", "FTP control over TLS"),
    tcp(992, "telnets", "Telnet over TLS"),
    tcp(993, "imaps", "IMAP over TLS"),
    tcp(995, "pop3s", "POP3 over TLS"),
    tcp(1080, "socks", "SOCKS"),
    tcp(1099, "rmiregistry", "RMI registry"),
    both(1194, "openvpn", "OpenVPN"),
    both(1433, "ms-sql-s", "Microsoft SQL Server"),
    both(1434, "ms-sql-m", "Microsoft SQL Monitor"),
    both(1494, "ica", "Citrix ICA"),
    tcp(1521, "ncube-lm", "Oracle listener"),
    udp(1645, "sightline", "RADIUS authentication, older port"),
    udp(1701, "l2tp", "Layer 2 Tunnelling Protocol"),
    tcp(1720, "h323hostcall", "H.323 call control"),
    tcp(1723, "pptp", "Point-to-Point Tunnelling Protocol"),
    udp(1812, "radius", "RADIUS authentication"),
    udp(1813, "radius-acct", "RADIUS accounting"),
    tcp(1883, "mqtt", "Message Queuing Telemetry Transport"),
    udp(1900, "ssdp", "Simple Service Discovery Protocol"),
    both(2000, "cisco-sccp", "Cisco SCCP"),
    both(2049, "nfs", "Network File System"),
    tcp(2082, "infowave", "cPanel"),
    tcp(2121, "scientia-ssdb", "FTP, alternative port"),
    tcp(2181, "eforward", "Apache ZooKeeper client"),
    tcp(2222, "ethernet-ip-1", "SSH, alternative port"),
    tcp(2375, "docker", "Docker REST API, plain text"),
    tcp(2376, "docker-s", "Docker REST API over TLS"),
    tcp(2379, "etcd-client", "etcd client"),
    tcp(2380, "etcd-server", "etcd server"),
    tcp(3000, "hbci", "web application, common port"),
    tcp(3128, "ndl-aas", "HTTP proxy, common port"),
    tcp(3260, "iscsi-target", "iSCSI"),
    tcp(3268, "msft-gc", "Microsoft Global Catalog"),
    tcp(3269, "msft-gc-ssl", "Microsoft Global Catalog over TLS"),
    tcp(3306, "mysql", "MySQL"),
    both(3389, "ms-wbt-server", "Microsoft remote desktop"),
    both(3478, "stun", "Session Traversal Utilities for NAT"),
    tcp(3632, "distcc", "Distributed compiler"),
    tcp(3690, "svn", "Subversion"),
    tcp(4369, "epmd", "Erlang port mapper"),
    tcp(4433, "vop", "TLS test server, common port"),
    udp(4500, "ipsec-nat-t", "IPsec NAT traversal"),
    tcp(4786, "smart-install", "Cisco Smart Install"),
    tcp(5000, "commplex-main", "web application, common port"),
    both(5060, "sip", "Session Initiation Protocol"),
    both(5061, "sips", "SIP over TLS"),
    tcp(5222, "xmpp-client", "XMPP client"),
    tcp(5269, "xmpp-server", "XMPP server"),
    udp(5351, "nat-pmp", "NAT Port Mapping Protocol"),
    udp(5353, "mdns", "Multicast DNS"),
    udp(5355, "llmnr", "Link-local multicast name resolution"),
    tcp(5432, "postgresql", "PostgreSQL"),
    tcp(5555, "personal-agent", "Android debug bridge, common port"),
    tcp(5601, "esmagent", "Kibana, common port"),
    tcp(5671, "amqps", "AMQP over TLS"),
    tcp(5672, "amqp", "Advanced Message Queuing Protocol"),
    udp(5683, "coap", "Constrained Application Protocol"),
    tcp(5900, "rfb", "Remote Framebuffer (VNC)"),
    tcp(5984, "couchdb", "CouchDB"),
    tcp(5985, "wsman", "Web services management"),
    tcp(5986, "wsmans", "Web services management over TLS"),
    tcp(6000, "x11", "X Window System"),
    tcp(6379, "redis", "Redis"),
    tcp(6443, "sun-sr-https", "Kubernetes API server, common port"),
    tcp(6514, "syslog-tls", "System log over TLS"),
    tcp(6667, "ircu", "Internet Relay Chat"),
    tcp(7001, "afs3-callback", "WebLogic, common port"),
    tcp(8000, "irdmi", "web server, common port"),
    tcp(8008, "http-alt", "HTTP, alternative port"),
    tcp(8009, "nvme-disc", "Apache JServ Protocol, common port"),
    tcp(8080, "http-alt", "HTTP, alternative port"),
    tcp(8081, "sunproxyadmin", "web server, common port"),
    tcp(8086, "d-s-n", "InfluxDB, common port"),
    tcp(8443, "pcsync-https", "HTTP over TLS, alternative port"),
    tcp(8883, "secure-mqtt", "MQTT over TLS"),
    tcp(8888, "ddi-tcp-1", "web server, common port"),
    tcp(9000, "cslistener", "web application, common port"),
    tcp(9042, "cassandra", "Cassandra client"),
    tcp(9090, "websm", "web console, common port"),
    tcp(9092, "xmltec-xmlmail", "Apache Kafka, common port"),
    tcp(9100, "hp-pdl-datastr", "Raw printing"),
    tcp(9200, "wap-wsp", "Elasticsearch, common port"),
    tcp(9418, "git", "git"),
    tcp(10000, "ndmp", "Network Data Management Protocol"),
    tcp(10050, "zabbix-agent", "Zabbix agent"),
    tcp(10051, "zabbix-trapper", "Zabbix server"),
    tcp(10250, "kubelet", "Kubernetes node agent, common port"),
    both(11211, "memcache", "Memory cache service"),
    tcp(15672, "rabbitmq-web", "RabbitMQ management, common port"),
    tcp(27017, "mongodb", "MongoDB"),
    udp(47808, "bacnet", "Building automation and control networks"),
    tcp(50000, "ibm-db2-alt", "DB2 or SAP, common port"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_found_by_number_and_transport() {
        assert_eq!(find(514, "tcp").map(|known| known.name), Some("shell"));
        assert_eq!(find(514, "udp").map(|known| known.name), Some("syslog"));
        assert_eq!(find(70_000, "tcp"), None);
        assert_eq!(find(22, "udp"), None);
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(KNOWN.is_sorted_by_key(|known| known.port));
    }
}
