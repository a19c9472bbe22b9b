//! Nodes of patterns as the parser's, and which of them make sense.
//!
//! Tests: tests/lang/ast_checks.md; CPython test_ast.

use super::read::Reader;
use ast::{Expr, Number, Operator, Pattern, UnaryOp};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::TextRange;
use typhon_object::{Cx, Obj, Result, ops};

/// Whether an expression is a number without an imaginary part, or only that.
fn is_number(e: &Expr, real: bool, imaginary: bool) -> bool {
    match e {
        Expr::NumberLiteral(n) => match n.value {
            Number::Complex { .. } => imaginary,
            _ => real,
        },
        _ => false,
    }
}

fn is_negative(e: &Expr, imaginary: bool) -> bool {
    matches!(e, Expr::UnaryOp(u) if u.op == UnaryOp::USub && is_number(&u.operand, true, imaginary))
}

/// Check a value that a pattern compares with.
fn matched(cx: &Cx, e: &Expr) -> Result<()> {
    let good = match e {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) => true,
        Expr::NoneLiteral(_) | Expr::BooleanLiteral(_) | Expr::EllipsisLiteral(_) => {
            return Err(cx.value_error("unexpected constant inside of a literal pattern"));
        }
        // The compiler knows better what may stand in a string.
        Expr::Attribute(_) | Expr::FString(_) => true,
        Expr::UnaryOp(_) => is_negative(e, true),
        Expr::BinOp(b) => {
            matches!(b.op, Operator::Add | Operator::Sub)
                && (is_number(&b.left, true, false) || is_negative(&b.left, false))
                && is_number(&b.right, false, true)
        }
        _ => false,
    };
    match good {
        true => Ok(()),
        false => Err(cx.value_error("patterns may only match literals and attribute lookups")),
    }
}

impl Reader {
    /// Patterns, none of which is a star.
    fn patterns(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Vec<Pattern>> {
        self.list(cx, o, class, n, Self::pattern)
    }

    /// A pattern that stands where no star may.
    pub(super) fn pattern(&mut self, cx: &mut Cx, o: Obj) -> Result<Pattern> {
        if self.kind(cx, o, "pattern")? == "MatchStar" {
            return Err(cx.value_error("can't use MatchStar here"));
        }
        self.any_pattern(cx, o)
    }

    /// A name that a pattern binds.
    fn capture(&self, cx: &mut Cx, o: Obj, n: &str, range: TextRange) -> Result<Option<ast::Identifier>> {
        let name = self.opt_identifier(cx, o, n, range)?;
        match name.as_ref().is_some_and(|n| n.as_str() == "_") {
            true => Err(cx.value_error("can't capture name '_' in patterns")),
            false => Ok(name),
        }
    }

    fn any_pattern(&mut self, cx: &mut Cx, o: Obj) -> Result<Pattern> {
        cx.enter()?;
        let range = self.range(cx, o, "pattern")?;
        let kind = self.kind(cx, o, "pattern")?;
        let k = kind.as_str();
        let node_index = ast::AtomicNodeIndex::NONE;
        Ok(match k {
            "MatchValue" => {
                let value = self.required_expr(cx, o, k, "value")?;
                matched(cx, &value)?;
                Pattern::MatchValue(ast::PatternMatchValue { node_index, range, value })
            }
            "MatchSingleton" => {
                let n = cx.intern("value")?;
                let value = match ops::get_attr_opt(cx, o, n)? {
                    Some(Obj::NONE) => ast::Singleton::None,
                    Some(Obj::TRUE) => ast::Singleton::True,
                    Some(Obj::FALSE) => ast::Singleton::False,
                    Some(_) => {
                        return Err(cx.value_error("MatchSingleton can only contain True, False and None"));
                    }
                    None => return Err(cx.type_error("required field \"value\" missing from MatchSingleton")),
                };
                Pattern::MatchSingleton(ast::PatternMatchSingleton { node_index, range, value })
            }
            "MatchSequence" => {
                let patterns = self.list(cx, o, k, "patterns", Self::any_pattern)?;
                Pattern::MatchSequence(ast::PatternMatchSequence { node_index, range, patterns })
            }
            "MatchMapping" => {
                let keys = self.exprs(cx, o, k, "keys")?;
                let patterns = self.patterns(cx, o, k, "patterns")?;
                if keys.len() != patterns.len() {
                    return Err(cx.value_error("MatchMapping doesn't have the same number of keys as patterns"));
                }
                let rest = self.capture(cx, o, "rest", range)?;
                for key in &keys {
                    if !matches!(key, Expr::NoneLiteral(_) | Expr::BooleanLiteral(_)) {
                        matched(cx, key)?;
                    }
                }
                Pattern::MatchMapping(ast::PatternMatchMapping { node_index, range, keys, patterns, rest })
            }
            "MatchClass" => {
                let cls = self.required_expr(cx, o, k, "cls")?;
                let mut of = &*cls;
                while let Expr::Attribute(a) = of {
                    of = &a.value;
                }
                if !of.is_name_expr() {
                    let text = "MatchClass cls field can only contain Name or Attribute nodes.";
                    return Err(cx.value_error(text));
                }
                let patterns = self.patterns(cx, o, k, "patterns")?;
                let names = self.identifiers(cx, o, k, "kwd_attrs", range)?;
                let values = self.patterns(cx, o, k, "kwd_patterns")?;
                if names.len() != values.len() {
                    let text = "MatchClass doesn't have the same number of keyword attributes as patterns";
                    return Err(cx.value_error(text));
                }
                let keywords = names
                    .into_iter()
                    .zip(values)
                    .map(|(attr, pattern)| {
                        let range = rustpython_ruff_text_size::Ranged::range(&pattern);
                        ast::PatternKeyword { node_index: Default::default(), range, attr, pattern }
                    })
                    .collect();
                let arguments = ast::PatternArguments { node_index: Default::default(), range, patterns, keywords };
                Pattern::MatchClass(ast::PatternMatchClass { node_index, range, cls, arguments })
            }
            "MatchStar" => {
                let name = self.capture(cx, o, "name", range)?;
                Pattern::MatchStar(ast::PatternMatchStar { node_index, range, name })
            }
            "MatchAs" => {
                let pattern = match self.field(cx, o, "pattern")? {
                    Some(p) => Some(Box::new(self.pattern(cx, p)?)),
                    None => None,
                };
                let name = self.capture(cx, o, "name", range)?;
                if pattern.is_some() && name.is_none() {
                    return Err(cx.value_error("MatchAs must specify a target name if a pattern is given"));
                }
                Pattern::MatchAs(ast::PatternMatchAs { node_index, range, pattern, name })
            }
            "MatchOr" => {
                let patterns = self.patterns(cx, o, k, "patterns")?;
                if patterns.len() < 2 {
                    return Err(cx.value_error("MatchOr requires at least 2 patterns"));
                }
                Pattern::MatchOr(ast::PatternMatchOr { node_index, range, patterns })
            }
            _ => {
                let r = ops::repr(cx, o)?;
                return Err(cx.type_error(format!("expected some sort of pattern, but got {}", r.to_str())));
            }
        })
    }
}
