//! The `ref` parameter of the calls that are about one scan or map.

use palisade_model::{MapRef, ScanRef};
use palisade_wire::{Arguments, Parameter, ParameterError, ParameterKind};

/// A scan's reference.
pub const REF: Parameter = Parameter::new(
    "ref",
    ParameterKind::ScanRef,
    "scan/1400000000.10001",
    "The reference of the scan, as scan.php and the lists of scans give it.",
)
.required();

/// The reference of a scan or a map.
pub const SCAN_OR_MAP: Parameter = Parameter::new(
    "ref",
    ParameterKind::ScanOrMapRef,
    "scan/1400000000.10001",
    "The reference of the scan or map, as scan.php, map.php and the lists give it.",
)
.required();

/// One of the two.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ScanOrMap<'a> {
    Scan(&'a ScanRef),
    Map(&'a MapRef),
}

/// The reference given.
pub(crate) fn scan_ref(arguments: &Arguments) -> Result<&ScanRef, ParameterError> {
    arguments.scan_ref(&REF).ok_or(ParameterError::Missing { parameter: REF.name })
}

/// The reference given, of a scan or a map.
pub(crate) fn scan_or_map(arguments: &Arguments) -> Result<ScanOrMap<'_>, ParameterError> {
    let scan = arguments.scan_ref(&SCAN_OR_MAP).map(ScanOrMap::Scan);
    scan.or_else(|| arguments.map_ref(&SCAN_OR_MAP).map(ScanOrMap::Map))
        .ok_or(ParameterError::Missing { parameter: SCAN_OR_MAP.name })
}
