//! The application behind a web server that does not name itself in `Server`: by its other headers,
//! its title, or the beginning of its front page.

use std::sync::LazyLock;

use palisade_model::fact::{HttpFacts, Product};
use regex::Regex;

use super::cpe;

/// Where a rule looks.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// A header, by lower-case name.
    Header(&'static str),
    Title,
    Body,
}

/// One telling text. Group 1 of the pattern, if it matches, is the version.
struct Rule {
    place: Place,
    pattern: &'static str,
    vendor: &'static str,
    name: &'static str,
    cpe: &'static str,
}

const fn rule(
    place: Place,
    pattern: &'static str,
    vendor: &'static str,
    name: &'static str,
    cpe: &'static str,
) -> Rule {
    Rule { place, pattern, vendor, name, cpe }
}

use Place::{Body, Header, Title};

/// Narrow ones first.
const RULES: &[Rule] = &[
    // Stores and their interfaces.
    rule(
        Body,
        r#"(?s)"cluster_name".*"number"\s*:\s*"(\d[\w.]*)".*"distribution"\s*:\s*"opensearch"|"distribution"\s*:\s*"opensearch""#,
        "OpenSearch",
        "OpenSearch",
        "a:amazon:opensearch",
    ),
    rule(
        Body,
        r#"(?s)"cluster_name".*"number"\s*:\s*"(\d[\w.]*)".*"lucene_version""#,
        "Elastic",
        "Elasticsearch",
        "a:elastic:elasticsearch",
    ),
    rule(Header("x-elastic-product"), "Elasticsearch", "Elastic", "Elasticsearch", "a:elastic:elasticsearch"),
    rule(Body, r#"^\{"couchdb":"Welcome","version":"(\d[\w.]*)""#, "Apache", "CouchDB", "a:apache:couchdb"),
    rule(Header("x-influxdb-version"), r"^v?(\d[\w.]*)", "InfluxData", "InfluxDB", "a:influxdata:influxdb"),
    rule(
        Header("x-clickhouse-server-display-name"),
        ".",
        "ClickHouse",
        "ClickHouse",
        "a:clickhouse:clickhouse",
    ),
    rule(Header("x-clickhouse-exception-code"), ".", "ClickHouse", "ClickHouse", "a:clickhouse:clickhouse"),
    rule(Body, r#"(?s)"neo4j_version"\s*:\s*"(\d[\w.]*)""#, "Neo4j", "Neo4j", "a:neo4j:neo4j"),
    rule(Header("kbn-name"), ".", "Elastic", "Kibana", "a:elastic:kibana"),
    rule(Title, "^Solr Admin$", "Apache", "Solr", "a:apache:solr"),
    // Platforms.
    rule(
        Body,
        r#"(?s)"kind"\s*:\s*"Status".*"apiVersion"\s*:\s*"v1""#,
        "Kubernetes",
        "Kubernetes API server",
        "a:kubernetes:kubernetes",
    ),
    rule(Body, r#"^\{"message":"page not found"\}"#, "Docker", "Docker Engine", "a:docker:docker"),
    rule(Title, "^Consul by HashiCorp", "HashiCorp", "Consul", "a:hashicorp:consul"),
    rule(Title, "^(?:HashiCorp )?Vault$", "HashiCorp", "Vault", "a:hashicorp:vault"),
    rule(Title, "^Nomad$", "HashiCorp", "Nomad", "a:hashicorp:nomad"),
    rule(Title, "^RabbitMQ Management$", "Broadcom", "RabbitMQ", "a:vmware:rabbitmq"),
    rule(Title, "^Prometheus Time Series", "Prometheus", "Prometheus", "a:prometheus:prometheus"),
    rule(Title, "^Grafana$", "Grafana Labs", "Grafana", "a:grafana:grafana"),
    rule(Title, "^Zabbix", "Zabbix", "Zabbix", "a:zabbix:zabbix"),
    rule(Title, "(?i)^nagios(?: core|:)?", "Nagios", "Nagios", "a:nagios:nagios"),
    rule(Title, r"(?i)^Portainer", "Portainer", "Portainer", "a:portainer:portainer"),
    // Building and keeping software.
    rule(Header("x-jenkins"), r"^(\d[\w.]*)", "Jenkins", "Jenkins", "a:jenkins:jenkins"),
    rule(Title, "SonarQube", "SonarSource", "SonarQube", "a:sonarsource:sonarqube"),
    rule(Title, "GitLab$", "GitLab", "GitLab", "a:gitlab:gitlab"),
    rule(Body, r#"content="Gitea - |Powered by Gitea"#, "Gitea", "Gitea", "a:gitea:gitea"),
    rule(
        Body,
        r"JIRA_VERSION|ajs-version-number. content=.(\d[\w.]*)",
        "Atlassian",
        "Jira",
        "a:atlassian:jira",
    ),
    rule(
        Header("x-confluence-request-time"),
        ".",
        "Atlassian",
        "Confluence",
        "a:atlassian:confluence_server",
    ),
    // Pages and shops.
    rule(
        Body,
        r#"name="generator" content="WordPress (\d[\w.]*)""#,
        "WordPress",
        "WordPress",
        "a:wordpress:wordpress",
    ),
    rule(Header("x-generator"), r"^Drupal (\d[\w.]*)", "Drupal", "Drupal", "a:drupal:drupal"),
    rule(Body, r#"name="generator" content="Joomla!"#, "Joomla", "Joomla!", "a:joomla:joomla\\!"),
    rule(Body, r#"name="generator" content="TYPO3 CMS"#, "TYPO3", "TYPO3", "a:typo3:typo3"),
    rule(
        Body,
        r#"name="generator" content="MediaWiki (\d[\w.]*)"#,
        "MediaWiki",
        "MediaWiki",
        "a:mediawiki:mediawiki",
    ),
    rule(Title, "^phpMyAdmin", "phpMyAdmin", "phpMyAdmin", "a:phpmyadmin:phpmyadmin"),
    rule(Title, "^Roundcube Webmail", "Roundcube", "Roundcube", "a:roundcube:webmail"),
    rule(Title, "^Outlook(?: Web App)?$", "Microsoft", "Exchange Server", "a:microsoft:exchange_server"),
    rule(Title, "^(?:Nextcloud|Login – Nextcloud)", "Nextcloud", "Nextcloud", "a:nextcloud:nextcloud_server"),
    // Application servers.
    rule(Title, r"^Apache Tomcat/(\d[\w.]*)", "Apache", "Tomcat", "a:apache:tomcat"),
    rule(Body, r"<h3>Apache Tomcat/(\d[\w.]*)</h3>", "Apache", "Tomcat", "a:apache:tomcat"),
    rule(Title, "^Error 404--Not Found$", "Oracle", "WebLogic Server", "a:oracle:weblogic_server"),
    rule(Header("x-powered-by"), r"(?i)^JBoss|Undertow", "Red Hat", "JBoss", "a:redhat:jboss"),
    rule(Header("x-powered-by"), r"^Express$", "OpenJS", "Express", "a:openjsf:express"),
    rule(Header("x-powered-by"), r"^PHP/(\d[\w.]*)", "PHP", "PHP", "a:php:php"),
    rule(Header("x-powered-by"), r"^ASP\.NET", "Microsoft", "ASP.NET", "a:microsoft:asp.net"),
    // Devices.
    rule(Title, "^RouterOS router configuration page", "MikroTik", "RouterOS", "o:mikrotik:routeros"),
    rule(Title, "pfSense", "Netgate", "pfSense", "a:netgate:pfsense"),
    rule(Title, "OPNsense", "OPNsense", "OPNsense", "a:opnsense:opnsense"),
    rule(Title, "LuCI", "OpenWrt", "LuCI", "a:openwrt:luci"),
    rule(
        Title,
        "^Synology|Synology DiskStation",
        "Synology",
        "DiskStation Manager",
        "a:synology:diskstation_manager",
    ),
    rule(Title, r"^QNAP|QTS", "QNAP", "QTS", "o:qnap:qts"),
    rule(Title, "^UniFi", "Ubiquiti", "UniFi", "a:ui:unifi_network_application"),
    rule(Body, r"ID_EESX_Welcome|content=.VMware ESXi", "VMware", "ESXi", "o:vmware:esxi"),
    rule(Title, "iDRAC", "Dell", "iDRAC", ""),
    rule(Body, r"/remote/login|fgt_lang", "Fortinet", "FortiGate", "o:fortinet:fortios"),
];

static COMPILED: LazyLock<Vec<(&'static Rule, Regex)>> =
    LazyLock::new(|| RULES.iter().filter_map(|rule| Some((rule, Regex::new(rule.pattern).ok()?))).collect());

/// The application, from everything the front page shows but the `Server` header.
#[must_use]
pub fn web_product(http: &HttpFacts) -> Option<Product> {
    COMPILED.iter().find_map(|(rule, pattern)| {
        let text = match rule.place {
            Header(name) => http.header.get(name)?.as_str(),
            Title => http.title.as_deref()?,
            Body => http.body.as_str(),
        };
        let captures = pattern.captures(text)?;
        let version = captures.get(1).map(|found| found.as_str().trim_end_matches('.').to_owned());
        Some(Product {
            vendor: rule.vendor.to_owned(),
            name: rule.name.to_owned(),
            cpe: (!rule.cpe.is_empty()).then(|| cpe(rule.cpe, version.as_deref())),
            version,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(header: &[(&str, &str)], title: &str, body: &str) -> HttpFacts {
        HttpFacts {
            header: header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            title: (!title.is_empty()).then(|| title.to_owned()),
            body: body.to_owned(),
            ..HttpFacts::default()
        }
    }

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len());
    }

    #[test]
    fn applications_are_known_by_their_pages() {
        let elastic = "{\n  \"name\" : \"n\",\n  \"cluster_name\" : \"c\",\n  \"version\" : {\n    \"number\" : \"8.11.1\",\n    \"lucene_version\" : \"9.8.0\"\n  }\n}";
        let cases = [
            (page(&[], "", elastic), "Elasticsearch", Some("8.11.1")),
            (page(&[], "", "{\"couchdb\":\"Welcome\",\"version\":\"3.3.2\"}"), "CouchDB", Some("3.3.2")),
            (page(&[("x-influxdb-version", "v2.7.4")], "", ""), "InfluxDB", Some("2.7.4")),
            (page(&[("x-jenkins", "2.426.1")], "Dashboard", ""), "Jenkins", Some("2.426.1")),
            (page(&[], "", "{\"kind\":\"Status\",\"apiVersion\":\"v1\"}"), "Kubernetes API server", None),
            (page(&[("x-powered-by", "PHP/8.2.7")], "", ""), "PHP", Some("8.2.7")),
            (page(&[], "Apache Tomcat/9.0.70", ""), "Tomcat", Some("9.0.70")),
            (page(&[], "Grafana", ""), "Grafana", None),
        ];
        for (page, name, version) in cases {
            let product = web_product(&page).unwrap_or_else(|| panic!("{name}"));
            assert_eq!((product.name.as_str(), product.version.as_deref()), (name, version));
        }
        for nobody in [
            page(&[], "Home", "welcome"),
            page(&[("x-powered-by", "coffee")], "My Grafana blog", "{\"version\":\"1\"}"),
        ] {
            assert_eq!(web_product(&nobody), None);
        }
    }
}
