//! What the software part of identification lines is called by its makers.

/// One product that names itself in the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// What the text after `SSH-2.0-` begins with; the version follows.
    pub(super) prefix: &'static str,
    pub(super) vendor: &'static str,
    pub(super) name: &'static str,
    /// Vendor and product of the CPE; empty when there is none in use.
    pub(super) cpe: &'static str,
    /// The operating system that it says by itself; empty for none.
    pub(super) os: &'static str,
}

const fn row(
    prefix: &'static str,
    vendor: &'static str,
    name: &'static str,
    cpe: &'static str,
    os: &'static str,
) -> Row {
    Row { prefix, vendor, name, cpe, os }
}

/// Longer prefixes before shorter ones that they begin with.
pub(super) const PRODUCTS: &[Row] = &[
    row(
        "OpenSSH_for_Windows_",
        "Microsoft",
        "OpenSSH for Windows",
        "microsoft:openssh_for_windows",
        "Microsoft Windows",
    ),
    row("OpenSSH_", "OpenBSD", "OpenSSH", "openbsd:openssh", ""),
    row("OpenSSH-", "OpenBSD", "OpenSSH", "openbsd:openssh", ""),
    row("OpenSSH", "OpenBSD", "OpenSSH", "openbsd:openssh", ""),
    row("dropbear_", "Dropbear SSH Project", "Dropbear SSH", "dropbear_ssh_project:dropbear_ssh", "Linux"),
    row("dropbear", "Dropbear SSH Project", "Dropbear SSH", "dropbear_ssh_project:dropbear_ssh", "Linux"),
    row("Cisco-", "Cisco", "Cisco SSH", "", "Cisco IOS"),
    row("CISCO_WLC", "Cisco", "Cisco Wireless LAN Controller SSH", "", "Cisco AireOS"),
    row("libssh_", "libssh", "libssh", "libssh:libssh", ""),
    row("libssh-", "libssh", "libssh", "libssh:libssh", ""),
    row("libssh", "libssh", "libssh", "libssh:libssh", ""),
    row("ROSSSH", "MikroTik", "RouterOS SSH", "", "MikroTik RouterOS"),
    row("mod_sftp/", "ProFTPD", "mod_sftp", "proftpd:proftpd", ""),
    row("mod_sftp", "ProFTPD", "mod_sftp", "proftpd:proftpd", ""),
    row("APACHE-SSHD-", "Apache", "MINA SSHD", "apache:sshd", ""),
    row("SSHD-CORE-", "Apache", "MINA SSHD", "apache:sshd", ""),
    row("paramiko_", "Paramiko", "Paramiko", "paramiko:paramiko", ""),
    row("AsyncSSH_", "AsyncSSH", "AsyncSSH", "asyncssh_project:asyncssh", ""),
    row("Twisted_", "Twisted Matrix Labs", "Twisted Conch", "twistedmatrix:twisted", ""),
    row("Twisted", "Twisted Matrix Labs", "Twisted Conch", "twistedmatrix:twisted", ""),
    row("Erlang/", "Ericsson", "Erlang/OTP SSH", "", ""),
    row("Go", "Go", "golang.org/x/crypto/ssh", "golang:crypto", ""),
    row("Teleport", "Gravitational", "Teleport", "goteleport:teleport", ""),
    row("Sun_SSH_", "Oracle", "SunSSH", "oracle:sunssh", "Oracle Solaris"),
    row("HUAWEI-", "Huawei", "VRP SSH", "", "Huawei VRP"),
    row("Comware-", "HPE", "Comware SSH", "", "HPE Comware"),
    row("NetScreen", "Juniper", "ScreenOS SSH", "", "Juniper ScreenOS"),
    row("FortiSSH_", "Fortinet", "FortiSSH", "", "Fortinet FortiOS"),
    row("ARRIS_", "ARRIS", "ARRIS SSH", "", ""),
    row("AWS_SFTP_", "Amazon", "AWS Transfer Family", "", ""),
    row("Zyxel SSH server", "Zyxel", "Zyxel SSH server", "", "Zyxel ZyNOS"),
    row("lancom", "LANCOM", "LCOS SSH", "", "LANCOM LCOS"),
    row("IPSSH-", "Wind River", "VxWorks IPSSH", "", "Wind River VxWorks"),
    row("RomSShell_", "Allegro Software", "RomSShell", "allegrosoft:romsshell", ""),
    row("Mocana SSH", "Mocana", "NanoSSH", "", ""),
    row("Data ONTAP SSH ", "NetApp", "Data ONTAP SSH", "", "NetApp Data ONTAP"),
    row("XPSSH_", "NetSarang", "XPSSH", "", ""),
    row(
        "CerberusFTPServer_",
        "Cerberus",
        "Cerberus FTP Server",
        "cerberusftp:ftp_server",
        "Microsoft Windows",
    ),
    row("CrushFTPSSHD", "CrushFTP", "CrushFTP", "crushftp:crushftp", ""),
    row("Serv-U_", "SolarWinds", "Serv-U", "solarwinds:serv-u", ""),
    row("xlightftpd_", "Xlight", "Xlight FTP Server", "xlightftpd:xlight_ftp_server", "Microsoft Windows"),
    row("VShell_", "VanDyke", "VShell", "vandyke:vshell", ""),
    row("SSH Tectia Server", "SSH Communications Security", "Tectia Server", "ssh:tectia_server", ""),
    row("ReflectionForSecureIT_", "Micro Focus", "Reflection for Secure IT", "", ""),
    row("GlobalScape", "GlobalSCAPE", "EFT Server", "globalscape:eft_server", "Microsoft Windows"),
    row("WeOnlyDo", "WeOnlyDo", "wodSSHServer", "", "Microsoft Windows"),
    row("Maverick_SSHD", "SSHTOOLS", "Maverick SSHD", "", ""),
    row("MAVERICK_SYNERGY", "JADAPTIVE", "Maverick Synergy", "", ""),
    row("JSCAPE", "JSCAPE", "MFT Server", "", ""),
    row("babeld-", "GitHub", "babeld", "", ""),
];

/// Names anywhere in the line, where the version does not follow a prefix.
pub(super) const PRODUCTS_INSIDE: &[Row] = &[
    row(
        "Bitvise SSH Server (WinSSHD)",
        "Bitvise",
        "Bitvise SSH Server",
        "bitvise:winsshd",
        "Microsoft Windows",
    ),
    row("WinSSHD", "Bitvise", "Bitvise SSH Server", "bitvise:winsshd", "Microsoft Windows"),
    row("SSH Tectia Server", "SSH Communications Security", "Tectia Server", "ssh:tectia_server", ""),
    row("GlobalScape", "GlobalSCAPE", "EFT Server", "globalscape:eft_server", "Microsoft Windows"),
    row("SSH Secure Shell", "SSH Communications Security", "SSH Secure Shell", "ssh:secure_shell", ""),
];

/// OpenSSH versions and the Debian release that has them, for lines without a suffix that says so.
pub(super) const DEBIAN_RELEASES: &[(&str, &str)] = &[
    ("10.0p1", "13"),
    ("10.0p2", "13"),
    ("9.2p1", "12"),
    ("8.4p1", "11"),
    ("7.9p1", "10"),
    ("7.4p1", "9"),
    ("6.7p1", "8"),
    ("6.0p1", "7"),
    ("5.5p1", "6"),
    ("5.1p1", "5"),
    ("4.3p2", "4"),
];

/// OpenSSH versions and the Ubuntu release that has them.
pub(super) const UBUNTU_RELEASES: &[(&str, &str)] = &[
    ("10.0p1", "25.10"),
    ("10.0p2", "25.10"),
    ("9.9p1", "25.04"),
    ("9.7p1", "24.10"),
    ("9.6p1", "24.04"),
    ("9.3p1", "23.10"),
    ("9.0p1", "23.04"),
    ("8.9p1", "22.04"),
    ("8.4p1", "21.10"),
    ("8.3p1", "20.10"),
    ("8.2p1", "20.04"),
    ("8.0p1", "19.10"),
    ("7.9p1", "19.04"),
    ("7.7p1", "18.10"),
    ("7.6p1", "18.04"),
    ("7.5p1", "17.10"),
    ("7.4p1", "17.04"),
    ("7.3p1", "16.10"),
    ("7.2p2", "16.04"),
    ("6.9p1", "15.10"),
    ("6.7p1", "15.04"),
    ("6.6.1p1", "14.04"),
    ("6.6p1", "14.04"),
    ("5.9p1", "12.04"),
    ("5.3p1", "10.04"),
    ("4.7p1", "8.04"),
];
