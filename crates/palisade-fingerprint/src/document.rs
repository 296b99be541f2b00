//! One file of fingerprints, read into memory under limits.
//!
//! Entities beyond the five of XML are refused; elements that are not known are skipped.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::fingerprint::{Example, Fingerprint, Source};
use crate::pattern::Flags;

/// Bytes of a file.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 16 << 20;
const FINGERPRINTS_MAX: usize = 50_000;
const EXAMPLES_MAX: usize = 1_000;
const PARAMETERS_MAX: usize = 64;
const GROUP_MAX: usize = 64;

/// Why a file is not a database of fingerprints.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the file is not well-formed XML")]
    Xml(#[from] quick_xml::Error),
    #[error("the file ends within an element")]
    CutShort,
    #[error("the file is no list of fingerprints")]
    NotFingerprints,
    #[error("the file has more than {max} {what}")]
    TooMany { what: &'static str, max: usize },
    #[error("{element} {problem}")]
    Malformed { element: &'static str, problem: String },
}

/// A file as it says of itself.
#[derive(Debug)]
pub(crate) struct Document {
    /// The kind of text it is about, `ssh.banner`; absent for a few.
    pub(crate) matches: Option<String>,
    /// 0 to 1: how far its word counts against that of others.
    pub(crate) preference: f32,
    pub(crate) fingerprints: Vec<Fingerprint>,
}

/// Which text is being collected.
enum Text {
    Description(String),
    Example { attributes: BTreeMap<String, String>, text: String },
}

/// Reads one document.
pub(crate) fn read(xml: &str) -> Result<Document, ReadError> {
    let mut reader = Reader::from_str(xml);
    let mut document: Option<Document> = None;
    let mut current: Option<Fingerprint> = None;
    let mut text: Option<Text> = None;
    let mut open = 0_usize;
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                open += 1;
                opened(&start, &mut document, &mut current, &mut text)?;
            }
            Event::Empty(start) => {
                opened(&start, &mut document, &mut current, &mut text)?;
                closed(start.name().as_ref(), document.as_mut(), &mut current, &mut text)?;
            }
            Event::End(end) => {
                open = open.saturating_sub(1);
                closed(end.name().as_ref(), document.as_mut(), &mut current, &mut text)?;
            }
            Event::Text(piece) => append(&mut text, &piece.xml10_content()),
            Event::CData(piece) => append(&mut text, &piece.xml10_content()),
            Event::GeneralRef(reference) => append(&mut text, &resolve(&reference)?),
            Event::Eof if open > 0 => return Err(ReadError::CutShort),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_) => {}
        }
    }
    document.ok_or(ReadError::NotFingerprints)
}

fn opened(
    start: &BytesStart<'_>,
    document: &mut Option<Document>,
    current: &mut Option<Fingerprint>,
    text: &mut Option<Text>,
) -> Result<(), ReadError> {
    let mut attributes = attributes(start)?;
    let name = start.name();
    match (name.as_ref(), document.as_ref(), current.as_mut()) {
        ("fingerprints", None, None) => {
            let preference = attributes.get("preference").and_then(|text| text.parse().ok()).unwrap_or(0.1);
            let matches = attributes.remove("matches");
            *document = Some(Document { matches, preference, fingerprints: Vec::new() });
        }
        (_, None, _) => return Err(ReadError::NotFingerprints),
        ("fingerprint", Some(document), None) => {
            if document.fingerprints.len() >= FINGERPRINTS_MAX {
                return Err(ReadError::TooMany { what: "fingerprints", max: FINGERPRINTS_MAX });
            }
            *current = Some(fingerprint(&mut attributes)?);
        }
        ("description", _, Some(_)) => *text = Some(Text::Description(String::new())),
        ("example", _, Some(fingerprint)) => {
            if fingerprint.examples.len() >= EXAMPLES_MAX {
                return Err(ReadError::TooMany { what: "examples", max: EXAMPLES_MAX });
            }
            *text = Some(Text::Example { attributes, text: String::new() });
        }
        ("param", _, Some(fingerprint)) => {
            if fingerprint.parameters.len() >= PARAMETERS_MAX {
                return Err(ReadError::TooMany { what: "parameters", max: PARAMETERS_MAX });
            }
            fingerprint.parameters.push(parameter(&mut attributes)?);
        }
        _ => {}
    }
    Ok(())
}

fn closed(
    name: &str,
    document: Option<&mut Document>,
    current: &mut Option<Fingerprint>,
    text: &mut Option<Text>,
) -> Result<(), ReadError> {
    match name {
        "description" => {
            if let (Some(Text::Description(words)), Some(fingerprint)) = (text.take(), current.as_mut()) {
                fingerprint.description = words.split_whitespace().collect::<Vec<_>>().join(" ");
            }
        }
        "example" => {
            if let (Some(Text::Example { attributes, text }), Some(fingerprint)) =
                (text.take(), current.as_mut())
            {
                fingerprint.examples.push(example(attributes, text)?);
            }
        }
        "fingerprint" => {
            if let (Some(document), Some(fingerprint)) = (document, current.take()) {
                document.fingerprints.push(fingerprint);
            }
        }
        _ => {}
    }
    Ok(())
}

fn append(text: &mut Option<Text>, piece: &str) {
    match text {
        Some(Text::Description(words)) => words.push_str(piece),
        Some(Text::Example { text, .. }) => text.push_str(piece),
        None => {}
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<BTreeMap<String, String>, ReadError> {
    let mut all = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(quick_xml::Error::from)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
        all.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(all)
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, ReadError> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned).ok_or_else(|| {
        ReadError::Malformed { element: "entity", problem: format!("{name} is not one of the five") }
    })
}

fn fingerprint(attributes: &mut BTreeMap<String, String>) -> Result<Fingerprint, ReadError> {
    let malformed = |problem: String| ReadError::Malformed { element: "fingerprint", problem };
    let pattern = attributes.remove("pattern").ok_or_else(|| malformed("has no pattern".to_owned()))?;
    let flags = Flags::parse(attributes.get("flags").map_or("", String::as_str))
        .map_err(|flag| malformed(format!("has an unknown flag {flag}")))?;
    Ok(Fingerprint {
        pattern,
        flags,
        description: String::new(),
        parameters: Vec::new(),
        examples: Vec::new(),
        compiled: OnceLock::new(),
        compiled_for_text: OnceLock::new(),
    })
}

fn parameter(attributes: &mut BTreeMap<String, String>) -> Result<(String, Source), ReadError> {
    let malformed = |problem: String| ReadError::Malformed { element: "param", problem };
    let name = attributes.remove("name").ok_or_else(|| malformed("has no name".to_owned()))?;
    let position: usize = attributes
        .get("pos")
        .and_then(|text| text.parse().ok())
        .filter(|position| *position <= GROUP_MAX)
        .ok_or_else(|| malformed(format!("{name} has no position")))?;
    let source = if position == 0 {
        Source::Fixed(attributes.remove("value").ok_or_else(|| malformed(format!("{name} has no value")))?)
    } else {
        Source::Group(position)
    };
    Ok((name, source))
}

fn example(mut attributes: BTreeMap<String, String>, text: String) -> Result<Example, ReadError> {
    let malformed = |problem: &str| ReadError::Malformed { element: "example", problem: problem.to_owned() };
    let text = match attributes.remove("_encoding").as_deref() {
        None => text.into_bytes(),
        Some("base64") => {
            let dense: String = text.split_whitespace().collect();
            STANDARD.decode(dense).map_err(|_| malformed("is not base64"))?
        }
        Some(_) => return Err(malformed("has an unknown encoding")),
    };
    Ok(Example { text, expected: attributes })
}
