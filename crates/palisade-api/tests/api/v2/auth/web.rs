//! Types for web servers and what they run.

use crate::v2::Parameters;

crate::v2::auth::types!(
    "apache"
        & [("unix_apache_config_file", "/etc/apache2.conf"), ("unix_apache_control_command", "apachectl")],
    "bind" & [("unix_conf_path", "/etc/bind")],
    "http" & [("username", "scan"), ("password", "a secret")],
    "ibm_websphere" & [("unix_install_dir", "/opt/was")],
    "jboss" & [("home_path", "/opt/jboss")],
    "ms_iis" & [],
    "nginx" & [("unix_configuration_file", "/etc/nginx.conf")],
    "tomcat" & [("installation_path", "/opt/tomcat")],
);

pub(super) fn types() -> &'static [(&'static str, Parameters)] {
    TYPES
}
