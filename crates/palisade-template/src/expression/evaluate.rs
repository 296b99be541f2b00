//! From an expression and its variables to a value, within a budget of steps and bytes.

use std::collections::BTreeMap;

use palisade_model::{IdSource, Timestamp};

use super::{Expression, ExpressionError, Operator, Tree, Value};
use crate::pattern::Pattern;

/// Operators and calls of one evaluation.
const STEPS_MAX: u32 = 5_000;
/// Bytes that all the values of one evaluation may have together.
const BYTES_MAX: usize = 32 << 20;
/// Patterns that are made of variables, compiled for one evaluation.
const PATTERNS_MAX: u32 = 64;

/// Variables in layers; the last one that knows a name gives its value.
#[derive(Debug, Clone, Default)]
pub struct Scope<'a> {
    layers: Vec<&'a BTreeMap<String, Value>>,
}

impl<'a> Scope<'a> {
    #[must_use]
    pub fn new(layers: impl IntoIterator<Item = &'a BTreeMap<String, Value>>) -> Self {
        Self { layers: layers.into_iter().collect() }
    }

    /// The same with a layer on top.
    #[must_use]
    pub fn with(&self, layer: &'a BTreeMap<String, Value>) -> Self {
        let mut layers = self.layers.clone();
        layers.push(layer);
        Self { layers }
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.layers.iter().rev().find_map(|layer| layer.get(name))
    }
}

/// What expressions may ask beside their variables, and what they have left to spend.
#[derive(Debug)]
pub struct Evaluation<'a> {
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a dyn IdSource,
    steps: u32,
    bytes: usize,
    patterns: u32,
}

impl<'a> Evaluation<'a> {
    #[must_use]
    pub fn new(now: Timestamp, ids: &'a dyn IdSource) -> Self {
        Self { now, ids, steps: STEPS_MAX, bytes: BYTES_MAX, patterns: PATTERNS_MAX }
    }

    /// The value of an expression.
    ///
    /// # Errors
    ///
    /// An unknown variable, values that do not fit their operators, or a budget that is used up.
    pub fn value(&mut self, expression: &Expression, scope: &Scope<'_>) -> Result<Value, ExpressionError> {
        self.refill();
        self.value_within(expression, scope)
    }

    /// The same, out of what is left of the budget.
    pub(crate) fn value_within(
        &mut self,
        expression: &Expression,
        scope: &Scope<'_>,
    ) -> Result<Value, ExpressionError> {
        self.tree(&expression.tree, scope)
    }

    pub(crate) fn refill(&mut self) {
        (self.steps, self.bytes, self.patterns) = (STEPS_MAX, BYTES_MAX, PATTERNS_MAX);
    }

    /// Takes bytes from the budget.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), ExpressionError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(ExpressionError::TooMuch)?;
        Ok(())
    }

    /// A pattern that is only known now.
    pub(crate) fn pattern(&mut self, source: &[u8]) -> Result<Pattern, ExpressionError> {
        self.patterns = self.patterns.checked_sub(1).ok_or(ExpressionError::TooMuch)?;
        let pattern = Pattern::new(&String::from_utf8_lossy(source));
        pattern.check().map_err(ExpressionError::Value)?;
        Ok(pattern)
    }

    fn tree(&mut self, tree: &Tree, scope: &Scope<'_>) -> Result<Value, ExpressionError> {
        self.steps = self.steps.checked_sub(1).ok_or(ExpressionError::TooMuch)?;
        match tree {
            Tree::Value(value) => Ok(value.clone()),
            Tree::Variable(name) => {
                scope.get(name).cloned().ok_or_else(|| ExpressionError::UnknownVariable(name.clone()))
            }
            Tree::Text(text) => {
                let (bytes, unresolved) = text.render_within(self, scope)?;
                match unresolved {
                    Some(name) => Err(ExpressionError::UnknownVariable(name)),
                    None => Ok(bytes.into()),
                }
            }
            Tree::Not(part) => Ok(Value::Truth(!truth_of(&self.tree(part, scope)?)?)),
            Tree::Negative(part) => Ok(Value::Number(-number_of(&self.tree(part, scope)?)?)),
            Tree::List(parts) => {
                let values = parts.iter().map(|part| self.tree(part, scope));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            Tree::Choice(condition, yes, no) => {
                let chosen = if truth_of(&self.tree(condition, scope)?)? { yes } else { no };
                self.tree(chosen, scope)
            }
            Tree::Call(function, parts) => {
                let mut arguments = Vec::with_capacity(parts.len());
                for part in parts {
                    arguments.push(self.tree(part, scope)?);
                }
                let value = (function.run)(self, &arguments)?;
                self.spend(value.size())?;
                Ok(value)
            }
            Tree::Binary(operator, left, right) => self.binary(*operator, left, right, scope),
        }
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Tree,
        right: &Tree,
        scope: &Scope<'_>,
    ) -> Result<Value, ExpressionError> {
        if operator == Operator::Otherwise {
            return match self.tree(left, scope) {
                Err(ExpressionError::UnknownVariable(_)) => self.tree(right, scope),
                known => known,
            };
        }
        let left = self.tree(left, scope)?;
        // The right side is looked at only where it matters.
        match operator {
            Operator::And if !truth_of(&left)? => return Ok(Value::Truth(false)),
            Operator::Or if truth_of(&left)? => return Ok(Value::Truth(true)),
            _ => {}
        }
        let right = self.tree(right, scope)?;
        match operator {
            Operator::And | Operator::Or => Ok(Value::Truth(truth_of(&right)?)),
            Operator::Equal => Ok(Value::Truth(left == right)),
            Operator::Unequal => Ok(Value::Truth(left != right)),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                compare(operator, &left, &right)
            }
            Operator::Matches | Operator::MatchesNot => {
                let found = self.pattern(&right.bytes())?.is_match(&left.bytes());
                Ok(Value::Truth(found == (operator == Operator::Matches)))
            }
            Operator::In => match &right {
                Value::List(members) => Ok(Value::Truth(members.contains(&left))),
                _ => Err(ExpressionError::Value("what follows 'in' is no list".to_owned())),
            },
            Operator::Add if matches!((&left, &right), (Value::Number(_), Value::Number(_))) => {
                Ok(Value::Number(number_of(&left)? + number_of(&right)?))
            }
            Operator::Add => {
                let joined = [left.bytes(), right.bytes()].concat();
                self.spend(joined.len())?;
                Ok(joined.into())
            }
            arithmetic => calculate(arithmetic, number_of(&left)?, number_of(&right)?),
        }
    }
}

fn compare(operator: Operator, left: &Value, right: &Value) -> Result<Value, ExpressionError> {
    let order = match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => number_of(left)?.partial_cmp(&number_of(right)?),
    };
    let Some(order) = order else { return Ok(Value::Truth(false)) };
    Ok(Value::Truth(match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of expressions are as exact as this, and no more")]
fn calculate(operator: Operator, left: f64, right: f64) -> Result<Value, ExpressionError> {
    let nonsense = || ExpressionError::Value("the numbers do not fit their operator".to_owned());
    let bits = |number: f64| whole(number).ok_or_else(nonsense);
    let shift = || bits(right).and_then(|by| u32::try_from(by).map_err(|_| nonsense()));
    let number = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        Operator::Power => left.powf(right),
        Operator::BitAnd => (bits(left)? & bits(right)?) as f64,
        Operator::BitOr => (bits(left)? | bits(right)?) as f64,
        Operator::BitXor => (bits(left)? ^ bits(right)?) as f64,
        Operator::ShiftLeft => bits(left)?.checked_shl(shift()?).ok_or_else(nonsense)? as f64,
        Operator::ShiftRight => bits(left)?.checked_shr(shift()?).ok_or_else(nonsense)? as f64,
        _ => return Err(nonsense()),
    };
    if number.is_finite() { Ok(Value::Number(number)) } else { Err(nonsense()) }
}

/// A number without a fraction that counts something.
#[expect(clippy::cast_possible_truncation, reason = "looked at before")]
pub(crate) fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Whether a value is a truth, and which.
pub(crate) fn truth_of(value: &Value) -> Result<bool, ExpressionError> {
    match value {
        Value::Truth(truth) => Ok(*truth),
        other => Err(ExpressionError::Value(format!("'{}' is neither true nor false", shown(other)))),
    }
}

fn number_of(value: &Value) -> Result<f64, ExpressionError> {
    match value {
        Value::Number(number) => Ok(*number),
        other => Err(ExpressionError::Value(format!("'{}' is no number", shown(other)))),
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
