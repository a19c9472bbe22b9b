//! Code objects made by programs: the constructor and `replace`.
//!
//! What is made is checked as the loader of cache files does, so that code that does not
//! hang together is refused rather than run.
//!
//! Tests: tests/lang/code_objects.md; CPython test_code.

use crate::code::Code;
use std::sync::atomic::Ordering;
use typhon_bytecode::{Code as Data, Const, Handler, Positions, Run, flags};
use typhon_object::bytes::Bytes;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, ops};

/// A code object in the making.
#[derive(Default)]
pub(crate) struct New {
    pub data: Data,
    pub consts: Option<Gc<Tuple>>,
    pub locals: Option<u32>,
    pub stacksize: Option<u32>,
    /// The location table, which counts from the first line.
    pub locations: Option<Vec<u8>>,
    /// Which argument of the constructor is read; 0 for keywords of `replace`.
    pub position: usize,
}

impl New {
    fn wrong(&self, cx: &Cx, field: &str, want: &str, v: Obj) -> Raised {
        let got = cx.type_name(v);
        match self.position {
            0 => cx.type_error(format!("replace() argument '{field}' must be {want}, not {got}")),
            n => cx.type_error(format!("code() argument {n} must be {want}, not {got}")),
        }
    }

    fn text(&self, cx: &Cx, field: &str, v: Obj) -> Result<String> {
        match v.cast::<Str>() {
            Some(s) => Ok(s.to_str().into_owned()),
            None => Err(self.wrong(cx, field, "str", v)),
        }
    }

    fn number(&self, cx: &mut Cx, field: &str, v: Obj) -> Result<u32> {
        let n = ops::index_i64(cx, v, "Python int too large to convert to C int")?;
        u32::try_from(n).map_err(|_| match (self.position, field) {
            (0, _) => cx.value_error(format!("{field} must be a positive integer")),
            (_, "co_stacksize" | "co_flags" | "co_firstlineno") => {
                cx.error(ExcKind::SystemError, "bad argument to internal function")
            }
            _ => cx.value_error(format!("code: {} must not be negative", field.trim_start_matches("co_"))),
        })
    }

    fn names(&self, cx: &Cx, field: &str, v: Obj) -> Result<Vec<typhon_bytecode::Text>> {
        let Some(t) = v.cast::<Tuple>() else { return Err(self.wrong(cx, field, "tuple", v)) };
        if let Some(bad) = t.items().iter().find(|o| o.cast::<Str>().is_none()) {
            if self.position == 0 {
                return Err(cx.error(ExcKind::SystemError, "non-string found in code slot"));
            }
            let got = cx.type_name(*bad);
            return Err(cx.type_error(format!("name tuples must contain only strings, not '{got}'")));
        }
        Ok(t.items().iter().filter_map(|o| o.cast::<Str>()).map(|s| s.to_str().into_owned().into()).collect())
    }

    fn octets(&self, cx: &Cx, field: &str, v: Obj) -> Result<Vec<u8>> {
        match v.cast::<Bytes>() {
            Some(b) => Ok(b.as_slice().to_vec()),
            None => Err(self.wrong(cx, field, "bytes", v)),
        }
    }

    /// Give the cells of new code the registers that the compiler gives them.
    pub fn place_cells(&mut self) {
        let d = &mut self.data;
        let parameters = (d.argcount as usize)
            .saturating_add(d.kwonlyargcount as usize)
            .saturating_add((d.flags & flags::VARARGS != 0) as usize)
            .saturating_add((d.flags & flags::VARKEYWORDS != 0) as usize);
        let mut top = d.varnames.len();
        d.cell_regs.clear();
        for cell in &d.cellvars {
            let parameter = d.varnames.iter().take(parameters).position(|n| n == cell);
            d.cell_regs.push(parameter.unwrap_or(top).min(0xFFFF) as u16);
            top += parameter.is_none() as usize;
        }
        d.free_base = top.min(0xFFFF) as u16;
        d.nregs = d.nregs.max((top + d.freevars.len()).min(0xFFFF) as u32);
    }

    pub fn field(&mut self, cx: &mut Cx, field: &str, v: Obj) -> Result<()> {
        match field {
            "co_name" => self.data.name = self.text(cx, field, v)?.into(),
            "co_qualname" => self.data.qualname = self.text(cx, field, v)?.into(),
            "co_filename" => self.data.filename = self.text(cx, field, v)?.into(),
            "co_firstlineno" => self.data.first_line = self.number(cx, field, v)?,
            "co_flags" => self.data.flags = self.number(cx, field, v)?,
            "co_argcount" => self.data.argcount = self.number(cx, field, v)?,
            "co_posonlyargcount" => self.data.posonlyargcount = self.number(cx, field, v)?,
            "co_kwonlyargcount" => self.data.kwonlyargcount = self.number(cx, field, v)?,
            "co_nlocals" => self.locals = Some(self.number(cx, field, v)?),
            // More registers do no harm; fewer than the code touches there cannot be.
            "co_stacksize" => {
                let n = self.number(cx, field, v)?;
                self.data.nregs = self.data.nregs.max(n.min(0xFFF0));
                self.stacksize = Some(n);
            }
            "co_varnames" => {
                let n = self.names(cx, field, v)?;
                let d = &mut self.data;
                if n.len() > d.varnames.len() && self.position == 0 {
                    // The registers behind them are taken. CPython's error, where one is
                    // to say how many there are.
                    return Err(cx.value_error("code: co_nlocals != len(co_varnames)"));
                }
                d.varnames = n;
            }
            "co_cellvars" => {
                let n = self.names(cx, field, v)?;
                let d = &mut self.data;
                d.cellvars = n;
                d.cell_regs.truncate(d.cellvars.len());
                while d.cell_regs.len() < d.cellvars.len() {
                    d.cell_regs.push(d.nregs as u16);
                    d.nregs += 1;
                }
            }
            "co_freevars" => {
                let n = self.names(cx, field, v)?;
                let d = &mut self.data;
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
            "co_names" => self.data.names = self.names(cx, field, v)?,
            "co_consts" => match v.cast::<Tuple>() {
                Some(t) => self.consts = Some(t),
                None => return Err(self.wrong(cx, field, "tuple", v)),
            },
            "co_code" => {
                let b = self.octets(cx, field, v)?;
                let (words, rest) = b.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(cx.value_error("code: co_code is malformed"));
                }
                self.data.instrs = words.iter().map(|w| u64::from_le_bytes(*w)).collect();
            }
            "co_linetable" => self.locations = Some(self.octets(cx, field, v)?),
            "co_exceptiontable" => {
                let b = self.octets(cx, field, v)?;
                let (rows, rest) = b.as_chunks::<16>();
                if !rest.is_empty() {
                    return Err(cx.value_error("code: co_exceptiontable is malformed"));
                }
                let word = |row: &[u8; 16], i: usize| u32::from_le_bytes([0, 1, 2, 3].map(|k| row[4 * i + k]));
                let handler =
                    |r| Handler { start: word(r, 0), end: word(r, 1), target: word(r, 2), reg: word(r, 3) as u16 };
                self.data.exceptions = rows.iter().map(handler).collect();
            }
            _ => return Err(cx.type_error(format!("replace() got an unexpected keyword argument '{field}'"))),
        }
        Ok(())
    }

    pub fn finish(mut self, cx: &mut Cx, from: Option<Gc<Code>>) -> Result<Obj> {
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
        let consts = self.consts.or(from.and_then(|f| f.consts.get()));
        if let Some(t) = consts {
            // The table of plain constants is what is checked, and where the docstring is.
            let mut old = std::mem::take(&mut d.consts).into_iter();
            let plain = |o: &Obj| Some(plain(*o).or(old.next()).unwrap_or(Const::None));
            d.consts = t.items().iter().filter_map(plain).collect();
        }
        // Reading positions is total: any table will do, if not for a cache file.
        let positions = match &self.locations {
            Some(table) => Positions::from_location_table(d.first_line, table),
            None => std::mem::take(&mut d.positions),
        };
        let all = Run { start: 0, end: d.instrs.len() as u32, position: None };
        d.positions = Positions::encode(d.first_line, [all]);
        if let Err(e) = typhon_bytecode::verify(d) {
            return Err(cx.value_error(format!("code: {e}")));
        }
        d.positions = positions;
        let new = crate::code::load(cx, &std::sync::Arc::new(self.data))?;
        if let Some(t) = consts {
            // The objects as they were given.
            new.consts.set(cx, new, t);
        }
        let stacksize = self.stacksize.or(from.map(|f| f.stacksize.load(Ordering::Relaxed)));
        if let Some(n) = stacksize {
            new.stacksize.store(n, Ordering::Relaxed);
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
        _ => {
            if let Some(s) = o.cast::<Str>() {
                Const::text(&s.to_str())
            } else if let Some(t) = o.cast::<Tuple>() {
                Const::Tuple(t.items().iter().map(|i| plain(*i)).collect::<Option<_>>()?)
            } else {
                Const::Code(o.cast::<Code>()?.payload().data.clone())
            }
        }
    })
}
