//! Arithmetic: binary and unary operations, augmented assignment.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Const, Op};

use ast::{Expr, Operator, UnaryOp};

use crate::assemble::Reg;
use crate::scope::Res;
use crate::unit::Compiler;

fn op_of(o: Operator) -> Op {
    match o {
        Operator::Add => Op::ADD,
        Operator::Sub => Op::SUB,
        Operator::Mult => Op::MUL,
        Operator::Div => Op::TRUEDIV,
        Operator::FloorDiv => Op::FLOORDIV,
        Operator::Mod => Op::MOD,
        Operator::Pow => Op::POW,
        Operator::MatMult => Op::MATMUL,
        Operator::BitAnd => Op::AND,
        Operator::BitOr => Op::OR,
        Operator::BitXor => Op::XOR,
        Operator::LShift => Op::SHL,
        Operator::RShift => Op::SHR,
    }
}

/// The form with a small integer on the right, if there is one.
fn immediate(op: Op) -> Option<Op> {
    Some(match op {
        Op::ADD => Op::ADDI,
        Op::SUB => Op::SUBI,
        Op::MUL => Op::MULI,
        Op::FLOORDIV => Op::FLOORDIVI,
        Op::MOD => Op::MODI,
        Op::AND => Op::ANDI,
        Op::SHL => Op::SHLI,
        Op::SHR => Op::SHRI,
        _ => return None,
    })
}

impl<'a> Compiler<'a> {
    /// A left-deep chain of binary operations, without recursion along it.
    pub fn binop(&mut self, e: &'a Expr, d: Reg) -> Res<()> {
        let mut spine: Vec<&'a ast::ExprBinOp> = Vec::new();
        let mut leaf = e;
        while let Expr::BinOp(b) = leaf {
            spine.push(b);
            leaf = &b.left;
        }
        spine.reverse();
        // A constant prefix is folded as far as it goes.
        let mut first = 0;
        let mut prefix = self.fold(leaf)?;
        while let Some(l) = &prefix
            && let Some(b) = spine.get(first)
        {
            let Some(r) = self.fold(&b.right)? else { break };
            let Some(v) = crate::fold::binary(l, b.op, &r) else {
                break;
            };
            prefix = Some(v);
            first += 1;
        }
        let acc = self.scratch(d);
        let mut left = match prefix {
            Some(c) => {
                self.u.load_const(acc, c);
                acc
            }
            None => {
                let r = self.operand_into(leaf, acc)?;
                let later = |c: &Self| {
                    c.scopes[c.u.scope].has_walrus && spine.iter().any(|b| crate::walk::has_walrus(&b.right))
                };
                if r != acc && later(self) {
                    self.u.mov(acc, r);
                    acc
                } else {
                    r
                }
            }
        };
        let rest = &spine[first..];
        for (i, b) in rest.iter().enumerate() {
            let to = if i + 1 == rest.len() { d } else { acc };
            self.binary_step(b.op, to, left, &b.right, 0, b.range())?;
            left = to;
        }
        if rest.is_empty() {
            self.u.mov(d, left);
        }
        Ok(())
    }

    /// Like `operand`, with `t` as the register for what is not a local.
    pub fn operand_into(&mut self, e: &'a Expr, t: Reg) -> Res<Reg> {
        if let Expr::Name(n) = e {
            let m = self.mangled(&n.id);
            let var = self.lookup(&m);
            let dst = if matches!(var, crate::names::Var::Local(_)) { None } else { Some(t) };
            return Ok(self.at(n.range, |c| c.load_var(&m, var, dst)));
        }
        self.expr_to(e, t)?;
        Ok(t)
    }

    fn binary_step(
        &mut self,
        o: Operator,
        to: Reg,
        left: Reg,
        right: &'a Expr,
        inplace: u8,
        range: rustpython_ruff_text_size::TextRange,
    ) -> Res<()> {
        let op = op_of(o);
        if let Some(imm) = immediate(op)
            && let Some(Const::Int(v)) = self.fold(right)?
            && let Ok(v) = i16::try_from(v)
        {
            self.at(range, |c| c.u.emit(imm, inplace, to, left, v as u16));
            return Ok(());
        }
        let top = self.u.top;
        let r = self.operand(right)?;
        self.at(range, |c| c.u.emit(op, inplace, to, left, r));
        self.u.set_top(top);
        Ok(())
    }

    pub fn unary(&mut self, u: &'a ast::ExprUnaryOp, d: Reg) -> Res<()> {
        let t = self.scratch(d);
        let r = self.operand_into(&u.operand, t)?;
        let op = match u.op {
            UnaryOp::Not => Op::NOT,
            UnaryOp::Invert => Op::INVERT,
            UnaryOp::UAdd => Op::POS,
            UnaryOp::USub => Op::NEG,
        };
        self.u.emit_ab(op, d, r);
        Ok(())
    }

    pub fn aug_assign(&mut self, a: &'a ast::StmtAugAssign) -> Res<()> {
        let range = a.range;
        match &*a.target {
            Expr::Name(n) => {
                if let Some(r) = self.local_reg(&n.id) {
                    let mut left = self.at(n.range, |c| c.load_name(&n.id, None));
                    if crate::walk::has_walrus(&a.value) {
                        left = self.u.temp();
                        self.u.mov(left, r);
                    }
                    self.binary_step(a.op, r, left, &a.value, 1, range)?;
                    self.u.set_bound(r);
                } else {
                    let t = self.u.temp();
                    self.at(n.range, |c| c.load_name(&n.id, Some(t)));
                    self.binary_step(a.op, t, t, &a.value, 1, range)?;
                    self.at(n.range, |c| c.store_name(&n.id, t));
                }
            }
            Expr::Attribute(at) => {
                let obj = self.operand_before(&at.value, &[&a.value])?;
                let t = self.u.temp();
                let name = self.attr_name(at);
                self.at(at.range, |c| c.u.emit_abc(Op::GETATTR, t, obj, name));
                self.binary_step(a.op, t, t, &a.value, 1, range)?;
                self.at(at.range, |c| c.u.emit_abc(Op::SETATTR, obj, t, name));
            }
            Expr::Subscript(s) => {
                let obj = self.operand_before(&s.value, &[&s.slice, &a.value])?;
                let t = self.u.temp();
                if let Expr::Slice(sl) = &*s.slice
                    && sl.step.is_none()
                {
                    let at = self.slice_bounds(sl)?;
                    self.at(s.range, |c| c.u.emit_abc(Op::GETSLICE, t, obj, at));
                    self.binary_step(a.op, t, t, &a.value, 1, range)?;
                    self.at(s.range, |c| c.u.emit_abc(Op::SETSLICE, obj, t, at));
                } else {
                    let i = self.operand_before(&s.slice, &[&a.value])?;
                    self.at(s.range, |c| c.u.emit_abc(Op::GETIDX, t, obj, i));
                    self.binary_step(a.op, t, t, &a.value, 1, range)?;
                    self.at(s.range, |c| c.u.emit_abc(Op::SETIDX, obj, i, t));
                }
            }
            t => return self.err(t.range(), "illegal expression for augmented assignment"),
        }
        Ok(())
    }
}
