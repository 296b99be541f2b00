//! What expressions work on: texts that are bytes, numbers, truths and lists.

use std::sync::Arc;

/// A value. Texts are bytes, because what services answer often is no text, and shared, because
/// many templates look at the same answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(Arc<[u8]>),
    Number(f64),
    Truth(bool),
    List(Vec<Value>),
}

impl Value {
    /// A text of these bytes.
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(Arc::from(bytes.as_ref()))
    }

    /// A whole number; beyond 2^53 the nearest that there is.
    #[expect(clippy::cast_precision_loss, reason = "sizes and durations are far below 2^53")]
    pub fn count(number: usize) -> Self {
        Self::Number(number as f64)
    }

    /// As it is written into a request or compared with a word.
    #[must_use]
    pub fn bytes(&self) -> Arc<[u8]> {
        match self {
            Self::Text(bytes) => Arc::clone(bytes),
            other => Arc::from(other.to_string().as_bytes()),
        }
    }

    /// The bytes of it in memory, for limits.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(bytes) => bytes.len(),
            Self::Number(_) | Self::Truth(_) => 16,
            Self::List(values) => values.iter().map(Self::size).sum::<usize>() + 16,
        }
    }

    /// The number it is, or that its text writes in decimals.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
            Self::Truth(_) | Self::List(_) => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    value.fmt(f)?;
                }
                f.write_str("]")
            }
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Text(bytes.into())
    }
}
