//! What Python sees of code objects.
//!
//! `replace` checks what it makes as the loader of cache files does, so that code that
//! does not hang together is refused rather than run.
//!
//! Tests: tests/lang/code_objects.md; CPython test_code.

use crate::code::Code;
use typhon_bytecode::{Code as Data, Const, Handler, Positions, flags};
use typhon_macros::class;
use typhon_object::bytes::Bytes;
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, bytes, list, ops};

fn names_tuple(cx: &mut Cx, names: &[Box<str>]) -> Result<Obj> {
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
        (&d.name, d.flags, d.first_line, d.argcount, &d.varnames, &d.names, &d.instrs).hash(&mut h);
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
        this.nregs
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
        Ok(bytes::new(cx, &this.payload().data.positions.0)?.obj())
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
        for pc in 0..d.instrs.len() as u32 {
            let t = match d.position(pc) {
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
        for r in d.positions.runs(d.first_line) {
            let line = r.position.map_or(Obj::NONE, |p| Obj::int_unchecked(p.line as i64));
            let t =
                tuple::new(cx, &[Obj::int_unchecked(r.start as i64 * 2), Obj::int_unchecked(r.end as i64 * 2), line])?;
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
        if !args.pos.is_empty() {
            return Err(cx.type_error("replace() takes no positional arguments"));
        }
        let mut new = New { data: (*this.payload().data).clone(), consts: None, locals: None, positions: None };
        for (k, v) in args.keywords() {
            new.field(cx, &k.to_str(), v)?;
        }
        new.finish(cx, this)
    }
}

/// A code object in the making.
struct New {
    data: Data,
    consts: Option<Gc<Tuple>>,
    locals: Option<u32>,
    positions: Option<Positions>,
}

fn wrong(cx: &Cx, field: &str, want: &str, v: Obj) -> Raised {
    cx.type_error(format!("replace() argument '{field}' must be {want}, not {}", cx.type_name(v)))
}

fn text(cx: &Cx, field: &str, v: Obj) -> Result<String> {
    match v.cast::<Str>() {
        Some(s) => Ok(s.to_str().into_owned()),
        None => Err(wrong(cx, field, "str", v)),
    }
}

fn number(cx: &mut Cx, field: &str, v: Obj) -> Result<u32> {
    let n = ops::index_i64(cx, v, "Python int too large to convert to C int")?;
    match u32::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) => Err(cx.value_error(format!("{field} must be a positive integer"))),
    }
}

fn names(cx: &Cx, field: &str, v: Obj) -> Result<Vec<Box<str>>> {
    let Some(t) = v.cast::<Tuple>() else { return Err(wrong(cx, field, "tuple", v)) };
    let name = |o: &Obj| o.cast::<Str>().map(|s| s.to_str().into());
    let all: Option<Vec<Box<str>>> = t.items().iter().map(name).collect();
    all.ok_or_else(|| cx.error(ExcKind::SystemError, "non-string found in code slot"))
}

fn octets(cx: &Cx, field: &str, v: Obj) -> Result<Vec<u8>> {
    match v.cast::<Bytes>() {
        Some(b) => Ok(b.as_slice().to_vec()),
        None => Err(wrong(cx, field, "bytes", v)),
    }
}

impl New {
    fn field(&mut self, cx: &mut Cx, field: &str, v: Obj) -> Result<()> {
        let d = &mut self.data;
        match field {
            "co_name" => d.name = text(cx, field, v)?.into(),
            "co_qualname" => d.qualname = text(cx, field, v)?.into(),
            "co_filename" => d.filename = text(cx, field, v)?.into(),
            "co_firstlineno" => d.first_line = number(cx, field, v)?,
            "co_flags" => d.flags = number(cx, field, v)?,
            "co_argcount" => d.argcount = number(cx, field, v)?,
            "co_posonlyargcount" => d.posonlyargcount = number(cx, field, v)?,
            "co_kwonlyargcount" => d.kwonlyargcount = number(cx, field, v)?,
            "co_nlocals" => self.locals = Some(number(cx, field, v)?),
            // More registers do no harm; fewer than the code touches there cannot be.
            "co_stacksize" => d.nregs = d.nregs.max(number(cx, field, v)?.min(0xFFF0)),
            "co_varnames" => {
                let n = names(cx, field, v)?;
                if n.len() > d.varnames.len() {
                    // The registers behind them are taken. CPython's error, where one is
                    // to say how many there are.
                    return Err(cx.value_error("code: co_nlocals != len(co_varnames)"));
                }
                d.varnames = n;
            }
            "co_cellvars" => {
                d.cellvars = names(cx, field, v)?;
                d.cell_regs.truncate(d.cellvars.len());
                while d.cell_regs.len() < d.cellvars.len() {
                    d.cell_regs.push(d.nregs as u16);
                    d.nregs += 1;
                }
            }
            "co_freevars" => {
                let n = names(cx, field, v)?;
                match d.freevars.len() {
                    0 => {
                        d.free_base = d.nregs as u16;
                        d.nregs += n.len() as u32;
                    }
                    have if have != n.len() => {
                        return Err(cx.value_error("code: co_freevars do not fit the code's registers"));
                    }
                    _ => {}
                }
                d.freevars = n;
            }
            "co_names" => d.names = names(cx, field, v)?,
            "co_consts" => match v.cast::<Tuple>() {
                Some(t) => self.consts = Some(t),
                None => return Err(wrong(cx, field, "tuple", v)),
            },
            "co_code" => {
                let b = octets(cx, field, v)?;
                let (words, rest) = b.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(cx.value_error("code: co_code is malformed"));
                }
                d.instrs = words.iter().map(|w| u64::from_le_bytes(*w)).collect();
            }
            "co_linetable" => self.positions = Some(Positions(octets(cx, field, v)?.into())),
            _ => return Err(cx.type_error(format!("replace() got an unexpected keyword argument '{field}'"))),
        }
        Ok(())
    }

    fn finish(mut self, cx: &mut Cx, from: Gc<Code>) -> Result<Obj> {
        let d = &mut self.data;
        let args = d.argcount as u64
            + d.kwonlyargcount as u64
            + (d.flags & flags::VARARGS != 0) as u64
            + (d.flags & flags::VARKEYWORDS != 0) as u64;
        if args > d.varnames.len() as u64 {
            return Err(cx.value_error("code: co_varnames is too small"));
        }
        if d.posonlyargcount > d.argcount {
            return Err(cx.error(ExcKind::SystemError, "bad argument to internal function"));
        }
        if self.locals.is_some_and(|n| n as usize != d.varnames.len()) {
            return Err(cx.value_error("code: co_nlocals != len(co_varnames)"));
        }
        let consts = self.consts.or(from.consts.get());
        if let Some(t) = consts {
            // The table of plain constants is what is checked, and where the docstring is.
            let mut old = std::mem::take(&mut d.consts).into_iter();
            let plain = |o: &Obj| Some(plain(*o).or(old.next()).unwrap_or(Const::None));
            d.consts = t.items().iter().filter_map(plain).collect();
        }
        if let Err(e) = typhon_bytecode::verify(d) {
            return Err(cx.value_error(format!("code: {e}")));
        }
        // Reading positions is total: any table will do, if not for a cache file.
        if let Some(p) = self.positions {
            d.positions = p;
        }
        let new = crate::code::load(cx, &std::sync::Arc::new(self.data))?;
        if let Some(t) = consts {
            // The objects as they were given.
            new.consts.set(cx, new, t);
        }
        Ok(new.obj())
    }
}

/// A value as a constant of code, if it is a plain one.
fn plain(o: Obj) -> Option<Const> {
    Some(match o {
        Obj::NONE => Const::None,
        Obj::TRUE => Const::True,
        Obj::FALSE => Const::False,
        _ if o.is_small_int() => Const::Int(o.as_small_int()?),
        _ => match o.cast::<Str>() {
            Some(s) => Const::Str(s.to_str().into()),
            None => Const::Code(o.cast::<Code>()?.payload().data.clone()),
        },
    })
}
