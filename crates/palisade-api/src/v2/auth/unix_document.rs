//! The document `UNIX_AUTH_PARAMS` that clients send for Unix records: root tools, and private keys with what
//! they are encrypted with and the certificates that OpenSSH made for them.
//!
//! Deliberately absent: tools that somebody described themselves, vaults for these secrets, and
//! certificates that scans cannot use: those of x.509, and those of RSA keys, which the SSH client signs with
//! an algorithm that services refuse. A record keeps none of them, and a document that has one is refused.

use palisade_model::auth_record::{GivenAccess, KeySort, PRIVATE_KEYS_MAX, ROOT_TOOLS_MAX, RootTool};
use palisade_wire::xml_tree::{Element, TreeError, TreeLimits, read_tree};

const LIMITS: TreeLimits = TreeLimits { bytes: 256 * 1_024, depth: 8, elements: 200 };
const ROOT: &str = "UNIX_AUTH_PARAMS";
/// What every certificate of OpenSSH has in the name of its algorithm.
const CERTIFICATE_MARK: &str = "-cert-v01@openssh.com";
const SHOWN_CHARACTERS_MAX: usize = 100;

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::v2) enum UnixDocumentError {
    #[error("it cannot be read as XML")]
    Tree(#[from] TreeError),
    #[error("its root is not {ROOT}")]
    Root,
    #[error("{0} has no place in it")]
    Unknown(String),
    #[error("{0} stands twice in one entry")]
    Twice(&'static str),
    #[error("an entry has no {0}")]
    Missing(&'static str),
    #[error("{name} cannot be '{value}'")]
    Word { name: &'static str, value: String },
    #[error("a record keeps at most {max} {name}")]
    TooMany { name: &'static str, max: usize },
    #[error("a record does not keep {0}")]
    NotKept(&'static str),
    #[error("a CERTIFICATE is not one of OpenSSH, in one line")]
    Certificate,
}

/// Reads what a document says.
pub(in crate::v2) fn read_unix_document(document: &[u8]) -> Result<GivenAccess, UnixDocumentError> {
    let root = read_tree(document, LIMITS)?;
    if root.name != ROOT {
        return Err(UnixDocumentError::Root);
    }
    refuse_others(&root, &["ROOT_TOOLS", "PRIVATE_KEY_CERTIFICATES"])?;
    let mut access = GivenAccess::default();
    for list in root.all("ROOT_TOOLS") {
        refuse_others(list, &["ROOT_TOOL"])?;
        list.children.iter().try_for_each(|tool| read_tool(tool, &mut access))?;
    }
    for list in root.all("PRIVATE_KEY_CERTIFICATES") {
        refuse_others(list, &["PRIVATE_KEY_CERTIFICATE"])?;
        list.children.iter().try_for_each(|key| read_key(key, &mut access))?;
    }
    if access.root_tools() > ROOT_TOOLS_MAX {
        return Err(UnixDocumentError::TooMany { name: "ROOT_TOOL", max: ROOT_TOOLS_MAX });
    }
    if access.private_keys() > PRIVATE_KEYS_MAX {
        return Err(UnixDocumentError::TooMany { name: "PRIVATE_KEY_CERTIFICATE", max: PRIVATE_KEYS_MAX });
    }
    Ok(access)
}

fn read_tool(tool: &Element, access: &mut GivenAccess) -> Result<(), UnixDocumentError> {
    refuse_others(tool, &["STANDARD_TYPE", "CUSTOM_TYPE", "PASSWORD_INFO"])?;
    if tool.child("CUSTOM_TYPE").is_some() {
        return Err(UnixDocumentError::NotKept("root tools of one's own (CUSTOM_TYPE)"));
    }
    let password = once(tool, "PASSWORD_INFO")?.map(|info| secret(info, "PASSWORD")).transpose()?;
    let kind = once(tool, "STANDARD_TYPE")?.ok_or(UnixDocumentError::Missing("STANDARD_TYPE"))?;
    let name = kind.child("TYPE").map(|name| name.text.as_str()).unwrap_or_default();
    let tool = RootTool::named(name).ok_or_else(|| bad_word("TYPE", name))?;
    access.add_root_tool(tool, password.unwrap_or_default());
    Ok(())
}

fn read_key(entry: &Element, access: &mut GivenAccess) -> Result<(), UnixDocumentError> {
    refuse_others(entry, &["PRIVATE_KEY_INFO", "PASSPHRASE_INFO", "CERTIFICATE"])?;
    let certificate = once(entry, "CERTIFICATE")?.map(certificate).transpose()?;
    let info = once(entry, "PRIVATE_KEY_INFO")?.ok_or(UnixDocumentError::Missing("PRIVATE_KEY"))?;
    let key = secret(info, "PRIVATE_KEY")?;
    if key.is_empty() {
        return Err(UnixDocumentError::Missing("PRIVATE_KEY"));
    }
    let sort = info.child("PRIVATE_KEY").and_then(|key| key.attribute("type"));
    let named = |word: &str| KeySort::named(word).ok_or_else(|| bad_word("the type of PRIVATE_KEY", word));
    let sort = sort.map(named).transpose()?;
    let passphrase = once(entry, "PASSPHRASE_INFO")?.map(|info| secret(info, "PASSPHRASE")).transpose()?;
    access.add_private_key(sort, key, passphrase.unwrap_or_default(), certificate.unwrap_or_default());
    Ok(())
}

/// A certificate as `ssh-keygen` writes it: the algorithm, the certificate, a comment.
fn certificate(element: &Element) -> Result<String, UnixDocumentError> {
    match element.attribute("type").map(str::to_lowercase).as_deref() {
        Some("openssh") => {}
        Some("x.509" | "x509") => {
            return Err(UnixDocumentError::NotKept("certificates of x.509, only those of OpenSSH"));
        }
        other => return Err(bad_word("the type of CERTIFICATE", other.unwrap_or_default())),
    }
    let text = element.text.trim();
    let algorithm = text.split_whitespace().next().unwrap_or_default();
    if !algorithm.ends_with(CERTIFICATE_MARK) || text.lines().count() != 1 || !text.contains(' ') {
        return Err(UnixDocumentError::Certificate);
    }
    if algorithm.starts_with("ssh-rsa") || algorithm.starts_with("rsa-") {
        return Err(UnixDocumentError::NotKept("certificates of RSA keys, which scans cannot use"));
    }
    Ok(text.to_owned())
}

/// A secret that is said, and not kept by a vault.
fn secret(info: &Element, name: &str) -> Result<String, UnixDocumentError> {
    if info.attribute("type") == Some("vault") || info.child("DIGITAL_VAULT").is_some() {
        return Err(UnixDocumentError::NotKept("vaults for root tools and keys"));
    }
    refuse_others(info, &[name])?;
    Ok(info.child(name).map(|secret| secret.text.clone()).unwrap_or_default())
}

fn refuse_others(element: &Element, names: &[&str]) -> Result<(), UnixDocumentError> {
    match element.children.iter().find(|child| !names.contains(&child.name.as_str())) {
        Some(other) => Err(UnixDocumentError::Unknown(shown(&other.name))),
        None => Ok(()),
    }
}

fn once<'a>(entry: &'a Element, name: &'static str) -> Result<Option<&'a Element>, UnixDocumentError> {
    match entry.all(name).count() {
        0 | 1 => Ok(entry.child(name)),
        _ => Err(UnixDocumentError::Twice(name)),
    }
}

fn bad_word(name: &'static str, value: &str) -> UnixDocumentError {
    UnixDocumentError::Word { name, value: shown(value) }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str) -> Result<GivenAccess, String> {
        let document = format!("<UNIX_AUTH_PARAMS>{inside}</UNIX_AUTH_PARAMS>");
        read_unix_document(document.as_bytes()).map_err(|error| error.to_string())
    }

    fn tools(inside: &str) -> String {
        format!("<ROOT_TOOLS>{inside}</ROOT_TOOLS>")
    }

    fn tool(inside: &str) -> String {
        tools(&format!("<ROOT_TOOL>{inside}</ROOT_TOOL>"))
    }

    const SUDO: &str = "<STANDARD_TYPE><TYPE>Sudo</TYPE></STANDARD_TYPE>";
    const KEY: &str = "<PRIVATE_KEY_INFO><PRIVATE_KEY>k</PRIVATE_KEY></PRIVATE_KEY_INFO>";

    fn key(inside: &str) -> String {
        format!(
            "<PRIVATE_KEY_CERTIFICATES><PRIVATE_KEY_CERTIFICATE>{inside}</PRIVATE_KEY_CERTIFICATE>\
             </PRIVATE_KEY_CERTIFICATES>"
        )
    }

    #[test]
    fn tools_and_keys_are_read_in_their_order() {
        let inside = "<ROOT_TOOLS><ROOT_TOOL><STANDARD_TYPE><TYPE>PowerBroker</TYPE></STANDARD_TYPE>\
            <PASSWORD_INFO type=\"basic\"><PASSWORD><![CDATA[a & b]]></PASSWORD></PASSWORD_INFO></ROOT_TOOL>\
            <ROOT_TOOL><STANDARD_TYPE><TYPE>sudo</TYPE></STANDARD_TYPE></ROOT_TOOL>\
            </ROOT_TOOLS><PRIVATE_KEY_CERTIFICATES><PRIVATE_KEY_CERTIFICATE><PRIVATE_KEY_INFO type=\"basic\">\
            <PRIVATE_KEY type=\"rsa\">one\ntwo</PRIVATE_KEY></PRIVATE_KEY_INFO><PASSPHRASE_INFO type=\"basic\">\
            <PASSPHRASE>open</PASSPHRASE></PASSPHRASE_INFO></PRIVATE_KEY_CERTIFICATE><PRIVATE_KEY_CERTIFICATE>\
            <PRIVATE_KEY_INFO><PRIVATE_KEY type=\"ed25519\">three</PRIVATE_KEY></PRIVATE_KEY_INFO>\
            <CERTIFICATE type=\"openssh\">\nssh-ed25519-cert-v01@openssh.com AAAA= scan\n</CERTIFICATE>\
            </PRIVATE_KEY_CERTIFICATE></PRIVATE_KEY_CERTIFICATES>";
        let mut expected = GivenAccess::default();
        let own = str::to_owned;
        expected.add_root_tool(RootTool::PowerBroker, own("a & b"));
        expected.add_root_tool(RootTool::Sudo, String::new());
        expected.add_private_key(Some(KeySort::Rsa), own("one\ntwo"), own("open"), String::new());
        let certificate = own("ssh-ed25519-cert-v01@openssh.com AAAA= scan");
        expected.add_private_key(Some(KeySort::Ed25519), own("three"), String::new(), certificate);
        assert_eq!(read(inside), Ok(expected));
        assert_eq!(read(""), Ok(GivenAccess::default()));
        let mut unsaid = GivenAccess::default();
        unsaid.add_private_key(None, own("k"), String::new(), String::new());
        assert_eq!(read(&key(KEY)), Ok(unsaid));
    }

    #[test]
    fn what_a_record_does_not_keep_is_refused() {
        let with =
            |kind: &str, text: &str| key(&format!("{KEY}<CERTIFICATE type=\"{kind}\">{text}</CERTIFICATE>"));
        for (inside, expected) in [
            (
                tool("<CUSTOM_TYPE><ID>1</ID></CUSTOM_TYPE>"),
                "a record does not keep root tools of one's own (CUSTOM_TYPE)",
            ),
            (
                tool("<PASSWORD_INFO type=\"vault\"><DIGITAL_VAULT/></PASSWORD_INFO>"),
                "a record does not keep vaults for root tools and keys",
            ),
            (
                key("<PRIVATE_KEY_INFO type=\"vault\"/>"),
                "a record does not keep vaults for root tools and keys",
            ),
            (
                with("x.509", "-----BEGIN CERTIFICATE-----"),
                "a record does not keep certificates of x.509, only those of OpenSSH",
            ),
            (
                with("openssh", "ssh-rsa-cert-v01@openssh.com AAAA"),
                "a record does not keep certificates of RSA keys, which scans cannot use",
            ),
            (with("pgp", "x"), "the type of CERTIFICATE cannot be 'pgp'"),
            (with("openssh", "ssh-ed25519 AAAA"), "a CERTIFICATE is not one of OpenSSH, in one line"),
            (with("openssh", ""), "a CERTIFICATE is not one of OpenSSH, in one line"),
        ] {
            assert_eq!(read(&inside), Err(expected.to_owned()), "{inside}");
        }
    }

    #[test]
    fn bad_documents_are_refused() {
        let sudo = format!("<ROOT_TOOL>{SUDO}</ROOT_TOOL>");
        let six_keys = key(KEY).repeat(PRIVATE_KEYS_MAX + 1);
        for (inside, expected) in [
            ("<USERNAME>root</USERNAME>".to_owned(), "USERNAME has no place in it"),
            (tools("<TOOL/>"), "TOOL has no place in it"),
            (tool("<NAME/>"), "NAME has no place in it"),
            (tool(""), "an entry has no STANDARD_TYPE"),
            (tool("<STANDARD_TYPE><TYPE>doas</TYPE></STANDARD_TYPE>"), "TYPE cannot be 'doas'"),
            (tool("<STANDARD_TYPE/>"), "TYPE cannot be ''"),
            (tool(&SUDO.repeat(2)), "STANDARD_TYPE stands twice in one entry"),
            (tool("<PASSWORD_INFO><SECRET/></PASSWORD_INFO>"), "SECRET has no place in it"),
            (tools(&sudo.repeat(ROOT_TOOLS_MAX + 1)), "a record keeps at most 5 ROOT_TOOL"),
            (six_keys, "a record keeps at most 5 PRIVATE_KEY_CERTIFICATE"),
            (key("<PUBLIC/>"), "PUBLIC has no place in it"),
            (key("<PASSPHRASE_INFO/>"), "an entry has no PRIVATE_KEY"),
            (key("<PRIVATE_KEY_INFO/>"), "an entry has no PRIVATE_KEY"),
            (
                key("<PRIVATE_KEY_INFO><PRIVATE_KEY type=\"elgamal\">k</PRIVATE_KEY></PRIVATE_KEY_INFO>"),
                "the type of PRIVATE_KEY cannot be 'elgamal'",
            ),
            ("<ROOT_TOOLS>".to_owned(), "it cannot be read as XML"),
        ] {
            assert_eq!(read(&inside), Err(expected.to_owned()), "{inside}");
        }
        assert!(read(&tools(&sudo.repeat(ROOT_TOOLS_MAX))).is_ok());
        assert!(matches!(read_unix_document(b"<A/>"), Err(UnixDocumentError::Root)));
        let large = format!("<UNIX_AUTH_PARAMS><!--{}--></UNIX_AUTH_PARAMS>", "x".repeat(LIMITS.bytes));
        assert!(matches!(read_unix_document(large.as_bytes()), Err(UnixDocumentError::Tree(_))));
    }
}
