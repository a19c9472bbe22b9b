//! Parameters of calls: `CArgObject`, `byref`, and how any value becomes one.
//!
//! Tests: tests/lang/ctypes.md; CPython test_parameters, test_as_parameter.

use super::codes::{self, call_type};
use super::data::CData;
use super::info::{Code, Info, Kind, info_of, info_of_instance};
use crate::util::{attr_opt, bytes_obj};
use typhon_ffi::{Type as CallType, mem};
use typhon_macros::{Trace, class, module};
use typhon_object::bytes::Bytes;
use typhon_object::native::instance;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Raised, Result, int, ops};

/// A value on its way to C.
#[derive(Trace)]
pub struct CArg {
    /// The letter, `P` for pointers, `V` for structs.
    pub tag: u8,
    #[trace(skip)]
    ty: CallType,
    #[trace(skip)]
    value: [u8; 32],
    /// What it was made of, which it keeps alive.
    pub obj: Slot,
}

/// An argument, ready for the call.
pub struct Param {
    /// Its type.
    pub ty: CallType,
    /// Its bytes, or the address of a struct.
    pub value: [u128; 2],
}

fn padded(b: &[u8]) -> [u8; 32] {
    let mut v = [0; 32];
    v[..b.len()].copy_from_slice(b);
    v
}

fn words(b: [u8; 32]) -> [u128; 2] {
    let (low, high) = b.split_at(16);
    let word = |b: &[u8]| u128::from_ne_bytes(b.try_into().expect("half of 32"));
    [word(low), word(high)]
}

impl CArg {
    fn make(cx: &mut Cx, tag: u8, ty: CallType, value: &[u8], obj: Obj) -> Result<Gc<CArg>> {
        let obj = if obj.is_none() { Slot::empty() } else { Slot::new(obj) };
        instance(cx, CArg { tag, ty, value: padded(value), obj })
    }
    /// A value of a simple type.
    pub fn of_value(cx: &mut Cx, code: Code, value: Obj) -> Result<Gc<CArg>> {
        let (size, _) = codes::size(code.letter).unwrap_or((8, 8));
        let mut room = [0u128; 2];
        let at = room.as_mut_ptr() as usize;
        let keep = codes::set(cx, code, at, size, None, value)?;
        let bytes = mem::get::<32>(at);
        CArg::make(cx, code.letter, call_type(code.letter), &bytes, keep)
    }
    fn pointer(cx: &mut Cx, tag: u8, at: usize, obj: Obj) -> Result<Gc<CArg>> {
        CArg::make(cx, tag, CallType::Pointer, &at.to_ne_bytes(), obj)
    }
    /// As an argument.
    pub fn param(&self) -> Param {
        Param { ty: self.ty.clone(), value: words(self.value) }
    }
}

/// A parameter of a call.
#[class(module = "builtins", name = "CArgObject")]
impl CArg {
    #[getter]
    fn _obj(&self) -> Option<Obj> {
        self.obj.obj()
    }
    fn __repr__(this: Gc<CArg>, cx: &mut Cx) -> Result<String> {
        let at = this.value.as_ptr() as usize;
        let tag = this.tag as char;
        let literal = |c: u8| (b' '..0x7f).contains(&c) && c != b'\\' && c != b'\'';
        Ok(match this.tag {
            b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'd' | b'f' => {
                let v = codes::get(cx, Code { letter: this.tag, swapped: false }, at, 8, None)?;
                format!("<cparam '{tag}' ({})>", ops::repr(cx, v)?.to_str())
            }
            b'c' if literal(this.value[0]) => format!("<cparam 'c' ('{}')>", this.value[0] as char),
            b'c' => format!("<cparam 'c' ('\\x{:02x}')>", this.value[0]),
            b'z' | b'Z' | b'P' => format!("<cparam '{tag}' ({:#x})>", mem::word(at)),
            c if literal(c) => format!("<cparam '{tag}' at {:#x}>", this.addr() as usize),
            c => format!("<cparam {c:#04x} at {:#x}>", this.addr() as usize),
        })
    }
}

/// `byref(obj, offset)`.
pub fn byref(cx: &mut Cx, obj: Obj, offset: isize) -> Result<Obj> {
    let Some(d) = obj.cast::<CData>() else {
        let got = typhon_builtins::any::arg_type(cx, obj);
        return Err(cx.type_error(format!("byref() argument 1 must be _ctypes._CData, not {got}")));
    };
    Ok(CArg::pointer(cx, b'P', d.at().wrapping_add_signed(offset), obj)?.obj())
}

/// How a function takes values of a class; leaves of structs as libffi wants them.
pub fn type_of(i: &Info) -> CallType {
    match i.kind {
        Kind::Simple => call_type(i.code.map_or(b'P', |c| c.letter)),
        Kind::Pointer | Kind::Array | Kind::Func => CallType::Pointer,
        Kind::Struct | Kind::Union => {
            let mut fields = Vec::new();
            leaves(i, &mut fields);
            if i.kind == Kind::Union || fields.is_empty() {
                fields = union_leaves(i, &fields);
            }
            CallType::Struct { size: i.size, align: i.align.max(1), fields }
        }
    }
}

fn leaves(i: &Info, out: &mut Vec<CallType>) {
    match i.kind {
        Kind::Struct => {
            let Some(l) = i.fields.get() else { return };
            for f in (0..l.len()).filter_map(|n| l.get(n)).filter_map(info_of) {
                leaves(&f, out);
            }
        }
        Kind::Array => {
            let Some(item) = i.item().and_then(|c| info_of(c.obj())) else { return };
            // Bigger ones go by memory whatever is in them.
            for _ in 0..i.length.min(64) {
                leaves(&item, out);
            }
        }
        Kind::Union => {
            let mut inner = Vec::new();
            if let Some(l) = i.fields.get() {
                for f in (0..l.len()).filter_map(|n| l.get(n)).filter_map(info_of) {
                    leaves(&f, &mut inner);
                }
            }
            out.extend(union_leaves(i, &inner));
        }
        _ => out.push(type_of(i)),
    }
}

/// A union's words: floating ones only if that is all it has.
fn union_leaves(i: &Info, members: &[CallType]) -> Vec<CallType> {
    let floating = |t: &CallType| matches!(t, CallType::Float | CallType::Double);
    if !members.is_empty() && members.iter().all(floating) {
        let unit = if members.contains(&CallType::Double) { CallType::Double } else { CallType::Float };
        return vec![unit.clone(); i.size / unit.size()];
    }
    if members.contains(&CallType::LongDouble) {
        return vec![CallType::LongDouble; i.size / 16];
    }
    let unit = i.align.clamp(1, 8);
    vec![CallType::Unsigned(unit); i.size / unit]
}

fn of_data(cx: &mut Cx, d: Gc<CData>, keep: &mut dyn FnMut(&Cx, Obj) -> Result<()>) -> Result<Param> {
    let Some(i) = info_of_instance(d.obj()) else { return Err(cx.type_error("abstract class")) };
    let ty = type_of(&i);
    let value = match i.kind {
        Kind::Simple => {
            let v = d.to_vec();
            words(padded(&v[..v.len().min(32)]))
        }
        Kind::Pointer | Kind::Func => [mem::word(d.at()) as u128, 0],
        Kind::Array => [d.at() as u128, 0],
        Kind::Struct | Kind::Union => {
            // A copy: another thread may change the original while the call begins.
            let mut copy = d.to_vec();
            copy.resize(i.size.max(1), 0);
            let copy = bytes_obj(cx, &copy)?;
            keep(cx, copy)?;
            [copy.cast::<Bytes>().map_or(0, codes::data_of) as u128, 0]
        }
    };
    Ok(Param { ty, value })
}

/// Any value as an argument. `keep` is told what must outlive the call.
pub fn convert(cx: &mut Cx, v: Obj, index: usize, keep: &mut dyn FnMut(&Cx, Obj) -> Result<()>) -> Result<Param> {
    keep(cx, v)?;
    let pointer = |at: usize| Param { ty: CallType::Pointer, value: [at as u128, 0] };
    if let Some(a) = v.cast::<CArg>() {
        return Ok(a.param());
    }
    if let Some(d) = v.cast::<CData>() {
        return of_data(cx, d, keep);
    }
    if v.is_none() {
        return Ok(pointer(0));
    }
    if int::is_int(v) {
        let fits = match int::to_i128(v) {
            Some(n) => (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&n),
            None => false,
        };
        if !fits {
            return Err(cx.error(ExcKind::OverflowError, "int too long to convert"));
        }
        let low = codes::low_bits(v).unwrap_or(0);
        return Ok(Param { ty: CallType::Signed(4), value: [u128::from(low), 0] });
    }
    if let Some(b) = v.cast::<Bytes>() {
        return Ok(pointer(codes::data_of(b)));
    }
    if let Some(s) = v.cast::<Str>() {
        let b = codes::wide_copy(cx, s)?;
        keep(cx, b.obj())?;
        return Ok(pointer(codes::data_of(b)));
    }
    if let Some(p) = attr_opt(cx, v, "_as_parameter_")? {
        cx.enter()?;
        return convert(cx, p, index, keep);
    }
    Err(cx.type_error(format!("Don't know how to convert parameter {index}")))
}

#[cold]
fn cannot(cx: &Cx, value: Obj, what: &str) -> Raised {
    cx.type_error(format!("'{}' object cannot be interpreted as ctypes.{what}", cx.type_name(value)))
}

fn is_pointer_to(value: Obj, letter: u8) -> bool {
    value.cast::<CData>().is_some()
        && info_of_instance(value)
            .filter(|i| matches!(i.kind, Kind::Array | Kind::Pointer))
            .and_then(|i| i.item())
            .and_then(|t| info_of(t.obj()))
            .is_some_and(|i| i.is_letter(letter))
}

/// `from_param` of `c_char_p` and `c_wchar_p`, by the letter of a character.
fn text_param(cx: &mut Cx, cls: Obj, value: Obj, letter: u8, what: &str) -> Result<Obj> {
    if value.is_none() {
        return Ok(value);
    }
    let own = if letter == b'c' { value.cast::<Bytes>().is_some() } else { value.cast::<Str>().is_some() };
    if own {
        let code = Code { letter: if letter == b'c' { b'z' } else { b'Z' }, swapped: false };
        return Ok(CArg::of_value(cx, code, value)?.obj());
    }
    if ops::is_instance(cx, value, cls)? || is_pointer_to(value, letter) {
        return Ok(value);
    }
    if let Some(a) = value.cast::<CArg>()
        && let Some(o) = a.obj.obj()
        && info_of_instance(o).is_some_and(|i| i.is_letter(letter))
    {
        return Ok(value);
    }
    match attr_opt(cx, value, "_as_parameter_")? {
        Some(p) => {
            cx.enter_while("while processing _as_parameter_")?;
            text_param(cx, cls, p, letter, what)
        }
        None => Err(cannot(cx, value, what)),
    }
}

fn void_param(cx: &mut Cx, cls: Obj, value: Obj) -> Result<Obj> {
    if value.is_none() {
        return Ok(value);
    }
    let letter = match () {
        () if int::is_int(value) => b'P',
        () if value.cast::<Bytes>().is_some() => b'z',
        () if value.cast::<Str>().is_some() => b'Z',
        () => 0,
    };
    if letter != 0 {
        return Ok(CArg::of_value(cx, Code { letter, swapped: false }, value)?.obj());
    }
    if ops::is_instance(cx, value, cls)? {
        return Ok(value);
    }
    if let Some(a) = value.cast::<CArg>()
        && a.tag == b'P'
    {
        return Ok(value);
    }
    if let Some(d) = value.cast::<CData>()
        && let Some(i) = info_of_instance(value)
    {
        match i.kind {
            Kind::Array | Kind::Pointer => return Ok(value),
            Kind::Func => return Ok(CArg::pointer(cx, b'P', mem::word(d.at()), value)?.obj()),
            Kind::Simple if i.is_letter(b'z') || i.is_letter(b'Z') => {
                return Ok(CArg::pointer(cx, b'Z', mem::word(d.at()), value)?.obj());
            }
            _ => {}
        }
    }
    match attr_opt(cx, value, "_as_parameter_")? {
        Some(p) => {
            cx.enter_while("while processing _as_parameter_")?;
            void_param(cx, cls, p)
        }
        None => Err(cannot(cx, value, "c_void_p")),
    }
}

/// Functions that become class methods.
#[module("_ctypes")]
pub mod functions {
    use super::*;

    /// Convert a Python object into a function call parameter.
    fn c_char_p_from_param(cx: &mut Cx, class: Obj, value: Obj) -> Result<Obj> {
        text_param(cx, class, value, b'c', "c_char_p")
    }
    /// Convert a Python object into a function call parameter.
    fn c_wchar_p_from_param(cx: &mut Cx, class: Obj, value: Obj) -> Result<Obj> {
        text_param(cx, class, value, b'u', "c_wchar_p")
    }
    /// Convert a Python object into a function call parameter.
    fn c_void_p_from_param(cx: &mut Cx, class: Obj, value: Obj) -> Result<Obj> {
        void_param(cx, class, value)
    }
}
