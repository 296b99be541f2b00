//! The one XML writer. Every answer and every page of the user guide is written with it; no
//! other file types an angle bracket.
//!
//! It streams: [`XmlWriter::take`] hands over what has been written so far, at any moment, so
//! memory does not grow with the answer. Element names are constants of the program and are
//! trusted; everything else is escaped, and characters that XML cannot hold become U+FFFD.
//!
//! Layout: two blanks a level, an element with text on one line. Clients that read line by line
//! rely on the first two lines: the declaration, then the document type.
//!
//! It copies bytes, few pieces a line (see `line_frame`), and allocates nothing for
//! an element: reports have tens of millions of them.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use palisade_model::Timestamp;

use crate::date_time::DateTime;
use crate::line_frame::{LineFrames, LineKind};

/// Attributes of an element, in the order they are written.
pub type Attributes<'a> = &'a [(&'a str, &'a str)];

const SECONDS_PER_DAY: i64 = 86_400;
/// Days that are remembered in their written form.
const DAYS: u8 = 4;

/// Writes XML into memory, piece by piece.
#[derive(Debug)]
pub struct XmlWriter {
    out: Vec<u8>,
    open: Vec<&'static str>,
    frames: LineFrames,
    /// A time of each of the days that were written last, by its day since 1970; days of different
    /// remainders.
    days: [Option<(i64, DateTime)>; DAYS as usize],
}

impl Default for XmlWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl XmlWriter {
    /// A writer with nothing written; for parts of documents.
    #[must_use]
    pub fn new() -> Self {
        Self { out: Vec::new(), open: Vec::new(), frames: LineFrames::default(), days: [None; DAYS as usize] }
    }

    /// Starts a document: the declaration on line 1, the document type on line 2.
    #[must_use]
    pub fn document(root: &str, dtd_url: &str) -> Self {
        let mut xml = Self::new();
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n");
        let url = valid(dtd_url).replace('"', "%22");
        xml.raw(&format!("<!DOCTYPE {root} SYSTEM \"{url}\">\n"));
        xml
    }

    /// Starts an HTML page.
    #[must_use]
    pub fn html() -> Self {
        let mut xml = Self::new();
        xml.raw("<!DOCTYPE html>\n");
        xml
    }

    /// A writer for children of the element opened last: what it has written can be
    /// [appended](Self::append) there, as often as it is needed.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { open: self.open.clone(), ..Self::new() }
    }

    /// Writes what a [part](Self::part) has written.
    pub fn append(&mut self, part: &[u8]) {
        self.out.extend_from_slice(part);
    }

    /// All that a [part](Self::part) has written.
    #[must_use]
    pub fn into_part(self) -> Vec<u8> {
        self.out
    }

    /// Makes room for so many bytes more.
    pub fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// What was written since the last call. As much room is there for what follows.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        let room = Vec::with_capacity(self.out.len());
        std::mem::replace(&mut self.out, room)
    }

    /// Bytes written since the last [`take`](Self::take).
    #[must_use]
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// Ends the document: closes what is open and hands everything over.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.close_all();
        self.out
    }

    /// `<!-- text -->`
    pub fn comment(&mut self, text: &str) {
        self.indent();
        self.raw(&format!("<!-- {} -->\n", comment_text(text)));
    }

    /// `<!-- text //-->`, the form of notices before and after the root.
    pub fn notice(&mut self, text: &str) {
        self.indent();
        self.raw(&format!("<!-- {} //-->\n", comment_text(text)));
    }

    /// Opens an element whose children follow.
    pub fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        if attributes.is_empty() {
            let (before, _) = self.frames.around(name, self.open.len(), LineKind::Parent);
            self.out.extend_from_slice(before);
        } else {
            self.indent();
            self.start(name, attributes, ">\n");
        }
        self.open.push(name);
    }

    /// Closes the element opened last; nothing is open, nothing happens.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            let (_, after) = self.frames.around(name, self.open.len(), LineKind::Parent);
            self.out.extend_from_slice(after);
        }
    }

    /// Closes everything that is open but the root.
    pub fn close_to_root(&mut self) {
        self.close_to_depth(1);
    }

    /// Closes elements until only so many are open.
    pub fn close_to_depth(&mut self, depth: usize) {
        while self.open.len() > depth {
            self.close();
        }
    }

    /// Closes everything that is open.
    pub fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    /// An element with children; without any it is written as an empty element.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        children: impl FnOnce(&mut Self),
    ) {
        let before = self.out.len();
        self.open(name, attributes);
        let opened = self.out.len();
        children(self);
        if self.out.len() == opened {
            self.open.pop();
            self.out.truncate(before);
            self.empty(name, attributes);
        } else {
            self.close();
        }
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.indent();
        self.start(name, attributes, "/>\n");
    }

    /// An element with a machine's value: a number, a date, a flag.
    pub fn text(&mut self, name: &str, value: &str) {
        if marks(value) & (INVALID | MARKUP) == 0 {
            self.line(name, LineKind::Text, value.as_bytes());
        } else {
            self.text_with(name, &[], value);
        }
    }

    /// Like [`text`](Self::text), with attributes.
    pub fn text_with(&mut self, name: &str, attributes: Attributes<'_>, value: &str) {
        self.indent();
        self.start(name, attributes, ">");
        self.write_text(value);
        self.end_of_line(name);
    }

    /// An element with a whole number.
    pub fn number(&mut self, name: &str, value: u64) {
        let mut digits = [b'0'; 20];
        let mut rest = value;
        let mut used = 0;
        // Two at a time: half as many divisions, each of which waits for the one before.
        for pair in digits.rchunks_exact_mut(2) {
            let two = u8::try_from(rest % 100).unwrap_or(0);
            if let [tens, ones] = pair {
                (*tens, *ones) = (b'0' + two / 10, b'0' + two % 10);
            }
            rest /= 100;
            used += if rest == 0 && two < 10 { 1 } else { 2 };
            if rest == 0 {
                break;
            }
        }
        let written = digits.get(digits.len() - used..).unwrap_or_default();
        self.line(name, LineKind::Text, written);
    }

    /// An element with a point in time.
    pub fn date_time(&mut self, name: &str, at: Timestamp) {
        // Most times of a document are on few days.
        let day = at.as_second().div_euclid(SECONDS_PER_DAY);
        let slot = usize::try_from(day.rem_euclid(i64::from(DAYS))).unwrap_or(0);
        let written = match self.days.get(slot).copied().flatten() {
            Some((known, time)) if known == day => time.at_second(at.as_second() - day * SECONDS_PER_DAY),
            _ => DateTime::of(at),
        };
        if let Some(known) = self.days.get_mut(slot) {
            *known = Some((day, written));
        }
        self.line(name, LineKind::Text, written.as_bytes());
    }

    /// An element with an IPv4 address.
    pub fn address(&mut self, name: &str, ip: Ipv4Addr) {
        let mut written = [b'.'; 15];
        let mut used = 0;
        for (number, octet) in ip.octets().into_iter().enumerate() {
            used += usize::from(number > 0);
            let digits = [octet / 100, octet / 10 % 10, octet % 10];
            let first = if octet >= 100 { 0 } else { 1 + usize::from(octet < 10) };
            for digit in digits.iter().skip(first) {
                if let Some(place) = written.get_mut(used) {
                    *place = b'0' + digit;
                }
                used += 1;
            }
        }
        self.line(name, LineKind::Text, written.get(..used).unwrap_or_default());
    }

    /// An element with a person's text, in a CDATA section.
    pub fn cdata(&mut self, name: &str, value: &str) {
        if marks(value) & (INVALID | BRACKET) == 0 {
            self.line(name, LineKind::Section, value.as_bytes());
        } else {
            self.cdata_with(name, &[], value);
        }
    }

    /// Like [`cdata`](Self::cdata), with attributes.
    pub fn cdata_with(&mut self, name: &str, attributes: Attributes<'_>, value: &str) {
        self.indent();
        self.start(name, attributes, "><![CDATA[");
        let marks = marks(value);
        let value = if marks & INVALID == 0 { Cow::Borrowed(value) } else { valid(value) };
        if marks & BRACKET == 0 {
            self.raw(&value);
        } else {
            // `]]>` ends a section, so it is spread over two of them.
            let mut parts = value.split("]]>");
            self.raw(parts.next().unwrap_or_default());
            for part in parts {
                self.raw("]]]]><![CDATA[>");
                self.raw(part);
            }
        }
        self.raw("]]>");
        self.end_of_line(name);
    }

    /// An element with a machine's value on a line of its own, as errors are written.
    pub fn padded_text(&mut self, name: &str, attributes: Attributes<'_>, value: &str) {
        self.indent();
        self.padded(name, attributes, &[value]);
    }

    /// The same with several lines.
    pub fn padded_lines(&mut self, name: &str, lines: &[String]) {
        self.indent();
        self.padded(name, &[], lines);
    }

    fn padded(&mut self, name: &str, attributes: Attributes<'_>, lines: &[impl AsRef<str>]) {
        self.start(name, attributes, ">\n");
        for line in lines {
            self.indent();
            self.raw("  ");
            self.write_text(line.as_ref());
            self.raw("\n");
        }
        self.indent();
        self.end_of_line(name);
    }

    /// [`text`](Self::text) when there is a value.
    pub fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// [`cdata`](Self::cdata) when there is a value.
    pub fn optional_cdata(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.cdata(name, value);
        }
    }

    /// A wrapper with one entry per item; no items, no wrapper.
    pub fn list<T>(
        &mut self,
        wrapper: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write_item: impl FnMut(&mut Self, T),
    ) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            self.element(wrapper, &[], |xml| items.for_each(|item| write_item(xml, item)));
        }
    }

    /// Text between elements, for pages of mixed content.
    pub fn words(&mut self, text: &str) {
        self.indent();
        self.write_text(text);
        self.raw("\n");
    }

    /// An element without attributes, whose value needs no looking after.
    fn line(&mut self, name: &str, kind: LineKind, value: &[u8]) {
        let (before, after) = self.frames.around(name, self.open.len(), kind);
        self.out.reserve(before.len() + value.len() + after.len());
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(after);
    }

    /// `<name key="value"` and what ends it.
    fn start(&mut self, name: &str, attributes: Attributes<'_>, end: &str) {
        self.out.push(b'<');
        self.raw(name);
        for (key, value) in attributes {
            self.out.push(b' ');
            self.raw(key);
            self.raw("=\"");
            let value = valid(value);
            self.escaped(&value, attribute_escape);
            self.out.push(b'"');
        }
        self.raw(end);
    }

    fn write_text(&mut self, value: &str) {
        match marks(value) & (INVALID | MARKUP) {
            0 => self.raw(value),
            _ => self.escaped(&valid(value), text_escape),
        }
    }

    fn end_of_line(&mut self, name: &str) {
        self.raw("</");
        self.raw(name);
        self.raw(">\n");
    }

    /// The text with the bytes replaced for which `escape` has a replacement.
    fn escaped(&mut self, text: &str, escape: fn(u8) -> Option<&'static str>) {
        let mut rest = text.as_bytes();
        while let Some((place, replacement)) =
            rest.iter().enumerate().find_map(|(place, byte)| Some((place, escape(*byte)?)))
        {
            let (before, from) = rest.split_at(place);
            self.out.extend_from_slice(before);
            self.raw(replacement);
            rest = from.split_first().map_or(&[], |(_, after)| after);
        }
        self.out.extend_from_slice(rest);
    }

    fn indent(&mut self) {
        const BLANKS: &[u8] = b"                                ";
        let mut missing = self.open.len() * 2;
        while missing > 0 {
            let some = BLANKS.get(..missing).unwrap_or(BLANKS);
            self.out.extend_from_slice(some);
            missing -= some.len();
        }
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// What stands for a byte in text.
const fn text_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'&' => Some("&amp;"),
        // A reader would make a line feed of it.
        b'\r' => Some("&#13;"),
        _ => None,
    }
}

/// What stands for a byte in the value of an attribute.
const fn attribute_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'"' => Some("&quot;"),
        b'\'' => Some("&apos;"),
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        _ => text_escape(byte),
    }
}

/// A byte that may belong to a character which XML cannot hold: a control character, or the first of
/// U+FFFE and U+FFFF.
const INVALID: u8 = 1;
/// A byte that text cannot hold as it is.
const MARKUP: u8 = 2;
/// A byte that may begin the end of a section.
const BRACKET: u8 = 4;

/// Bytes that are looked at together.
const TOGETHER: usize = 16;

/// What is among the bytes of a text: one pass without branches, because most texts have nothing to
/// look after. What is left of short ones is looked up byte by byte.
fn marks(text: &str) -> u8 {
    let (chunks, rest) = text.as_bytes().as_chunks::<TOGETHER>();
    let mut marks = 0;
    if !chunks.is_empty() {
        let mut seen = [0; TOGETHER];
        for chunk in chunks {
            for (seen, byte) in seen.iter_mut().zip(chunk) {
                *seen |= mark(*byte);
            }
        }
        for seen in seen {
            marks |= seen;
        }
    }
    for byte in rest {
        marks |= MARKS.get(usize::from(*byte)).copied().unwrap_or(0);
    }
    marks
}

/// [`mark`] of each byte.
static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let mut byte: u8 = 0;
    loop {
        marks[byte as usize] = mark(byte);
        if byte == u8::MAX {
            break marks;
        }
        byte += 1;
    }
};

#[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches")]
const fn mark(byte: u8) -> u8 {
    let is_white = (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
    let is_invalid = ((byte < 0x20) & !is_white) | (byte == 0xef);
    let is_markup = (byte == b'<') | (byte == b'>') | (byte == b'&') | (byte == b'\r');
    (is_invalid as u8 * INVALID) | (is_markup as u8 * MARKUP) | ((byte == b']') as u8 * BRACKET)
}

/// The text with every character that XML 1.0 cannot hold replaced.
fn valid(text: &str) -> Cow<'_, str> {
    if marks(text) & INVALID == 0 || text.chars().all(is_xml_character) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if is_xml_character(c) { c } else { '\u{fffd}' }).collect())
    }
}

const fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A comment cannot hold two hyphens in a row, nor end with one.
fn comment_text(text: &str) -> String {
    let mut safe = valid(text).replace("--", "- -").replace("--", "- -");
    if safe.ends_with('-') {
        safe.push(' ');
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    fn written(write: impl FnOnce(&mut XmlWriter)) -> String {
        let mut xml = XmlWriter::new();
        write(&mut xml);
        String::from_utf8(xml.finish()).unwrap()
    }

    #[test]
    fn the_first_two_lines_are_what_clients_read() {
        let mut xml = XmlWriter::document("SCAN", "https://scans.example/scan-1.dtd");
        xml.empty("SCAN", &[("value", "None")]);
        let text = String::from_utf8(xml.finish()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r#"<?xml version="1.0" encoding="UTF-8" ?>"#);
        assert_eq!(lines[1], r#"<!DOCTYPE SCAN SYSTEM "https://scans.example/scan-1.dtd">"#);
        assert_eq!(lines[2], r#"<SCAN value="None"/>"#);
    }

    #[test]
    fn children_are_indented_and_absent_ones_leave_nothing() {
        let text = written(|xml| {
            xml.element("A", &[("k", "a\"<b")], |xml| {
                xml.text("B", "1 < 2 & 3");
                xml.optional_text("C", None);
                xml.optional_cdata("D", Some("<x>"));
                xml.list("E", [1, 2], |xml, item| xml.text("F", &item.to_string()));
                xml.list("G", [] as [i32; 0], |xml, item| xml.text("F", &item.to_string()));
                xml.padded_text("H", &[], "no");
            });
        });
        assert_eq!(
            text,
            "<A k=\"a&quot;&lt;b\">\n  <B>1 &lt; 2 &amp; 3</B>\n  <D><![CDATA[<x>]]></D>\n  <E>\n    \
             <F>1</F>\n    <F>2</F>\n  </E>\n  <H>\n    no\n  </H>\n</A>\n"
        );
    }

    #[test]
    fn an_element_without_children_is_empty() {
        assert_eq!(written(|xml| xml.element("A", &[("k", "v")], |_| {})), "<A k=\"v\"/>\n");
    }

    #[test]
    fn a_part_is_written_where_it_was_begun() {
        let text = written(|xml| {
            xml.open("A", &[]);
            let mut part = xml.part();
            part.text("B", "1");
            let part = part.into_part();
            xml.append(&part);
            xml.append(&part);
        });
        assert_eq!(text, "<A>\n  <B>1</B>\n  <B>1</B>\n</A>\n");
    }

    #[test]
    fn numbers_and_times_are_written_out() {
        assert_eq!(written(|xml| xml.number("A", 0)), "<A>0</A>\n");
        for value in [7, 9, 10, 42, 99, 100, 101, 909, 1_000, 65_535, 10_000_000_000_000_000_000, u64::MAX] {
            assert_eq!(written(|xml| xml.number("A", value)), format!("<A>{value}</A>\n"));
        }
        let at = "2014-06-25T10:20:30.5Z".parse().unwrap();
        let later = "2014-06-25T10:20:31Z".parse().unwrap();
        let times = written(|xml| [at, at, later, at].into_iter().for_each(|at| xml.date_time("A", at)));
        let seconds: Vec<&str> = times.split(&[':', 'Z']).skip(2).step_by(3).collect();
        assert_eq!(
            (times.lines().next(), seconds),
            (Some("<A>2014-06-25T10:20:30Z</A>"), vec!["30", "30", "31", "30"])
        );
        for ip in ["0.0.0.0", "10.9.99.100", "255.255.255.255", "1.20.3.199"] {
            let line = format!("<A>{ip}</A>\n");
            assert_eq!(written(|xml| xml.address("A", ip.parse().unwrap())), line);
        }
        let lines = ["a:".to_owned(), "< b".to_owned()];
        assert_eq!(written(|xml| xml.padded_lines("A", &lines)), "<A>\n  a:\n  &lt; b\n</A>\n");
    }

    #[test]
    fn comments_stay_comments() {
        assert_eq!(written(|xml| xml.comment("a --> b---")), "<!-- a - -> b- - -  -->\n");
        assert_eq!(written(|xml| xml.notice("x")), "<!-- x //-->\n");
    }

    #[test]
    fn what_is_taken_is_not_written_again() {
        let mut xml = XmlWriter::new();
        xml.open("A", &[]);
        assert_eq!(xml.take(), b"<A>\n");
        xml.close();
        assert_eq!(xml.finish(), b"</A>\n");
    }

    /// The text content of `<A>` as a reader sees it.
    fn read_back(document: &str) -> String {
        let mut reader = Reader::from_str(document);
        let mut text = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Text(part) => text.push_str(&part),
                Event::CData(part) => text.push_str(&part),
                Event::GeneralRef(part) => {
                    text.push_str(&quick_xml::escape::unescape(&format!("&{};", &*part)).unwrap());
                }
                Event::Eof => return text,
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in any::<String>()) {
            let expected = valid(&text).into_owned();
            let plain = written(|xml| xml.text("A", &text));
            prop_assert_eq!(read_back(plain.trim_end()), expected.clone());
            let section = written(|xml| xml.cdata("A", &text));
            prop_assert_eq!(read_back(section.trim_end()), expected);
        }

        #[test]
        fn any_attribute_reads_back(text in any::<String>()) {
            let document = written(|xml| xml.empty("A", &[("k", &text)]));
            let mut reader = Reader::from_str(&document);
            let Event::Empty(element) = reader.read_event().unwrap() else { panic!("{document}") };
            let value = element.attributes().next().unwrap().unwrap().value;
            let value = quick_xml::escape::unescape(&value).unwrap().into_owned();
            prop_assert_eq!(value, valid(&text).into_owned());
        }

        #[test]
        fn times_are_those_of_their_days(seconds in proptest::collection::vec(-400_000_i64..400_000, 1..9)) {
            let at = |second: &i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
            let together = written(|xml| seconds.iter().for_each(|second| xml.date_time("A", at(second))));
            let each = |second| format!("<A>{}</A>\n", crate::date_time::date_time(at(second)));
            prop_assert_eq!(together, seconds.iter().map(each).collect::<String>());
        }

        #[test]
        fn nothing_in_a_text_is_overlooked(text in any::<String>(), blanks in 0..40_usize, end in "[\\x00-\\x7f]{0,3}") {
            let text = format!("{}{text}{end}", " ".repeat(blanks));
            prop_assert_eq!(marks(&text), text.bytes().fold(0, |marks, byte| marks | mark(byte)));
        }

        #[test]
        fn sections_survive_their_own_end(parts in proptest::collection::vec("(\\]|>|a){0,6}", 0..6)) {
            let text = parts.concat();
            prop_assert_eq!(read_back(written(|xml| xml.cdata("A", &text)).trim_end()), text);
        }

        #[test]
        fn no_comment_holds_two_hyphens(text in "[-> a]{0,12}") {
            let comment = written(|xml| xml.comment(&text));
            let inner = comment.trim_end().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")).unwrap();
            prop_assert!(!inner.contains("--") && !inner.ends_with('-'), "{}", comment);
        }
    }
}
