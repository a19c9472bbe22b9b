//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`: what `hashlib` is made of.
//!
//! | file | what |
//! |---|---|
//! | `engine.rs` | the hash functions |
//! | `blake2.rs` | `_blake2` |
//!
//! Tests: tests/lang/hashes.md; CPython test_hashlib.

pub mod blake2;
mod engine;

use crate::util::{bytes_obj, set};
use engine::Engine;
use typhon_macros::{Trace, class, module};
use typhon_object::native::{self, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Result, int, ops};

/// Data from this size on is hashed in the blocked state.
const LARGE: usize = 2048;

/// The state that all hash objects have; boxed, since it wants more alignment
/// than objects have.
#[derive(Trace)]
pub struct State {
    #[trace(skip)]
    engine: Guarded<Box<Engine>>,
}

/// The bytes of an argument, with the errors of `hashlib`.
fn data_arg(cx: &mut Cx, o: Obj) -> Result<Vec<u8>> {
    if o.cast::<Str>().is_some() {
        return Err(cx.type_error("Strings must be encoded before hashing"));
    }
    match typhon_builtins::buffer::gather(cx, o)? {
        Some(b) => Ok(b),
        None => Err(cx.type_error("object supporting the buffer API required")),
    }
}

/// The first data of a new hash object: `data` or, for old programs, `string`.
fn initial(cx: &mut Cx, data: Missing<Obj>, string: Option<Obj>) -> Result<Option<Vec<u8>>> {
    match (data.given(), string) {
        (Some(_), Some(_)) => Err(cx.type_error(
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version.",
        )),
        (Some(o), None) | (None, Some(o)) => data_arg(cx, o).map(Some),
        (None, None) => Ok(None),
    }
}

fn hex(b: &[u8]) -> String {
    b.iter().flat_map(|b| [b >> 4, b & 15]).map(|n| char::from_digit(u32::from(n), 16).unwrap_or('0')).collect()
}

/// The length of a digest of free length.
fn length_arg(cx: &mut Cx, o: Obj) -> Result<usize> {
    let o = ops::index(cx, o)?;
    match int::to_i128(o) {
        Some(n) if n < 0 => Err(cx.value_error("Cannot convert negative int")),
        Some(n) if n < 1 << 29 => Ok(n as usize),
        Some(n) if n < 1 << 64 => Err(cx.value_error("length is too large")),
        _ => Err(cx.error(ExcKind::OverflowError, "Python int too large for C unsigned long")),
    }
}

impl State {
    fn new(engine: Engine) -> State {
        State { engine: Guarded::new(Box::new(engine)) }
    }
    /// A new state with its first data.
    fn begun(cx: &Cx, mut engine: Engine, first: Option<Vec<u8>>) -> State {
        if let Some(b) = first {
            if b.len() >= LARGE { cx.blocked(|| engine.update(&b)) } else { engine.update(&b) }
        }
        State::new(engine)
    }
    fn feed<O>(&self, cx: &Cx, owner: &O, b: &[u8]) {
        let mut e = self.engine.write(cx, owner);
        if b.len() >= LARGE { cx.blocked(|| e.update(b)) } else { e.update(b) }
    }
    fn snapshot(&self, cx: &Cx) -> Engine {
        Engine::clone(&self.engine.read(cx))
    }
    fn digest(&self, cx: &Cx, len: usize) -> Vec<u8> {
        let e = self.snapshot(cx);
        if len >= LARGE { cx.blocked(|| e.digest(len)) } else { e.digest(len) }
    }
}

/// A hash with a digest of fixed length, made by a function of its module.
macro_rules! fixed {
    ($rust:ident $module:literal $class:literal $name:literal $engine:expr, $block:literal, $size:literal, {$($extra:tt)*}) => {
        /// A hash object.
        #[derive(Trace)]
        pub struct $rust {
            state: State,
        }
        impl $rust {
            fn begin(cx: &mut Cx, data: Missing<Obj>, string: Option<Obj>) -> Result<$rust> {
                let first = initial(cx, data, string)?;
                Ok($rust { state: State::begun(cx, $engine, first) })
            }
        }
        #[class(module = $module, name = $class)]
        impl $rust {
            $($extra)*
            /// Return a copy of the hash object.
            fn copy(&self, cx: &mut Cx) -> Result<Gc<Self>> {
                let state = State::new(self.state.snapshot(cx));
                native::instance(cx, $rust { state })
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
                $size
            }
        }
    };
}

fixed!(Md5 "_md5" "md5" "md5" Engine::Md5(Default::default()), 64, 16, {});
fixed!(Sha1 "_sha1" "sha1" "sha1" Engine::Sha1(Default::default()), 64, 20, {});
fixed!(Sha224 "_sha2" "SHA224Type" "sha224" Engine::Sha224(Default::default()), 64, 28, {});
fixed!(Sha256 "_sha2" "SHA256Type" "sha256" Engine::Sha256(Default::default()), 64, 32, {});
fixed!(Sha384 "_sha2" "SHA384Type" "sha384" Engine::Sha384(Default::default()), 128, 48, {});
fixed!(Sha512 "_sha2" "SHA512Type" "sha512" Engine::Sha512(Default::default()), 128, 64, {});

/// A SHA-3 hash, made by calling its class.
macro_rules! sha3 {
    ($rust:ident $name:literal $engine:expr, $rate:literal, $size:literal) => {
        fixed!($rust "_sha3" $name $name $engine, $rate, $size, {
            #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
            fn __new__(
                cx: &mut Cx,
                cls: Gc<Type>,
                data: Missing<Obj>,
                usedforsecurity: bool,
                string: Option<Obj>,
            ) -> Result<$rust> {
                let _ = (cls, usedforsecurity);
                $rust::begin(cx, data, string)
            }
            #[getter]
            fn _capacity_bits(&self) -> usize {
                1600 - 8 * $rate
            }
            #[getter]
            fn _rate_bits(&self) -> usize {
                8 * $rate
            }
            #[getter]
            fn _suffix(&self, cx: &Cx) -> Result<Obj> {
                bytes_obj(cx, &[6])
            }
        });
    };
}

sha3!(Sha3x224 "sha3_224" Engine::Sha3x224(Default::default()), 144, 28);
sha3!(Sha3x256 "sha3_256" Engine::Sha3x256(Default::default()), 136, 32);
sha3!(Sha3x384 "sha3_384" Engine::Sha3x384(Default::default()), 104, 48);
sha3!(Sha3x512 "sha3_512" Engine::Sha3x512(Default::default()), 72, 64);

/// A SHAKE: a digest of any length.
macro_rules! shake {
    ($rust:ident $name:literal $engine:expr, $rate:literal) => {
        /// A hash object.
        #[derive(Trace)]
        pub struct $rust {
            state: State,
        }
        #[class(module = "_sha3", name = $name)]
        impl $rust {
            #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
            fn __new__(
                cx: &mut Cx,
                cls: Gc<Type>,
                data: Missing<Obj>,
                usedforsecurity: bool,
                string: Option<Obj>,
            ) -> Result<$rust> {
                let _ = (cls, usedforsecurity);
                let first = initial(cx, data, string)?;
                Ok($rust { state: State::begun(cx, $engine, first) })
            }
            /// Return a copy of the hash object.
            fn copy(&self, cx: &mut Cx) -> Result<Gc<Self>> {
                let state = State::new(self.state.snapshot(cx));
                native::instance(cx, $rust { state })
            }
            /// Return the digest value as a bytes object.
            #[sig(length)]
            fn digest(&self, cx: &mut Cx, length: Obj) -> Result<Obj> {
                let n = length_arg(cx, length)?;
                bytes_obj(cx, &self.state.digest(cx, n))
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[sig(length)]
            fn hexdigest(&self, cx: &mut Cx, length: Obj) -> Result<String> {
                let n = length_arg(cx, length)?;
                Ok(hex(&self.state.digest(cx, n)))
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
                $rate
            }
            #[getter]
            fn digest_size(&self) -> usize {
                0
            }
            #[getter]
            fn _capacity_bits(&self) -> usize {
                1600 - 8 * $rate
            }
            #[getter]
            fn _rate_bits(&self) -> usize {
                8 * $rate
            }
            #[getter]
            fn _suffix(&self, cx: &Cx) -> Result<Obj> {
                bytes_obj(cx, &[0x1f])
            }
        }
    };
}

shake!(Shake128 "shake_128" Engine::Shake128(Default::default()), 168);
shake!(Shake256 "shake_256" Engine::Shake256(Default::default()), 136);

fn common(cx: &mut Cx, module: Obj) -> Result<()> {
    set(cx, module, "_GIL_MINSIZE", LARGE)
}

fn class_under<T: native::NativeClass>(cx: &mut Cx, module: Obj, name: &str) -> Result<()> {
    let c = native::class_of::<T>(cx)?;
    set(cx, module, name, c)
}

#[module("_md5")]
pub mod md5_ {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        class_under::<Md5>(cx, module, "MD5Type")?;
        common(cx, module)
    }
    /// Return a new MD5 hash object; optionally initialized with a string.
    #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
    fn md5(cx: &mut Cx, data: Missing<Obj>, usedforsecurity: bool, string: Option<Obj>) -> Result<Gc<Md5>> {
        let _ = usedforsecurity;
        let h = Md5::begin(cx, data, string)?;
        native::instance(cx, h)
    }
}

#[module("_sha1")]
pub mod sha1_ {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        class_under::<Sha1>(cx, module, "SHA1Type")?;
        common(cx, module)
    }
    /// Return a new SHA1 hash object; optionally initialized with a string.
    #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
    fn sha1(cx: &mut Cx, data: Missing<Obj>, usedforsecurity: bool, string: Option<Obj>) -> Result<Gc<Sha1>> {
        let _ = usedforsecurity;
        let h = Sha1::begin(cx, data, string)?;
        native::instance(cx, h)
    }
}

#[module("_sha2", classes(Sha224, Sha256, Sha384, Sha512))]
pub mod sha2_ {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        common(cx, module)
    }
    /// Return a new SHA-224 hash object; optionally initialized with a string.
    #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
    fn sha224(cx: &mut Cx, data: Missing<Obj>, usedforsecurity: bool, string: Option<Obj>) -> Result<Gc<Sha224>> {
        let _ = usedforsecurity;
        let h = Sha224::begin(cx, data, string)?;
        native::instance(cx, h)
    }
    /// Return a new SHA-256 hash object; optionally initialized with a string.
    #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
    fn sha256(cx: &mut Cx, data: Missing<Obj>, usedforsecurity: bool, string: Option<Obj>) -> Result<Gc<Sha256>> {
        let _ = usedforsecurity;
        let h = Sha256::begin(cx, data, string)?;
        native::instance(cx, h)
    }
    /// Return a new SHA-384 hash object; optionally initialized with a string.
    #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
    fn sha384(cx: &mut Cx, data: Missing<Obj>, usedforsecurity: bool, string: Option<Obj>) -> Result<Gc<Sha384>> {
        let _ = usedforsecurity;
        let h = Sha384::begin(cx, data, string)?;
        native::instance(cx, h)
    }
    /// Return a new SHA-512 hash object; optionally initialized with a string.
    #[sig(data = <missing>, *, usedforsecurity = True, string = None)]
    fn sha512(cx: &mut Cx, data: Missing<Obj>, usedforsecurity: bool, string: Option<Obj>) -> Result<Gc<Sha512>> {
        let _ = usedforsecurity;
        let h = Sha512::begin(cx, data, string)?;
        native::instance(cx, h)
    }
}

#[module("_sha3", classes(Sha3x224, Sha3x256, Sha3x384, Sha3x512, Shake128, Shake256))]
pub mod sha3_ {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set(cx, module, "implementation", "RustCrypto".into_obj(cx)?)?;
        common(cx, module)
    }
}
