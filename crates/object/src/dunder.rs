//! The special method names: one enum, from which each class's table of
//! resolved special methods is indexed. A class keeps, per name, what a lookup
//! through its MRO finds, so `a + b` costs one load to find `__add__`.
//!
//! Tests: `tests/types.rs`.

macro_rules! dunders {
    ($($id:ident $name:literal,)*) => {
        /// A special method name.
        #[allow(missing_docs, non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Dunder { $($id),* }
        /// The names, in the enum's order.
        pub const NAMES: &[&str] = &[$($name),*];
        const ALL: &[Dunder] = &[$(Dunder::$id),*];

        impl Dunder {
            /// The special method with this Python name.
            pub fn named(name: &str) -> Option<Dunder> {
                match name {
                    $($name => Some(Dunder::$id),)*
                    _ => None,
                }
            }
        }
    };
}

dunders! {
    New "__new__", Init "__init__", Del "__del__", Repr "__repr__", Str "__str__",
    Bytes "__bytes__", Format "__format__", Lt "__lt__", Le "__le__", Eq "__eq__",
    Ne "__ne__", Gt "__gt__", Ge "__ge__", Hash "__hash__", Bool "__bool__",
    GetAttribute "__getattribute__", GetAttr "__getattr__", SetAttr "__setattr__",
    DelAttr "__delattr__", Dir "__dir__", Get "__get__", Set "__set__", Delete "__delete__",
    Call "__call__", Len "__len__", LengthHint "__length_hint__", GetItem "__getitem__",
    SetItem "__setitem__", DelItem "__delitem__", Missing "__missing__", Iter "__iter__",
    Next "__next__", Reversed "__reversed__", Contains "__contains__",
    Add "__add__", Sub "__sub__", Mul "__mul__", MatMul "__matmul__", TrueDiv "__truediv__",
    FloorDiv "__floordiv__", Mod "__mod__", DivMod "__divmod__", Pow "__pow__",
    LShift "__lshift__", RShift "__rshift__", And "__and__", Xor "__xor__", Or "__or__",
    RAdd "__radd__", RSub "__rsub__", RMul "__rmul__", RMatMul "__rmatmul__",
    RTrueDiv "__rtruediv__", RFloorDiv "__rfloordiv__", RMod "__rmod__", RDivMod "__rdivmod__",
    RPow "__rpow__", RLShift "__rlshift__", RRShift "__rrshift__", RAnd "__rand__",
    RXor "__rxor__", ROr "__ror__",
    IAdd "__iadd__", ISub "__isub__", IMul "__imul__", IMatMul "__imatmul__",
    ITrueDiv "__itruediv__", IFloorDiv "__ifloordiv__", IMod "__imod__", IPow "__ipow__",
    ILShift "__ilshift__", IRShift "__irshift__", IAnd "__iand__", IXor "__ixor__", IOr "__ior__",
    Neg "__neg__", Pos "__pos__", Abs "__abs__", Invert "__invert__", Complex "__complex__",
    Int "__int__", Float "__float__", Index "__index__", Round "__round__", Trunc "__trunc__",
    Floor "__floor__", Ceil "__ceil__", Enter "__enter__", Exit "__exit__", Await "__await__",
    AIter "__aiter__", ANext "__anext__", AEnter "__aenter__", AExit "__aexit__",
    InstanceCheck "__instancecheck__", SubclassCheck "__subclasscheck__",
    ClassGetItem "__class_getitem__", InitSubclass "__init_subclass__", SetName "__set_name__",
    MroEntries "__mro_entries__", Prepare "__prepare__", Fspath "__fspath__",
    Buffer "__buffer__", ReleaseBuffer "__release_buffer__", Sizeof "__sizeof__",
    ReduceEx "__reduce_ex__", Reduce "__reduce__",
}

/// How many special names there are.
pub const COUNT: usize = NAMES.len();

impl Dunder {
    /// The Python name.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }
    /// The enum value with this number.
    pub fn from_index(i: usize) -> Dunder {
        ALL[i]
    }
    /// All of them.
    pub fn all() -> &'static [Dunder] {
        ALL
    }
    /// The special name spelled `s`, if it is one.
    pub fn from_name(s: &str) -> Option<Dunder> {
        if !s.starts_with("__") {
            return None;
        }
        NAMES.iter().position(|n| *n == s).map(|i| ALL[i])
    }
}

impl Dunder {
    /// Whether CPython has a slot in the class structure for it. The others are plain
    /// methods there, which shows in the kind of their descriptors and in error texts.
    pub fn is_operator(self) -> bool {
        use Dunder::*;
        !matches!(
            self,
            New | Bytes
                | Format
                | Dir
                | LengthHint
                | Missing
                | Reversed
                | Complex
                | Round
                | Trunc
                | Floor
                | Ceil
                | Enter
                | Exit
                | AEnter
                | AExit
                | InstanceCheck
                | SubclassCheck
                | ClassGetItem
                | InitSubclass
                | SetName
                | MroEntries
                | Prepare
                | Fspath
                | Sizeof
                | ReduceEx
                | Reduce
        )
    }
}
