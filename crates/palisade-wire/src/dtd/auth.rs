//! The document types of authentication records. What a type of records holds is data
//! (`palisade_model::auth_record`); so are these definitions, made of the same rows.

use std::fmt::Write as _;
use std::sync::LazyLock;

use palisade_model::RecordKind;
use palisade_model::auth_record::{Field, FieldKind, REFERENCE_FIELDS};

use crate::dtd::Dtd;

/// The list of one type, with the names of its elements.
#[derive(Debug)]
pub struct AuthList {
    pub kind: RecordKind,
    pub dtd: Dtd,
    /// `AUTH_UNIX_LIST_OUTPUT`
    pub root: &'static str,
    /// `AUTH_UNIX_LIST`
    pub list: &'static str,
    /// `AUTH_UNIX`
    pub record: &'static str,
    /// `AUTH_UNIX_IDS`, of the list of all types.
    pub ids: &'static str,
}

const ENVELOPE: &str = "<!-- The request, repeated when echo_request=1 asks for it. Secrets are masked. -->
<!ELEMENT REQUEST (DATETIME, USER_LOGIN, RESOURCE, PARAM_LIST?, POST_DATA?)>
<!ELEMENT DATETIME (#PCDATA)>
<!ELEMENT USER_LOGIN (#PCDATA)>
<!ELEMENT RESOURCE (#PCDATA)>
<!ELEMENT PARAM_LIST (PARAM+)>
<!ELEMENT PARAM (KEY, VALUE)>
<!ELEMENT KEY (#PCDATA)>
<!ELEMENT VALUE (#PCDATA)>
<!ELEMENT POST_DATA (#PCDATA)>
";
const TAIL: &str = "<!ELEMENT ID_SET (ID | ID_RANGE)+>
<!ELEMENT ID (#PCDATA)>
<!-- The first and the last ID of a range, joined by a hyphen. -->
<!ELEMENT ID_RANGE (#PCDATA)>
<!-- More records than one answer holds, and where the next ones are. -->
<!ELEMENT WARNING_LIST (WARNING+)>
<!ELEMENT WARNING (CODE, TEXT, URL)>
<!ELEMENT CODE (#PCDATA)>
<!ELEMENT TEXT (#PCDATA)>
<!ELEMENT URL (#PCDATA)>
";

/// The field after which the root tools and keys of a record stand.
pub const ACCESS_AFTER: &str = "root_tool";
const ACCESS: &str =
    "<!-- Root tools in the order they are tried. PASSWORD_INFO: it has a password of its own. -->
<!ELEMENT ROOT_TOOL_INFO_LIST (ROOT_TOOL_INFO+)>
<!ELEMENT ROOT_TOOL_INFO (ID, STANDARD_TYPE, PASSWORD_INFO?)>
<!ELEMENT STANDARD_TYPE (TYPE)>
<!-- Sudo, Pimsu, PowerBroker or Su. -->
<!ELEMENT TYPE (#PCDATA)>
<!ELEMENT PASSWORD_INFO EMPTY>
<!ATTLIST PASSWORD_INFO type (basic) #REQUIRED>
<!-- Private keys in the order they are tried. PASSPHRASE_INFO: it is encrypted. -->
<!ELEMENT PRIVATE_KEY_CERTIFICATE_LIST (PRIVATE_KEY_CERTIFICATE+)>
<!ELEMENT PRIVATE_KEY_CERTIFICATE (ID, PRIVATE_KEY_INFO, PASSPHRASE_INFO?, CERTIFICATE?)>
<!ELEMENT PRIVATE_KEY_INFO (PRIVATE_KEY)>
<!ATTLIST PRIVATE_KEY_INFO type (basic) #REQUIRED>
<!-- type: the sort of the key, where it was said. -->
<!ELEMENT PRIVATE_KEY EMPTY>
<!ATTLIST PRIVATE_KEY type (rsa | dsa | ecdsa | ed25519) #IMPLIED>
<!ELEMENT PASSPHRASE_INFO EMPTY>
<!ATTLIST PASSPHRASE_INFO type (basic) #REQUIRED>
<!ELEMENT CERTIFICATE EMPTY>
<!ATTLIST CERTIFICATE type (openssh) #REQUIRED>
";

static LISTS: LazyLock<Vec<AuthList>> = LazyLock::new(|| RecordKind::all().map(list_of).collect());
static ALL_TYPES: LazyLock<Dtd> =
    LazyLock::new(|| Dtd { file: "api/2.0/fo/auth/auth_records.dtd", text: kept(all_types()) });

/// The list of one type.
#[must_use]
pub fn list(kind: RecordKind) -> Option<&'static AuthList> {
    LISTS.iter().find(|list| list.kind == kind)
}

/// The list of all types: numbers only.
#[must_use]
pub fn records() -> &'static Dtd {
    &ALL_TYPES
}

/// All of them, by file name.
pub fn all() -> impl Iterator<Item = &'static Dtd> {
    let mut lists: Vec<&'static Dtd> = LISTS.iter().map(|list| &list.dtd).collect();
    lists.push(records());
    lists.sort_by_key(|dtd| dtd.file);
    lists.into_iter()
}

/// Made once, and as long as the program runs.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn list_of(kind: RecordKind) -> AuthList {
    let name = kind.element();
    AuthList {
        kind,
        dtd: Dtd {
            file: kept(format!("api/2.0/fo/auth/{0}/auth_{0}_list_output.dtd", kind.word)),
            text: kept(definition(kind)),
        },
        root: kept(format!("AUTH_{name}_LIST_OUTPUT")),
        list: kept(format!("AUTH_{name}_LIST")),
        record: kept(format!("AUTH_{name}")),
        ids: kept(format!("AUTH_{name}_IDS")),
    }
}

/// A field's element, or its group's, optional unless every record has it.
fn content(fields: &[&Field]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for field in fields {
        let (name, optional) = match field.group {
            Some(group) => (group.to_owned(), true),
            None => (field.element_name(), !field.required && field.default.is_none()),
        };
        let name = if optional { format!("{name}?") } else { name };
        if !names.contains(&name) {
            names.push(name);
        }
        if field.name == ACCESS_AFTER {
            names.extend(["ROOT_TOOL_INFO_LIST?", "PRIVATE_KEY_CERTIFICATE_LIST?"].map(str::to_owned));
        }
    }
    names
}

fn definition(kind: RecordKind) -> String {
    let name = kind.element();
    let shown: Vec<&Field> = kind.fields.iter().filter(|field| !field.is_secret()).collect();
    let (last, first): (Vec<&Field>, Vec<&Field>) = shown.iter().copied().partition(|field| field.is_last());
    let mut record = vec!["ID".to_owned(), "TITLE".to_owned()];
    record.extend(content(&first));
    record.push("IP_SET?".to_owned());
    if kind.vault {
        record.extend(["LOGIN_TYPE".to_owned(), "DIGITAL_VAULT?".to_owned()]);
    }
    record.extend(["NETWORK_ID?", "CREATED", "LAST_MODIFIED", "COMMENTS?"].map(str::to_owned));
    record.extend(content(&last));
    let mut text = format!(
        "<!-- Authentication records for {title}. Secrets are never shown. -->
<!ELEMENT AUTH_{name}_LIST_OUTPUT (REQUEST?, RESPONSE)>
{ENVELOPE}<!ELEMENT RESPONSE (DATETIME, (AUTH_{name}_LIST | ID_SET)?, WARNING_LIST?, GLOSSARY?)>
<!ELEMENT AUTH_{name}_LIST (AUTH_{name}+)>
<!ELEMENT AUTH_{name} ({record})>
<!ELEMENT TITLE (#PCDATA)>
",
        title = kind.title,
        record = record.join(", "),
    );
    let mut groups: Vec<&str> = Vec::new();
    for field in &shown {
        // Writing to a string does not fail.
        let _ = writeln!(text, "<!-- {} -->", field.about.replace("--", "- -"));
        let element = field.element_name();
        let _ = match field.kind {
            FieldKind::List { .. } => {
                let item = item_name(&element);
                writeln!(text, "<!ELEMENT {element} ({item}+)>\n<!ELEMENT {item} (#PCDATA)>")
            }
            _ => writeln!(text, "<!ELEMENT {element} (#PCDATA)>"),
        };
        if let Some(group) = field.group.filter(|group| !groups.contains(group)) {
            groups.push(group);
            let members: Vec<String> = shown
                .iter()
                .filter(|other| other.group == Some(group))
                .map(|other| format!("{}?", other.element_name()))
                .collect();
            let _ = writeln!(text, "<!ELEMENT {group} ({})>", members.join(", "));
        }
    }
    if kind.access_lists {
        text.push_str(ACCESS);
    }
    text.push_str(
        "<!ELEMENT IP_SET (IP | IP_RANGE)+>
<!ELEMENT IP (#PCDATA)>
<!-- The first and the last address of a range, joined by a hyphen. -->
<!ELEMENT IP_RANGE (#PCDATA)>
",
    );
    if kind.vault {
        let parts: Vec<String> =
            REFERENCE_FIELDS.iter().map(|field| format!("{}?", field.element_name())).collect();
        let _ = write!(
            text,
            "<!-- basic, or vault: where the password is. -->\n<!ELEMENT LOGIN_TYPE (#PCDATA)>
<!ELEMENT DIGITAL_VAULT (DIGITAL_VAULT_ID, DIGITAL_VAULT_TYPE, DIGITAL_VAULT_TITLE, {})>
<!ELEMENT DIGITAL_VAULT_ID (#PCDATA)>
<!ELEMENT DIGITAL_VAULT_TYPE (#PCDATA)>
<!ELEMENT DIGITAL_VAULT_TITLE (#PCDATA)>
",
            parts.join(", ")
        );
        for field in REFERENCE_FIELDS {
            let _ = writeln!(text, "<!ELEMENT {} (#PCDATA)>", field.element_name());
        }
    }
    text.push_str(
        "<!ELEMENT NETWORK_ID (#PCDATA)>
<!-- BY: the login of whoever made it; the glossary has the name. -->
<!ELEMENT CREATED (DATETIME, BY)>
<!ELEMENT BY (#PCDATA)>
<!ELEMENT LAST_MODIFIED (DATETIME)>
<!ELEMENT COMMENTS (#PCDATA)>
",
    );
    text.push_str(TAIL);
    text.push_str(
        "<!ELEMENT GLOSSARY (USER_LIST)>
<!ELEMENT USER_LIST (USER+)>
<!ELEMENT USER (USER_LOGIN, FIRST_NAME, LAST_NAME)>
<!ELEMENT FIRST_NAME (#PCDATA)>
<!ELEMENT LAST_NAME (#PCDATA)>
",
    );
    text
}

/// The element of one item of a list: `HOST` of `HOSTS`.
#[must_use]
pub fn item_name(list: &str) -> &str {
    list.strip_suffix('S').unwrap_or(list)
}

fn all_types() -> String {
    let names: Vec<String> = RecordKind::all().map(|kind| format!("AUTH_{}_IDS", kind.element())).collect();
    let optional: Vec<String> = names.iter().map(|name| format!("{name}?")).collect();
    let mut text = format!(
        "<!-- The numbers of all authentication records, by their types. -->
<!ELEMENT AUTH_RECORDS_OUTPUT (REQUEST?, RESPONSE)>
{ENVELOPE}<!ELEMENT RESPONSE (DATETIME, AUTH_RECORDS?, WARNING_LIST?)>
<!ELEMENT AUTH_RECORDS ({})>
",
        optional.join(", ")
    );
    for name in names {
        let _ = writeln!(text, "<!ELEMENT {name} (ID_SET)>");
    }
    text.push_str(TAIL);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn elements_are_declared_once() {
        for dtd in all() {
            let mut seen = BTreeSet::new();
            for element in dtd.elements() {
                assert!(seen.insert(element), "{} declares {element} twice", dtd.file);
            }
        }
        assert_eq!(all().count(), RecordKind::all().count() + 1);
    }
}
