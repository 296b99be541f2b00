//! Types of records for operating systems, network devices and hypervisors.

use super::field::{Field, KEY_CHARACTERS_MAX, Rule};
use super::kind::RecordType;
use crate::option_profile::AuthenticationKind;

const PASSWORD: Field = Field::secret("password", 100, "The password.");

pub(super) const TYPES: &[RecordType] = &[
    RecordType {
        fields: &[
            Field::text("username", 255, "The user to sign in as.").required(),
            PASSWORD,
            Field::switch("skip_password", "1 signs in with a key only."),
            Field::switch("cleartext_password", "1 allows services that do not encrypt. Never used here.")
                .default("0"),
            Field::word(
                "root_tool",
                &["none", "sudo", "pimsu", "powerbroker", "su"],
                "How the user becomes root: sudo, pimsu (su through sudo), powerbroker (pbrun) or su.",
            )
            .default("none"),
            Field::secret(
                "root_tool_password",
                100,
                "The password that the root tool asks for, if it is another.",
            ),
            Field::secret("enable_password", 100, "The enable password of a Cisco device."),
            Field::secret("expert_password", 100, "The expert password of a Check Point firewall."),
            Field::secret(
                "rsa_private_key",
                KEY_CHARACTERS_MAX,
                "A private RSA key, as PEM or OpenSSH write it.",
            ),
            Field::secret(
                "dsa_private_key",
                KEY_CHARACTERS_MAX,
                "A private DSA key. Kept; scans do not use it.",
            ),
            Field::secret(
                "private_key",
                KEY_CHARACTERS_MAX,
                "A private key of any sort, for example Ed25519.",
            ),
            Field::secret("passphrase", 255, "What the private key is encrypted with."),
            Field::ports("Ports of SSH, where it is not 22.").default("22"),
            Field::word(
                "sub_type",
                &["cisco", "checkpoint_firewall"],
                "The sort of device, where it is one.",
            ),
            Field::switch("use_agentless_tracking", "1 writes an identifier of the host to it. Kept only."),
            Field::text("agentless_tracking_path", 255, "Where the identifier is written."),
        ],
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::AnyOf(&[
                "password",
                "vault",
                "skip_password",
                "rsa_private_key",
                "dsa_private_key",
                "private_key",
            ]),
            Rule::Exclusive(&["skip_password", "password"]),
            Rule::Exclusive(&["rsa_private_key", "private_key"]),
            Rule::Needs("use_agentless_tracking", "1", "agentless_tracking_path"),
        ],
        vault: true,
        access_lists: true,
        switch: Some(AuthenticationKind::Unix),
        signs_in: true,
        ..RecordType::new("unix", "Unix")
    },
    RecordType {
        fields: &[
            Field::text("username", 31, "The user to sign in as.").required(),
            PASSWORD,
            Field::switch("ntlm", "1 allows the first version of NTLM. Never used here.").default("0"),
            Field::switch("ntlmv2", "1 allows the second version of NTLM.").element("NTLM_V2").default("1"),
            Field::switch("kerberos", "1 allows Kerberos. Not used here yet.").default("1"),
            Field::text("windows_domain", 15, "The NetBIOS name of the user's domain."),
            Field::text("windows_ad_domain", 255, "The DNS name of the user's Active Directory domain."),
            Field::switch("windows_ad_trust", "1 includes trusted domains."),
            Field::switch("require_smb_signing", "1 signs in only where SMB messages are signed."),
            Field::word(
                "minimum_smb_version",
                &["1", "2.0.2", "2.1", "3.0", "3.0.2", "3.1.1"],
                "The oldest version of SMB to sign in with.",
            ),
            Field::switch("use_agentless_tracking", "1 writes an identifier of the host to it. Kept only."),
        ],
        rules: &[
            Rule::AnyOf(&["ips", "windows_ad_domain"]),
            Rule::AnyOf(&["password", "vault"]),
            Rule::Exclusive(&["windows_domain", "windows_ad_domain"]),
            Rule::OnlyWith("windows_ad_trust", "windows_ad_domain"),
        ],
        vault: true,
        switch: Some(AuthenticationKind::Windows),
        signs_in: true,
        ..RecordType::new("windows", "Windows")
    },
    RecordType {
        fields: &[
            Field::text("username", 128, "The user of version 3."),
            Field::secret("password", 100, "The password for signing messages, 8 characters or more."),
            Field::word("auth_alg", &["MD5", "SHA1"], "How messages are signed."),
            Field::secret("encrypt_password", 100, "The password for encrypting messages."),
            Field::word("priv_alg", &["DES", "AES"], "How messages are encrypted."),
            Field::text("security_engine_id", 64, "The security engine, in hexadecimal.").element("SEC_ENG"),
            Field::text("context_engine_id", 64, "The context engine, in hexadecimal.")
                .element("CONTEXT_ENG"),
            Field::text("context", 64, "The name of the context."),
            Field::secret("community_strings", 2_000, "Communities of versions 1 and 2c, divided by commas."),
            Field::port("The port of the agent.").default("161"),
            Field::word("version", &["v1", "v2c", "v3"], "The version of SNMP.").default("v1"),
        ],
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::Needs("version", "v1", "community_strings"),
            Rule::Needs("version", "v2c", "community_strings"),
            Rule::Needs("version", "v3", "username"),
            Rule::Together(&["password", "auth_alg"]),
            Rule::Together(&["encrypt_password", "priv_alg"]),
            Rule::OnlyWith("encrypt_password", "password"),
        ],
        switch: Some(AuthenticationKind::Snmp),
        signs_in: true,
        ..RecordType::new("snmp", "SNMP")
    },
    RecordType {
        fields: &[
            Field::text("username", 255, "The user to sign in as.").required(),
            PASSWORD,
            Field::port("The port of the management service.").default("443"),
            Field::word("ssl_verify", &["all", "skip", "none"], "Which certificates are looked at.")
                .default("all"),
            Field::list("hosts", 255, "Names that certificates are issued to.").element("HOSTS"),
        ],
        rules: &[Rule::AnyOf(&["ips"]), Rule::AnyOf(&["password", "vault"])],
        vault: true,
        switch: Some(AuthenticationKind::Vmware),
        ..RecordType::new("vmware", "VMware")
    },
    RecordType {
        fields: &[
            Field::text("docker_deamon_conf_file", 255, "The configuration file of the Docker daemon."),
            Field::text("docker_command", 255, "The docker command."),
        ],
        ..RecordType::new("docker", "Docker")
    },
    RecordType {
        fields: &[
            Field::text("username", 255, "The user to sign in as.").required(),
            PASSWORD,
            Field::port("The port of the management service.").default("443"),
            Field::switch("ssl_verify", "1 signs in only where the certificate is good.").default("0"),
        ],
        rules: &[Rule::AnyOf(&["ips"]), Rule::AnyOf(&["password", "vault"])],
        vault: true,
        ..RecordType::new("palo_alto_firewall", "Palo Alto Firewall")
    },
    RecordType {
        fields: &[
            Field::text("username", 255, "The user to sign in as.").required(),
            PASSWORD,
            Field::port("The port of the management service.").default("443"),
            Field::word("ssl_verify", &["all", "skip", "none"], "Which certificates are looked at.")
                .default("all"),
            Field::list("hosts", 255, "Names that certificates are issued to.").element("HOSTS"),
        ],
        rules: &[Rule::AnyOf(&["ips"]), Rule::AnyOf(&["password", "vault"])],
        vault: true,
        ..RecordType::new("vcenter", "vCenter")
    },
];
