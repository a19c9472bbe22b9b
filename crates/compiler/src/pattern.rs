//! The `match` statement.
//!
//! Names are bound only after the whole pattern of a case has matched, so
//! captures wait in temporaries. Alternatives of an or-pattern move their
//! captures to the registers of the first alternative.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};
use typhon_bytecode::{Const, Op};

use ast::{Expr, Identifier, Number, Operator, Pattern, Singleton, UnaryOp};

use crate::assemble::{Label, Reg};
use crate::scope::Res;
use crate::unit::Compiler;

type Captures<'a> = Vec<(&'a Identifier, Reg)>;

impl<'a> Compiler<'a> {
    pub fn match_stmt(&mut self, m: &'a ast::StmtMatch) -> Res<()> {
        let subject = self.expr_temp(&m.subject)?;
        let end = self.u.label();
        let n = m.cases.len();
        for (i, case) in m.cases.iter().enumerate() {
            let top = self.u.top;
            let next = self.u.label();
            let last = i + 1 == n;
            if case.guard.is_none() && !last {
                self.check_reachable(&case.pattern)?;
            }
            let mut caps = Vec::new();
            let before = self.u.emitted();
            self.pattern(&case.pattern, subject, next, &mut caps)?;
            if self.u.emitted() == before && caps.is_empty() {
                // The line is to be seen by who traces.
                self.at(case.pattern.range(), |c| c.u.emit(Op::NOP, 0, 0, 0, 0));
            }
            for (name, r) in caps {
                self.at(case.pattern.range(), |c| c.store_name(&name.id, r));
            }
            if let Some(g) = &case.guard {
                self.jump_if(g, next, false)?;
            }
            self.u.set_top(top);
            self.stmts(&case.body)?;
            let range = self.u.range.take();
            self.u.jump(Op::JMP, 0, 0, end);
            self.u.range = range;
            self.u.bind(next);
            self.u.set_top(top);
        }
        self.u.bind(end);
        Ok(())
    }

    fn check_reachable(&self, p: &Pattern) -> Res<()> {
        match p {
            Pattern::MatchAs(a) if a.pattern.is_none() => match &a.name {
                None => self.err(a.range, "wildcard makes remaining patterns unreachable"),
                Some(n) => self.err(a.range, format!("name capture '{n}' makes remaining patterns unreachable")),
            },
            Pattern::MatchAs(a) => a.pattern.as_deref().map_or(Ok(()), |p| self.check_reachable(p)),
            Pattern::MatchOr(o) => o.patterns.last().map_or(Ok(()), |p| self.check_reachable(p)),
            _ => Ok(()),
        }
    }

    /// The sum in a pattern is a complex number, written in two parts.
    fn complex_parts(&self, e: &Expr) -> Res<()> {
        let Expr::BinOp(b) = e else { return Ok(()) };
        let imaginary = |e: &Expr| matches!(e, Expr::NumberLiteral(n) if matches!(n.value, Number::Complex { .. }));
        let left = match &*b.left {
            Expr::UnaryOp(u) if u.op == UnaryOp::USub => &u.operand,
            e => e,
        };
        if imaginary(left) {
            return self.err(left.range(), "real number required in complex literal");
        }
        if !imaginary(&b.right) {
            return self.err(b.right.range(), "imaginary number required in complex literal");
        }
        Ok(())
    }

    /// The `**` of what looks like a negative number.
    fn stray_operator(&self, e: &Expr) -> Option<TextRange> {
        let Expr::BinOp(b) = &*e.as_unary_op_expr()?.operand else { return None };
        let between = TextRange::new(b.left.end(), b.right.start());
        let text = self.source.text.get(between.start().to_usize()..between.end().to_usize()).unwrap_or("");
        let op = text.trim();
        let spaces = text.len() - text.trim_start().len();
        Some(TextRange::at(between.start() + TextSize::new(spaces as u32), TextSize::of(op)))
    }

    fn capture(&self, name: &'a Identifier, r: Reg, caps: &mut Captures<'a>) -> Res<()> {
        if caps.iter().any(|(n, _)| n.id == name.id) {
            return self.err(name.range, format!("multiple assignments to name '{name}' in pattern"));
        }
        caps.push((name, r));
        Ok(())
    }

    fn pattern(&mut self, p: &'a Pattern, subject: Reg, fail: Label, caps: &mut Captures<'a>) -> Res<()> {
        let saved = self.u.range.replace(p.range());
        let r = self.pattern_inner(p, subject, fail, caps);
        self.u.range = saved;
        r
    }

    fn pattern_inner(&mut self, p: &'a Pattern, subject: Reg, fail: Label, caps: &mut Captures<'a>) -> Res<()> {
        match p {
            Pattern::MatchValue(v) => {
                if let Some(op) = self.stray_operator(&v.value) {
                    return self.err(op, "invalid syntax");
                }
                if !may_match(&v.value) {
                    return self.err(v.range, "patterns may only match literals and attribute lookups");
                }
                self.complex_parts(&v.value)?;
                let r = self.operand(&v.value)?;
                self.u.jump(Op::JEQ_F, subject, r, fail);
            }
            Pattern::MatchSingleton(s) => match s.value {
                Singleton::None => self.u.jump(Op::JNOTNONE, subject, 0, fail),
                Singleton::True | Singleton::False => {
                    let c = if s.value == Singleton::True { Const::True } else { Const::False };
                    let t = self.const_temp(c);
                    self.u.jump(Op::JISNOT, subject, t, fail);
                }
            },
            Pattern::MatchSequence(s) => self.sequence_pattern(s, subject, fail, caps)?,
            Pattern::MatchMapping(m) => self.mapping_pattern(m, subject, fail, caps)?,
            Pattern::MatchClass(c) => self.class_pattern(c, subject, fail, caps)?,
            Pattern::MatchStar(s) => {
                if let Some(n) = &s.name {
                    self.capture(n, subject, caps)?;
                }
            }
            Pattern::MatchAs(a) => {
                if let Some(p) = &a.pattern {
                    self.pattern(p, subject, fail, caps)?;
                }
                if let Some(n) = &a.name {
                    if n == "_" {
                        return self.err(n.range, "cannot use '_' as a target");
                    }
                    self.capture(n, subject, caps)?;
                }
            }
            Pattern::MatchOr(o) => self.or_pattern(o, subject, fail, caps)?,
        }
        Ok(())
    }

    fn or_pattern(
        &mut self,
        o: &'a ast::PatternMatchOr,
        subject: Reg,
        fail: Label,
        caps: &mut Captures<'a>,
    ) -> Res<()> {
        let done = self.u.label();
        let mut first: Option<Captures<'a>> = None;
        let n = o.patterns.len();
        for (i, p) in o.patterns.iter().enumerate() {
            if i + 1 < n {
                self.check_reachable(p)?;
            }
            let next = if i + 1 < n { self.u.label() } else { fail };
            let mut own = Vec::new();
            self.pattern(p, subject, next, &mut own)?;
            match &first {
                None => {
                    // Captures get registers of their own, to be shared.
                    for (_, r) in &mut own {
                        let t = self.u.temp();
                        self.u.mov(t, *r);
                        *r = t;
                    }
                    first = Some(own);
                }
                Some(f) => {
                    let same = f.len() == own.len() && own.iter().all(|(n, _)| f.iter().any(|(m, _)| m.id == n.id));
                    if !same {
                        return self.err(o.range, "alternative patterns bind different names");
                    }
                    let targets: Vec<Reg> =
                        own.iter().map(|(n, _)| f.iter().find(|(m, _)| m.id == n.id).map_or(0, |x| x.1)).collect();
                    for ((_, r), t) in own.into_iter().zip(targets) {
                        self.u.mov(t, r);
                    }
                }
            }
            if i + 1 < n {
                self.u.jump(Op::JMP, 0, 0, done);
                self.u.bind(next);
            }
        }
        self.u.bind(done);
        for (n, r) in first.unwrap_or_default() {
            self.capture(n, r, caps)?;
        }
        Ok(())
    }

    fn sequence_pattern(
        &mut self,
        s: &'a ast::PatternMatchSequence,
        subject: Reg,
        fail: Label,
        caps: &mut Captures<'a>,
    ) -> Res<()> {
        let n = s.patterns.len();
        let star = s.patterns.iter().position(|p| p.is_match_star());
        if let Some(i) = star
            && s.patterns[i + 1..].iter().any(|p| p.is_match_star())
        {
            return self.err(s.range, "multiple starred expressions in sequence pattern");
        }
        let t = self.u.temp();
        self.u.emit_ab(Op::MATCHSEQUENCE, t, subject);
        self.u.jump(Op::JF, t, 0, fail);
        let size = n - star.is_some() as usize;
        if star.is_none() || size > 0 {
            self.u.emit_ab(Op::GETLEN, t, subject);
            let op = if star.is_none() { Op::JEQI_F } else { Op::JGEI_F };
            self.u.jump(op, t, size.min(0x7FFF) as u16, fail);
        }
        let wild = |p: &Pattern| match p {
            Pattern::MatchAs(a) => a.name.is_none() && a.pattern.is_none(),
            Pattern::MatchStar(s) => s.name.is_none(),
            _ => false,
        };
        if s.patterns.iter().all(wild) {
            return Ok(());
        }
        if let Some(star) = star.filter(|i| wild(&s.patterns[*i])) {
            // What nobody wants is not made: the others are fetched one by one.
            for (k, p) in s.patterns.iter().enumerate().filter(|(k, p)| *k != star && !wild(p)) {
                let item = self.u.temp();
                let index = if k < star {
                    self.const_temp(Const::Int(k as i64))
                } else {
                    let len = self.u.temp();
                    self.u.emit_ab(Op::GETLEN, len, subject);
                    let from_end = self.const_temp(Const::Int((n - k) as i64));
                    self.u.emit_abc(Op::SUB, len, len, from_end);
                    len
                };
                self.u.emit_abc(Op::GETIDX, item, subject, index);
                self.pattern(p, item, fail, caps)?;
            }
            return Ok(());
        }
        let start = self.u.temps(n as u32);
        match star {
            None => self.u.emit_abc(Op::UNPACKSEQ, start, subject, n as u16),
            Some(i) if i <= 255 => {
                self.u.emit(Op::UNPACKEX, i as u8, start, subject, (n - i - 1) as u16);
            }
            Some(_) => {
                return self.err(s.range, "too many expressions in star-unpacking sequence pattern");
            }
        }
        for (k, p) in s.patterns.iter().enumerate() {
            self.pattern(p, start + k as u16, fail, caps)?;
        }
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        m: &'a ast::PatternMatchMapping,
        subject: Reg,
        fail: Label,
        caps: &mut Captures<'a>,
    ) -> Res<()> {
        let t = self.u.temp();
        self.u.emit_ab(Op::MATCHMAPPING, t, subject);
        self.u.jump(Op::JF, t, 0, fail);
        let n = m.keys.len();
        let mut seen: Vec<Const> = Vec::new();
        for k in &m.keys {
            if let Some(c) = self.fold(k)? {
                if seen.iter().any(|s| same_key(s, &c)) {
                    let r = crate::fold::repr(&c);
                    return self.err(m.range, format!("mapping pattern checks duplicate key ({r})"));
                }
                seen.push(c);
            }
        }
        let keys = self.u.temp();
        if n > 0 {
            self.u.emit_ab(Op::GETLEN, t, subject);
            self.u.jump(Op::JGEI_F, t, n.min(0x7FFF) as u16, fail);
            if seen.len() == n {
                self.u.load_const(keys, Const::Tuple(seen.into()));
            } else {
                let top = self.u.top;
                let start = self.u.top as Reg;
                self.consecutive(&m.keys, start)?;
                self.u.emit_abc(Op::BUILDTUPLE, keys, start, n as u16);
                self.u.set_top(top);
            }
            let v = self.u.temp();
            self.u.emit_abc(Op::MATCHKEYS, v, subject, keys);
            self.u.jump(Op::JNONE, v, 0, fail);
            let start = self.u.temps(n as u32);
            self.u.emit_abc(Op::UNPACKSEQ, start, v, n as u16);
            for (k, p) in m.patterns.iter().enumerate() {
                self.pattern(p, start + k as u16, fail, caps)?;
            }
        }
        if let Some(rest) = &m.rest {
            if rest == "_" {
                return self.err(rest.range, "invalid syntax");
            }
            let r = self.u.temp();
            self.u.emit_abc(Op::BUILDMAP, r, 0, 0);
            self.u.emit_ab(Op::DICTUPDATE, r, subject);
            if n > 0 {
                let top = self.u.top;
                let start = self.u.temps(n as u32);
                self.u.emit_abc(Op::UNPACKSEQ, start, keys, n as u16);
                for k in 0..n as u16 {
                    self.u.emit_ab(Op::DELIDX, r, start + k);
                }
                self.u.set_top(top);
            }
            self.capture(rest, r, caps)?;
        }
        Ok(())
    }

    fn class_pattern(
        &mut self,
        c: &'a ast::PatternMatchClass,
        subject: Reg,
        fail: Label,
        caps: &mut Captures<'a>,
    ) -> Res<()> {
        let (pos, kw) = (&c.arguments.patterns, &c.arguments.keywords);
        for (i, k) in kw.iter().enumerate() {
            if kw[..i].iter().any(|j| j.attr.id == k.attr.id) {
                let name = &k.attr;
                return self.err(k.range, format!("attribute name repeated in class pattern: {name}"));
            }
        }
        let at = self.u.temp();
        self.u.mov(at, subject);
        let cls = self.u.temp();
        self.expr_to(&c.cls, cls)?;
        let names = kw.iter().map(|k| Const::text(k.attr.id.as_str())).collect();
        self.const_temp(Const::Tuple(names));
        self.u.emit_abc(Op::MATCHCLASS, at, at, pos.len() as u16);
        self.u.jump(Op::JNONE, at, 0, fail);
        let n = pos.len() + kw.len();
        let start = self.u.temps(n as u32);
        self.u.emit_abc(Op::UNPACKSEQ, start, at, n as u16);
        for (k, p) in pos.iter().chain(kw.iter().map(|k| &k.pattern)).enumerate() {
            self.pattern(p, start + k as u16, fail, caps)?;
        }
        Ok(())
    }
}

/// Whether a pattern may compare with that expression.
fn may_match(e: &Expr) -> bool {
    match e {
        Expr::FString(_) | Expr::TString(_) => false,
        Expr::BinOp(b) => matches!(b.op, Operator::Add | Operator::Sub),
        _ => true,
    }
}

/// Whether two constant keys are equal, as dicts see it.
fn same_key(a: &Const, b: &Const) -> bool {
    match (complex(a), complex(b)) {
        (Some(x), Some(y)) => x == y,
        _ => a == b,
    }
}

/// A number as its parts; big ones are compared as they are.
fn complex(c: &Const) -> Option<(f64, f64)> {
    match *c {
        Const::False => Some((0.0, 0.0)),
        Const::True => Some((1.0, 0.0)),
        Const::Int(i) if i.unsigned_abs() < 1 << 53 => Some((i as f64, 0.0)),
        Const::Float(f) => Some((f, 0.0)),
        Const::Complex(re, im) => Some((re, im)),
        _ => None,
    }
}
