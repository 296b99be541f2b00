//! A keyed order of the numbers below some bound, without a list of them.
//!
//! A Feistel network over a rectangle of `a × b >= size` cells, `a` and `b` close to the root: each
//! round shifts one coordinate by a keyed function of the other. What falls outside the bound is
//! walked on until it falls inside, which the rectangle makes rare. The order spreads load; it is no
//! secret, so the rounds mix well and are not cryptography (the cookie is).

/// Rounds; each touches one half.
const ROUNDS: usize = 6;

/// A bijection of `0..size` onto itself.
#[derive(Debug, Clone)]
pub struct Permutation {
    size: u64,
    width: u64,
    height: u64,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The order of `0..size` that belongs to `key`. A size of zero is the empty order.
    ///
    /// `size` is at most 2⁶², far more than all addresses times all ports.
    #[must_use]
    pub fn new(size: u64, key: u64) -> Self {
        let size = size.min(1 << 62);
        let width = size.isqrt() + u64::from(size.isqrt().pow(2) < size);
        let height = size.div_ceil(width.max(1));
        let mut state = key;
        let keys = std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(state)
        });
        Self { size, width: width.max(1), height: height.max(1), keys }
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What stands at `position` of the order. `position` is below the size.
    #[must_use]
    pub fn at(&self, position: u64) -> u64 {
        let mut value = position;
        loop {
            value = self.forward(value);
            if value < self.size || position >= self.size {
                return value;
            }
        }
    }

    /// Where `value` stands in the order: the inverse of [`at`](Self::at).
    #[must_use]
    pub fn position_of(&self, value: u64) -> u64 {
        let mut position = value;
        loop {
            position = self.backward(position);
            if position < self.size || value >= self.size {
                return position;
            }
        }
    }

    fn forward(&self, value: u64) -> u64 {
        let (mut column, mut row) = (value % self.width, value / self.width);
        for pair in self.keys.chunks_exact(2) {
            let [first, second] = *pair else { break };
            column = add(column, spread(row, first, self.width), self.width);
            row = add(row, spread(column, second, self.height), self.height);
        }
        row * self.width + column
    }

    fn backward(&self, value: u64) -> u64 {
        let (mut column, mut row) = (value % self.width, value / self.width);
        for pair in self.keys.chunks_exact(2).rev() {
            let [first, second] = *pair else { break };
            row = subtract(row, spread(column, second, self.height), self.height);
            column = subtract(column, spread(row, first, self.width), self.width);
        }
        row * self.width + column
    }
}

/// A keyed number below `bound`.
fn spread(value: u64, key: u64, bound: u64) -> u64 {
    let mixed = mix(value ^ key);
    // The upper half of a product is a fair share of the bound, without a division.
    u64::try_from((u128::from(mixed) * u128::from(bound)) >> 64).unwrap_or_default()
}

fn add(left: u64, right: u64, bound: u64) -> u64 {
    let sum = left + right;
    if sum >= bound { sum - bound } else { sum }
}

fn subtract(left: u64, right: u64, bound: u64) -> u64 {
    if left >= right { left - right } else { left + bound - right }
}

/// Every bit of the result depends on every bit of the value.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let value = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    value ^ (value >> 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_in_the_order_are_strangers() {
        let order = Permutation::new(65_536 * 10, 7);
        let near = (1..1_000).filter(|&place| order.at(place).abs_diff(order.at(place - 1)) < 1_000).count();
        assert!(near < 30, "{near} of 1,000 steps are short");
    }

    #[test]
    fn the_whole_address_space_times_all_ports_fits() {
        let order = Permutation::new(1 << 48, 99);
        for position in [0, 1, (1 << 48) - 1, 0x1234_5678_9abc] {
            assert_eq!(order.position_of(order.at(position)), position);
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_once(size in 0_u64..3_000, key: u64) {
            let order = Permutation::new(size, key);
            let mut all: Vec<u64> = (0..size).map(|position| order.at(position)).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..size).collect::<Vec<_>>());
        }

        #[test]
        fn the_inverse_leads_back(size in 1_u64..1 << 48, key: u64, place: u64) {
            let order = Permutation::new(size, key);
            let position = place % size;
            prop_assert!(order.at(position) < size);
            prop_assert_eq!(order.position_of(order.at(position)), position);
        }

        #[test]
        fn one_integer_resumes_it(size in 1_u64..2_000, key: u64, cut: u64) {
            let cut = cut % size;
            let whole: Vec<u64> = (0..size).map(|place| Permutation::new(size, key).at(place)).collect();
            let again = Permutation::new(size, key);
            let resumed: Vec<u64> = (cut..size).map(|place| again.at(place)).collect();
            prop_assert_eq!(whole.get(usize::try_from(cut).unwrap()..).unwrap_or_default(), resumed.as_slice());
        }
    }
}
