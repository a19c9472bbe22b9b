//! Integer arithmetic against tests/data/int.txt, which CPython computed.

use typhon_text::int::{self, BitOp, Int, ToBytesError};

fn parse(text: &str) -> Int {
    int::scan(text.as_bytes(), 16).expect("a hexadecimal number").to_int()
}

fn hex(value: &Int) -> String {
    int::to_text(value.as_ref(), 16)
}

fn float(value: Option<f64>) -> String {
    value.map_or("OverflowError".into(), typhon_text::float::hex)
}

fn evaluate(operation: &str, operands: &[&str]) -> String {
    let a = parse(operands[0]);
    let b = operands.get(1).map_or(Int::default(), |text| parse(text));
    let (x, y) = (a.as_ref(), b.as_ref());
    let count = || y.to_u64().expect("a small operand");
    match operation {
        "add" => hex(&Int::add(x, y)),
        "sub" => hex(&Int::sub(x, y)),
        "mul" => hex(&Int::mul(x, y)),
        "and" => hex(&int::bit_op(BitOp::And, x, y)),
        "or" => hex(&int::bit_op(BitOp::Or, x, y)),
        "xor" => hex(&int::bit_op(BitOp::Xor, x, y)),
        "divmod" => match int::floor_div_mod(x, y) {
            None => "ZeroDivisionError".into(),
            Some((quotient, rest)) => format!("{} {}", hex(&quotient), hex(&rest)),
        },
        "truediv" if y.is_zero() => "ZeroDivisionError".into(),
        "truediv" => float(int::true_div(x, y)),
        "gcd" => hex(&int::gcd(x, y)),
        "shl" => hex(&Int::shl(x, count())),
        "shr" => hex(&Int::shr(x, count())),
        "bits" => format!("{:x} {:x}", int::bit_length(x.mag), int::bit_count(x.mag)),
        "hash" => hex(&Int::from_i64(int::hash(x))),
        "float" => float(int::to_f64(x)),
        "isqrt" => hex(&int::isqrt(x.mag)),
        "pow" => hex(&int::pow(x, count())),
        "powmod" => hex(&int::pow_mod(x, y.mag, parse(operands[2]).as_ref())),
        "inverse" => int::inverse_mod(x, y).map_or("ValueError".into(), |value| hex(&value)),
        "text" => int::to_text(x, 10),
        _ => panic!("{operation}"),
    }
}

fn bytes(value: &Int, size: usize, little: bool, signed: bool) -> String {
    let mut out = vec![0; size];
    match int::to_bytes(value.as_ref(), &mut out, little, signed) {
        Err(ToBytesError::TooBig | ToBytesError::Negative) => "OverflowError".into(),
        Ok(()) => {
            assert_eq!(int::from_bytes(&out, little, signed), *value);
            let digits: String = out.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x{digits}")
        }
    }
}

#[test]
fn agrees_with_cpython() {
    for line in include_str!("data/int.txt").lines() {
        let (left, expected) = line.split_once(" = ").expect("operation = result");
        let words: Vec<&str> = left.split(' ').collect();
        let actual = if words[0] == "bytes" {
            let size = usize::from_str_radix(words[2], 16).expect("a size");
            bytes(&parse(words[1]), size, words[3] == "little", words[4] == "1")
        } else {
            evaluate(words[0], &words[1..])
        };
        assert_eq!(actual, expected, "{left}");
    }
}

#[test]
fn decimal_text_survives_both_ways() {
    let mut value = Int::from_i64(-7);
    for _ in 0..9 {
        value = Int::mul(value.as_ref(), Int::add(value.as_ref(), value.as_ref()).as_ref());
        for radix in [2, 3, 8, 10, 16, 32, 36] {
            let text = int::to_text(value.as_ref(), radix);
            let back = int::scan(text.as_bytes(), radix).expect("own output").to_int();
            assert_eq!(back, value, "{radix}");
        }
    }
}

#[test]
fn literal_grammar() {
    let value = |text: &str, base| {
        let scanned = int::scan(text.as_bytes(), base).ok()?;
        scanned.to_i64()
    };
    assert_eq!(value(" \x0b-12_3\x1f", 10), Some(-123));
    assert_eq!(value("0x_1F", 16), Some(31));
    assert_eq!(value("0b1", 16), Some(0xb1));
    assert_eq!(value("0x10", 0), Some(16));
    assert_eq!(value("0_0", 0), Some(0));
    assert_eq!(value("010", 10), Some(10));
    assert_eq!(value("z", 36), Some(35));
    for (text, base) in [
        ("", 10),
        ("-", 10),
        ("1__2", 10),
        ("_1", 10),
        ("1_", 10),
        ("0x", 16),
        ("0x__1", 16),
        ("010", 0),
        ("_0x1", 0),
        ("12", 2),
        ("- 1", 10),
        ("0_x1", 0),
    ] {
        assert_eq!(value(text, base), None, "{text} base {base}");
    }
}

#[test]
fn floats_truncate_exactly() {
    let text = |value| int::from_f64(value).map(|value| int::to_text(value.as_ref(), 10));
    assert_eq!(text(-2.9).as_deref(), Some("-2"));
    assert_eq!(text(1e23).as_deref(), Some("99999999999999991611392"));
    assert_eq!(text(0.5).as_deref(), Some("0"));
    assert_eq!(text(f64::NAN), None);
}
