//! Tables of addresses that clients post, `192.0.2.1,192.0.2.7-192.0.2.9` on one line or on many. They become
//! one pair of a form, so that a table and a form are checked by the same rules.
//!
//! A table with a heading `IP` is what our own lists are: its first column counts. Without one every cell does.
//! Deliberately absent: cells with commas, quotation marks or line ends in them, which no address has.

use crate::form::{Form, FormError, Source};

/// The heading of a column of addresses, in any case of letters.
const HEADING: &str = "IP";

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AddressTableError {
    #[error("it is not UTF-8 text")]
    NotUtf8,
    #[error("it has no address")]
    Nothing,
    #[error("it holds too much")]
    Form(#[from] FormError),
}

/// Adds the addresses of a table to a form, as the pair `name`. What is no address is told by whoever reads the
/// pair.
///
/// # Errors
///
/// When it is no text, when nothing is in it, and when the form has no room for it.
pub fn add_addresses(form: &mut Form, name: &str, table: &[u8]) -> Result<(), AddressTableError> {
    let table = std::str::from_utf8(table).map_err(|_| AddressTableError::NotUtf8)?;
    let table = table.trim_start_matches('\u{feff}');
    let mut lines = table.lines().filter(|line| !line.trim().is_empty()).peekable();
    let is_heading = |line: &&str| cells(line).next().is_some_and(|cell| cell.eq_ignore_ascii_case(HEADING));
    let columns = if lines.next_if(is_heading).is_some() { 1 } else { usize::MAX };
    let addresses: Vec<&str> =
        lines.flat_map(|line| cells(line).take(columns)).filter(|cell| !cell.is_empty()).collect();
    if addresses.is_empty() {
        return Err(AddressTableError::Nothing);
    }
    Ok(form.add(name, addresses.join(",").into_bytes(), Source::Body)?)
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"').trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::csv::CsvWriter;
    use crate::form::Limits;

    fn read(table: &[u8]) -> Result<String, String> {
        let mut form = Form::new(Limits::DEFAULT);
        add_addresses(&mut form, "ips", table).map_err(|error| error.to_string())?;
        let pair = form.pairs().first().expect("a pair was added");
        assert_eq!((pair.name.as_str(), pair.source), ("ips", Source::Body));
        Ok(String::from_utf8(pair.value.clone()).expect("it was text"))
    }

    #[test]
    fn every_cell_is_an_address_unless_there_is_a_heading() {
        for (table, expected) in [
            ("10.0.0.1", "10.0.0.1"),
            (
                "10.0.0.1, 10.0.0.7-10.0.0.9,\r\n\r\n\"10.0.1.0/24\"\r\n",
                "10.0.0.1,10.0.0.7-10.0.0.9,10.0.1.0/24",
            ),
            ("\u{feff}ip,status\n10.0.0.1,enabled\n10.0.0.2,enabled\n", "10.0.0.1,10.0.0.2"),
            ("here\n10.0.0.1", "here,10.0.0.1"),
        ] {
            assert_eq!(read(table.as_bytes()).as_deref(), Ok(expected), "{table:?}");
        }
    }

    #[test]
    fn what_holds_no_address_is_refused() {
        for table in [&b""[..], b"\n , \"\"\n", b"\"IP\",\"Status\"\n"] {
            assert_eq!(read(table), Err("it has no address".to_owned()));
        }
        assert_eq!(read(b"\xff"), Err("it is not UTF-8 text".to_owned()));
        let much = "10.0.0.1\n".repeat(Limits::DEFAULT.total_bytes / 9 + 1);
        assert_eq!(read(much.as_bytes()), Err("it holds too much".to_owned()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(table in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&table);
        }

        #[test]
        fn what_lists_write_reads_back(addresses in proptest::collection::vec("[0-9.-]{1,15}", 1..9)) {
            let mut csv = CsvWriter::default();
            csv.row(["IP", "Status"]);
            for address in &addresses {
                csv.row([address.as_str(), "enabled"]);
            }
            prop_assert_eq!(read(&csv.take()), Ok(addresses.join(",")));
        }
    }
}
