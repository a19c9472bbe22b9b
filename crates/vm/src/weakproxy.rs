//! Weak proxies: objects that stand for a weakly referenced one in nearly every operation.
//!
//! An operation looks up the referent, which it holds on the stack until it is done, and
//! asks it; operands that are proxies too are replaced by what they stand for, but what is
//! stored (in an attribute, under a key) stays the proxy that it is.
//! Tests: tests/lang/weakrefs.md; CPython test_weakref.

use crate::weakref::WeakRef;
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::ops::{self, BinaryOp, UnaryOp};
use typhon_object::str::Str;
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result};

/// A weak proxy. The reference comes first (`weakref::PROXIES` reads it there).
#[derive(typhon_macros::Trace)]
#[repr(C)]
pub struct Proxy {
    /// To what it stands for.
    pub(crate) target: Gc<WeakRef>,
}

impl Proxy {
    fn target(&self, cx: &Cx) -> Result<Obj> {
        self.target
            .payload()
            .get()
            .ok_or_else(|| cx.error(ExcKind::ReferenceError, "weakly-referenced object no longer exists"))
    }
}

/// What an operand stands for.
fn real(cx: &Cx, o: Obj) -> Result<Obj> {
    match o.cast::<Proxy>() {
        Some(p) => p.payload().target(cx),
        None => Ok(o),
    }
}

fn binary(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    let (a, b) = (real(cx, a)?, real(cx, b)?);
    ops::binary(cx, op, a, b)
}

fn inplace(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    let (a, b) = (real(cx, a)?, real(cx, b)?);
    ops::inplace(cx, op, a, b)
}

/// A weak proxy.
#[class(module = "weakref", name = "ProxyType", unhashable)]
impl Proxy {
    fn __getattribute__(&self, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::get_attr(cx, t, name)
    }
    fn __setattr__(&self, cx: &mut Cx, name: Gc<Str>, value: Obj) -> Result<()> {
        let t = self.target(cx)?;
        ops::set_attr(cx, t, name, Some(value))
    }
    fn __delattr__(&self, cx: &mut Cx, name: Gc<Str>) -> Result<()> {
        let t = self.target(cx)?;
        ops::set_attr(cx, t, name, None)
    }
    fn __str__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        Ok(ops::to_str(cx, t)?.obj())
    }
    fn __repr__(this: Gc<Proxy>, cx: &mut Cx) -> String {
        match this.target.payload().get() {
            Some(o) => format!("<weakproxy at {:#x}; to '{}' at {:#x}>", this.obj().word(), cx.type_name(o), o.word()),
            None => format!("<weakproxy at {:#x}; dead>", this.obj().word()),
        }
    }
    fn __richcmp__(this: Gc<Proxy>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let (a, b) = (this.target(cx)?, real(cx, other)?);
        ops::rich_compare(cx, a, b, op)
    }
    fn __bool__(&self, cx: &mut Cx) -> Result<bool> {
        let t = self.target(cx)?;
        ops::truth(cx, t)
    }
    fn __len__(&self, cx: &mut Cx) -> Result<usize> {
        let t = self.target(cx)?;
        ops::len(cx, t)
    }
    fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::get_iter(cx, t)
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        match ops::class_of(t).special(Dunder::Next) {
            Some(m) => ops::call_unbound(cx, m, t, &[], None),
            None => {
                let n = cx.type_name(t);
                Err(cx.type_error(format!("Weakref proxy referenced a non-iterator '{n}' object")))
            }
        }
    }
    fn __contains__(&self, cx: &mut Cx, x: Obj) -> Result<bool> {
        let t = self.target(cx)?;
        ops::contains(cx, t, x)
    }
    fn __getitem__(&self, cx: &mut Cx, k: Obj) -> Result<Obj> {
        let (t, k) = (self.target(cx)?, real(cx, k)?);
        ops::get_item(cx, t, k)
    }
    fn __setitem__(&self, cx: &mut Cx, k: Obj, v: Obj) -> Result<()> {
        let t = self.target(cx)?;
        ops::set_item(cx, t, k, v)
    }
    fn __delitem__(&self, cx: &mut Cx, k: Obj) -> Result<()> {
        let t = self.target(cx)?;
        ops::del_item(cx, t, k)
    }
    fn __call__(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::call(cx, t, args.all(), args.kw)
    }
    /// What `bytes()` of the referent gives.
    fn __bytes__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::call_method(cx, t, "__bytes__", &[])
    }
    /// What `reversed()` of the referent gives.
    fn __reversed__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::call_method(cx, t, "__reversed__", &[])
    }
    fn __index__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::index(cx, t)
    }
    fn __int__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        let int = typhon_object::types::class_for(typhon_object::shape::INT).obj();
        ops::call_args(cx, int, &[t])
    }
    fn __float__(&self, cx: &mut Cx) -> Result<f64> {
        let t = self.target(cx)?;
        ops::as_float(cx, t)
    }
    fn __neg__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::unary(cx, UnaryOp::Neg, t)
    }
    fn __pos__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::unary(cx, UnaryOp::Pos, t)
    }
    fn __abs__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::unary(cx, UnaryOp::Abs, t)
    }
    fn __invert__(&self, cx: &mut Cx) -> Result<Obj> {
        let t = self.target(cx)?;
        ops::unary(cx, UnaryOp::Invert, t)
    }
    fn __add__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Add, this.obj(), value)
    }
    fn __radd__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Add, value, this.obj())
    }
    fn __iadd__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Add, this.obj(), value)
    }
    fn __sub__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, this.obj(), value)
    }
    fn __rsub__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, value, this.obj())
    }
    fn __isub__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Sub, this.obj(), value)
    }
    fn __mul__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mul, this.obj(), value)
    }
    fn __rmul__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mul, value, this.obj())
    }
    fn __imul__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Mul, this.obj(), value)
    }
    fn __truediv__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::TrueDiv, this.obj(), value)
    }
    fn __rtruediv__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::TrueDiv, value, this.obj())
    }
    fn __itruediv__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::TrueDiv, this.obj(), value)
    }
    fn __floordiv__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::FloorDiv, this.obj(), value)
    }
    fn __rfloordiv__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::FloorDiv, value, this.obj())
    }
    fn __ifloordiv__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::FloorDiv, this.obj(), value)
    }
    fn __mod__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mod, this.obj(), value)
    }
    fn __rmod__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mod, value, this.obj())
    }
    fn __imod__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Mod, this.obj(), value)
    }
    fn __matmul__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::MatMul, this.obj(), value)
    }
    fn __rmatmul__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::MatMul, value, this.obj())
    }
    fn __imatmul__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::MatMul, this.obj(), value)
    }
    fn __and__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::And, this.obj(), value)
    }
    fn __rand__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::And, value, this.obj())
    }
    fn __iand__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::And, this.obj(), value)
    }
    fn __or__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Or, this.obj(), value)
    }
    fn __ror__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Or, value, this.obj())
    }
    fn __ior__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Or, this.obj(), value)
    }
    fn __xor__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Xor, this.obj(), value)
    }
    fn __rxor__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Xor, value, this.obj())
    }
    fn __ixor__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Xor, this.obj(), value)
    }
    fn __lshift__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::LShift, this.obj(), value)
    }
    fn __rlshift__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::LShift, value, this.obj())
    }
    fn __ilshift__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::LShift, this.obj(), value)
    }
    fn __rshift__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::RShift, this.obj(), value)
    }
    fn __rrshift__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::RShift, value, this.obj())
    }
    fn __irshift__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::RShift, this.obj(), value)
    }
    fn __divmod__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::DivMod, this.obj(), value)
    }
    fn __rdivmod__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::DivMod, value, this.obj())
    }
    fn __pow__(this: Gc<Proxy>, cx: &mut Cx, value: Obj, r#mod: Option<Obj>) -> Result<Obj> {
        let (a, b, m) = (this.target(cx)?, real(cx, value)?, real(cx, r#mod.unwrap_or(Obj::NONE))?);
        ops::pow3(cx, a, b, m)
    }
    fn __rpow__(this: Gc<Proxy>, cx: &mut Cx, value: Obj, r#mod: Option<Obj>) -> Result<Obj> {
        let (a, b, m) = (real(cx, value)?, this.target(cx)?, real(cx, r#mod.unwrap_or(Obj::NONE))?);
        ops::pow3(cx, a, b, m)
    }
    fn __ipow__(this: Gc<Proxy>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        inplace(cx, BinaryOp::Pow, this.obj(), value)
    }
}
