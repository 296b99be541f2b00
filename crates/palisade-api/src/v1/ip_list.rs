//! `ip_list.php`: the addresses of the subscription; `asset_ip_list.php` tells more.

use palisade_app::ListHosts;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::asset_ip_list::write_range;

pub const CALL: Call = Call {
    script: "ip_list.php",
    summary: "List addresses in the subscription",
    description: &[
        "Lists the addresses that the caller may see as closed ranges. A range of one address starts and \
         ends with it.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Every user but Contacts, as in asset_ip_list.php.",
    root: "IP_LIST",
    dtd: &dtd::IP_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "Show the addresses." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let listing = request.app.list_hosts(&request.actor, ListHosts::default()).await?;
    let mut xml = request.document();
    xml.element("IP_LIST", &[], |xml| {
        listing.ips.ranges().iter().for_each(|range| write_range(xml, *range));
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
