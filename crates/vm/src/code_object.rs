//! What Python sees of code objects.
//!
//! New code objects are made in `code_new`.
//!
//! Tests: tests/lang/code_objects.md; CPython test_code.

use crate::code::Code;
use crate::code_new::New;
use std::sync::atomic::{AtomicBool, Ordering};
use typhon_bytecode::Handler;
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, bytes, list, ops};

/// `-X no_debug_ranges`: of where instructions come from, only lines are told.
pub static NO_DEBUG_RANGES: AtomicBool = AtomicBool::new(false);

fn names_tuple(cx: &mut Cx, names: &[typhon_bytecode::Text]) -> Result<Obj> {
    let l = list::new(cx, &[])?;
    for n in names {
        let s = cx.intern(n)?;
        l.append(cx, s.obj())?;
    }
    Ok(ops::tuple_from_list(cx, l)?.obj())
}

/// Whether constants are the same: equal, of the same types, and with the same
/// signs of zero, all of which their representation shows.
fn same_constants(cx: &mut Cx, x: Obj, y: Obj) -> Result<bool> {
    cx.enter()?;
    if let (Some(a), Some(b)) = (x.cast::<Tuple>(), y.cast::<Tuple>()) {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (p, q) in a.items().iter().zip(b.items()) {
            if !same_constants(cx, *p, *q)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if ops::class_of(x) != ops::class_of(y) || !ops::equal(cx, x, y)? {
        return Ok(false);
    }
    if matches!(&*ops::class_of(x).name(), "float" | "complex") {
        let (p, q) = (ops::repr(cx, x)?, ops::repr(cx, y)?);
        return Ok(p.to_str() == q.to_str());
    }
    Ok(true)
}

/// Attributes of code objects.
pub struct CodeMethods;

#[class(name = "code", extends = Code)]
impl CodeMethods {
    fn __repr__(this: Gc<Code>) -> String {
        let d = &this.data;
        format!("<code object {} at {:#x}, file \"{}\", line {}>", d.name, this.obj().word(), d.filename, d.first_line)
    }
    fn __eq__(this: Gc<Code>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let Some(o) = other.cast::<Code>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        if this == o {
            return Ok(Obj::TRUE);
        }
        let (a, b) = (&*this.payload().data, &*o.payload().data);
        // What is compared is what the code does, and where it stands.
        let same = a.name == b.name
            && a.qualname == b.qualname
            && a.flags == b.flags
            && a.first_line == b.first_line
            && a.argcount == b.argcount
            && a.posonlyargcount == b.posonlyargcount
            && a.kwonlyargcount == b.kwonlyargcount
            && a.varnames == b.varnames
            && a.cellvars == b.cellvars
            && a.freevars == b.freevars
            && a.names == b.names
            && a.instrs == b.instrs
            && a.exceptions == b.exceptions
            && a.positions.0 == b.positions.0;
        if !same {
            return Ok(Obj::FALSE);
        }
        let (Some(x), Some(y)) = (this.consts.obj(), o.consts.obj()) else { return Ok(Obj::FALSE) };
        same_constants(cx, x, y).map(Obj::bool)
    }
    fn __hash__(this: Gc<Code>) -> i64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let d = &this.payload().data;
        let mut h = DefaultHasher::new();
        let counts = [d.first_line, d.argcount, d.posonlyargcount, d.kwonlyargcount];
        (&d.name, d.flags, counts, &d.varnames, &d.names, &d.instrs, &d.positions.0).hash(&mut h);
        // -1 is not a hash.
        (h.finish() as i64) >> 3
    }
    #[getter]
    fn co_name(this: Gc<Code>) -> Option<Obj> {
        this.name.obj()
    }
    #[getter]
    fn co_qualname(this: Gc<Code>) -> Option<Obj> {
        this.qualname.obj()
    }
    #[getter]
    fn co_filename(this: Gc<Code>) -> Option<Obj> {
        this.filename.obj()
    }
    #[getter]
    fn co_firstlineno(this: Gc<Code>) -> u32 {
        this.data.first_line
    }
    #[getter]
    fn co_flags(this: Gc<Code>) -> u32 {
        this.data.flags
    }
    #[getter]
    fn co_argcount(this: Gc<Code>) -> u32 {
        this.data.argcount
    }
    #[getter]
    fn co_posonlyargcount(this: Gc<Code>) -> u32 {
        this.data.posonlyargcount
    }
    #[getter]
    fn co_kwonlyargcount(this: Gc<Code>) -> u32 {
        this.data.kwonlyargcount
    }
    #[getter]
    fn co_nlocals(this: Gc<Code>) -> usize {
        this.data.varnames.len()
    }
    #[getter]
    fn co_stacksize(this: Gc<Code>) -> u32 {
        this.stacksize.load(Ordering::Relaxed)
    }
    #[getter]
    fn co_varnames(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        names_tuple(cx, &this.payload().data.varnames)
    }
    #[getter]
    fn co_cellvars(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        names_tuple(cx, &this.payload().data.cellvars)
    }
    #[getter]
    fn co_freevars(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        names_tuple(cx, &this.payload().data.freevars)
    }
    #[getter]
    fn co_names(this: Gc<Code>) -> Option<Obj> {
        this.names.obj()
    }
    #[getter]
    fn co_consts(this: Gc<Code>) -> Option<Obj> {
        this.consts.obj()
    }
    #[getter]
    fn co_code(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let b: Vec<u8> = this.payload().data.instrs.iter().flat_map(|w| w.to_le_bytes()).collect();
        Ok(bytes::new(cx, &b)?.obj())
    }
    #[getter]
    fn co_linetable(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let d = &this.payload().data;
        let table = d.positions.location_table(d.first_line, !NO_DEBUG_RANGES.load(Ordering::Relaxed));
        Ok(bytes::new(cx, &table)?.obj())
    }
    #[getter]
    fn co_exceptiontable(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let words = |h: &Handler| [h.start, h.end, h.target, h.reg as u32];
        let b: Vec<u8> = this.payload().data.exceptions.iter().flat_map(words).flat_map(u32::to_le_bytes).collect();
        Ok(bytes::new(cx, &b)?.obj())
    }
    /// Return the source positions of the instructions.
    fn co_positions(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        let d = &this.payload().data;
        let ranges = !NO_DEBUG_RANGES.load(Ordering::Relaxed);
        for pc in 0..d.instrs.len() as u32 {
            let t = match d.position(pc) {
                Some(p) if !ranges => {
                    let line = Obj::int_unchecked(p.line as i64);
                    [line, line, Obj::NONE, Obj::NONE]
                }
                Some(p) => [p.line, p.end_line, p.col, p.end_col].map(|v| Obj::int_unchecked(v as i64)),
                None => [Obj::NONE; 4],
            };
            let t = tuple::new(cx, &t)?;
            l.append(cx, t.obj())?;
        }
        ops::get_iter(cx, l.obj())
    }
    /// Return (start, end, line) of the instructions.
    fn co_lines(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        let d = &this.payload().data;
        // A call that has only begun stands before the first word.
        let line = if &*d.name == "<module>" { 0 } else { d.first_line as i64 };
        let begin = [Obj::int_unchecked(-2), Obj::int_unchecked(0), Obj::int_unchecked(line)];
        if !d.positions.0.is_empty() {
            let begin = tuple::new(cx, &begin)?;
            l.append(cx, begin.obj())?;
        }
        for (start, end, line) in d.positions.lines(d.first_line) {
            let line = line.map_or(Obj::NONE, |l| Obj::int_unchecked(l as i64));
            let t = tuple::new(cx, &[Obj::int_unchecked(start as i64 * 2), Obj::int_unchecked(end as i64 * 2), line])?;
            l.append(cx, t.obj())?;
        }
        ops::get_iter(cx, l.obj())
    }
    #[getter]
    fn co_lnotab(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let text = "co_lnotab is deprecated, use co_lines instead.";
        typhon_builtins::hooks::warn(cx, text, ExcKind::DeprecationWarning)?;
        let d = &this.payload().data;
        let (mut out, mut at, mut line) = (Vec::new(), 0, d.first_line as i64);
        for (start, _, l) in d.positions.lines(d.first_line) {
            let Some(l) = l.map(i64::from).filter(|l| *l != line) else { continue };
            // Steps of a byte each: first the code, then the line.
            let (mut code, mut lines) = (start * 2 - at, l - line);
            while code > 255 {
                out.extend([255, 0]);
                code -= 255;
            }
            while !(-128..128).contains(&lines) {
                let step = lines.clamp(-128, 127);
                out.extend([code as u8, step as i8 as u8]);
                (code, lines) = (0, lines - step);
            }
            out.extend([code as u8, lines as i8 as u8]);
            (at, line) = (start * 2, l);
        }
        Ok(bytes::new(cx, &out)?.obj())
    }
    /// Return (instruction, left, right) of the branches, as `sys.monitoring` tells of them.
    fn co_branches(this: Gc<Code>, cx: &mut Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for (at, left, right) in crate::spots::branches(&this) {
            let t = tuple::new(cx, &[at, left, right].map(|i| Obj::int_unchecked(i as i64 * 2)))?;
            l.append(cx, t.obj())?;
        }
        ops::get_iter(cx, l.obj())
    }
    /// Return a copy of the code object with new values for some fields.
    fn replace(this: Gc<Code>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        replaced(cx, this, args)
    }
    /// The same as replace().
    fn __replace__(this: Gc<Code>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        replaced(cx, this, args)
    }
    /// Create a code object.  Not for the faint of heart.
    fn __new__(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        if args.keywords().next().is_some() {
            return Err(cx.type_error("code() takes no keyword arguments"));
        }
        let (least, most) = (FIELDS.len() - 2, FIELDS.len());
        if args.pos.len() < least || args.pos.len() > most {
            let (word, n) = if args.pos.len() < least { ("least", least) } else { ("most", most) };
            return Err(cx.type_error(format!("code expected at {word} {n} arguments, got {}", args.pos.len())));
        }
        let mut new = New::default();
        for (at, (field, v)) in FIELDS.iter().zip(args.pos).enumerate() {
            new.position = at + 1;
            new.field(cx, field, *v)?;
        }
        new.place_cells();
        new.finish(cx, None)
    }
}

/// The arguments of the constructor.
const FIELDS: &[&str] = &[
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_filename",
    "co_name",
    "co_qualname",
    "co_firstlineno",
    "co_linetable",
    "co_exceptiontable",
    "co_freevars",
    "co_cellvars",
];

fn replaced(cx: &mut Cx, this: Gc<Code>, args: Args<'_>) -> Result<Obj> {
    if !args.pos.is_empty() {
        return Err(cx.type_error("replace() takes no positional arguments"));
    }
    let mut new = New { data: (*this.payload().data).clone(), ..New::default() };
    for (k, v) in args.keywords() {
        new.field(cx, &k.to_str(), v)?;
    }
    new.finish(cx, Some(this))
}
