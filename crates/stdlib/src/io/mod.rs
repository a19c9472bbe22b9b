//! `_io`: files.
//!
//! | file | what |
//! |---|---|
//! | `base.rs` | the abstract classes |
//! | `fileio.rs` | raw files |
//! | `buffered.rs` | buffers over raw files |
//! | `text.rs` | text over buffers |
//! | `newline.rs` | line ends |
//! | `bytesio.rs`, `stringio.rs` | files in memory |
//! | `lock.rs` | the lock of buffered objects |
//!
//! Tests: CPython test_io, test_fileio, test_memoryio.

mod base;
mod buffered;
mod bytesio;
mod fileio;
pub(crate) mod lock;
mod newline;
mod stringio;
mod text;

use crate::util::{attr, set};
use base::{BufferedIOBase, IOBase, RawIOBase, TextIOBase};
use buffered::{Buffered, BufferedRWPair, BufferedRandom, BufferedReader, BufferedWriter};
use bytesio::BytesIO;
use fileio::FileIO;
use newline::IncrementalNewlineDecoder;
use stringio::StringIO;
use text::TextIOWrapper;
use typhon_macros::module;
use typhon_object::interp::InterpRoot;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Raised, Result, array, dict, native, new_type, ops, shape, tuple};

/// `io.DEFAULT_BUFFER_SIZE`.
pub const BUFFER_SIZE: usize = 128 * 1024;

static UNSUPPORTED: InterpRoot = InterpRoot::new();

/// `io.UnsupportedOperation`.
fn unsupported_class(cx: &mut Cx) -> Result<Gc<Type>> {
    if let Some(t) = Obj::from_word(UNSUPPORTED.get(cx)).and_then(|o| o.cast()) {
        return Ok(t);
    }
    let ns = dict::new(cx)?;
    let m = cx.intern("__module__")?;
    let v = cx.intern("io")?;
    ns.insert_str(cx, m, v.obj())?;
    let bases = [ExcKind::OSError.class(cx).obj(), ExcKind::ValueError.class(cx).obj()];
    let bases = tuple::new(cx, &bases)?;
    let name = cx.intern("UnsupportedOperation")?;
    let t = new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)?;
    UNSUPPORTED.set(cx, t.obj().word());
    Ok(t)
}

/// `UnsupportedOperation(msg)`.
#[cold]
pub(crate) fn unsupported(cx: &mut Cx, msg: &str) -> Raised {
    let made = (|| {
        let c = unsupported_class(cx)?;
        let m = msg.into_obj(cx)?;
        ops::call_args(cx, c.obj(), &[m])
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::OSError, msg)),
        Err(e) => e,
    }
}

pub(crate) use newline::has_char;

/// The ValueError of a closed file.
#[cold]
pub(crate) fn closed_error(cx: &Cx) -> Raised {
    cx.value_error("I/O operation on closed file")
}

/// The shared part of a buffered object.
pub(crate) fn buffered_of(o: Obj) -> Option<Gc<Buffered>> {
    if let Some(b) = o.cast::<BufferedWriter>() {
        return Some(Gc::of(&b.payload().inner));
    }
    if let Some(b) = o.cast::<BufferedReader>() {
        return Some(Gc::of(&b.payload().inner));
    }
    o.cast::<BufferedRandom>().map(|b| Gc::of(&b.payload().inner))
}

/// The encoding of the user's locale; Python's UTF-8 mode is the default here
/// wherever the locale says nothing else.
pub(crate) fn locale_encoding() -> String {
    "utf-8".into()
}

/// Flush every buffered file that is still open: for the end of the process.
pub fn flush_all(cx: &mut Cx) {
    // Files are found by walking the heap; garbage counts as well. First the
    // number, so that nothing is allocated while the world stands still.
    let is_file = |p: *mut u8| {
        let o = Obj::from_word(p.addr() as u64)?;
        (o.cast::<TextIOWrapper>().is_some()
            || o.cast::<BufferedWriter>().is_some()
            || o.cast::<BufferedRandom>().is_some())
        .then_some(o)
    };
    let mut n = 0;
    typhon_gc::for_each_object(&cx.mutator, |p| n += usize::from(is_file(p).is_some()));
    let Ok(found) = array::new(cx, n + 64) else { return };
    let mut i = 0;
    typhon_gc::for_each_object(&cx.mutator, |p| {
        if let Some(o) = is_file(p)
            && i < found.cap()
        {
            found.slots()[i].store(o.word(), std::sync::atomic::Ordering::Release);
            i += 1;
        }
    });
    cx.barrier(found.obj());
    // Text first: its bytes go to the buffers.
    for text in [true, false] {
        for o in (0..i).filter_map(|i| found.get(i)) {
            // A file that cannot be written must not keep the others from it.
            let _ = match (text, o.cast::<TextIOWrapper>()) {
                (true, Some(t)) => text::flush(t, cx),
                (false, None) => buffered_of(o).map_or(Ok(()), |b| Buffered::flush(b, cx)),
                _ => Ok(()),
            };
        }
    }
}

/// Open a file as the VM does for its standard streams: `open(fd, mode, ...)`.
#[allow(clippy::too_many_arguments)]
pub fn open_file(
    cx: &mut Cx,
    file: Obj,
    mode: &str,
    buffering: i64,
    encoding: Option<Obj>,
    errors: Option<Obj>,
    newline: Option<Obj>,
    closefd: bool,
    opener: Option<Obj>,
) -> Result<Obj> {
    let mut seen = [false; 128];
    for c in mode.chars() {
        let i = c as usize;
        if !"axrwb+t".contains(c) || seen[i] {
            return Err(cx.value_error(format!("invalid mode: '{mode}'")));
        }
        seen[i] = true;
    }
    let has = |c: char| seen[c as usize];
    let (text, binary) = (has('t'), has('b'));
    if text && binary {
        return Err(cx.value_error("can't have text and binary mode at once"));
    }
    if [has('x'), has('r'), has('w'), has('a')].iter().filter(|b| **b).count() != 1 {
        return Err(cx.value_error("must have exactly one of create/read/write/append mode"));
    }
    if binary && encoding.is_some() {
        return Err(cx.value_error("binary mode doesn't take an encoding argument"));
    }
    if binary && errors.is_some() {
        return Err(cx.value_error("binary mode doesn't take an errors argument"));
    }
    if binary && newline.is_some() {
        return Err(cx.value_error("binary mode doesn't take a newline argument"));
    }
    if binary && buffering == 1 {
        crate::util::warn(
            cx,
            "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
            ExcKind::RuntimeWarning,
            1,
        )?;
    }
    let raw_mode: String = mode.chars().filter(|c| "xrwa+".contains(*c)).collect();
    let class = native::class_of::<FileIO>(cx)?;
    let m = raw_mode.into_obj(cx)?;
    let raw = ops::call_args(cx, class.obj(), &[file, m, Obj::bool(closefd), opener.unwrap_or(Obj::NONE)])?;
    let r = finish_open(cx, raw, mode, buffering, encoding, errors, newline, [has('+'), has('r'), binary]);
    if r.is_err() {
        let _ = ops::call_method(cx, raw, "close", &[]);
    }
    r
}

#[allow(clippy::too_many_arguments)]
fn finish_open(
    cx: &mut Cx,
    raw: Obj,
    mode: &str,
    buffering: i64,
    encoding: Option<Obj>,
    errors: Option<Obj>,
    newline: Option<Obj>,
    [updating, reading, binary]: [bool; 3],
) -> Result<Obj> {
    let f = raw.cast::<FileIO>().expect("just made");
    let fd = f.fd();
    let tty = buffering < 0 && fd.is_some_and(|fd| cx.blocked(|| crate::sys::isatty(fd)));
    let line_buffering = buffering == 1 || tty;
    let size = if buffering < 0 || buffering == 1 { f.block_size() } else { buffering };
    if size == 0 {
        if !binary {
            return Err(cx.value_error("can't have unbuffered text I/O"));
        }
        return Ok(raw);
    }
    let class = if updating {
        native::class_of::<BufferedRandom>(cx)?
    } else if reading {
        native::class_of::<BufferedReader>(cx)?
    } else {
        native::class_of::<BufferedWriter>(cx)?
    };
    let buffer = ops::call_args(cx, class.obj(), &[raw, size.into_obj(cx)?])?;
    if binary {
        return Ok(buffer);
    }
    let class = native::class_of::<TextIOWrapper>(cx)?;
    let none = Obj::NONE;
    let args =
        [buffer, encoding.unwrap_or(none), errors.unwrap_or(none), newline.unwrap_or(none), Obj::bool(line_buffering)];
    let w = ops::call_args(cx, class.obj(), &args)?;
    let n = cx.intern("mode")?;
    let m = mode.into_obj(cx)?;
    ops::set_attr(cx, w, n, Some(m))?;
    Ok(w)
}

/// The io module provides the Python interfaces to stream handling. The
/// builtin open function is defined in this module.
#[module(
    "_io",
    classes(
        IOBase,
        RawIOBase,
        BufferedIOBase,
        TextIOBase,
        FileIO,
        BytesIO,
        StringIO,
        BufferedReader,
        BufferedWriter,
        BufferedRandom,
        BufferedRWPair,
        TextIOWrapper,
        IncrementalNewlineDecoder
    )
)]
pub mod io {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set(cx, module, "DEFAULT_BUFFER_SIZE", BUFFER_SIZE)?;
        let u = unsupported_class(cx)?;
        set(cx, module, "UnsupportedOperation", u)?;
        let b = ExcKind::BlockingIOError.class(cx);
        set(cx, module, "BlockingIOError", b)?;
        // Files in memory hold nothing that must be finalised.
        native::class_of::<BytesIO>(cx)?.set_flag(types::F_FINALIZER, false);
        native::class_of::<StringIO>(cx)?.set_flag(types::F_FINALIZER, false);
        Ok(())
    }

    /// Open file and return a stream.  Raise OSError upon failure.
    #[sig(file, mode = "r", buffering = -1, encoding = None, errors = None, newline = None, closefd = True, opener = None)]
    fn open(
        cx: &mut Cx,
        file: Obj,
        mode: Gc<Str>,
        buffering: i64,
        encoding: Option<Gc<Str>>,
        errors: Option<Gc<Str>>,
        newline: Option<Gc<Str>>,
        closefd: bool,
        opener: Option<Obj>,
    ) -> Result<Obj> {
        let file = if typhon_object::int::is_int(file) { file } else { crate::util::fspath(cx, file)? };
        let mode = mode.to_str().into_owned();
        open_file(
            cx,
            file,
            &mode,
            buffering,
            encoding.map(|e| e.obj()),
            errors.map(|e| e.obj()),
            newline.map(|e| e.obj()),
            closefd,
            opener,
        )
    }
    /// Opens the provided file with the intent to import the contents.
    #[sig(path)]
    fn open_code(cx: &mut Cx, path: Gc<Str>) -> Result<Obj> {
        open_file(cx, path.obj(), "rb", -1, None, None, None, true, None)
    }
    /// A helper function to choose the text encoding.
    #[sig(encoding, stacklevel = 2, /)]
    fn text_encoding(cx: &mut Cx, encoding: Obj, stacklevel: i32) -> Result<Obj> {
        let _ = stacklevel;
        if encoding.is_none() {
            let utf8_mode = match crate::util::import(cx, "sys") {
                Ok(sys) => {
                    let f = attr(cx, sys, "flags")?;
                    match crate::util::attr_opt(cx, f, "utf8_mode")? {
                        Some(m) => i64::from_arg(cx, m)? != 0,
                        None => false,
                    }
                }
                Err(_) => false,
            };
            return Ok(str::new(cx, if utf8_mode { "utf-8" } else { "locale" })?.obj());
        }
        Ok(encoding)
    }
}
