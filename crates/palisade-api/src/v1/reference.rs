//! The `ref` parameter of the calls that are about one scan.

use palisade_model::ScanRef;
use palisade_wire::{Arguments, Parameter, ParameterError, ParameterKind};

/// A scan's reference.
pub const REF: Parameter = Parameter::new(
    "ref",
    ParameterKind::ScanRef,
    "scan/1400000000.10001",
    "The reference of the scan, as scan.php and the lists of scans give it.",
)
.required();

/// The reference given.
pub(crate) fn scan_ref(arguments: &Arguments) -> Result<&ScanRef, ParameterError> {
    arguments.scan_ref(&REF).ok_or(ParameterError::Missing { parameter: REF.name })
}
