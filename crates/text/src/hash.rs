//! Hashes of strings, tuples and sets, equal to CPython's on 64-bit machines.

use crate::strview::StrView;

/// The secret that str and bytes hashes depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashKey {
    k0: u64,
    k1: u64,
}

impl HashKey {
    /// From 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let (low, high) = (&bytes[..8], &bytes[8..]);
        let word = |half: &[u8]| half.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        HashKey { k0: word(low), k1: word(high) }
    }

    /// What `PYTHONHASHSEED=seed` means; 0 turns randomisation off.
    pub fn from_seed(seed: u32) -> Self {
        if seed == 0 {
            return HashKey::default();
        }
        let mut state = seed;
        HashKey::from_bytes([(); 16].map(|()| {
            state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
            (state >> 16) as u8
        }))
    }

    /// The hash of bytes.
    pub fn bytes(self, bytes: &[u8]) -> i64 {
        if bytes.is_empty() {
            return 0;
        }
        not_error(siphash_1_3(self, bytes))
    }

    /// The hash of a string, which is stored at its narrowest width.
    pub fn string(self, text: StrView<'_>) -> i64 {
        match text {
            StrView::Latin1(units) => self.bytes(units),
            StrView::Ucs2(units) => {
                let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                self.bytes(&bytes)
            }
            StrView::Ucs4(units) => {
                let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                self.bytes(&bytes)
            }
        }
    }
}

/// Hashes are never -1, which C code uses for errors.
fn not_error(hash: u64) -> i64 {
    if hash == u64::MAX { -2 } else { hash as i64 }
}

fn siphash_1_3(key: HashKey, bytes: &[u8]) -> u64 {
    let mut v = [
        key.k0 ^ 0x736f_6d65_7073_6575,
        key.k1 ^ 0x646f_7261_6e64_6f6d,
        key.k0 ^ 0x6c79_6765_6e65_7261,
        key.k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        sip_round(&mut v);
        v[0] ^= word;
    }
    let mut last = (bytes.len() as u64) << 56;
    for (index, byte) in tail.iter().enumerate() {
        last |= u64::from(*byte) << (index * 8);
    }
    v[3] ^= last;
    sip_round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        sip_round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline]
fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32).wrapping_add(v[3]);
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

/// The hash of a tuple, fed with the hashes of its items.
#[derive(Clone, Copy, Debug)]
pub struct TupleHasher {
    state: u64,
    len: u64,
}

const PRIME_1: u64 = 11_400_714_785_074_694_791;
const PRIME_2: u64 = 14_029_467_366_897_019_727;
const PRIME_5: u64 = 2_870_177_450_012_600_261;

impl Default for TupleHasher {
    fn default() -> Self {
        TupleHasher { state: PRIME_5, len: 0 }
    }
}

impl TupleHasher {
    pub fn add(&mut self, hash: i64) {
        let lane = (hash as u64).wrapping_mul(PRIME_2);
        self.state = self.state.wrapping_add(lane).rotate_left(31).wrapping_mul(PRIME_1);
        self.len += 1;
    }

    pub fn finish(self) -> i64 {
        let hash = self.state.wrapping_add(self.len ^ (PRIME_5 ^ 3_527_539));
        if hash == u64::MAX { 1_546_275_796 } else { hash as i64 }
    }
}

/// The hash of a frozenset, fed with the hashes of its items in any order.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetHasher {
    state: u64,
    len: u64,
}

impl SetHasher {
    pub fn add(&mut self, hash: i64) {
        let hash = hash as u64;
        // Spread the bits of hashes that lie close together.
        self.state ^= ((hash ^ 89_869_747) ^ (hash << 16)).wrapping_mul(3_644_798_167);
        self.len += 1;
    }

    pub fn finish(self) -> i64 {
        let mut hash = self.state ^ (self.len + 1).wrapping_mul(1_927_868_237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
        if hash == u64::MAX { 590_923_713 } else { hash as i64 }
    }
}

/// The hash of an address-like value, as for objects that hash by identity.
pub fn pointer(address: usize) -> i64 {
    not_error((address as u64).rotate_right(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strview::OwnedStr;

    fn check(seed: u32, text: &str, expected: i64) {
        let text = OwnedStr::from(text);
        let hash = HashKey::from_seed(seed).string(text.as_view());
        assert_eq!(hash, expected, "{text:?}");
    }

    #[test]
    fn strings_hash_as_in_cpython() {
        check(0, "", 0);
        check(0, "a", 4_644_417_185_603_328_019);
        check(0, "abcdefgh", 4_574_395_652_268_504_554);
        check(0, "\u{e9}", 6_047_309_291_227_476_195);
        check(1, "abcdefghijklmnopq", 7_300_304_297_962_845_018);
        check(42, "\u{20ac}uro", 6_573_934_580_854_229_043);
        check(u32::MAX, "\u{1f600}", -5_273_353_973_323_107_289);
        let key = HashKey::from_seed(u32::MAX);
        assert_eq!(key.bytes(b"abcdefg"), 233_998_310_040_276_482);
    }

    #[test]
    fn containers_hash_as_in_cpython() {
        let tuple = |items: &[i64]| {
            let mut hasher = TupleHasher::default();
            items.iter().for_each(|item| hasher.add(*item));
            hasher.finish()
        };
        assert_eq!(tuple(&[]), 5_740_354_900_026_072_187);
        assert_eq!(tuple(&[1, 2, 3]), 529_344_067_295_497_451);
        assert_eq!(tuple(&[1, tuple(&[2, 3])]), 7_267_574_591_690_527_098);
        let set = |items: &[i64]| {
            let mut hasher = SetHasher::default();
            items.iter().for_each(|item| hasher.add(*item));
            hasher.finish()
        };
        assert_eq!(set(&[]), 133_146_708_735_736);
        assert_eq!(set(&[3, 1, 2]), -272_375_401_224_217_160);
        assert_eq!(set(&[5, set(&[])]), 2_855_161_919_815_277_202);
    }
}
