//! `map_report.php`: one saved map.

use palisade_app::Error as AppError;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::map_stream;

pub const REF: Parameter = Parameter::new(
    "ref",
    ParameterKind::MapRef,
    "map/1400000000.10001",
    "The reference of the map, as map.php and the list of maps give it.",
)
.required();

pub const CALL: Call = Call {
    script: "map_report.php",
    summary: "Read a saved map report",
    description: &["Returns a map that was made with save_report=yes and has ended. One domain a report."],
    parameters: &[REF],
    rules: &[],
    roles: "Manager: all maps. Unit Manager: domains of the business unit. Scanner and Reader: domains of \
            assigned asset groups.",
    root: "MAP",
    dtd: &dtd::MAP,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[("ref", "map/1400000000.10001")], description: "Read one report." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let map = request.arguments.map_ref(&REF).ok_or(ParameterError::Missing { parameter: REF.name })?;
    let view = request.app.map(&request.actor, map).await?;
    if !view.save_report {
        return Err(AppError::UnknownScan.into());
    }
    if !view.status.is_ended() {
        return Err(AppError::ScanRunning.into());
    }
    Ok(map_stream::replay(request, view)?)
}
