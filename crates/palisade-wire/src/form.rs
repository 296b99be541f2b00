//! Name-value pairs of a request, from the query and from the body, within limits.
//!
//! Reading is tolerant where clients are known to be careless: a leading or trailing `&`, an
//! empty query, commas, slashes and colons that were not encoded, and percent signs that encode
//! nothing. Multipart bodies are taken apart by the HTTP layer and added pair by pair.

/// Where a pair came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Query,
    Body,
}

/// One decoded pair. The value may be any bytes: whether it is text is the parameter's matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub name: String,
    pub value: Vec<u8>,
    pub source: Source,
}

/// How much a request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub pairs: usize,
    pub name_bytes: usize,
    /// All names and values together.
    pub total_bytes: usize,
}

impl Limits {
    /// Room for the longest lists that parameters take.
    pub const DEFAULT: Self = Self { pairs: 200, name_bytes: 200, total_bytes: 4 << 20 };
}

/// Why the pairs of a request are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("the request has more than {max} parameters")]
    TooManyPairs { max: usize },
    #[error("a parameter's name has more than {max} bytes")]
    NameTooLong { max: usize },
    #[error("the parameters have more than {max} bytes")]
    TooLarge { max: usize },
}

/// The pairs of one request.
#[derive(Debug, Clone)]
pub struct Form {
    pairs: Vec<Pair>,
    limits: Limits,
    bytes: usize,
}

impl Form {
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { pairs: Vec::new(), limits, bytes: 0 }
    }

    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Adds the query of a URL (what follows the `?`).
    pub fn add_query(&mut self, query: &str) -> Result<(), FormError> {
        self.add_encoded(query.as_bytes(), Source::Query)
    }

    /// Adds an `application/x-www-form-urlencoded` body.
    pub fn add_body(&mut self, body: &[u8]) -> Result<(), FormError> {
        self.add_encoded(body.trim_ascii(), Source::Body)
    }

    fn add_encoded(&mut self, encoded: &[u8], source: Source) -> Result<(), FormError> {
        for part in encoded.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
            let cut = part.iter().position(|byte| *byte == b'=');
            let (name, value) = match cut.and_then(|cut| part.split_at_checked(cut)) {
                Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
                None => (part, &[][..]),
            };
            if name.is_empty() && value.is_empty() {
                continue;
            }
            self.add(&String::from_utf8_lossy(&decode(name)), decode(value), source)?;
        }
        Ok(())
    }

    /// Adds one pair that is decoded already.
    pub fn add(&mut self, name: &str, value: Vec<u8>, source: Source) -> Result<(), FormError> {
        let Limits { pairs, name_bytes, total_bytes } = self.limits;
        if self.pairs.len() >= pairs {
            return Err(FormError::TooManyPairs { max: pairs });
        }
        if name.len() > name_bytes {
            return Err(FormError::NameTooLong { max: name_bytes });
        }
        self.bytes = self.bytes.saturating_add(name.len()).saturating_add(value.len());
        if self.bytes > total_bytes {
            return Err(FormError::TooLarge { max: total_bytes });
        }
        self.pairs.push(Pair { name: name.to_owned(), value, source });
        Ok(())
    }
}

/// Percent-decoding with `+` as a blank. A `%` that encodes nothing stands for itself.
fn decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (hex(*high), hex(*low)) {
                    decoded.push(high * 16 + low);
                    rest = after;
                } else {
                    decoded.push(b'%');
                }
            }
            (byte, _) => decoded.push(*byte),
        }
    }
    decoded
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Percent-encodes a text for use as a name or a value in a query.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &[(&str, &str)]) {
        let mut form = Form::new(Limits::DEFAULT);
        form.add_query(query).unwrap();
        let pairs: Vec<(String, String)> = form
            .pairs()
            .iter()
            .map(|pair| (pair.name.clone(), String::from_utf8_lossy(&pair.value).into_owned()))
            .collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(pairs, expected, "query {query:?}");
    }

    #[test]
    fn careless_queries_are_read() {
        check("", &[]);
        check("&", &[]);
        check("&type=scan&", &[("type", "scan")]);
        check("ref=scan/123.456", &[("ref", "scan/123.456")]);
        check("ref=scan%2F123.456", &[("ref", "scan/123.456")]);
        check("domain=none:10.0.0.1-10.0.0.9,x", &[("domain", "none:10.0.0.1-10.0.0.9,x")]);
        check("title=a+b%20c", &[("title", "a b c")]);
        check("title=50%&x=%zz&y=%4", &[("title", "50%"), ("x", "%zz"), ("y", "%4")]);
        check("flag", &[("flag", "")]);
        check("a=b=c", &[("a", "b=c")]);
    }

    #[test]
    fn limits_are_kept() {
        let limits = Limits { pairs: 2, name_bytes: 4, total_bytes: 10 };
        let add = |query: &str| Form::new(limits).add_query(query);
        assert_eq!(add("a=1&b=2"), Ok(()));
        assert_eq!(add("a=1&b=2&c=3"), Err(FormError::TooManyPairs { max: 2 }));
        assert_eq!(add("abcde=1"), Err(FormError::NameTooLong { max: 4 }));
        assert_eq!(add("a=1234567890"), Err(FormError::TooLarge { max: 10 }));
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(name in "[a-z_]{1,9}", value in any::<String>()) {
            let mut form = Form::new(Limits::DEFAULT);
            form.add_query(&format!("{}={}", encode(&name), encode(&value))).unwrap();
            prop_assert_eq!(form.pairs().len(), 1);
            prop_assert_eq!(&form.pairs()[0].name, &name);
            prop_assert_eq!(&form.pairs()[0].value, value.as_bytes());
        }

        #[test]
        fn any_bytes_are_taken_without_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::new(Limits { pairs: 5, name_bytes: 20, total_bytes: 100 }).add_body(&body);
        }
    }
}
