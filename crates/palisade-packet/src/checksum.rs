//! The Internet checksum (RFC 1071), in parts that can be added.
//!
//! What is the same in every packet is summed once; each packet adds the words that are its own.
//! This is what RFC 1624 does for a changed field, without the subtraction.

/// The sum of 16-bit words, not yet folded. Odd bytes count as if a zero followed.
#[must_use]
pub fn sum(bytes: &[u8]) -> u32 {
    bytes
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
            [high] => u32::from(*high) << 8,
            _ => 0,
        })
        .sum()
}

/// The two words of a 32-bit field.
#[must_use]
pub(crate) fn words(value: u32) -> u32 {
    (value >> 16) + (value & 0xffff)
}

/// The checksum field that belongs to a sum.
#[must_use]
pub fn finish(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = words(sum);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_message_with_its_checksum_sums_to_nothing(mut message in proptest::collection::vec(any::<u8>(), 4..200)) {
            message[2..4].fill(0);
            let field = finish(sum(&message));
            message[2..4].copy_from_slice(&field.to_be_bytes());
            prop_assert_eq!(finish(sum(&message)), 0);
        }

        #[test]
        fn parts_add_up(message in proptest::collection::vec(any::<u8>(), 0..200), value: u32) {
            let mut longer = message.clone();
            if longer.len() % 2 == 1 {
                longer.push(0);
            }
            longer.extend_from_slice(&value.to_be_bytes());
            prop_assert_eq!(finish(sum(&message) + words(value)), finish(sum(&longer)));
        }
    }
}
