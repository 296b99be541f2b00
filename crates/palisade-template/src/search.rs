//! Looking for bytes in bytes, in time that grows with both lengths and not with their product.

use memchr::memmem;

pub(crate) fn contains(whole: &[u8], part: &[u8]) -> bool {
    memmem::find(whole, part).is_some()
}

/// Every `from` replaced by `by`; an empty `from` replaces nothing.
pub(crate) fn replace(whole: &[u8], from: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(whole.len());
    let mut rest = whole;
    while !from.is_empty() {
        let Some(at) = memmem::find(rest, from) else { break };
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(by);
        rest = rest.get(at + from.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn replacing_is_as_for_texts(whole in "[abc]{0,60}", from in "[ab]{1,3}", by in "[xa]{0,3}") {
            let replaced = replace(whole.as_bytes(), from.as_bytes(), by.as_bytes());
            prop_assert_eq!(replaced, whole.replace(&from, &by).into_bytes());
        }
    }
}
