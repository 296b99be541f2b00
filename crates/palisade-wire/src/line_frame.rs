//! What stands around the values of an XML document, ready-made: a report writes the same few tags at
//! the same few depths millions of times, and three copies a line are much cheaper than nine.

/// Lines that are kept; a document has fewer kinds.
const LINES_MAX: usize = 128;
/// Places where one may be, one after the other.
const PLACES: usize = 8;

/// What comes before and after a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// `<NAME>` and `</NAME>`, on one line.
    Text,
    /// The same with a CDATA section.
    Section,
    /// Each on a line of its own.
    Parent,
}

#[derive(Debug, Clone)]
struct LineFrame {
    kind: LineKind,
    depth: usize,
    name_length: usize,
    bytes: Vec<u8>,
    /// Where the value belongs.
    middle: usize,
}

/// Frames that were used before, each in one of the few places where it is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineFrames(Vec<Option<LineFrame>>);

impl LineFrames {
    /// What stands before and after a value of the element at this depth.
    pub(crate) fn around(&mut self, name: &str, depth: usize, kind: LineKind) -> (&[u8], &[u8]) {
        if self.0.is_empty() {
            self.0.resize(LINES_MAX, None);
        }
        // Names are constants of the program: where they lie tells them apart well enough to look.
        let mixed = name.as_ptr().addr() ^ (name.len() << 3) ^ (depth * 37) ^ (kind as usize * 53);
        // Two that want one place would drive each other out at every line.
        let home = mixed % LINES_MAX;
        let is_its = |place: &usize| {
            self.0
                .get(*place)
                .is_some_and(|slot| slot.as_ref().is_none_or(|frame| frame.is_of(name, depth, kind)))
        };
        let place = (home..home + PLACES).map(|place| place % LINES_MAX).find(is_its).unwrap_or(home);
        let Some(slot) = self.0.get_mut(place) else { return (&[], &[]) };
        if !slot.as_ref().is_some_and(|frame| frame.is_of(name, depth, kind)) {
            *slot = Some(LineFrame::new(name, depth, kind));
        }
        slot.as_ref().and_then(|frame| frame.bytes.split_at_checked(frame.middle)).unwrap_or_default()
    }
}

impl LineFrame {
    fn new(name: &str, depth: usize, kind: LineKind) -> Self {
        let mut bytes = vec![b' '; depth * 2];
        let (start, end) = match kind {
            LineKind::Text => (">", "</"),
            LineKind::Section => ("><![CDATA[", "]]></"),
            LineKind::Parent => (">\n", "</"),
        };
        bytes.push(b'<');
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(start.as_bytes());
        let middle = bytes.len();
        if kind == LineKind::Parent {
            bytes.resize(middle + depth * 2, b' ');
        }
        for part in [end, name, ">\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        Self { kind, depth, name_length: name.len(), bytes, middle }
    }

    fn is_of(&self, name: &str, depth: usize, kind: LineKind) -> bool {
        let first = depth * 2 + 1;
        self.depth == depth
            && self.kind == kind
            && self.name_length == name.len()
            && self.bytes.get(first..first + name.len()) == Some(name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_their_element() {
        let mut frames = LineFrames::default();
        // The same text elsewhere, and another text in the same place, are told apart.
        let mut moving = String::from("AB");
        for _ in 0..2 {
            assert_eq!(frames.around("AB", 1, LineKind::Text), (&b"  <AB>"[..], &b"</AB>\n"[..]));
            assert_eq!(frames.around(&moving, 1, LineKind::Text), (&b"  <AB>"[..], &b"</AB>\n"[..]));
            assert_eq!(
                frames.around("AB", 0, LineKind::Section),
                (&b"<AB><![CDATA["[..], &b"]]></AB>\n"[..])
            );
            assert_eq!(frames.around("AB", 1, LineKind::Parent), (&b"  <AB>\n"[..], &b"  </AB>\n"[..]));
        }
        moving.clear();
        moving.push_str("CD");
        assert_eq!(frames.around(&moving, 1, LineKind::Text), (&b"  <CD>"[..], &b"</CD>\n"[..]));
        for depth in 0..500 {
            let (before, after) = frames.around("E", depth, LineKind::Parent);
            assert_eq!((before.len(), after.len()), (depth * 2 + 4, depth * 2 + 5));
        }
    }
}
