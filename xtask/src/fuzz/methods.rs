//! Random calls of methods and built-in functions, with their arguments' usual kinds
//! and now and then another one, for the error's text.

use super::rng::Rng;
use super::values::{self, Kind, Kind::*, expression, small};

/// What stands for an argument: S str, B bytes, I small int, N int, F number, L list of
/// str, Q any sequence, D dict, E set, V anything, K hashable, P a regular expression, Z a
/// format of `struct`, J JSON; what follows a `?` is optional.
pub type Calls = &'static [(&'static str, &'static str)];

const STR: Calls = &[
    ("capitalize", ""),
    ("casefold", ""),
    ("center", "I?C"),
    ("count", "S?II"),
    ("encode", "?XR"),
    ("endswith", "S?II"),
    ("expandtabs", "?I"),
    ("find", "S?II"),
    ("format", "?VV"),
    ("index", "S?II"),
    ("isalnum", ""),
    ("isalpha", ""),
    ("isascii", ""),
    ("isdecimal", ""),
    ("isdigit", ""),
    ("isidentifier", ""),
    ("islower", ""),
    ("isnumeric", ""),
    ("isprintable", ""),
    ("isspace", ""),
    ("istitle", ""),
    ("isupper", ""),
    ("join", "L"),
    ("ljust", "I?C"),
    ("lower", ""),
    ("lstrip", "?S"),
    ("partition", "S"),
    ("removeprefix", "S"),
    ("removesuffix", "S"),
    ("replace", "SS?I"),
    ("rfind", "S?II"),
    ("rindex", "S?II"),
    ("rjust", "I?C"),
    ("rpartition", "S"),
    ("rsplit", "?SI"),
    ("rstrip", "?S"),
    ("split", "?SI"),
    ("splitlines", "?V"),
    ("startswith", "S?II"),
    ("strip", "?S"),
    ("swapcase", ""),
    ("title", ""),
    ("translate", "D"),
    ("upper", ""),
    ("zfill", "I"),
    ("__mod__", "V"),
    ("__contains__", "S"),
    ("__add__", "S"),
    ("__format__", "G"),
];
const BYTES: Calls = &[
    ("capitalize", ""),
    ("center", "I?Y"),
    ("count", "B?II"),
    ("decode", "?XR"),
    ("endswith", "B?II"),
    ("expandtabs", "?I"),
    ("find", "B?II"),
    ("hex", "?CI"),
    ("index", "B?II"),
    ("isalnum", ""),
    ("isalpha", ""),
    ("isascii", ""),
    ("isdigit", ""),
    ("islower", ""),
    ("isspace", ""),
    ("istitle", ""),
    ("isupper", ""),
    ("join", "L"),
    ("ljust", "I?Y"),
    ("lower", ""),
    ("lstrip", "?B"),
    ("partition", "B"),
    ("removeprefix", "B"),
    ("removesuffix", "B"),
    ("replace", "BB?I"),
    ("rfind", "B?II"),
    ("rindex", "B?II"),
    ("rjust", "I?Y"),
    ("rpartition", "B"),
    ("rsplit", "?BI"),
    ("rstrip", "?B"),
    ("split", "?BI"),
    ("splitlines", "?V"),
    ("startswith", "B?II"),
    ("strip", "?B"),
    ("swapcase", ""),
    ("title", ""),
    ("translate", "B?B"),
    ("upper", ""),
    ("zfill", "I"),
    ("__mod__", "V"),
    ("__contains__", "V"),
];
const INT: Calls = &[
    ("bit_length", ""),
    ("bit_count", ""),
    ("conjugate", ""),
    ("as_integer_ratio", ""),
    ("is_integer", ""),
    ("__format__", "G"),
    ("to_bytes", "I?O"),
    ("__round__", "?I"),
    ("__pow__", "IN"),
    ("__divmod__", "N"),
    ("__rsub__", "N"),
    ("__index__", ""),
    ("__trunc__", ""),
    ("__float__", ""),
    ("__eq__", "V"),
    ("__lt__", "V"),
];
const FLOAT: Calls = &[
    ("as_integer_ratio", ""),
    ("conjugate", ""),
    ("hex", ""),
    ("is_integer", ""),
    ("__format__", "G"),
    ("__round__", "?I"),
    ("__divmod__", "F"),
    ("__floordiv__", "F"),
    ("__mod__", "F"),
    ("__trunc__", ""),
    ("__ceil__", ""),
    ("__floor__", ""),
    ("__eq__", "V"),
    ("__lt__", "V"),
    ("__int__", ""),
];
const LIST: Calls = &[
    ("append", "V"),
    ("clear", ""),
    ("copy", ""),
    ("count", "V"),
    ("extend", "Q"),
    ("index", "V?II"),
    ("insert", "IV"),
    ("pop", "?I"),
    ("remove", "V"),
    ("reverse", ""),
    ("sort", ""),
    ("__getitem__", "I"),
    ("__setitem__", "IV"),
    ("__delitem__", "I"),
    ("__contains__", "V"),
    ("__imul__", "I"),
    ("__iadd__", "Q"),
    ("__eq__", "V"),
    ("__lt__", "V"),
];
const TUPLE: Calls = &[
    ("count", "V"),
    ("index", "V?II"),
    ("__getitem__", "I"),
    ("__contains__", "V"),
    ("__add__", "V"),
    ("__lt__", "V"),
];
const DICT: Calls = &[
    ("clear", ""),
    ("copy", ""),
    ("get", "K?V"),
    ("items", ""),
    ("keys", ""),
    ("pop", "K?V"),
    ("popitem", ""),
    ("setdefault", "K?V"),
    ("update", "D"),
    ("values", ""),
    ("__contains__", "K"),
    ("__getitem__", "K"),
    ("__setitem__", "KV"),
    ("__delitem__", "K"),
    ("__or__", "D"),
    ("__ior__", "D"),
    ("__eq__", "V"),
    ("fromkeys", "Q?V"),
];
const SET: Calls = &[
    ("add", "K"),
    ("clear", ""),
    ("copy", ""),
    ("difference", "?QQ"),
    ("difference_update", "?QQ"),
    ("discard", "K"),
    ("intersection", "?QQ"),
    ("intersection_update", "?QQ"),
    ("isdisjoint", "Q"),
    ("issubset", "Q"),
    ("issuperset", "Q"),
    ("remove", "K"),
    ("symmetric_difference", "Q"),
    ("symmetric_difference_update", "Q"),
    ("union", "?QQ"),
    ("update", "?QQ"),
    ("__and__", "E"),
    ("__or__", "E"),
    ("__sub__", "E"),
    ("__xor__", "E"),
    ("__le__", "E"),
    ("__contains__", "V"),
];
const RANGE: Calls = &[
    ("count", "V"),
    ("index", "V"),
    ("__getitem__", "I"),
    ("__contains__", "V"),
    ("__reversed__", ""),
    ("__len__", ""),
    ("__eq__", "V"),
];
const BYTEARRAY: Calls = &[
    ("append", "I"),
    ("clear", ""),
    ("copy", ""),
    ("extend", "Q"),
    ("insert", "II"),
    ("pop", "?I"),
    ("remove", "I"),
    ("reverse", ""),
    ("resize", "I"),
    ("__setitem__", "II"),
    ("__delitem__", "I"),
    ("__iadd__", "B"),
];
const COMPLEX: Calls = &[("conjugate", ""), ("__format__", "G"), ("__eq__", "V"), ("__abs__", ""), ("__bool__", "")];

const FUNCTIONS: Calls = &[
    ("abs", "F"),
    ("all", "Q"),
    ("any", "Q"),
    ("ascii", "V"),
    ("bin", "N"),
    ("bool", "V"),
    ("bytes", "Q"),
    ("bytearray", "Q"),
    ("callable", "V"),
    ("chr", "I"),
    ("complex", "F?F"),
    ("dict", "D"),
    ("divmod", "FF"),
    ("enumerate", "Q?I"),
    ("float", "F"),
    ("float", "S"),
    ("format", "VG"),
    ("frozenset", "Q"),
    ("hash", "F"),
    ("hex", "N"),
    ("int", "F"),
    ("int", "S?I"),
    ("len", "V"),
    ("list", "Q"),
    ("max", "Q"),
    ("max", "VV?V"),
    ("min", "Q"),
    ("min", "VV?V"),
    ("oct", "N"),
    ("ord", "S"),
    ("pow", "NIN"),
    ("range", "I?II"),
    ("repr", "V"),
    ("reversed", "Q"),
    ("round", "F?I"),
    ("set", "Q"),
    ("slice", "I?II"),
    ("sorted", "Q"),
    ("str", "V"),
    ("str", "BXR"),
    ("sum", "Q?V"),
    ("tuple", "Q"),
    ("zip", "QQ"),
    ("isinstance", "VV"),
    ("memoryview", "B"),
    ("iter", "V"),
    ("next", "V?V"),
    ("map", "TQ"),
    ("filter", "TQ"),
    ("getattr", "VS?V"),
    ("type", "V"),
    ("int.from_bytes", "B?O"),
    ("float.fromhex", "S"),
    ("bytes.fromhex", "S"),
    ("str.maketrans", "D"),
    ("dict.fromkeys", "Q?V"),
    ("float.from_number", "V"),
    ("complex.from_number", "V"),
];

fn argument(rng: &mut Rng, what: char, d: usize) -> String {
    if rng.chance(4) {
        // No int that would be a size of gigabytes.
        return match rng.pick(&[Int, Float, Str, None, List, Bytes]) {
            Int => rng.pick(&["2**64", "-2**63-1", "10**20"]).to_owned(),
            kind => expression(rng, kind, 0),
        };
    }
    let one = |rng: &mut Rng, kinds: &[Kind]| {
        let kind = rng.pick(kinds);
        expression(rng, kind, d)
    };
    match what {
        'S' => one(rng, &[Str]),
        'C' => rng.pick(&["'*'", "' '", "'é'", "'ab'", "'-'"]).to_owned(),
        'Y' => rng.pick(&["b'*'", "b' '", "b'ab'"]).to_owned(),
        'B' => one(rng, &[Bytes, Bytes, ByteArray]),
        'I' => small(rng),
        'N' => one(rng, &[Int]),
        'F' => one(rng, &[Int, Float, Float, Bool, Complex]),
        'L' => rng.pick(&["['a', 'b']", "'xyz'", "[]", "['é', '日']", "('p',)", "[b'x', b'y']", "['a', 1]"]).to_owned(),
        'Q' => one(rng, &[List, List, Tuple, Set, Str, Bytes, Range, Dict]),
        'D' => one(rng, &[Dict]),
        'E' => one(rng, &[Set, FrozenSet]),
        'K' => one(rng, &[Int, Float, Str, Tuple, Bool, None, Bytes]),
        'X' => rng
            .pick(&["'utf-8'", "'ascii'", "'latin-1'", "'utf-16'", "'utf-32-be'", "'cp1252'", "'no-such'"])
            .to_owned(),
        'R' => rng
            .pick(&["'strict'", "'ignore'", "'replace'", "'backslashreplace'", "'surrogateescape'", "'surrogatepass'"])
            .to_owned(),
        'O' => rng.pick(&["'big'", "'little'", "'middle'"]).to_owned(),
        'T' => rng.pick(&["None", "str", "repr", "bool", "len", "lambda x: (x,)", "type"]).to_owned(),
        'P' => super::modules::pattern(rng),
        'Z' => super::modules::layout(rng),
        'J' => super::modules::json(rng),
        'A' => rng.pick(&["'i'", "'b'", "'B'", "'d'", "'w'", "'q'", "'k'"]).to_owned(),
        'U' => rng.pick(&["'NFC'", "'NFD'", "'NFKC'", "'NFKD'", "'nfc'"]).to_owned(),
        'G' => format!("'{}'", spec(rng)),
        _ => values::any(rng, d),
    }
}

/// A format specification, mostly a valid one.
pub fn spec(rng: &mut Rng) -> String {
    let mut text = String::new();
    if rng.chance(30) {
        text += rng.pick(&["<", ">", "^", "=", "*<", "é>", "0^", " ="]);
    }
    text += rng.pick(&["", "", "", "+", "-", " "]);
    text += rng.pick(&["", "", "", "", "z", "#"]);
    text += rng.pick(&["", "", "", "0"]);
    text += rng.pick(&["", "", "1", "5", "12", "30"]);
    text += rng.pick(&["", "", "", ",", "_"]);
    text += rng.pick(&["", "", ".0", ".1", ".3", ".10", ".25"]);
    text += rng.pick(&["", "", "d", "f", "g", "e", "%", "n", "x", "X", "o", "b", "c", "s", "G", "E", "F", "r"]);
    text
}

pub fn arguments(rng: &mut Rng, signature: &str, d: usize) -> String {
    let mut list = Vec::new();
    let mut optional = false;
    for what in signature.chars() {
        if what == '?' {
            optional = true;
            continue;
        }
        if optional && rng.chance(40) {
            break;
        }
        list.push(argument(rng, what, d));
    }
    if rng.chance(2) {
        list.push(values::any(rng, 0));
    }
    if rng.chance(2) {
        list.pop();
    }
    list.join(", ")
}

/// A method's call; of one that changes its object, what the object is then.
pub fn call(rng: &mut Rng, d: usize) -> String {
    let kind = rng.pick(&[
        Str, Str, Str, Bytes, ByteArray, Int, Float, List, List, Tuple, Dict, Dict, Set, FrozenSet, Range, Complex,
    ]);
    let table = match kind {
        Str => STR,
        Bytes => BYTES,
        ByteArray if rng.chance(50) => BYTES,
        ByteArray => BYTEARRAY,
        Int => INT,
        Float => FLOAT,
        List => LIST,
        Tuple => TUPLE,
        Dict => DICT,
        Set | FrozenSet => SET,
        Range => RANGE,
        _ => COMPLEX,
    };
    let (name, signature) = rng.pick(table);
    let args = arguments(rng, signature, d);
    let object = expression(rng, kind, d);
    match kind {
        List | Dict | Set | ByteArray if rng.chance(70) => format!("[o := {object}, o.{name}({args}), o]"),
        _ => format!("({object}).{name}({args})"),
    }
}

pub fn function(rng: &mut Rng, d: usize) -> String {
    let (name, signature) = rng.pick(FUNCTIONS);
    format!("{name}({})", arguments(rng, signature, d))
}

/// One of the ways to format values.
pub fn formatting(rng: &mut Rng, d: usize) -> String {
    let value = values::any(rng, d);
    match rng.below(4) {
        0 => {
            let conversion = rng.pick(&["", "!r", "!s", "!a"]);
            format!("(lambda v: f'<{{v{conversion}:{}}}>')({value})", spec(rng))
        }
        1 => format!("'<{{0:{}}}|{{0}}>'.format({value})", spec(rng)),
        2 => {
            let flags = rng.pick(&["", "-", "+", " ", "#", "0", "-#", "+0"]);
            let width = rng.pick(&["", "", "5", "12", "*"]);
            let precision = rng.pick(&["", "", ".0", ".3", ".10"]);
            let letter = rng.pick(&["d", "i", "s", "r", "a", "f", "e", "g", "x", "X", "o", "c", "%", "G", "u", "y"]);
            let args = if width == "*" { format!("(7, {value})") } else { format!("({value},)") };
            format!("'<%{flags}{width}{precision}{letter}>' % {args}")
        }
        _ => format!("format({value}, '{}')", spec(rng)),
    }
}
