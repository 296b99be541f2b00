//! Signature schemes: numbers and names (IANA TLS SignatureScheme registry).

/// Number and name. Names of the registry where it has one; the old pairs of hash and signature are
/// named in its manner.
const SCHEMES: &[(u16, &str)] = &[
    (0x0101, "rsa_pkcs1_md5"),
    (0x0102, "dsa_md5"),
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0202, "dsa_sha1"),
    (0x0203, "ecdsa_sha1"),
    (0x0301, "rsa_pkcs1_sha224"),
    (0x0302, "dsa_sha224"),
    (0x0303, "ecdsa_sha224"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0402, "dsa_sha256"),
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0502, "dsa_sha384"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x0602, "dsa_sha512"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
];

/// The schemes that TLS 1.3 may sign a handshake with.
pub const OF_TLS13: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x081a, 0x081b,
    0x081c,
];

/// The registered name, or `scheme 0x1234`.
#[must_use]
pub fn scheme_name(id: u16) -> String {
    SCHEMES
        .iter()
        .find(|(number, _)| *number == id)
        .map_or_else(|| format!("scheme 0x{id:04x}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::client_hello::SIGNATURE_ALGORITHMS;

    #[test]
    fn everything_offered_has_a_name() {
        for id in OF_TLS13.iter().chain(SIGNATURE_ALGORITHMS) {
            assert!(!scheme_name(*id).starts_with("scheme"), "{id:04x}");
        }
        assert_eq!(scheme_name(0x1234), "scheme 0x1234");
    }
}
