//! Code that crosses from one interpreter to another: scripts, and functions that need
//! nothing of the module they are from. Each interpreter loads the code for itself, for
//! instructions remember what they have found.
//!
//! Tests: tests/lang/interpreters.md; CPython test__interpreters, test_interpreters.

use crate::code::{self, Code};
use crate::function::{self, Function};
use crate::hooks::{self, CompileRequest, Source};
use crate::{call, import};
use std::sync::Arc;
use typhon_builtins::buffer;
use typhon_bytecode::{Code as Compiled, Insn, Op, flags};
use typhon_object::dict::Dict;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, ops};

/// Code without objects.
pub struct Body {
    data: Arc<Compiled>,
    filename: Box<str>,
}

impl Body {
    fn of(code: Gc<Code>) -> Body {
        let filename = match code.filename.get() {
            Some(f) => f.to_str().into(),
            None => (*code.data.filename).into(),
        };
        Body { data: code.data.clone(), filename }
    }
    fn code(&self, cx: &mut Cx) -> Result<Gc<Code>> {
        let filename = str::new(cx, &self.filename)?;
        code::load_with(cx, &self.data, filename)
    }
    /// A function with these globals.
    pub fn function(&self, cx: &mut Cx, globals: Gc<Dict>) -> Result<Gc<Function>> {
        let code = self.code(cx)?;
        function::new(cx, code, globals)
    }
    /// Run it in a namespace.
    pub fn run(&self, cx: &mut Cx, globals: Gc<Dict>) -> Result<()> {
        let code = self.code(cx)?;
        if self.data.flags & flags::NEWLOCALS == 0 {
            return import::exec_code(cx, code, globals).map(|_| ());
        }
        let f = function::new(cx, code, globals)?;
        call::run_function(cx, f, &[], None, 0).map(|_| ())
    }
}

/// What may be given as a script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Source text.
    Text,
    /// A function or a code object.
    Function,
    /// Any of these, or bytes.
    Any,
}

/// The script that an argument is. `who` is the function that asks.
pub fn script(cx: &mut Cx, o: Obj, kind: Kind, who: &str) -> Result<Body> {
    if kind != Kind::Function
        && let Some(s) = o.cast::<Str>()
    {
        return compiled(cx, Source::Text(&s.to_str()));
    }
    if kind == Kind::Text {
        return Err(cx.type_error(format!("_interpreters.{who}() argument 2 must be str, not {}", cx.type_name(o))));
    }
    let code = match (o.cast::<Function>(), o.cast::<Code>()) {
        (Some(f), _) => f.code(),
        (_, Some(c)) => c,
        _ if kind == Kind::Function => {
            let t = cx.type_name(o);
            return Err(cx.type_error(format!("_interpreters.{who}() argument 2 must be a function, not {t}")));
        }
        _ => {
            if let Some(b) = buffer::try_get(cx, o)? {
                return compiled(cx, Source::Bytes(b.as_slice()));
            }
            let shown = ops::repr(cx, o)?.to_str().into_owned();
            return Err(cx.type_error(format!("unsupported script {shown}")));
        }
    };
    let d = &code.data;
    let no = |text: &str| Err(cx.value_error(text));
    if !d.freevars.is_empty() {
        return no("closures not supported");
    }
    if d.argcount > 0 || d.kwonlyargcount > 0 || d.flags & (flags::VARARGS | flags::VARKEYWORDS) != 0 {
        return no("code with args not supported");
    }
    if returns_a_value(d) {
        return no("code that returns a value is not a script");
    }
    Ok(Body::of(code))
}

/// Whether a `return` gives anything but the constant None.
fn returns_a_value(d: &Compiled) -> bool {
    let (mut at, mut before) = (0, None);
    while let Some(word) = d.instrs.get(at) {
        let insn = Insn(*word);
        let op = insn.op().unwrap_or(Op::NOP);
        if op == Op::RETURN && before != Some((Op::LOADNONE, insn.a())) {
            return true;
        }
        before = Some((op, insn.a()));
        at += op.len();
    }
    false
}

fn compiled(cx: &mut Cx, source: Source<'_>) -> Result<Body> {
    let request =
        CompileRequest { source, filename: "<script>", mode: "exec", flags: 0, optimize: -1, feature_version: -1 };
    Ok(Body::of(hooks::compile(cx, &request)?))
}

/// The code of a function that refers to nothing but its arguments and to builtins.
pub fn stateless(cx: &mut Cx, f: Gc<Function>) -> Result<Body> {
    let code = f.code();
    let no = |text: &str| Err(cx.error(ExcKind::ValueError, text));
    if f.closure.get().is_some_and(|c| !c.is_empty()) || !code.data.freevars.is_empty() {
        return no("closures not supported");
    }
    if f.defaults.get().is_some_and(|d| !d.is_empty()) {
        return no("defaults not supported");
    }
    if f.kwdefaults.get().is_some_and(|d| !d.is_empty()) {
        return no("keyword defaults not supported");
    }
    let globals = f.globals();
    let mut at = 0;
    while let Some(word) = code.data.instrs.get(at) {
        let insn = Insn(*word);
        let op = insn.op().unwrap_or(Op::NOP);
        let asks = matches!(op, Op::LOADGLOBAL | Op::LOADDICTORGLOBAL);
        if asks && globals.get_str(code.name_at(insn.c() as usize)).is_some() {
            return no("globals not supported");
        }
        at += op.len();
    }
    Ok(Body::of(code))
}
