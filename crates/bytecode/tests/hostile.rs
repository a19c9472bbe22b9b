//! Damaged cache files are errors, never panics.

use typhon_bytecode::{Code, Const, Insn, Op, Positions, Run, load, store};

fn sample() -> Code {
    let inner = Code {
        instrs: vec![Insn::new(Op::RETURNNONE, 0, 0, 0, 0).0],
        positions: Positions::encode(0, [Run { start: 0, end: 1, position: None }]),
        ..Code::default()
    };
    Code {
        consts: vec![
            Const::Tuple([Const::Int(-5), Const::Float(1.5), Const::BigInt("ff".into())].into()),
            Const::Code(inner.into()),
        ],
        instrs: vec![Insn::wide(Op::LOADK, 0, 0, 0).0, Insn::new(Op::RETURN, 0, 0, 0, 0).0],
        positions: Positions::encode(0, [Run { start: 0, end: 2, position: None }]),
        nregs: 1,
        ..Code::default()
    }
}

#[test]
fn damage_is_survived() {
    let good = store(&sample());
    assert_eq!(store(&load(&good).expect("loads")), good);
    for n in 0..good.len() {
        assert!(load(&good[..n]).is_err());
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[n] ^= 1 << bit;
            let _ = load(&bad);
        }
    }
    // Nested tuples deeper than any stack.
    let _ = load(&[11u8, 1].repeat(1_000_000));
}
