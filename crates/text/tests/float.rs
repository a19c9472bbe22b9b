//! Floats against tests/data/float.txt, which CPython computed.

use typhon_text::float::{self, Flags, FromHexError, Notation};
use typhon_text::{complex, int};

fn parse(text: &str) -> f64 {
    float::from_hex(text.as_bytes()).expect("a hexadecimal float")
}

fn format(value: f64, spec: &str) -> String {
    let (alternate, spec) = match spec.strip_prefix('#') {
        Some(spec) => (true, spec),
        None => (false, spec),
    };
    let (precision, code) = spec[1..].split_at(spec.len() - 2);
    let flags = Flags { alternate, upper: code.chars().all(char::is_uppercase), dot_zero: false };
    let notation = match code.to_lowercase().as_str() {
        "e" => Notation::Exponent,
        "f" => Notation::Fixed,
        _ => Notation::General,
    };
    float::format(value, notation, precision.parse().expect("a precision"), flags)
}

fn evaluate(operation: &str, operands: &[&str]) -> String {
    let x = parse(operands[0]);
    match operation {
        "repr" => float::repr(x),
        "complex" => complex::repr(x, parse(operands[1])),
        "hash" => float::hash(x).expect("not NaN").to_string(),
        "ratio" => match float::as_integer_ratio(x) {
            None if x.is_nan() => "ValueError".into(),
            None => "OverflowError".into(),
            Some((numerator, denominator)) => {
                format!("{} {}", int::to_text(numerator.as_ref(), 10), int::to_text(denominator.as_ref(), 10))
            }
        },
        "divmod" => {
            let (quotient, rest) = float::div_mod(x, parse(operands[1]));
            format!("{} {}", float::hex(quotient), float::hex(rest))
        }
        "round" => {
            let places = operands[1].parse().expect("a number of places");
            float::round(x, places).map_or("OverflowError".into(), float::hex)
        }
        "format" => format(x, operands[1]),
        _ => panic!("{operation}"),
    }
}

#[test]
fn agrees_with_cpython() {
    for line in include_str!("data/float.txt").lines() {
        let (left, expected) = line.split_once(" = ").expect("operation = result");
        let words: Vec<&str> = left.split(' ').collect();
        assert_eq!(evaluate(words[0], &words[1..]), expected, "{left}");
    }
}

#[test]
fn repr_reads_back() {
    for line in include_str!("data/float.txt").lines() {
        if let Some((left, text)) = line.split_once(" = ")
            && let Some(value) = left.strip_prefix("repr ")
        {
            let back = float::parse(text.as_bytes()).expect("own repr");
            assert_eq!(float::hex(back), float::hex(parse(value)));
        }
    }
}

#[test]
fn float_grammar() {
    let value = |text: &str| float::parse(text.as_bytes());
    assert_eq!(value(" 1_0.5e1_0\n"), Some(10.5e10));
    assert_eq!(value(".5"), Some(0.5));
    assert_eq!(value("-5."), Some(-5.0));
    assert_eq!(value("+iNfinity"), Some(f64::INFINITY));
    assert_eq!(value("1e400"), Some(f64::INFINITY));
    assert!(value("-nan").is_some_and(f64::is_nan));
    for text in ["", ".", "e5", "1e", "1_", "1__0", "1_.0", "_1", "1 2", "0x10", "infin", "1e+"] {
        assert_eq!(value(text), None, "{text}");
    }
}

#[test]
fn hexadecimal_grammar() {
    let value = |text: &str| float::from_hex(text.as_bytes());
    assert_eq!(value(" 0X1.8P+1 "), Ok(3.0));
    assert_eq!(value("a"), Ok(10.0));
    assert_eq!(value("-.8p0"), Ok(-0.5));
    assert_eq!(value("0x1p-1075"), Ok(0.0));
    assert_eq!(value("0x1.000000000000080001p0"), Ok(1.0 + f64::EPSILON));
    assert_eq!(value("0x1p1024"), Err(FromHexError::TooLarge));
    for text in ["", "0x", "p5", "1p", "1p+-2", "1.2.3", "0x1 p0", "+-1"] {
        assert_eq!(value(text), Err(FromHexError::Invalid), "{text}");
    }
}

#[test]
fn complex_grammar() {
    let value = |text: &str| complex::parse(text.as_bytes());
    assert_eq!(value(" ( 1+2j ) "), Some((1.0, 2.0)));
    assert_eq!(value("-j"), Some((0.0, -1.0)));
    assert_eq!(value("1e5-J"), Some((1e5, -1.0)));
    assert_eq!(value("3j"), Some((0.0, 3.0)));
    assert_eq!(value("1_0+1_0j"), Some((10.0, 10.0)));
    assert_eq!(value("infj"), Some((0.0, f64::INFINITY)));
    for text in ["", "1+2", "1j+2", "(1", "1 + 2j", "1++2j", "()", "j1", "_1j"] {
        assert_eq!(value(text), None, "{text}");
    }
}

#[test]
fn power_errors() {
    use float::PowError::{Complex, Overflow, ZeroToNegative};
    assert_eq!(float::pow(0.0, -1.0), Err(ZeroToNegative));
    assert_eq!(float::pow(-8.0, 1.0 / 3.0), Err(Complex));
    assert_eq!(float::pow(10.0, 400.0), Err(Overflow));
    assert_eq!(float::pow(0.0, f64::NEG_INFINITY), Ok(f64::INFINITY));
    assert_eq!(float::pow(-2.0, 3.0), Ok(-8.0));
}
