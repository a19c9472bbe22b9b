//! Exceptions: `BaseException`, the built-in classes, and `Raised`.
//!
//! `Err(Raised)` means that Python raised; it carries the exception object.
//! Methods of the classes are in typhon-builtins.
//!
//! Tests: tests/lang/exceptions.md; CPython test_exceptions.

use crate::cx::Cx;
use crate::native::{Payload, Trace};
use crate::obj::{Gc, Obj, Slot};
use crate::tuple::Tuple;
use crate::types::Type;
use crate::{Result, Tracer, ops, shape, str, tuple};
use std::sync::atomic::{AtomicBool, Ordering};

/// Python raised this exception.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Raised(pub Gc<BaseException>);

impl std::fmt::Debug for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raised({})", ops::class_of(self.0.obj()).name())
    }
}

/// How many words of named attributes an exception has (`OSError.errno`, ...).
pub const FIELDS: usize = 9;

/// The field of a SyntaxError for `_metadata`: (line, column, source) of the statement, from
/// which `traceback` finds suggestions.
pub const SYNTAX_METADATA: usize = 8;

/// The payload of every exception.
#[repr(C)]
pub struct BaseException {
    /// `args`.
    pub args: Slot<Tuple>,
    /// `__traceback__`.
    pub traceback: Slot,
    /// `__context__`.
    pub context: Slot,
    /// `__cause__`.
    pub cause: Slot,
    /// Attributes that subclasses name: see the tables in typhon-builtins.
    pub fields: [Slot; FIELDS],
    /// `__suppress_context__`.
    pub suppress_context: AtomicBool,
}

impl Trace for BaseException {
    fn trace(&self, t: &mut Tracer) {
        self.args.trace(t);
        self.traceback.trace(t);
        self.context.trace(t);
        self.cause.trace(t);
        self.fields.trace(t);
    }
}

impl Payload for BaseException {
    fn is(o: Obj) -> bool {
        crate::native::has_payload(o, shape::BASE_EXCEPTION)
    }
}

macro_rules! exceptions {
    ($($name:ident: $base:ident $doc:literal,)*) => {
        /// The built-in exception classes.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        #[allow(missing_docs, non_camel_case_types)]
        pub enum ExcKind { BaseException, $($name),* }
        /// How many there are.
        pub const KINDS: usize = [$(stringify!($name)),*].len() + 1;
        const TABLE: &[(&str, ExcKind, ExcKind, &str)] = &[
            $((stringify!($name), ExcKind::$name, ExcKind::$base, $doc)),*
        ];
    };
}

exceptions! {
    Exception: BaseException "Common base class for all non-exit exceptions.",
    BaseExceptionGroup: BaseException "A combination of multiple unrelated exceptions.",
    GeneratorExit: BaseException "Request that a generator exit.",
    KeyboardInterrupt: BaseException "Program interrupted by user.",
    SystemExit: BaseException "Request to exit from the interpreter.",
    ArithmeticError: Exception "Base class for arithmetic errors.",
    AssertionError: Exception "Assertion failed.",
    AttributeError: Exception "Attribute not found.",
    BufferError: Exception "Buffer error.",
    EOFError: Exception "Read beyond end of file.",
    ImportError: Exception "Import can't find module, or can't find name in module.",
    LookupError: Exception "Base class for lookup errors.",
    MemoryError: Exception "Out of memory.",
    NameError: Exception "Name not found globally.",
    OSError: Exception "Base class for I/O related errors.",
    ReferenceError: Exception "Weak ref proxy used after referent went away.",
    RuntimeError: Exception "Unspecified run-time error.",
    StopAsyncIteration: Exception "Signal the end from iterator.__anext__().",
    StopIteration: Exception "Signal the end from iterator.__next__().",
    SyntaxError: Exception "Invalid syntax.",
    SystemError: Exception "Internal error in the Python interpreter.\n\nPlease report this to the Python maintainer, along with the traceback,\nthe Python version, and the hardware/OS platform and version.",
    TypeError: Exception "Inappropriate argument type.",
    ValueError: Exception "Inappropriate argument value (of correct type).",
    Warning: Exception "Base class for warning categories.",
    FloatingPointError: ArithmeticError "Floating-point operation failed.",
    OverflowError: ArithmeticError "Result too large to be represented.",
    ZeroDivisionError: ArithmeticError "Second argument to a division or modulo operation was zero.",
    ModuleNotFoundError: ImportError "Module not found.",
    IndexError: LookupError "Sequence index out of range.",
    KeyError: LookupError "Mapping key not found.",
    UnboundLocalError: NameError "Local name referenced but not bound to a value.",
    BlockingIOError: OSError "I/O operation would block.",
    ChildProcessError: OSError "Child process error.",
    ConnectionError: OSError "Connection error.",
    FileExistsError: OSError "File already exists.",
    FileNotFoundError: OSError "File not found.",
    InterruptedError: OSError "Interrupted by signal.",
    IsADirectoryError: OSError "Operation doesn't work on directories.",
    NotADirectoryError: OSError "Operation only works on directories.",
    PermissionError: OSError "Not enough permissions.",
    ProcessLookupError: OSError "Process not found.",
    TimeoutError: OSError "Timeout expired.",
    BrokenPipeError: ConnectionError "Broken pipe.",
    ConnectionAbortedError: ConnectionError "Connection aborted.",
    ConnectionRefusedError: ConnectionError "Connection refused.",
    ConnectionResetError: ConnectionError "Connection reset.",
    NotImplementedError: RuntimeError "Method or function hasn't been implemented yet.",
    RecursionError: RuntimeError "Recursion limit exceeded.",
    PythonFinalizationError: RuntimeError "Operation blocked during Python finalization.",
    _IncompleteInputError: SyntaxError "incomplete input.",
    IndentationError: SyntaxError "Improper indentation.",
    TabError: IndentationError "Improper mixture of spaces and tabs.",
    UnicodeError: ValueError "Unicode related error.",
    UnicodeDecodeError: UnicodeError "Unicode decoding error.",
    UnicodeEncodeError: UnicodeError "Unicode encoding error.",
    UnicodeTranslateError: UnicodeError "Unicode translation error.",
    BytesWarning: Warning "Base class for warnings about bytes and buffer related problems, mostly\nrelated to conversion from str or comparing to str.",
    DeprecationWarning: Warning "Base class for warnings about deprecated features.",
    EncodingWarning: Warning "Base class for warnings about encodings.",
    FutureWarning: Warning "Base class for warnings about constructs that will change semantically\nin the future.",
    ImportWarning: Warning "Base class for warnings about probable mistakes in module imports",
    PendingDeprecationWarning: Warning "Base class for warnings about features which will be deprecated\nin the future.",
    ResourceWarning: Warning "Base class for warnings about resource usage.",
    RuntimeWarning: Warning "Base class for warnings about dubious runtime behavior.",
    SyntaxWarning: Warning "Base class for warnings about dubious syntax.",
    UnicodeWarning: Warning "Base class for warnings about Unicode related problems, mostly\nrelated to conversion problems.",
    UserWarning: Warning "Base class for warnings generated by user code.",
}

impl ExcKind {
    /// The class.
    pub fn class(self, cx: &Cx) -> Gc<Type> {
        let o = cx.rt().exceptions().get(self as usize).expect("exception classes exist");
        // Filled with classes at start-up.
        unsafe { Gc::from_obj(o) }
    }
    /// Every kind but BaseException, with name, base and docstring; bases first.
    pub fn table() -> &'static [(&'static str, ExcKind, ExcKind, &'static str)] {
        TABLE
    }
    /// Whether `o` is an exception of this class.
    pub fn matches(self, cx: &Cx, o: Obj) -> bool {
        ops::class_of(o).is_subtype(self.class(cx))
    }
}

impl Raised {
    /// The exception as a value.
    pub fn obj(self) -> Obj {
        self.0.obj()
    }
    /// Whether it is of this class.
    pub fn is(self, cx: &Cx, kind: ExcKind) -> bool {
        kind.matches(cx, self.0.obj())
    }
}

/// An exception of class `class` with these args; its `__init__` is not run.
pub fn alloc(cx: &Cx, class: Gc<Type>, args: &[Obj]) -> Result<Gc<BaseException>> {
    let args = tuple::new(cx, args)?;
    alloc_with(cx, class, args)
}

/// The same with a ready tuple.
pub fn alloc_with(cx: &Cx, class: Gc<Type>, args: Gc<Tuple>) -> Result<Gc<BaseException>> {
    let shape_id = class.root_shape();
    let p = cx.alloc(shape_id, shape::layout(shape_id).size as usize)?;
    // Fresh zeroed object of an exception class.
    let e: Gc<BaseException> = unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) };
    e.args.set(cx, e, args);
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(p) };
    }
    Ok(e)
}

/// An exception of a built-in class with one text.
pub fn new(cx: &Cx, kind: ExcKind, msg: &str) -> Raised {
    match str::new(cx, msg).and_then(|s| with_args(cx, kind, &[s.obj()])) {
        Ok(r) | Err(r) => r,
    }
}

/// An exception of a built-in class with these args.
pub fn with_args(cx: &Cx, kind: ExcKind, args: &[Obj]) -> Result<Raised> {
    alloc(cx, kind.class(cx), args).map(Raised)
}

/// `KeyError(key)`.
#[cold]
pub fn key_error(cx: &Cx, key: Obj) -> Raised {
    match with_args(cx, ExcKind::KeyError, &[key]) {
        Ok(r) | Err(r) => r,
    }
}

/// `StopIteration(value)`, without args for None.
pub fn stop_iteration(cx: &Cx, value: Obj) -> Raised {
    let args = [value];
    match alloc(cx, ExcKind::StopIteration.class(cx), if value.is_none() { &[] } else { &args }) {
        Ok(e) => {
            e.fields[0].set(cx, e, value);
            Raised(e)
        }
        Err(r) => r,
    }
}

/// `AttributeError` with its `name` and `obj`.
#[cold]
pub fn attribute_error(cx: &Cx, msg: String, obj: Obj, name: Obj) -> Raised {
    let r = new(cx, ExcKind::AttributeError, &msg);
    // Rust text cannot hold a name's surrogates: the name itself goes there.
    if let Some(s) = name.cast::<str::Str>()
        && s.chars().any(|c| (0xd800..0xe000).contains(&c))
        && let Some((before, after)) = msg.split_once(&*s.to_str())
        && let (Ok(before), Ok(after)) = (str::new(cx, before), str::new(cx, after))
        && let Ok(all) = str::concat(cx, before, s).and_then(|t| str::concat(cx, t, after))
        && let Ok(args) = crate::tuple::new(cx, &[all.obj()])
    {
        r.0.args.set(cx, r.0, args);
    }
    r.0.fields[0].set(cx, r.0, name);
    r.0.fields[1].set(cx, r.0, obj);
    r
}

/// `MemoryError()`. Raised when nothing may be left to allocate it from, so
/// one is kept from start-up on.
#[cold]
pub fn memory_error(cx: &Cx) -> Raised {
    let class = ExcKind::MemoryError.class(cx);
    let shape_id = class.root_shape();
    let size = shape::layout(shape_id).size as usize;
    match cx.mutator.alloc(shape_id, size) {
        // Fresh zeroed object; empty args are read as ().
        Ok(p) => Raised(unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) }),
        Err(_) => Raised(cx.rt().spare_memory_error()),
    }
}

/// Give a newly raised exception its `__context__`: the one being handled.
pub fn chain(cx: &Cx, e: Gc<BaseException>) {
    let Some(h) = cx.handled() else { return };
    if h == e || e.context.word() == h.obj().word() {
        return;
    }
    // Break a cycle that the new link would close. One made by hand may already be there:
    // by Brent's algorithm, `mark` waits at a power of two of steps for `at` to come round.
    // Other threads may cut any link meanwhile.
    let (mut mark, mut at, mut n) = (h, h, 0u32);
    while let Some(next) = at.context.obj() {
        if next == e.obj() {
            at.context.clear();
            break;
        }
        // Contexts are exceptions.
        at = unsafe { Gc::from_obj(next) };
        n = n.wrapping_add(1);
        if at == mark {
            break;
        }
        if n.is_power_of_two() {
            mark = at;
        }
    }
    e.context.set(cx, e, h);
}

impl BaseException {
    /// `args` as a tuple.
    pub fn args(&self) -> Option<Gc<Tuple>> {
        self.args.get()
    }
    /// `__suppress_context__`.
    pub fn suppresses_context(&self) -> bool {
        self.suppress_context.load(Ordering::Relaxed)
    }
}
