//! `str` algorithms against tests/data/strings.txt, which CPython wrote.

use std::ops::Range;

use typhon_text::strview::{self, Chars, EscapeError, OwnedStr, StrBuf, StrView};

/// Reads the escaped form; also the test of `unicode_escape_decode`.
fn parse(text: &str) -> OwnedStr {
    let result = strview::unicode_escape_decode(text.as_bytes(), |_| None, Err::<_, EscapeError>);
    let (decoded, first_invalid) = result.expect("valid escapes");
    assert_eq!(first_invalid, None);
    decoded
}

fn show(text: StrView<'_>) -> String {
    let bytes = strview::unicode_escape_encode(text);
    String::from_utf8(bytes).expect("ASCII").replace('|', "\\x7c")
}

fn pieces(text: StrView<'_>, ranges: &[Range<usize>]) -> String {
    let pieces: Vec<String> = ranges.iter().map(|range| show(text.slice(range.clone()))).collect();
    pieces.join("|")
}

fn python_bool(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}

fn index(found: Option<usize>) -> String {
    found.map_or("-1".to_owned(), |index| index.to_string())
}

fn limit(text: &str) -> usize {
    text.parse::<isize>().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

fn evaluate(method: &str, args: &[&str]) -> String {
    let text = parse(args[0]);
    let text = text.as_view();
    let second = args.get(1).map_or(OwnedStr::from(""), |arg| parse(arg));
    let other = second.as_view();
    let chars = if args.len() > 1 { Chars::AnyOf(other) } else { Chars::Space };
    let built = |buf: StrBuf| show(buf.finish().as_view());
    let number = || args[1].parse::<usize>().expect("a number");
    match method {
        "isalpha" => python_bool(strview::is_alpha(text)),
        "isalnum" => python_bool(strview::is_alnum(text)),
        "isdecimal" => python_bool(strview::is_decimal(text)),
        "isdigit" => python_bool(strview::is_digit(text)),
        "isnumeric" => python_bool(strview::is_numeric(text)),
        "isspace" => python_bool(strview::is_space(text)),
        "isprintable" => python_bool(strview::is_printable(text)),
        "islower" => python_bool(strview::is_lower(text)),
        "isupper" => python_bool(strview::is_upper(text)),
        "istitle" => python_bool(strview::is_title(text)),
        "isidentifier" => python_bool(strview::is_identifier(text)),
        "lower" => built(strview::lower(text)),
        "upper" => built(strview::upper(text)),
        "casefold" => built(strview::casefold(text)),
        "swapcase" => built(strview::swapcase(text)),
        "title" => built(strview::title(text)),
        "capitalize" => built(strview::capitalize(text)),
        "repr" => show(strview::repr(text).as_view()),
        "ascii" => show(strview::ascii(text).as_view()),
        "raw" => show(StrView::Latin1(&strview::raw_unicode_escape_encode(text))),
        "find" => index(strview::find(text, other)),
        "rfind" => index(strview::rfind(text, other)),
        "count" => strview::count(text, other).to_string(),
        "startswith" => python_bool(strview::starts_with(text, other)),
        "endswith" => python_bool(strview::ends_with(text, other)),
        "strip" => pieces(text, &[strview::strip(text, chars)]),
        "lstrip" => pieces(text, &[strview::strip_start(text, chars)]),
        "rstrip" => pieces(text, &[strview::strip_end(text, chars)]),
        "replace" => {
            let new = parse(args[2]);
            let replaced = strview::replace(text, other, new.as_view(), limit(args[3]));
            replaced.map_or_else(|| show(text), built)
        }
        "split" if args[1] == "None" => pieces(text, &strview::split_space(text, limit(args[2]))),
        "split" => pieces(text, &strview::split(text, other, limit(args[2]))),
        "rsplit" if args[1] == "None" => pieces(text, &strview::rsplit_space(text, limit(args[2]))),
        "rsplit" => pieces(text, &strview::rsplit(text, other, limit(args[2]))),
        "splitlines" => pieces(text, &strview::split_lines(text, args[1] == "True")),
        "partition" => match strview::partition(text, other) {
            None => format!("{}||", show(text)),
            Some((before, after)) => pieces(text, &[before.clone(), before.end..after.start, after]),
        },
        "rpartition" => match strview::rpartition(text, other) {
            None => format!("||{}", show(text)),
            Some((before, after)) => pieces(text, &[before.clone(), before.end..after.start, after]),
        },
        "expandtabs" => built(strview::expand_tabs(text, number())),
        "zfill" => built(strview::zfill(text, number())),
        "center" => {
            let padding = strview::center_padding(text.len(), number());
            format!("{:l$}{}{:r$}", "", show(text), "", l = padding.left, r = padding.right)
        }
        _ => panic!("{method}"),
    }
}

#[test]
fn agrees_with_cpython() {
    let mut failures = Vec::new();
    for line in include_str!("data/strings.txt").split('\n').filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (expected, fields) = fields.split_last().expect("a result");
        let actual = evaluate(fields[0], &fields[1..]);
        if actual != *expected {
            failures.push(format!("{fields:?}: {actual}, not {expected}"));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// Every property and mapping of every code point, against CPython's checksum.
#[test]
fn all_code_points() {
    let mut checksum = 0u64;
    for code_point in 0..=0x10_ffff {
        let units = [code_point];
        let text = StrView::Ucs4(&units);
        let predicates = [
            strview::is_alpha(text),
            strview::is_alnum(text),
            strview::is_decimal(text),
            strview::is_digit(text),
            strview::is_numeric(text),
            strview::is_space(text),
            strview::is_printable(text),
            strview::is_lower(text),
            strview::is_upper(text),
            strview::is_title(text),
            strview::is_identifier(text),
        ];
        let mut bits = 0u64;
        for (at, predicate) in predicates.into_iter().enumerate() {
            bits += u64::from(predicate) << at;
        }
        for mapped in [
            strview::lower(text),
            strview::upper(text),
            strview::casefold(text),
            strview::swapcase(text),
            strview::title(text),
            strview::capitalize(text),
        ] {
            for c in mapped.as_view().iter() {
                bits = bits.wrapping_mul(31).wrapping_add(u64::from(c));
            }
        }
        checksum = checksum.wrapping_mul(1_000_003).wrapping_add(bits);
    }
    assert_eq!(checksum, CHECKSUM);
}

#[test]
fn builder_widens() {
    let mut buf = StrBuf::new();
    buf.push_str("a\u{e9}");
    assert!(matches!(buf.as_view(), StrView::Latin1(_)));
    buf.push(0xd800);
    assert!(matches!(buf.as_view(), StrView::Ucs2(_)));
    buf.push_view(StrView::Ucs4(&[0x62, 0x63]));
    assert!(matches!(buf.as_view(), StrView::Ucs2(_)));
    buf.push_repeated(0x1f600, 2);
    assert!(matches!(buf.as_view(), StrView::Ucs4(_)));
    assert_eq!(show(buf.as_view()), "a\\xe9\\ud800bc\\U0001f600\\U0001f600");
}

#[test]
fn long_searches_stay_linear() {
    let hay: Vec<u16> = std::iter::repeat_n(0x3b1, 200_000).collect();
    let mut needle: Vec<u16> = std::iter::repeat_n(0x3b1, 50_000).collect();
    needle.push(0x3b2);
    let (hay, needle) = (StrView::Ucs2(&hay), StrView::Ucs2(&needle));
    assert_eq!(strview::find(hay, needle), None);
    assert_eq!(strview::find(hay, needle.slice(0..50_000)), Some(0));
}

#[test]
fn escape_errors() {
    let decode = |text: &str| {
        let look_up = |name: &str| (name == "DASH").then_some(0x2d);
        strview::unicode_escape_decode(text.as_bytes(), look_up, Err::<(OwnedStr, usize), _>)
    };
    let error = |text| decode(text).map_err(|e| (e.start, e.end, e.reason)).expect_err("bad");
    assert_eq!(error("ab\\x1"), (2, 5, "truncated \\xXX escape"));
    assert_eq!(error("\\"), (0, 1, "\\ at end of string"));
    assert_eq!(error("\\U00110000"), (0, 10, "illegal Unicode character"));
    assert_eq!(error("\\N{x}"), (0, 5, "unknown Unicode character name"));
    assert_eq!(error("\\Nx"), (0, 2, "malformed \\N character escape"));
    let (text, first_invalid) = decode("\\N{DASH}\\d\\101\\\n").expect("decodes");
    assert_eq!((show(text.as_view()).as_str(), first_invalid), ("-\\\\dA", Some(8)));
}

#[test]
fn bytes_repr() {
    assert_eq!(strview::repr_bytes(b"a'\n\xff\\"), "b\"a'\\n\\xff\\\\\"");
    assert_eq!(strview::repr_bytes(b"'\""), "b'\\'\"'");
}

/// Printed by generate_strings.py.
const CHECKSUM: u64 = 7627738155284054284;
