//! Facts as values of the expression language.
//!
//! Every whole number becomes a CEL `int`, whatever its width in the model, so that authors may
//! add and compare them without conversions.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};

/// The CEL value of a JSON value.
pub(crate) fn to_cel(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => {
            let unsigned = || number.as_u64().map(|_| i64::MAX);
            match number.as_i64().or_else(unsigned) {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.as_f64().unwrap_or_default()),
            }
        }
        serde_json::Value::String(text) => Value::String(Arc::new(text.clone())),
        serde_json::Value::Array(items) => Value::List(Arc::new(items.iter().map(to_cel).collect())),
        serde_json::Value::Object(fields) => {
            let map: HashMap<Key, Value> =
                fields.iter().map(|(name, value)| (Key::from(name.as_str()), to_cel(value))).collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}
