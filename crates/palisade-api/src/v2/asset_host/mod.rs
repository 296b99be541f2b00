//! `asset/host/` and `asset/host/vm/detection/`: the hosts that scans have seen, what was detected on
//! them, and purging them.

mod detection;
mod detection_csv;
mod detection_xml;
mod list;
mod purge;
mod selection;
mod update;

use palisade_app::{Error as AppError, TrackingMethod};
use palisade_model::{Action, Resource};
use palisade_wire::XmlWriter;

use crate::example::Need;
use crate::v1::pages::{Disconnected, Pages, log_failure};
use crate::v2::registry::{OperationRow, operation};

const SCANNED: &[Need] = &[Need::SavedReport];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(list::LIST, list::list, &[(Action::List, Resource::Host)], needs: SCANNED),
    operation!(purge::PURGE, purge::purge, &[(Action::Delete, Resource::Host)], needs: SCANNED),
    operation!(update::UPDATE, update::update, &[(Action::Edit, Resource::Host)]),
    operation!(detection::LIST, detection::list, &[(Action::List, Resource::HostVulnerability)], needs: SCANNED),
];

const fn tracking_word(tracking: TrackingMethod) -> &'static str {
    match tracking {
        TrackingMethod::Ip => "IP",
        TrackingMethod::Dns => "DNS",
        TrackingMethod::Netbios => "NETBIOS",
    }
}

/// Closes everything but the root and `RESPONSE`.
fn close_to_response(xml: &mut XmlWriter) {
    xml.close_to_depth(2);
}

/// Ends a list that cannot be carried on: the document says so.
async fn break_off(mut pages: Pages, error: &AppError) -> Result<(), Disconnected> {
    log_failure(error);
    close_to_response(&mut pages.xml);
    pages.xml.element("WARNING", &[], |xml| {
        xml.text("CODE", "999");
        xml.text("TEXT", "Internal Error. The list ends here, incomplete.");
    });
    pages.end().await
}
