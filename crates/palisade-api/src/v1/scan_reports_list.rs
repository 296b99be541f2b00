//! `scan_reports_list.php`: another spelling of `scan_report_list.php` that scripts use.

use palisade_wire::Call;

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::scan_report_list;

pub const CALL: Call = Call {
    script: "scan_reports_list.php",
    summary: "List saved scan reports (another spelling)",
    ..scan_report_list::CALL
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    scan_report_list::handle(request).await
}
