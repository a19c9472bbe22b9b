//! Comparisons, and every conditional jump.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_bytecode::{Const, Op};

use ast::{CmpOp, Expr, UnaryOp};

use crate::assemble::{Label, Reg};
use crate::scope::Res;
use crate::unit::Compiler;

/// When a conditional jump is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    True,
    False,
    /// Backward if true.
    Back,
}

fn op_of(o: CmpOp) -> Op {
    match o {
        CmpOp::Lt => Op::LT,
        CmpOp::LtE => Op::LE,
        CmpOp::Gt => Op::GT,
        CmpOp::GtE => Op::GE,
        CmpOp::Eq => Op::EQ,
        CmpOp::NotEq => Op::NE,
        CmpOp::Is => Op::IS,
        CmpOp::IsNot => Op::ISNOT,
        CmpOp::In => Op::IN,
        CmpOp::NotIn => Op::NOTIN,
    }
}

/// The fused jump for an ordering comparison.
fn fused(o: CmpOp, imm: bool, when: When) -> Option<Op> {
    let i = match o {
        CmpOp::Lt => 0,
        CmpOp::LtE => 1,
        CmpOp::Gt => 2,
        CmpOp::GtE => 3,
        CmpOp::Eq => 4,
        CmpOp::NotEq => 5,
        _ => return None,
    };
    let base = if imm { Op::JLTI_T } else { Op::JLT_T };
    Op::from_u8(base as u8 + i * 3 + when as u8)
}

impl<'a> Compiler<'a> {
    fn check_compare(&mut self, c: &'a ast::ExprCompare) {
        let lits = |e: &Expr| {
            matches!(e, Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::Tuple(_))
        };
        let mut left = &*c.left;
        for (op, right) in c.ops.iter().zip(&*c.comparators) {
            if matches!(op, CmpOp::Is | CmpOp::IsNot) {
                let bad = [left, right].into_iter().find(|e| lits(e) && (!e.is_tuple_expr() || self.is_const(e)));
                if let Some(bad) = bad {
                    let (word, hint) = if *op == CmpOp::Is { ("is", "==") } else { ("is not", "!=") };
                    let ty = crate::fold::type_name(bad);
                    self.warn(c.range, format!("\"{word}\" with '{ty}' literal. Did you mean \"{hint}\"?"));
                }
            }
            left = right;
        }
    }

    /// The right operand of `in` may be a constant container.
    fn right_operand(&mut self, op: CmpOp, e: &'a Expr) -> Res<Reg> {
        if matches!(op, CmpOp::In | CmpOp::NotIn)
            && let Some(c) = self.fold_container(e)?
        {
            return Ok(self.at(e.range(), |s| s.const_temp(c)));
        }
        self.operand(e)
    }

    pub fn compare(&mut self, c: &'a ast::ExprCompare, d: Reg) -> Res<()> {
        self.check_compare(c);
        let later: Vec<&Expr> = c.comparators.iter().collect();
        if let ([op], [right]) = (&*c.ops, &*c.comparators) {
            let l = self.operand_before(&c.left, &later)?;
            let r = self.right_operand(*op, right)?;
            self.u.emit_abc(op_of(*op), d, l, r);
            return Ok(());
        }
        let t = self.scratch(d);
        let end = self.u.label();
        let mut l = self.operand_before(&c.left, &later)?;
        for (i, (op, right)) in c.ops.iter().zip(&*c.comparators).enumerate() {
            let last = i + 1 == c.ops.len();
            let mut r = self.right_operand(*op, right)?;
            if !last && r < self.u.first_temp && later[i + 1..].iter().any(|e| crate::walk::has_walrus(e)) {
                let copy = self.u.temp();
                self.u.mov(copy, r);
                r = copy;
            }
            self.u.emit_abc(op_of(*op), t, l, r);
            if !last {
                self.u.jump(Op::JF, t, 0, end);
            }
            l = r;
        }
        self.u.bind(end);
        self.u.mov(d, t);
        Ok(())
    }

    /// Jump forward to `to` if the truth of `e` is `when`.
    pub fn jump_if(&mut self, e: &'a Expr, to: Label, when: bool) -> Res<()> {
        self.jump_when(e, to, if when { When::True } else { When::False })
    }

    /// Jump backward to `to`, polling, if `e` is true.
    pub fn jump_back_if(&mut self, e: &'a Expr, to: Label) -> Res<()> {
        self.jump_when(e, to, When::Back)
    }

    fn jump_when(&mut self, e: &'a Expr, to: Label, when: When) -> Res<()> {
        let top = self.u.top;
        let saved = self.u.range.replace(e.range());
        let r = self.jump_inner(e, to, when);
        self.u.range = saved;
        self.u.set_top(top);
        r
    }

    fn jump_inner(&mut self, e: &'a Expr, to: Label, when: When) -> Res<()> {
        if let Some(c) = self.fold(e)?
            && let Some(truth) = crate::fold::truth(&c)
        {
            match when {
                When::Back if truth => self.u.jump(Op::JMPBACK, 0, 0, to),
                When::True if truth => self.u.jump(Op::JMP, 0, 0, to),
                When::False if !truth => self.u.jump(Op::JMP, 0, 0, to),
                _ => {}
            }
            return Ok(());
        }
        match e {
            Expr::UnaryOp(u) if u.op == UnaryOp::Not => match when {
                When::True => self.jump_when(&u.operand, to, When::False),
                When::False => self.jump_when(&u.operand, to, When::True),
                When::Back => {
                    let skip = self.u.label();
                    if matches!(&*u.operand, Expr::Compare(_) | Expr::BoolOp(_)) {
                        self.jump_when(&u.operand, skip, When::True)?;
                        self.u.jump(Op::JMPBACK, 0, 0, to);
                        self.u.bind(skip);
                    } else {
                        let r = self.operand(&u.operand)?;
                        self.u.jump(Op::JF_L, r, 0, to);
                    }
                    Ok(())
                }
            },
            Expr::BoolOp(b) => {
                let and = b.op == ast::BoolOp::And;
                let (last, init) = b.values.split_last().expect("a boolean operation has operands");
                // Values before the last either decide at once or go on.
                let direct = (and && when == When::False) || (!and && when != When::False);
                let skip = self.u.label();
                for v in init {
                    if direct {
                        self.jump_when(v, to, when)?;
                    } else {
                        self.jump_when(v, skip, if and { When::False } else { When::True })?;
                    }
                }
                self.jump_when(last, to, when)?;
                self.u.bind(skip);
                Ok(())
            }
            Expr::Compare(c) => self.compare_jump(c, to, when),
            Expr::If(i) => {
                let (other, end) = (self.u.label(), self.u.label());
                self.jump_if(&i.test, other, false)?;
                self.jump_when(&i.body, to, when)?;
                self.u.jump(Op::JMP, 0, 0, end);
                self.u.bind(other);
                self.jump_when(&i.orelse, to, when)?;
                self.u.bind(end);
                Ok(())
            }
            e => {
                let r = self.operand(e)?;
                let op = match when {
                    When::True => Op::JT,
                    When::False => Op::JF,
                    When::Back => Op::JT_L,
                };
                self.u.jump(op, r, 0, to);
                Ok(())
            }
        }
    }

    fn compare_jump(&mut self, c: &'a ast::ExprCompare, to: Label, when: When) -> Res<()> {
        self.check_compare(c);
        let later: Vec<&Expr> = c.comparators.iter().collect();
        let skip = self.u.label();
        let mut l = self.operand_before(&c.left, &later)?;
        for (i, (op, right)) in c.ops.iter().zip(&*c.comparators).enumerate() {
            let last = i + 1 == c.ops.len();
            let (w, target) = match (last, when) {
                (true, w) => (w, to),
                (false, When::False) => (When::False, to),
                (false, _) => (When::False, skip),
            };
            let walrus = !last && later[i + 1..].iter().any(|e| crate::walk::has_walrus(e));
            l = self.one_jump(l, *op, right, target, w, !last, walrus, c.range)?;
        }
        self.u.bind(skip);
        Ok(())
    }

    /// Compare `l` with `right` and jump; returns the right operand's register.
    #[allow(clippy::too_many_arguments)]
    fn one_jump(
        &mut self,
        l: Reg,
        op: CmpOp,
        right: &'a Expr,
        to: Label,
        when: When,
        keep: bool,
        copy: bool,
        range: TextRange,
    ) -> Res<Reg> {
        self.u.range = Some(range);
        let folded = if keep { None } else { self.fold(right)? };
        if let Some(Const::Int(v)) = folded
            && let Ok(v) = i16::try_from(v)
            && let Some(j) = fused(op, true, when)
        {
            self.u.jump(j, l, v as u16, to);
            return Ok(l);
        }
        if matches!(op, CmpOp::Is | CmpOp::IsNot) && folded == Some(Const::None) {
            let jump_if_none = (op == CmpOp::Is) == (when != When::False);
            if when == When::Back {
                let skip = self.u.label();
                self.u.jump(if jump_if_none { Op::JNOTNONE } else { Op::JNONE }, l, 0, skip);
                self.u.jump(Op::JMPBACK, 0, 0, to);
                self.u.bind(skip);
            } else {
                self.u.jump(if jump_if_none { Op::JNONE } else { Op::JNOTNONE }, l, 0, to);
            }
            return Ok(l);
        }
        let mut r = self.right_operand(op, right)?;
        if copy && r < self.u.first_temp {
            let t = self.u.temp();
            self.u.mov(t, r);
            r = t;
        }
        self.u.range = Some(range);
        if let Some(j) = fused(op, false, when) {
            self.u.jump(j, l, r, to);
        } else if matches!(op, CmpOp::Is | CmpOp::IsNot) && when != When::Back {
            let same = (op == CmpOp::Is) == (when == When::True);
            self.u.jump(if same { Op::JIS } else { Op::JISNOT }, l, r, to);
        } else {
            let t = self.u.temp();
            self.u.emit_abc(op_of(op), t, l, r);
            let j = match when {
                When::True => Op::JT,
                When::False => Op::JF,
                When::Back => Op::JT_L,
            };
            self.u.jump(j, t, 0, to);
        }
        Ok(r)
    }
}
