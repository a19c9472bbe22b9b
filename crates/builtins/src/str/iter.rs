//! Iterators over `str`: `str_ascii_iterator` and `str_iterator`.
//!
//! Tests: tests/lang/str.md; CPython test_iter, test_str.

use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{FromArg, Trace, class_of, instance};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Gc, Obj, Result, Tracer, name, shape, tuple};

/// The payload of both iterators.
#[repr(C)]
pub struct StrIter {
    /// Not kept alive, and not looked at, once the iterator is exhausted.
    text: Gc<Str>,
    /// Index of the next character; -1 once exhausted, which it stays.
    at: AtomicI64,
}

impl Trace for StrIter {
    fn trace(&self, t: &mut Tracer) {
        if self.at.load(Ordering::Relaxed) >= 0 {
            self.text.trace(t);
        }
    }
}

/// Text outside ASCII, which has its own class in CPython too.
#[derive(Trace)]
#[repr(C)]
pub struct WideStrIter(StrIter);

impl StrIter {
    #[inline]
    fn step(&self) -> Option<u32> {
        let i = self.at.load(Ordering::Relaxed);
        if i < 0 || i as usize >= self.text.len() {
            self.at.store(-1, Ordering::Relaxed);
            return None;
        }
        self.at.store(i + 1, Ordering::Relaxed);
        Some(self.text.at(i as usize))
    }
    fn next(&self, cx: &Cx) -> Result<Obj> {
        match self.step() {
            Some(c) => Ok(str::from_char(cx, c)?.obj()),
            None => Err(typhon_object::exc::stop_iteration(cx, Obj::NONE)),
        }
    }
    fn left(&self) -> usize {
        match self.at.load(Ordering::Relaxed) {
            -1 => 0,
            i => self.text.len() - i as usize,
        }
    }
    fn reduce(&self, cx: &mut Cx) -> Result<Obj> {
        let d = Obj::from_word(cx.interp().builtins.get()).and_then(|b| b.cast::<Dict>());
        let f = d.and_then(|d| d.get_str(name!(cx, "iter"))).unwrap_or(Obj::NONE);
        let at = self.at.load(Ordering::Relaxed);
        if at < 0 {
            let empty = str::from_latin1(cx, b"")?;
            let args = tuple::new(cx, &[empty.obj()])?;
            return Ok(tuple::new(cx, &[f, args.obj()])?.obj());
        }
        let args = tuple::new(cx, &[self.text.obj()])?;
        Ok(tuple::new(cx, &[f, args.obj(), Obj::int_unchecked(at)])?.obj())
    }
    fn set_state(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        let i = i64::from_arg(cx, state)?;
        if self.at.load(Ordering::Relaxed) >= 0 {
            self.at.store(i.clamp(0, self.text.len() as i64), Ordering::Relaxed);
        }
        Ok(())
    }
}

#[class(name = "str_ascii_iterator")]
impl StrIter {
    fn __iter__(this: Gc<StrIter>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        self.next(cx)
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self) -> usize {
        self.left()
    }
    /// Return state information for pickling.
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        self.reduce(cx)
    }
    /// Set state information for unpickling.
    fn __setstate__(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        self.set_state(cx, state)
    }
}

#[class(name = "str_iterator")]
impl WideStrIter {
    fn __iter__(this: Gc<WideStrIter>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        self.0.next(cx)
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self) -> usize {
        self.0.left()
    }
    /// Return state information for pickling.
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        self.0.reduce(cx)
    }
    /// Set state information for unpickling.
    fn __setstate__(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        self.0.set_state(cx, state)
    }
}

/// `iter(s)`.
pub fn new(cx: &mut Cx, s: Gc<Str>) -> Result<Obj> {
    let it = StrIter { text: s, at: AtomicI64::new(0) };
    // As in CPython, whose subclasses of str have another layout.
    if s.is_ascii() && s.obj().shape() == shape::STR {
        Ok(instance(cx, it)?.obj())
    } else {
        Ok(instance(cx, WideStrIter(it))?.obj())
    }
}

/// Make the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    class_of::<StrIter>(cx)?.set_next_fn(|cx, it| match it.cast::<StrIter>().and_then(|i| i.step()) {
        Some(c) => Ok(Some(str::from_char(cx, c)?.obj())),
        None => Ok(None),
    });
    class_of::<WideStrIter>(cx)?.set_next_fn(|cx, it| match it.cast::<WideStrIter>().and_then(|i| i.0.step()) {
        Some(c) => Ok(Some(str::from_char(cx, c)?.obj())),
        None => Ok(None),
    });
    Ok(())
}
