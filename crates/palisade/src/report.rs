//! Reads SCAN and SCAN_RUNNING_LIST documents, as a client does.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// One finding of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) severity: u8,
    /// `VULN`, `PRACTICE`, `INFO` or `SERVICE`.
    pub(crate) kind: String,
    pub(crate) qid: String,
    pub(crate) title: String,
    /// `443/tcp`, or empty for a finding of the host.
    pub(crate) port: String,
}

impl Row {
    /// Whether it is a vulnerability, confirmed or potential.
    pub(crate) fn is_detection(&self) -> bool {
        self.kind == "VULN" || self.kind == "PRACTICE"
    }

    /// The port as something that sorts by number.
    pub(crate) fn port_key(&self) -> Option<(u32, &str)> {
        let (port, protocol) = self.port.split_once('/')?;
        Some((port.parse().ok()?, protocol))
    }
}

/// One host of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) os: String,
    pub(crate) rows: Vec<Row>,
}

/// A report, as far as the summary needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) hosts: Vec<Host>,
    /// The header's keys.
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) errors: Vec<String>,
}

impl Report {
    pub(crate) fn key(&self, name: &str) -> Option<&str> {
        self.keys.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document; whatever it does not know it passes over.
///
/// # Errors
/// When the document is not well-formed.
pub(crate) fn read(document: &str) -> Result<Report, quick_xml::Error> {
    let mut reader = Reader::from_str(document);
    let mut report = Report::default();
    let mut path: Vec<String> = Vec::new();
    let mut port = String::new();
    let mut key = String::new();
    let mut text = String::new();
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                let name = name_of(&start);
                text.clear();
                match name.as_str() {
                    "IP" => report.hosts.push(Host {
                        address: attribute(&start, "value"),
                        name: attribute(&start, "name"),
                        ..Host::default()
                    }),
                    "CAT" => {
                        let (number, protocol) = (attribute(&start, "port"), attribute(&start, "protocol"));
                        port = if number.is_empty() { String::new() } else { format!("{number}/{protocol}") };
                    }
                    "KEY" => key = attribute(&start, "value"),
                    "VULN" | "PRACTICE" | "INFO" | "SERVICE" => {
                        if let Some(host) = report.hosts.last_mut() {
                            host.rows.push(Row {
                                severity: attribute(&start, "severity").parse().unwrap_or(0),
                                kind: name.clone(),
                                qid: attribute(&start, "number"),
                                title: String::new(),
                                port: port.clone(),
                            });
                        }
                    }
                    _ => {}
                }
                path.push(name);
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::CData(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => text.push_str(entity(&reference)),
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let value = text.trim().to_owned();
                text.clear();
                match (name.as_str(), report.hosts.last_mut()) {
                    ("KEY", _) => report.keys.push((std::mem::take(&mut key), value)),
                    ("ERROR", _) => report.errors.push(value),
                    ("OS", Some(host)) => host.os = value,
                    ("TITLE", Some(host)) => {
                        if let Some(row) = host.rows.last_mut() {
                            row.title = value;
                        }
                    }
                    _ => {}
                }
            }
            Event::Eof => return Ok(report),
            _ => {}
        }
    }
}

/// The text of the first error in a document, or the document's beginning.
pub(crate) fn error_text(document: &str) -> String {
    read(document)
        .ok()
        .and_then(|report| report.errors.into_iter().next())
        .unwrap_or_else(|| document.chars().take(300).collect())
}

/// The text of a GENERIC_RETURN, or the document's beginning.
pub(crate) fn return_text(document: &str) -> String {
    let text = document
        .split_once("<RETURN")
        .and_then(|(_, rest)| rest.split_once('>'))
        .and_then(|(_, rest)| rest.split_once('<'));
    text.map_or_else(|| document.chars().take(300).collect(), |(text, _)| text.trim().to_owned())
}

/// The keys of one scan in a SCAN_RUNNING_LIST; empty when the scan is not in it.
///
/// # Errors
/// When the document is not well-formed.
pub(crate) fn read_running(document: &str, scan: &str) -> Result<Report, quick_xml::Error> {
    let mut reader = Reader::from_str(document);
    let mut report = Report::default();
    let (mut wanted, mut key, mut text) = (false, String::new(), String::new());
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                text.clear();
                match start.name().as_ref() {
                    "SCAN" => wanted = attribute(&start, "value") == scan,
                    "KEY" => key = attribute(&start, "value"),
                    _ => {}
                }
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::CData(piece) => text.push_str(&piece),
            Event::End(end) if wanted && end.name().as_ref() == "KEY" => {
                report.keys.push((std::mem::take(&mut key), text.trim().to_owned()));
            }
            Event::Eof => return Ok(report),
            _ => {}
        }
    }
}

fn name_of(start: &BytesStart<'_>) -> String {
    start.name().as_ref().to_owned()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> String {
    start
        .try_get_attribute(name)
        .ok()
        .flatten()
        .map(|attribute| attribute.value.into_owned())
        .unwrap_or_default()
}

fn entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_whatever_the_order_of_its_parts() {
        let report = read(
            r#"<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE SCAN SYSTEM "https://localhost/scan-1.dtd">
<SCAN value="scan/1400000000.1">
  <IP value="192.0.2.7" name="a.test"><OS><![CDATA[Linux]]></OS>
    <VULNS><CAT value="Web server" port="80" protocol="tcp">
      <VULN number="86473" severity="2"><TITLE><![CDATA[A & B]]></TITLE></VULN></CAT></VULNS>
    <PRACTICES><CAT value="TCP/IP"><PRACTICE number="1" severity="4"><TITLE>x &amp; y</TITLE></PRACTICE></CAT></PRACTICES>
  </IP>
  <HEADER><KEY value="STATUS">FINISHED</KEY></HEADER>
</SCAN>"#,
        )
        .unwrap();
        assert_eq!(report.key("STATUS"), Some("FINISHED"));
        let host = &report.hosts[0];
        assert_eq!((host.address.as_str(), host.os.as_str()), ("192.0.2.7", "Linux"));
        let rows: Vec<_> =
            host.rows.iter().map(|row| (row.kind.as_str(), row.port.as_str(), row.title.as_str())).collect();
        assert_eq!(rows, [("VULN", "80/tcp", "A & B"), ("PRACTICE", "", "x & y")]);
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words() {
        let refusal =
            "<SCAN value=\"None\"><ERROR number=\"5000\">\n  Invalid value for 'ip' : foo.\n</ERROR></SCAN>";
        assert_eq!(error_text(refusal), "Invalid value for 'ip' : foo.");
    }
}
