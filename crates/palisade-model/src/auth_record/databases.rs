//! Types of records for databases.

use super::field::{Field, KEY_CHARACTERS_MAX, Rule};
use super::kind::RecordType;
use crate::option_profile::AuthenticationKind;

const USERNAME: Field = Field::text("username", 255, "The user to sign in as.").required();
const PASSWORD: Field = Field::secret("password", 100, "The password.");
const SSL_VERIFY: Field =
    Field::switch("ssl_verify", "1 signs in only where the certificate is good.").default("0");
const HOSTS: Field = Field::list("hosts", 255, "Names that certificates are issued to.").element("HOSTS");
const CLIENT_CERT: Field =
    Field::secret("client_cert", KEY_CHARACTERS_MAX, "The client's certificate, as PEM.");
const CLIENT_KEY: Field =
    Field::secret("client_key", KEY_CHARACTERS_MAX, "The key of the certificate, as PEM.");
const PC_ONLY: Field = Field::switch("pc_only", "1 uses the record for compliance scans only.").default("0");
/// A password, or a vault that has it.
const SIGNED_IN: &[Rule] = &[Rule::AnyOf(&["ips"]), Rule::AnyOf(&["password", "vault"])];

const fn windows_path(name: &'static str) -> Field {
    Field::text(name, 255, "A path on Windows.").group("WINDOWS_OS_OPTIONS")
}

const fn unix_path(name: &'static str) -> Field {
    Field::text(name, 255, "A path on Unix.").group("UNIX_OS_OPTIONS")
}

const MYSQL_FIELDS: &[Field] = &[
    USERNAME,
    PASSWORD,
    Field::text("database", 255, "The database to sign in to.").required(),
    Field::port("The port.").default("3306"),
    SSL_VERIFY,
    HOSTS,
    Field::text("windows_config_file", 255, "The configuration file on Windows.")
        .element("WINDOWS_CONF_PATH"),
    Field::text("unix_config_file", 255, "The configuration file on Unix.").element("UNIX_CONF_PATH"),
    CLIENT_CERT,
    CLIENT_KEY,
];

/// The type for MySQL, and for what descends from it.
const fn mysql_type(word: &'static str, title: &'static str) -> RecordType {
    RecordType {
        fields: MYSQL_FIELDS,
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::AnyOf(&["password", "vault"]),
            Rule::Together(&["client_cert", "client_key"]),
        ],
        vault: true,
        distinct_by: &["port"],
        switch: Some(AuthenticationKind::Mysql),
        signs_in: true,
        ..RecordType::new(word, title)
    }
}

pub(super) const TYPES: &[RecordType] = &[
    RecordType {
        fields: &[
            USERNAME,
            PASSWORD,
            Field::text("sid", 255, "The instance, by its system identifier."),
            Field::text("servicename", 255, "The instance, by its service name."),
            Field::port("The port; all when none is given."),
            PC_ONLY,
            Field::switch("perform_windows_os_checks", "1 looks at the files below on Windows.")
                .element("WINDOWS_OS_CHECKS")
                .default("0"),
            windows_path("win_ora_home_name"),
            windows_path("win_ora_home_path"),
            windows_path("win_init_ora_path"),
            windows_path("win_spfile_ora_path"),
            windows_path("win_listener_ora_path"),
            windows_path("win_sqlnet_ora_path"),
            windows_path("win_tnsnames_ora_path"),
            Field::switch("perform_unix_opatch_checks", "1 looks at the installed patches on Unix.")
                .element("UNIX_OPATCH_CHECKS")
                .default("0"),
            Field::switch("perform_unix_os_checks", "1 looks at the files below on Unix.")
                .element("UNIX_OS_CHECKS")
                .default("0"),
            unix_path("unix_ora_home_path"),
            unix_path("unix_init_ora_path"),
            unix_path("unix_spfile_ora_path"),
            unix_path("unix_listener_ora_path"),
            unix_path("unix_sqlnet_ora_path"),
            unix_path("unix_tnsnames_ora_path"),
            unix_path("unix_invptrloc"),
        ],
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::AnyOf(&["password", "vault"]),
            Rule::OneOf(&["sid", "servicename"]),
        ],
        vault: true,
        distinct_by: &["port", "sid", "servicename"],
        switch: Some(AuthenticationKind::Oracle),
        ..RecordType::new("oracle", "Oracle")
    },
    RecordType {
        fields: &[PASSWORD.required()],
        switch: Some(AuthenticationKind::OracleListener),
        ..RecordType::new("oracle_listener", "Oracle Listener")
    },
    RecordType {
        fields: &[
            USERNAME,
            PASSWORD,
            Field::text("instance", 128, "The instance; MSSQLSERVER when none is given."),
            Field::switch("auto_discover_instances", "1 looks for instances."),
            Field::text("database", 128, "The database; master when none is given."),
            Field::switch("auto_discover_databases", "1 looks for databases."),
            Field::port("The port; 1433 when none is given."),
            Field::switch("auto_discover_ports", "1 looks for ports."),
            Field::switch("db_local", "1: the user is the database's; 0: of the Windows domain.")
                .default("1"),
            Field::text("windows_domain", 255, "The domain of the user."),
            Field::text("member_domain", 255, "The domain whose members are signed in to."),
        ],
        rules: &[
            Rule::OneOf(&["ips", "member_domain"]),
            Rule::AnyOf(&["password", "vault"]),
            Rule::Exclusive(&["instance", "auto_discover_instances"]),
            Rule::Exclusive(&["database", "auto_discover_databases"]),
            Rule::Exclusive(&["port", "auto_discover_ports"]),
            Rule::Needs("db_local", "0", "windows_domain"),
        ],
        vault: true,
        distinct_by: &["port", "instance", "database"],
        ..RecordType::new("ms_sql", "MS SQL")
    },
    RecordType {
        fields: &[
            Field::text("username", 13, "The user to sign in as.").required(),
            PASSWORD.required(),
            Field::text("database", 8, "The database to sign in to.").required(),
            Field::port("The port.").required(),
            PC_ONLY,
            windows_path("win_db2dir"),
            windows_path("win_prilogfile"),
            windows_path("win_seclogfile"),
            windows_path("win_terlogfile"),
            windows_path("win_mirlogfile"),
            unix_path("unix_db2dir"),
            unix_path("unix_prilogfile"),
            unix_path("unix_seclogfile"),
            unix_path("unix_terlogfile"),
            unix_path("unix_mirlogfile"),
        ],
        distinct_by: &["port", "database"],
        switch: Some(AuthenticationKind::Db2),
        ..RecordType::new("ibm_db2", "IBM DB2")
    },
    mysql_type("mysql", "MySQL"),
    mysql_type("mariadb", "MariaDB"),
    RecordType {
        fields: &[
            USERNAME,
            PASSWORD,
            Field::port("The port.").required(),
            Field::text("database", 255, "The database to sign in to."),
            Field::switch("auto_discover_databases", "1 looks for databases."),
            Field::text("installation_dir", 255, "Where the server is installed on Unix."),
            Field::switch("password_encryption", "1 encrypts the password on its way.").default("0"),
        ],
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::AnyOf(&["password", "vault"]),
            Rule::OneOf(&["database", "auto_discover_databases"]),
        ],
        vault: true,
        distinct_by: &["port", "database"],
        ..RecordType::new("sybase", "Sybase")
    },
    RecordType {
        fields: &[
            USERNAME,
            PASSWORD,
            Field::text("pgsql_db_name", 255, "The database; postgres when none is given."),
            Field::port("The port.").default("5432"),
            Field::text("pgsql_unix_conf_path", 255, "The configuration file on Unix."),
            Field::text("pgsql_win_conf_path", 255, "The configuration file on Windows."),
            SSL_VERIFY,
            HOSTS,
            CLIENT_CERT,
            CLIENT_KEY,
            Field::secret("passphrase", 255, "What the client's key is encrypted with."),
        ],
        rules: &[
            Rule::AnyOf(&["ips"]),
            Rule::AnyOf(&["password", "vault"]),
            Rule::Together(&["client_cert", "client_key"]),
            Rule::OnlyWith("passphrase", "client_key"),
        ],
        vault: true,
        distinct_by: &["port"],
        switch: Some(AuthenticationKind::Postgresql),
        signs_in: true,
        ..RecordType::new("postgresql", "PostgreSQL")
    },
    RecordType {
        fields: &[
            USERNAME,
            PASSWORD,
            Field::text("database", 255, "The database to sign in to.").default("admin"),
            Field::port("The port.").default("27017"),
            Field::text("unix_conf_path", 255, "The configuration file on Unix."),
            SSL_VERIFY,
            HOSTS,
        ],
        rules: SIGNED_IN,
        vault: true,
        distinct_by: &["port"],
        ..RecordType::new("mongodb", "MongoDB")
    },
];
