//! Warnings about invalid escape sequences in literals.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{TextRange, TextSize};

use crate::Warning;
use crate::source::Source;

/// Find invalid escapes in the source of one literal's content.
pub(crate) fn check(source: &Source<'_>, content: TextRange, bytes: bool, out: &mut Vec<Warning>) {
    let start = content.start().to_usize();
    let text = &source.text[start..content.end().to_usize()];
    let b = text.as_bytes();
    let mut i = 0;
    while let Some(at) = b[i..].iter().position(|&c| c == b'\\') {
        i += at + 1;
        // In an f-string a brace may stand behind it, which is not of the literal part.
        let Some(c) = source.text[start + i..].chars().next() else {
            break;
        };
        let ok = match c {
            '\n' | '\r' | '\\' | '\'' | '"' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => true,
            'N' | 'u' | 'U' => !bytes,
            '0'..='7' => {
                let n = b[i..].iter().take(3).take_while(|d| (b'0'..=b'7').contains(d)).count();
                if n == 3 && c > '3' {
                    let seq = &text[i - 1..i + 3];
                    let msg = format!(
                        "\"{seq}\" is an invalid octal escape sequence. Such sequences will not work in the future. Did you mean \"\\{seq}\"? A raw string is also an option."
                    );
                    warn(source, start + i - 1, msg, out);
                }
                true
            }
            _ => false,
        };
        if !ok && c.is_ascii() {
            let msg = format!(
                "\"\\{c}\" is an invalid escape sequence. Such sequences will not work in the future. Did you mean \"\\\\{c}\"? A raw string is also an option."
            );
            warn(source, start + i - 1, msg, out);
        }
        i = (i + c.len_utf8()).min(text.len());
    }
}

fn warn(source: &Source<'_>, at: usize, msg: String, out: &mut Vec<Warning>) {
    let p = source.position(TextRange::empty(TextSize::new(at as u32)));
    out.push(Warning { msg, line: p.line, col: p.col });
}

/// Collects the warnings of a whole tree.
pub(crate) struct Finder<'s, 'a> {
    pub source: &'s Source<'a>,
    pub out: Vec<Warning>,
}

impl<'n> ast::visitor::Visitor<'n> for Finder<'_, '_> {
    fn visit_string_literal(&mut self, l: &'n ast::StringLiteral) {
        if !l.flags.prefix().is_raw() {
            check(self.source, l.content_range(), false, &mut self.out);
        }
    }

    fn visit_bytes_literal(&mut self, l: &'n ast::BytesLiteral) {
        if !l.flags.prefix().is_raw() {
            let quotes = if l.flags.is_triple_quoted_bytes() { 3 } else { 1 };
            let open = TextSize::new(l.flags.prefix().text_len().to_u32() + quotes);
            let r = TextRange::new(l.range.start() + open, l.range.end() - TextSize::new(quotes));
            check(self.source, r, true, &mut self.out);
        }
    }

    fn visit_f_string(&mut self, f: &'n ast::FString) {
        self.elements(&f.elements, f.flags.prefix().is_raw());
    }

    fn visit_t_string(&mut self, t: &'n ast::TString) {
        self.elements(&t.elements, t.flags.prefix().is_raw());
    }
}

impl Finder<'_, '_> {
    fn elements(&mut self, elements: &ast::InterpolatedStringElements, raw: bool) {
        for el in elements {
            match el {
                ast::InterpolatedStringElement::Literal(_) if raw => {}
                ast::InterpolatedStringElement::Literal(l) => check(self.source, l.range, false, &mut self.out),
                ast::InterpolatedStringElement::Interpolation(i) => {
                    ast::visitor::Visitor::visit_expr(self, &i.expression);
                    if let Some(spec) = &i.format_spec {
                        self.elements(&spec.elements, raw);
                    }
                }
            }
        }
    }
}

trait BytesFlags {
    fn is_triple_quoted_bytes(&self) -> bool;
}

impl BytesFlags for ast::BytesLiteralFlags {
    fn is_triple_quoted_bytes(&self) -> bool {
        ast::StringFlags::is_triple_quoted(*self)
    }
}
