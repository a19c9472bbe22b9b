//! What a class of C data knows of itself: size, alignment, items, how values convert.
//!
//! An [`Info`] hangs on the class object, whose payload is a [`CType`]: a class whose
//! metaclass is one of ours. A class without one is abstract.
//! Tests: tests/lang/ctypes.md; CPython test_ctypes.

use std::sync::atomic::{AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::list::List;
use typhon_object::native::instance;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, ops};

/// It, or something in it, is or contains a pointer.
pub const IS_POINTER: u32 = 0x100;
/// It contains a pointer.
pub const HAS_POINTER: u32 = 0x200;
/// It is or contains a union.
pub const HAS_UNION: u32 = 0x400;
/// It contains bit fields.
pub const HAS_BITFIELD: u32 = 0x800;
/// It can no longer change.
pub const FINAL: u32 = 0x1000;

/// Which metaclass made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `_SimpleCData`
    Simple,
    /// `_Pointer`
    Pointer,
    /// `Array`
    Array,
    /// `Structure`
    Struct,
    /// `Union`
    Union,
    /// `CFuncPtr`
    Func,
}

/// How a simple value is stored: its letter, and whether its bytes are the wrong way round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code {
    /// `_type_`, or `s` and `U` for arrays of characters as text.
    pub letter: u8,
    /// The other byte order.
    pub swapped: bool,
}

/// See the file's comment.
#[derive(Trace)]
pub struct Info {
    /// Which metaclass made it.
    #[trace(skip)]
    pub kind: Kind,
    /// Of a simple type.
    #[trace(skip)]
    pub code: Option<Code>,
    /// Bytes.
    pub size: usize,
    /// Bytes.
    pub align: usize,
    /// Number of items or fields.
    pub length: usize,
    /// Flags above.
    pub flags: AtomicU32,
    /// The class of items; `_type_` of a simple type.
    pub proto: Slot,
    /// `POINTER(cls)`, once made.
    pub pointer_type: Slot,
    /// Array classes by length.
    pub arrays: Slot<Dict>,
    /// Classes of fields, for calls.
    pub fields: Slot<List>,
    /// `_argtypes_`.
    pub argtypes: Slot<Tuple>,
    /// Their `from_param`.
    pub converters: Slot<Tuple>,
    /// `_restype_`.
    pub restype: Slot,
    /// Its `_check_retval_`.
    pub checker: Slot,
    /// Of items, as in PEP 3118.
    pub format: String,
    /// Of arrays.
    pub shape: Vec<isize>,
}

#[class(module = "_ctypes", name = "StgInfo")]
impl Info {}

impl Info {
    /// Nothing but sizes.
    pub fn new(kind: Kind, size: usize, align: usize, length: usize) -> Info {
        Info {
            kind,
            code: None,
            size,
            align,
            length,
            flags: AtomicU32::new(0),
            proto: Slot::empty(),
            pointer_type: Slot::empty(),
            arrays: Slot::empty(),
            fields: Slot::empty(),
            argtypes: Slot::empty(),
            converters: Slot::empty(),
            restype: Slot::empty(),
            checker: Slot::empty(),
            format: "B".to_owned(),
            shape: Vec::new(),
        }
    }
    /// Whether all these flags are set.
    pub fn has(&self, flags: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & flags != 0
    }
    /// Set flags.
    pub fn add_flags(&self, flags: u32) {
        self.flags.fetch_or(flags, Ordering::Relaxed);
    }
    /// The class of items.
    pub fn item(&self) -> Option<Gc<Type>> {
        self.proto.obj().and_then(|o| o.cast())
    }
    /// Whether it is the simple type of this letter.
    pub fn is_letter(&self, letter: u8) -> bool {
        self.code.is_some_and(|c| c.letter == letter)
    }
}

/// The payload of a class of C data.
#[derive(Trace)]
#[repr(C)]
pub struct CType {
    class: Type,
    info: Slot<Info>,
}

impl CType {
    /// Its info, if it is not abstract.
    pub fn info(&self) -> Option<Gc<Info>> {
        self.info.get()
    }
    /// Give it an info, the first one or a better one.
    pub fn set_info(&self, cx: &Cx, info: Gc<Info>) {
        self.info.set(cx, Gc::of(self), info);
    }
}

/// The info of a class, if it is one of C data that is not abstract.
pub fn info_of(class: Obj) -> Option<Gc<Info>> {
    class.cast::<CType>()?.info()
}

/// The info of an instance's class.
pub fn info_of_instance(o: Obj) -> Option<Gc<Info>> {
    info_of(ops::class_of(o).obj())
}

/// A class's info; it can no longer change.
pub fn final_info(cx: &Cx, class: Gc<Type>) -> Result<Gc<Info>> {
    let Some(i) = info_of(class.obj()) else { return Err(cx.type_error("abstract class")) };
    i.add_flags(FINAL);
    Ok(i)
}

/// Give a class that has none its info; `__init__` of the metaclasses.
pub fn install(cx: &mut Cx, class: Obj, info: Info) -> Result<Gc<Info>> {
    let info = instance(cx, info)?;
    let Some(t) = class.cast::<CType>() else { return Err(cx.type_error("expected a ctypes class")) };
    if t.info().is_some() {
        return Err(already(cx, class));
    }
    t.set_info(cx, info);
    Ok(info)
}

/// The error of a second `__init__`.
#[cold]
pub fn already(cx: &Cx, class: Obj) -> Raised {
    let name = class.cast::<Type>().map_or("?".into(), |t| t.name());
    cx.error(ExcKind::SystemError, format!("StgInfo of '{name}' is already initialized."))
}
