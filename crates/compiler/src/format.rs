//! f-strings and t-strings.

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::{Const, NO_REG, Op};

use ast::{ConversionFlag, FStringPart, InterpolatedStringElement as Element};

use crate::assemble::Reg;
use crate::scope::Res;
use crate::unit::Compiler;

/// Strings joined at a time.
const CHUNK: u32 = 40;

fn conversion(c: ConversionFlag) -> u8 {
    match c {
        ConversionFlag::None => 0,
        ConversionFlag::Str => 1,
        ConversionFlag::Repr => 2,
        ConversionFlag::Ascii => 3,
    }
}

/// FORMATVALUE: a number may be left for BUILDSTRING to format.
const LATE: u8 = 4;

/// Pieces collected in consecutive registers from `start`.
struct Pieces {
    start: Reg,
    literal: Vec<u8>,
    /// There are others to join a piece with.
    many: bool,
    /// The specs of pieces that BUILDSTRING may have to format, by their registers.
    late: Vec<(Reg, Const)>,
}

/// The text of a spec without replacement fields.
fn constant_spec(text: &str, spec: &Option<Box<ast::InterpolatedStringFormatSpec>>, raw: bool) -> Option<Const> {
    let mut out = Vec::new();
    for el in spec.iter().flat_map(|s| &s.elements) {
        let l = el.as_literal()?;
        crate::literal::push(&mut out, &crate::literal::element(text, l, raw));
    }
    Some(crate::literal::text(out))
}

impl<'a> Compiler<'a> {
    pub fn fstring(&mut self, f: &'a ast::ExprFString, d: Reg) -> Res<()> {
        let start = self.range_start(d);
        self.u.set_top(start as u32);
        let elements = |part: &FStringPart| part.as_f_string().map_or(1, |f| f.elements.len());
        let many = f.value.iter().map(elements).sum::<usize>() > 1;
        let mut p = Pieces { start, literal: Vec::new(), many, late: Vec::new() };
        for part in &f.value {
            match part {
                FStringPart::Literal(l) => {
                    let c = crate::literal::part(self.source.text, l);
                    crate::literal::push(&mut p.literal, &c);
                }
                FStringPart::FString(fs) => {
                    let raw = fs.flags.prefix().is_raw();
                    self.elements(&fs.elements, raw, &mut p)?;
                }
            }
        }
        self.join(p, d);
        Ok(())
    }

    fn elements(&mut self, els: &'a ast::InterpolatedStringElements, raw: bool, p: &mut Pieces) -> Res<()> {
        for el in els {
            match el {
                Element::Literal(l) => {
                    let c = crate::literal::element(self.source.text, l, raw);
                    crate::literal::push(&mut p.literal, &c);
                }
                Element::Interpolation(i) => {
                    let mut conv = conversion(i.conversion);
                    if let Some(debug) = &i.debug_text {
                        p.literal.extend(crate::literal::debug_text(self.source.text, i, debug).as_bytes());
                        if conv == 0 && i.format_spec.is_none() {
                            conv = 2;
                        }
                    }
                    self.flush(p);
                    let t = self.u.temp();
                    let v = self.operand_into(&i.expression, t)?;
                    let spec = match &i.format_spec {
                        Some(s) => self.spec(s, raw)?,
                        None => NO_REG,
                    };
                    let late =
                        if conv == 0 && p.many { constant_spec(self.source.text, &i.format_spec, raw) } else { None };
                    if let Some(spec) = late {
                        conv = LATE;
                        p.late.push((t, spec));
                    }
                    self.at(i.range, |c| c.u.emit(Op::FORMATVALUE, conv, t, v, spec));
                    self.u.set_top(t as u32 + 1);
                    self.compress(p);
                }
            }
        }
        Ok(())
    }

    fn spec(&mut self, s: &'a ast::InterpolatedStringFormatSpec, raw: bool) -> Res<Reg> {
        let t = self.u.temp();
        let many = s.elements.len() > 1;
        let mut p = Pieces { start: t, literal: Vec::new(), many, late: Vec::new() };
        self.u.set_top(t as u32);
        self.elements(&s.elements, raw, &mut p)?;
        self.at(s.range, |c| c.join(p, t));
        self.u.set_top(t as u32 + 1);
        Ok(t)
    }

    fn flush(&mut self, p: &mut Pieces) {
        if !p.literal.is_empty() {
            let c = crate::literal::text(std::mem::take(&mut p.literal));
            self.const_temp(c);
            self.compress(p);
        }
    }

    fn compress(&mut self, p: &mut Pieces) {
        let n = self.u.top - p.start as u32;
        if n >= CHUNK {
            self.build(p, p.start, n);
            self.u.set_top(p.start as u32 + 1);
        }
    }

    fn join(&mut self, mut p: Pieces, d: Reg) {
        self.flush(&mut p);
        let n = self.u.top - p.start as u32;
        match n {
            0 => self.u.load_const(d, Const::Str("".into())),
            1 if p.late.is_empty() => self.u.mov(d, p.start),
            _ => self.build(&mut p, d, n),
        }
    }

    /// The string of the first `n` pieces.
    fn build(&mut self, p: &mut Pieces, d: Reg, n: u32) {
        let late = std::mem::take(&mut p.late);
        if !late.is_empty() {
            let mut specs = vec![Const::None; n as usize];
            for (r, spec) in late {
                specs[(r - p.start) as usize] = spec;
            }
            self.const_temp(Const::Tuple(specs.into()));
        }
        let x = (self.u.top - p.start as u32 > n) as u8;
        self.u.emit(Op::BUILDSTRING, x, d, p.start, n as u16);
    }

    pub fn tstring(&mut self, f: &'a ast::ExprTString, d: Reg) -> Res<()> {
        let base = self.range_start(d);
        self.u.emit_abc(Op::BUILDLIST, base, 0, 0);
        let mut strings: Vec<Const> = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        for part in f.value.as_slice() {
            let raw = part.flags.prefix().is_raw();
            for el in &part.elements {
                match el {
                    Element::Literal(l) => {
                        let c = crate::literal::element(self.source.text, l, raw);
                        crate::literal::push(&mut text, &c);
                    }
                    Element::Interpolation(i) => {
                        let mut conv = conversion(i.conversion);
                        // In a tree that a program made, it is what the expression was written as.
                        let made = i.debug_text.as_ref().filter(|_| self.source.text.is_empty());
                        if let Some(debug) = i.debug_text.as_ref().filter(|_| made.is_none()) {
                            text.extend(crate::literal::debug_text(self.source.text, i, debug).as_bytes());
                            if conv == 0 && i.format_spec.is_none() {
                                conv = 2;
                            }
                        }
                        strings.push(crate::literal::text(std::mem::take(&mut text)));
                        let v = self.expr_temp(&i.expression)?;
                        let source = match made {
                            Some(text) => text.leading.clone(),
                            None => crate::literal::interpolation_text(self.source.text, i),
                        };
                        self.const_temp(Const::Str(source.into()));
                        let mut flags = conv;
                        if let Some(s) = &i.format_spec {
                            self.spec(s, raw)?;
                            flags |= 4;
                        }
                        self.at(i.range, |c| c.u.emit(Op::BUILDINTERPOLATION, flags, v, v, 0));
                        self.u.emit_ab(Op::LISTAPPEND, base, v);
                        self.u.set_top(base as u32 + 1);
                    }
                }
            }
        }
        strings.push(crate::literal::text(text));
        self.u.emit_ab(Op::LISTTOTUPLE, base, base);
        let s = self.const_temp(Const::Tuple(strings.into()));
        self.u.emit_abc(Op::BUILDTEMPLATE, d, s, base);
        Ok(())
    }
}
