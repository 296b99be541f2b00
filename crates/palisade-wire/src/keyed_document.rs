//! XML documents that hold keyed texts, `<INFO key="title">Weekly</INFO>`, whatever elements stand around
//! them. They become pairs of a form, so that a document and a form are checked by the same table.
//!
//! An empty text counts as not given. Deliberately absent: document types, which are skipped, and entities
//! beyond the five of XML, which are refused.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::form::{Form, FormError, Source};

/// The element that holds a text.
const INFO: &str = "INFO";
/// Its attribute.
const KEY: &str = "key";

/// Why a document cannot be read as keyed texts.
#[derive(Debug, thiserror::Error)]
pub enum KeyedDocumentError {
    #[error("it is not UTF-8 text")]
    NotUtf8,
    #[error("it is not well-formed XML")]
    Xml(#[from] quick_xml::Error),
    #[error("it ends within an element")]
    CutShort,
    #[error("an INFO stands within another")]
    Nested,
    #[error("an INFO has no key")]
    NoKey,
    #[error("it has no INFO with a text")]
    Nothing,
    #[error("it has an entity that is not one of the five of XML")]
    Entity,
    #[error("it holds too much")]
    Form(#[from] FormError),
}

/// Adds the keyed texts of a document to a form, in their order.
///
/// # Errors
///
/// When it is not well-formed, and when the form has no room for it.
pub fn add_keyed_texts(form: &mut Form, document: &[u8]) -> Result<(), KeyedDocumentError> {
    let document = std::str::from_utf8(document).map_err(|_| KeyedDocumentError::NotUtf8)?;
    let mut reader = Reader::from_str(document);
    let mut current: Option<(String, String)> = None;
    let (mut open, mut added) = (0_usize, 0_usize);
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                open += 1;
                if start.name().as_ref() == INFO {
                    if current.is_some() {
                        return Err(KeyedDocumentError::Nested);
                    }
                    current = Some((key(&start)?, String::new()));
                }
            }
            Event::End(end) => {
                open = open.saturating_sub(1);
                if end.name().as_ref() == INFO
                    && let Some((key, text)) = current.take()
                    && !text.trim().is_empty()
                {
                    form.add(&key, text.trim().as_bytes().to_vec(), Source::Body)?;
                    added += 1;
                }
            }
            Event::Text(piece) => append(&mut current, &piece.xml10_content()),
            Event::CData(piece) => append(&mut current, &piece.xml10_content()),
            Event::GeneralRef(reference) => append(&mut current, &resolve(&reference)?),
            Event::Eof if open > 0 => return Err(KeyedDocumentError::CutShort),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_) => {}
        }
    }
    if added == 0 { Err(KeyedDocumentError::Nothing) } else { Ok(()) }
}

fn append(current: &mut Option<(String, String)>, piece: &str) {
    if let Some((_, text)) = current {
        text.push_str(piece);
    }
}

fn key(start: &BytesStart<'_>) -> Result<String, KeyedDocumentError> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(quick_xml::Error::from)?;
        if attribute.key.as_ref() == KEY {
            return Ok(attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned());
        }
    }
    Err(KeyedDocumentError::NoKey)
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, KeyedDocumentError> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned).ok_or(KeyedDocumentError::Entity)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form::Limits;

    fn read(document: &str) -> Result<Vec<(String, String)>, String> {
        let mut form = Form::new(Limits::DEFAULT);
        add_keyed_texts(&mut form, document.as_bytes()).map_err(|error| error.to_string())?;
        let pair = |pair: &crate::form::Pair| {
            (pair.name.clone(), String::from_utf8(pair.value.clone()).expect("it was text"))
        };
        Ok(form.pairs().iter().map(pair).collect())
    }

    #[test]
    fn texts_are_read_by_their_keys() {
        let document = "<?xml version=\"1.0\"?><!DOCTYPE A SYSTEM \"a.dtd\">\n<A><B>\n<INFO key=\"title\">\
            <![CDATA[Weekly <1>]]></INFO><INFO key=\"ips\"> 10.0.0.1 </INFO><INFO key=\"none\"></INFO>\
            <INFO key=\"no\"/></B><INFO key=\"text\">a &amp; &#98;</INFO></A>";
        let pairs = [("title", "Weekly <1>"), ("ips", "10.0.0.1"), ("text", "a & b")];
        assert_eq!(read(document).unwrap(), pairs.map(|(key, text)| (key.to_owned(), text.to_owned())));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (document, expected) in [
            ("", "it has no INFO with a text"),
            ("<A/>", "it has no INFO with a text"),
            ("<A><INFO key=\"a\">b</A>", "it is not well-formed XML"),
            ("<A><INFO key=\"a\">b", "it ends within an element"),
            ("<INFO key=\"a\"><INFO key=\"b\">c</INFO></INFO>", "an INFO stands within another"),
            ("<INFO>c</INFO>", "an INFO has no key"),
            ("<INFO key=\"a\">&b;</INFO>", "it has an entity that is not one of the five of XML"),
        ] {
            assert_eq!(read(document).as_ref().map_err(String::as_str), Err(expected), "{document}");
        }
        let many: Vec<String> = (0..500).map(|key| format!("<INFO key=\"{key}\">x</INFO>")).collect();
        assert_eq!(read(&format!("<A>{}</A>", many.concat())), Err("it holds too much".to_owned()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut form = Form::new(Limits::DEFAULT);
            let _ = add_keyed_texts(&mut form, &bytes);
        }

        #[test]
        fn every_text_comes_back(text in "[ -~äöü]{1,40}") {
            prop_assume!(!text.trim().is_empty());
            let mut xml = crate::XmlWriter::document("A", "a.dtd");
            xml.open("A", &[]);
            xml.cdata_with("INFO", &[("key", "k")], &text);
            xml.close();
            let document = String::from_utf8(xml.finish()).unwrap();
            prop_assert_eq!(read(&document).unwrap(), vec![("k".to_owned(), text.trim().to_owned())]);
        }
    }
}
