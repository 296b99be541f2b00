//! What a Unix system is asked once somebody is in, and what its answers say.

use palisade_model::fact::{InsideFacts, Package, printable};

/// Packages kept.
const PACKAGES_MAX: usize = 5_000;
const TEXT_CHARACTERS_MAX: usize = 200;

/// A shell script that only reads. Each answer stands below a line with its name.
pub(super) const QUESTIONS: &str = r#"LC_ALL=C; export LC_ALL
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin; export PATH
echo "[uname]"; uname -a
echo "[id]"; id -u
echo "[release]"; cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null || cat /etc/redhat-release 2>/dev/null
if command -v dpkg-query >/dev/null 2>&1; then echo "[dpkg]"; dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n' 2>/dev/null
elif command -v rpm >/dev/null 2>&1; then echo "[rpm]"; rpm -qa --qf '%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\n' 2>/dev/null
elif command -v apk >/dev/null 2>&1; then echo "[apk]"; cat /lib/apk/db/installed 2>/dev/null
fi
echo "[end]""#;

/// Takes the answers to [`QUESTIONS`] apart; `None` when there are none.
pub(super) fn of_answers(bytes: &[u8]) -> Option<InsideFacts> {
    let text = String::from_utf8_lossy(bytes);
    let mut facts = InsideFacts::default();
    let mut section = "";
    let mut release = Release::default();
    let mut apk = Package::default();
    for line in text.lines() {
        match line {
            "[uname]" | "[id]" | "[release]" | "[dpkg]" | "[rpm]" | "[apk]" | "[end]" => {
                section = line;
                if matches!(section, "[dpkg]" | "[rpm]" | "[apk]") {
                    section.trim_matches(['[', ']']).clone_into(&mut facts.package_manager);
                }
            }
            _ => match section {
                "[uname]" if facts.kernel.is_empty() => facts.kernel = kept(line),
                "[id]" => facts.root |= line.trim() == "0",
                "[release]" => release.read(line),
                "[dpkg]" => facts.packages.extend(of_dpkg(line)),
                "[rpm]" => facts.packages.extend(package(line)),
                "[apk]" => facts.packages.extend(of_apk(line, &mut apk)),
                _ => {}
            },
        }
    }
    if facts.kernel.is_empty() {
        return None;
    }
    facts.packages.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    facts.packages.truncate(PACKAGES_MAX);
    facts.system = release.system(&facts.kernel);
    facts.release = Some(release.pretty).filter(|text| !text.is_empty());
    Some(facts)
}

/// What a device says to `show version`; `None` for silence.
pub(super) fn of_device(bytes: &[u8]) -> Option<InsideFacts> {
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let kernel = kept(first);
    let system = if kernel.contains("Cisco") { kernel.clone() } else { String::new() };
    Some(InsideFacts { kernel, system, ..InsideFacts::default() })
}

fn kept(text: &str) -> String {
    printable(text.trim().as_bytes(), TEXT_CHARACTERS_MAX)
}

/// `ii \tname\tversion\tarchitecture`: installed ones only.
fn of_dpkg(line: &str) -> Option<Package> {
    let (status, rest) = line.split_once('\t')?;
    if status.starts_with("ii") { package(rest) } else { None }
}

fn package(line: &str) -> Option<Package> {
    let mut parts = line.split('\t');
    let (name, version) = (kept(parts.next()?), kept(parts.next()?));
    let architecture = kept(parts.next().unwrap_or_default());
    (!name.is_empty()).then_some(Package { name, version, architecture })
}

/// `P:name`, `V:version`, `A:architecture`, and an empty line behind each.
fn of_apk(line: &str, current: &mut Package) -> Option<Package> {
    match line.split_once(':') {
        Some(("P", text)) => current.name = kept(text),
        Some(("V", text)) => current.version = kept(text),
        Some(("A", text)) => current.architecture = kept(text),
        None if line.is_empty() && !current.name.is_empty() => return Some(std::mem::take(current)),
        _ => {}
    }
    None
}

/// The release file.
#[derive(Default)]
struct Release {
    id: String,
    version: String,
    pretty: String,
}

impl Release {
    fn read(&mut self, line: &str) {
        let Some((name, value)) = line.split_once('=') else {
            // Older systems have one line of text.
            if self.pretty.is_empty() {
                self.pretty = kept(line);
            }
            return;
        };
        let value = kept(value.trim().trim_matches(['"', '\'']));
        match name {
            "ID" => self.id = value,
            "VERSION_ID" => self.version = value,
            "PRETTY_NAME" => self.pretty = value,
            _ => {}
        }
    }

    /// The system in the words of the operating system's vote.
    fn system(&self, kernel: &str) -> String {
        let name = match self.id.as_str() {
            "debian" => "Debian Linux",
            "ubuntu" => "Ubuntu Linux",
            "rhel" => "Red Hat Enterprise Linux",
            "centos" => "CentOS",
            "rocky" => "Rocky Linux",
            "almalinux" => "AlmaLinux",
            "fedora" => "Fedora",
            "alpine" => "Alpine Linux",
            _ => "",
        };
        if !name.is_empty() {
            return format!("{name} {}", self.version).trim().to_owned();
        }
        let mut words = kernel.split(' ');
        let family = words.next().unwrap_or_default();
        let release = words.nth(1).unwrap_or_default();
        match family {
            "Linux" | "FreeBSD" | "OpenBSD" | "NetBSD" | "AIX" | "HP-UX" => format!("{family} {release}"),
            "SunOS" => format!("Solaris {}", release.strip_prefix("5.").unwrap_or(release)),
            "Darwin" => format!("macOS (Darwin {release})"),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEBIAN: &str = "[uname]\nLinux h4 6.1.0-21-amd64 #1 SMP x86_64 GNU/Linux\n[id]\n1000\n[release]\n\
        PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n[dpkg]\n\
        ii \topenssl\t3.0.11-1~deb12u2\tamd64\nrc \tgone\t1\tall\nii \tadduser\t3.134\tall\n[end]\n";

    #[test]
    fn a_debian_system_tells_all() {
        let facts = of_answers(DEBIAN.as_bytes()).unwrap();
        assert_eq!((facts.system.as_str(), facts.root), ("Debian Linux 12", false));
        assert_eq!(facts.package_manager, "dpkg");
        let names: Vec<&str> = facts.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["adduser", "openssl"], "installed ones, in order");
    }

    #[test]
    fn other_systems() {
        let rpm = "[uname]\nLinux a 4.18\n[id]\n0\n[release]\nID=\"rhel\"\nVERSION_ID=\"8.9\"\n[rpm]\nbash\t4.4-1.el8\tx86_64\n";
        let facts = of_answers(rpm.as_bytes()).unwrap();
        assert_eq!((facts.system.as_str(), facts.root), ("Red Hat Enterprise Linux 8.9", true));
        assert_eq!(facts.packages[0].version, "4.4-1.el8");
        let apk = "[uname]\nLinux a 6.6\n[release]\nID=alpine\nVERSION_ID=3.19.1\n[apk]\nC:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\n\nP:zlib\nV:1\nA:x\n\n";
        let facts = of_answers(apk.as_bytes()).unwrap();
        assert_eq!((facts.packages.len(), facts.packages[0].name.as_str()), (2, "musl"));
        let bsd = of_answers(b"[uname]\nFreeBSD a 14.0-RELEASE x\n[id]\n0\n[release]\n[end]\n").unwrap();
        assert_eq!((bsd.system.as_str(), bsd.package_manager.as_str()), ("FreeBSD 14.0-RELEASE", ""));
        assert_eq!(of_answers(b"This account is not available.\n"), None);
        let cisco = of_device(b"\r\nCisco IOS Software, C2960, Version 12.2(55)SE3\r\nmore\r\n").unwrap();
        assert!(cisco.system.starts_with("Cisco IOS"));
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = of_device(&bytes);
            let _ = of_answers(&[b"[uname]\nx\n[apk]\n".as_slice(), &bytes].concat());
            let _ = of_answers(&[b"[dpkg]\n".as_slice(), &bytes].concat());
        }
    }
}
