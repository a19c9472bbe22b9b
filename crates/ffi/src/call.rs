//! Types of C and calls of functions at addresses, by libffi.
//!
//! Invariant: what a `ffi_cif` points to is owned by the [`Cif`] and does not move.
//! Tests: tests/lang/ctypes.md; CPython test_cfuncs, test_functions.

use libffi_sys as raw;
use std::ffi::c_void;

/// A type of C as calling conventions see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `void`, as a result.
    Void,
    /// An unsigned integer of so many bytes.
    Unsigned(usize),
    /// A signed integer of so many bytes.
    Signed(usize),
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `long double`.
    LongDouble,
    /// `float _Complex`.
    FloatComplex,
    /// `double _Complex`.
    DoubleComplex,
    /// `long double _Complex`.
    LongDoubleComplex,
    /// Any pointer.
    Pointer,
    /// A struct, or a union by the members of which its parts count as.
    Struct {
        /// In bytes.
        size: usize,
        /// In bytes.
        align: usize,
        /// Its members; arrays as their items.
        fields: Vec<Type>,
    },
}

impl Type {
    /// Whether an argument of this type is passed by what its address points to.
    pub fn is_struct(&self) -> bool {
        matches!(self, Type::Struct { .. })
    }
    /// Bytes of a value.
    pub fn size(&self) -> usize {
        match self {
            Type::Void => 0,
            Type::Unsigned(n) | Type::Signed(n) => *n,
            Type::Float => 4,
            Type::Double | Type::Pointer | Type::FloatComplex => 8,
            Type::LongDouble | Type::DoubleComplex => 16,
            Type::LongDoubleComplex => 32,
            Type::Struct { size, .. } => *size,
        }
    }
}

/// A struct as libffi wants it described.
struct Node {
    ty: raw::ffi_type,
    /// Ends with null; `ty` points to it.
    elements: Vec<*mut raw::ffi_type>,
}

/// The description of a function: its types, ready for calls.
pub struct Cif {
    cif: Box<raw::ffi_cif>,
    args: Vec<*mut raw::ffi_type>,
    /// Boxed, since others point to them.
    #[allow(clippy::vec_box)]
    nodes: Vec<Box<Node>>,
    result: Type,
}

fn simple(ty: &Type) -> *mut raw::ffi_type {
    // Statics of libffi, which it does not change.
    match ty {
        Type::Void => &raw mut raw::ffi_type_void,
        Type::Unsigned(1) => &raw mut raw::ffi_type_uint8,
        Type::Unsigned(2) => &raw mut raw::ffi_type_uint16,
        Type::Unsigned(4) => &raw mut raw::ffi_type_uint32,
        Type::Unsigned(_) => &raw mut raw::ffi_type_uint64,
        Type::Signed(1) => &raw mut raw::ffi_type_sint8,
        Type::Signed(2) => &raw mut raw::ffi_type_sint16,
        Type::Signed(4) => &raw mut raw::ffi_type_sint32,
        Type::Signed(_) => &raw mut raw::ffi_type_sint64,
        Type::Float => &raw mut raw::ffi_type_float,
        Type::Double => &raw mut raw::ffi_type_double,
        Type::LongDouble => &raw mut raw::ffi_type_longdouble,
        Type::FloatComplex => &raw mut raw::ffi_type_complex_float,
        Type::DoubleComplex => &raw mut raw::ffi_type_complex_double,
        Type::LongDoubleComplex => &raw mut raw::ffi_type_complex_longdouble,
        Type::Pointer | Type::Struct { .. } => &raw mut raw::ffi_type_pointer,
    }
}

impl Cif {
    /// Describe a function. `fixed` of its arguments are declared, the others are those
    /// of `...`. `None` if libffi cannot call it.
    pub fn new(args: &[Type], result: &Type, fixed: Option<usize>) -> Option<Cif> {
        let mut nodes = Vec::new();
        let args: Vec<_> = args.iter().map(|t| describe(t, &mut nodes)).collect();
        let ret = describe(result, &mut nodes);
        // Plain data, initialised below.
        let cif = Box::new(unsafe { std::mem::zeroed::<raw::ffi_cif>() });
        let mut made = Cif { cif, args, nodes, result: result.clone() };
        let n = made.args.len() as u32;
        let list = made.args.as_mut_ptr();
        // The types live as long as `made`, and stay where they are.
        let status = unsafe {
            match fixed {
                Some(f) => raw::ffi_prep_cif_var(&mut *made.cif, raw::ffi_abi_FFI_DEFAULT_ABI, f as u32, n, ret, list),
                None => raw::ffi_prep_cif(&mut *made.cif, raw::ffi_abi_FFI_DEFAULT_ABI, n, ret, list),
            }
        };
        debug_assert!(made.nodes.iter().all(|n| !n.elements.is_empty()));
        (status == raw::ffi_status_FFI_OK).then_some(made)
    }

    pub(crate) fn as_ptr(&mut self) -> *mut raw::ffi_cif {
        &mut *self.cif
    }

    /// How many arguments there are.
    pub fn count(&self) -> usize {
        self.args.len()
    }

    /// The result's type.
    pub fn result(&self) -> &Type {
        &self.result
    }

    /// Call the function at `f` with the arguments at `args`; its result goes to
    /// `result`, integers widened to eight bytes. FFI-1 for the addresses.
    pub fn call(&self, f: usize, args: &[usize], result: &mut [u128]) {
        assert_eq!(args.len(), self.args.len());
        assert!(size_of_val(result) >= self.result.size().max(8));
        // FFI-1; libffi reads the description and writes the result alone.
        unsafe {
            let f: Option<unsafe extern "C" fn()> = std::mem::transmute(f);
            raw::ffi_call(
                std::ptr::from_ref(&*self.cif).cast_mut(),
                f,
                result.as_mut_ptr().cast(),
                args.as_ptr().cast_mut().cast::<*mut c_void>(),
            );
        }
    }
}

#[allow(clippy::vec_box)]
fn describe(ty: &Type, nodes: &mut Vec<Box<Node>>) -> *mut raw::ffi_type {
    let Type::Struct { size, align, fields } = ty else { return simple(ty) };
    let mut elements: Vec<_> = fields.iter().map(|f| describe(f, nodes)).collect();
    elements.push(std::ptr::null_mut());
    let ty = raw::ffi_type {
        size: *size,
        alignment: *align as u16,
        type_: raw::FFI_TYPE_STRUCT,
        elements: std::ptr::null_mut(),
    };
    let mut node = Box::new(Node { ty, elements });
    node.ty.elements = node.elements.as_mut_ptr();
    let at = &raw mut node.ty;
    nodes.push(node);
    at
}
