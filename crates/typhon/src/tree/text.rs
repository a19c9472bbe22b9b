//! f-strings and t-strings as nodes. Literal pieces that touch are one Constant,
//! across parts that are only written side by side.

use super::Maker;
use ast::{FStringPart, InterpolatedStringElement as Element};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_compiler::literal;
use typhon_object::list::List;
use typhon_object::{Cx, Gc, Obj, Result, list};

/// Literal text that was seen and not yet made a node.
#[derive(Default)]
struct Pending {
    text: Vec<u8>,
    range: Option<TextRange>,
    u: bool,
}

impl Pending {
    fn add(&mut self, c: &typhon_bytecode::Const, r: TextRange) {
        literal::push(&mut self.text, c);
        self.range = Some(self.range.map_or(r, |have| TextRange::new(have.start(), r.end())));
    }
}

impl Maker<'_> {
    pub(super) fn fstring(&self, cx: &mut Cx, f: &ast::ExprFString) -> Result<Obj> {
        let out = list::new(cx, &[])?;
        let mut p = Pending::default();
        for part in &f.value {
            match part {
                FStringPart::Literal(l) => {
                    p.u |= p.range.is_none() && l.flags.prefix().is_unicode();
                    p.add(&literal::part(self.source.text, l), l.range);
                }
                FStringPart::FString(s) => {
                    self.elements(cx, &s.elements, s.flags.prefix().is_raw(), out, &mut p, false)?
                }
            }
        }
        self.flush(cx, out, &mut p)?;
        self.node(cx, "JoinedStr", Some(f.range()), &[("values", out.obj())])
    }

    pub(super) fn tstring(&self, cx: &mut Cx, f: &ast::ExprTString) -> Result<Obj> {
        let out = list::new(cx, &[])?;
        let mut p = Pending::default();
        for part in f.value.as_slice() {
            self.elements(cx, &part.elements, part.flags.prefix().is_raw(), out, &mut p, true)?;
        }
        self.flush(cx, out, &mut p)?;
        self.node(cx, "TemplateStr", Some(f.range()), &[("values", out.obj())])
    }

    fn flush(&self, cx: &mut Cx, out: Gc<List>, p: &mut Pending) -> Result<()> {
        let p = std::mem::take(p);
        if let Some(r) = p.range
            && !p.text.is_empty()
        {
            let value = self.value(cx, &literal::text(p.text))?;
            let c = self.constant(cx, r, value, p.u)?;
            out.append(cx, c)?;
        }
        Ok(())
    }

    fn elements(
        &self,
        cx: &mut Cx,
        els: &ast::InterpolatedStringElements,
        raw: bool,
        out: Gc<List>,
        p: &mut Pending,
        template: bool,
    ) -> Result<()> {
        for el in els {
            let i = match el {
                Element::Literal(l) => {
                    p.add(&literal::element(self.source.text, l, raw), l.range);
                    continue;
                }
                Element::Interpolation(i) => i,
            };
            let mut conversion = i.conversion as i8 as i64;
            if let Some(d) = &i.debug_text {
                let text = literal::debug_text(self.source.text, i, d);
                let start = i.range.start() + rustpython_ruff_text_size::TextSize::new(1);
                let r = TextRange::at(start, rustpython_ruff_text_size::TextSize::of(text.as_str()));
                p.add(&typhon_bytecode::Const::Str(text.into()), r);
                if conversion == -1 && i.format_spec.is_none() {
                    conversion = b'r' as i64;
                }
            }
            self.flush(cx, out, p)?;
            let value = self.expr(cx, &i.expression)?;
            let spec = match &i.format_spec {
                Some(s) => {
                    let inner = list::new(cx, &[])?;
                    let mut q = Pending::default();
                    // Even in a template, what a format spec holds is text.
                    self.elements(cx, &s.elements, raw, inner, &mut q, false)?;
                    self.flush(cx, inner, &mut q)?;
                    // The node's place includes the colon.
                    let one = rustpython_ruff_text_size::TextSize::new(1);
                    let r = TextRange::new(s.range.start() - one, s.range.end());
                    self.node(cx, "JoinedStr", Some(r), &[("values", inner.obj())])?
                }
                None => Obj::NONE,
            };
            let conversion = Obj::int_unchecked(conversion);
            let n = if template {
                let shown = self.text(cx, &literal::interpolation_text(self.source.text, i))?;
                let fields = [("value", value), ("str", shown), ("conversion", conversion), ("format_spec", spec)];
                self.node(cx, "Interpolation", Some(i.range), &fields)?
            } else {
                let fields = [("value", value), ("conversion", conversion), ("format_spec", spec)];
                self.node(cx, "FormattedValue", Some(i.range), &fields)?
            };
            out.append(cx, n)?;
        }
        Ok(())
    }
}
