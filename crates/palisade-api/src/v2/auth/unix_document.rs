//! The document `UNIX_AUTH_PARAMS` that clients send for Unix records: root tools, and private keys with what
//! they are encrypted with. It becomes parameters of the request, so that a document and a form are checked by
//! the same table.
//!
//! Deliberately absent: several tools, several keys of one sort, certificates, tools that somebody described
//! themselves, and vaults for these secrets. A record keeps none of them, and a document that has one is refused.

use palisade_wire::xml_tree::{Element, TreeError, TreeLimits, read_tree};
use palisade_wire::{Form, FormError, Source};

const LIMITS: TreeLimits = TreeLimits { bytes: 256 * 1_024, depth: 8, elements: 200 };
const ROOT: &str = "UNIX_AUTH_PARAMS";

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::v2) enum UnixDocumentError {
    #[error("it cannot be read as XML")]
    Tree(#[from] TreeError),
    #[error("its root is not {ROOT}")]
    Root,
    #[error("{0} has no place in it")]
    Unknown(String),
    #[error("a record keeps only one {0}")]
    Twice(&'static str),
    #[error("a record does not keep {0}")]
    NotKept(&'static str),
    #[error("it holds too much")]
    Form(#[from] FormError),
}

type Pairs = Vec<(&'static str, String)>;

/// Adds what a document says to a form.
pub(in crate::v2) fn add_unix_document(form: &mut Form, document: &[u8]) -> Result<(), UnixDocumentError> {
    let root = read_tree(document, LIMITS)?;
    if root.name != ROOT {
        return Err(UnixDocumentError::Root);
    }
    let mut pairs = Pairs::new();
    for part in &root.children {
        match part.name.as_str() {
            "ROOT_TOOLS" => each(part, "ROOT_TOOL", &mut pairs, read_tool)?,
            "PRIVATE_KEY_CERTIFICATES" => each(part, "PRIVATE_KEY_CERTIFICATE", &mut pairs, read_key)?,
            name => return Err(UnixDocumentError::Unknown(name.to_owned())),
        }
    }
    for (name, value) in pairs {
        form.add(name, value.into_bytes(), Source::Body)?;
    }
    Ok(())
}

fn each(
    list: &Element,
    name: &str,
    pairs: &mut Pairs,
    read: fn(&Element, &mut Pairs) -> Result<(), UnixDocumentError>,
) -> Result<(), UnixDocumentError> {
    for item in &list.children {
        if item.name != name {
            return Err(UnixDocumentError::Unknown(item.name.clone()));
        }
        read(item, pairs)?;
    }
    Ok(())
}

fn read_tool(tool: &Element, pairs: &mut Pairs) -> Result<(), UnixDocumentError> {
    for part in &tool.children {
        match part.name.as_str() {
            "STANDARD_TYPE" => {
                let word = part.child("TYPE").map(|kind| kind.text.to_lowercase()).unwrap_or_default();
                put(pairs, "root_tool", word)?;
            }
            "CUSTOM_TYPE" => return Err(UnixDocumentError::NotKept("root tools of one's own")),
            "PASSWORD_INFO" => put(pairs, "root_tool_password", secret(part, "PASSWORD")?)?,
            name => return Err(UnixDocumentError::Unknown(name.to_owned())),
        }
    }
    Ok(())
}

fn read_key(key: &Element, pairs: &mut Pairs) -> Result<(), UnixDocumentError> {
    for part in &key.children {
        match part.name.as_str() {
            "PRIVATE_KEY_INFO" => {
                let sort = part.child("PRIVATE_KEY").and_then(|key| key.attribute("type"));
                let name = match sort {
                    Some("rsa") => "rsa_private_key",
                    Some("dsa") => "dsa_private_key",
                    _ => "private_key",
                };
                put(pairs, name, secret(part, "PRIVATE_KEY")?)?;
            }
            "PASSPHRASE_INFO" => put(pairs, "passphrase", secret(part, "PASSPHRASE")?)?,
            "CERTIFICATE" => return Err(UnixDocumentError::NotKept("certificates")),
            name => return Err(UnixDocumentError::Unknown(name.to_owned())),
        }
    }
    Ok(())
}

/// A secret that is said, and not kept by a vault.
fn secret(info: &Element, name: &str) -> Result<String, UnixDocumentError> {
    if info.attribute("type") == Some("vault") || info.child("DIGITAL_VAULT").is_some() {
        return Err(UnixDocumentError::NotKept("vaults for root tools and keys"));
    }
    match info.children.iter().find(|child| child.name != name) {
        Some(other) => Err(UnixDocumentError::Unknown(other.name.clone())),
        None => Ok(info.child(name).map(|secret| secret.text.clone()).unwrap_or_default()),
    }
}

/// What is empty counts as not said.
fn put(pairs: &mut Pairs, name: &'static str, value: String) -> Result<(), UnixDocumentError> {
    if pairs.iter().any(|(known, _)| *known == name) {
        return Err(UnixDocumentError::Twice(name));
    }
    if !value.is_empty() {
        pairs.push((name, value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use palisade_wire::form::Limits;

    use super::*;

    fn read(inside: &str) -> Result<Vec<(String, String)>, String> {
        let mut form = Form::new(Limits::DEFAULT);
        let document = format!("<UNIX_AUTH_PARAMS>{inside}</UNIX_AUTH_PARAMS>");
        add_unix_document(&mut form, document.as_bytes()).map_err(|error| error.to_string())?;
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).expect("it was text");
        Ok(form.pairs().iter().map(|pair| (pair.name.clone(), text(&pair.value))).collect())
    }

    #[test]
    fn tools_and_keys_become_parameters() {
        let inside = "<ROOT_TOOLS><ROOT_TOOL><STANDARD_TYPE><TYPE>PowerBroker</TYPE></STANDARD_TYPE>\
            <PASSWORD_INFO type=\"basic\"><PASSWORD><![CDATA[a & b]]></PASSWORD></PASSWORD_INFO></ROOT_TOOL>\
            </ROOT_TOOLS><PRIVATE_KEY_CERTIFICATES><PRIVATE_KEY_CERTIFICATE><PRIVATE_KEY_INFO type=\"basic\">\
            <PRIVATE_KEY type=\"rsa\">one\ntwo</PRIVATE_KEY></PRIVATE_KEY_INFO><PASSPHRASE_INFO type=\"basic\">\
            <PASSPHRASE>open</PASSPHRASE></PASSPHRASE_INFO></PRIVATE_KEY_CERTIFICATE><PRIVATE_KEY_CERTIFICATE>\
            <PRIVATE_KEY_INFO><PRIVATE_KEY type=\"dsa\">three</PRIVATE_KEY></PRIVATE_KEY_INFO>\
            </PRIVATE_KEY_CERTIFICATE></PRIVATE_KEY_CERTIFICATES>";
        let pairs = [
            ("root_tool", "powerbroker"),
            ("root_tool_password", "a & b"),
            ("rsa_private_key", "one\ntwo"),
            ("passphrase", "open"),
            ("dsa_private_key", "three"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(inside).as_deref(), Ok(&pairs[..]));
        assert_eq!(read("").as_deref(), Ok(&[][..]));
    }

    #[test]
    fn what_a_record_does_not_keep_is_refused() {
        let tool = |inside: &str| format!("<ROOT_TOOL>{inside}</ROOT_TOOL>");
        let tools = |inside: &str| format!("<ROOT_TOOLS>{inside}</ROOT_TOOLS>");
        let key = |inside: &str| {
            format!(
                "<PRIVATE_KEY_CERTIFICATES><PRIVATE_KEY_CERTIFICATE>{inside}</PRIVATE_KEY_CERTIFICATE>\
                 </PRIVATE_KEY_CERTIFICATES>"
            )
        };
        let sudo = tool("<STANDARD_TYPE><TYPE>Sudo</TYPE></STANDARD_TYPE>");
        for (inside, expected) in [
            ("<USERNAME>root</USERNAME>".to_owned(), "USERNAME has no place in it"),
            (tools("<TOOL/>"), "TOOL has no place in it"),
            (tools(&tool("<NAME/>")), "NAME has no place in it"),
            (tools(&sudo.repeat(2)), "a record keeps only one root_tool"),
            (
                tools(&tool("<CUSTOM_TYPE><ID>1</ID></CUSTOM_TYPE>")),
                "a record does not keep root tools of one's own",
            ),
            (
                tools(&tool("<PASSWORD_INFO type=\"vault\"><DIGITAL_VAULT/></PASSWORD_INFO>")),
                "a record does not keep vaults for root tools and keys",
            ),
            (tools(&tool("<PASSWORD_INFO><SECRET/></PASSWORD_INFO>")), "SECRET has no place in it"),
            (key("<CERTIFICATE type=\"openssh\">x</CERTIFICATE>"), "a record does not keep certificates"),
            (key("<PUBLIC/>"), "PUBLIC has no place in it"),
            ("<ROOT_TOOLS>".to_owned(), "it cannot be read as XML"),
        ] {
            assert_eq!(read(&inside), Err(expected.to_owned()), "{inside}");
        }
        let mut form = Form::new(Limits::DEFAULT);
        assert!(matches!(add_unix_document(&mut form, b"<A/>"), Err(UnixDocumentError::Root)));
    }
}
