//! Random calls of the standard library's native modules, which are written anew here
//! while CPython's are in C: what they give, and the words of their errors.

use super::methods::{Calls, arguments};
use super::rng::Rng;
use super::values::{self, Kind};

/// Functions; the letters are those of `methods.rs`.
const FUNCTIONS: Calls = &[
    ("math.gcd", "NN?N"),
    ("math.lcm", "NN"),
    ("math.comb", "II"),
    ("math.perm", "I?I"),
    ("math.isqrt", "N"),
    ("math.factorial", "I"),
    ("math.floor", "F"),
    ("math.ceil", "F"),
    ("math.trunc", "F"),
    ("math.fmod", "FF"),
    ("math.remainder", "FF"),
    ("math.frexp", "F"),
    ("math.ldexp", "FI"),
    ("math.modf", "F"),
    ("math.copysign", "FF"),
    ("math.nextafter", "FF"),
    ("math.ulp", "F"),
    ("math.isclose", "FF"),
    ("math.prod", "Q?V"),
    ("math.sumprod", "QQ"),
    ("math.fsum", "Q"),
    ("math.dist", "QQ"),
    ("math.sqrt", "F"),
    ("struct.pack", "ZV?VV"),
    ("struct.unpack", "ZB"),
    ("struct.calcsize", "Z"),
    ("struct.unpack_from", "ZB?I"),
    ("json.dumps", "V"),
    ("json.loads", "J"),
    ("binascii.hexlify", "B?C"),
    ("binascii.unhexlify", "B"),
    ("binascii.b2a_base64", "B"),
    ("binascii.a2b_base64", "B"),
    ("binascii.crc32", "B"),
    ("re.findall", "PS"),
    ("re.split", "PS?I"),
    ("re.sub", "PSS?I"),
    ("re.subn", "PSS"),
    ("re.escape", "S"),
    ("re.fullmatch", "PS"),
    ("itertools.accumulate", "Q"),
    ("itertools.batched", "QI"),
    ("itertools.chain", "?QQQ"),
    ("itertools.combinations", "QI"),
    ("itertools.combinations_with_replacement", "QI"),
    ("itertools.compress", "QQ"),
    ("itertools.count", "F?F"),
    ("itertools.cycle", "Q"),
    ("itertools.dropwhile", "TQ"),
    ("itertools.filterfalse", "TQ"),
    ("itertools.groupby", "Q?T"),
    ("itertools.islice", "QI?II"),
    ("itertools.pairwise", "Q"),
    ("itertools.permutations", "Q?I"),
    ("itertools.product", "?QQ"),
    ("itertools.repeat", "V?I"),
    ("itertools.starmap", "TQ"),
    ("itertools.takewhile", "TQ"),
    ("itertools.tee", "Q"),
    ("itertools.zip_longest", "QQ?Q"),
    ("functools.reduce", "TQ?V"),
    ("functools.partial", "T?VV"),
    ("operator.itemgetter", "V?V"),
    ("operator.attrgetter", "S"),
    ("operator.index", "V"),
    ("operator.length_hint", "V?I"),
    ("operator.concat", "QQ"),
    ("operator.indexOf", "QV"),
    ("operator.countOf", "QV"),
    ("bisect.bisect", "QV?II"),
    ("bisect.bisect_left", "QF"),
    ("heapq.nsmallest", "IQ"),
    ("heapq.heappushpop", "QV"),
    ("collections.deque", "?QI"),
    ("collections.OrderedDict", "?D"),
    ("collections.Counter", "?Q"),
    ("array.array", "AQ"),
    ("unicodedata.name", "S?V"),
    ("unicodedata.normalize", "US"),
    ("unicodedata.category", "S"),
    ("unicodedata.decimal", "S?V"),
    ("zlib.crc32", "B?I"),
    ("zlib.adler32", "B?N"),
    ("textwrap.shorten", "SI"),
    ("string.capwords", "S?S"),
    ("string.Formatter().format", "SVV"),
    ("copy.deepcopy", "V"),
    ("fractions.Fraction", "V?N"),
    ("decimal.Decimal", "V"),
    ("ast.literal_eval", "S"),
    ("types.SimpleNamespace", "?D"),
    ("codecs.encode", "VXR"),
    ("codecs.decode", "BXR"),
    ("statistics.mean", "Q"),
];

/// Methods of what those modules make.
const DEQUE: Calls = &[
    ("append", "V"),
    ("appendleft", "V"),
    ("clear", ""),
    ("copy", ""),
    ("count", "V"),
    ("extend", "Q"),
    ("extendleft", "Q"),
    ("index", "V?II"),
    ("insert", "IV"),
    ("pop", ""),
    ("popleft", ""),
    ("remove", "V"),
    ("reverse", ""),
    ("rotate", "?I"),
    ("__getitem__", "I"),
    ("__delitem__", "I"),
    ("__mul__", "I"),
    ("__iadd__", "Q"),
    ("__eq__", "V"),
];
const ORDERED: Calls = &[
    ("move_to_end", "K?V"),
    ("popitem", "?V"),
    ("pop", "K?V"),
    ("setdefault", "K?V"),
    ("update", "D"),
    ("__reversed__", ""),
    ("__delitem__", "K"),
    ("__or__", "D"),
];
const ARRAY: Calls = &[
    ("append", "F"),
    ("byteswap", ""),
    ("count", "V"),
    ("extend", "Q"),
    ("frombytes", "B"),
    ("fromlist", "V"),
    ("index", "V?II"),
    ("insert", "IF"),
    ("pop", "?I"),
    ("remove", "V"),
    ("reverse", ""),
    ("tobytes", ""),
    ("tolist", ""),
    ("__getitem__", "I"),
    ("__setitem__", "IF"),
    ("__mul__", "I"),
];

/// A call of a function, or of a method of an object of such a module.
pub fn call(rng: &mut Rng, d: usize) -> String {
    match rng.below(10) {
        0 => method(rng, "collections.deque", Kind::List, DEQUE, d),
        1 => method(rng, "collections.OrderedDict", Kind::Dict, ORDERED, d),
        2 => {
            let code = rng.pick(&["'i'", "'b'", "'d'", "'Q'", "'w'"]);
            let of = rng.pick(&["[1, 2, 3]", "[]", "[7]", "range(5)"]);
            let of = if code == "'w'" { "'aé日'" } else { of };
            of_object(rng, &format!("array.array({code}, {of})"), ARRAY, d)
        }
        _ => {
            let (name, signature) = rng.pick(FUNCTIONS);
            format!("{name}({})", arguments(rng, signature, d))
        }
    }
}

fn method(rng: &mut Rng, class: &str, of: Kind, table: Calls, d: usize) -> String {
    let items = values::literal(rng, of, d);
    of_object(rng, &format!("{class}({items})"), table, d)
}

fn of_object(rng: &mut Rng, object: &str, table: Calls, d: usize) -> String {
    let (name, signature) = rng.pick(table);
    format!("[o := {object}, o.{name}({}), o]", arguments(rng, signature, d))
}

/// A format of `struct`, mostly a valid one.
pub fn layout(rng: &mut Rng) -> String {
    let order = rng.pick(&["", "<", ">", "=", "!", "@"]);
    let n = rng.below(3) + 1;
    let codes: String = (0..n)
        .map(|_| {
            let count = rng.pick(&["", "", "", "2", "0", "3"]);
            let code = rng.pick(&[
                "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "f", "d", "e", "s", "p", "c", "?", "x", "n", "P", "y",
            ]);
            format!("{count}{code}")
        })
        .collect();
    format!("'{order}{codes}'")
}

/// A regular expression.
pub fn pattern(rng: &mut Rng) -> String {
    let atom = |rng: &mut Rng| {
        rng.pick(&[
            "a", "b", ".", "\\d", "\\w", "\\s", "[ab]", "[^a]", "(a|b)", "(?:ab)", "(?P<n>a)", "\\b", "^", "$",
            "(?=a)", "(?!b)", "(?<=a)", "é", "(", "[", "\\1", "(?i:A)", "[a-c]", "x", ",", "(?>a)", "\\Z",
        ])
    };
    let n = rng.below(4) + 1;
    let text: String = (0..n)
        .map(|_| format!("{}{}", atom(rng), rng.pick(&["", "", "", "*", "+", "?", "{2}", "*?", "{1,}", "*+"])))
        .collect();
    format!("r'{text}'")
}

/// What `json.loads` reads.
pub fn json(rng: &mut Rng) -> String {
    rng.pick(&[
        "'[1, 2.5, null]'",
        "'{\"a\": [true, false]}'",
        "'\"\\\\u00e9\\\\n\"'",
        "'{\"a\" 1}'",
        "'[1,]'",
        "'{\"a\": 1,}'",
        "'NaN'",
        "'-Infinity'",
        "'01'",
        "'1e400'",
        "'\"a'",
        "''",
        "' 5 x'",
        "'{1: 2}'",
        "'\"\\\\ud83d\\\\ude00\"'",
        "'\"\\\\x\"'",
        "b'[1]'",
        "'[1 2]'",
        "'12345678901234567890'",
        "'-'",
        "'\\ufeff1'",
        "'\"\\t\"'",
    ])
    .to_owned()
}
