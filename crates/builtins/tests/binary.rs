//! Binary types and complex numbers without a VM: what Python code cannot show
//! easily, and a few values of everything else. Results are CPython's.

use typhon_builtins::bytearray::{self, Bytearray};
use typhon_builtins::memoryview::MemoryView;
use typhon_builtins::{buffer, containers, functions, slice};
use typhon_object::{BinaryOp, Cx, Gc, Obj, Raised, Result, boot, bytes, cx, ops, str};

fn with_runtime(f: impl FnOnce(&mut Cx) -> Result<()>) {
    cx::init_heap(&Default::default());
    let mut c = Cx::attach(1 << 20);
    boot::bootstrap(&mut c).expect("bootstrap");
    typhon_builtins::init(&mut c).expect("types");
    containers::builtins_namespace(&mut c).expect("namespace");
    if let Err(e) = f(&mut c) {
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

fn b(cx: &Cx, data: &[u8]) -> Obj {
    bytes::new(cx, data).expect("memory").obj()
}
fn int(v: i64) -> Obj {
    Obj::int_unchecked(v)
}
#[track_caller]
fn shows(cx: &mut Cx, r: Result<Obj>, want: &str) {
    let got = match r.and_then(|o| ops::repr(cx, o)) {
        Ok(s) => s.to_str().into_owned(),
        Err(e) => describe(cx, e),
    };
    assert_eq!(got, want);
}
#[track_caller]
fn method(cx: &mut Cx, o: Obj, name: &str, args: &[Obj], want: &str) {
    let r = ops::call_method(cx, o, name, args);
    shows(cx, r, want);
}
#[track_caller]
fn call(cx: &mut Cx, name: &str, args: &[Obj], want: &str) {
    let f = functions::builtin(cx, name).expect("a builtin");
    let r = ops::call_args(cx, f, args);
    shows(cx, r, want);
}

fn bytes_methods(cx: &mut Cx) -> Result<()> {
    let (o, comma) = (b(cx, b" a,b,,c \xff"), b(cx, b","));
    method(cx, o, "split", &[comma], "[b' a', b'b', b'', b'c \\xff']");
    method(cx, o, "split", &[Obj::NONE, int(1)], "[b'a,b,,c', b'\\xff']");
    method(cx, o, "rfind", &[comma], "5");
    method(cx, o, "index", &[int(300)], "ValueError: byte must be in range(0, 256)");
    method(
        cx,
        o,
        "decode",
        &[],
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 8: invalid start byte",
    );
    let (new, hex) = (b(cx, b"--"), b(cx, b"\x01\xab\xff"));
    method(cx, o, "replace", &[comma, new, int(2)], "b' a--b--,c \\xff'");
    let colon = str::new(cx, ":")?.obj();
    method(cx, hex, "hex", &[colon, int(2)], "'01:abff'");
    let (fmt, args) = (b(cx, b"%5.1f|%-4b|%#x"), typhon_object::tuple::new(cx, &[int(2), comma, int(255)])?);
    let r = ops::binary(cx, BinaryOp::Mod, fmt, args.obj());
    shows(cx, r, "b'  2.0|,   |0xff'");
    call(cx, "bytes", &[int(-1)], "ValueError: negative count");
    let bad = str::new(cx, "a")?.obj();
    call(cx, "bytes", &[bad], "TypeError: string argument without an encoding");
    Ok(())
}

/// Whatever the order of changes, a bytearray equals the vector they describe.
fn storage(cx: &mut Cx) -> Result<()> {
    let a = bytearray::new(cx, b"")?;
    let mut model: Vec<u8> = Vec::new();
    let mut state = 12345u32;
    let mut random = |n: usize| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
        (state >> 16) as usize % n
    };
    for step in 0..5000 {
        let (start, n) = (random(model.len() + 1), random(9));
        let end = (start + random(12)).min(model.len());
        let new: Vec<u8> = (0..n).map(|i| (step + i) as u8).collect();
        match random(4) {
            0 => {
                a.push(cx, step as u8)?;
                model.push(step as u8);
            }
            // A queue's front goes.
            1 => {
                a.splice(cx, 0, end, &[])?;
                model.drain(..end);
            }
            2 => {
                // From its own memory.
                let own = &a.as_slice()[..n.min(model.len())];
                let copy = own.to_vec();
                a.splice(cx, start, end, own)?;
                model.splice(start..end, copy);
            }
            _ => {
                a.splice(cx, start, end, &new)?;
                model.splice(start..end, new);
            }
        }
        assert_eq!(a.as_slice(), &model[..]);
    }
    Ok(())
}

/// BA-3: memoryviews hold the length, and BUF-1: memory outlives its owner's
/// interest in it.
fn exports(cx: &mut Cx) -> Result<()> {
    let a: Gc<Bytearray> = bytearray::new(cx, b"abc")?;
    let old = buffer::get(cx, a.obj(), false)?;
    a.splice(cx, 3, 3, &[b'x'; 1000])?;
    assert_eq!(old.as_slice(), b"abc");
    let m = MemoryView::over(cx, a.obj())?;
    method(cx, a.obj(), "append", &[int(1)], "BufferError: Existing exports of data: object cannot be re-sized");
    ops::set_item(cx, m.obj(), int(0), int(b'z' as i64))?;
    assert_eq!(a.as_slice()[0], b'z');
    m.release_now(cx)?;
    method(cx, a.obj(), "append", &[int(1)], "None");
    method(cx, m.obj(), "tolist", &[], "ValueError: operation forbidden on released memoryview object");
    Ok(())
}

fn views(cx: &mut Cx) -> Result<()> {
    let base = b(cx, b"abcdefgh");
    let m = MemoryView::over(cx, base)?.obj();
    let every_other = slice::new(cx, Obj::NONE, Obj::NONE, int(-2))?;
    let s = ops::get_item(cx, m, every_other.obj())?;
    method(cx, s, "tobytes", &[], "b'hfdb'");
    let h = str::new(cx, "H")?.obj();
    method(cx, s, "cast", &[h], "TypeError: memoryview: casts are restricted to C-contiguous views");
    let c = ops::call_method(cx, m, "cast", &[h])?;
    method(cx, c, "tolist", &[], "[25185, 25699, 26213, 26727]");
    let (f, shape) = (str::new(cx, "B")?.obj(), typhon_object::tuple::new(cx, &[int(2), int(4)])?.obj());
    let c = ops::call_method(cx, m, "cast", &[f, shape])?;
    method(cx, c, "tolist", &[], "[[97, 98, 99, 100], [101, 102, 103, 104]]");
    let order = str::new(cx, "F")?.obj();
    method(cx, c, "tobytes", &[order], "b'aebfcgdh'");
    assert_eq!(ops::hash(cx, m)?, ops::hash(cx, base)?);
    Ok(())
}

fn complex(cx: &mut Cx) -> Result<()> {
    let new = |cx: &mut Cx, re, im| typhon_builtins::complex::new(cx, (re, im));
    let (z, w) = (new(cx, 1.0, 2.0)?, new(cx, 0.0, -0.0)?);
    shows(cx, Ok(w), "-0j");
    let r = ops::binary(cx, BinaryOp::Mul, z, z);
    shows(cx, r, "(-3+4j)");
    let r = ops::binary(cx, BinaryOp::Sub, int(1), z);
    shows(cx, r, "-2j");
    let r = ops::binary(cx, BinaryOp::TrueDiv, z, w);
    shows(cx, r, "ZeroDivisionError: division by zero");
    let inf = new(cx, f64::INFINITY, f64::INFINITY)?;
    let r = ops::binary(cx, BinaryOp::Mul, z, inf);
    shows(cx, r, "(nan+infj)");
    let r = ops::binary(cx, BinaryOp::Pow, z, int(-2));
    shows(cx, r, "(-0.12-0.16j)");
    let text = str::new(cx, " ( 1e3-J ) ")?.obj();
    call(cx, "complex", &[text], "(1000-1j)");
    call(cx, "complex", &[Obj::NONE], "TypeError: complex() argument must be a string or a number, not NoneType");
    Ok(())
}

/// The heap is one per process, so one test runs them all.
#[test]
fn binary() {
    with_runtime(|cx| {
        bytes_methods(cx)?;
        storage(cx)?;
        exports(cx)?;
        views(cx)?;
        complex(cx)
    });
}
