//! Code objects: compiled code loaded for execution.
//!
//! Loading copies the instruction words, makes the constants and names into
//! objects and notes where the cache words are. Instructions specialise
//! themselves by relaxed stores into this copy.
//!
//! Invariant CODE-1: a cache word is 0, odd (packed numbers), or a heap object,
//! which the collector visits. `CACHE` words are only ever read together with
//! the instruction form that validates them.
//! Tests: `tests/`; CPython test_code.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use typhon_bytecode::{Code as Data, Const, Insn, Op};
use typhon_object::bytes;
use typhon_object::native::{Payload, Trace};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Gc, Obj, Result, Slot, Tracer, bigint, float, intern, list, shape};

/// The payload of a code object.
#[repr(C)]
pub struct Code {
    /// First instruction word.
    pub entry: *const AtomicU64,
    /// Number of words.
    pub words: u32,
    /// Registers of a frame.
    pub nregs: u32,
    /// `co_stacksize`: how many, unless a program says else.
    pub stacksize: AtomicU32,
    /// What the compiler made.
    pub data: Arc<Data>,
    /// Constants as objects.
    pub consts: Slot<Tuple>,
    /// Names as interned strings.
    pub names: Slot<Tuple>,
    /// Names of the registers 0..nlocals as interned strings.
    pub varnames: Slot<Tuple>,
    /// `co_filename`, shared by the code objects of a file.
    pub filename: Slot<Str>,
    /// `co_name`.
    pub name: Slot<Str>,
    /// `co_qualname`.
    pub qualname: Slot<Str>,
    caches: Box<[u32]>,
    /// Whether every `return` returns None (so `__init__` needs no check).
    pub returns_none: bool,
    /// A generator of this code has something to do when it dies: a handler beside the
    /// one around all of its body.
    pub handles: bool,
    /// Calls so far, for the JIT.
    pub calls: AtomicU32,
    /// What watching needs to know of the words (see `spots`).
    pub table: OnceLock<Box<crate::spots::Table>>,
    /// What `sys.monitoring` tools want of this code.
    pub watched: crate::tools::Watched,
}

// `entry` points to memory owned by the object, whose words are atomic.
unsafe impl Send for Code {}
unsafe impl Sync for Code {}

impl Trace for Code {
    fn trace(&self, t: &mut Tracer) {
        self.consts.trace(t);
        self.names.trace(t);
        self.varnames.trace(t);
        self.filename.trace(t);
        self.name.trace(t);
        self.qualname.trace(t);
        let forget = FORGETTING.load(Ordering::Relaxed);
        for at in &self.caches {
            // CODE-1; `caches` holds word offsets below `words`.
            let word = unsafe { &*self.entry.add(*at as usize) };
            let cached = Obj::from_word(word.load(Ordering::Relaxed)).filter(|o| forget && o.is_ptr());
            if cached.is_some_and(|o| o.shape() == shape::CACHE_ENTRY) {
                word.store(0, Ordering::Relaxed);
            } else {
                t.slot(word);
            }
        }
    }
}

impl Payload for Code {
    fn is(o: Obj) -> bool {
        o.shape() == shape::CODE && o.is_ptr()
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let words = std::ptr::slice_from_raw_parts_mut(self.entry as *mut AtomicU64, self.words as usize);
        // Made from a box in `load`.
        drop(unsafe { Box::from_raw(words) });
    }
}

impl Code {
    /// The instruction words.
    pub fn instrs(&self) -> &[AtomicU64] {
        // `words` words from `entry`, owned by this object.
        unsafe { std::slice::from_raw_parts(self.entry, self.words as usize) }
    }
    /// The word offset of a program counter in this code.
    pub fn offset(&self, pc: *const AtomicU64) -> u32 {
        ((pc as usize).wrapping_sub(self.entry as usize) / 8) as u32
    }
    /// The line of the instruction before `pc`, which is how frames save it.
    pub fn line_before(&self, pc: *const AtomicU64) -> Option<u32> {
        match self.offset(pc) {
            // A call that has only begun.
            0 => Some(self.data.first_line),
            at => self.data.position(at - 1).map(|p| p.line),
        }
    }
    /// The constant `i`.
    pub fn constant(&self, i: usize) -> Obj {
        self.consts.get().expect("loaded code has constants").items()[i]
    }
    /// The interned name `i`.
    #[inline]
    pub fn name_at(&self, i: usize) -> Gc<Str> {
        // Names are strings.
        unsafe { Gc::from_obj(self.names.get().expect("loaded code has names").items()[i]) }
    }
    /// The name of register `i`, if it is a variable.
    pub fn register_name(&self, i: usize) -> Option<&str> {
        if let Some(n) = self.data.varnames.get(i) {
            return Some(n);
        }
        if let Some(p) = self.data.cell_regs.iter().position(|r| *r as usize == i) {
            return Some(&self.data.cellvars[p]);
        }
        let f = i.checked_sub(self.data.free_base as usize)?;
        self.data.freevars.get(f).map(|s| &**s)
    }
}

/// A code object of compiled code.
pub fn load(cx: &mut Cx, data: &Arc<Data>) -> Result<Gc<Code>> {
    let filename = str::new(cx, &data.filename)?;
    load_with(cx, data, filename)
}

/// The same with another file name.
pub(crate) fn load_with(cx: &mut Cx, data: &Arc<Data>, filename: Gc<Str>) -> Result<Gc<Code>> {
    let consts = list::new(cx, &[])?;
    for c in &data.consts {
        let o = constant(cx, c, filename)?;
        consts.append(cx, o)?;
    }
    let consts = typhon_object::ops::tuple_from_list(cx, consts)?;
    let names = interned(cx, &data.names)?;
    let varnames = interned(cx, &data.varnames)?;
    let name = cx.intern(&data.name)?;
    let qualname = cx.intern(&data.qualname)?;
    let mut caches = Vec::new();
    let mut returns_none = true;
    let mut at = 0;
    while at < data.instrs.len() {
        let op = Insn(data.instrs[at]).op().unwrap_or(Op::NOP);
        returns_none &= op != Op::RETURN;
        let info = op.info();
        let first = at + 1 + info.words as usize;
        caches.extend((first..first + info.caches as usize).map(|i| i as u32));
        at += op.len();
    }
    let words: Box<[AtomicU64]> = data.instrs.iter().map(|w| AtomicU64::new(*w)).collect();
    let n = words.len() as u32;
    let entry = Box::into_raw(words) as *const AtomicU64;
    let code = Code {
        entry,
        words: n,
        nregs: data.nregs,
        stacksize: AtomicU32::new(data.nregs),
        data: data.clone(),
        consts: Slot::new(consts),
        names: Slot::new(names),
        varnames: Slot::new(varnames),
        filename: Slot::new(filename),
        name: Slot::new(name),
        qualname: Slot::new(qualname),
        caches: caches.into_boxed_slice(),
        returns_none,
        handles: has_own_handlers(data),
        calls: AtomicU32::new(0),
        table: OnceLock::new(),
        watched: Default::default(),
    };
    crate::object_with(cx, shape::CODE, code)
}

fn interned(cx: &mut Cx, names: &[typhon_bytecode::Text]) -> Result<Gc<Tuple>> {
    let l = list::new(cx, &[])?;
    for n in names {
        let s = cx.intern(n)?;
        l.append(cx, s.obj())?;
    }
    typhon_object::ops::tuple_from_list(cx, l)
}

/// Whether a generator's code handles exceptions by itself, in a `try` or `with`, besides
/// what every generator does. A synchronous generator's `yield from` does not count: it
/// is registered when it comes to one (see `ending`).
fn has_own_handlers(data: &typhon_bytecode::Code) -> bool {
    let delegates = data.flags & typhon_bytecode::flags::ASYNC_GENERATOR == 0;
    let at = |target: u32| data.instrs.get(target as usize).and_then(|w| typhon_bytecode::Insn(*w).op());
    let mut own = data
        .exceptions
        .iter()
        .map(|e| e.target)
        .filter(|t| !(delegates && at(*t) == Some(typhon_bytecode::Op::CLEANUPTHROW)));
    let first = own.next();
    own.any(|t| Some(t) != first)
}

/// The object of a constant.
pub fn constant(cx: &mut Cx, c: &Const, filename: Gc<Str>) -> Result<Obj> {
    Ok(match c {
        Const::None => Obj::NONE,
        Const::True => Obj::TRUE,
        Const::False => Obj::FALSE,
        Const::Ellipsis => Obj::ELLIPSIS,
        Const::Int(i) => typhon_object::int::from_i64(cx, *i)?,
        Const::BigInt(hex) => big(cx, hex)?,
        Const::Float(f) => float::new(cx, *f)?,
        Const::Complex(re, im) => crate::hooks::complex(cx, *re, *im)?,
        Const::Str(s) => {
            let o = str::new(cx, s)?;
            if s.len() <= 40 && s.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) {
                intern::intern(cx, o)?.obj()
            } else {
                o.obj()
            }
        }
        Const::Wtf8(b) => str::from_ucs4(cx, &wtf8(b))?.obj(),
        Const::Bytes(b) => bytes::new(cx, b)?.obj(),
        Const::Tuple(items) => {
            let l = list::new(cx, &[])?;
            for i in items {
                let o = constant(cx, i, filename)?;
                l.append(cx, o)?;
            }
            typhon_object::ops::tuple_from_list(cx, l)?.obj()
        }
        Const::FrozenSet(items) => {
            let l = list::new(cx, &[])?;
            for i in items {
                let o = constant(cx, i, filename)?;
                l.append(cx, o)?;
            }
            crate::hooks::frozenset(cx, l.obj())?
        }
        Const::Slice(s) => {
            let start = constant(cx, &s[0], filename)?;
            let stop = constant(cx, &s[1], filename)?;
            let step = constant(cx, &s[2], filename)?;
            crate::hooks::slice(cx, start, stop, step)?
        }
        Const::Code(c) => load_with(cx, c, filename)?.obj(),
    })
}

fn big(cx: &mut Cx, hex: &str) -> Result<Obj> {
    let (neg, digits) = match hex.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, hex),
    };
    let digits = digits.trim_start_matches("0x");
    let limbs: Vec<u64> = digits
        .as_bytes()
        .rchunks(16)
        .map(|c| std::str::from_utf8(c).ok().and_then(|s| u64::from_str_radix(s, 16).ok()).unwrap_or(0))
        .collect();
    bigint::from_owned(cx, &typhon_text::int::Int::new(neg, limbs))
}

/// Code points of WTF-8.
fn wtf8(b: &[u8]) -> Vec<u32> {
    let mut out = Vec::new();
    let mut i = 0;
    let cont = |i: usize| b.get(i).map_or(0, |c| (*c & 0x3f) as u32);
    while i < b.len() {
        let c = b[i] as u32;
        let (v, n) = match c {
            0..0x80 => (c, 1),
            0x80..0xe0 => ((c & 0x1f) << 6 | cont(i + 1), 2),
            0xe0..0xf0 => ((c & 0xf) << 12 | cont(i + 1) << 6 | cont(i + 2), 3),
            _ => ((c & 7) << 18 | cont(i + 1) << 12 | cont(i + 2) << 6 | cont(i + 3), 4),
        };
        out.push(v);
        i += n;
    }
    out
}

/// The names that a function stores on its first argument, or that it tells the
/// annotations of (a hook of typhon-object). Register 0 is that argument; a method that assigns to `self` only
/// makes the count a guess.
pub fn own_attributes(f: Obj, visit: &mut dyn FnMut(Obj)) {
    let Some(f) = f.cast::<crate::function::Function>() else { return };
    let code = f.code();
    let instrs = &code.data.instrs;
    if code.data.argcount == 0 {
        return;
    }
    if &*code.data.name == "__annotate__" {
        // Its constants are the annotated names, but for a text or two.
        for (i, c) in code.data.consts.iter().enumerate() {
            if matches!(c, Const::Str(_)) {
                visit(code.constant(i));
            }
        }
        return;
    }
    let mut at = 0;
    while at < instrs.len() {
        let i = Insn(instrs[at]);
        let op = i.op().unwrap_or(Op::NOP);
        if op == Op::SETATTR && i.a() == 0 {
            visit(code.name_at(i.c() as usize).obj());
        }
        at += op.len();
    }
}

/// What a cached lookup on a class found. It never changes.
#[repr(C)]
pub struct CacheEntry {
    /// The class whose version was `version`.
    pub class: Obj,
    /// What the lookup found.
    pub value: Obj,
    /// `Type::version` at the time.
    pub version: u64,
    /// The shape of the object that was looked at.
    pub shape: u32,
}

impl CacheEntry {
    /// Whether the entry still tells what a lookup on an object of this shape
    /// finds. One entry is one word of the instruction, so that threads which
    /// specialise an instruction differently cannot mix their halves (VM-3).
    #[inline(always)]
    pub fn holds(&self, shape: u32) -> bool {
        // The class is a class, see `cache_entry`.
        let c: Gc<typhon_object::types::Type> = unsafe { Gc::from_obj(self.class) };
        self.shape == shape && c.version() == self.version
    }
}

impl Trace for CacheEntry {
    fn trace(&self, t: &mut Tracer) {
        self.class.trace(t);
        self.value.trace(t);
    }
}

/// A cache entry.
pub fn cache_entry(cx: &mut Cx, shape: u32, class: Obj, value: Obj, version: u64) -> Result<Obj> {
    crate::object_with(cx, shape::CACHE_ENTRY, CacheEntry { class, value, version, shape }).map(|g| g.obj())
}

/// Whether the collection under way empties the caches that keep classes alive.
static FORGETTING: AtomicBool = AtomicBool::new(false);

/// A full collection as programs ask for it: what only inline caches hold dies, too.
/// `direct`: no native frame between the loop's and the caller's uses a value afterwards
/// that is nowhere else.
pub fn collect_forgetting(cx: &Cx, direct: bool) {
    FORGETTING.store(true, Ordering::Relaxed);
    if direct {
        // The caller answers for it; the loop's frame is the marked one.
        unsafe { cx.mutator.collect_above_mark(true) }
    } else {
        cx.mutator.collect(true);
    }
    FORGETTING.store(false, Ordering::Relaxed);
}

/// Forget every cached attribute position: a data descriptor has appeared on a
/// class that has instances. Rare, so the whole heap is walked.
pub fn flush_caches(cx: &Cx) {
    let work = |p: *mut u8| {
        // The walk visits live objects while the world is stopped.
        let o = unsafe { Obj::from_word_unchecked(p as u64) };
        if o.shape() != shape::CODE {
            return;
        }
        let code: Gc<Code> = unsafe { Gc::from_obj(o) };
        let words = code.instrs();
        for at in &code.caches {
            words[*at as usize].store(0, Ordering::Relaxed);
        }
    };
    cx.mutator.stop_the_world(typhon_object::attr_cache::forget_all);
    typhon_gc::for_each_object(&cx.mutator, work);
}
