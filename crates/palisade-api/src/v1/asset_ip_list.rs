//! `asset_ip_list.php`: the addresses of the subscription, and what is known about the hosts.

use palisade_app::{HostListing, HostView, ListHosts, OwnerView, TrackingMethod};
use palisade_model::{IpRange, IpSet};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const DETAILED_RESULTS: Parameter = Parameter::new(
    "detailed_results",
    ParameterKind::ZeroOne,
    "1",
    "1 also lists every host with scan results, with its name, operating system and owner.",
)
.default("0");
pub const DETAILED_NO_RESULTS: Parameter = Parameter::new(
    "detailed_no_results",
    ParameterKind::ZeroOne,
    "1",
    "1 also lists the addresses without scan results, by tracking method.",
)
.default("0");

pub const CALL: Call = Call {
    script: "asset_ip_list.php",
    summary: "List hosts in the subscription",
    description: &[
        "Lists the addresses that the caller may see as closed ranges. A range of one address starts and \
         ends with it.",
    ],
    parameters: &[DETAILED_RESULTS, DETAILED_NO_RESULTS],
    rules: &[],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups. Auditor: hosts in policy compliance.",
    root: "HOST_LIST",
    dtd: &dtd::IP_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("detailed_results", "1")],
        description: "List the addresses, and what is known about the scanned hosts.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let wanted = ListHosts {
        results: request.arguments.switch(&DETAILED_RESULTS),
        no_results: request.arguments.switch(&DETAILED_NO_RESULTS),
    };
    let listing = request.app.list_hosts(&request.actor, wanted).await?;
    let mut xml = request.document();
    write_listing(&mut xml, &listing);
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_listing(xml: &mut XmlWriter, listing: &HostListing) {
    let HostListing { ips, results, no_results } = listing;
    xml.element("HOST_LIST", &[], |xml| {
        write_ips(xml, ips);
        if let Some(hosts) = results {
            xml.element("RESULTS", &[], |xml| hosts.iter().for_each(|host| write_host(xml, host)));
        }
        if let Some(groups) = no_results {
            xml.element("NO_RESULTS", &[], |xml| {
                let groups = groups.iter().filter(|(_, ips)| !ips.is_empty());
                xml.list("TRACKING_METHOD_LIST", groups, |xml, (tracking, ips)| {
                    xml.element("TRACKING_METHOD", &[], |xml| {
                        xml.cdata("VALUE", tracking_title(*tracking));
                        write_ips(xml, ips);
                    });
                });
            });
        }
    });
}

fn write_ips(xml: &mut XmlWriter, ips: &IpSet) {
    xml.list("IP_LIST", ips.ranges(), |xml, range| write_range(xml, *range));
}

/// A closed range of addresses.
pub(super) fn write_range(xml: &mut XmlWriter, range: IpRange) {
    xml.element("RANGE", &[], |xml| {
        xml.cdata("START", &range.first().to_string());
        xml.cdata("END", &range.last().to_string());
    });
}

fn write_host(xml: &mut XmlWriter, host: &HostView) {
    let HostView { ip, tracking, dns, netbios, os, owner, comment, last_scan_at } = host;
    xml.element("HOST", &[], |xml| {
        xml.cdata("IP", &ip.to_string());
        xml.element("TRACKING_METHOD", &[], |xml| xml.cdata("VALUE", tracking_title(*tracking)));
        xml.optional_cdata("DNS", dns.as_deref());
        xml.optional_cdata("NETBIOS", netbios.as_deref());
        xml.optional_cdata("OPERATING_SYSTEM", os.as_deref());
        if let Some(OwnerView { first_name, last_name, login }) = owner {
            xml.element("OWNER", &[], |xml| {
                xml.cdata("FIRSTNAME", first_name);
                xml.cdata("LASTNAME", last_name);
                xml.cdata("USER_LOGIN", login.as_str());
            });
        }
        if let Some(comment) = comment {
            xml.element("COMMENT", &[], |xml| xml.cdata("VALUE", comment));
        }
        xml.text("LAST_SCAN_DATE", &date_time(*last_scan_at));
    });
}

pub(super) const fn tracking_title(tracking: TrackingMethod) -> &'static str {
    match tracking {
        TrackingMethod::Ip => "IP address",
        TrackingMethod::Dns => "DNS hostname",
        TrackingMethod::Netbios => "NetBIOS hostname",
    }
}
