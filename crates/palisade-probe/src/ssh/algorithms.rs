//! Names of algorithms the scanner offers: everything, so that a server has something to choose.

use super::packet::put_string;

/// A key exchange that can be started without computing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// One message with a public value.
    Direct(PublicValue),
    /// The server first sends a group (RFC 4419).
    GroupExchange,
}

/// What is sent as our public value. All are valid, and nobody knows (or needs) their secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicValue {
    X25519,
    /// The generator of the curve.
    P256,
    P384,
    P521,
    /// See [`group_element`].
    Modp,
    /// An encapsulation key of zeros, and x25519.
    MlKem768X25519,
    Sntrup761X25519,
}

const KEY_EXCHANGES: &[(&str, Method)] = &[
    ("curve25519-sha256", Method::Direct(PublicValue::X25519)),
    ("curve25519-sha256@libssh.org", Method::Direct(PublicValue::X25519)),
    ("ecdh-sha2-nistp256", Method::Direct(PublicValue::P256)),
    ("ecdh-sha2-nistp384", Method::Direct(PublicValue::P384)),
    ("ecdh-sha2-nistp521", Method::Direct(PublicValue::P521)),
    ("diffie-hellman-group14-sha256", Method::Direct(PublicValue::Modp)),
    ("diffie-hellman-group14-sha1", Method::Direct(PublicValue::Modp)),
    ("diffie-hellman-group16-sha512", Method::Direct(PublicValue::Modp)),
    ("diffie-hellman-group18-sha512", Method::Direct(PublicValue::Modp)),
    ("diffie-hellman-group15-sha512", Method::Direct(PublicValue::Modp)),
    ("diffie-hellman-group17-sha512", Method::Direct(PublicValue::Modp)),
    ("diffie-hellman-group-exchange-sha256", Method::GroupExchange),
    ("diffie-hellman-group-exchange-sha1", Method::GroupExchange),
    ("diffie-hellman-group1-sha1", Method::Direct(PublicValue::Modp)),
    ("mlkem768x25519-sha256", Method::Direct(PublicValue::MlKem768X25519)),
    ("sntrup761x25519-sha512", Method::Direct(PublicValue::Sntrup761X25519)),
    ("sntrup761x25519-sha512@openssh.com", Method::Direct(PublicValue::Sntrup761X25519)),
];

pub(super) const ENCRYPTION: &[&str] = &[
    "chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "rijndael-cbc@lysator.liu.se",
    "3des-ctr",
    "3des-cbc",
    "blowfish-ctr",
    "blowfish-cbc",
    "twofish256-ctr",
    "twofish256-cbc",
    "twofish128-cbc",
    "twofish-cbc",
    "serpent256-cbc",
    "serpent128-cbc",
    "camellia128-ctr",
    "camellia256-ctr",
    "cast128-cbc",
    "idea-cbc",
    "arcfour256",
    "arcfour128",
    "arcfour",
    "des-cbc",
    "des-cbc@ssh.com",
];

pub(super) const MAC: &[&str] = &[
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "umac-64-etm@openssh.com",
    "hmac-sha1-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "umac-128@openssh.com",
    "umac-64@openssh.com",
    "hmac-sha1",
    "hmac-sha1-96",
    "hmac-md5",
    "hmac-md5-96",
    "hmac-md5-etm@openssh.com",
    "hmac-ripemd160",
    "hmac-ripemd160@openssh.com",
];

pub(super) const COMPRESSION: &[&str] = &["none", "zlib@openssh.com", "zlib"];

/// Host key algorithms in families that show the same key.
pub(super) const HOST_KEY_FAMILIES: &[&[&str]] = &[
    &["ssh-ed25519"],
    &["ecdsa-sha2-nistp256"],
    &["ecdsa-sha2-nistp384"],
    &["ecdsa-sha2-nistp521"],
    &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
    &["ssh-ed448"],
    &["ssh-dss"],
];

/// Names of all key exchanges that can be started, the cheapest for the server first.
pub(super) fn key_exchange_names() -> Vec<&'static str> {
    KEY_EXCHANGES.iter().map(|(name, _)| *name).collect()
}

pub(super) fn method(name: &str) -> Option<Method> {
    KEY_EXCHANGES.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
}

impl PublicValue {
    /// The value as the string or integer field that is sent.
    pub(super) fn to_field(self) -> Vec<u8> {
        let mut field = Vec::new();
        match self {
            Self::X25519 => put_string(&mut field, &X25519_BASE),
            Self::P256 => put_string(&mut field, &from_hex(P256_GENERATOR)),
            Self::P384 => put_string(&mut field, &from_hex(P384_GENERATOR)),
            Self::P521 => put_string(&mut field, &from_hex(P521_GENERATOR)),
            Self::Modp => put_string(&mut field, &group_element()),
            Self::MlKem768X25519 => put_string(&mut field, &[&[0; 1184][..], &X25519_BASE].concat()),
            Self::Sntrup761X25519 => put_string(&mut field, &[&[0; 1158][..], &X25519_BASE].concat()),
        }
        field
    }
}

/// A number that is valid in every finite-field group of 1024 bits or more whose prime is a safe
/// one: the square of 2^400 + 2^200 + 1. It is smaller than the prime, so it is a square there too
/// and lies in the subgroup; it has the four one bits that OpenSSH asks for.
pub(super) fn group_element() -> Vec<u8> {
    let mut bytes = vec![0; 101];
    for bit in [800_usize, 601, 401, 400, 201, 0] {
        if let Some(byte) = bytes.iter_mut().rev().nth(bit / 8) {
            *byte |= 1 << (bit % 8);
        }
    }
    bytes
}

const X25519_BASE: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};
const P256_GENERATOR: &str = "04\
    6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
    4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const P384_GENERATOR: &str = "04\
    aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
    3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";
const P521_GENERATOR: &str = "04\
    00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ff\
    a8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17\
    273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650";

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .filter_map(|value| u8::try_from(value).ok())
        .collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_values_have_the_length_of_their_group() {
        let lengths: Vec<usize> = [
            PublicValue::X25519,
            PublicValue::P256,
            PublicValue::P384,
            PublicValue::P521,
            PublicValue::Modp,
            PublicValue::MlKem768X25519,
            PublicValue::Sntrup761X25519,
        ]
        .iter()
        .map(|value| value.to_field().len() - 4)
        .collect();
        assert_eq!(lengths, [32, 65, 97, 133, 101, 1216, 1190]);
    }

    #[test]
    fn the_group_element_is_the_square_it_says() {
        // (2^400 + 2^200 + 1)^2, by shifting and adding the factor.
        let mut sum = vec![0_u32; 101 * 8];
        for shift in [0, 200, 400] {
            for bit in [0, 200, 400] {
                sum[shift + bit] += 1;
            }
        }
        for bit in 0..sum.len() - 1 {
            sum[bit + 1] += sum[bit] / 2;
            sum[bit] %= 2;
        }
        let bytes = group_element();
        for (bit, digit) in sum.iter().enumerate() {
            assert_eq!(u32::from(bytes[100 - bit / 8] >> (bit % 8) & 1), *digit, "bit {bit}");
        }
        assert_eq!(bytes[0], 1, "positive without a leading zero");
    }
}
