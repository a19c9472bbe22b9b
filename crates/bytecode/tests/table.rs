//! The opcode table is dense and its lines agree with one another.

use typhon_bytecode::{Effects, OPS, Op, Operand};

#[test]
fn table_is_consistent() {
    for (n, &op) in OPS.iter().enumerate() {
        assert_eq!(op as usize, n);
        assert_eq!(Op::from_u8(n as u8), Some(op));
        let (i, base) = (op.info(), op.info().base.info());
        assert_eq!(base.base, i.base, "{}: a quick form of a quick form", i.name);
        assert_eq!((i.words, i.caches), (base.words, base.caches), "{}", i.name);
        assert_eq!(i.operands, base.operands, "{}", i.name);
        assert_eq!(i.effects, base.effects, "{}", i.name);
        for k in [Operand::K32, Operand::I32, Operand::J32] {
            if i.operands.contains(&k) {
                assert_eq!((i.operands[2], i.operands[3]), (k, Operand::Hi), "{}", i.name);
            }
        }
    }
    assert_eq!(Op::from_u8(OPS.len() as u8), None);
    assert!(Op::RETURN.info().effects.has(Effects::END));
}

/// Fused comparisons come in threes, as the assembler assumes.
#[test]
fn fused_jumps_are_neighbours() {
    let names: Vec<&str> = (0..54).map(|i| OPS[Op::JLT_T as usize + i].info().name).collect();
    for (i, n) in names.iter().enumerate() {
        assert!(n.ends_with(["_T", "_F", "_L"][i % 3]), "{n}");
    }
}
