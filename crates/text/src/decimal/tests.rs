//! Cases where the small and the long way of an operation must agree, and edges.

use super::*;

fn d(text: &str) -> Decimal {
    parse(text.as_bytes()).expect(text)
}

fn ctx(prec: i64) -> Context {
    Context { prec, emax: 999_999, emin: -999_999, round: Round::HalfEven, clamp: false }
}

fn show(r: Decimal) -> String {
    to_sci(&r, true)
}

#[test]
fn digits_are_counted() {
    for k in 1..120 {
        let p = Coef::Small(1).mul_pow10(k).expect("small");
        assert_eq!(p.digits(), k + 1);
        assert_eq!(p.sub(&Coef::Small(1)).digits(), k);
        assert_eq!(p.trailing_zeros(), k);
        assert_eq!(p.to_text().len() as i64, k + 1);
    }
}

#[test]
fn products_are_the_same_by_both_ways() {
    let a = "1234567890123456789012345678";
    let b = "9876543210987654321098765432";
    let mut st = Flags::default();
    let small = mul(&d(a), &d(b), &ctx(28), &mut st);
    let exact = mul_exact(&d(a), &d(b), &ctx(28), &mut st);
    assert_eq!(small, finalize(exact, &ctx(28), &mut st));
    assert_eq!(show(small), "1.219326311370217952261850326E+55");
    assert!(st.any(Flags::INEXACT) && st.any(Flags::ROUNDED));
}

#[test]
fn quotients() {
    let mut st = Flags::default();
    for (a, b, prec, r) in [
        ("1", "3", 28, "0.3333333333333333333333333333"),
        ("1", "8", 28, "0.125"),
        ("2.40", "1", 28, "2.40"),
        ("1000", "100", 28, "10"),
        ("1", "7", 45, "0.142857142857142857142857142857142857142857143"),
        ("12345678901234567890123456789012345", "7", 5, "1.7637E+33"),
    ] {
        assert_eq!(show(div(&d(a), &d(b), &ctx(prec), &mut st)), r);
    }
    st = Flags::default();
    assert!(div(&d("0"), &d("0"), &ctx(9), &mut st).is_nan());
    assert_eq!(st, Flags::DIVISION_UNDEFINED);
}

#[test]
fn sums_of_far_apart_numbers() {
    let mut st = Flags::default();
    assert_eq!(show(add(&d("1E+100000"), &d("-1E-100000"), &ctx(5), &mut st)), "1.0000E+100000");
    let down = ctx(5).rounding(Round::Down);
    assert_eq!(show(add(&d("1E+100000"), &d("-1E-100000"), &down, &mut st)), "9.9999E+99999");
}

#[test]
fn subnormals_and_overflow() {
    let small = Context { prec: 3, emax: 5, emin: -5, round: Round::HalfEven, clamp: false };
    let mut st = Flags::default();
    assert_eq!(show(finalize(d("1.234E-6"), &small, &mut st)), "0.0000012");
    assert!(st.any(Flags::UNDERFLOW) && st.any(Flags::SUBNORMAL));
    st = Flags::default();
    assert!(finalize(d("9.999E5"), &small, &mut st).is_infinite());
    assert_eq!(st, Flags::OVERFLOW | Flags::INEXACT | Flags::ROUNDED);
    assert_eq!(show(finalize(d("9.999E5"), &small.rounding(Round::Down), &mut st)), "9.99E+5");
}

#[test]
fn functions_are_correctly_rounded() {
    let mut st = Flags::default();
    let c = ctx(50);
    assert_eq!(show(exp(&d("1"), &c, &mut st)), "2.7182818284590452353602874713526624977572470937000");
    assert_eq!(show(exp(&d("-1"), &c, &mut st)), "0.36787944117144232159552377016146086744581113103177");
    assert_eq!(show(ln(&d("10"), &c, &mut st)), "2.3025850929940456840179914546843642076011014886288");
    assert_eq!(show(ln(&d("1.0000000001"), &ctx(20), &mut st)), "9.9999999995000000000E-11");
    assert_eq!(show(ln(&d("0.9"), &ctx(20), &mut st)), "-0.10536051565782630123");
    assert_eq!(show(log10(&d("2"), &c, &mut st)), "0.30102999566398119521373889472449302676818988146211");
    assert_eq!(show(log10(&d("1000"), &c, &mut st)), "3");
    assert_eq!(show(sqrt(&d("2"), &c, &mut st)), "1.4142135623730950488016887242096980785696718753769");
    assert_eq!(show(sqrt(&d("1.44"), &c, &mut st)), "1.2");
    assert_eq!(show(pow(&d("2"), &d("0.5"), &ctx(20), &mut st)), "1.4142135623730950488");
    assert_eq!(show(pow(&d("2"), &d("-3"), &c, &mut st)), "0.125");
}

#[test]
fn inverses_cancel_at_high_precision() {
    let mut st = Flags::default();
    let c = ctx(2000);
    let x = d("3.25");
    let r = exp(&ln(&x, &c, &mut st), &ctx(1990), &mut st);
    assert_eq!(numeric_cmp(&r, &x), std::cmp::Ordering::Equal);
}

#[test]
fn engineering() {
    for (a, r) in
        [("1.23E+4", "12.3E+3"), ("0E-7", "0.0E-6"), ("0E-8", "0.00E-6"), ("1E-9", "1E-9"), ("0E+1", "0.00E+3")]
    {
        assert_eq!(to_eng(&d(a), true), r);
    }
}

#[test]
fn formats() {
    let layout = Layout { point: ".", separator: "", grouping: &[] };
    for (spec, v, r) in [
        ("010,", "-0.001", "-0,000.001"),
        (".2f", "1234567.891", "1234567.89"),
        (",.2f", "1E+5", "100,000.00"),
        ("09.2e", "1E+5", "001.00e+5"),
        ("=10", "-Inf", "- Infinity"),
        ("%", "-0.001", "-0.1%"),
        ("z.1f", "-0.001", "0.0"),
        (".3", "1234567", "1.23E+6"),
    ] {
        let s = Spec::parse(spec, true).expect(spec);
        assert_eq!(format(&d(v), &s, &ctx(28), &layout).as_deref(), Some(r), "{spec} of {v}");
    }
    assert!(Spec::parse("<010", true).is_none());
}

#[test]
fn quick_ways_agree_with_the_long_ones() {
    let c = ctx(6);
    let values = [
        "0",
        "-0",
        "1",
        "-1.5",
        "999999",
        "0.01",
        "12.34",
        "1E+3",
        "-99.9999",
        "123456",
        "1E-4",
        "1E-20",
        "33333333333333333333333333333.7",
        "-99999999999999999999999999999999999999",
        "7E+30",
    ];
    let small = |d: &Decimal| match d.coef {
        Coef::Small(coef) => Small { negative: d.negative, coef, exp: d.exp },
        Coef::Big(_) => unreachable!(),
    };
    type Quick = fn(Small, Small, &Context) -> Option<(Small, Flags)>;
    type Long = fn(&Decimal, &Decimal, &Context, &mut Flags) -> Decimal;
    let ways: [(Quick, Long); 4] = [(Small::add, add), (Small::sub, sub), (Small::mul, mul), (Small::div, div)];
    for a in values.map(d) {
        for b in values.map(d) {
            for (quick, long) in ways {
                for (round, _) in Round::ALL {
                    let c = c.rounding(round);
                    let mut st = Flags::default();
                    let r = long(&a, &b, &c, &mut st);
                    if let Some(q) = quick(small(&a), small(&b), &c) {
                        assert_eq!(q, (small(&r), st), "{a:?} {b:?} {round:?}");
                    }
                }
            }
            if let Some(o) = small(&a).compare(small(&b)) {
                assert_eq!(o, numeric_cmp(&a, &b));
            }
        }
        if let Some(t) = small(&a).text(&mut [0; 96]) {
            assert_eq!(t, to_sci(&a, true).as_bytes());
        }
    }
}

#[test]
fn products_of_full_precision_round_to_the_nearest() {
    let mut st = Flags::default();
    let r = mul(&d("2986626902"), &d("9114540078122955327123924024185282542"), &ctx(28), &mut st);
    assert_eq!(show(r), "2.722173059667920004373252178E+46");
}
