//! The cookie: a keyed hash of who was asked what, carried in the probe, so that an answer proves
//! that it answers something that was asked.
//!
//! SipHash-2-4 (Aumasson and Bernstein, 2012) over two or three words: quick on short input, and
//! nobody without the key can tell what an answer has to carry. Nothing is remembered of a probe.

use std::net::IpAddr;

/// The key of one sweep.
#[derive(Clone, Copy)]
pub struct CookieKey(u64, u64);

impl std::fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieKey(..)")
    }
}

impl CookieKey {
    /// The key made of 16 unpredictable bytes.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        let whole = u128::from_le_bytes(bytes);
        let low = whole & u128::from(u64::MAX);
        Self(u64::try_from(low).unwrap_or_default(), u64::try_from(whole >> 64).unwrap_or_default())
    }

    /// The cookie of a probe to `address`. `about` tells apart what is asked there: kind, ports.
    #[must_use]
    pub fn of(&self, address: IpAddr, about: u64) -> u64 {
        match address {
            IpAddr::V4(address) => self.hash(&[u64::from(u32::from(address)), about]),
            IpAddr::V6(address) => {
                let whole = u128::from(address);
                let low = u64::try_from(whole & u128::from(u64::MAX)).unwrap_or_default();
                let high = u64::try_from(whole >> 64).unwrap_or_default();
                self.hash(&[low, high, about])
            }
        }
    }

    fn hash(&self, words: &[u64]) -> u64 {
        let mut state = State {
            a: self.0 ^ 0x736f_6d65_7073_6575,
            b: self.1 ^ 0x646f_7261_6e64_6f6d,
            c: self.0 ^ 0x6c79_6765_6e65_7261,
            d: self.1 ^ 0x7465_6462_7974_6573,
        };
        for word in words {
            state.absorb(*word);
        }
        // The last word is the length in bytes, in the uppermost byte.
        state.absorb((words.len() as u64 * 8) << 56);
        state.c ^= 0xff;
        (0..4).for_each(|_| state.round());
        state.a ^ state.b ^ state.c ^ state.d
    }
}

struct State {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
}

impl State {
    fn absorb(&mut self, word: u64) {
        self.d ^= word;
        self.round();
        self.round();
        self.a ^= word;
    }

    fn round(&mut self) {
        self.a = self.a.wrapping_add(self.b);
        self.b = self.b.rotate_left(13) ^ self.a;
        self.a = self.a.rotate_left(32);
        self.c = self.c.wrapping_add(self.d);
        self.d = self.d.rotate_left(16) ^ self.c;
        self.a = self.a.wrapping_add(self.d);
        self.d = self.d.rotate_left(21) ^ self.a;
        self.c = self.c.wrapping_add(self.b);
        self.b = self.b.rotate_left(17) ^ self.c;
        self.c = self.c.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_siphash() {
        // Key 00..0f, message 00..07: the ninth vector of the paper's reference set.
        let key = CookieKey::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(key.hash(&[0x0706_0504_0302_0100]), 0x93f5_f579_9a93_2462);
        assert_eq!(key.hash(&[]), 0x726f_db47_dd0e_0e31);
    }

    proptest! {
        #[test]
        fn another_key_address_or_question_gives_another_cookie(
            key: [u8; 16], other: [u8; 16], address: u32, neighbour: u32, about: u64, instead: u64
        ) {
            let cookies = CookieKey::new(key);
            let (one, two) = (IpAddr::V4(address.into()), IpAddr::V4(neighbour.into()));
            let cookie = cookies.of(one, about);
            prop_assert_eq!(cookie, cookies.of(one, about));
            prop_assert!(address == neighbour || cookie != cookies.of(two, about));
            prop_assert!(about == instead || cookie != cookies.of(one, instead));
            prop_assert!(key == other || cookie != CookieKey::new(other).of(one, about));
        }
    }
}
