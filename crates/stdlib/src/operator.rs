//! `_operator`: operators as functions, `itemgetter`, `attrgetter`,
//! `methodcaller`.
//!
//! Tests: CPython test_operator.

use crate::util::tuple_obj;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::{self, Dict};
use typhon_object::list;
use typhon_object::native::{Args, FromArg};
use typhon_object::obj::{Gc, Obj};
use typhon_object::ops::UnaryOp;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{BinaryOp, CompareOp, Cx, Dunder, ExcKind, Result, int, ops, tuple};

/// `operator.itemgetter`.
#[derive(Trace)]
pub struct ItemGetter {
    items: Gc<Tuple>,
}

/// Return a callable object that fetches the given item(s) from its operand.
///
/// After f = itemgetter(2), the call f(r) returns r[2].
/// After g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])
#[class(module = "operator", name = "itemgetter", subclassable)]
impl ItemGetter {
    #[sig(item, /, *items)]
    fn __new__(cx: &mut Cx, item: Obj, items: &[Obj]) -> Result<ItemGetter> {
        let l = list::new(cx, &[item])?;
        for i in items {
            l.append(cx, *i)?;
        }
        Ok(ItemGetter { items: ops::tuple_from_list(cx, l)? })
    }
    /// How an instance is called.
    #[getter]
    fn __text_signature__(&self) -> &'static str {
        CALL
    }
    fn __call__(&self, cx: &mut Cx, obj: Obj) -> Result<Obj> {
        let items = self.items.payload().items();
        if let [one] = items {
            return ops::get_item(cx, obj, *one);
        }
        let l = list::new(cx, &[])?;
        for i in items {
            let v = ops::get_item(cx, obj, *i)?;
            l.append(cx, v)?;
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        call_repr(cx, this.obj(), this.items.payload().items(), None)
    }
    fn __reduce__(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), this.items.obj()])
    }
}

/// `module.Class(a, b, k=v)`.
fn call_repr(cx: &mut Cx, this: Obj, items: &[Obj], kw: Option<Gc<Dict>>) -> Result<String> {
    let mut out = format!("{}(", ops::full_name(cx, ops::class_of(this)));
    let mut first = true;
    for i in items {
        if !first {
            out.push_str(", ");
        }
        first = false;
        out.push_str(&ops::repr(cx, *i)?.to_str());
    }
    if let Some(d) = kw {
        for (k, v) in d.items() {
            if !first {
                out.push_str(", ");
            }
            first = false;
            out.push_str(&format!("{}={}", ops::to_str(cx, k)?.to_str(), ops::repr(cx, v)?.to_str()));
        }
    }
    out.push(')');
    Ok(out)
}

/// `operator.attrgetter`.
#[derive(Trace)]
pub struct AttrGetter {
    /// Names as given.
    names: Gc<Tuple>,
    /// Each name split at its dots: a tuple of tuples.
    paths: Gc<Tuple>,
}

fn follow(cx: &mut Cx, o: Obj, path: Obj) -> Result<Obj> {
    let mut o = o;
    for n in path.cast::<Tuple>().expect("a path").payload().items() {
        o = ops::get_attr(cx, o, n.cast::<Str>().expect("a name"))?;
    }
    Ok(o)
}

/// Return a callable object that fetches the given attribute(s) from its operand.
///
/// After f = attrgetter('name'), the call f(r) returns r.name.
/// After g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).
/// After h = attrgetter('name.first', 'name.last'), the call h(r) returns
/// (r.name.first, r.name.last).
#[class(module = "operator", name = "attrgetter", subclassable)]
impl AttrGetter {
    #[sig(attr, /, *attrs)]
    fn __new__(cx: &mut Cx, attr: Obj, attrs: &[Obj]) -> Result<AttrGetter> {
        let names = list::new(cx, &[attr])?;
        for a in attrs {
            names.append(cx, *a)?;
        }
        let paths = list::new(cx, &[])?;
        let mut i = 0;
        while let Some(n) = names.get(i) {
            i += 1;
            let Some(n) = n.cast::<Str>() else { return Err(cx.type_error("attribute name must be a string")) };
            let parts = list::new(cx, &[])?;
            for p in n.to_str().split('.') {
                let p = cx.intern(p)?;
                parts.append(cx, p.obj())?;
            }
            let t = ops::tuple_from_list(cx, parts)?;
            paths.append(cx, t.obj())?;
        }
        Ok(AttrGetter { names: ops::tuple_from_list(cx, names)?, paths: ops::tuple_from_list(cx, paths)? })
    }
    /// How an instance is called.
    #[getter]
    fn __text_signature__(&self) -> &'static str {
        CALL
    }
    fn __call__(&self, cx: &mut Cx, obj: Obj) -> Result<Obj> {
        let paths = self.paths.payload().items();
        if let [one] = paths {
            return follow(cx, obj, *one);
        }
        let l = list::new(cx, &[])?;
        for p in paths {
            let v = follow(cx, obj, *p)?;
            l.append(cx, v)?;
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        call_repr(cx, this.obj(), this.names.payload().items(), None)
    }
    fn __reduce__(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), this.names.obj()])
    }
}

/// The signature of all three, as `inspect` asks for it.
const CALL: &str = "(obj, /)";

/// `operator.methodcaller`.
#[derive(Trace)]
pub struct MethodCaller {
    name: Gc<Str>,
    args: Gc<Tuple>,
    kw_names: Option<Gc<Tuple>>,
    kw: Gc<Dict>,
}

/// Return a callable object that calls the given method on its operand.
///
/// After f = methodcaller('name'), the call f(r) returns r.name().
/// After g = methodcaller('name', 'date', foo=1), the call g(r) returns
/// r.name('date', foo=1).
#[class(module = "operator", name = "methodcaller", subclassable)]
impl MethodCaller {
    fn __new__(cx: &mut Cx, args: Args<'_>) -> Result<MethodCaller> {
        let Some(name) = args.pos.first() else {
            return Err(cx.type_error("methodcaller needs at least one argument, the method name"));
        };
        let Some(name) = name.cast::<Str>() else { return Err(cx.type_error("method name must be a string")) };
        let name = typhon_object::intern::intern(cx, name)?;
        let kw = dict::new(cx)?;
        for (k, v) in args.keywords() {
            kw.insert_str(cx, k, v)?;
        }
        // Keyword values stand behind the positional ones.
        let all = tuple::new(cx, &args.all()[1..])?;
        Ok(MethodCaller { name, args: all, kw_names: args.kw.filter(|k| !k.is_empty()), kw })
    }
    /// How an instance is called.
    #[getter]
    fn __text_signature__(&self) -> &'static str {
        CALL
    }
    fn __call__(&self, cx: &mut Cx, obj: Obj) -> Result<Obj> {
        let f = ops::get_attr(cx, obj, self.name)?;
        ops::call(cx, f, self.args.payload().items(), self.kw_names)
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let n = this.args.len() - this.kw_names.map_or(0, |k| k.len());
        let l = list::new(cx, &[this.name.obj()])?;
        for a in &this.args.payload().items()[..n] {
            l.append(cx, *a)?;
        }
        let t = ops::tuple_from_list(cx, l)?;
        call_repr(cx, this.obj(), t.payload().items(), Some(this.kw))
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let n = this.args.len() - this.kw_names.map_or(0, |k| k.len());
        let class = ops::class_of(this.obj()).obj();
        let l = list::new(cx, &[this.name.obj()])?;
        if this.kw.is_empty() {
            for a in this.args.payload().items() {
                l.append(cx, *a)?;
            }
            let t = ops::tuple_from_list(cx, l)?.obj();
            return tuple_obj(cx, &[class, t]);
        }
        let m = crate::util::import(cx, "functools")?;
        let partial = crate::util::attr(cx, m, "partial")?;
        let names = this.kw_names.expect("there are keywords");
        let first = [class, this.name.obj()];
        let pl = list::new(cx, &first)?;
        for v in &this.args.payload().items()[n..] {
            pl.append(cx, *v)?;
        }
        let t = ops::tuple_from_list(cx, pl)?;
        let p = ops::call(cx, partial, t.payload().items(), Some(names))?;
        let rest = tuple_obj(cx, &this.args.payload().items()[..n])?;
        tuple_obj(cx, &[p, rest])
    }
}

/// Operator interface.
///
/// This module exports a set of functions implemented in C corresponding
/// to the intrinsic operators of Python.  For example, operator.add(x, y)
/// is equivalent to the expression x+y.
#[module("_operator", classes(ItemGetter, AttrGetter, MethodCaller))]
pub mod operator {
    use super::*;

    #[internal]
    fn bin(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
        ops::binary(cx, op, a, b)
    }
    /// Same as a + b.
    fn add(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Add, a, b)
    }
    /// Same as a - b.
    fn sub(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Sub, a, b)
    }
    /// Same as a * b.
    fn mul(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Mul, a, b)
    }
    /// Same as a @ b.
    fn matmul(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::MatMul, a, b)
    }
    /// Same as a // b.
    fn floordiv(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::FloorDiv, a, b)
    }
    /// Same as a / b.
    fn truediv(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::TrueDiv, a, b)
    }
    /// Same as a % b.
    #[name("mod")]
    fn modulo(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Mod, a, b)
    }
    /// Same as a ** b.
    fn pow(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Pow, a, b)
    }
    /// Same as a << b.
    fn lshift(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::LShift, a, b)
    }
    /// Same as a >> b.
    fn rshift(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::RShift, a, b)
    }
    /// Same as a & b.
    fn and_(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::And, a, b)
    }
    /// Same as a | b.
    fn or_(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Or, a, b)
    }
    /// Same as a ^ b.
    fn xor(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        bin(cx, BinaryOp::Xor, a, b)
    }
    #[internal]
    fn inp(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
        ops::inplace(cx, op, a, b)
    }
    /// Same as a += b.
    fn iadd(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Add, a, b)
    }
    /// Same as a -= b.
    fn isub(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Sub, a, b)
    }
    /// Same as a *= b.
    fn imul(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Mul, a, b)
    }
    /// Same as a @= b.
    fn imatmul(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::MatMul, a, b)
    }
    /// Same as a //= b.
    fn ifloordiv(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::FloorDiv, a, b)
    }
    /// Same as a /= b.
    fn itruediv(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::TrueDiv, a, b)
    }
    /// Same as a %= b.
    fn imod(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Mod, a, b)
    }
    /// Same as a **= b.
    fn ipow(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Pow, a, b)
    }
    /// Same as a <<= b.
    fn ilshift(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::LShift, a, b)
    }
    /// Same as a >>= b.
    fn irshift(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::RShift, a, b)
    }
    /// Same as a &= b.
    fn iand(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::And, a, b)
    }
    /// Same as a |= b.
    fn ior(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Or, a, b)
    }
    /// Same as a ^= b.
    fn ixor(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        inp(cx, BinaryOp::Xor, a, b)
    }
    /// Same as -a.
    fn neg(cx: &mut Cx, a: Obj) -> Result<Obj> {
        ops::unary(cx, UnaryOp::Neg, a)
    }
    /// Same as +a.
    fn pos(cx: &mut Cx, a: Obj) -> Result<Obj> {
        ops::unary(cx, UnaryOp::Pos, a)
    }
    /// Same as abs(a).
    fn abs(cx: &mut Cx, a: Obj) -> Result<Obj> {
        let f = crate::util::builtin(cx, "abs")?;
        ops::call_args(cx, f, &[a])
    }
    /// Same as ~a.
    fn inv(cx: &mut Cx, a: Obj) -> Result<Obj> {
        ops::unary(cx, UnaryOp::Invert, a)
    }
    /// Same as ~a.
    fn invert(cx: &mut Cx, a: Obj) -> Result<Obj> {
        ops::unary(cx, UnaryOp::Invert, a)
    }
    /// Same as a.__index__()
    fn index(cx: &mut Cx, a: Obj) -> Result<Obj> {
        ops::index(cx, a)
    }
    /// Same as not a.
    fn not_(cx: &mut Cx, a: Obj) -> Result<bool> {
        Ok(!ops::truth(cx, a)?)
    }
    /// Return True if a is true, False otherwise.
    fn truth(cx: &mut Cx, a: Obj) -> Result<bool> {
        ops::truth(cx, a)
    }
    /// Same as a is b.
    fn is_(a: Obj, b: Obj) -> bool {
        a == b
    }
    /// Same as a is not b.
    fn is_not(a: Obj, b: Obj) -> bool {
        a != b
    }
    /// Same as a is None.
    fn is_none(a: Obj) -> bool {
        a.is_none()
    }
    /// Same as a is not None.
    fn is_not_none(a: Obj) -> bool {
        !a.is_none()
    }
    /// Same as a < b.
    fn lt(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::rich_compare(cx, a, b, CompareOp::Lt)
    }
    /// Same as a <= b.
    fn le(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::rich_compare(cx, a, b, CompareOp::Le)
    }
    /// Same as a == b.
    fn eq(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::rich_compare(cx, a, b, CompareOp::Eq)
    }
    /// Same as a != b.
    fn ne(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::rich_compare(cx, a, b, CompareOp::Ne)
    }
    /// Same as a > b.
    fn gt(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::rich_compare(cx, a, b, CompareOp::Gt)
    }
    /// Same as a >= b.
    fn ge(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::rich_compare(cx, a, b, CompareOp::Ge)
    }
    /// Same as a + b, for a and b sequences.
    fn concat(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        sequence(cx, a)?;
        ops::binary(cx, BinaryOp::Add, a, b)
    }
    /// Same as a += b, for a and b sequences.
    fn iconcat(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        sequence(cx, a)?;
        ops::inplace(cx, BinaryOp::Add, a, b)
    }
    /// An iterator over what is searched, or the error that `in` would raise.
    #[internal]
    fn searched(cx: &mut Cx, a: Obj) -> Result<Obj> {
        match ops::get_iter(cx, a) {
            Err(e) if e.is(cx, ExcKind::TypeError) && ops::class_of(a).special(Dunder::Iter).is_none() => {
                Err(cx.type_error(format!("argument of type '{}' is not iterable", cx.type_name(a))))
            }
            r => r,
        }
    }
    #[internal]
    fn sequence(cx: &mut Cx, a: Obj) -> Result<()> {
        let c = ops::class_of(a);
        if ops::is_sequence(a) && [Dunder::Add, Dunder::IAdd].into_iter().any(|d| c.special(d).is_some()) {
            return Ok(());
        }
        Err(cx.type_error(format!("'{}' object can't be concatenated", cx.type_name(a))))
    }
    /// Same as b in a (note reversed operands).
    fn contains(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
        ops::contains(cx, a, b)
    }
    /// Return the number of items in a which are, or which equal, b.
    #[name("countOf")]
    fn count_of(cx: &mut Cx, a: Obj, b: Obj) -> Result<usize> {
        let mut n = 0;
        let it = searched(cx, a)?;
        ops::for_each(cx, it, |cx, v| {
            n += usize::from(ops::equal(cx, v, b)?);
            Ok(true)
        })?;
        Ok(n)
    }
    /// Return the first index of b in a.
    #[name("indexOf")]
    fn index_of(cx: &mut Cx, a: Obj, b: Obj) -> Result<usize> {
        let (mut n, mut found) = (0, false);
        let it = searched(cx, a)?;
        ops::for_each(cx, it, |cx, v| {
            found = ops::equal(cx, v, b)?;
            n += usize::from(!found);
            Ok(!found)
        })?;
        if found { Ok(n) } else { Err(cx.value_error("sequence.index(x): x not in sequence")) }
    }
    /// Same as a[b].
    fn getitem(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
        ops::get_item(cx, a, b)
    }
    /// Same as a[b] = c.
    fn setitem(cx: &mut Cx, a: Obj, b: Obj, c: Obj) -> Result<()> {
        ops::set_item(cx, a, b, c)
    }
    /// Same as del a[b].
    fn delitem(cx: &mut Cx, a: Obj, b: Obj) -> Result<()> {
        ops::del_item(cx, a, b)
    }
    /// Return an estimate of the number of items in obj.
    #[sig(obj, default = 0, /)]
    fn length_hint(cx: &mut Cx, obj: Obj, default: Obj) -> Result<isize> {
        if !int::is_int(default) {
            return Err(
                cx.type_error(format!("'{}' object cannot be interpreted as an integer", cx.type_name(default)))
            );
        }
        let d = isize::from_arg(cx, default)?;
        let c = ops::class_of(obj);
        if c.special(Dunder::Len).is_some() || c.special(Dunder::LengthHint).is_some() {
            let missing = match ops::call_special(cx, obj, Dunder::LengthHint, &[]) {
                Ok(Some(r)) => r == Obj::NOT_IMPLEMENTED,
                Ok(None) => true,
                Err(e) if e.is(cx, ExcKind::TypeError) => true,
                Err(_) => false,
            };
            if c.special(Dunder::Len).is_none() && missing {
                return Ok(d);
            }
            return Ok(ops::length_hint(cx, obj)? as isize);
        }
        Ok(d)
    }
    /// Same as obj(*args, **kwargs).
    fn call(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        match args.all().split_first() {
            Some((f, rest)) if !args.pos.is_empty() => ops::call(cx, *f, rest, args.kw),
            _ => Err(cx.type_error("call expected at least 1 argument, got 0")),
        }
    }
    /// Return 'a == b'. Takes the same time wherever they differ.
    #[name("_compare_digest")]
    fn compare_digest(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
        let (x, y) = match (a.cast::<Str>(), b.cast::<Str>()) {
            (Some(x), Some(y)) => match (x.as_ascii(), y.as_ascii()) {
                (Some(x), Some(y)) => (x.as_bytes().to_vec(), y.as_bytes().to_vec()),
                _ => return Err(cx.type_error("comparing strings with non-ASCII characters is not supported")),
            },
            _ if crate::buffer::is_buffer(a) && crate::buffer::is_buffer(b) => {
                (crate::buffer::copy(cx, a)?, crate::buffer::copy(cx, b)?)
            }
            _ => {
                return Err(cx.type_error(format!(
                    "unsupported operand types(s) or combination of types: '{}' and '{}'",
                    cx.type_name(a),
                    cx.type_name(b)
                )));
            }
        };
        let same = x.iter().zip(&y).fold(0u8, |d, (p, q)| d | (p ^ q)) == 0;
        Ok(same && x.len() == y.len())
    }
}
