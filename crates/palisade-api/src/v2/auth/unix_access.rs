//! The root tools and the private keys of a Unix record, in lists: their sorts, never their secrets.

use palisade_model::RecordContent;
use palisade_model::auth_record::{PrivateKeyEntry, RootToolEntry};
use palisade_wire::XmlWriter;

const BASIC: &[(&str, &str)] = &[("type", "basic")];

/// Both lists, as far as there are entries.
pub(super) fn write_access(xml: &mut XmlWriter, content: &RecordContent) {
    let numbered = (1..).zip(content.all_root_tools());
    xml.list("ROOT_TOOL_INFO_LIST", numbered, |xml, (number, entry)| write_tool(xml, number, entry));
    let numbered = (1..).zip(content.all_private_keys());
    xml.list("PRIVATE_KEY_CERTIFICATE_LIST", numbered, |xml, (number, entry)| write_key(xml, number, entry));
}

fn write_tool(xml: &mut XmlWriter, number: u64, entry: RootToolEntry) {
    xml.element("ROOT_TOOL_INFO", &[], |xml| {
        xml.number("ID", number);
        xml.element("STANDARD_TYPE", &[], |xml| xml.text("TYPE", entry.tool.title()));
        if entry.has_password {
            xml.empty("PASSWORD_INFO", BASIC);
        }
    });
}

fn write_key(xml: &mut XmlWriter, number: u64, entry: PrivateKeyEntry) {
    xml.element("PRIVATE_KEY_CERTIFICATE", &[], |xml| {
        xml.number("ID", number);
        xml.element("PRIVATE_KEY_INFO", BASIC, |xml| match entry.sort {
            Some(sort) => xml.empty("PRIVATE_KEY", &[("type", sort.word())]),
            None => xml.empty("PRIVATE_KEY", &[]),
        });
        if entry.has_passphrase {
            xml.empty("PASSPHRASE_INFO", BASIC);
        }
        if entry.has_certificate {
            xml.empty("CERTIFICATE", &[("type", "openssh")]);
        }
    });
}
