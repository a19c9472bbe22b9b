//! What Ruff's parser takes and Python's grammar does not: a `yield` without parentheses
//! in a tuple, a keyword argument with its name in parentheses, and format specs within
//! format specs within format specs.
//!
//! Tests: tests/lang/syntax_errors.md; CPython test_grammar, test_fstring.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

use ast::visitor::Visitor;
use ast::{Expr, InterpolatedStringElement as Element};

use crate::source::Source;

/// An error and its place.
pub(crate) struct Misplaced {
    pub range: TextRange,
    pub msg: &'static str,
}

/// The first misplaced thing of a tree.
pub(crate) fn find(source: &Source<'_>, tree: &ast::Mod) -> Option<Misplaced> {
    let text = source.text;
    // Few sources have something to look for.
    if !["yield", ":{", ")=", ") ="].iter().any(|sign| text.contains(sign)) {
        return None;
    }
    let mut f = Finder { text, found: None };
    match tree {
        ast::Mod::Module(m) => f.visit_body(&m.body),
        ast::Mod::Expression(e) => f.visit_expr(&e.body),
    }
    f.found
}

struct Finder<'a> {
    text: &'a str,
    found: Option<Misplaced>,
}

/// Format specs that may be inside one another.
const MAX_SPECS: u32 = 2;

impl Finder<'_> {
    fn report(&mut self, range: TextRange, msg: &'static str) {
        if self.found.is_none() {
            self.found = Some(Misplaced { range, msg });
        }
    }

    fn keywords(&mut self, keywords: &[ast::Keyword]) {
        for k in keywords {
            let Some(name) = k.arg.as_ref().filter(|name| name.start() != k.start()) else { continue };
            let rest = self.text.get(name.end().to_usize()..k.end().to_usize()).unwrap_or("");
            let equals = rest.find('=').map_or(0, |i| i + 1);
            let end = name.end() + TextSize::try_from(equals).unwrap_or_default();
            let msg = "expression cannot contain assignment, perhaps you meant \"==\"?";
            self.report(TextRange::new(name.start(), end), msg);
        }
    }

    fn elements(&mut self, elements: &ast::InterpolatedStringElements, depth: u32) {
        for el in elements {
            let Element::Interpolation(i) = el else { continue };
            if depth > MAX_SPECS {
                // The place is the colon before.
                let at = TextRange::empty(i.range.start() - TextSize::new(1));
                return self.report(at, "f-string: expressions nested too deeply");
            }
            self.visit_expr(&i.expression);
            if let Some(spec) = &i.format_spec {
                self.elements(&spec.elements, depth + 1);
            }
        }
    }
}

impl<'n> Visitor<'n> for Finder<'_> {
    fn visit_expr(&mut self, e: &'n Expr) {
        if let Expr::Tuple(t) = e {
            for item in t.elts.iter().filter(|e| matches!(e, Expr::Yield(_) | Expr::YieldFrom(_))) {
                let before = self.text.get(..item.start().to_usize()).unwrap_or("").trim_end();
                if !before.ends_with('(') {
                    self.report(item.range(), "invalid syntax");
                }
            }
        }
        if let Expr::Call(call) = e {
            self.keywords(&call.arguments.keywords);
        }
        ast::visitor::walk_expr(self, e);
    }

    fn visit_stmt(&mut self, s: &'n ast::Stmt) {
        if let ast::Stmt::ClassDef(ast::StmtClassDef { arguments: Some(arguments), .. }) = s {
            self.keywords(&arguments.keywords);
        }
        ast::visitor::walk_stmt(self, s);
    }

    fn visit_f_string(&mut self, f: &'n ast::FString) {
        self.elements(&f.elements, 0);
    }

    fn visit_t_string(&mut self, t: &'n ast::TString) {
        self.elements(&t.elements, 0);
    }
}
