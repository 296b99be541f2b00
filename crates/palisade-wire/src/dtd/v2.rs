//! The document types of version 2. Each file lies under the path that it is served at.

use crate::dtd::Dtd;

/// A definition, by the path that it is served at.
macro_rules! definition {
    ($file:literal) => {
        Dtd { file: $file, text: include_str!(concat!("../../dtd/", $file)) }
    };
}

pub const BATCH_RETURN: Dtd = definition!("api/2.0/batch_return.dtd");
pub const SIMPLE_RETURN: Dtd = definition!("api/2.0/simple_return.dtd");

/// All of them, by file name.
pub const ALL: &[&Dtd] = &[&BATCH_RETURN, &SIMPLE_RETURN];
