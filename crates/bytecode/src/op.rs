//! The opcode table: one line per operation, and everything derived from it.
//!
//! Each line states the name, the number of cache words and operand words that
//! follow the instruction word, the kinds of the four operand fields, the
//! effects, and (for a quickened form) the operation it specialises. The
//! interpreter, the disassembler, the verifier and the JIT read this table.
//!
//! Layout of a word: `op:8 | x:8 | a:16 | b:16 | c:16`, lowest byte first. A
//! 32-bit operand lives in `b:c` (`word >> 32`). Operand words come before
//! cache words. A jump offset counts words from the word directly after the
//! instruction word, whether or not operand and cache words follow.
//!
//! Tests: `tests/table.rs`.

/// What an operand field of an instruction means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Not used; zero.
    N,
    /// A register that is read.
    R,
    /// A register that is written.
    W,
    /// A register that is read, then written.
    RW,
    /// The first register of a range; `registers` in `regs.rs` knows its length.
    Base,
    /// A register that is read, or 0xFFFF for "absent".
    OptR,
    /// A count.
    Cnt,
    /// An index into `Code::names`.
    Name,
    /// The low half of a 32-bit constant index; the field after it is `Hi`.
    K32,
    /// The low half of a signed 32-bit integer; the field after it is `Hi`.
    I32,
    /// The low half of a signed 32-bit jump offset; the field after it is `Hi`.
    J32,
    /// The high half of a 32-bit operand.
    Hi,
    /// A signed 16-bit integer.
    I16,
    /// A signed 16-bit jump offset.
    J16,
    /// Flags or a selector, explained in the operation's description.
    Flag,
}

/// What executing an operation may do besides writing its registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects(pub u8);

impl Effects {
    /// Nothing beyond registers.
    pub const PURE: Effects = Effects(0);
    /// May raise an exception.
    pub const RAISE: Effects = Effects(1);
    /// May run Python code.
    pub const PYTHON: Effects = Effects(2);
    /// May allocate.
    pub const ALLOC: Effects = Effects(4);
    /// Control never reaches the following word.
    pub const END: Effects = Effects(8);
    /// Polls the safepoint (loop back-edges).
    pub const POLL: Effects = Effects(16);

    /// The union of two effect sets.
    pub const fn with(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }
    /// Whether every effect of `other` is in `self`.
    pub const fn has(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }
}

const PURE: Effects = Effects::PURE;
const RAISE: Effects = Effects::RAISE;
const ALLOC: Effects = Effects::ALLOC;
const ALLOC_RAISE: Effects = RAISE.with(ALLOC);
const ANY: Effects = ALLOC_RAISE.with(Effects::PYTHON);
const END: Effects = Effects::END;
const RAISE_END: Effects = RAISE.with(END);
const ANY_END: Effects = ANY.with(END);
/// A poll may run signal handlers, which may raise.
const ANY_POLL: Effects = ANY.with(Effects::POLL);
const ANY_POLL_END: Effects = ANY_POLL.with(END);

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The name as shown by the disassembler.
    pub name: &'static str,
    /// Number of operand words after the instruction word.
    pub words: u8,
    /// Number of cache words after the operand words.
    pub caches: u8,
    /// Kinds of the fields x, a, b, c.
    pub operands: [Operand; 4],
    /// What it may do.
    pub effects: Effects,
    /// The operation itself, or the one that a quickened form specialises.
    pub base: Op,
    /// One sentence.
    pub doc: &'static str,
}

macro_rules! opcodes {
    ($($name:ident $(of $base:ident)? $words:literal $caches:literal
       [$x:ident $a:ident $b:ident $c:ident] $eff:ident $doc:literal;)*) => {
        /// Every operation, dense from zero.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Op { $(#[doc = $doc] $name,)* }

        /// All operations in numeric order.
        pub const OPS: &[Op] = &[$(Op::$name,)*];

        static INFO: &[OpInfo] = &[$(OpInfo {
            name: stringify!($name),
            words: $words,
            caches: $caches,
            operands: [Operand::$x, Operand::$a, Operand::$b, Operand::$c],
            effects: $eff,
            base: opcodes!(@base $name $($base)?),
            doc: $doc,
        },)*];

        /// Calls `$m!` with the comma-separated list of all operation names,
        /// for crates that want one handler per operation.
        #[macro_export]
        macro_rules! for_each_op {
            ($m:ident) => { $m! { $($name,)* } };
        }
    };
    (@base $name:ident) => { Op::$name };
    (@base $name:ident $base:ident) => { Op::$base };
}

opcodes! {
    // Moves and constants
    NOP 0 0 [N N N N] PURE "Do nothing";
    EXIT 0 0 [N N N N] END "Leave the interpreter loop; only in code that the VM itself writes";
    MOVE 0 0 [N W R N] PURE "a <- b, the raw word (cells and unbound are moved too)";
    LOADK 0 0 [N W K32 Hi] PURE "a <- constant";
    LOADI 0 0 [N W I32 Hi] PURE "a <- small integer";
    LOADNONE 0 0 [N W N N] PURE "a <- None";
    LOADTRUE 0 0 [N W N N] PURE "a <- True";
    LOADFALSE 0 0 [N W N N] PURE "a <- False";
    LOADCOMMON 0 0 [Flag W N N] PURE "a <- well-known object x (see `Common`)";
    CLEAR 0 0 [N W N N] PURE "a <- unbound";

    // Locals and cells
    CHECKLOCAL 0 0 [N R N N] RAISE "Raise UnboundLocalError for varnames[a] if a is unbound";
    DELLOCAL 0 0 [N RW N N] RAISE "Unbind local a; UnboundLocalError if it is unbound";
    MAKECELL 0 0 [N RW N N] ALLOC "a <- new cell holding what a held (which may be unbound)";
    COPYFREE 0 0 [N Base Cnt N] PURE "a..a+b <- the cells of the running function closure";
    LOADCELL 0 0 [N W R N] RAISE "a <- content of cell b; UnboundLocalError or NameError if empty";
    STORECELL 0 0 [N R R N] PURE "cell a <- b";
    CLEARCELL 0 0 [N R N N] PURE "Empty cell a";
    DELCELL 0 0 [N R N N] RAISE "Empty cell a; error if it is empty already";
    LOADDICTORCELL 0 0 [N RW R Name] ANY "a <- mapping a[name c], or else the content of cell b";
    LOADDICTORGLOBAL 0 0 [N RW N Name] ANY "a <- mapping a[name c], or else the global or builtin c";

    // Names
    LOADGLOBAL 0 2 [N W N Name] ANY "a <- global or builtin c";
    LOADGLOBAL_MODULE of LOADGLOBAL 0 2 [N W N Name] ANY "LOADGLOBAL found in the globals";
    LOADGLOBAL_BUILTIN of LOADGLOBAL 0 2 [N W N Name] ANY "LOADGLOBAL found in the builtins";
    STOREGLOBAL 0 0 [N R N Name] ANY "global c <- a";
    DELGLOBAL 0 0 [N N N Name] ANY "Delete global c";
    LOADNAME 0 2 [N W N Name] ANY "a <- c from the frame namespace, the globals or the builtins";
    STORENAME 0 1 [N R N Name] ANY "frame namespace c <- a";
    DELNAME 0 0 [N N N Name] ANY "Delete c from the frame namespace";
    LOADLOCALS 0 0 [N W N N] ALLOC_RAISE "a <- the frame namespace (class and module bodies)";
    SETUPANNOTATIONS 0 0 [N N N N] ANY "Make __annotations__ in the frame namespace if it is missing";

    // Arithmetic; x=1 when in place
    ADD 0 0 [Flag W R R] ANY "a <- b ADD c";
    SUB 0 0 [Flag W R R] ANY "a <- b SUB c";
    MUL 0 0 [Flag W R R] ANY "a <- b MUL c";
    TRUEDIV 0 0 [Flag W R R] ANY "a <- b TRUEDIV c";
    FLOORDIV 0 0 [Flag W R R] ANY "a <- b FLOORDIV c";
    MOD 0 0 [Flag W R R] ANY "a <- b MOD c";
    POW 0 0 [Flag W R R] ANY "a <- b POW c";
    MATMUL 0 0 [Flag W R R] ANY "a <- b MATMUL c";
    AND 0 0 [Flag W R R] ANY "a <- b AND c";
    OR 0 0 [Flag W R R] ANY "a <- b OR c";
    XOR 0 0 [Flag W R R] ANY "a <- b XOR c";
    SHL 0 0 [Flag W R R] ANY "a <- b SHL c";
    SHR 0 0 [Flag W R R] ANY "a <- b SHR c";
    ADDI 0 0 [Flag W R I16] ANY "a <- b ADD the integer c";
    SUBI 0 0 [Flag W R I16] ANY "a <- b SUB the integer c";
    MULI 0 0 [Flag W R I16] ANY "a <- b MUL the integer c";
    FLOORDIVI 0 0 [Flag W R I16] ANY "a <- b FLOORDIV the integer c";
    MODI 0 0 [Flag W R I16] ANY "a <- b MOD the integer c";
    ANDI 0 0 [Flag W R I16] ANY "a <- b AND the integer c";
    SHLI 0 0 [Flag W R I16] ANY "a <- b SHL the integer c";
    SHRI 0 0 [Flag W R I16] ANY "a <- b SHR the integer c";
    NEG 0 0 [N W R N] ANY "a <- NEG b";
    POS 0 0 [N W R N] ANY "a <- POS b";
    INVERT 0 0 [N W R N] ANY "a <- INVERT b";
    NOT 0 0 [N W R N] ANY "a <- not b";
    ADD_F of ADD 0 0 [Flag W R R] ANY "ADD, both floats";
    SUB_F of SUB 0 0 [Flag W R R] ANY "SUB, both floats";
    MUL_F of MUL 0 0 [Flag W R R] ANY "MUL, both floats";
    TRUEDIV_F of TRUEDIV 0 0 [Flag W R R] ANY "TRUEDIV, both floats";

    // Comparison to a register
    LT 0 0 [N W R R] ANY "a <- b LT c";
    LE 0 0 [N W R R] ANY "a <- b LE c";
    GT 0 0 [N W R R] ANY "a <- b GT c";
    GE 0 0 [N W R R] ANY "a <- b GE c";
    EQ 0 0 [N W R R] ANY "a <- b EQ c";
    NE 0 0 [N W R R] ANY "a <- b NE c";
    IS 0 0 [N W R R] PURE "a <- b is c";
    ISNOT 0 0 [N W R R] PURE "a <- b is not c";
    IN 0 0 [N W R R] ANY "a <- b in c";
    NOTIN 0 0 [N W R R] ANY "a <- b not in c";

    // Jumps. _T jumps forward if true, _F forward if false, _L backward if true (polls)
    JMP 0 0 [N N J32 Hi] END "Jump; backward only in SEND loops, which poll in the callee";
    JMPBACK 0 0 [N N J32 Hi] ANY_POLL_END "Jump backward and poll";
    JT 0 0 [N R J32 Hi] ANY "Jump if a is true";
    JF 0 0 [N R J32 Hi] ANY "Jump if a is false";
    JT_L 0 0 [N R J32 Hi] ANY_POLL "Jump backward if a is true";
    JF_L 0 0 [N R J32 Hi] ANY_POLL "Jump backward if a is false";
    JNONE 0 0 [N R J32 Hi] PURE "Jump if a is None";
    JNOTNONE 0 0 [N R J32 Hi] PURE "Jump if a is not None";
    JIS 0 0 [N R R J16] PURE "Jump if a is b";
    JISNOT 0 0 [N R R J16] PURE "Jump if a is not b";
    JLT_T 0 0 [N R R J16] ANY "Jump forward if a LT b";
    JLT_F 0 0 [N R R J16] ANY "Jump forward unless a LT b";
    JLT_L 0 0 [N R R J16] ANY_POLL "Jump backward if a LT b";
    JLE_T 0 0 [N R R J16] ANY "Jump forward if a LE b";
    JLE_F 0 0 [N R R J16] ANY "Jump forward unless a LE b";
    JLE_L 0 0 [N R R J16] ANY_POLL "Jump backward if a LE b";
    JGT_T 0 0 [N R R J16] ANY "Jump forward if a GT b";
    JGT_F 0 0 [N R R J16] ANY "Jump forward unless a GT b";
    JGT_L 0 0 [N R R J16] ANY_POLL "Jump backward if a GT b";
    JGE_T 0 0 [N R R J16] ANY "Jump forward if a GE b";
    JGE_F 0 0 [N R R J16] ANY "Jump forward unless a GE b";
    JGE_L 0 0 [N R R J16] ANY_POLL "Jump backward if a GE b";
    JEQ_T 0 0 [N R R J16] ANY "Jump forward if a EQ b";
    JEQ_F 0 0 [N R R J16] ANY "Jump forward unless a EQ b";
    JEQ_L 0 0 [N R R J16] ANY_POLL "Jump backward if a EQ b";
    JNE_T 0 0 [N R R J16] ANY "Jump forward if a NE b";
    JNE_F 0 0 [N R R J16] ANY "Jump forward unless a NE b";
    JNE_L 0 0 [N R R J16] ANY_POLL "Jump backward if a NE b";
    JLTI_T 0 0 [N R I16 J16] ANY "Jump forward if a LT the integer b";
    JLTI_F 0 0 [N R I16 J16] ANY "Jump forward unless a LT the integer b";
    JLTI_L 0 0 [N R I16 J16] ANY_POLL "Jump backward if a LT the integer b";
    JLEI_T 0 0 [N R I16 J16] ANY "Jump forward if a LE the integer b";
    JLEI_F 0 0 [N R I16 J16] ANY "Jump forward unless a LE the integer b";
    JLEI_L 0 0 [N R I16 J16] ANY_POLL "Jump backward if a LE the integer b";
    JGTI_T 0 0 [N R I16 J16] ANY "Jump forward if a GT the integer b";
    JGTI_F 0 0 [N R I16 J16] ANY "Jump forward unless a GT the integer b";
    JGTI_L 0 0 [N R I16 J16] ANY_POLL "Jump backward if a GT the integer b";
    JGEI_T 0 0 [N R I16 J16] ANY "Jump forward if a GE the integer b";
    JGEI_F 0 0 [N R I16 J16] ANY "Jump forward unless a GE the integer b";
    JGEI_L 0 0 [N R I16 J16] ANY_POLL "Jump backward if a GE the integer b";
    JEQI_T 0 0 [N R I16 J16] ANY "Jump forward if a EQ the integer b";
    JEQI_F 0 0 [N R I16 J16] ANY "Jump forward unless a EQ the integer b";
    JEQI_L 0 0 [N R I16 J16] ANY_POLL "Jump backward if a EQ the integer b";
    JNEI_T 0 0 [N R I16 J16] ANY "Jump forward if a NE the integer b";
    JNEI_F 0 0 [N R I16 J16] ANY "Jump forward unless a NE the integer b";
    JNEI_L 0 0 [N R I16 J16] ANY_POLL "Jump backward if a NE the integer b";
    JLTF_T of JLT_T 0 0 [N R R J16] ANY "Jump forward if a LT b, both floats";
    JLTF_F of JLT_F 0 0 [N R R J16] ANY "Jump forward unless a LT b, both floats";
    JLTF_L of JLT_L 0 0 [N R R J16] ANY_POLL "Jump backward if a LT b, both floats";
    JLEF_T of JLE_T 0 0 [N R R J16] ANY "Jump forward if a LE b, both floats";
    JLEF_F of JLE_F 0 0 [N R R J16] ANY "Jump forward unless a LE b, both floats";
    JLEF_L of JLE_L 0 0 [N R R J16] ANY_POLL "Jump backward if a LE b, both floats";
    JGTF_T of JGT_T 0 0 [N R R J16] ANY "Jump forward if a GT b, both floats";
    JGTF_F of JGT_F 0 0 [N R R J16] ANY "Jump forward unless a GT b, both floats";
    JGTF_L of JGT_L 0 0 [N R R J16] ANY_POLL "Jump backward if a GT b, both floats";
    JGEF_T of JGE_T 0 0 [N R R J16] ANY "Jump forward if a GE b, both floats";
    JGEF_F of JGE_F 0 0 [N R R J16] ANY "Jump forward unless a GE b, both floats";
    JGEF_L of JGE_L 0 0 [N R R J16] ANY_POLL "Jump backward if a GE b, both floats";
    JEQF_T of JEQ_T 0 0 [N R R J16] ANY "Jump forward if a EQ b, both floats";
    JEQF_F of JEQ_F 0 0 [N R R J16] ANY "Jump forward unless a EQ b, both floats";
    JEQF_L of JEQ_L 0 0 [N R R J16] ANY_POLL "Jump backward if a EQ b, both floats";
    JNEF_T of JNE_T 0 0 [N R R J16] ANY "Jump forward if a NE b, both floats";
    JNEF_F of JNE_F 0 0 [N R R J16] ANY "Jump forward unless a NE b, both floats";
    JNEF_L of JNE_L 0 0 [N R R J16] ANY_POLL "Jump backward if a NE b, both floats";

    // Iteration
    GETITER 0 0 [N W R N] ANY "a <- iter(b)";
    FORLOOP 0 1 [N R W J16] ANY_POLL "b <- next(a) and jump backward, or fall through when exhausted";
    FORITER 0 1 [N R W J16] ANY "b <- next(a), or jump forward when exhausted (far loops)";
    FORLOOP_RANGE of FORLOOP 0 1 [N R W J16] ANY_POLL "FORLOOP over a range iterator";
    FORLOOP_LIST of FORLOOP 0 1 [N R W J16] ANY_POLL "FORLOOP over a list iterator";
    FORLOOP_TUPLE of FORLOOP 0 1 [N R W J16] ANY_POLL "FORLOOP over a tuple iterator";
    FORLOOP_GEN of FORLOOP 0 1 [N R W J16] ANY_POLL "FORLOOP over a gen iterator";

    // Attributes
    GETATTR 0 2 [N W R Name] ANY "a <- b.c";
    SETATTR 0 2 [N R R Name] ANY "a.c <- b";
    DELATTR 0 0 [N R N Name] ANY "del a.c";
    LOADSUPERATTR 0 0 [Flag Base N Name] ANY "a <- super.c, where a holds what name super gave, a+1 the class, a+2 self; x=1 if written super(cls, self)";
    GETATTR_SLOT of GETATTR 0 2 [N W R Name] ANY "GETATTR of an instance slot by shape";
    GETATTR_CLASS of GETATTR 0 2 [N W R Name] ANY "GETATTR of a class attribute through an instance or class";
    SETATTR_SLOT of SETATTR 0 2 [N R R Name] ANY "SETATTR of an instance slot by shape";
    SETATTR_ADD of SETATTR 0 2 [N R R Name] ANY "SETATTR that adds an instance slot";

    // Subscripts
    GETIDX 0 1 [N W R R] ANY "a <- b[c]";
    GETIDXI 0 1 [N W R I16] ANY "a <- b[the integer c]";
    SETIDX 0 1 [N R R R] ANY "a[b] <- c";
    DELIDX 0 0 [N R R N] ANY "del a[b]";
    BUILDSLICE 0 0 [Flag W Base N] ALLOC "a <- slice(b, b+1[, b+2 if x=1])";
    GETSLICE 0 0 [N W R Base] ANY "a <- b[c : c+1]";
    SETSLICE 0 0 [N R R Base] ANY "a[c : c+1] <- b";
    GETIDX_LIST_INT of GETIDX 0 1 [N W R R] ANY "GETIDX, LIST_INT";
    GETIDX_TUPLE_INT of GETIDX 0 1 [N W R R] ANY "GETIDX, TUPLE_INT";
    GETIDX_STR_INT of GETIDX 0 1 [N W R R] ANY "GETIDX, STR_INT";
    GETIDX_DICT of GETIDX 0 1 [N W R R] ANY "GETIDX, DICT";
    GETIDXI_LIST of GETIDXI 0 1 [N W R I16] ANY "GETIDXI, LIST";
    GETIDXI_TUPLE of GETIDXI 0 1 [N W R I16] ANY "GETIDXI, TUPLE";
    SETIDX_LIST_INT of SETIDX 0 1 [N R R R] ANY "SETIDX, LIST_INT";
    SETIDX_DICT of SETIDX 0 1 [N R R R] ANY "SETIDX, DICT";

    // Building containers
    BUILDLIST 0 0 [N W Base Cnt] ALLOC "a <- list of the c registers from b";
    BUILDTUPLE 0 0 [N W Base Cnt] ALLOC "a <- tuple of the c registers from b";
    BUILDSET 0 0 [N W Base Cnt] ANY "a <- set of the c registers from b";
    BUILDMAP 0 0 [N W Base Cnt] ANY "a <- dict of c key, value pairs from b";
    LISTAPPEND 0 0 [N R R N] ALLOC "list a appends b";
    LISTEXTEND 0 0 [N R R N] ANY "list a extends by iterable b (*b in a display or a call)";
    SETADD 0 0 [N R R N] ANY "set a adds b";
    SETUPDATE 0 0 [N R R N] ANY "set a adds all of b";
    MAPADD 0 0 [N R R R] ANY "dict a[b] <- c (displays and comprehensions)";
    DICTUPDATE 0 0 [N R R N] ANY "dict a updates from mapping b (**b in a display)";
    DICTMERGE 0 0 [N R R R] ANY "dict a merges mapping b, no duplicates; c is the callee, for the error text";
    LISTTOTUPLE 0 0 [N W R N] ALLOC "a <- tuple(list b)";
    UNPACKSEQ 0 0 [N Base R Cnt] ANY "a..a+c <- the c elements of b";
    UNPACKEX 0 0 [Cnt Base R Cnt] ANY "a.. <- x elements, a list of the middle, c elements of b";

    // Strings
    FORMATVALUE 0 0 [Flag W R OptR] ANY "a <- format(b, c), or b itself if x=4 and BUILDSTRING can format it; x: 0 plain, 1 str, 2 repr, 3 ascii first";
    BUILDSTRING 0 0 [Flag W Base Cnt] ALLOC_RAISE "a <- concatenation of the c strings from b; if x=1, numbers among them, whose specs are in the tuple b+c";
    BUILDINTERPOLATION 0 0 [Flag W Base N] ALLOC "a <- Interpolation(b, expression text b+1[, spec b+2 if x&4]), conversion x&3";
    BUILDTEMPLATE 0 0 [N W R R] ALLOC "a <- Template(strings b, interpolations c)";

    // Calls. The window starts at a: callee or nothing, three words of linkage, then arguments; the result goes to a
    CALL 0 0 [N Base Cnt N] ANY "a <- a(a+4 .. a+4+b)";
    CALL_KW 1 0 [N Base Cnt N] ANY "CALL with b values in total, the last named by the tuple constant in the operand word";
    CALL_EX 0 0 [Flag Base N N] ANY "a <- a(*a+4, **a+5); a+4 is a tuple, or any iterable if x&2 (argument after *); a+5 is a dict, only if x&1";
    CALLM 0 2 [N Base Cnt Name] ANY "a <- (a+4).c(b arguments from a+5)";
    CALLM_KW 1 2 [N Base Cnt Name] ANY "CALLM, the last values named by the tuple constant in the operand word";
    LOADMETHOD 0 2 [N Base N Name] ANY "Look up method c of a+4 before the arguments: a <- function and a+4 stays self, or a <- attribute and a+4 <- unbound";
    CALLMETHOD 0 0 [N Base Cnt N] ANY "After LOADMETHOD: a <- call a with b arguments from a+5, and before them a+4 unless it is unbound";
    CALLMETHOD_KW 1 0 [N Base Cnt N] ANY "CALLMETHOD, the last values named by the tuple constant in the operand word";
    CALLSUPER 0 0 [Flag Base Cnt Name] ANY "a <- super.c(b arguments from a+5); a holds what name super gave, a+1 the class, a+4 self; x=1 if written super(cls, self)";
    CALLM_FUNC of CALLM 0 2 [N Base Cnt Name] ANY "CALLM of a plain Python method";
    CALLM_NATIVE of CALLM 0 2 [N Base Cnt Name] ANY "CALLM of a native method";
    CALL_NATIVE of CALL 0 0 [N Base Cnt N] ANY "CALL of a native function";

    // Functions, classes, imports
    MAKEFUNCTION 0 0 [Flag Base K32 Hi] ALLOC "a <- function of code constant; x says which values stand in a, a+1, ... (see `func`)";
    LOADBUILDCLASS 0 0 [N W N N] RAISE "a <- builtins.__build_class__";
    IMPORTNAME 0 0 [N W Base Name] ANY "a <- __import__(c, level b, fromlist b+1)";
    IMPORTFROM 0 0 [N W R Name] ANY "a <- name c from module b";
    IMPORTSTAR 0 0 [N R N N] ANY "All public names of module a go to the frame namespace";

    // Exceptions
    RAISE 0 0 [Flag OptR OptR N] ANY_END "raise (x=0), raise a (x=1), raise a from b (x=2)";
    RERAISE 0 0 [Flag R N N] RAISE_END "Raise a again; no traceback entry for this frame; x=1 if the source does not show it";
    PUSHEXC 0 0 [Flag W R N] PURE "a <- the exception being handled; b becomes it; x: in a generator, what its caller handles counts as none";
    POPEXC 0 0 [Flag R N N] PURE "The exception being handled <- a; x: in a generator, none is what its caller handles";
    CHECKEXCMATCH 0 0 [N W R R] ANY "a <- whether exception b matches c";
    CHECKEGMATCH 0 0 [N Base R R] ANY "a <- part of group b matching c or None, a+1 <- the rest or None";
    PREPRERAISESTAR 0 0 [N W R R] ANY "a <- exception to reraise or None, from original b and list c";

    // with
    LOADSPECIAL 0 0 [Flag W RW N] ANY "a <- special method x of b (see `Special`) and b stays self, or a <- bound method and b <- unbound";
    EXITLOCK 0 0 [N R J32 Hi] ANY "If a is a plain lock that is held, release it and jump; else its __exit__ is called after this";
    WITHEXCEPTSTART 0 0 [N Base R R] ANY "a <- b(type(c), c, c.__traceback__), with b+1 in front unless it is unbound; a starts a call window";

    // Generators and coroutines
    RETURNGENERATOR 0 0 [N N N N] ALLOC "First word of generator code: create it and return it to the caller";
    YIELD 0 0 [Flag W R OptR] ANY "Suspend with value b; a <- what is sent; x&1: delegating to iterator c; x>>1: how many registers are in use, 127: maybe all";
    SEND 0 0 [N RW R J16] ANY "a <- b.send(a); when b finishes a <- its value and jump";
    GETAWAITABLE 0 0 [Flag W R N] ANY "a <- awaitable of b; x: 1 from __aenter__, 2 from __aexit__";
    GETYIELDFROMITER 0 0 [N W R N] ANY "a <- b if a generator or (in a coroutine) coroutine, else iter(b)";
    GETAITER 0 0 [N W R N] ANY "a <- b.__aiter__()";
    GETANEXT 0 0 [N W R N] ANY "a <- awaitable of b.__anext__()";
    ENDASYNCFOR 0 0 [N R N N] RAISE "Go on if exception a is StopAsyncIteration, else raise it again";
    CLEANUPTHROW 0 0 [N W R N] RAISE "a <- value of StopIteration b; any other exception b is raised again";
    ASYNCGENWRAP 0 0 [N W R N] ALLOC "a <- b wrapped as a value of an async generator";

    // Patterns
    MATCHCLASS 0 0 [N W Base Cnt] ANY "a <- tuple of attributes or None: subject b, class b+1, keyword names b+2, c positional";
    MATCHKEYS 0 0 [N W R R] ANY "a <- tuple of the values of mapping b under keys tuple c, or None";
    MATCHMAPPING 0 0 [N W R N] PURE "a <- whether b is a mapping";
    MATCHSEQUENCE 0 0 [N W R N] PURE "a <- whether b is a sequence (not str, bytes, bytearray)";
    GETLEN 0 0 [N W R N] ANY "a <- len(b)";

    // Rare operations and leaving
    INTRINSIC1 0 0 [Flag W R N] ANY "a <- intrinsic x of b (see `Intrinsic1`)";
    INTRINSIC2 0 0 [Flag W R R] ANY "a <- intrinsic x of b, c (see `Intrinsic2`)";
    RETURN 0 0 [N R N N] END "Return a";
    RETURNNONE 0 0 [N N N N] END "Return None";
}

#[allow(clippy::len_without_is_empty)]
impl Op {
    /// The table line of this operation.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &INFO[self as usize]
    }
    /// The operation with number `n`.
    #[inline]
    pub fn from_u8(n: u8) -> Option<Op> {
        OPS.get(n as usize).copied()
    }
    /// Number of words that the instruction occupies.
    #[inline]
    pub fn len(self) -> usize {
        let i = self.info();
        1 + i.words as usize + i.caches as usize
    }
    /// Whether this is a quickened form.
    pub fn is_quick(self) -> bool {
        self.info().base != self
    }
}

macro_rules! selector {
    ($(#[$m:meta])* $ty:ident { $($name:ident = $text:literal,)* }) => {
        $(#[$m])*
        #[repr(u8)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $ty { $(#[doc = $text] $name,)* }

        impl $ty {
            /// All selectors in numeric order.
            pub const ALL: &[$ty] = &[$($ty::$name,)*];
            /// The selector with number `n`.
            pub fn from_u8(n: u8) -> Option<$ty> {
                Self::ALL.get(n as usize).copied()
            }
            /// The name that the disassembler shows.
            pub fn text(self) -> &'static str {
                match self { $($ty::$name => $text,)* }
            }
        }
    };
}

selector! {
    /// Objects of `LOADCOMMON`.
    Common {
        AssertionError = "AssertionError",
        NotImplementedError = "NotImplementedError",
        BuiltinTuple = "tuple",
        BuiltinAll = "all",
        BuiltinAny = "any",
        BuiltinList = "list",
        BuiltinSet = "set",
    }
}

selector! {
    /// Methods of `LOADSPECIAL`.
    Special {
        Enter = "__enter__",
        Exit = "__exit__",
        Aenter = "__aenter__",
        Aexit = "__aexit__",
    }
}

selector! {
    /// Operations of `INTRINSIC1`.
    Intrinsic1 {
        Print = "print",
        StopIterationError = "stopiteration_error",
        TypeVar = "typevar",
        ParamSpec = "paramspec",
        TypeVarTuple = "typevartuple",
        SubscriptGeneric = "subscript_generic",
        TypeAlias = "typealias",
    }
}

selector! {
    /// Operations of `INTRINSIC2`.
    Intrinsic2 {
        TypeVarWithBound = "typevar_with_bound",
        TypeVarWithConstraints = "typevar_with_constraints",
        SetFunctionTypeParams = "set_function_type_params",
        SetTypeparamDefault = "set_typeparam_default",
    }
}

/// Bits of `MAKEFUNCTION`'s x. The values present stand in consecutive
/// registers from a on, in the order of the bits.
pub mod func {
    /// A tuple of defaults of positional parameters.
    pub const DEFAULTS: u8 = 1;
    /// A dict of defaults of keyword-only parameters.
    pub const KWDEFAULTS: u8 = 2;
    /// The `__annotate__` function; or a dict of annotations as text, under
    /// `from __future__ import annotations`.
    pub const ANNOTATE: u8 = 4;
    /// A tuple of cells.
    pub const CLOSURE: u8 = 8;
}
