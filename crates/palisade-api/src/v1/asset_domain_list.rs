//! `asset_domain_list.php`: the domains of the subscription, with their netblocks.

use palisade_app::DomainView;
use palisade_wire::{Call, ErrorForm, Example, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::asset_ip_list::write_range;

pub const CALL: Call = Call {
    script: "asset_domain_list.php",
    summary: "List the domains in the subscription",
    description: &[
        "Lists the domains that the caller may see by name, each with the addresses that belong to it as \
         closed ranges. The domain none stands for addresses without a domain.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager: all domains. Unit Manager: those of the business unit. Scanner and Reader: those of \
            assigned asset groups.",
    root: "DOMAIN_LIST",
    dtd: &dtd::DOMAIN_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "Show the domains." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let domains = request.app.list_domains(&request.actor).await?;
    let mut xml = request.document();
    xml.element("DOMAIN_LIST", &[], |xml| {
        for domain in &domains {
            write_domain(xml, domain, true);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

/// A domain, with its number if that is wanted.
pub(crate) fn write_domain(xml: &mut XmlWriter, domain: &DomainView, with_id: bool) {
    let DomainView { id, name, netblock } = domain;
    xml.element("DOMAIN", &[], |xml| {
        xml.cdata("DOMAIN_NAME", name.as_str());
        if with_id {
            xml.text("DOMAIN_ID", &id.to_string());
        }
        xml.list("NETBLOCK", netblock.ranges(), |xml, range| write_range(xml, *range));
    });
}
