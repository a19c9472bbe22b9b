//! Exceptions with a few attributes of their own, kept in numbered fields:
//!
//! | class | fields |
//! |---|---|
//! | StopIteration | value 0 |
//! | SystemExit | code 0 |
//! | NameError | name 0 |
//! | AttributeError | name 0, obj 1 |
//! | ImportError | msg 0, name 1, path 2, name_from 3 |
//!
//! Tests: CPython test_exceptions.

use super::{args_of, base, field, keyword_fields, no_keywords};
use typhon_macros::class;
use typhon_object::exc::{BaseException, ExcKind};
use typhon_object::native::{Args, Member};
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Result, name, ops, str, tuple, types};

/// Store `args`, as `BaseException.__init__` does.
fn store_args(cx: &Cx, this: Gc<BaseException>, pos: &[Obj]) -> Result<()> {
    let t = tuple::new(cx, pos)?;
    this.args.set(cx, this, t);
    Ok(())
}

/// Getter and setter of a field.
macro_rules! accessors {
    ($methods:ident, $class:literal, { $($get:ident $set:ident $i:literal),* }) => {
        struct $methods;

        #[class(name = $class, extends = BaseException)]
        impl $methods {
            $(
                #[getter]
                fn $get(this: Gc<BaseException>) -> Obj {
                    field(&this, $i)
                }
                #[setter]
                fn $set(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
                    this.fields[$i].put(cx, this, value);
                }
            )*
        }
    };
}

accessors!(StopIterationFields, "StopIteration", { value set_value 0 });
accessors!(SystemExitFields, "SystemExit", { code set_code 0 });
accessors!(NameErrorFields, "NameError", { name set_name 0 });
accessors!(AttributeErrorFields, "AttributeError", { name set_name 0, obj set_obj 1 });
accessors!(ImportErrorFields, "ImportError", { msg set_msg 0, name set_name 1, path set_path 2, name_from set_name_from 3 });

struct StopIterationMethods;
#[class(name = "StopIteration", extends = BaseException)]
impl StopIterationMethods {
    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        no_keywords(cx, "StopIteration", &args)?;
        store_args(cx, this, args.pos)?;
        this.fields[0].set(cx, this, args.pos.first().copied().unwrap_or(Obj::NONE));
        Ok(())
    }
}

struct SystemExitMethods;
#[class(name = "SystemExit", extends = BaseException)]
impl SystemExitMethods {
    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        no_keywords(cx, "SystemExit", &args)?;
        store_args(cx, this, args.pos)?;
        let code = match args.pos {
            [] => Obj::NONE,
            [one] => *one,
            many => tuple::new(cx, many)?.obj(),
        };
        this.fields[0].set(cx, this, code);
        Ok(())
    }
}

struct KeyErrorMethods;
#[class(name = "KeyError", extends = BaseException)]
impl KeyErrorMethods {
    fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?;
        Ok(match args.payload().items() {
            [] => str::new(cx, "")?.obj(),
            // The repr, so that a missing "" shows.
            [one] => ops::repr(cx, *one)?.obj(),
            _ => ops::to_str(cx, args.obj())?.obj(),
        })
    }
}

struct NameErrorMethods;
#[class(name = "NameError", extends = BaseException)]
impl NameErrorMethods {
    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        store_args(cx, this, args.pos)?;
        keyword_fields(cx, "NameError", this, &args, &[("name", 0)])
    }
}

struct AttributeErrorMethods;
#[class(name = "AttributeError", extends = BaseException)]
impl AttributeErrorMethods {
    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        store_args(cx, this, args.pos)?;
        keyword_fields(cx, "AttributeError", this, &args, &[("name", 0), ("obj", 1)])
    }
    fn __getstate__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let d = typhon_object::instance::attrs_copy(cx, this.obj())?;
        if let Some(n) = this.fields[0].obj() {
            d.insert_str(cx, name!(cx, "name"), n)?;
        }
        let a = args_of(cx, &this)?;
        d.insert_str(cx, name!(cx, "args"), a.obj())?;
        Ok(d.obj())
    }
    fn __reduce__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?.obj();
        let state = AttributeErrorMethods::__getstate__(this, cx)?;
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args, state])?.obj())
    }
}

struct ImportErrorMethods;
#[class(name = "ImportError", extends = BaseException)]
impl ImportErrorMethods {
    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        store_args(cx, this, args.pos)?;
        keyword_fields(cx, "ImportError", this, &args, &[("name", 1), ("path", 2), ("name_from", 3)])?;
        let one = if let [one] = args.pos { Some(*one) } else { None };
        this.fields[0].put(cx, this, one);
        Ok(())
    }
    fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        if let Some(m) = this.fields[0].obj()
            && m.cast::<Str>().is_some()
        {
            return Ok(ops::to_str(cx, m)?.obj());
        }
        let args = args_of(cx, &this)?;
        Ok(match args.payload().items() {
            [] => str::new(cx, "")?.obj(),
            [one] => ops::to_str(cx, *one)?.obj(),
            _ => ops::to_str(cx, args.obj())?.obj(),
        })
    }
    fn __reduce__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?.obj();
        let d = typhon_object::instance::attrs_copy(cx, this.obj())?;
        for (n, i) in [("name", 1), ("path", 2), ("name_from", 3)] {
            if let Some(v) = this.fields[i].obj() {
                let n = cx.intern(n)?;
                d.insert_str(cx, n, v)?;
            }
        }
        if d.is_empty() {
            return base::reduce_with(cx, this.obj(), args);
        }
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args, d.obj()])?.obj())
    }
}

/// Complete the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    let tables: [(ExcKind, &'static [Member]); 11] = [
        (ExcKind::StopIteration, StopIterationFields::MEMBERS),
        (ExcKind::StopIteration, StopIterationMethods::MEMBERS),
        (ExcKind::SystemExit, SystemExitFields::MEMBERS),
        (ExcKind::SystemExit, SystemExitMethods::MEMBERS),
        (ExcKind::KeyError, KeyErrorMethods::MEMBERS),
        (ExcKind::NameError, NameErrorFields::MEMBERS),
        (ExcKind::NameError, NameErrorMethods::MEMBERS),
        (ExcKind::AttributeError, AttributeErrorFields::MEMBERS),
        (ExcKind::AttributeError, AttributeErrorMethods::MEMBERS),
        (ExcKind::ImportError, ImportErrorFields::MEMBERS),
        (ExcKind::ImportError, ImportErrorMethods::MEMBERS),
    ];
    for (kind, members) in tables {
        let t = kind.class(cx);
        types::add_members(cx, t, members)?;
    }
    Ok(())
}
