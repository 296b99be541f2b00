//! The writer of comma-separated values: every cell in quotation marks, a quotation mark doubled, a
//! row a line. It streams, as the XML writer does.

/// Writes rows into memory, piece by piece.
#[derive(Debug, Default)]
pub struct CsvWriter {
    out: Vec<u8>,
    bare_empty: bool,
}

impl CsvWriter {
    /// Empty cells are written as nothing instead of as two quotation marks.
    #[must_use]
    pub fn with_bare_empty_cells(self) -> Self {
        Self { bare_empty: true, ..self }
    }

    /// A row of cells.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            self.cell(cell.as_ref());
        }
        self.out.push(b'\n');
    }

    /// A line as it is, such as a mark between parts.
    pub fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    /// An empty line, as it stands between tables.
    pub fn blank(&mut self) {
        self.out.push(b'\n');
    }

    /// Bytes written since the last [`take`](Self::take).
    #[must_use]
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// What was written since the last call. As much room is there for what follows.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        let room = Vec::with_capacity(self.out.len());
        std::mem::replace(&mut self.out, room)
    }

    fn cell(&mut self, cell: &str) {
        if self.bare_empty && cell.is_empty() {
            return;
        }
        self.out.push(b'"');
        for byte in cell.bytes() {
            if byte == b'"' {
                self.out.push(b'"');
            }
            self.out.push(byte);
        }
        self.out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader as simple as the writer.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                c => cell.push(c),
            }
        }
        rows
    }

    #[test]
    fn cells_are_quoted() {
        let mut csv = CsvWriter::default();
        csv.row(["a", "b \"c\", d", ""]);
        csv.blank();
        csv.row(["two\nlines"]);
        assert_eq!(csv.take(), b"\"a\",\"b \"\"c\"\", d\",\"\"\n\n\"two\nlines\"\n");
        assert_eq!(csv.pending(), 0);
        let mut csv = csv.with_bare_empty_cells();
        csv.row(["", "a", ""]);
        assert_eq!(csv.take(), b",\"a\",\n");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            rows in proptest::collection::vec(proptest::collection::vec(".*", 1..4), 0..4),
        ) {
            let mut csv = CsvWriter::default();
            for row in &rows {
                csv.row(row);
            }
            prop_assert_eq!(read(&String::from_utf8(csv.take()).unwrap()), rows);
        }
    }
}
