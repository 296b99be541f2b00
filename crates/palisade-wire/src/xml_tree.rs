//! Small XML documents that clients send, read into memory under limits.
//!
//! Deliberately absent: document types (a document that brings declarations of its own is refused, so
//! that no entity can grow or lead anywhere), and text between elements.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How much a document may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeLimits {
    pub bytes: usize,
    /// Elements within each other.
    pub depth: usize,
    pub elements: usize,
}

/// Why a document is not read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("the document has more than {max} bytes")]
    TooLarge { max: usize },
    #[error("the document is not UTF-8 text")]
    NotUtf8,
    #[error("the document has elements within more than {max} others")]
    TooDeep { max: usize },
    #[error("the document has more than {max} elements")]
    TooManyElements { max: usize },
    #[error("the document declares a document type of its own")]
    OwnDeclarations,
    #[error("the document has an entity that is none of the five of XML")]
    UnknownEntity,
    #[error("the document has no element, or something beside it")]
    NotOneRoot,
    #[error("the document ends within an element")]
    CutShort,
    #[error("the document is not well-formed XML")]
    Malformed(#[from] quick_xml::Error),
}

/// An element with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    pub name: String,
    /// Names and values of its attributes.
    pub attributes: Vec<(String, String)>,
    /// Its own text, with the blanks around it cut off.
    pub text: String,
    pub children: Vec<Self>,
}

impl Element {
    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What lies at the end of a path of first children.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }
}

/// Reads a document.
pub fn read_tree(document: &[u8], limits: TreeLimits) -> Result<Element, TreeError> {
    let TreeLimits { bytes, depth, elements } = limits;
    if document.len() > bytes {
        return Err(TreeError::TooLarge { max: bytes });
    }
    let text = std::str::from_utf8(document).map_err(|_| TreeError::NotUtf8)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    loop {
        let event = reader.read_event()?;
        if let Event::Start(start) | Event::Empty(start) = &event {
            count += 1;
            if count > elements {
                return Err(TreeError::TooManyElements { max: elements });
            }
            if open.len() >= depth {
                return Err(TreeError::TooDeep { max: depth });
            }
            if root.is_some() {
                return Err(TreeError::NotOneRoot);
            }
            let attributes = attributes(start)?;
            open.push(Element { name: start.name().as_ref().to_owned(), attributes, ..Element::default() });
        }
        match event {
            Event::DocType(declared) if declared.contains('[') => return Err(TreeError::OwnDeclarations),
            // The name and address of a document type are harmless; declarations are not.
            Event::Start(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Empty(_) | Event::End(_) => close(&mut open, &mut root),
            Event::Text(piece) => append(&mut open, &piece.xml10_content())?,
            Event::CData(piece) => append(&mut open, &piece.xml10_content())?,
            Event::GeneralRef(reference) => append(&mut open, &resolve(&reference)?)?,
            Event::Eof if !open.is_empty() => return Err(TreeError::CutShort),
            Event::Eof => return root.ok_or(TreeError::NotOneRoot),
        }
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<Vec<(String, String)>, TreeError> {
    let read = |attribute: Attribute<'_>| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned();
        Ok((attribute.key.as_ref().to_owned(), value))
    };
    start.attributes().map(|attribute| read(attribute.map_err(quick_xml::Error::from)?)).collect()
}

fn close(open: &mut Vec<Element>, root: &mut Option<Element>) {
    let Some(element) = open.pop() else { return };
    let element = Element { text: element.text.trim().to_owned(), ..element };
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn append(open: &mut [Element], piece: &str) -> Result<(), TreeError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(piece),
        None if piece.trim().is_empty() => {}
        None => return Err(TreeError::NotOneRoot),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, TreeError> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned).ok_or(TreeError::UnknownEntity)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::XmlWriter;

    const LIMITS: TreeLimits = TreeLimits { bytes: 1_000, depth: 4, elements: 10 };

    #[track_caller]
    fn refused(document: &str, expected: &str) {
        let error = read_tree(document.as_bytes(), LIMITS).unwrap_err();
        assert_eq!(error.to_string(), expected, "{document}");
    }

    #[test]
    fn texts_and_children_are_read() {
        let document = "\u{feff}<?xml version=\"1.0\"?><!DOCTYPE A SYSTEM \"a.dtd\"><!-- x --><A b=\"1\">\n\
             <B> 1 &lt; 2 &#65;<![CDATA[ & ]]></B><C/><B>2</B></A>\n<!-- end -->\n";
        let tree = read_tree(document.as_bytes(), LIMITS).unwrap();
        assert_eq!((tree.name.as_str(), tree.attribute("b"), tree.attribute("c")), ("A", Some("1"), None));
        assert_eq!(tree.at(&["B"]).unwrap().text, "1 < 2 A &");
        assert_eq!(tree.all("B").count(), 2);
        assert!(tree.child("C").is_some() && tree.at(&["C", "D"]).is_none());
    }

    #[test]
    fn what_is_no_small_document_is_refused() {
        refused("", "the document has no element, or something beside it");
        refused("x<A/>", "the document has no element, or something beside it");
        refused("<A/><B/>", "the document has no element, or something beside it");
        refused("<A><B>", "the document ends within an element");
        refused("<A></B>", "the document is not well-formed XML");
        refused(
            "<!DOCTYPE A [<!ENTITY a \"aaaa\">]><A>&a;</A>",
            "the document declares a document type of its own",
        );
        refused("<A>&a;</A>", "the document has an entity that is none of the five of XML");
        refused(&"<A>".repeat(5), "the document has elements within more than 4 others");
        let wide = format!("<A>{}</A>", "<B/>".repeat(10));
        refused(&wide, "the document has more than 10 elements");
        refused(&format!("<A>{}</A>", "x".repeat(1_000)), "the document has more than 1000 bytes");
        assert!(matches!(read_tree(b"<A>\xff</A>", LIMITS), Err(TreeError::NotUtf8)));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "[^\u{0}-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}]{0,40}") {
            let mut xml = XmlWriter::new();
            xml.element("A", &[], |xml| {
                xml.cdata("B", &text);
                xml.text("C", &text);
            });
            let tree = read_tree(&xml.finish(), LIMITS).unwrap();
            prop_assert_eq!(&tree.child("B").unwrap().text, text.trim());
            prop_assert_eq!(&tree.child("C").unwrap().text, text.trim());
        }

        #[test]
        fn any_bytes_are_taken_without_panic(document in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_tree(&document, LIMITS);
        }

        #[test]
        fn anything_like_xml_is_taken_without_panic(document in "[<>/A-C&;!\\[\\]-]{0,60}") {
            let _ = read_tree(document.as_bytes(), LIMITS);
        }
    }
}
