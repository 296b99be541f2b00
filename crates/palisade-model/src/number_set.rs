//! Sets of numbers as lists of numbers and ranges, such as `1800,2000-2100`.

use std::fmt;
use std::str::FromStr;

/// Numbers from 1 on, as sorted, disjoint, closed intervals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberSet(Vec<(u64, u64)>);

/// Why a text names no set of numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNumbers {
    #[error("the list is empty")]
    Empty,
    #[error("'{item}' is neither a number nor a range of numbers")]
    NotANumber { item: String },
    #[error("the range '{item}' ends before it starts")]
    Reversed { item: String },
    #[error("the list has more than {max} items")]
    TooManyItems { max: usize },
}

/// Most items of a list.
pub const ITEMS_MAX: usize = 10_000;
/// Largest number: what databases count up to.
const NUMBER_MAX: u64 = i64::MAX as u64;

impl NumberSet {
    /// The intervals, first and last number each, in order.
    #[must_use]
    pub fn ranges(&self) -> &[(u64, u64)] {
        &self.0
    }

    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        let range = after.checked_sub(1).and_then(|index| self.0.get(index));
        range.is_some_and(|(_, last)| number <= *last)
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |count, (first, last)| count.saturating_add(last - first + 1))
    }
}

impl FromStr for NumberSet {
    type Err = NotNumbers;

    fn from_str(text: &str) -> Result<Self, NotNumbers> {
        let mut ranges = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if ranges.len() >= ITEMS_MAX {
                return Err(NotNumbers::TooManyItems { max: ITEMS_MAX });
            }
            ranges.push(parse_item(item)?);
        }
        if ranges.is_empty() {
            return Err(NotNumbers::Empty);
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Ok(Self(merged))
    }
}

fn parse_item(item: &str) -> Result<(u64, u64), NotNumbers> {
    let wrong = || NotNumbers::NotANumber { item: item.chars().take(50).collect() };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && (1..=NUMBER_MAX).contains(number)).ok_or_else(wrong)
    };
    let (first, last) = match item.split_once('-') {
        Some((first, last)) => (number(first.trim())?, number(last.trim())?),
        None => (number(item)?, number(item)?),
    };
    if first > last {
        return Err(NotNumbers::Reversed { item: item.chars().take(50).collect() });
    }
    Ok((first, last))
}

impl fmt::Display for NumberSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            if first == last {
                write!(f, "{separator}{first}")?;
            } else {
                write!(f, "{separator}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NotNumbers>) {
        let set = text.parse::<NumberSet>().map(|set| set.to_string());
        assert_eq!(set, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn lists_are_put_in_order() {
        check("1800,2000-2100", Ok("1800,2000-2100"));
        check(" 7 , 3-5, 4 - 6,", Ok("3-7"));
        check(",", Err(NotNumbers::Empty));
        for item in ["0", "x", "-1", "1-", "+1", "1.5", "9223372036854775808"] {
            check(item, Err(NotNumbers::NotANumber { item: item.to_owned() }));
        }
        check("9-1", Err(NotNumbers::Reversed { item: "9-1".to_owned() }));
        check(&"1,".repeat(ITEMS_MAX + 1), Err(NotNumbers::TooManyItems { max: ITEMS_MAX }));
    }

    proptest! {
        #[test]
        fn a_set_has_what_its_list_names(items in proptest::collection::vec((1_u64..60, 0_u64..9), 1..9), number in 0_u64..80) {
            let list: Vec<String> = items.iter().map(|(first, more)| format!("{first}-{}", first + more)).collect();
            let set: NumberSet = list.join(",").parse().unwrap();
            let named = items.iter().any(|(first, more)| (*first..=first + more).contains(&number));
            prop_assert_eq!(set.contains(number), named);
            prop_assert_eq!(set.count(), (0..80).filter(|number| set.contains(*number)).count() as u64);
            prop_assert_eq!(set.to_string().parse(), Ok(set));
        }
    }
}
