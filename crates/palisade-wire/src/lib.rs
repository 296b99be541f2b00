//! Outside formats: parameters in, XML out, and the document types that describe it.
//!
//! An API call is declared once, as a [`call::Call`]: its parameters, the rules between them, the
//! root element and the form of its errors. From that one row come parsing, the error texts, the
//! user guide and the generated bad-input tests. What version 2 can do with a resource is declared
//! likewise, as an [`operation::Operation`]. Nothing here knows HTTP or the use cases.

pub mod argument;
pub mod call;
pub mod csv;
pub mod date_time;
pub mod dtd;
pub mod form;
pub mod keyed_document;
mod line_frame;
pub mod operation;
pub mod parameter;
pub mod parameter_error;
pub mod posted_addresses;
pub mod xml;
pub mod xml_tree;

pub use argument::{Arguments, Value};
pub use call::{Call, ErrorForm, Example, Rule};
pub use dtd::Dtd;
pub use form::{Form, FormError, Pair, Source};
pub use operation::{Answers, Methods, Operation, OperationError};
pub use parameter::{Parameter, ParameterKind};
pub use parameter_error::{InvalidReason, ParameterError};
pub use xml::XmlWriter;
