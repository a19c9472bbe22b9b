//! `_blake2`: BLAKE2b and BLAKE2s with all their parameters.
//!
//! Tests: tests/lang/hashes.md; CPython test_hashlib.

use super::engine::Engine;
use super::{State, data_arg, hex, initial};
use crate::buffer::Buf;
use crate::util::{bytes_obj, set_ints};
use typhon_macros::{Trace, class, module};
use typhon_object::native::{self, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result, int, ops};

/// Parameters of one of the two functions, checked.
struct Params {
    digest_size: usize,
    key: Vec<u8>,
    salt: Vec<u8>,
    person: Vec<u8>,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
    last_node: bool,
}

/// What one function allows.
struct Limits {
    name: &'static str,
    digest: usize,
    key: usize,
    salt: usize,
    offset: u64,
}

fn short(cx: &mut Cx, b: Option<Buf>, most: usize, what: &str) -> Result<Vec<u8>> {
    let v = match b {
        Some(b) => b.to_vec(cx)?,
        None => Vec::new(),
    };
    if v.len() > most {
        return Err(cx.value_error(format!("maximum {what} length is {most} bytes")));
    }
    Ok(v)
}

fn ranged(cx: &mut Cx, n: i32, low: i32, high: i32, msg: &str) -> Result<i32> {
    if (low..=high).contains(&n) { Ok(n) } else { Err(cx.value_error(msg)) }
}

fn unsigned(cx: &mut Cx, o: Missing<Obj>, most: u64, what: &str, c_type: &str) -> Result<u64> {
    let Some(o) = o.given() else { return Ok(0) };
    let o = ops::index(cx, o)?;
    match int::to_i128(o) {
        Some(n) if n < 0 => Err(cx.value_error("Cannot convert negative int")),
        Some(n) if n <= i128::from(most) => Ok(n as u64),
        Some(n) if n < 1 << 64 => Err(cx.error(ExcKind::OverflowError, format!("{what} is too large"))),
        _ => Err(cx.error(ExcKind::OverflowError, format!("Python int too large for C {c_type}"))),
    }
}

impl Params {
    fn check(
        cx: &mut Cx,
        l: &Limits,
        digest_size: i32,
        [key, salt, person]: [Option<Buf>; 3],
        [fanout, depth, node_depth, inner_size]: [i32; 4],
        [leaf_size, node_offset]: [Missing<Obj>; 2],
        last_node: bool,
    ) -> Result<Params> {
        if digest_size <= 0 || digest_size as usize > l.digest {
            return Err(cx.value_error(format!(
                "digest_size for {} must be between 1 and {} bytes, here it is {digest_size}",
                l.name, l.digest
            )));
        }
        let salt = short(cx, salt, l.salt, "salt")?;
        let person = short(cx, person, l.salt, "person")?;
        let fanout = ranged(cx, fanout, 0, 255, "fanout must be between 0 and 255")?;
        let depth = ranged(cx, depth, 1, 255, "depth must be between 1 and 255")?;
        let leaf_size = unsigned(cx, leaf_size, u64::from(u32::MAX), "leaf_size", "unsigned long")?;
        let node_offset = unsigned(cx, node_offset, l.offset, "node_offset", "unsigned long long")?;
        let node_depth = ranged(cx, node_depth, 0, 255, "node_depth must be between 0 and 255")?;
        let most = l.digest as i32;
        let inner = ranged(cx, inner_size, 0, most, &format!("inner_size must be between 0 and is {most}"))?;
        let key = short(cx, key, l.key, "key")?;
        Ok(Params {
            digest_size: digest_size as usize,
            key,
            salt,
            person,
            fanout: fanout as u8,
            depth: depth as u8,
            leaf_size: leaf_size as u32,
            node_offset,
            node_depth: node_depth as u8,
            inner_size: inner as usize,
            last_node,
        })
    }
}

macro_rules! blake {
    ($rust:ident, $crate_:ident, $variant:ident, $name:literal, $shown:literal, $digest:literal, $salt:literal, $block:literal, $offset:expr) => {
        /// A hash object.
        #[derive(Trace)]
        pub struct $rust {
            state: State,
            digest_size: usize,
        }

        impl $rust {
            fn engine(p: &Params) -> Engine {
                let mut made = $crate_::Params::new();
                made.hash_length(p.digest_size)
                    .key(&p.key)
                    .salt(&p.salt)
                    .personal(&p.person)
                    .fanout(p.fanout)
                    .max_depth(p.depth)
                    .max_leaf_length(p.leaf_size)
                    .node_offset(p.node_offset)
                    .node_depth(p.node_depth)
                    .inner_hash_length(p.inner_size)
                    .last_node(p.last_node);
                Engine::$variant(Box::new(made.to_state()))
            }
        }

        /// Return a new BLAKE2 hash object.
        #[class(module = "_blake2", name = $name)]
        impl $rust {
            #[sig(
                data = <missing>, *, digest_size = <missing>, key = None, salt = None, person = None, fanout = 1,
                depth = 1, leaf_size = <missing>, node_offset = <missing>, node_depth = 0, inner_size = 0,
                last_node = False, usedforsecurity = True, string = None
            )]
            fn __new__(
                cx: &mut Cx,
                cls: Gc<Type>,
                data: Missing<Obj>,
                digest_size: Missing<i32>,
                key: Missing<Buf>,
                salt: Missing<Buf>,
                person: Missing<Buf>,
                fanout: i32,
                depth: i32,
                leaf_size: Missing<Obj>,
                node_offset: Missing<Obj>,
                node_depth: i32,
                inner_size: i32,
                last_node: bool,
                usedforsecurity: bool,
                string: Option<Obj>,
            ) -> Result<$rust> {
                let _ = (cls, usedforsecurity);
                let first = initial(cx, data, string)?;
                let limits =
                    Limits { name: $shown, digest: $digest, key: $digest, salt: $salt, offset: $offset };
                let p = Params::check(
                    cx,
                    &limits,
                    digest_size.given().unwrap_or($digest),
                    [key.given(), salt.given(), person.given()],
                    [fanout, depth, node_depth, inner_size],
                    [leaf_size, node_offset],
                    last_node,
                )?;
                Ok($rust { state: State::begun(cx, $rust::engine(&p), first), digest_size: p.digest_size })
            }
            #[constant]
            #[name("SALT_SIZE")]
            fn salt_size() -> usize {
                $salt
            }
            #[constant]
            #[name("PERSON_SIZE")]
            fn person_size() -> usize {
                $salt
            }
            #[constant]
            #[name("MAX_KEY_SIZE")]
            fn max_key_size() -> usize {
                $digest
            }
            #[constant]
            #[name("MAX_DIGEST_SIZE")]
            fn max_digest_size() -> usize {
                $digest
            }
            /// Return a copy of the hash object.
            fn copy(&self, cx: &mut Cx) -> Result<Gc<Self>> {
                let state = State::new(self.state.snapshot(cx));
                native::instance(cx, $rust { state, digest_size: self.digest_size })
            }
            /// Return the digest value as a bytes object.
            fn digest(&self, cx: &Cx) -> Result<Obj> {
                bytes_obj(cx, &self.state.digest(cx, 0))
            }
            /// Return the digest value as a string of hexadecimal digits.
            fn hexdigest(&self, cx: &Cx) -> String {
                hex(&self.state.digest(cx, 0))
            }
            /// Update this hash object's state with the provided bytes-like object.
            fn update(&self, cx: &mut Cx, data: Obj) -> Result<()> {
                let b = data_arg(cx, data)?;
                self.state.feed(cx, self, &b);
                Ok(())
            }
            #[getter]
            fn name(&self) -> &'static str {
                $name
            }
            #[getter]
            fn block_size(&self) -> usize {
                $block
            }
            #[getter]
            fn digest_size(&self) -> usize {
                self.digest_size
            }
        }
    };
}

blake!(Blake2b, blake2b_simd, Blake2b, "blake2b", "Blake2b", 64, 16, 128, u64::MAX);
blake!(Blake2s, blake2s_simd, Blake2s, "blake2s", "Blake2s", 32, 8, 64, (1 << 48) - 1);

/// _blake2b provides BLAKE2b for hashlib
#[module("_blake2", classes(Blake2b, Blake2s))]
pub mod blake2 {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set_ints(
            cx,
            module,
            &[
                ("BLAKE2B_SALT_SIZE", 16),
                ("BLAKE2B_PERSON_SIZE", 16),
                ("BLAKE2B_MAX_KEY_SIZE", 64),
                ("BLAKE2B_MAX_DIGEST_SIZE", 64),
                ("BLAKE2S_SALT_SIZE", 8),
                ("BLAKE2S_PERSON_SIZE", 8),
                ("BLAKE2S_MAX_KEY_SIZE", 32),
                ("BLAKE2S_MAX_DIGEST_SIZE", 32),
                ("_GIL_MINSIZE", 2048),
            ],
        )
    }
}
