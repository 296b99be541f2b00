//! Which text names which product. The first rule that matches counts: narrow ones come first.

/// One way in which a product names itself. Group 1 of the pattern, if it matches, is the version.
pub(super) struct Rule {
    /// Services it applies to; empty for all.
    pub services: &'static [&'static str],
    pub pattern: &'static str,
    pub vendor: &'static str,
    pub name: &'static str,
    /// `part:vendor:product` of the CPE name.
    pub cpe: Option<&'static str>,
}

const fn rule(
    services: &'static [&'static str],
    pattern: &'static str,
    vendor: &'static str,
    name: &'static str,
    cpe: &'static str,
) -> Rule {
    Rule { services, pattern, vendor, name, cpe: Some(cpe) }
}

const fn uncatalogued(
    services: &'static [&'static str],
    pattern: &'static str,
    vendor: &'static str,
    name: &'static str,
) -> Rule {
    Rule { services, pattern, vendor, name, cpe: None }
}

const HTTP: &[&str] = &["http"];
const SMTP: &[&str] = &["smtp"];
const MAILBOX: &[&str] = &["imap", "pop3"];
const FTP: &[&str] = &["ftp"];
const SSH: &[&str] = &["ssh"];
const DNS: &[&str] = &["dns"];
const NTP: &[&str] = &["ntp"];
const SNMP: &[&str] = &["snmp"];
const MYSQL: &[&str] = &["mysql"];
const LDAP: &[&str] = &["ldap"];
const SMB: &[&str] = &["smb"];
const TELNET: &[&str] = &["telnet"];

pub(super) const RULES: &[Rule] = &[
    // Web servers that mention another product come before it.
    rule(HTTP, r"^Apache-Coyote/", "Apache", "Tomcat", "a:apache:tomcat"),
    rule(HTTP, r"Apache Tomcat(?:/(\d[\w.-]*))?", "Apache", "Tomcat", "a:apache:tomcat"),
    rule(HTTP, r"^IBM_HTTP_Server(?:/(\d[\w.]*))?", "IBM", "IBM HTTP Server", "a:ibm:http_server"),
    rule(
        HTTP,
        r"^Oracle-HTTP-Server(?:-[\w]+)?(?:/(\d[\w.]*))?",
        "Oracle",
        "Oracle HTTP Server",
        "a:oracle:http_server",
    ),
    rule(HTTP, r"^Apache(?:/(\d[\w.-]*))?(?:\s|$)", "Apache", "Apache HTTP Server", "a:apache:http_server"),
    rule(HTTP, r"^openresty(?:/(\d[\w.]*))?", "OpenResty", "OpenResty", "a:openresty:openresty"),
    rule(HTTP, r"^nginx(?:/(\d[\w.]*))?", "F5", "nginx", "a:f5:nginx"),
    rule(HTTP, r"^lighttpd(?:/(\d[\w.-]*))?", "lighttpd", "lighttpd", "a:lighttpd:lighttpd"),
    rule(
        HTTP,
        r"^Microsoft-IIS(?:/(\d[\d.]*))?",
        "Microsoft",
        "Internet Information Services",
        "a:microsoft:internet_information_services",
    ),
    uncatalogued(HTTP, r"^Microsoft-HTTPAPI(?:/(\d[\d.]*))?", "Microsoft", "HTTP.sys"),
    rule(HTTP, r"^Caddy", "Caddy", "Caddy", "a:caddyserver:caddy"),
    rule(HTTP, r"^Jetty\(([\w.-]+)\)", "Eclipse", "Jetty", "a:eclipse:jetty"),
    rule(
        HTTP,
        r"(?:SimpleHTTP|BaseHTTP|WSGIServer)/\S+ C?Python/(\d[\w.+]*)",
        "Python",
        "Python http.server",
        "a:python:python",
    ),
    rule(HTTP, r"^Werkzeug/(\d[\w.]*)", "Pallets", "Werkzeug", "a:palletsprojects:werkzeug"),
    rule(HTTP, r"^gunicorn(?:/(\d[\w.]*))?", "Gunicorn", "Gunicorn", "a:gunicorn:gunicorn"),
    rule(HTTP, r"^uvicorn", "Encode", "Uvicorn", "a:encode:uvicorn"),
    rule(HTTP, r"^TornadoServer/(\d[\w.]*)", "Tornado", "Tornado", "a:tornadoweb:tornado"),
    rule(HTTP, r"^WEBrick/(\d[\w.]*)", "Ruby", "WEBrick", "a:ruby-lang:webrick"),
    rule(HTTP, r"^Express$", "OpenJS", "Express", "a:openjsf:express"),
    rule(HTTP, r"^PHP/(\d[\w.]*)", "PHP", "PHP", "a:php:php"),
    rule(HTTP, r"^MiniServ/(\d[\w.]*)", "Webmin", "Webmin", "a:webmin:webmin"),
    rule(HTTP, r"^(?i:squid)(?:/(\d[\w.-]*))?", "Squid", "Squid", "a:squid-cache:squid"),
    rule(HTTP, r"^tinyproxy(?:/(\d[\w.-]*))?", "Tinyproxy", "Tinyproxy", "a:tinyproxy_project:tinyproxy"),
    rule(HTTP, r"^CouchDB/(\d[\w.]*)", "Apache", "CouchDB", "a:apache:couchdb"),
    rule(HTTP, r"^Docker/(\d[\w.]*)", "Docker", "Docker Engine", "a:docker:docker"),
    rule(HTTP, r"^Nexus/(\d[\w.]*)", "Sonatype", "Nexus Repository", "a:sonatype:nexus_repository_manager"),
    rule(HTTP, r"^HPE?-iLO-Server/(\d[\w.]*)", "HPE", "iLO", "o:hp:integrated_lights-out_firmware"),
    rule(
        HTTP,
        r"^WebSphere Application Server/(\d[\w.]*)",
        "IBM",
        "WebSphere",
        "a:ibm:websphere_application_server",
    ),
    rule(HTTP, r"^GlassFish Server.*? (\d[\w.]*)", "Eclipse", "GlassFish", "a:eclipse:glassfish"),
    rule(HTTP, r"^LiteSpeed", "LiteSpeed", "LiteSpeed Web Server", "a:litespeedtech:litespeed_web_server"),
    rule(HTTP, r"^Cherokee/(\d[\w.]*)", "Cherokee", "Cherokee", "a:cherokee-project:cherokee"),
    rule(HTTP, r"^Kestrel", "Microsoft", "Kestrel", "a:microsoft:asp.net_core"),
    rule(HTTP, r"^CherryPy/(\d[\w.]*)", "CherryPy", "CherryPy", "a:cherrypy:cherrypy"),
    rule(HTTP, r"^Mongrel (\d[\w.]*)", "Mongrel", "Mongrel", "a:mongrel:mongrel"),
    rule(HTTP, r"^(?:mongoose|Mongoose)/(\d[\w.]*)", "Cesanta", "Mongoose", "a:cesanta:mongoose"),
    uncatalogued(HTTP, r"^pve-api-daemon/(\d[\w.]*)", "Proxmox", "Proxmox VE API"),
    uncatalogued(HTTP, r"^App-webs/|^DNVRS-Webs", "Hikvision", "Hikvision web server"),
    rule(HTTP, r"^Varnish", "Varnish", "Varnish", "a:varnish_cache_project:varnish_cache"),
    rule(HTTP, r"^ATS/(\d[\w.]*)", "Apache", "Traffic Server", "a:apache:traffic_server"),
    rule(HTTP, r"^envoy$", "Envoy", "Envoy", "a:envoyproxy:envoy"),
    rule(HTTP, r"^Icecast (\d[\w.]*)", "Xiph", "Icecast", "a:xiph:icecast"),
    rule(HTTP, r"^TwistedWeb/(\d[\w.]*)", "Twisted", "Twisted Web", "a:twistedmatrix:twisted"),
    rule(HTTP, r"^CUPS/(\d[\w.]*)", "OpenPrinting", "CUPS", "a:openprinting:cups"),
    rule(HTTP, r"^thttpd/(\d[\w.]*)", "ACME Labs", "thttpd", "a:acme:thttpd"),
    rule(HTTP, r"^mini_httpd/(\d[\w.]*)", "ACME Labs", "mini_httpd", "a:acme:mini_httpd"),
    rule(HTTP, r"^GoAhead(?:-Webs)?(?:/(\d[\w.]*))?", "Embedthis", "GoAhead", "a:embedthis:goahead"),
    rule(HTTP, r"^Boa/(\d[\w.]*)", "Boa", "Boa", "a:boa:boa"),
    rule(HTTP, r"^RomPager/(\d[\w.]*)", "Allegro", "RomPager", "a:allegrosoft:rompager"),
    rule(HTTP, r"^Virata-EmWeb/R(\d[\w.]*)", "Virata", "EmWeb", "a:virata:emweb"),
    uncatalogued(HTTP, r"^cisco-IOS", "Cisco", "IOS web server"),
    uncatalogued(HTTP, r"^(?:HP|HPE) .*HTTP", "HP", "HP embedded web server"),
    // Mail.
    rule(SMTP, r"\bExim (\d[\w.]*)", "Exim", "Exim", "a:exim:exim"),
    rule(SMTP, r"\bPostfix\b", "Postfix", "Postfix", "a:postfix:postfix"),
    rule(SMTP, r"\bSendmail(?: |/)(\d[\w.]*)", "Proofpoint", "Sendmail", "a:sendmail:sendmail"),
    rule(SMTP, r"\bOpenSMTPD\b", "OpenBSD", "OpenSMTPD", "a:openbsd:opensmtpd"),
    rule(
        SMTP,
        r"Microsoft ESMTP MAIL Service(?:, Version: (\d[\d.]*))?",
        "Microsoft",
        "Microsoft SMTP Service",
        "a:microsoft:exchange_server",
    ),
    rule(SMTP, r"\bhMailServer\b", "hMailServer", "hMailServer", "a:hmailserver:hmailserver"),
    rule(SMTP, r"\bHaraka(?: |/)(\d[\w.]*)", "Haraka", "Haraka", "a:haraka_project:haraka"),
    rule(MAILBOX, r"\bDovecot\b", "Dovecot", "Dovecot", "a:dovecot:dovecot"),
    rule(
        MAILBOX,
        r"\bCourier-IMAP\b|\bCourier\b|Hello there\.",
        "Courier",
        "Courier IMAP",
        "a:courier-mta:courier-imap",
    ),
    rule(MAILBOX, r"\bCyrus (?:IMAP|POP3)(?:4)? v?(\d[\w.]*)", "Cyrus", "Cyrus IMAP", "a:cyrus:imap"),
    rule(MAILBOX, r"Microsoft Exchange", "Microsoft", "Exchange Server", "a:microsoft:exchange_server"),
    // Files.
    rule(FTP, r"(?i)vsFTPd (\d[\w.]*)", "vsftpd", "vsftpd", "a:vsftpd_project:vsftpd"),
    rule(FTP, r"ProFTPD(?: (\d[\w.]*))?", "ProFTPD", "ProFTPD", "a:proftpd:proftpd"),
    rule(FTP, r"Pure-FTPd", "Pure-FTPd", "Pure-FTPd", "a:pureftpd:pure-ftpd"),
    rule(
        FTP,
        r"FileZilla Server(?: version)?(?: (\d[\w.]*))?",
        "FileZilla",
        "FileZilla Server",
        "a:filezilla-project:filezilla_server",
    ),
    rule(
        FTP,
        r"Microsoft FTP Service(?: \(Version (\d[\d.]*)\))?",
        "Microsoft",
        "Microsoft FTP Service",
        "a:microsoft:ftp_service",
    ),
    rule(FTP, r"Serv-U FTP Server v(\d[\w.]*)", "SolarWinds", "Serv-U", "a:solarwinds:serv-u"),
    rule(FTP, r"pyftpdlib (\d[\w.]*)", "pyftpdlib", "pyftpdlib", "a:g.rodola:pyftpdlib"),
    rule(FTP, r"WU-FTPD |\(Version wu-(\d[\w.]*)", "WU-FTPD", "WU-FTPD", "a:washington_university:wu-ftpd"),
    // Terminals.
    rule(SSH, r"OpenSSH[_-](\d[\w.]*)", "OpenBSD", "OpenSSH", "a:openbsd:openssh"),
    rule(SSH, r"dropbear(?:_(\d[\w.]*))?", "Dropbear", "Dropbear SSH", "a:dropbear_ssh_project:dropbear_ssh"),
    rule(SSH, r"libssh[_-](\d[\w.]*)", "libssh", "libssh", "a:libssh:libssh"),
    rule(SSH, r"Cisco-(\d[\w.]*)", "Cisco", "Cisco SSH", "o:cisco:ios"),
    uncatalogued(TELNET, r"User Access Verification", "Cisco", "Cisco telnet"),
    rule(TELNET, r"MikroTik v(\d[\w.]*)", "MikroTik", "RouterOS", "o:mikrotik:routeros"),
    // Names and time.
    rule(DNS, r"(?i)^dnsmasq-(\d[\w.]*)", "Simon Kelley", "dnsmasq", "a:thekelleys:dnsmasq"),
    rule(DNS, r"(?i)^unbound (\d[\w.]*)", "NLnet Labs", "Unbound", "a:nlnetlabs:unbound"),
    rule(DNS, r"(?i)^NSD (\d[\w.]*)", "NLnet Labs", "NSD", "a:nlnetlabs:name_server_daemon"),
    rule(
        DNS,
        r"(?i)PowerDNS (?:Authoritative Server|Recursor) (\d[\w.]*)",
        "PowerDNS",
        "PowerDNS",
        "a:powerdns:authoritative_server",
    ),
    rule(DNS, r"(?i)^Microsoft DNS (\d[\d.]*)", "Microsoft", "Microsoft DNS", "a:microsoft:dns_server"),
    rule(DNS, r"(?i)^Knot (?:DNS|Resolver) (\d[\w.]*)", "CZ.NIC", "Knot DNS", "a:nic:knot_dns"),
    rule(DNS, r"(?i)^(?:BIND )?(\d+\.\d+\.\d+(?:-?[PSW]\d+)?)", "ISC", "BIND", "a:isc:bind"),
    rule(NTP, r"ntpsec-(\d[\w.]*)", "NTPsec", "NTPsec", "a:ntpsec:ntpsec"),
    rule(NTP, r"chrony", "chrony", "chrony", "a:tuxfamily:chrony"),
    rule(NTP, r"ntpd (\d[\w.]*)", "NTP Project", "ntpd", "a:ntp:ntp"),
    // Management.
    rule(SNMP, r"Cisco IOS(?: XE)? Software.*?Version ([\w.()]+)", "Cisco", "Cisco IOS", "o:cisco:ios"),
    rule(SNMP, r"Cisco NX-OS.*?Version ([\w.()]+)", "Cisco", "Cisco NX-OS", "o:cisco:nx-os"),
    rule(
        SNMP,
        r"Cisco Adaptive Security Appliance Version ([\w.()]+)",
        "Cisco",
        "Cisco ASA",
        "o:cisco:adaptive_security_appliance_software",
    ),
    rule(SNMP, r"JUNOS ([\w.-]+)", "Juniper", "Junos", "o:juniper:junos"),
    rule(SNMP, r"^RouterOS (\S+)", "MikroTik", "RouterOS", "o:mikrotik:routeros"),
    rule(SNMP, r"VMware ESXi? (\d[\d.]*)", "VMware", "ESXi", "o:vmware:esxi"),
    uncatalogued(SNMP, r"HP ETHERNET MULTI-ENVIRONMENT|JETDIRECT", "HP", "JetDirect"),
    uncatalogued(SNMP, r"Hardware:.*Software: Windows", "Microsoft", "Windows SNMP Service"),
    rule(SNMP, r"^Linux \S+ \d|^FreeBSD \S+ \d|net-snmp", "Net-SNMP", "Net-SNMP", "a:net-snmp:net-snmp"),
    // Databases and directories.
    rule(MYSQL, r"(\d+\.\d+\.\d+)-MariaDB", "MariaDB", "MariaDB", "a:mariadb:mariadb"),
    rule(MYSQL, r"^(\d+\.\d+\.\d+)", "Oracle", "MySQL", "a:oracle:mysql"),
    rule(
        &["postgresql"],
        r"^(?:PostgreSQL )?(\d[\w.]*)",
        "PostgreSQL",
        "PostgreSQL",
        "a:postgresql:postgresql",
    ),
    rule(&["redis"], r"^(\d[\w.]*)", "Redis", "Redis", "a:redis:redis"),
    rule(&["memcached"], r"^(?:VERSION )?(\d[\w.]*)", "memcached", "memcached", "a:memcached:memcached"),
    rule(&["mqtt"], r"(?i)mosquitto version (\d[\w.]*)", "Eclipse", "Mosquitto", "a:eclipse:mosquitto"),
    rule(&["mqtt"], r"(?i)mosquitto", "Eclipse", "Mosquitto", "a:eclipse:mosquitto"),
    rule(LDAP, r"(?i)OpenLDAP(?:[: ]+slapd)? ?(\d[\w.]*)?", "OpenLDAP", "OpenLDAP", "a:openldap:openldap"),
    rule(
        LDAP,
        r"389 Project|389-Directory/(\d[\w.]*)",
        "389 Project",
        "389 Directory Server",
        "a:port389:389-ds-base",
    ),
    rule(
        LDAP,
        r"(?i)Active Directory|1\.2\.840\.113556\.1\.4\.800",
        "Microsoft",
        "Active Directory",
        "a:microsoft:active_directory",
    ),
    // Shares.
    rule(SMB, r"Samba (\d+\.\d+\.\d+\w*)", "Samba", "Samba", "a:samba:samba"),
    rule(SMB, r"Samba", "Samba", "Samba", "a:samba:samba"),
    rule(&["rsync"], r"^rsync version (\d[\w.]*)", "Samba", "rsync", "a:samba:rsync"),
];
