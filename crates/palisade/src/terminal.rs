//! What people read: lines on standard output, tables, and the one place that writes them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Writes a line to standard output. A closed pipe (`palisade … | head`) is not an error.
pub(crate) fn line(text: impl AsRef<str>) {
    raw(&format!("{}\n", text.as_ref()));
}

/// Writes text to standard output as it is.
pub(crate) fn raw(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
        && !OUTPUT_LOST.swap(true, Ordering::Relaxed)
    {
        note(format!("palisade: cannot write to standard output: {error}"));
    }
}

/// Whether something that was to be on standard output is not there: the disk is full, say.
pub(crate) fn output_was_lost() -> bool {
    OUTPUT_LOST.load(Ordering::Relaxed)
}

static OUTPUT_LOST: AtomicBool = AtomicBool::new(false);

/// Writes a line to standard error.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// A table with its titles, or `none` when there is nothing to list.
pub(crate) fn titled_table(
    titles: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    none: &str,
) -> String {
    let titles = titles.iter().map(|title| (*title).to_owned()).collect();
    let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
    if rows.len() == 1 { format!("{none}\n") } else { table(&rows) }
}

/// Columns padded to their widest cell; the last column is not padded.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < row.len() {
                let padding =
                    widths.get(column).copied().unwrap_or(0).saturating_sub(cell.chars().count()) + 2;
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
    text
}

/// A text from a host or a server, safe for a terminal: one line, no control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a", "bb", "c"], ["aaa", "b", "cc"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    bb  c\naaa  b   cc\n");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(titled_table(&["QID"], [], "nothing found"), "nothing found\n");
        assert_eq!(titled_table(&["QID"], [vec!["6".to_owned()]], "nothing found"), "QID\n6\n");
    }

    #[test]
    fn escape_codes_do_not_reach_the_terminal() {
        assert_eq!(plain("a\x1b[31mb\nc"), "a [31mb c");
    }
}
