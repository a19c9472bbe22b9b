//! Random literals and expressions of the built-in types.
//!
//! Nothing here grows without bound: what multiplies a sequence, shifts or is an
//! exponent is small, or so large that both interpreters refuse it.

use super::methods;
use super::rng::Rng;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Int,
    Float,
    Complex,
    Bool,
    Str,
    Bytes,
    ByteArray,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
    Range,
    None,
}

use Kind::*;

pub const KINDS: &[Kind] = &[
    Int, Int, Int, Float, Float, Complex, Bool, Str, Str, Str, Bytes, ByteArray, List, Tuple, Dict, Set, FrozenSet,
    Range, None,
];
const HASHABLE: &[Kind] = &[Int, Int, Float, Bool, Str, Str, Bytes, Tuple, FrozenSet, None];

const INTS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "10",
    "-5",
    "127",
    "128",
    "255",
    "256",
    "-256",
    "65536",
    "2**31-1",
    "2**31",
    "-2**31",
    "2**32",
    "2**53",
    "2**53+1",
    "2**60",
    "2**62-1",
    "2**62",
    "2**63-1",
    "2**63",
    "-2**63",
    "-2**63-1",
    "2**64",
    "10**20",
    "-10**30",
    "3**100",
    "-(2**200)",
    "10**40+7",
];
const FLOATS: &[&str] = &[
    "0.0",
    "-0.0",
    "1.0",
    "1.5",
    "-2.25",
    "0.1",
    "2.5",
    "3.5",
    "1e10",
    "1e15",
    "1e16",
    "123456789012345680.0",
    "1e22",
    "1e23",
    "1e300",
    "-1e-300",
    "5e-324",
    "float('inf')",
    "float('-inf')",
    "float('nan')",
    "123456.789",
    "0.30000000000000004",
    "9007199254740993.0",
    "1e-5",
    "0.0001",
    "1/3",
];
const STRS: &[&str] = &[
    "''",
    "'a'",
    "'abc'",
    "'Hello World'",
    "'straße'",
    "'İI'",
    "'ǆ'",
    "'ÀÉ'",
    "'日本語'",
    "'😀x'",
    "'\\ud800'",
    "'\\x00'",
    "'a\\tb\\n'",
    "'  pad '",
    "'123'",
    "'-12'",
    "'0x1f'",
    "'1_000'",
    "'1.5e3'",
    "' nan '",
    "'%s'",
    "'{}'",
    "'a,b,,c'",
    "'ﬁx'",
    "'ΑΣ'",
    "\"it's\"",
    "'say \"hi\"'",
    "'line1\\nline2\\r\\nline3'",
    "'xxabcxx'",
    "'aAbB1'",
    "'٣'",
    "'½'",
    "'x y  z'",
    "'\\u0345a'",
    "'_id1'",
    "'a'*40",
];
const BYTES: &[&str] = &[
    "b''",
    "b'a'",
    "b'abc'",
    "b'Hello World'",
    "b'\\x00\\xff'",
    "b'  pad\\t'",
    "b'a,b,,c'",
    "b'12'",
    "b'0aFF'",
    "b'l1\\nl2\\r\\n'",
    "b'\\xc3\\xa9'",
    "b'xxabcxx'",
    "b'%d'",
];

/// An int that may be a count, an index or a width.
pub fn small(rng: &mut Rng) -> String {
    rng.between(-3, 12).to_string()
}

pub fn literal(rng: &mut Rng, kind: Kind, depth: usize) -> String {
    match kind {
        Int if rng.chance(50) => rng.between(-100, 100).to_string(),
        Int => format!("({})", rng.pick(INTS)),
        Float if rng.chance(20) => format!("{}.{}", rng.between(-1000, 1000), rng.below(100_000)),
        Float => rng.pick(FLOATS).to_owned(),
        Complex => format!("complex({}, {})", rng.pick(FLOATS), rng.pick(FLOATS)),
        Bool => rng.pick(&["True", "False"]).to_owned(),
        Str if rng.chance(25) => {
            let n = rng.below(6);
            let text: String = (0..n).map(|_| rng.pick(&['a', 'b', ' ', ',', 'B', 'é', '1'])).collect();
            format!("'{text}'")
        }
        Str => rng.pick(STRS).to_owned(),
        Bytes => rng.pick(BYTES).to_owned(),
        ByteArray => format!("bytearray({})", rng.pick(BYTES)),
        List => format!("[{}]", items(rng, depth, KINDS)),
        Tuple => match items(rng, depth, HASHABLE) {
            text if text.is_empty() => "()".to_owned(),
            text => format!("({text},)"),
        },
        Set => match members(rng, depth) {
            text if text.is_empty() => "set()".to_owned(),
            text => format!("{{{text}}}"),
        },
        FrozenSet => format!("frozenset([{}])", members(rng, depth)),
        Dict => {
            let n = rng.below(4);
            let pairs: Vec<String> = (0..n)
                .map(|_| {
                    let (key, kind) = (rng.pick(HASHABLE), rng.pick(KINDS));
                    format!("{}: {}", expression(rng, key, depth / 2), expression(rng, kind, depth / 2))
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Range => format!("range({}, {}, {})", small(rng), small(rng), rng.pick(&["1", "2", "-1", "3"])),
        None => "None".to_owned(),
    }
}

/// The items of a set.
fn members(rng: &mut Rng, depth: usize) -> String {
    let mut list = item_list(rng, depth, HASHABLE);
    if rng.turned {
        // The first of equal ones is the one that counts.
        let mut seen = std::collections::HashSet::new();
        list.retain(|item| seen.insert(item.clone()));
        list.reverse();
    }
    list.join(", ")
}

fn items(rng: &mut Rng, depth: usize, kinds: &[Kind]) -> String {
    item_list(rng, depth, kinds).join(", ")
}

fn item_list(rng: &mut Rng, depth: usize, kinds: &[Kind]) -> Vec<String> {
    let n = rng.below(5);
    // Often all of one kind, so that they can be compared.
    let one = rng.chance(60).then(|| rng.pick(kinds));
    (0..n)
        .map(|_| {
            let kind = one.unwrap_or_else(|| rng.pick(kinds));
            expression(rng, kind, depth / 2)
        })
        .collect()
}

/// An expression that mostly gives a value of this kind, sometimes an error.
pub fn expression(rng: &mut Rng, kind: Kind, depth: usize) -> String {
    if depth == 0 || rng.chance(35) {
        return literal(rng, kind, depth);
    }
    let d = depth - 1;
    match rng.below(8) {
        0 | 1 => operation(rng, kind, d),
        2 => methods::call(rng, d),
        3 => methods::function(rng, d),
        4 => {
            let c = rng.pick(KINDS);
            format!("({} if {} else {})", expression(rng, kind, d), expression(rng, c, d), expression(rng, kind, d))
        }
        5 => subscript(rng, d),
        6 => comprehension(rng, d),
        _ => literal(rng, kind, depth),
    }
}

pub fn any(rng: &mut Rng, depth: usize) -> String {
    let kind = rng.pick(KINDS);
    expression(rng, kind, depth)
}

fn operation(rng: &mut Rng, kind: Kind, d: usize) -> String {
    let other = if rng.chance(70) { kind } else { rng.pick(KINDS) };
    let left = expression(rng, kind, d);
    let right = expression(rng, other, d);
    match rng.below(12) {
        0 => format!("({left} * {})", small(rng)),
        1 => format!("({left} ** {})", rng.pick(&["0", "1", "2", "3", "5", "-1", "0.5", "-2.5", "1j"])),
        2 => format!("({left} << {})", rng.pick(&["0", "1", "7", "64", "100", "-1"])),
        3 => format!("({left} >> {})", rng.pick(&["0", "1", "7", "64", "100", "-1", "2**70"])),
        4 => format!("({}{left})", rng.pick(&["-", "+", "~", "not "])),
        5 => format!("({left} {} {right})", rng.pick(&["and", "or", "in", "not in"])),
        6 => {
            let third = expression(rng, other, d);
            format!("({left} {} {right} {} {third})", rng.pick(COMPARE), rng.pick(COMPARE))
        }
        _ => format!("({left} {} {right})", rng.pick(&["+", "-", "/", "//", "%", "&", "|", "^", "==", "<", "@"])),
    }
}

const COMPARE: &[&str] = &["==", "!=", "<", "<=", ">", ">="];

fn subscript(rng: &mut Rng, d: usize) -> String {
    let kind = rng.pick(&[Str, Bytes, ByteArray, List, Tuple, Dict, Range, Int]);
    let of = expression(rng, kind, d);
    if kind == Dict || rng.chance(5) {
        let key = rng.pick(HASHABLE);
        return format!("{of}[{}]", expression(rng, key, d));
    }
    let part = |rng: &mut Rng| if rng.chance(40) { String::new() } else { small(rng) };
    match rng.below(3) {
        0 => format!("{of}[{}]", small(rng)),
        1 => format!("{of}[{}:{}]", part(rng), part(rng)),
        _ => format!("{of}[{}:{}:{}]", part(rng), part(rng), part(rng)),
    }
}

fn comprehension(rng: &mut Rng, d: usize) -> String {
    let source = rng.pick(&[Str, List, Tuple, Set, Range, Dict, Bytes]);
    let over = expression(rng, source, d);
    let element =
        rng.pick(&["x", "(x, x)", "str(x)", "repr(x)[:5]", "x == x", "[x] * 2", "type(x).__name__", "(y := x, y)"]);
    let condition = rng.pick(&["", " if x", " if not x", " if isinstance(x, (int, str))"]);
    match rng.below(4) {
        0 => format!("[{element} for x in {over}{condition}]"),
        1 if rng.turned => format!("set([{element} for x in {over}{condition}][::-1])"),
        1 => format!("set({element} for x in {over}{condition})"),
        2 => format!("{{str(x): {element} for x in {over}{condition}}}"),
        _ => format!("[(x, y) for x in {over}{condition} for y in range({})]", rng.below(3)),
    }
}
