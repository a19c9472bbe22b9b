//! Hashes of immediate and primitive values. Abstract hashing is `ops::hash`.
//!
//! Tests: `tests/values.rs`, against CPython's figures.

use std::sync::OnceLock;

/// The modulus of numeric hashes, 2^61 - 1.
pub const MODULUS: u64 = (1 << 61) - 1;

static KEY: OnceLock<(u64, u64)> = OnceLock::new();

/// Set the key for string hashes. To be called once, before anything is hashed: the first
/// hash fixes the key.
pub fn set_key(k0: u64, k1: u64) {
    let set = KEY.set((k0, k1));
    debug_assert!(set.is_ok(), "a string was hashed before the key was set");
}

/// Hash of the bytes of a string or bytes object; 0 for none, never -1.
pub fn hash_bytes(b: &[u8]) -> i64 {
    if b.is_empty() {
        return 0;
    }
    let (k0, k1) = *KEY.get_or_init(|| (0, 0));
    match siphash13(k0, k1, b) as i64 {
        -1 => -2,
        h => h,
    }
}

/// Hash of an int.
pub fn hash_i64(v: i64) -> i64 {
    let m = (v.unsigned_abs() % MODULUS) as i64;
    match if v < 0 { -m } else { m } {
        -1 => -2,
        h => h,
    }
}

/// SipHash-1-3, as CPython uses for text.
pub fn siphash13(k0: u64, k1: u64, data: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    fn round(v: &mut [u64; 4]) {
        v[0] = v[0].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[2] = v[2].rotate_left(32);
    }
    let mut chunks = data.chunks_exact(8);
    for c in &mut chunks {
        let m = u64::from_le_bytes(c.try_into().unwrap());
        v[3] ^= m;
        round(&mut v);
        v[0] ^= m;
    }
    let mut last = (data.len() as u64) << 56;
    for (i, b) in chunks.remainder().iter().enumerate() {
        last |= (*b as u64) << (8 * i);
    }
    v[3] ^= last;
    round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

/// Hash of a float (not nan, whose hash is by identity).
pub fn hash_f64(v: f64) -> i64 {
    if v.is_infinite() {
        return if v > 0.0 { 314159 } else { -314159 };
    }
    let bits = v.to_bits();
    let exp = ((bits >> 52) & 0x7ff) as i64;
    let frac = bits & ((1 << 52) - 1);
    let (mant, e) = if exp == 0 { (frac, -1074) } else { (frac | 1 << 52, exp - 1075) };
    if mant == 0 {
        return 0;
    }
    // mant * 2^e modulo 2^61-1, where 2^61 = 1.
    let shift = e.rem_euclid(61) as u32;
    let m = ((mant as u128) << shift) % MODULUS as u128;
    match if v < 0.0 { -(m as i64) } else { m as i64 } {
        -1 => -2,
        h => h,
    }
}
