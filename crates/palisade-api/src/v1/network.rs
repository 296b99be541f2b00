//! The number of a network, for calls that take one. There is one network, and its number is 0:
//! clients that name it are understood.

use palisade_wire::{Parameter, ParameterKind};

/// The network that the call is about.
pub(super) const NETWORK_ID: Parameter = Parameter::new(
    "network_id",
    ParameterKind::Integer { min: 0, max: 0 },
    "0",
    "The number of the network. There is one, number 0.",
)
.default("0");
