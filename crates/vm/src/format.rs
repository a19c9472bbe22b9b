//! f-strings and t-strings.

use crate::{frame, hooks};
use typhon_bytecode::NO_REG;
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Gc, ops};

crate::slow! {
    /// FORMATVALUE.
    fn value(f) {
        let mut v = f.reg(f.b());
        let spec = (f.c() != NO_REG as usize).then(|| f.reg(f.c()));
        match f.x() {
            1 => v = ops::to_str(f.cx, v)?.obj(),
            2 => v = ops::repr(f.cx, v)?.obj(),
            3 => v = ops::ascii(f.cx, v)?.obj(),
            4 if ops::formats_later(v, spec) => {
                f.set(f.a(), v);
                return Ok(f.done());
            }
            _ => {}
        }
        let s = ops::format(f.cx, v, spec)?;
        f.set(f.a(), s.obj());
        Ok(f.done())
    }
    /// BUILDSTRING.
    fn build_string(f) {
        let (b, n) = (f.b(), f.c());
        if f.x() == 1 {
            // Programs may replace constants.
            let Some(specs) = f.reg(b + n).cast::<Tuple>().filter(|t| t.len() == n) else {
                return Err(frame::bug(f.cx, "BUILDSTRING without specs"));
            };
            if let Some(s) = ops::join_formatted(f.cx, f.regs(b, n), specs.items())? {
                f.set(f.a(), s.obj());
                return Ok(f.done());
            }
            for (i, spec) in specs.items().iter().enumerate() {
                let v = f.reg(b + i);
                let s = if v.is_ptr() { continue } else { ops::format(f.cx, v, Some(*spec))? };
                f.set(b + i, s.obj());
            }
        }
        let parts = f.regs(b, n);
        if parts.iter().any(|p| p.cast::<Str>().is_none()) {
            return Err(frame::bug(f.cx, "BUILDSTRING of something else"));
        }
        // All of them are strings.
        let parts = unsafe { std::slice::from_raw_parts(parts.as_ptr() as *const Gc<Str>, parts.len()) };
        let s = str::join(f.cx, parts)?;
        f.set(f.a(), s.obj());
        Ok(f.done())
    }
    /// BUILDINTERPOLATION.
    fn interpolation(f) {
        let (b, x) = (f.b(), f.x());
        let conversion = match x & 3 {
            0 => typhon_object::Obj::NONE,
            1 => str::from_latin1(f.cx, b"s")?.obj(),
            2 => str::from_latin1(f.cx, b"r")?.obj(),
            _ => str::from_latin1(f.cx, b"a")?.obj(),
        };
        let spec = if x & 4 != 0 { f.reg(b + 2) } else { str::from_latin1(f.cx, b"")?.obj() };
        let class = hooks::template_class(f.cx, "Interpolation")?;
        let v = ops::call_args(f.cx, class, &[f.reg(b), f.reg(b + 1), conversion, spec])?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// BUILDTEMPLATE.
    fn template(f) {
        let class = hooks::template_class(f.cx, "_make")?;
        let v = hooks::new_template(f.cx, class, f.reg(f.b()), f.reg(f.c()))?;
        f.set(f.a(), v);
        Ok(f.done())
    }
}
