//! Format languages against tests/data/format.txt, which CPython wrote.

use typhon_text::format_spec::{self, FormatError, Formatted, Locale};
use typhon_text::percent::{self, Amount, Piece, Pieces};
use typhon_text::strview::{OwnedStr, StrBuf, StrView};
use typhon_text::{float, int};

fn hex(text: &str) -> f64 {
    float::from_hex(text.as_bytes()).expect("a hexadecimal float")
}

fn integer(text: &str) -> int::Int {
    int::scan(text.as_bytes(), 10).expect("a number").to_int()
}

/// ASCII with backslash escapes, as Python's ascii() writes it.
fn ascii(text: StrView<'_>) -> String {
    text.iter()
        .map(|c| match c {
            0x20..0x7f => char::from(c as u8).to_string().replace('\\', "\\\\"),
            0..=0xff => format!("\\x{c:02x}"),
            _ => format!("\\u{c:04x}"),
        })
        .collect()
}

fn show(result: Result<Formatted, FormatError>) -> String {
    match result {
        Ok(formatted) => {
            let mut out = StrBuf::new();
            formatted.write(&mut out);
            assert_eq!(out.len(), formatted.len());
            ascii(out.as_view())
        }
        Err(FormatError::Memory) => "MemoryError".to_owned(),
        Err(FormatError::Value(text)) => ascii(OwnedStr::from(format!("ValueError: {text}").as_str()).as_view()),
        Err(FormatError::Overflow(text)) => format!("OverflowError: {text}"),
    }
}

fn string(spec: StrView<'_>, value: &str) -> String {
    let value = OwnedStr::from(value);
    let plan = match format_spec::string(spec, value.as_view().len(), "str") {
        Ok(plan) => plan,
        Err(error) => return show(Err(error)),
    };
    let mut out = StrBuf::new();
    out.push_repeated(plan.fill, plan.left);
    out.push_view(value.as_view().slice(0..plan.keep));
    out.push_repeated(plan.fill, plan.right);
    ascii(out.as_view())
}

fn percent(spec: &str, value: &str) -> String {
    let mut pieces = Pieces::new(StrView::ascii(spec));
    let Some(Ok(Piece::Conversion(conversion))) = pieces.next() else {
        panic!("{spec}");
    };
    assert!(pieces.next().is_none());
    let amount = |amount| match amount {
        Amount::Given(value) => Some(value),
        _ => None,
    };
    let (flags, kind) = (conversion.flags, conversion.kind as u8);
    let precision = amount(conversion.precision);
    let text = match kind {
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => percent::int_text(integer(value).as_ref(), kind, flags, precision),
        _ => percent::float_text(hex(value), kind, flags, precision),
    };
    text.padded(flags, amount(conversion.width).unwrap_or(0))
}

#[test]
fn agrees_with_cpython() {
    let mut failures = Vec::new();
    for line in include_str!("data/format.txt").split('\n') {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[kind, value, spec, expected] = &fields[..] else {
            continue;
        };
        let owned = OwnedStr::from(spec);
        let view = owned.as_view();
        let actual = match kind {
            "int" => show(format_spec::int(view, integer(value).as_ref(), "int", &Locale::C)),
            "float" => show(format_spec::float(view, hex(value), "float", &Locale::C)),
            "complex" => {
                let (real, imag) = value.split_once(' ').expect("two parts");
                show(format_spec::complex(view, hex(real), hex(imag), "complex", &Locale::C))
            }
            "str" => string(view, value),
            _ => percent(spec, value),
        };
        if actual != expected.replace("\\'", "'") {
            failures.push(format!("{kind} {value} {spec:?}: {actual:?}, not {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// The short way gives what the general way gives, where it answers at all.
#[test]
fn simple_formats_agree() {
    let mut room = [0; format_spec::simple::ROOM];
    let mut answered = 0;
    let alone = |spec: &str, n: Option<usize>, room: &[u8], general: String| {
        if let Some(n) = n {
            assert_eq!(std::str::from_utf8(&room[..n]).unwrap(), general, "{spec:?}");
        }
        n.is_some() as u32
    };
    let ints = [0, 1, -1, 7, -42, 99999, 1 << 40, i64::MAX >> 1, i64::MIN >> 1];
    for spec in ["", "d", "5", "05d", ">8", "<8d", "0d", "040", "39d", "x", "+d", "^9", ",", "5.1"] {
        for v in ints {
            let n = format_spec::simple::int(spec.as_bytes(), v, &mut room);
            let view = StrView::Latin1(spec.as_bytes());
            let value = integer(&v.to_string());
            let general = show(format_spec::int(view, value.as_ref(), "int", &Locale::C));
            answered += alone(spec, n, &room, general);
        }
    }
    let mut floats = vec![0.0, -0.0, 0.5, 1.5, 2.5, -0.125, 0.375, 1e15, 1e-9, 1e-30, f64::NAN, f64::INFINITY, 1e300];
    let mut seed = 88172645463325252u64;
    for _ in 0..2000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        floats.push((seed as i64 >> 12) as f64 / (1u64 << (seed % 64)) as f64);
        floats.push((seed >> 44) as f64 / 1000.0);
    }
    for spec in ["f", ".2f", "8.3f", "012.4f", "<10.1f", ".0f", ".16f", ".17f", "e", "z.1f"] {
        for v in &floats {
            let n = format_spec::simple::float(spec.as_bytes(), *v, &mut room);
            let view = StrView::Latin1(spec.as_bytes());
            answered += alone(spec, n, &room, show(format_spec::float(view, *v, "float", &Locale::C)));
        }
    }
    assert!(answered > 20_000, "{answered}");
}

#[test]
fn locale_grouping() {
    let locale = Locale { decimal_point: ",", thousands_separator: "\u{202f}", grouping: &[3, 2] };
    let text = |spec, value| {
        let formatted = format_spec::float(StrView::ascii(spec), value, "float", &locale);
        show(formatted).replace("\\u202f", "'")
    };
    assert_eq!(text(".9n", 12345678.5), "1'23'45'678,5");
    assert_eq!(text("012n", 1234.5), "0'00'01'234,5");
}

#[test]
fn percent_pieces() {
    let pieces = |text: &str| {
        let owned = OwnedStr::from(text);
        let pieces: Vec<String> = Pieces::new(owned.as_view())
            .map(|piece| match piece {
                Ok(Piece::Literal(range)) => format!("{range:?}"),
                Ok(Piece::Conversion(c)) => {
                    format!("{:?} {:?} {:?} {}", c.key, c.width, c.precision, c.unsupported())
                }
                Err(error) => error.0,
            })
            .take(4)
            .collect();
        pieces.join("; ")
    };
    assert_eq!(pieces("ab%%cd"), "0..2; 3..6");
    assert_eq!(pieces("%y"), "None None None unsupported format character 'y' (0x79) at index 1");
    assert_eq!(
        pieces("%(a(b)c)-*.*lé"),
        "Some(2..7) Argument Argument unsupported format character '?' (0xe9) at index 13"
    );
    assert!(pieces("%(a").starts_with("incomplete format key"));
    assert!(pieces("%5.").starts_with("incomplete format"));
    assert!(pieces("%99999999999999999999d").starts_with("width too big"));
    assert!(pieces("%.2147483648d").starts_with("precision too big"));
}
