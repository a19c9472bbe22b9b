//! Boots the runtime without a VM and calls native code through the abstract
//! operations. Each check names what Python would write.

use typhon_builtins::{containers, exceptions, set, slice};
use typhon_object::exc::{BaseException, ExcKind};
use typhon_object::list::List;
use typhon_object::{BinaryOp, CompareOp, Cx, Gc, Obj, Raised, Result, boot, cx, dict, list, ops, str, tuple};

fn with_runtime(f: impl FnOnce(&mut Cx) -> Result<()>) {
    cx::init_heap(&Default::default());
    let mut c = Cx::attach(1 << 20);
    boot::bootstrap(&mut c).expect("bootstrap");
    containers::init_containers(&mut c).expect("containers");
    let d = containers::builtins_namespace(&mut c).expect("namespace");
    assert!(d.len() > 80);
    let r = f(&mut c);
    if let Err(e) = r {
        panic!("raised {}", describe(&mut c, e));
    }
    c.detach();
}

fn describe(cx: &mut Cx, e: Raised) -> String {
    let name = cx.type_name(e.obj());
    match ops::to_str(cx, e.obj()) {
        Ok(s) => format!("{name}: {}", s.to_str()),
        Err(_) => name,
    }
}

fn int(v: i64) -> Obj {
    Obj::int_unchecked(v)
}
fn s(cx: &Cx, t: &str) -> Obj {
    str::new(cx, t).expect("memory").obj()
}
fn ints(cx: &Cx, v: &[i64]) -> Gc<List> {
    let l = list::new(cx, &[]).expect("memory");
    for i in v {
        l.append(cx, int(*i)).expect("memory");
    }
    l
}
fn builtin(cx: &Cx, n: &str) -> Obj {
    typhon_builtins::functions::builtin(cx, n).expect("a builtin")
}
fn call(cx: &mut Cx, n: &str, args: &[Obj]) -> Result<Obj> {
    let f = builtin(cx, n);
    ops::call_args(cx, f, args)
}
#[track_caller]
fn reprs(cx: &mut Cx, o: Obj, want: &str) {
    let got = match ops::repr(cx, o) {
        Ok(s) => s.to_str().into_owned(),
        Err(e) => describe(cx, e),
    };
    assert_eq!(got, want);
}
#[track_caller]
fn raises(cx: &mut Cx, r: Result<Obj>, want: &str) {
    match r {
        Ok(_) => panic!("nothing raised, wanted {want}"),
        Err(e) => assert_eq!(describe(cx, e), want),
    }
}

fn lists(cx: &mut Cx) -> Result<()> {
    // repr of ints and strings belongs to the scalar types, so compare values.
    let l = ints(cx, &[5, 3, 9, 1]);
    ops::call_method(cx, l.obj(), "sort", &[])?;
    let want = ints(cx, &[1, 3, 5, 9]);
    assert!(ops::equal(cx, l.obj(), want.obj())?);
    ops::call_method(cx, l.obj(), "insert", &[int(1), int(2)])?;
    ops::call_method(cx, l.obj(), "pop", &[int(0)])?;
    let want = ints(cx, &[2, 3, 5, 9]);
    assert!(ops::equal(cx, l.obj(), want.obj())?);
    let e = list::new(cx, &[])?;
    let r = ops::call_method(cx, e.obj(), "pop", &[]);
    raises(cx, r, "IndexError: pop from empty list");
    // l[::-1], l[1:3] = [7, 7, 7], del l[::2]
    let back = slice::new(cx, Obj::NONE, Obj::NONE, int(-1))?;
    let r = ops::get_item(cx, l.obj(), back.obj())?;
    let want = ints(cx, &[9, 5, 3, 2]);
    assert!(ops::equal(cx, r, want.obj())?);
    let mid = slice::new(cx, int(1), int(3), Obj::NONE)?;
    let sevens = ints(cx, &[7, 7, 7]);
    ops::set_item(cx, l.obj(), mid.obj(), sevens.obj())?;
    let want = ints(cx, &[2, 7, 7, 7, 9]);
    assert!(ops::equal(cx, l.obj(), want.obj())?);
    let even = slice::new(cx, Obj::NONE, Obj::NONE, int(2))?;
    ops::del_item(cx, l.obj(), even.obj())?;
    let want = ints(cx, &[7, 7]);
    assert!(ops::equal(cx, l.obj(), want.obj())?);
    let r = ops::set_item(cx, l.obj(), even.obj(), sevens.obj()).map(|_| Obj::NONE);
    raises(cx, r, "ValueError: attempt to assign sequence of size 3 to extended slice of size 1");
    let r = ops::binary(cx, BinaryOp::Mul, l.obj(), int(3))?;
    assert_eq!(ops::len(cx, r)?, 6);
    assert!(ops::compare(cx, l.obj(), r, CompareOp::Lt)?);
    // a list that contains itself
    let c = list::new(cx, &[])?;
    c.append(cx, c.obj())?;
    reprs(cx, c.obj(), "[[...]]");
    Ok(())
}

fn sorting(cx: &mut Cx) -> Result<()> {
    // Tuples go through the merge sort.
    let mut seed = 12345u64;
    let mut rand = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 40) as i64 % 100
    };
    for n in [0usize, 1, 2, 3, 63, 64, 65, 200, 1000, 4097] {
        let l = list::new(cx, &[])?;
        for i in 0..n {
            let k = rand();
            let t = tuple::new(cx, &[int(k), int(i as i64)])?;
            l.append(cx, t.obj())?;
        }
        ops::call_method(cx, l.obj(), "sort", &[])?;
        for i in 1..n {
            let (a, b) = (l.get(i - 1).expect("in range"), l.get(i).expect("in range"));
            assert!(ops::compare(cx, a, b, CompareOp::Lt)?, "unordered at {i} of {n}");
        }
    }
    let l = list::new(cx, &[int(1), s(cx, "a")])?;
    let r = ops::call_method(cx, l.obj(), "sort", &[]);
    raises(cx, r, "TypeError: '<' not supported between instances of 'str' and 'int'");
    assert_eq!(l.len(), 2);
    Ok(())
}

fn dicts(cx: &mut Cx) -> Result<()> {
    let d = dict::new(cx)?;
    for i in 0..100 {
        ops::set_item(cx, d.obj(), int(i), int(i * i))?;
    }
    let keys = ops::call_method(cx, d.obj(), "keys", &[])?;
    assert!(ops::contains(cx, keys, int(7))?);
    let items = ops::call_method(cx, d.obj(), "items", &[])?;
    let l = ops::list_from_iter(cx, items)?;
    assert_eq!(l.len(), 100);
    let r = ops::get_item(cx, d.obj(), int(100));
    assert!(r.is_err());
    let it = ops::get_iter(cx, d.obj())?;
    ops::iter_next(cx, it)?;
    ops::del_item(cx, d.obj(), int(50))?;
    let r = ops::iter_next(cx, it).map(|_| Obj::NONE);
    raises(cx, r, "RuntimeError: dictionary changed size during iteration");
    let l = list::new(cx, &[int(1)])?;
    let r = call(cx, "dict", &[l.obj()]);
    raises(cx, r, "TypeError: object is not iterable");
    let t = tuple::new(cx, &[int(1)])?;
    let l = list::new(cx, &[t.obj()])?;
    let r = call(cx, "dict", &[l.obj()]);
    raises(cx, r, "ValueError: dictionary update sequence element #0 has length 1; 2 is required");
    let e = dict::new(cx)?;
    e.insert(cx, int(1), e.obj())?;
    let r = ops::repr(cx, e.obj()).map(|s| s.to_str().into_owned());
    assert!(r.is_ok_and(|r| r.ends_with(": {...}}")));
    Ok(())
}

fn sets(cx: &mut Cx) -> Result<()> {
    let a = ints(cx, &[1, 2, 3, 3]);
    let b = ints(cx, &[3, 4]);
    let a = set::from_iterable(cx, a.obj())?;
    let b = set::from_iterable(cx, b.obj())?;
    for (op, n) in [(BinaryOp::Or, 4), (BinaryOp::And, 1), (BinaryOp::Sub, 2), (BinaryOp::Xor, 3)] {
        let r = ops::binary(cx, op, a, b)?;
        assert_eq!(ops::len(cx, r)?, n, "{op:?}");
    }
    let f = call(cx, "frozenset", &[a])?;
    assert!(ops::equal(cx, a, f)?);
    let all = set::from_iterable(cx, f)?;
    set::add(cx, all, f)?;
    // A set is found where an equal frozenset is.
    assert!(ops::contains(cx, all, a)?);
    let r = ops::hash(cx, a).map(|_| Obj::NONE);
    raises(cx, r, "TypeError: unhashable type: 'set'");
    let r = ops::call_method(cx, all, "add", &[a]);
    raises(cx, r, "TypeError: cannot use 'set' as a set element (unhashable type: 'set')");
    Ok(())
}

fn ranges_and_functions(cx: &mut Cx) -> Result<()> {
    let r = call(cx, "range", &[int(0), int(10), int(3)])?;
    assert_eq!(ops::len(cx, r)?, 4);
    let total = call(cx, "sum", &[r])?;
    assert_eq!(total, int(18));
    let m = call(cx, "max", &[r])?;
    assert_eq!(m, int(9));
    let back = call(cx, "reversed", &[r])?;
    let l = ops::list_from_iter(cx, back)?;
    let want = ints(cx, &[9, 6, 3, 0]);
    assert!(ops::equal(cx, l.obj(), want.obj())?);
    assert!(ops::contains(cx, r, int(6))? && !ops::contains(cx, r, int(7))?);
    let z = call(cx, "zip", &[r, l.obj()])?;
    let e = call(cx, "enumerate", &[z])?;
    assert_eq!(ops::list_from_iter(cx, e)?.len(), 4);
    let empty = list::new(cx, &[])?;
    let r = call(cx, "max", &[empty.obj()]);
    raises(cx, r, "ValueError: max() iterable argument is empty");
    let r = call(cx, "len", &[int(1)]);
    raises(cx, r, "TypeError: object of type 'int' has no len()");
    let r = call(cx, "chr", &[int(-1)]);
    raises(cx, r, "ValueError: chr() arg not in range(0x110000)");
    let h = call(cx, "hex", &[int(-255)])?;
    assert!(h.cast::<str::Str>().is_some_and(|h| h.eq_str("-0xff")));
    Ok(())
}

fn exceptions_have_attributes(cx: &mut Cx) -> Result<()> {
    let text = s(cx, "boom");
    let e = call(cx, "ValueError", &[text])?;
    let t = ops::to_str(cx, e)?;
    assert!(t.eq_str("boom"));
    let n = cx.intern("args")?;
    let a = ops::get_attr(cx, e, n)?;
    assert_eq!(ops::len(cx, a)?, 1);
    ops::call_method(cx, e, "add_note", &[text])?;
    let x = call(cx, "StopIteration", &[int(5)])?;
    let n = cx.intern("value")?;
    assert_eq!(ops::get_attr(cx, x, n)?, int(5));
    let os = builtin(cx, "OSError");
    let e = ops::call_args(cx, os, &[int(2), text])?;
    assert!(ExcKind::FileNotFoundError.matches(cx, e));
    let e = e.cast::<BaseException>().expect("an exception");
    let args = exceptions::args_of(cx, &e)?;
    assert_eq!(args.len(), 2);
    let t = ops::to_str(cx, e.obj())?;
    assert!(t.to_str().starts_with("[Errno "));
    Ok(())
}

#[test]
fn everything() {
    // One process has one heap and boots once.
    with_runtime(|cx| {
        lists(cx)?;
        sorting(cx)?;
        dicts(cx)?;
        sets(cx)?;
        ranges_and_functions(cx)?;
        exceptions_have_attributes(cx)
    });
}
