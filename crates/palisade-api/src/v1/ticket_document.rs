//! A ticket, as `ticket_list.php` and `get_tickets.php` write it.

use palisade_app::{PersonView, Ticket, TicketChange, TicketPage, TicketView};
use palisade_kb::{Entry, Reference};
use palisade_model::{FindingKind, Timestamp};
use palisade_wire::XmlWriter;
use palisade_wire::date_time::date_time;

use crate::v1::vulnerability::{filled, write_correlation};

/// How references of vendors are written: the two calls differ in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VendorForm {
    /// `VENDOR_REF` with the reference as its text.
    Text,
    /// `VENDOR` with the reference as an attribute and the link as its text.
    Attribute,
}

/// What of a ticket is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) details: bool,
    pub(super) host_id: bool,
    pub(super) vendor: VendorForm,
}

/// Writes one ticket of the page; `entry` is that of its QID.
pub(super) fn write_ticket(
    xml: &mut XmlWriter,
    page: &TicketPage,
    view: &TicketView,
    entry: &Entry,
    shown: Shown,
) {
    let TicketView { ticket, invalid, changes } = view;
    xml.element("TICKET", &[], |xml| {
        xml.text("NUMBER", &ticket.number.to_string());
        xml.text("CREATION_DATETIME", &date_time(ticket.created_at));
        xml.text("DUE_DATETIME", &date_time(ticket.due_at));
        xml.text("CURRENT_STATE", ticket.state.word());
        xml.optional_text("CURRENT_STATUS", ticket.state.status());
        xml.text("INVALID", if *invalid { "1" } else { "0" });
        write_person(xml, "ASSIGNEE", &page.person(&ticket.assignee));
        write_detection(xml, ticket, shown.host_id);
        write_stats(xml, ticket);
        xml.list("HISTORY_LIST", changes, |xml, change| write_change(xml, page, change));
        write_vulnerability(xml, entry, shown.vendor);
        if shown.details {
            xml.element("DETAILS", &[], |xml| {
                xml.optional_cdata("DIAGNOSIS", filled(&entry.threat));
                xml.optional_cdata("CONSEQUENCE", filled(&entry.impact));
                xml.optional_cdata("SOLUTION", filled(&entry.solution));
                write_correlation(xml, entry, "EXPLOITABILITY");
                xml.optional_cdata("RESULT", filled(&ticket.result));
            });
        }
    });
}

fn write_person(xml: &mut XmlWriter, element: &'static str, person: &PersonView) {
    let PersonView { name, email, login } = person;
    xml.element(element, &[], |xml| {
        xml.cdata("NAME", name);
        xml.cdata("EMAIL", email);
        xml.text("LOGIN", login.as_str());
    });
}

fn write_detection(xml: &mut XmlWriter, ticket: &Ticket, host_id: bool) {
    xml.element("DETECTION", &[], |xml| {
        xml.text("IP", &ticket.ip.to_string());
        xml.optional_cdata("DNSNAME", ticket.dns_name.as_deref());
        xml.optional_cdata("NBHNAME", ticket.netbios_name.as_deref());
        if let Some((port, transport)) = ticket.key.port {
            xml.text("PORT", &port.to_string());
            xml.optional_text("SERVICE", ticket.service.as_deref().and_then(filled));
            xml.text("PROTOCOL", transport.as_str());
        }
        xml.optional_text("SSL", ticket.tls.then_some("1"));
        if host_id {
            xml.text("HOST_ID", &ticket.host_id.to_string());
        }
    });
}

fn write_stats(xml: &mut XmlWriter, ticket: &Ticket) {
    let optional = |at: Option<Timestamp>| at.map(date_time);
    xml.element("STATS", &[], |xml| {
        xml.text("FIRST_FOUND_DATETIME", &date_time(ticket.first_found_at));
        xml.text("LAST_FOUND_DATETIME", &date_time(ticket.last_found_at));
        xml.text("LAST_SCAN_DATETIME", &date_time(ticket.last_tested_at));
        xml.text("TIMES_FOUND", &ticket.times_found.to_string());
        let missed = Some(ticket.times_not_found).filter(|times| *times > 0);
        xml.text("TIMES_NOT_FOUND", &missed.map_or_else(String::new, |times| times.to_string()));
        xml.optional_text("LAST_OPEN_DATETIME", optional(ticket.opened_at).as_deref());
        xml.optional_text("LAST_RESOLVED_DATETIME", optional(ticket.resolved_at).as_deref());
        xml.optional_text("LAST_CLOSED_DATETIME", optional(ticket.closed_at).as_deref());
        xml.optional_text("LAST_IGNORED_DATETIME", optional(ticket.ignored_at).as_deref());
    });
}

fn write_change(xml: &mut XmlWriter, page: &TicketPage, change: &TicketChange) {
    let TicketChange {
        number: _, // that of the ticket around
        at,
        actor,
        old_state,
        new_state,
        added_assignee,
        removed_assignee,
        scan,
        rule,
        comment,
    } = change;
    xml.element("HISTORY", &[], |xml| {
        xml.text("DATETIME", &date_time(*at));
        xml.text("ACTOR", actor);
        if let Some(new) = new_state {
            xml.element("STATE", &[], |xml| {
                xml.optional_text("OLD", old_state.map(palisade_model::TicketState::word));
                xml.text("NEW", new.word());
            });
        }
        if let Some(login) = added_assignee {
            write_person(xml, "ADDED_ASSIGNEE", &page.person(login));
        }
        if let Some(login) = removed_assignee {
            write_person(xml, "REMOVED_ASSIGNEE", &page.person(login));
        }
        if let Some((reference, launched_at)) = scan {
            xml.element("SCAN", &[], |xml| {
                xml.text("REF", &reference.to_string());
                xml.text("DATETIME", &date_time(*launched_at));
            });
        }
        xml.optional_cdata("RULE", rule.as_deref());
        xml.optional_cdata("COMMENT", comment.as_deref());
    });
}

fn write_vulnerability(xml: &mut XmlWriter, entry: &Entry, vendor: VendorForm) {
    xml.element("VULNINFO", &[], |xml| {
        xml.cdata("TITLE", &entry.title);
        xml.text("TYPE", if entry.kind == FindingKind::Potential { "POSS" } else { "VULN" });
        xml.text("QID", &entry.qid.to_string());
        xml.text("SEVERITY", &entry.severity.to_string());
        xml.text("STANDARD_SEVERITY", &entry.standard_severity.to_string());
        xml.list("CVE_ID_LIST", &entry.cves, |xml, cve| xml.cdata("CVE_ID", cve));
        xml.list("VENDOR_REF_LIST", &entry.vendor_references, |xml, Reference { id, url }| match vendor {
            VendorForm::Text => xml.cdata("VENDOR_REF", id),
            VendorForm::Attribute => xml.cdata_with("VENDOR", &[("ref", id)], url),
        });
    });
}
