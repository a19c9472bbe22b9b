//! The functions of `builtins` that need nothing of the VM. `__import__`,
//! `exec`, `eval`, `compile`, `globals`, `locals`, `open`, `breakpoint` and the
//! forms of `vars` and `dir` without an argument belong to the VM, which puts
//! them into the namespace that `containers::builtins_namespace` makes.
//!
//! Tests: tests/containers.rs; CPython test_builtin.

use typhon_macros::module;
use typhon_object::dict::Dict;
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result};

/// A function or class of `builtins` by name.
pub fn builtin(cx: &Cx, name: &str) -> Result<Obj> {
    let n = cx.intern(name)?;
    let ns = Obj::from_word(cx.interp().builtins.get()).and_then(|o| o.cast::<Dict>());
    match ns.and_then(|d| d.get_str(n)) {
        Some(o) => Ok(o),
        None => Err(cx.error(ExcKind::AttributeError, format!("module 'builtins' has no attribute '{name}'"))),
    }
}

/// An attribute name given as an argument.
fn attr_name(cx: &Cx, o: Obj) -> Result<Gc<Str>> {
    o.cast::<Str>().ok_or_else(|| cx.type_error(format!("attribute name must be string, not '{}'", cx.type_name(o))))
}

/// Built-in functions, types, exceptions, and other objects.
///
/// This module provides direct access to all 'built-in'
/// identifiers of Python; for example, builtins.len is
/// the full name for the built-in function len().
///
/// This module is not normally accessed explicitly by most
/// applications, but can be useful in modules that provide
/// objects with the same name as a builtin and in which the
/// built-in of that name is also needed.
#[module("builtins")]
pub mod builtins {
    use super::attr_name;
    use crate::{iterators, sort};
    use typhon_object::list::List;
    use typhon_object::native::{Args, Missing};
    use typhon_object::str::Str;
    use typhon_object::{
        BinaryOp, CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, exc, float, int, name, ops, shape, str,
    };

    /// Return the absolute value of the argument.
    fn abs(cx: &mut Cx, number: Obj) -> Result<Obj> {
        ops::unary(cx, ops::UnaryOp::Abs, number)
    }

    /// Return True if bool(x) is True for all values x in the iterable.
    ///
    /// If the iterable is empty, return True.
    fn all(cx: &mut Cx, iterable: Obj) -> Result<bool> {
        let it = ops::get_iter(cx, iterable)?;
        while let Some(v) = ops::iter_next(cx, it)? {
            if !ops::truth(cx, v)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Return True if bool(x) is True for any x in the iterable.
    ///
    /// If the iterable is empty, return False.
    fn any(cx: &mut Cx, iterable: Obj) -> Result<bool> {
        let it = ops::get_iter(cx, iterable)?;
        while let Some(v) = ops::iter_next(cx, it)? {
            if ops::truth(cx, v)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Return an ASCII-only representation of an object.
    ///
    /// As repr(), return a string containing a printable representation of an
    /// object, but escape the non-ASCII characters in the string returned by
    /// repr() using \\x, \\u or \\U escapes. This generates a string similar
    /// to that returned by repr() in Python 2.
    fn ascii(cx: &mut Cx, obj: Obj) -> Result<Gc<Str>> {
        ops::ascii(cx, obj)
    }

    #[internal]
    fn radix(cx: &mut Cx, number: Obj, radix: u32, prefix: &str) -> Result<String> {
        let i = ops::index(cx, number)?;
        let text = typhon_object::bigint::with(i, |x| typhon_text::int::to_text(x, radix));
        Ok(match text.strip_prefix('-') {
            Some(t) => format!("-{prefix}{t}"),
            None => format!("{prefix}{text}"),
        })
    }

    /// Return the binary representation of an integer.
    ///
    ///    >>> bin(2796202)
    ///    '0b1010101010101010101010'
    fn bin(cx: &mut Cx, number: Obj) -> Result<String> {
        radix(cx, number, 2, "0b")
    }

    /// Return the hexadecimal representation of an integer.
    ///
    ///    >>> hex(12648430)
    ///    '0xc0ffee'
    fn hex(cx: &mut Cx, number: Obj) -> Result<String> {
        radix(cx, number, 16, "0x")
    }

    /// Return the octal representation of an integer.
    ///
    ///    >>> oct(342391)
    ///    '0o1234567'
    fn oct(cx: &mut Cx, number: Obj) -> Result<String> {
        radix(cx, number, 8, "0o")
    }

    /// Return whether the object is callable (i.e., some kind of function).
    ///
    /// Note that classes are callable, as are instances of classes with a
    /// __call__() method.
    fn callable(obj: Obj) -> bool {
        super::is_callable(obj)
    }

    /// Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.
    fn chr(cx: &mut Cx, i: Obj) -> Result<Gc<Str>> {
        let n = ops::index_clamped(cx, i)?;
        match u32::try_from(n) {
            Ok(c) if c < 0x110000 => str::from_char(cx, c),
            _ => Err(cx.value_error("chr() arg not in range(0x110000)")),
        }
    }

    /// Return the ordinal value of a character.
    ///
    /// If the argument is a one-byte bytes, return the integer value of that byte.
    fn ord(cx: &mut Cx, character: Obj) -> Result<i64> {
        let n = if let Some(s) = character.cast::<Str>() {
            if s.len() == 1 {
                return Ok(s.at(0) as i64);
            }
            format!("string of length {}", s.len())
        } else if let Some(b) = character.cast::<typhon_object::bytes::Bytes>() {
            let b = b.payload().as_slice();
            if let [one] = b {
                return Ok(*one as i64);
            }
            format!("string of length {}", b.len())
        } else if character.shape() == shape::BYTEARRAY {
            let n = ops::len(cx, character)?;
            if n == 1 {
                let v = ops::get_item(cx, character, Obj::int_unchecked(0))?;
                return Ok(int::to_i64(v).unwrap_or(0));
            }
            format!("string of length {n}")
        } else {
            return Err(
                cx.type_error(format!("ord() expected string of length 1, but {} found", cx.type_name(character)))
            );
        };
        Err(cx.type_error(format!("ord() expected a character, but {n} found")))
    }

    /// Deletes the named attribute from the given object.
    ///
    /// delattr(x, 'y') is equivalent to ``del x.y``
    fn delattr(cx: &mut Cx, obj: Obj, name: Obj) -> Result<()> {
        let n = attr_name(cx, name)?;
        ops::set_attr(cx, obj, n, None)
    }

    /// getattr(object, name[, default]) -> value
    ///
    /// Get a named attribute from an object; getattr(x, 'y') is equivalent to x.y.
    /// When a default argument is given, it is returned when the attribute doesn't
    /// exist; without it, an exception is raised in that case.
    #[sig(object, name, default = <unrepresentable>, /)]
    fn getattr(cx: &mut Cx, object: Obj, name: Obj, default: Missing<Obj>) -> Result<Obj> {
        let n = attr_name(cx, name)?;
        match default {
            Missing::Absent => ops::get_attr(cx, object, n),
            Missing::Given(d) => Ok(ops::get_attr_opt(cx, object, n)?.unwrap_or(d)),
        }
    }

    /// Return whether the object has an attribute with the given name.
    ///
    /// This is done by calling getattr(obj, name) and catching AttributeError.
    fn hasattr(cx: &mut Cx, obj: Obj, name: Obj) -> Result<bool> {
        let n = attr_name(cx, name)?;
        Ok(ops::get_attr_opt(cx, obj, n)?.is_some())
    }

    /// Sets the named attribute on the given object to the specified value.
    ///
    /// setattr(x, 'y', v) is equivalent to ``x.y = v``
    fn setattr(cx: &mut Cx, obj: Obj, name: Obj, value: Obj) -> Result<()> {
        let n = attr_name(cx, name)?;
        ops::set_attr(cx, obj, n, Some(value))
    }

    /// Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.
    fn divmod(cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        ops::binary(cx, BinaryOp::DivMod, x, y)
    }

    /// Return type(value).__format__(value, format_spec)
    ///
    /// Many built-in types implement format_spec according to the
    /// Format Specification Mini-language. See help('FORMATTING')
    /// for details.
    ///
    /// If type(value) does not supply a method named __format__
    /// and format_spec is empty, then str(value) is returned.
    #[sig(value, format_spec = "", /)]
    fn format(cx: &mut Cx, value: Obj, format_spec: Obj) -> Result<Gc<Str>> {
        if format_spec.cast::<Str>().is_none() {
            let t = if format_spec.is_none() { "None".to_owned() } else { cx.type_name(format_spec) };
            return Err(cx.type_error(format!("format() argument 2 must be str, not {t}")));
        }
        ops::format(cx, value, Some(format_spec))
    }

    /// Return the hash value for the given object.
    ///
    /// Two objects that compare equal must also have the same hash value, but the
    /// reverse is not necessarily true.
    fn hash(cx: &mut Cx, obj: Obj) -> Result<i64> {
        ops::hash(cx, obj)
    }

    /// Return the identity of an object.
    ///
    /// This is guaranteed to be unique among simultaneously existing objects.
    /// (CPython uses the object's memory address.)
    fn id(obj: Obj) -> u64 {
        obj.word()
    }

    /// Return whether an object is an instance of a class or of a subclass thereof.
    ///
    /// A tuple, as in ``isinstance(x, (A, B, ...))``, may be given as the target to
    /// check against. This is equivalent to ``isinstance(x, A) or isinstance(x, B)
    /// or ...`` etc.
    fn isinstance(cx: &mut Cx, obj: Obj, class_or_tuple: Obj) -> Result<bool> {
        ops::is_instance(cx, obj, class_or_tuple)
    }

    /// Return whether 'cls' is derived from another class or is the same class.
    ///
    /// A tuple, as in ``issubclass(x, (A, B, ...))``, may be given as the target to
    /// check against. This is equivalent to ``issubclass(x, A) or issubclass(x, B)
    /// or ...``.
    fn issubclass(cx: &mut Cx, class: Obj, class_or_tuple: Obj) -> Result<bool> {
        ops::is_subclass(cx, class, class_or_tuple)
    }

    /// iter(iterable) -> iterator
    /// iter(callable, sentinel) -> iterator
    ///
    /// Get an iterator from an object.
    /// In the first form, the argument must supply its own iterator, or be a sequence.
    /// In the second form, the callable is called until it returns the sentinel.
    #[sig(object, sentinel = <unrepresentable>, /)]
    fn iter(cx: &mut Cx, object: Obj, sentinel: Missing<Obj>) -> Result<Obj> {
        match sentinel {
            Missing::Absent => ops::get_iter(cx, object),
            Missing::Given(s) => {
                if !super::is_callable(object) {
                    return Err(cx.type_error("iter(v, w): v must be callable"));
                }
                iterators::callable_iter(cx, object, s)
            }
        }
    }

    /// next(iterator[, default])
    ///
    /// Return the next item from the iterator. If default is given and the iterator
    /// is exhausted, it is returned instead of raising StopIteration.
    #[sig(iterator, default = <unrepresentable>, /)]
    fn next(cx: &mut Cx, iterator: Obj, default: Missing<Obj>) -> Result<Obj> {
        // Native iterators are asked without an exception; for others the
        // exception itself, with its value, must come through.
        match iterator.shape() {
            shape::LIST_ITER | shape::TUPLE_ITER => {
                if let Some(v) = ops::iter_next(cx, iterator)? {
                    return Ok(v);
                }
                match default {
                    Missing::Given(d) => Ok(d),
                    Missing::Absent => Err(exc::stop_iteration(cx, Obj::NONE)),
                }
            }
            _ => {
                let stepped = match ops::class_of(iterator).next_fn() {
                    Some(f) => match (f(cx, iterator), default) {
                        (Ok(None), Missing::Given(v)) => return Ok(v),
                        (Ok(None), Missing::Absent) => return Err(exc::stop_iteration(cx, Obj::NONE)),
                        (r, _) => r,
                    },
                    None => ops::call_special(cx, iterator, Dunder::Next, &[]),
                };
                let r = match stepped {
                    Ok(None) => {
                        let t = cx.type_name(iterator);
                        return Err(cx.type_error(format!("'{t}' object is not an iterator")));
                    }
                    Ok(Some(v)) => return Ok(v),
                    Err(e) => e,
                };
                match default {
                    Missing::Given(d) if r.is(cx, ExcKind::StopIteration) => Ok(d),
                    _ => Err(r),
                }
            }
        }
    }

    /// Return the number of items in a container.
    fn len(cx: &mut Cx, obj: Obj) -> Result<usize> {
        ops::len(cx, obj)
    }

    #[internal]
    fn extreme(cx: &mut Cx, name: &str, args: Args<'_>, op: CompareOp) -> Result<Obj> {
        let (mut key, mut default) = (None, None);
        for (k, v) in args.keywords() {
            match &*k.to_str() {
                "key" if !v.is_none() => key = Some(v),
                "key" => {}
                "default" => default = Some(v),
                other => {
                    return Err(cx.type_error(format!("{name}() got an unexpected keyword argument '{other}'")));
                }
            }
        }
        let it = match args.pos {
            [] => return Err(cx.type_error(format!("{name} expected at least 1 argument, got 0"))),
            [one] => ops::get_iter(cx, *one)?,
            many => {
                if default.is_some() {
                    return Err(cx.type_error(format!(
                        "Cannot specify a default for {name}() with multiple positional arguments"
                    )));
                }
                if key.is_none() {
                    let mut best = many[0];
                    for v in &many[1..] {
                        if ops::compare(cx, *v, best, op)? {
                            best = *v;
                        }
                    }
                    return Ok(best);
                }
                let t = typhon_object::tuple::new(cx, many)?;
                ops::get_iter(cx, t.obj())?
            }
        };
        let mut best: Option<(Obj, Obj)> = None;
        while let Some(v) = ops::iter_next(cx, it)? {
            let k = match key {
                Some(f) => ops::call_args(cx, f, &[v])?,
                None => v,
            };
            match best {
                Some((b, _)) if !ops::compare(cx, k, b, op)? => {}
                _ => best = Some((k, v)),
            }
        }
        match (best, default) {
            (Some((_, v)), _) => Ok(v),
            (None, Some(d)) => Ok(d),
            (None, None) => Err(cx.value_error(format!("{name}() iterable argument is empty"))),
        }
    }

    /// max(iterable, *[, default=obj, key=func]) -> value
    /// max(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its biggest item. The
    /// default keyword-only argument specifies an object to return if
    /// the provided iterable is empty.
    /// With two or more positional arguments, return the largest argument.
    fn max(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        extreme(cx, "max", args, CompareOp::Gt)
    }

    /// min(iterable, *[, default=obj, key=func]) -> value
    /// min(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its smallest item. The
    /// default keyword-only argument specifies an object to return if
    /// the provided iterable is empty.
    /// With two or more positional arguments, return the smallest argument.
    fn min(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        extreme(cx, "min", args, CompareOp::Lt)
    }

    /// Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.
    ///
    /// Some types, such as ints, are able to use a more efficient algorithm when
    /// invoked using the three argument form.
    #[sig(base, exp, r#mod = None)]
    fn pow(cx: &mut Cx, base: Obj, exp: Obj, r#mod: Obj) -> Result<Obj> {
        ops::pow3(cx, base, exp, r#mod)
    }

    /// Return the canonical string representation of the object.
    ///
    /// For many object types, including most builtins, eval(repr(obj)) == obj.
    fn repr(cx: &mut Cx, obj: Obj) -> Result<Gc<Str>> {
        ops::repr(cx, obj)
    }

    /// Round a number to a given precision in decimal digits.
    ///
    /// The return value is an integer if ndigits is omitted or None.  Otherwise
    /// the return value has the same type as the number.  ndigits may be negative.
    #[sig(number, ndigits = None)]
    fn round(cx: &mut Cx, number: Obj, ndigits: Option<Obj>) -> Result<Obj> {
        let r = match ndigits {
            Some(n) => ops::call_special(cx, number, Dunder::Round, &[n])?,
            None => ops::call_special(cx, number, Dunder::Round, &[])?,
        };
        r.ok_or_else(|| cx.type_error(format!("type {} doesn't define __round__ method", cx.type_name(number))))
    }

    /// Return a new list containing all items from the iterable in ascending order.
    ///
    /// A custom key function can be supplied to customize the sort order, and the
    /// reverse flag can be set to request the result in descending order.
    #[sig(iterable, /, *, key = None, reverse = False)]
    fn sorted(cx: &mut Cx, iterable: Obj, key: Option<Obj>, reverse: bool) -> Result<Gc<List>> {
        let l = ops::list_from_iter(cx, iterable)?;
        sort::sort_list(cx, l, key, reverse)?;
        Ok(l)
    }

    /// Return the sum of a 'start' value (default: 0) plus an iterable of numbers
    ///
    /// When the iterable is empty, return the start value.
    /// This function is intended specifically for use with numeric values and may
    /// reject non-numeric types.
    #[sig(iterable, /, start = 0)]
    fn sum(cx: &mut Cx, iterable: Obj, start: Obj) -> Result<Obj> {
        let it = ops::get_iter(cx, iterable)?;
        let what = match start {
            s if s.cast::<Str>().is_some() => "strings [use ''.join(seq) instead]",
            s if s.cast::<typhon_object::bytes::Bytes>().is_some() => "bytes [use b''.join(seq) instead]",
            s if s.shape() == shape::BYTEARRAY => "bytearray [use b''.join(seq) instead]",
            _ => "",
        };
        if !what.is_empty() {
            return Err(cx.type_error(format!("sum() can't sum {what}")));
        }
        super::sum_from(cx, it, start)
    }

    /// Prints the values to a stream, or to sys.stdout by default.
    ///
    /// sep
    ///   string inserted between values, default a space.
    /// end
    ///   string appended after the last value, default a newline.
    /// file
    ///   a file-like object (stream); defaults to the current sys.stdout.
    /// flush
    ///   whether to forcibly flush the stream.
    #[sig(*args, sep = None, end = None, file = None, flush = False)]
    fn print(
        cx: &mut Cx,
        args: &[Obj],
        sep: Option<Obj>,
        end: Option<Obj>,
        file: Option<Obj>,
        flush: bool,
    ) -> Result<()> {
        for (v, what) in [(sep, "sep"), (end, "end")] {
            if let Some(v) = v
                && v.cast::<Str>().is_none()
            {
                return Err(cx.type_error(format!("{what} must be None or a string, not {}", cx.type_name(v))));
            }
        }
        let file = match file {
            Some(f) => f,
            None => match super::sys_attr(cx, "stdout")? {
                Some(f) if !f.is_none() => f,
                Some(_) => return Ok(()),
                None => return Err(cx.error(ExcKind::RuntimeError, "lost sys.stdout")),
            },
        };
        let write = {
            let n = name!(cx, "write");
            ops::get_attr(cx, file, n)?
        };
        for (i, v) in args.iter().enumerate() {
            if i > 0 {
                let s = match sep {
                    Some(s) => s,
                    None => cx.rt().latin1_char(b' ').obj(),
                };
                ops::call_args(cx, write, &[s])?;
            }
            let s = ops::to_str(cx, *v)?;
            ops::call_args(cx, write, &[s.obj()])?;
        }
        let e = match end {
            Some(e) => e,
            None => cx.rt().latin1_char(b'\n').obj(),
        };
        ops::call_args(cx, write, &[e])?;
        if flush {
            ops::call_method(cx, file, "flush", &[])?;
        }
        Ok(())
    }

    /// Read a string from standard input.  The trailing newline is stripped.
    ///
    /// The prompt string, if given, is printed to standard output without a
    /// trailing newline before reading input.
    ///
    /// If the user hits EOF (*nix: Ctrl-D, Windows: Ctrl-Z+Return), raise EOFError.
    /// On *nix systems, readline is used if available.
    #[sig(prompt = "", /)]
    fn input(cx: &mut Cx, prompt: Obj) -> Result<Obj> {
        let lost = |cx: &Cx, n: &str| cx.error(ExcKind::RuntimeError, format!("input(): lost sys.{n}"));
        let stdin = super::sys_attr(cx, "stdin")?.filter(|f| !f.is_none()).ok_or_else(|| lost(cx, "stdin"))?;
        let stdout = super::sys_attr(cx, "stdout")?.filter(|f| !f.is_none()).ok_or_else(|| lost(cx, "stdout"))?;
        let text = ops::to_str(cx, prompt)?;
        if !text.is_empty() {
            ops::call_method(cx, stdout, "write", &[text.obj()])?;
        }
        // A stream that cannot do it is no obstacle.
        match ops::call_method(cx, stdout, "flush", &[]) {
            Err(e) if !e.is(cx, ExcKind::Exception) => return Err(e),
            _ => {}
        }
        let line = ops::call_method(cx, stdin, "readline", &[])?;
        let Some(s) = line.cast::<Str>() else {
            return Err(cx.type_error("object.readline() returned non-string"));
        };
        if s.is_empty() {
            return Err(cx.error(ExcKind::EOFError, "EOF when reading a line"));
        }
        let n = s.len();
        let keep = if s.at(n - 1) == '\n' as u32 { n - 1 } else { n };
        Ok(str::substring(cx, s, 0, keep)?.obj())
    }

    /// Return an AsyncIterator for an AsyncIterable object.
    fn aiter(cx: &mut Cx, async_iterable: Obj) -> Result<Obj> {
        let t = cx.type_name(async_iterable);
        match ops::call_special(cx, async_iterable, Dunder::AIter, &[])? {
            None => Err(cx.type_error(format!("'{t}' object is not an async iterable"))),
            Some(it) if ops::class_of(it).special(Dunder::ANext).is_none() => {
                Err(cx.type_error(format!("aiter() returned not an async iterator of type '{}'", cx.type_name(it))))
            }
            Some(it) => Ok(it),
        }
    }

    #[internal]
    pub(super) fn float_sum(cx: &Cx, total: f64, correction: f64) -> Result<Obj> {
        // An infinite or nan correction comes from an infinite total.
        let v = if correction != 0.0 && correction.is_finite() { total + correction } else { total };
        float::new(cx, v)
    }
}

/// `sys.name`, if there is a `sys` yet.
pub fn sys_attr(cx: &mut Cx, name: &str) -> Result<Option<Obj>> {
    let Some(modules) = Obj::from_word(cx.interp().modules.get()).and_then(|o| o.cast::<Dict>()) else {
        return Ok(None);
    };
    let Some(sys) = modules.get_str(typhon_object::name!(cx, "sys")) else { return Ok(None) };
    let n = cx.intern(name)?;
    typhon_object::ops::get_attr_opt(cx, sys, n)
}

/// Whether `o` can be called.
pub fn is_callable(o: Obj) -> bool {
    let c = typhon_object::ops::class_of(o);
    c.call_fn().is_some() || c.special(typhon_object::Dunder::Call).is_some_and(|m| !m.is_none())
}

/// `start` plus everything that `it` yields: ints and floats without objects in
/// between, floats with a running correction (Neumaier).
/// A sum as two floats: what is lost in the first is in the second.
#[derive(Clone, Copy)]
struct Compensated(f64, f64);

impl Compensated {
    fn add(&mut self, x: f64) {
        let t = self.0 + x;
        self.1 += if self.0.abs() >= x.abs() { (self.0 - t) + x } else { (x - t) + self.0 };
        self.0 = t;
    }
    fn value(self) -> f64 {
        if self.1 != 0.0 && self.1.is_finite() { self.0 + self.1 } else { self.0 }
    }
}

/// Add up complex numbers and reals; also the first item that is neither.
fn complex_sum(cx: &mut Cx, it: Obj, start: Obj) -> Result<(Obj, Option<Obj>)> {
    use typhon_object::{float, int, ops, shape};
    let (re, im) = crate::complex::construct::from_number(cx, start)?;
    let (mut re, mut im) = (Compensated(re, 0.0), Compensated(im, 0.0));
    let other = loop {
        let Some(v) = ops::iter_next(cx, it)? else { break None };
        match (v.shape(), int::small(v)) {
            (shape::COMPLEX, _) => {
                let (r, i) = crate::complex::construct::from_number(cx, v)?;
                re.add(r);
                im.add(i);
            }
            (shape::FLOAT, _) => re.add(float::value(v).unwrap_or(0.0)),
            (_, Some(i)) => re.add(i as f64),
            _ => break Some(v),
        }
    };
    Ok((crate::complex::new(cx, (re.value(), im.value()))?, other))
}

fn sum_from(cx: &mut Cx, it: Obj, start: Obj) -> Result<Obj> {
    use typhon_object::{BinaryOp, float, int, ops, shape};
    let mut acc = start;
    let mut pending: Option<Obj> = None;
    if let Some(mut n) = acc.as_small_int() {
        loop {
            let Some(v) = ops::iter_next(cx, it)? else { return int::from_i64(cx, n) };
            match int::small(v).and_then(|i| n.checked_add(i)) {
                Some(s) => n = s,
                None => {
                    acc = int::from_i64(cx, n)?;
                    pending = Some(v);
                    break;
                }
            }
        }
    }
    if let Some(v) = pending
        && v.shape() == shape::FLOAT
        && int::is_int(acc)
    {
        acc = ops::binary(cx, BinaryOp::Add, acc, v)?;
        pending = None;
    }
    if acc.shape() == shape::FLOAT && pending.is_none() {
        let (mut total, mut correction) = (float::value(acc).unwrap_or(0.0), 0.0);
        loop {
            let Some(v) = ops::iter_next(cx, it)? else { return builtins::float_sum(cx, total, correction) };
            let x = match (float::value(v), int::small(v)) {
                (Some(x), _) if v.shape() == shape::FLOAT => x,
                (_, Some(i)) => i as f64,
                _ => {
                    acc = builtins::float_sum(cx, total, correction)?;
                    pending = Some(v);
                    break;
                }
            };
            let t = total + x;
            correction += if total.abs() >= x.abs() { (total - t) + x } else { (x - t) + total };
            total = t;
        }
    }
    if let Some(v) = pending {
        acc = ops::binary(cx, BinaryOp::Add, acc, v)?;
    }
    if acc.shape() == shape::COMPLEX {
        match complex_sum(cx, it, acc)? {
            (sum, None) => return Ok(sum),
            (sum, Some(v)) => acc = ops::binary(cx, BinaryOp::Add, sum, v)?,
        }
    }
    while let Some(v) = ops::iter_next(cx, it)? {
        acc = ops::binary(cx, BinaryOp::Add, acc, v)?;
    }
    Ok(acc)
}
