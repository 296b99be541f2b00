//! Comparing version texts, as products print them: `9.2p1`, `1.3.6rc4`, `2.4.57`.
//!
//! Deliberately absent: ranges of package managers (epochs, tildes, distribution revisions).

use std::cmp::Ordering;

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    /// Comes before the version it is attached to: `rc`, `alpha`, `beta`, `dev`, `pre`.
    Early(&'a str),
    /// Comes after it: `p` in `9.2p1`, `b` in `1.3.6b`.
    Letters(&'a str),
    Number(u64),
}

impl Part<'_> {
    const fn rank(&self) -> u8 {
        match self {
            Self::Early(_) => 0,
            Self::Letters(_) => 2,
            Self::Number(_) => 3,
        }
    }
}

/// What stands for "the text ends here": after `rc`, before anything else.
const END_RANK: u8 = 1;

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same_sort = |character: char| {
            if first.is_ascii_digit() { character.is_ascii_digit() } else { character.is_ascii_alphabetic() }
        };
        let length = rest.find(|character| !same_sort(character)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length.max(if length == 0 { first.len_utf8() } else { length }));
        rest = after;
        if first.is_ascii_digit() {
            parts.push(Part::Number(run.parse().unwrap_or(u64::MAX)));
        } else if first.is_ascii_alphabetic() {
            let early =
                ["rc", "alpha", "beta", "dev", "pre"].iter().any(|word| run.eq_ignore_ascii_case(word));
            parts.push(if early { Part::Early(run) } else { Part::Letters(run) });
        }
    }
    parts
}

/// Which of two versions comes first.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (parts(left), parts(right));
    for index in 0..left.len().max(right.len()) {
        let (a, b) = (left.get(index), right.get(index));
        let order = match (a, b) {
            (Some(Part::Number(a)), Some(Part::Number(b))) => a.cmp(b),
            (Some(Part::Letters(a)), Some(Part::Letters(b)))
            | (Some(Part::Early(a)), Some(Part::Early(b))) => {
                a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase())
            }
            _ => a.map_or(END_RANK, Part::rank).cmp(&b.map_or(END_RANK, Part::rank)),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_are_ordered_as_their_makers_count() {
        let ordered =
            ["0.9.8zh", "1.0.1", "1.0.1f", "1.0.1g", "1.0.2", "1.3.6rc1", "1.3.6", "1.3.6a", "1.10.0"];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{} < {}", pair[0], pair[1]);
        }
        for pair in ["7.4", "7.4p1", "9.2p1", "9.3p1", "9.3p2", "10.0p1"].windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{} < {}", pair[0], pair[1]);
        }
        assert_eq!(compare("2.4.57", "2.4.57"), Ordering::Equal);
        assert_eq!(compare("99999999999999999999999", "1"), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn comparing_is_antisymmetric_and_total(a in ".{0,12}", b in ".{0,12}", c in "[0-9a-z.]{0,8}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            if compare(&a, &b) == Ordering::Less && compare(&b, &c) == Ordering::Less {
                prop_assert_eq!(compare(&a, &c), Ordering::Less);
            }
        }
    }
}
