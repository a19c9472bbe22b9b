//! `OSError`: fields errno 0, strerror 1, filename 2, filename2 3,
//! characters_written 4; and the choice of a subclass by errno.
//!
//! Tests: CPython test_exceptions, test_exception_hierarchy.

use super::{args_of, base, field, no_keywords};
use typhon_macros::class;
use typhon_object::exc::{self, BaseException, ExcKind};
use typhon_object::native::{Args, Missing};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, Gc, Obj, Result, int, ops, str, tuple};

/// The subclass that an errno selects (Linux numbers).
pub fn kind_of_errno(errno: i64) -> Option<ExcKind> {
    use ExcKind::*;
    Some(match errno {
        11 | 114 | 115 => BlockingIOError,
        32 | 108 => BrokenPipeError,
        10 => ChildProcessError,
        103 => ConnectionAbortedError,
        111 => ConnectionRefusedError,
        104 => ConnectionResetError,
        17 => FileExistsError,
        2 => FileNotFoundError,
        21 => IsADirectoryError,
        20 => NotADirectoryError,
        4 => InterruptedError,
        1 | 13 => PermissionError,
        3 => ProcessLookupError,
        110 => TimeoutError,
        _ => return None,
    })
}

/// Whether `__init__` rather than `__new__` reads the arguments: a subclass
/// that overrides only `__init__` decides what OSError gets.
fn init_reads(cx: &Cx, cls: Gc<Type>) -> bool {
    let os = ExcKind::OSError.class(cx);
    cls.special(Dunder::Init) != os.special(Dunder::Init) && cls.special(Dunder::New) == os.special(Dunder::New)
}

/// Fill the fields from the arguments.
fn read_args(cx: &mut Cx, e: Gc<BaseException>, pos: &[Obj]) -> Result<()> {
    let mut keep = pos;
    if (2..=5).contains(&pos.len()) {
        e.fields[0].set(cx, e, pos[0]);
        e.fields[1].set(cx, e, pos[1]);
        if let Some(&f) = pos.get(2).filter(|f| !f.is_none()) {
            let written = ops::class_of(e.obj()) == ExcKind::BlockingIOError.class(cx)
                && (int::is_int(f) || ops::class_of(f).special(Dunder::Index).is_some());
            if written {
                let n = ops::index(cx, f)?;
                e.fields[4].set(cx, e, n);
            } else {
                e.fields[2].set(cx, e, f);
                if let Some(&g) = pos.get(4).filter(|g| !g.is_none()) {
                    e.fields[3].set(cx, e, g);
                }
                // `args` keeps errno and strerror only.
                keep = &pos[..2];
            }
        }
    }
    let t = tuple::new(cx, keep)?;
    e.args.set(cx, e, t);
    Ok(())
}

/// An OSError of the right subclass, for native code.
pub fn new(cx: &mut Cx, errno: i32, strerror: &str, filename: Option<Obj>) -> Result<Gc<BaseException>> {
    let kind = kind_of_errno(errno as i64).unwrap_or(ExcKind::OSError);
    let e = exc::alloc(cx, kind.class(cx), &[])?;
    let text = str::new(cx, strerror)?.obj();
    let n = Obj::int_unchecked(errno as i64);
    read_args(cx, e, &[n, text, filename.unwrap_or(Obj::NONE)])?;
    Ok(e)
}

struct OsErrorMethods;

#[class(name = "OSError", extends = BaseException)]
impl OsErrorMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        if init_reads(cx, cls) {
            return Ok(exc::alloc(cx, cls, &[])?.obj());
        }
        no_keywords(cx, &cls.name(), &args)?;
        let mut cls = cls;
        if cls == ExcKind::OSError.class(cx)
            && (2..=5).contains(&args.pos.len())
            && let Some(kind) = int::to_i64(args.pos[0]).and_then(kind_of_errno)
        {
            cls = kind.class(cx);
        }
        let e = exc::alloc(cx, cls, &[])?;
        read_args(cx, e, args.pos)?;
        Ok(e.obj())
    }

    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let cls = ops::class_of(this.obj());
        if !init_reads(cx, cls) {
            return Ok(());
        }
        no_keywords(cx, &cls.name(), &args)?;
        read_args(cx, this, args.pos)
    }

    fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let text = |cx: &mut Cx, o: Obj| -> Result<String> { Ok(ops::to_str(cx, o)?.to_str().into_owned()) };
        let repr = |cx: &mut Cx, o: Obj| -> Result<String> { Ok(ops::repr(cx, o)?.to_str().into_owned()) };
        let e = &this;
        if e.fields[2].obj().is_some() || (e.fields[0].obj().is_some() && e.fields[1].obj().is_some()) {
            let mut s = format!("[Errno {}] {}", text(cx, field(e, 0))?, text(cx, field(e, 1))?);
            if let Some(f) = e.fields[2].obj() {
                s.push_str(": ");
                s.push_str(&repr(cx, f)?);
                if let Some(g) = e.fields[3].obj() {
                    s.push_str(" -> ");
                    s.push_str(&repr(cx, g)?);
                }
            }
            return Ok(str::new(cx, &s)?.obj());
        }
        let args = args_of(cx, &this)?;
        Ok(match args.payload().items() {
            [] => str::new(cx, "")?.obj(),
            [one] => ops::to_str(cx, *one)?.obj(),
            _ => ops::to_str(cx, args.obj())?.obj(),
        })
    }

    fn __reduce__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?;
        let args = match (args.payload().items(), this.fields[2].obj(), this.fields[3].obj()) {
            ([a, b], Some(f), None) => tuple::new(cx, &[*a, *b, f])?,
            ([a, b], Some(f), Some(g)) => tuple::new(cx, &[*a, *b, f, Obj::NONE, g])?,
            _ => args,
        };
        base::reduce_with(cx, this.obj(), args.obj())
    }

    #[getter]
    fn errno(this: Gc<BaseException>) -> Obj {
        field(&this, 0)
    }
    #[setter]
    fn set_errno(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
        this.fields[0].put(cx, this, value);
    }
    #[getter]
    fn strerror(this: Gc<BaseException>) -> Obj {
        field(&this, 1)
    }
    #[setter]
    fn set_strerror(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
        this.fields[1].put(cx, this, value);
    }
    #[getter]
    fn filename(this: Gc<BaseException>) -> Obj {
        field(&this, 2)
    }
    #[setter]
    fn set_filename(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
        this.fields[2].put(cx, this, value);
    }
    #[getter]
    fn filename2(this: Gc<BaseException>) -> Obj {
        field(&this, 3)
    }
    #[setter]
    fn set_filename2(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
        this.fields[3].put(cx, this, value);
    }
    #[getter]
    fn characters_written(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        this.fields[4].obj().ok_or_else(|| cx.error(ExcKind::AttributeError, "characters_written"))
    }
    #[setter]
    fn set_characters_written(this: Gc<BaseException>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        match value {
            Missing::Given(v) => {
                let n = ops::index(cx, v)?;
                this.fields[4].set(cx, this, n);
                Ok(())
            }
            Missing::Absent if this.fields[4].obj().is_none() => {
                Err(cx.error(ExcKind::AttributeError, "characters_written"))
            }
            Missing::Absent => {
                this.fields[4].clear();
                Ok(())
            }
        }
    }
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, ExcKind::OSError.class(cx), OsErrorMethods::MEMBERS)
}
