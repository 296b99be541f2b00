//! Which product and operating system an identification line names.
//!
//! Only what the line says itself: a distribution is taken from the suffix its packages add, a
//! release from that suffix or, where it has none, from the version the release was made with.

use palisade_model::fact::{OsEvidence, Product};

use super::product_table::{DEBIAN_RELEASES, PRODUCTS, PRODUCTS_INSIDE, Row, UBUNTU_RELEASES};

/// The product and operating system of a line such as
/// `SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3`.
#[must_use]
pub fn identify(banner: &str) -> (Option<Product>, Option<OsEvidence>) {
    let software = banner
        .strip_prefix("SSH-")
        .and_then(|rest| rest.split_once('-'))
        .map(|(_, software)| software.trim())
        .unwrap_or_default();
    let Some((row, version)) = find_product(software) else { return (None, os_evidence(banner, None)) };
    let version = version.filter(|version| version.starts_with(|first: char| first.is_ascii_digit()));
    let product = Product {
        vendor: row.vendor.to_owned(),
        name: row.name.to_owned(),
        cpe: (!row.cpe.is_empty()).then(|| cpe(row.cpe, version)),
        version: version.map(str::to_owned),
    };
    let release = (row.name == "OpenSSH").then(|| openssh_release(software, version)).flatten();
    let by_product = (!row.os.is_empty()).then(|| row.os.to_owned());
    (Some(product), os_evidence(banner, release.or(by_product)))
}

fn os_evidence(banner: &str, name: Option<String>) -> Option<OsEvidence> {
    name.or_else(|| distribution(banner)).map(|name| OsEvidence {
        technique: "SSH banner".to_owned(),
        name,
        detail: banner.to_owned(),
    })
}

fn find_product(software: &str) -> Option<(&'static Row, Option<&str>)> {
    // `Go` and the like are whole names, not beginnings of others.
    let begins = |row: &&Row| {
        software.strip_prefix(row.prefix).is_some_and(|rest| {
            row.prefix.len() > 2 || rest.is_empty() || rest.starts_with(['_', '-', '/', ' '])
        })
    };
    if let Some(row) = PRODUCTS.iter().find(begins) {
        let rest = software.strip_prefix(row.prefix).unwrap_or_default();
        return Some((row, first_word(rest)));
    }
    PRODUCTS_INSIDE.iter().find_map(|row| {
        let (before, after) = software.split_once(row.prefix)?;
        Some((row, first_word(after).or_else(|| first_word(before))))
    })
}

fn first_word(text: &str) -> Option<&str> {
    text.trim_start_matches([' ', '_', '-', '/', ':'])
        .split([' ', ',', '+', '['])
        .next()
        .filter(|word| !word.is_empty())
}

/// In the formatted string of CPE 2.3. The `p1` of OpenSSH's portable releases is an update there.
fn cpe(vendor_product: &str, version: Option<&str>) -> String {
    let clean = |text: &str| -> String {
        text.chars()
            .filter(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_'))
            .collect()
    };
    let (version, update) = match version {
        None => ("*".to_owned(), "*".to_owned()),
        Some(version) if vendor_product == "openbsd:openssh" => version.split_once('p').map_or_else(
            || (clean(version), "*".to_owned()),
            |(base, patch)| (clean(base), format!("p{}", clean(patch))),
        ),
        Some(version) => (clean(version), "*".to_owned()),
    };
    format!("cpe:2.3:a:{vendor_product}:{version}:{update}:*:*:*:*:*:*")
}

/// The distribution and release an OpenSSH package says in its comment.
fn openssh_release(software: &str, version: Option<&str>) -> Option<String> {
    let comment = software.split_once(' ').map(|(_, comment)| comment)?;
    let of_version = |table: &[(&str, &str)]| {
        let version = version?;
        table.iter().find(|(known, _)| *known == version).map(|(_, release)| (*release).to_owned())
    };
    if comment.starts_with("Ubuntu") {
        return Some(join("Ubuntu Linux", of_version(UBUNTU_RELEASES)));
    }
    if comment.starts_with("Raspbian") {
        return Some(join("Raspbian Linux", debian_suffix(comment).or_else(|| of_version(DEBIAN_RELEASES))));
    }
    if comment.starts_with("Debian") || debian_suffix(comment).is_some() {
        return Some(join("Debian Linux", debian_suffix(comment).or_else(|| of_version(DEBIAN_RELEASES))));
    }
    None
}

/// `12` from `Debian-2+deb12u3`; old releases say `deb6u1`, `squeeze1`, `lenny1` and so on.
fn debian_suffix(comment: &str) -> Option<String> {
    const NAMES: [(&str, &str); 5] =
        [("wheezy", "7"), ("squeeze", "6"), ("lenny", "5"), ("etch", "4"), ("sarge", "3")];
    if let Some((_, rest)) = comment.split_once("+deb").or_else(|| comment.split_once("~deb")) {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).take(3).collect();
        return Some(digits).filter(|digits| !digits.is_empty());
    }
    NAMES.iter().find(|(name, _)| comment.contains(name)).map(|(_, release)| (*release).to_owned())
}

/// Systems that name themselves somewhere in the line.
fn distribution(banner: &str) -> Option<String> {
    const MARKS: &[(&str, &str)] = &[
        ("FreeBSD", "FreeBSD"),
        ("NetBSD", "NetBSD"),
        ("DragonFly", "DragonFly BSD"),
        ("Raspbian", "Raspbian Linux"),
        ("Debian", "Debian Linux"),
        ("Ubuntu", "Ubuntu Linux"),
        ("Windows", "Microsoft Windows"),
        ("Cisco", "Cisco IOS"),
        ("Solaris", "Oracle Solaris"),
    ];
    MARKS.iter().find(|(mark, _)| banner.contains(mark)).map(|(_, name)| (*name).to_owned())
}

fn join(name: &str, release: Option<String>) -> String {
    release.map_or_else(|| name.to_owned(), |release| format!("{name} {release}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(banner: &str, name: &str, version: Option<&str>, os: Option<&str>) {
        let (product, evidence) = identify(banner);
        let product = product.unwrap();
        assert_eq!((product.name.as_str(), product.version.as_deref()), (name, version), "{banner}");
        assert_eq!(evidence.as_ref().map(|evidence| evidence.name.as_str()), os, "{banner}");
    }

    #[test]
    fn packages_name_their_release() {
        expect("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "OpenSSH", Some("9.2p1"), Some("Debian Linux 12"));
        expect("SSH-2.0-OpenSSH_8.4p1 Debian-5", "OpenSSH", Some("8.4p1"), Some("Debian Linux 11"));
        expect("SSH-2.0-OpenSSH_5.1p1 Debian-5lenny1", "OpenSSH", Some("5.1p1"), Some("Debian Linux 5"));
        expect(
            "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.4",
            "OpenSSH",
            Some("8.9p1"),
            Some("Ubuntu Linux 22.04"),
        );
        expect(
            "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5",
            "OpenSSH",
            Some("9.6p1"),
            Some("Ubuntu Linux 24.04"),
        );
        expect("SSH-2.0-OpenSSH_99.1p1 Ubuntu-3", "OpenSSH", Some("99.1p1"), Some("Ubuntu Linux"));
        expect(
            "SSH-2.0-OpenSSH_7.9p1 Raspbian-10+deb10u2",
            "OpenSSH",
            Some("7.9p1"),
            Some("Raspbian Linux 10"),
        );
        expect("SSH-2.0-OpenSSH_9.3 FreeBSD-20230719", "OpenSSH", Some("9.3"), Some("FreeBSD"));
        expect("SSH-2.0-OpenSSH_8.0", "OpenSSH", Some("8.0"), None);
    }

    #[test]
    fn products_are_told_apart() {
        expect("SSH-2.0-dropbear_2022.83", "Dropbear SSH", Some("2022.83"), Some("Linux"));
        expect("SSH-2.0-dropbear", "Dropbear SSH", None, Some("Linux"));
        expect("SSH-1.99-Cisco-1.25", "Cisco SSH", Some("1.25"), Some("Cisco IOS"));
        expect("SSH-2.0-libssh_0.9.6", "libssh", Some("0.9.6"), None);
        expect("SSH-2.0-Go", "golang.org/x/crypto/ssh", None, None);
        expect("SSH-2.0-mod_sftp/0.9.9", "mod_sftp", Some("0.9.9"), None);
        expect(
            "SSH-2.0-OpenSSH_for_Windows_8.1",
            "OpenSSH for Windows",
            Some("8.1"),
            Some("Microsoft Windows"),
        );
        expect(
            "SSH-2.0-8.49 FlowSsh: Bitvise SSH Server (WinSSHD) 8.49",
            "Bitvise SSH Server",
            Some("8.49"),
            Some("Microsoft Windows"),
        );
        assert_eq!(identify("SSH-2.0-GoAnywhere7.1"), (None, None));
        assert_eq!(identify("nonsense"), (None, None));
    }

    #[test]
    fn the_cpe_has_the_patch_as_update() {
        let cpe = |banner| identify(banner).0.unwrap().cpe.unwrap();
        assert_eq!(cpe("SSH-2.0-OpenSSH_9.2p1 Debian-2"), "cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*");
        assert_eq!(cpe("SSH-2.0-OpenSSH_8.0"), "cpe:2.3:a:openbsd:openssh:8.0:*:*:*:*:*:*:*");
        assert_eq!(cpe("SSH-2.0-dropbear"), "cpe:2.3:a:dropbear_ssh_project:dropbear_ssh:*:*:*:*:*:*:*:*");
    }
}
