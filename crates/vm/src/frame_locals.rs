//! `frame.f_locals` of functions: a mapping that reads and writes the variables where
//! they are (PEP 667).
//!
//! Where they are depends on the frame: in the window of a function that runs in this
//! thread, in one of its greenlets, in the registers of a suspended generator, or in the copy that a frame that
//! has ended left behind. What is stored under other names is kept in a dict of the
//! frame's. A frame that runs in another thread shows no variables.
//!
//! Tests: tests/lang/frame_locals.md; CPython test_frame.

use crate::code::Code;
use crate::frame::{self, Base, Frame};
use crate::function::Cell;
use crate::generator::{self, Borrowed, Generator};
use crate::greenlet::Greenlet;
use crate::stacks;
use std::sync::atomic::Ordering;
use typhon_builtins::repr_guard;
use typhon_macros::{Trace, class};
use typhon_object::array::{self, Array};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{Args, Missing};
use typhon_object::str::{self, Str};
use typhon_object::{CompareOp, Cx, Gc, Obj, Result, exc, list, native, ops};

/// A variable: its name, its register, and whether a cell stands there.
type Var<'a> = (&'a str, usize, bool);

/// The variables of a code object: locals, then cells, then free variables. A name may
/// come more than once, for variables of comprehensions.
pub fn vars(code: &Code) -> impl Iterator<Item = Var<'_>> {
    let d = &code.data;
    let locals = d.varnames.len();
    let is_cell = move |r: usize| d.cell_regs.iter().any(|c| *c as usize == r);
    let cells = d.cellvars.iter().zip(&d.cell_regs).map(|(n, r)| (&**n, *r as usize, true));
    let frees = d.freevars.iter().enumerate().map(|(i, n)| (&**n, d.free_base as usize + i, true));
    let first = d.varnames.iter().enumerate().map(move |(i, n)| (&**n, i, is_cell(i)));
    first.chain(cells.filter(move |v| v.1 >= locals)).chain(frees)
}

/// Where the registers of a frame are.
enum Place {
    /// In a window of this thread; of a greenlet that waits, if there is one.
    Window(Base, Option<Gc<Greenlet>>),
    /// In a suspended generator, borrowed: nothing may be allocated meanwhile (GEN-2).
    Generator(Borrowed),
    /// In the copy that was left, or made just now of a window of another thread.
    Copy(Gc<Array>),
    /// Nowhere.
    Gone,
}

impl Place {
    fn of(cx: &Cx, f: Gc<Frame>) -> Place {
        // In another thread it may rest, go on and end between one look and the next.
        for _ in 0..500 {
            if let Some(place) = Place::look(cx, f) {
                return place;
            }
            if !typhon_gc::multi_threaded() {
                break;
            }
            cx.blocked(std::thread::yield_now);
        }
        // A generator that runs without a window: what it delegates to is being thrown into,
        // and it will go on from these registers.
        let resting = f.extra.obj().and_then(|e| e.cast::<Generator>()).and_then(|g| g.regs.get());
        resting.map_or(Place::Gone, Place::Copy)
    }
    fn look(cx: &Cx, f: Gc<Frame>) -> Option<Place> {
        let base = f.base.load(Ordering::Acquire);
        if base != 0 {
            if let Some((w, waits)) = frame::live(cx, f.payload()) {
                return Some(Place::Window(w.base, waits));
            }
            let func = f.func.get()?;
            return stacks::variables(cx, func, |w| w.base as u64 == base && w.func() == func).map(Place::Copy);
        }
        if let Some(g) = f.extra.obj().and_then(|e| e.cast::<Generator>()) {
            if let Some(b) = Borrowed::new(cx, g) {
                return Some(Place::Generator(b));
            }
            // If it rests by now, the next look will find it.
            if g.state() != generator::DONE {
                return stacks::variables(cx, f.func.get()?, |w| generator::generator_of(w) == Some(g))
                    .map(Place::Copy);
            }
        }
        // Only `frame::leave` and `stacks` store something, an array.
        Some(f.locals.obj().map_or(Place::Gone, |l| Place::Copy(unsafe { Gc::from_obj(l) })))
    }
    fn array(&self) -> Option<Gc<Array>> {
        match self {
            Place::Generator(b) => b.regs(),
            Place::Copy(a) => Some(*a),
            _ => None,
        }
    }
    fn get(&self, r: usize) -> Option<Obj> {
        match self {
            // VM-1: the register is one of the window's.
            Place::Window(b, _) => Obj::from_word(unsafe { *b.add(r) }),
            p => p.array().and_then(|a| a.get(r)),
        }
    }
    fn put(&self, cx: &Cx, r: usize, v: Obj) {
        match self {
            // As in `get`.
            Place::Window(b, waits) => {
                unsafe { *b.add(r) = v.word() };
                if let Some(g) = waits {
                    cx.barrier(g.obj());
                }
            }
            p => {
                if let Some(a) = p.array().filter(|a| r < a.cap()) {
                    a.set(cx, r, v);
                }
            }
        }
    }
    fn value(&self, var: Var<'_>) -> Option<Obj> {
        let v = self.get(var.1)?;
        match v.cast::<Cell>().filter(|_| var.2) {
            Some(c) => c.value.obj(),
            None => Some(v),
        }
    }
    fn set_value(&self, cx: &Cx, var: Var<'_>, v: Obj) {
        match self.get(var.1).and_then(|c| c.cast::<Cell>()).filter(|_| var.2) {
            Some(c) => c.value.set(cx, c, v),
            None => self.put(cx, var.1, v),
        }
    }
}

impl Place {
    /// Copy the variables to where something may be allocated while they are looked at.
    fn copied(self, cx: &Cx, to: Gc<Array>) -> Place {
        for (i, slot) in to.slots().iter().enumerate() {
            slot.store(self.get(i).map_or(0, |v| v.word()), Ordering::Relaxed);
        }
        cx.barrier(to.obj());
        Place::Copy(to)
    }
}

/// The variables of a frame and what else was stored in its `f_locals`, as a fresh dict.
pub fn snapshot(cx: &mut Cx, f: Gc<Frame>) -> Result<Gc<Dict>> {
    let d = dict::new(cx)?;
    let code = f.code();
    let values = array::new(cx, f.func.get().map_or(0, |f| f.nclear.load(Ordering::Relaxed) as usize))?;
    let place = Place::of(cx, f).copied(cx, values);
    for var in vars(&code) {
        if let Some(v) = place.value(var) {
            let n = cx.intern(var.0)?;
            // A comprehension's variable hides the function's, unless that is a cell.
            if !var.2 || d.get_str(n).is_none() {
                d.insert_str(cx, n, v)?;
            }
        }
    }
    if let Some(more) = f.more_locals.get() {
        typhon_builtins::dict::merge_any(cx, d, more.obj())?;
    }
    Ok(d)
}

/// The variables of the running function of this thread, as `locals()` shows them.
pub fn of_window(cx: &mut Cx, w: frame::Window) -> Result<Gc<Dict>> {
    if let Some(f) = w.existing() {
        return snapshot(cx, f);
    }
    let d = dict::new(cx)?;
    let code = w.func().code();
    let place = Place::Window(w.base, None);
    for var in vars(&code) {
        if let Some(v) = place.value(var) {
            let n = cx.intern(var.0)?;
            if !var.2 || d.get_str(n).is_none() {
                d.insert_str(cx, n, v)?;
            }
        }
    }
    Ok(d)
}

/// The payload of a proxy.
#[derive(Trace)]
pub struct FrameLocalsProxy {
    frame: Gc<Frame>,
}

/// A proxy for the variables of a frame.
pub fn new(cx: &mut Cx, frame: Gc<Frame>) -> Result<Obj> {
    Ok(native::instance(cx, FrameLocalsProxy { frame })?.obj())
}

impl FrameLocalsProxy {
    /// The positions of variables with that name.
    fn find(&self, cx: &mut Cx, key: Obj) -> Result<Vec<usize>> {
        let hash = ops::hash(cx, key)?;
        let code = self.frame.code();
        let mut found = Vec::new();
        if let Some(k) = key.cast::<Str>().filter(|_| &*ops::class_of(key).name() == "str") {
            let k = k.to_str();
            found.extend(vars(&code).enumerate().filter(|(_, v)| v.0 == k).map(|(i, _)| i));
            return Ok(found);
        }
        for (i, var) in vars(&code).enumerate() {
            let n = cx.intern(var.0)?.obj();
            if ops::hash(cx, n)? == hash && ops::equal(cx, key, n)? {
                found.push(i);
            }
        }
        Ok(found)
    }
    /// The one of them that is bound, or else the first: a comprehension's hides the
    /// function's, unless that is a cell.
    fn choose<'a>(&self, place: &Place, code: &'a Code, found: &[usize]) -> Option<(Var<'a>, bool)> {
        let list = || found.iter().filter_map(|i| vars(code).nth(*i));
        let bound = || list().filter(|v| place.value(*v).is_some());
        let best = bound().filter(|v| !v.2).last().or_else(|| bound().next());
        best.map(|v| (v, true)).or_else(|| list().next().map(|v| (v, false)))
    }
    fn lookup(&self, cx: &mut Cx, key: Obj) -> Result<Option<Obj>> {
        let found = self.find(cx, key)?;
        let code = self.frame.code();
        let place = Place::of(cx, self.frame);
        let v = self.choose(&place, &code, &found).and_then(|(var, _)| place.value(var));
        drop(place);
        match (v, self.frame.more_locals.get()) {
            (None, Some(more)) => more.get(cx, key),
            (v, _) => Ok(v),
        }
    }
    fn store(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        let found = self.find(cx, key)?;
        let code = self.frame.code();
        let place = Place::of(cx, self.frame);
        if let Some((var, _)) = self.choose(&place, &code, &found) {
            place.set_value(cx, var, value);
            return Ok(());
        }
        drop(place);
        let more = match self.frame.more_locals.get() {
            Some(d) => d,
            None => {
                let d = dict::new(cx)?;
                self.frame.more_locals.set(cx, self.frame, d);
                d
            }
        };
        more.insert(cx, key, value).map(|_| ())
    }
    /// Take something out that is no variable.
    fn remove(&self, cx: &mut Cx, key: Obj) -> Result<Option<Obj>> {
        if !self.find(cx, key)?.is_empty() {
            return Err(cx.value_error("cannot remove local variables from FrameLocalsProxy"));
        }
        match self.frame.more_locals.get() {
            Some(d) => d.remove(cx, key),
            None => Ok(None),
        }
    }
    fn merge(&self, cx: &mut Cx, from: Obj) -> Result<bool> {
        let from = match from.cast::<FrameLocalsProxy>() {
            Some(p) => snapshot(cx, p.frame)?,
            None => match from.cast::<Dict>() {
                Some(d) => dict::copy(cx, &d)?,
                None => return Ok(false),
            },
        };
        for (k, v) in from.items() {
            self.store(cx, k, v)?;
        }
        Ok(true)
    }
    fn list(&self, cx: &mut Cx, part: impl Fn(&mut Cx, (Obj, Obj)) -> Result<Obj>) -> Result<Obj> {
        let d = snapshot(cx, self.frame)?;
        let l = list::new(cx, &[])?;
        for item in d.items() {
            let o = part(cx, item)?;
            l.append(cx, o)?;
        }
        Ok(l.obj())
    }
}

fn one_or_two<'a>(cx: &mut Cx, args: &Args<'a>, what: &str) -> Result<&'a [Obj]> {
    if args.keywords().next().is_some() {
        return Err(cx.type_error(format!("FrameLocalsProxy.{what}() takes no keyword arguments")));
    }
    match args.pos.len() {
        1 | 2 => Ok(args.pos),
        _ => Err(cx.type_error(format!("{what} expected 1 or 2 arguments"))),
    }
}

#[class(name = "FrameLocalsProxy", module = "builtins", mapping, unhashable)]
impl FrameLocalsProxy {
    fn __new__(cx: &mut Cx, args: Args<'_>) -> Result<FrameLocalsProxy> {
        let [f] = args.pos else {
            return Err(cx.type_error(format!("FrameLocalsProxy expected 1 argument, got {}", args.pos.len())));
        };
        match f.cast::<Frame>() {
            Some(_) if args.keywords().next().is_some() => {
                Err(cx.type_error("FrameLocalsProxy takes no keyword arguments"))
            }
            Some(frame) => Ok(FrameLocalsProxy { frame }),
            None => Err(cx.type_error(format!("expect frame, not {}", cx.type_name(*f)))),
        }
    }
    fn __len__(&self, cx: &mut Cx) -> Result<usize> {
        Ok(snapshot(cx, self.frame)?.len())
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(v) = self.lookup(cx, key)? {
            return Ok(v);
        }
        let text = format!("local variable '{}' is not defined", ops::repr(cx, key)?.to_str());
        let text = str::new(cx, &text)?;
        Err(exc::key_error(cx, text.obj()))
    }
    fn __setitem__(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        self.store(cx, key, value)
    }
    fn __delitem__(&self, cx: &mut Cx, key: Obj) -> Result<()> {
        match self.remove(cx, key)? {
            Some(_) => Ok(()),
            None => Err(exc::key_error(cx, key)),
        }
    }
    fn __contains__(&self, cx: &mut Cx, key: Obj) -> Result<bool> {
        Ok(self.lookup(cx, key)?.is_some())
    }
    fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
        let keys = self.list(cx, |_, (k, _)| Ok(k))?;
        ops::get_iter(cx, keys)
    }
    /// Return a list of the names in reverse order.
    fn __reversed__(&self, cx: &mut Cx) -> Result<Obj> {
        let keys = self.list(cx, |_, (k, _)| Ok(k))?;
        ops::call_method(cx, keys, "reverse", &[])?;
        Ok(keys)
    }
    fn __repr__(this: Gc<FrameLocalsProxy>, cx: &mut Cx) -> Result<Gc<Str>> {
        // Each asking makes another proxy: the frame tells that this one is at it.
        let Some(_entered) = repr_guard::enter(this.frame.obj()) else { return str::new(cx, "{...}") };
        let d = snapshot(cx, this.frame)?;
        ops::repr(cx, d.obj())
    }
    fn __richcmp__(this: Gc<FrameLocalsProxy>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        if let Some(o) = other.cast::<FrameLocalsProxy>() {
            let same = this.frame == o.frame;
            return Ok(match op {
                CompareOp::Eq => Obj::bool(same),
                CompareOp::Ne => Obj::bool(!same),
                _ => Obj::NOT_IMPLEMENTED,
            });
        }
        if other.cast::<Dict>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let d = snapshot(cx, this.frame)?;
        ops::rich_compare(cx, d.obj(), other, op)
    }
    fn __or__(this: Gc<FrameLocalsProxy>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if other.cast::<Dict>().is_none() && other.cast::<FrameLocalsProxy>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let d = snapshot(cx, this.frame)?;
        typhon_builtins::dict::merge_any(cx, d, other)?;
        Ok(d.obj())
    }
    fn __ror__(this: Gc<FrameLocalsProxy>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let Some(a) = other.cast::<Dict>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        let d = dict::copy(cx, &a)?;
        typhon_builtins::dict::merge_any(cx, d, this.obj())?;
        Ok(d.obj())
    }
    fn __ior__(this: Gc<FrameLocalsProxy>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        Ok(if this.merge(cx, other)? { this.obj() } else { Obj::NOT_IMPLEMENTED })
    }
    /// Return the value for key if key is in the mapping, else default.
    fn get(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let args = one_or_two(cx, &args, "get")?;
        let v = self.lookup(cx, args[0])?;
        Ok(v.or(args.get(1).copied()).unwrap_or(Obj::NONE))
    }
    /// Insert key with a value of default if key is not in the mapping.
    fn setdefault(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let args = one_or_two(cx, &args, "setdefault")?;
        if let Some(v) = self.lookup(cx, args[0])? {
            return Ok(v);
        }
        let v = args.get(1).copied().unwrap_or(Obj::NONE);
        self.store(cx, args[0], v)?;
        Ok(v)
    }
    /// Remove what is no variable and return its value.
    #[sig(key, default = <missing>, /)]
    fn pop(&self, cx: &mut Cx, key: Obj, default: Missing<Obj>) -> Result<Obj> {
        match (self.remove(cx, key)?, default.given()) {
            (Some(v), _) | (None, Some(v)) => Ok(v),
            (None, None) => Err(exc::key_error(cx, key)),
        }
    }
    /// Store the items of a dict or of another frame.
    fn update(&self, cx: &mut Cx, from: Obj) -> Result<()> {
        if self.merge(cx, from)? {
            return Ok(());
        }
        Err(cx.type_error("update() argument must be dict or another FrameLocalsProxy"))
    }
    /// Return a list of the names.
    fn keys(&self, cx: &mut Cx) -> Result<Obj> {
        self.list(cx, |_, (k, _)| Ok(k))
    }
    /// Return a list of the values.
    fn values(&self, cx: &mut Cx) -> Result<Obj> {
        self.list(cx, |_, (_, v)| Ok(v))
    }
    /// Return a list of the names and values.
    fn items(&self, cx: &mut Cx) -> Result<Obj> {
        self.list(cx, |cx, (k, v)| Ok(typhon_object::tuple::new(cx, &[k, v])?.obj()))
    }
    /// Return a dict of the names and values.
    fn copy(&self, cx: &mut Cx) -> Result<Gc<Dict>> {
        snapshot(cx, self.frame)
    }
}
