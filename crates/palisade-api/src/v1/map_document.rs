//! The MAP document: one renderer for the answers of map.php and map-2.php and for saved reports.

use palisade_app::{About, MapView, StoredMapHost};
use palisade_model::{MapHost, MapPort, ScanStatus};
use palisade_wire::XmlWriter;
use palisade_wire::date_time::{date_time, duration};

use crate::v1::asset_ip_list::write_range;
use crate::v1::scan_document::{report_type, write_asset_groups, write_key, write_option_profile};

/// What there is to say about the map as a whole.
pub(super) fn write_header(xml: &mut XmlWriter, view: &MapView, about: &About, company: &str) {
    let About { web_version, scanner_version, signatures_version } = about;
    let scan_host = format!(
        "{} (Scanner {scanner_version}, Web {web_version}, Vulnerability Signatures {signatures_version})",
        view.scanner_name
    );
    let began_at = view.started_at.unwrap_or(view.launched_at);
    let seconds = view.ended_at.unwrap_or(began_at).as_second() - began_at.as_second();
    xml.element("HEADER", &[], |xml| {
        write_key(xml, "USERNAME", view.user.as_str());
        xml.cdata_with("KEY", &[("value", "COMPANY")], company);
        write_key(xml, "DATE", &date_time(view.launched_at));
        xml.cdata_with("KEY", &[("value", "TITLE")], &view.title);
        xml.cdata_with("KEY", &[("value", "TARGET")], view.domain.as_str());
        write_key(xml, "DURATION", &duration(u64::try_from(seconds).unwrap_or(0)));
        write_key(xml, "SCAN_HOST", &scan_host);
        write_key(xml, "NBHOST_TOTAL", &view.hosts.to_string());
        write_key(xml, "REPORT_TYPE", report_type(view.launch_type, view.option_is_default));
        xml.cdata_with("KEY", &[("value", "OPTIONS")], &options(view));
        write_key(xml, "STATUS", view.status.as_str());
        write_asset_groups(xml, &view.asset_groups);
        xml.element("USER_ENTERED_DOMAINS", &[], |xml| {
            xml.cdata("DOMAIN", view.domain.as_str());
            xml.list("NETBLOCK", view.netblock.ranges(), |xml, range| write_range(xml, *range));
        });
        write_option_profile(xml, &view.option_title, view.option_is_default);
    });
}

/// The option profile, and why the map is not whole if it is not.
fn options(view: &MapView) -> String {
    if view.notes.is_empty() {
        return view.options_text.clone();
    }
    format!("{}, incomplete: {}", view.options_text, view.notes.join("; "))
}

/// One host.
pub(super) fn write_host(xml: &mut XmlWriter, stored: &StoredMapHost) {
    let StoredMapHost { host, approved } = stored;
    let MapHost { address, names, netbios, os, router, ports, discoveries, links } = host;
    let address = address.to_string();
    let account = if *approved { "yes" } else { "no" };
    let attributes = [
        ("value", address.as_str()),
        ("name", names.first().map_or("", String::as_str)),
        ("type", if *router { "router" } else { "" }),
        ("os", os.as_deref().unwrap_or_default()),
        ("account", account),
        ("netbios", netbios.as_deref().unwrap_or_default()),
    ];
    xml.element("IP", &attributes, |xml| {
        for MapPort { transport, port, service } in ports {
            let known =
                if service.is_empty() { transport.to_string() } else { format!("{transport} {service}") };
            xml.text_with("PORT", &[("value", &port.to_string())], &known);
        }
        for discovery in discoveries {
            let method = discovery.method();
            let attributes = [("method", method.as_str())];
            match discovery.port() {
                Some(port) => xml.text_with("DISCOVERY", &attributes, &port.to_string()),
                None => xml.empty("DISCOVERY", &attributes),
            }
        }
        for link in links {
            xml.empty("LINK", &[("value", &link.to_string())]);
        }
    });
}

/// The errors that belong to the end of a map.
pub(super) fn write_outcome(xml: &mut XmlWriter, view: &MapView) {
    let (number, text) = match view.status {
        ScanStatus::NoHostAlive => ("3509", "No host alive. No host was found."),
        ScanStatus::Error => ("3510", "The scanner failed. The results are incomplete."),
        ScanStatus::Finished
        | ScanStatus::Canceled
        | ScanStatus::Queued
        | ScanStatus::Running
        // Maps are not paused.
        | ScanStatus::Pausing
        | ScanStatus::Paused
        | ScanStatus::Resuming
        | ScanStatus::Cancelling => return,
    };
    xml.padded_text("ERROR", &[("number", number)], text);
}
