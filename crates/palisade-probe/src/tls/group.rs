//! Named groups: numbers, names and which to offer (IANA TLS Supported Groups registry).

/// Number, name, size in bits of the curve or prime.
const GROUPS: &[(u16, &str, u32)] = &[
    (1, "sect163k1", 163),
    (2, "sect163r1", 163),
    (3, "sect163r2", 163),
    (4, "sect193r1", 193),
    (5, "sect193r2", 193),
    (6, "sect233k1", 233),
    (7, "sect233r1", 233),
    (8, "sect239k1", 239),
    (9, "sect283k1", 283),
    (10, "sect283r1", 283),
    (11, "sect409k1", 409),
    (12, "sect409r1", 409),
    (13, "sect571k1", 571),
    (14, "sect571r1", 571),
    (15, "secp160k1", 160),
    (16, "secp160r1", 160),
    (17, "secp160r2", 160),
    (18, "secp192k1", 192),
    (19, "secp192r1", 192),
    (20, "secp224k1", 224),
    (21, "secp224r1", 224),
    (22, "secp256k1", 256),
    (23, "secp256r1", 256),
    (24, "secp384r1", 384),
    (25, "secp521r1", 521),
    (26, "brainpoolP256r1", 256),
    (27, "brainpoolP384r1", 384),
    (28, "brainpoolP512r1", 512),
    (29, "x25519", 253),
    (30, "x448", 448),
    (31, "brainpoolP256r1tls13", 256),
    (32, "brainpoolP384r1tls13", 384),
    (33, "brainpoolP512r1tls13", 512),
    (0x0100, "ffdhe2048", 2048),
    (0x0101, "ffdhe3072", 3072),
    (0x0102, "ffdhe4096", 4096),
    (0x0103, "ffdhe6144", 6144),
    (0x0104, "ffdhe8192", 8192),
    (0x11eb, "SecP256r1MLKEM768", 256),
    (0x11ec, "X25519MLKEM768", 253),
    (0x11ed, "SecP384r1MLKEM1024", 384),
];

/// x25519, the group our key share is for.
pub const X25519: u16 = 29;

/// The groups offered for TLS 1.2 and older: every curve, commonest first. The finite-field groups
/// of RFC 7919 are left out: a server that knows them would use one instead of its own prime, and
/// its own prime is what is looked for.
pub const OFFERED_TO_TLS12: &[u16] = &[
    29, 23, 24, 25, 30, 22, 26, 27, 28, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3,
    2, 1,
];

/// The groups of the very first hello, as browsers send them, so that nothing is odd about it.
pub const OFFERED_FIRST: &[u16] = &[29, 23, 24, 25, 30, 22];

/// The groups offered for TLS 1.3.
pub const OFFERED_TO_TLS13: &[u16] =
    &[29, 23, 24, 25, 30, 31, 32, 33, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x11ec, 0x11eb, 0x11ed];

/// The registered name, or `group 0x1234`.
#[must_use]
pub fn group_name(id: u16) -> String {
    GROUPS
        .iter()
        .find(|(number, _, _)| *number == id)
        .map_or_else(|| format!("group 0x{id:04x}"), |(_, name, _)| (*name).to_owned())
}

/// The size of the curve or prime in bits, where the group is known.
#[must_use]
pub fn group_bits(id: u16) -> Option<u32> {
    GROUPS.iter().find(|(number, _, _)| *number == id).map(|(_, _, bits)| *bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offered_groups_have_names() {
        for id in OFFERED_TO_TLS12.iter().chain(OFFERED_TO_TLS13) {
            assert!(group_bits(*id).is_some(), "{id}");
        }
        assert_eq!(group_name(23), "secp256r1");
        assert_eq!(group_name(0x9999), "group 0x9999");
    }
}
