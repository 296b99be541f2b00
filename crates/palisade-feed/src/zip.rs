//! Archives: just enough of zip to read its members one after the other, each checked against its
//! CRC, without holding the list of members in memory.
//!
//! Deliberately absent: encryption, other methods than stored and deflated, archives in parts.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::error::Error;
use crate::file::read_error;

/// Members an archive may have.
const MEMBERS_MAX: u64 = 2_000_000;
/// The end record and the longest comment after it.
const END_BYTES_MAX: u64 = 22 + 65_535;

fn wrong(problem: &'static str) -> Error {
    Error::Archive { problem }
}

/// Reads a file from a place of its own, so that two readers of one file do not disturb each other.
struct At<'f> {
    file: &'f File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }
}

/// Little-endian numbers at fixed places; what lies outside is 0, which the signatures rule out.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn number(&self, at: usize, length: usize) -> u64 {
        let bytes = self.0.get(at..at + length).unwrap_or_default();
        bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    fn u16(&self, at: usize) -> u16 {
        u16::try_from(self.number(at, 2)).unwrap_or_default()
    }

    fn u32(&self, at: usize) -> u32 {
        u32::try_from(self.number(at, 4)).unwrap_or_default()
    }
}

/// A member as the list of the archive has it.
struct Member {
    is_file: bool,
    encrypted: bool,
    deflated: bool,
    crc: u32,
    packed: u64,
    size: u64,
    header_at: u64,
}

/// Calls `read` with each file in the archive. What `read` leaves is read to the end here, so that
/// the CRC counts.
pub(crate) fn members(
    file: &File,
    mut read: impl FnMut(&mut dyn Read) -> Result<(), Error>,
) -> Result<(), Error> {
    let (count, list_at) = list(file)?;
    if count > MEMBERS_MAX {
        return Err(Error::TooLarge { what: "files in an archive" });
    }
    let mut list = BufReader::new(At { file, offset: list_at });
    for _ in 0..count {
        let member = next_member(&mut list)?;
        if !member.is_file {
            continue;
        }
        let mut contents = open(file, &member)?;
        read(&mut contents)?;
        io::copy(&mut contents, &mut io::sink()).map_err(read_error)?;
        if contents.crc.sum() != member.crc || contents.size != member.size {
            return Err(wrong("has a member that is damaged"));
        }
    }
    Ok(())
}

/// How many members there are, and where their list begins.
fn list(file: &File) -> Result<(u64, u64), Error> {
    let length = file.metadata().map_err(read_error)?.len();
    let tail_at = length.saturating_sub(END_BYTES_MAX);
    let mut tail = Vec::new();
    At { file, offset: tail_at }.read_to_end(&mut tail).map_err(read_error)?;
    let end = (0..tail.len().saturating_sub(21))
        .rev()
        .find(|at| tail.get(*at..*at + 4) == Some(b"PK\x05\x06"))
        .ok_or_else(|| wrong("has no end; it was cut off"))?;
    let fields = Fields(tail.get(end..).unwrap_or_default());
    let (count, list_at) = (u64::from(fields.u16(10)), u64::from(fields.u32(16)));
    if count != 0xffff && list_at != 0xffff_ffff {
        return Ok((count, list_at));
    }
    // The larger numbers stand in a record of their own, and where that is stands before the end.
    let locator = Fields(end.checked_sub(20).and_then(|at| tail.get(at..end)).unwrap_or_default());
    if locator.u32(0) != 0x0706_4b50 {
        return Ok((count, list_at));
    }
    let mut record = [0; 56];
    At { file, offset: locator.number(8, 8) }.read_exact(&mut record).map_err(read_error)?;
    let record = Fields(&record);
    if record.u32(0) != 0x0606_4b50 {
        return Err(wrong("has no list of its members"));
    }
    Ok((record.number(32, 8), record.number(48, 8)))
}

fn next_member(list: &mut impl Read) -> Result<Member, Error> {
    let mut head = [0; 46];
    list.read_exact(&mut head).map_err(read_error)?;
    let fields = Fields(&head);
    if fields.u32(0) != 0x0201_4b50 {
        return Err(wrong("has a damaged list of members"));
    }
    let lengths = [28, 30, 32].map(|at| usize::from(fields.u16(at)));
    let mut rest = vec![0; lengths.iter().sum()];
    list.read_exact(&mut rest).map_err(read_error)?;
    let [name_length, extra_length, _] = lengths;
    let name = rest.get(..name_length).unwrap_or_default();
    let extra = rest.get(name_length..name_length + extra_length).unwrap_or_default();
    let deflated = match fields.u16(10) {
        0 => false,
        8 => true,
        _ => return Err(wrong("is packed in a way we do not know")),
    };
    let mut member = Member {
        is_file: !name.ends_with(b"/"),
        encrypted: fields.u16(8) & 1 == 1,
        deflated,
        crc: fields.u32(16),
        packed: u64::from(fields.u32(20)),
        size: u64::from(fields.u32(24)),
        header_at: u64::from(fields.u32(42)),
    };
    member.enlarge(extra);
    Ok(member)
}

impl Member {
    /// Numbers that do not fit stand in an extra field, in this order, and only those.
    fn enlarge(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let fields = Fields(extra);
            let end = 4 + usize::from(fields.u16(2));
            let body = extra.get(4..end).unwrap_or_default();
            if fields.u16(0) == 1 {
                let mut at = 0;
                for number in [&mut self.size, &mut self.packed, &mut self.header_at] {
                    if *number == 0xffff_ffff {
                        *number = Fields(body).number(at, 8);
                        at += 8;
                    }
                }
            }
            extra = extra.get(end..).unwrap_or_default();
        }
    }
}

/// A member's contents, their size and CRC so far.
struct Contents<'f> {
    reader: Box<dyn Read + 'f>,
    crc: Crc,
    size: u64,
}

impl Read for Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.crc.update(buffer.get(..length).unwrap_or_default());
        self.size += length as u64;
        Ok(length)
    }
}

fn open<'f>(file: &'f File, member: &Member) -> Result<Contents<'f>, Error> {
    if member.encrypted {
        return Err(wrong("is encrypted"));
    }
    let mut head = [0; 30];
    At { file, offset: member.header_at }.read_exact(&mut head).map_err(read_error)?;
    let fields = Fields(&head);
    if fields.u32(0) != 0x0403_4b50 {
        return Err(wrong("has a member where none is"));
    }
    let skipped = 30 + u64::from(fields.u16(26)) + u64::from(fields.u16(28));
    let packed =
        BufReader::new(At { file, offset: member.header_at.saturating_add(skipped) }.take(member.packed));
    let reader: Box<dyn Read> =
        if member.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
    // One byte more than it should have, so that a member that is too long is found out.
    Ok(Contents { reader: Box::new(reader.take(member.size.saturating_add(1))), crc: Crc::new(), size: 0 })
}
