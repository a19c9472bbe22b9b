//! The hash functions behind one interface.
//!
//! Tests: CPython test_hashlib.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::{Digest, ExtendableOutput, Update, XofReader};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512, Shake128, Shake256};

/// A hash under way.
#[derive(Clone)]
pub enum Engine {
    Md5(Md5),
    Sha1(Sha1),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    Sha3x224(Sha3_224),
    Sha3x256(Sha3_256),
    Sha3x384(Sha3_384),
    Sha3x512(Sha3_512),
    Shake128(Shake128),
    Shake256(Shake256),
    Blake2b(Box<blake2b_simd::State>),
    Blake2s(Box<blake2s_simd::State>),
}

macro_rules! each {
    ($of:expr, $h:ident => $simple:expr, $blake:expr, $shake:expr) => {
        match $of {
            Engine::Md5($h) => $simple,
            Engine::Sha1($h) => $simple,
            Engine::Sha224($h) => $simple,
            Engine::Sha256($h) => $simple,
            Engine::Sha384($h) => $simple,
            Engine::Sha512($h) => $simple,
            Engine::Sha3x224($h) => $simple,
            Engine::Sha3x256($h) => $simple,
            Engine::Sha3x384($h) => $simple,
            Engine::Sha3x512($h) => $simple,
            Engine::Shake128($h) => $shake,
            Engine::Shake256($h) => $shake,
            Engine::Blake2b($h) => $blake,
            Engine::Blake2s($h) => $blake,
        }
    };
}

impl Engine {
    /// Feed data.
    pub fn update(&mut self, data: &[u8]) {
        each!(self, h => Update::update(h, data), { h.update(data); }, Update::update(h, data))
    }
    /// The digest of what was fed so far; `len` counts where it is free.
    pub fn digest(&self, len: usize) -> Vec<u8> {
        each!(self.clone(), h => h.finalize().to_vec(), h.finalize().as_bytes().to_vec(), {
            let mut out = vec![0; len];
            h.finalize_xof().read(&mut out);
            out
        })
    }
}
