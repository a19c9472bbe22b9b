//! `_random`: the Mersenne twister, bit for bit as CPython seeds and runs it.
//!
//! Tests: CPython test_random.

use crate::util::tuple_obj;
use typhon_macros::{Trace, class, module};
use typhon_object::native::{Args, FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Guarded, Result, bigint, int, list, ops};

const N: usize = 624;
const M: usize = 397;

#[derive(Trace)]
struct Twister {
    #[trace(skip)]
    state: Box<[u32; N]>,
    index: usize,
}

impl Twister {
    fn init(&mut self, seed: u32) {
        let mt = &mut self.state;
        mt[0] = seed;
        for i in 1..N {
            mt[i] = 1812433253u32.wrapping_mul(mt[i - 1] ^ (mt[i - 1] >> 30)).wrapping_add(i as u32);
        }
        self.index = N;
    }
    fn init_by_array(&mut self, key: &[u32]) {
        self.init(19650218);
        let mt = &mut self.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            mt[i] = (mt[i] ^ (mt[i - 1] ^ (mt[i - 1] >> 30)).wrapping_mul(1664525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                mt[0] = mt[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            mt[i] = (mt[i] ^ (mt[i - 1] ^ (mt[i - 1] >> 30)).wrapping_mul(1566083941)).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                mt[0] = mt[N - 1];
                i = 1;
            }
        }
        mt[0] = 0x8000_0000;
    }
    fn next(&mut self) -> u32 {
        if self.index >= N {
            let mt = &mut self.state;
            let twist = |a: u32, b: u32| {
                let y = (a & 0x8000_0000) | (b & 0x7fff_ffff);
                (y >> 1) ^ if y & 1 != 0 { 0x9908_b0df } else { 0 }
            };
            for k in 0..N - M {
                mt[k] = mt[k + M] ^ twist(mt[k], mt[k + 1]);
            }
            for k in N - M..N - 1 {
                mt[k] = mt[k + M - N] ^ twist(mt[k], mt[k + 1]);
            }
            mt[N - 1] = mt[M - 1] ^ twist(mt[N - 1], mt[0]);
            self.index = 0;
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }
}

/// `_random.Random`.
#[derive(Trace)]
pub struct Random {
    state: Guarded<Twister>,
}

impl Random {
    fn seed_with(&self, cx: &mut Cx, n: Option<Obj>) -> Result<()> {
        let n = n.filter(|n| !n.is_none());
        let mut key = Vec::new();
        match n {
            None => {
                let mut b = [0u8; 4 * 8];
                let _ = cx.blocked(|| crate::sys::getrandom(&mut b, 0));
                key.extend(b.chunks(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]])));
            }
            Some(n) => {
                let i = if int::is_int(n) {
                    n
                } else {
                    let h = ops::hash(cx, n)?;
                    // The hash counts as unsigned.
                    u64::from_ne_bytes(h.to_ne_bytes()).into_obj(cx)?
                };
                bigint::with(i, |x| {
                    for l in x.mag {
                        key.push(*l as u32);
                        key.push((*l >> 32) as u32);
                    }
                });
                while key.len() > 1 && key.last() == Some(&0) {
                    key.pop();
                }
                if key.is_empty() {
                    key.push(0);
                }
            }
        }
        self.state.write(cx, self).init_by_array(&key);
        Ok(())
    }
}

/// Random() -> create a random number generator with its own internal state.
#[class(module = "_random", name = "Random", subclassable)]
impl Random {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Random> {
        let _ = cls;
        let mut t = Twister { state: Box::new([0; N]), index: N };
        t.init(5489);
        let _ = (cx, args);
        Ok(Random { state: Guarded::new(t) })
    }
    #[sig(x = None, /)]
    fn __init__(&self, cx: &mut Cx, x: Obj) -> Result<()> {
        self.seed_with(cx, Some(x))
    }
    /// random() -> x in the interval [0, 1).
    fn random(&self, cx: &Cx) -> f64 {
        let mut s = self.state.write(cx, self);
        let a = s.next() >> 5;
        let b = s.next() >> 6;
        (f64::from(a) * 67108864.0 + f64::from(b)) * (1.0 / 9007199254740992.0)
    }
    /// seed([n]) -> None.
    #[sig(n = None, /)]
    fn seed(&self, cx: &mut Cx, n: Obj) -> Result<()> {
        self.seed_with(cx, Some(n))
    }
    /// getrandbits(k) -> x.  Generates an int with k random bits.
    fn getrandbits(&self, cx: &mut Cx, k: Obj) -> Result<Obj> {
        let k = ops::index(cx, k)?;
        if ops::less(cx, k, Obj::int_unchecked(0))? {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        let k = i64::from_arg(cx, k)?;
        if k == 0 {
            return Ok(Obj::int_unchecked(0));
        }
        if k <= 32 {
            let v = self.state.write(cx, self).next();
            return Ok(Obj::int_unchecked(i64::from(v >> (32 - k))));
        }
        let words = (k as usize).div_ceil(32);
        cx.check_room(words.saturating_mul(4))?;
        let mut limbs = vec![0u64; words.div_ceil(2)];
        {
            let mut s = self.state.write(cx, self);
            let mut left = k;
            for i in 0..words {
                let mut r = s.next();
                if left < 32 {
                    r >>= 32 - left;
                }
                limbs[i / 2] |= u64::from(r) << (32 * (i % 2));
                left -= 32;
            }
        }
        int::from_limbs(cx, false, &limbs)
    }
    /// getstate() -> tuple containing the current state.
    fn getstate(&self, cx: &mut Cx) -> Result<Obj> {
        let (state, index) = {
            let s = self.state.read(cx);
            (s.state.clone(), s.index)
        };
        let l = list::new(cx, &[])?;
        for v in state.iter() {
            l.append(cx, Obj::int_unchecked(i64::from(*v)))?;
        }
        l.append(cx, Obj::int_unchecked(index as i64))?;
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
    /// setstate(state) -> None.  Restores generator state.
    fn setstate(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        let Some(t) = state.cast::<Tuple>() else { return Err(cx.type_error("state vector must be a tuple")) };
        if t.len() != N + 1 {
            return Err(cx.value_error("state vector is the wrong size"));
        }
        let mut new = Box::new([0u32; N]);
        for (d, o) in new.iter_mut().zip(t.payload().items()) {
            let v = i64::from_arg(cx, *o)?;
            *d = v as u32;
        }
        let index = i64::from_arg(cx, t.payload().items()[N])?;
        if !(0..=N as i64).contains(&index) {
            return Err(cx.value_error("invalid state"));
        }
        let mut s = self.state.write(cx, self);
        s.state = new;
        s.index = index as usize;
        Ok(())
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let s = this.getstate(cx)?;
        let e = tuple_obj(cx, &[])?;
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), e, s])
    }
    fn __setstate__(this: Gc<Self>, cx: &mut Cx, state: Obj) -> Result<()> {
        this.setstate(cx, state)
    }
}

/// Module implements the Mersenne Twister random number generator.
#[module("_random", classes(Random))]
pub mod random {
    use super::*;
}
