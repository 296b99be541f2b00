//! A JSON array of objects, written piece by piece; the keys of an object stay in their order.

/// A value of an object, and a cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Number(u64),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    /// What a table shows.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Writes an array into memory.
#[derive(Debug, Default)]
pub(crate) struct JsonArray {
    out: Vec<u8>,
    begun: bool,
}

impl JsonArray {
    /// An object on a line of its own.
    pub(crate) fn object<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, Cell)>) {
        self.out.extend_from_slice(if self.begun { b",\n" } else { b"[" });
        self.begun = true;
        for (place, (key, cell)) in pairs.into_iter().enumerate() {
            self.out.push(if place == 0 { b'{' } else { b',' });
            self.string(key);
            self.out.push(b':');
            match cell {
                Cell::Null => self.out.extend_from_slice(b"null"),
                Cell::Text(text) => self.string(&text),
                Cell::Number(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            }
        }
        self.out.push(b'}');
    }

    /// Ends the array.
    pub(crate) fn end(&mut self) {
        self.out.extend_from_slice(if self.begun { b"]\n" } else { b"[]\n" });
    }

    /// What was written since the last call.
    #[must_use]
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn string(&mut self, text: &str) {
        self.out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_their_order_and_texts_are_escaped() {
        let mut json = JsonArray::default();
        json.object([("b", Cell::text("a\t\"b\"\n")), ("a", Cell::Number(7))]);
        json.object([("c", Cell::Null)]);
        json.end();
        assert_eq!(json.take(), b"[{\"b\":\"a\\t\\\"b\\\"\\n\",\"a\":7},\n{\"c\":null}]\n");
        let mut empty = JsonArray::default();
        empty.end();
        assert_eq!(empty.take(), b"[]\n");
    }
}
