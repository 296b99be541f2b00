//! Types of records for web servers and what they run. Most of them sign in through the host's Unix
//! or Windows record and say only where something is installed.

use super::field::{Field, Rule};
use super::kind::RecordType;
use crate::option_profile::AuthenticationKind;

const CONFIGURATION: &str = "The configuration file.";

pub(super) const TYPES: &[RecordType] = &[
    RecordType {
        fields: &[
            Field::text("username", 255, "The user to sign in as.").required(),
            Field::secret("password", 100, "The password."),
            Field::switch("ssl", "1 signs in through TLS only.").default("0"),
            Field::text("vhost", 255, "The name of the virtual host to sign in to."),
            Field::text("realm", 255, "The realm to sign in to, wherever it is."),
        ],
        rules: &[Rule::AnyOf(&["password", "vault"]), Rule::OneOf(&["vhost", "realm", "ips"])],
        vault: true,
        switch: Some(AuthenticationKind::Http),
        signs_in: true,
        ..RecordType::new("http", "HTTP")
    },
    RecordType {
        fields: &[
            Field::text("unix_apache_config_file", 255, CONFIGURATION),
            Field::text("unix_apache_control_command", 255, "The control command, for example apachectl."),
            Field::text("windows_apache_config_file", 255, "The configuration file on Windows."),
            Field::text("windows_apache_control_command", 255, "The control command on Windows."),
        ],
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::AnyOf(&["unix_apache_config_file", "windows_apache_config_file"]),
            Rule::Together(&["unix_apache_config_file", "unix_apache_control_command"]),
            Rule::Together(&["windows_apache_config_file", "windows_apache_control_command"]),
        ],
        distinct_by: &["unix_apache_config_file", "windows_apache_config_file"],
        ..RecordType::new("apache", "Apache")
    },
    RecordType::new("ms_iis", "MS IIS"),
    RecordType {
        fields: &[Field::text("unix_install_dir", 255, "Where the server is installed.").required()],
        distinct_by: &["unix_install_dir"],
        ..RecordType::new("ibm_websphere", "IBM WebSphere")
    },
    RecordType {
        fields: &[
            Field::text("installation_path", 255, "Where the server is installed.").required(),
            Field::text("instance_path", 255, "Where the instance is."),
            Field::switch("auto_discover_instances", "1 looks for instances.").default("0"),
        ],
        distinct_by: &["installation_path", "instance_path"],
        ..RecordType::new("tomcat", "Tomcat")
    },
    RecordType {
        fields: &[
            Field::text("unix_configuration_file", 255, CONFIGURATION).required(),
            Field::text("unix_command", 255, "The command of the server."),
        ],
        distinct_by: &["unix_configuration_file"],
        ..RecordType::new("nginx", "Nginx")
    },
    RecordType {
        fields: &[
            Field::text("unix_conf_path", 255, "Where the configuration is.").required(),
            Field::text("unix_command", 255, "The command of the server."),
        ],
        distinct_by: &["unix_conf_path"],
        ..RecordType::new("bind", "BIND")
    },
    RecordType {
        fields: &[
            Field::text("home_path", 255, "Where the server is installed.").required(),
            Field::text("base_path", 255, "Where its instances are."),
            Field::text("conf_path", 255, "Where its configuration is."),
        ],
        distinct_by: &["home_path"],
        ..RecordType::new("jboss", "JBoss")
    },
];
