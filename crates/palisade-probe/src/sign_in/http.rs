//! HTTP: Basic (RFC 7617) and Digest (RFC 7616) from the challenges of a 401.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Credentials;
use super::hash::{Hash, hex};

/// One challenge: a scheme and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpChallenge {
    /// In lower case: `basic`, `digest`.
    pub scheme: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
}

impl HttpChallenge {
    /// Reads the value of a `WWW-Authenticate` header, which may hold several challenges.
    #[must_use]
    pub fn parse(value: &str) -> Vec<Self> {
        let mut challenges: Vec<Self> = Vec::new();
        for part in split_unquoted(value) {
            let part = part.trim();
            let (head, rest) = part.split_once(' ').unwrap_or((part, ""));
            let starts_scheme = !head.contains('=') && !head.is_empty();
            let parameter = if starts_scheme {
                challenges.push(Self { scheme: head.to_ascii_lowercase(), parameters: Vec::new() });
                rest
            } else {
                part
            };
            let Some(challenge) = challenges.last_mut() else { continue };
            if let Some((name, value)) = parameter.split_once('=') {
                let value = value.trim().trim_matches('"').replace("\\\"", "\"");
                challenge.parameters.push((name.trim().to_ascii_lowercase(), value));
            }
        }
        challenges
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The realm it is for; empty when it names none.
    #[must_use]
    pub fn realm(&self) -> &str {
        self.parameter("realm").unwrap_or_default()
    }

    /// How strong a proof it asks for, 0: one that we cannot give.
    #[must_use]
    pub fn strength(&self) -> u8 {
        match (self.scheme.as_str(), self.algorithm()) {
            ("digest", Some(Hash::Sha256)) if self.takes_plain_quality() => 3,
            ("digest", Some(_)) if self.takes_plain_quality() => 2,
            ("basic", _) => 1,
            _ => 0,
        }
    }

    /// Whether an answer to it proves the password without sending it.
    #[must_use]
    pub fn keeps_password(&self) -> bool {
        self.strength() > 1
    }

    fn algorithm(&self) -> Option<Hash> {
        match self.parameter("algorithm").unwrap_or("MD5").to_ascii_uppercase().as_str() {
            "MD5" => Some(Hash::Md5),
            "SHA-256" => Some(Hash::Sha256),
            _ => None,
        }
    }

    fn takes_plain_quality(&self) -> bool {
        self.parameter("qop").is_none_or(|list| list.split(',').any(|each| each.trim() == "auth"))
    }

    /// The value of the `Authorization` header for a GET of `path`.
    #[must_use]
    pub fn answer(&self, credentials: &Credentials, path: &str, nonce: [u8; 16]) -> Option<String> {
        let Credentials { user, password } = credentials;
        match self.scheme.as_str() {
            "basic" => Some(format!("Basic {}", BASE64.encode(format!("{user}:{}", password.reveal())))),
            "digest" => self.digest(user, password.reveal(), path, &hex(&nonce)),
            _ => None,
        }
    }

    fn digest(&self, user: &str, password: &str, path: &str, client_nonce: &str) -> Option<String> {
        let hash = self.algorithm()?;
        let of = |text: String| hex(&hash.of(&[text.as_bytes()]));
        let (realm, nonce) = (self.realm(), self.parameter("nonce")?);
        let secret = of(format!("{user}:{realm}:{password}"));
        let request = of(format!("GET:{path}"));
        let quoted = |name: &str, text: &str| {
            format!("{name}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let mut parts = vec![
            quoted("username", user),
            quoted("realm", realm),
            quoted("nonce", nonce),
            quoted("uri", path),
        ];
        if self.parameter("qop").is_some() {
            let proof = of(format!("{secret}:{nonce}:00000001:{client_nonce}:auth:{request}"));
            parts.extend(["qop=auth".to_owned(), "nc=00000001".to_owned()]);
            parts.extend([quoted("cnonce", client_nonce), quoted("response", &proof)]);
        } else {
            parts.push(quoted("response", &of(format!("{secret}:{nonce}:{request}"))));
        }
        parts.extend(self.parameter("algorithm").map(|algorithm| format!("algorithm={algorithm}")));
        parts.extend(self.parameter("opaque").map(|opaque| quoted("opaque", opaque)));
        Some(format!("Digest {}", parts.join(", ")))
    }
}

/// Parts between commas that stand outside of quotation marks.
fn split_unquoted(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.extend(text.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use palisade_model::user::Password;
    use proptest::prelude::*;

    use super::*;

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials { user: user.to_owned(), password: Password::new(password.to_owned()) }
    }

    #[test]
    fn challenges_are_told_apart() {
        let list = HttpChallenge::parse(
            "Negotiate, Basic realm=\"a, b\", Digest realm=\"c\", nonce=\"n\", qop=\"auth,auth-int\"",
        );
        let schemes: Vec<&str> = list.iter().map(|each| each.scheme.as_str()).collect();
        assert_eq!(schemes, ["negotiate", "basic", "digest"]);
        assert_eq!((list[1].realm(), list[2].realm()), ("a, b", "c"));
        assert_eq!(list.iter().map(HttpChallenge::strength).collect::<Vec<_>>(), [0, 1, 2]);
        let basic = list[1].answer(&credentials("Aladdin", "open sesame"), "/", [0; 16]);
        assert_eq!(basic.as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    }

    /// The example of RFC 2069, as corrected.
    #[test]
    fn the_proof_without_quality() {
        let challenge = HttpChallenge::parse(
            "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        );
        let header =
            challenge[0].answer(&credentials("Mufasa", "CircleOfLife"), "/dir/index.html", [0; 16]).unwrap();
        assert!(header.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{header}");
        assert!(header.ends_with("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""));
    }

    proptest! {
        #[test]
        fn any_header_is_survived(text in "\\PC{0,80}", start in prop_oneof![Just("Digest "), Just("")]) {
            for challenge in HttpChallenge::parse(&format!("{start}{text}")) {
                let _ = (challenge.strength(), challenge.answer(&credentials("a", "b"), "/", [1; 16]));
            }
        }
    }
}
