//! Statements over many rows at once. What stands in their texts is counted or is a number; values
//! are always bound.

use std::fmt::Write as _;

/// Rows of one statement: far below the number of values that either database takes.
pub(crate) const ROWS_PER_STATEMENT: usize = 200;

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    placeholders_after(0, rows, columns)
}

/// The same when the statement has `before` other values, bound first.
pub(crate) fn placeholders_after(before: usize, rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let separator = if column == 0 { "" } else { ", " };
            // Writing to a string does not fail.
            let _ = write!(text, "{separator}${}", before + row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

/// `1, 2, 3` for an `IN`, which must not be empty.
pub(crate) fn number_list(numbers: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::new();
    for number in numbers {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{number}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_sql() {
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(placeholders_after(4, 1, 2), "($5, $6)");
        assert_eq!(number_list([3, -1]), "3, -1");
    }
}
