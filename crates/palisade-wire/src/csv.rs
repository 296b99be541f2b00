//! The one CSV writer: every cell quoted, quotes doubled, one line a row. Cells that a spreadsheet would
//! take for a formula are left as they are: clients compare them.
//!
//! It streams: [`CsvWriter::take`] hands over what has been written so far.

/// Writes CSV into memory, piece by piece.
#[derive(Debug, Default)]
pub struct CsvWriter {
    out: Vec<u8>,
}

impl CsvWriter {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A line as it is, such as a mark between parts.
    pub fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    /// A row of cells.
    pub fn row(&mut self, cells: &[&str]) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.cell(cell);
        }
        self.out.push(b'\n');
    }

    fn cell(&mut self, text: &str) {
        self.out.push(b'"');
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b"\"\"");
            }
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.push(b'"');
    }

    /// Bytes written since the last [`take`](Self::take).
    #[must_use]
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// What was written since the last call.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        let room = Vec::with_capacity(self.out.len());
        std::mem::replace(&mut self.out, room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted() {
        let mut csv = CsvWriter::new();
        csv.line("----BEGIN");
        csv.row(&["a", "", "say \"b\", or\nc", "\""]);
        assert_eq!(
            String::from_utf8(csv.take()).unwrap(),
            "----BEGIN\n\"a\",\"\",\"say \"\"b\"\", or\nc\",\"\"\"\"\n"
        );
        assert_eq!(csv.pending(), 0);
    }
}
