//! The functions that expressions may call, by name.
//!
//! Deliberately absent: functions that ask the network (`resolve`, `wait_for`, `public_ip`), encryption,
//! compression, and gadgets for exploits. What calls one of them is listed as unsupported.

#![expect(clippy::unnecessary_wraps, reason = "all functions of the table are called in one way")]

mod coding;
mod digest;
mod list;
mod number;
mod random;
mod text;
mod time;

pub(crate) use coding::{from_hexadecimal, html_unescape};
pub(crate) use random::word;

use std::sync::Arc;

use crate::expression::{Evaluation, ExpressionError, Value};

type Outcome = Result<Value, ExpressionError>;
type Run = fn(&mut Evaluation<'_>, &[Value]) -> Outcome;

/// Arguments of a function that takes as many as there are.
const ANY: usize = 64;

/// A function.
#[derive(Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    /// Fewest arguments.
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) run: Run,
}

impl Function {
    const fn new(name: &'static str, least: usize, most: usize, run: Run) -> Self {
        Self { name, least, most, run }
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// All functions.
pub fn all() -> impl Iterator<Item = &'static Function> {
    [coding::FUNCTIONS, digest::FUNCTIONS, list::FUNCTIONS, number::FUNCTIONS, random::FUNCTIONS]
        .into_iter()
        .chain([text::FUNCTIONS, time::FUNCTIONS])
        .flatten()
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// The bytes of an argument; nothing where there is none.
fn bytes(arguments: &[Value], index: usize) -> Arc<[u8]> {
    arguments.get(index).map_or_else(|| Arc::from(&[][..]), Value::bytes)
}

fn string(arguments: &[Value], index: usize) -> String {
    String::from_utf8_lossy(&bytes(arguments, index)).into_owned()
}

fn wrong<T>(problem: &str) -> Result<T, ExpressionError> {
    Err(ExpressionError::Value(problem.to_owned()))
}

/// A whole number that is not negative.
fn count(arguments: &[Value], index: usize) -> Result<usize, ExpressionError> {
    let number = arguments.get(index).and_then(Value::number).and_then(crate::expression::whole_number);
    match number.map(usize::try_from) {
        Some(Ok(number)) => Ok(number),
        _ => wrong("a number from 0 up is needed"),
    }
}
