//! Nodes of expressions as the parser's.

use super::read::Reader;
use ast::{Expr, ExprContext};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::TextRange;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Obj, Result, bytes, float, ops};
use typhon_vm::hooks;

fn binary(n: &str) -> Option<ast::Operator> {
    use ast::Operator as O;
    Some(match n {
        "Add" => O::Add,
        "Sub" => O::Sub,
        "Mult" => O::Mult,
        "MatMult" => O::MatMult,
        "Div" => O::Div,
        "Mod" => O::Mod,
        "Pow" => O::Pow,
        "LShift" => O::LShift,
        "RShift" => O::RShift,
        "BitOr" => O::BitOr,
        "BitXor" => O::BitXor,
        "BitAnd" => O::BitAnd,
        "FloorDiv" => O::FloorDiv,
        _ => return None,
    })
}

fn comparison(n: &str) -> Option<ast::CmpOp> {
    use ast::CmpOp as O;
    Some(match n {
        "Eq" => O::Eq,
        "NotEq" => O::NotEq,
        "Lt" => O::Lt,
        "LtE" => O::LtE,
        "Gt" => O::Gt,
        "GtE" => O::GtE,
        "Is" => O::Is,
        "IsNot" => O::IsNot,
        "In" => O::In,
        "NotIn" => O::NotIn,
        _ => return None,
    })
}

impl Reader {
    pub(super) fn operator(&self, cx: &mut Cx, o: Obj, class: &str) -> Result<ast::Operator> {
        let op = self.required(cx, o, class, "op")?;
        let n = self.kind(cx, op, "operator")?;
        binary(&n).ok_or_else(|| cx.type_error("expected some sort of operator"))
    }

    fn ctx(&self, cx: &mut Cx, o: Obj, class: &str) -> Result<ExprContext> {
        let c = self.required(cx, o, class, "ctx")?;
        Ok(match self.kind(cx, c, "expr_context")?.as_str() {
            "Store" => ExprContext::Store,
            "Del" => ExprContext::Del,
            _ => ExprContext::Load,
        })
    }

    /// An expression that is assigned to, deleted or read: its context must say so.
    pub(super) fn in_context(&self, cx: &Cx, e: &Expr, want: ExprContext) -> Result<()> {
        let have = match e {
            Expr::Attribute(x) => x.ctx,
            Expr::Subscript(x) => x.ctx,
            Expr::Starred(x) => x.ctx,
            Expr::Name(x) => x.ctx,
            Expr::List(x) => x.ctx,
            Expr::Tuple(x) => x.ctx,
            _ if want == ExprContext::Load => return Ok(()),
            _ => return Err(cx.value_error(format!("expression which can't be assigned to in {want:?} context"))),
        };
        if have != want {
            return Err(cx.value_error(format!("expression must have {want:?} context but has {have:?} instead")));
        }
        Ok(())
    }

    pub(super) fn expr(&mut self, cx: &mut Cx, o: Obj) -> Result<Expr> {
        cx.enter()?;
        let range = self.range(cx, o, "expr")?;
        let kind = self.kind(cx, o, "expr")?;
        let k = kind.as_str();
        let node_index = ast::AtomicNodeIndex::NONE;
        Ok(match k {
            "BoolOp" => {
                let op = self.required(cx, o, k, "op")?;
                let op = match self.kind(cx, op, "boolop")?.as_str() {
                    "And" => ast::BoolOp::And,
                    _ => ast::BoolOp::Or,
                };
                let values = self.exprs(cx, o, k, "values")?;
                if values.len() < 2 {
                    return Err(cx.value_error("BoolOp with less than 2 values"));
                }
                Expr::BoolOp(ast::ExprBoolOp { node_index, range, op, values })
            }
            "NamedExpr" => {
                let target = self.any_expr(cx, o, k, "target")?;
                if !target.is_name_expr() {
                    return Err(cx.type_error("NamedExpr target must be a Name"));
                }
                self.in_context(cx, &target, ExprContext::Store)?;
                let value = self.required_expr(cx, o, k, "value")?;
                Expr::Named(ast::ExprNamed { node_index, range, target, value })
            }
            "BinOp" => {
                let left = self.required_expr(cx, o, k, "left")?;
                let op = self.operator(cx, o, k)?;
                let right = self.required_expr(cx, o, k, "right")?;
                Expr::BinOp(ast::ExprBinOp { node_index, range, left, op, right })
            }
            "UnaryOp" => {
                let op = self.required(cx, o, k, "op")?;
                let op = match self.kind(cx, op, "unaryop")?.as_str() {
                    "Invert" => ast::UnaryOp::Invert,
                    "Not" => ast::UnaryOp::Not,
                    "UAdd" => ast::UnaryOp::UAdd,
                    _ => ast::UnaryOp::USub,
                };
                let operand = self.required_expr(cx, o, k, "operand")?;
                Expr::UnaryOp(ast::ExprUnaryOp { node_index, range, op, operand })
            }
            "Lambda" => {
                let args = self.required(cx, o, k, "args")?;
                let parameters = Some(Box::new(self.parameters(cx, args, range)?));
                let body = self.required_expr(cx, o, k, "body")?;
                Expr::Lambda(ast::ExprLambda { node_index, range, parameters, body })
            }
            "IfExp" => {
                let test = self.required_expr(cx, o, k, "test")?;
                let body = self.required_expr(cx, o, k, "body")?;
                let orelse = self.required_expr(cx, o, k, "orelse")?;
                Expr::If(ast::ExprIf { node_index, range, test, body, orelse })
            }
            "Dict" => {
                let keys = self.opt_exprs(cx, o, k, "keys")?;
                let values = self.exprs(cx, o, k, "values")?;
                if keys.len() != values.len() {
                    return Err(cx.value_error("Dict doesn't have the same number of keys as values"));
                }
                let items = keys.into_iter().zip(values).map(|(key, value)| ast::DictItem { key, value }).collect();
                Expr::Dict(ast::ExprDict { node_index, range, items })
            }
            "Set" => {
                let elts = self.exprs(cx, o, k, "elts")?;
                Expr::Set(ast::ExprSet { node_index, range, elts })
            }
            "ListComp" | "SetComp" | "GeneratorExp" => {
                let generators = self.generators(cx, o, k, range)?;
                let elt = self.required_expr(cx, o, k, "elt")?;
                match k {
                    "ListComp" => Expr::ListComp(ast::ExprListComp { node_index, range, elt, generators }),
                    "SetComp" => Expr::SetComp(ast::ExprSetComp { node_index, range, elt, generators }),
                    _ => {
                        Expr::Generator(ast::ExprGenerator { node_index, range, elt, generators, parenthesized: true })
                    }
                }
            }
            "DictComp" => {
                let generators = self.generators(cx, o, k, range)?;
                let key = self.required_expr(cx, o, k, "key")?;
                let value = self.required_expr(cx, o, k, "value")?;
                Expr::DictComp(ast::ExprDictComp { node_index, range, key, value, generators })
            }
            "Await" => {
                let value = self.required_expr(cx, o, k, "value")?;
                Expr::Await(ast::ExprAwait { node_index, range, value })
            }
            "Yield" => {
                let value = self.opt_expr(cx, o, "value")?;
                Expr::Yield(ast::ExprYield { node_index, range, value })
            }
            "YieldFrom" => {
                let value = self.required_expr(cx, o, k, "value")?;
                Expr::YieldFrom(ast::ExprYieldFrom { node_index, range, value })
            }
            "Compare" => {
                let left = self.required_expr(cx, o, k, "left")?;
                let ops = self.list(cx, o, k, "ops", |r, cx, x| {
                    let n = r.kind(cx, x, "cmpop")?;
                    comparison(&n).ok_or_else(|| cx.type_error("expected some sort of cmpop"))
                })?;
                let comparators = self.exprs(cx, o, k, "comparators")?;
                if comparators.is_empty() {
                    return Err(cx.value_error("Compare with no comparators"));
                }
                if comparators.len() != ops.len() {
                    return Err(cx.value_error("Compare has a different number of comparators and operands"));
                }
                let (ops, comparators) = (ops.into(), comparators.into());
                Expr::Compare(ast::ExprCompare { node_index, range, left, ops, comparators })
            }
            "Call" => {
                let func = self.required_expr(cx, o, k, "func")?;
                let args = self.exprs(cx, o, k, "args")?.into();
                let keywords = self.keywords(cx, o, k)?.into();
                let arguments = ast::Arguments { node_index: Default::default(), range, args, keywords };
                Expr::Call(ast::ExprCall { node_index, range, func, arguments })
            }
            "JoinedStr" => {
                let elements = self.elements(cx, o, k)?;
                let flags = ast::FStringFlags::empty();
                let f = ast::FString { node_index: Default::default(), range, elements, flags };
                Expr::FString(ast::ExprFString { node_index, range, value: ast::FStringValue::single(f) })
            }
            "FormattedValue" => {
                let one = self.interpolation(cx, o, k, range)?;
                let elements = vec![ast::InterpolatedStringElement::Interpolation(one)].into();
                let flags = ast::FStringFlags::empty();
                let f = ast::FString { node_index: Default::default(), range, elements, flags };
                Expr::FString(ast::ExprFString { node_index, range, value: ast::FStringValue::single(f) })
            }
            "TemplateStr" | "Interpolation" => {
                let elements = match k {
                    "TemplateStr" => self.elements(cx, o, k)?,
                    _ => {
                        vec![ast::InterpolatedStringElement::Interpolation(self.interpolation(cx, o, k, range)?)].into()
                    }
                };
                let flags = ast::TStringFlags::empty();
                let t = ast::TString { node_index: Default::default(), range, elements, flags };
                Expr::TString(ast::ExprTString { node_index, range, value: ast::TStringValue::single(t) })
            }
            "Constant" => {
                let n = cx.intern("value")?;
                match ops::get_attr_opt(cx, o, n)? {
                    Some(v) => self.constant(cx, v, range)?,
                    None => return Err(cx.type_error("required field \"value\" missing from Constant")),
                }
            }
            "Attribute" => {
                let value = self.required_expr(cx, o, k, "value")?;
                let mut attr = self.identifier(cx, o, k, "attr", range)?;
                // The name stands at the end.
                let start = range.end().to_u32().saturating_sub(attr.id.len() as u32).max(range.start().to_u32());
                attr.range = TextRange::new(start.into(), range.end());
                let ctx = self.ctx(cx, o, k)?;
                Expr::Attribute(ast::ExprAttribute { node_index, range, value, attr, ctx })
            }
            "Subscript" => {
                let value = self.required_expr(cx, o, k, "value")?;
                let slice = self.required_expr(cx, o, k, "slice")?;
                let ctx = self.ctx(cx, o, k)?;
                Expr::Subscript(ast::ExprSubscript { node_index, range, value, slice, ctx })
            }
            "Starred" => {
                let value = self.any_expr(cx, o, k, "value")?;
                let ctx = self.ctx(cx, o, k)?;
                self.in_context(cx, &value, ctx)?;
                Expr::Starred(ast::ExprStarred { node_index, range, value, ctx })
            }
            "Name" => {
                let id = self.identifier(cx, o, k, "id", range)?.id;
                let ctx = self.ctx(cx, o, k)?;
                Expr::Name(ast::ExprName { node_index, range, id, ctx })
            }
            "List" | "Tuple" => {
                let ctx = self.ctx(cx, o, k)?;
                let elts = self.exprs_in(cx, o, k, "elts", ctx)?;
                match k {
                    "List" => Expr::List(ast::ExprList { node_index, range, elts, ctx }),
                    _ => Expr::Tuple(ast::ExprTuple { node_index, range, elts, ctx, parenthesized: true }),
                }
            }
            "Slice" => {
                let lower = self.opt_expr(cx, o, "lower")?;
                let upper = self.opt_expr(cx, o, "upper")?;
                let step = self.opt_expr(cx, o, "step")?;
                Expr::Slice(ast::ExprSlice { node_index, range, lower, upper, step })
            }
            _ => {
                let r = ops::repr(cx, o)?;
                return Err(cx.type_error(format!("expected some sort of expr, but got {}", r.to_str())));
            }
        })
    }

    fn generators(&mut self, cx: &mut Cx, o: Obj, class: &str, range: TextRange) -> Result<Vec<ast::Comprehension>> {
        let l = self.list(cx, o, class, "generators", |r, cx, x| {
            let k = r.kind(cx, x, "comprehension")?;
            let target = *r.any_expr(cx, x, &k, "target")?;
            r.in_context(cx, &target, ExprContext::Store)?;
            let iter = *r.required_expr(cx, x, &k, "iter")?;
            let ifs = r.exprs(cx, x, &k, "ifs")?;
            let is_async = r.number(cx, x, "is_async")?.unwrap_or(0) != 0;
            Ok(ast::Comprehension { node_index: Default::default(), range, target, iter, ifs, is_async })
        })?;
        if l.is_empty() {
            return Err(cx.value_error("comprehension with no generators"));
        }
        Ok(l)
    }

    pub(super) fn keywords(&mut self, cx: &mut Cx, o: Obj, class: &str) -> Result<Vec<ast::Keyword>> {
        self.list(cx, o, class, "keywords", |r, cx, x| {
            let k = r.kind(cx, x, "keyword")?;
            let range = r.range(cx, x, &k)?;
            let arg = r.opt_identifier(cx, x, "arg", range)?;
            let value = *r.required_expr(cx, x, &k, "value")?;
            Ok(ast::Keyword { node_index: Default::default(), range, arg, value })
        })
    }

    /// The pieces of a JoinedStr.
    fn elements(&mut self, cx: &mut Cx, o: Obj, class: &str) -> Result<ast::InterpolatedStringElements> {
        Ok(self.list(cx, o, class, "values", Self::element)?.into())
    }

    fn element(&mut self, cx: &mut Cx, x: Obj) -> Result<ast::InterpolatedStringElement> {
        let range = self.range(cx, x, "expr")?;
        let k = self.kind(cx, x, "expr")?;
        if k == "FormattedValue" || k == "Interpolation" {
            return Ok(ast::InterpolatedStringElement::Interpolation(self.interpolation(cx, x, &k, range)?));
        }
        let value = if k == "Constant" { self.field(cx, x, "value")? } else { None };
        if let Some(s) = value.and_then(|v| v.cast::<Str>()) {
            let value = text(cx, s)?.into();
            let l = ast::InterpolatedStringLiteralElement { node_index: Default::default(), range, value };
            return Ok(ast::InterpolatedStringElement::Literal(l));
        }
        // Any expression may stand here; its value is formatted.
        let expression = Box::new(self.expr(cx, x)?);
        self.in_context(cx, &expression, ExprContext::Load)?;
        Ok(ast::InterpolatedStringElement::Interpolation(ast::InterpolatedElement {
            node_index: Default::default(),
            range,
            expression,
            debug_text: None,
            conversion: ast::ConversionFlag::None,
            format_spec: None,
        }))
    }

    fn interpolation(
        &mut self,
        cx: &mut Cx,
        o: Obj,
        class: &str,
        range: TextRange,
    ) -> Result<ast::InterpolatedElement> {
        let expression = self.required_expr(cx, o, class, "value")?;
        // What the expression was written as: a tree has no source to look it up in.
        let debug_text = match class {
            "Interpolation" => {
                let shown = self.required(cx, o, class, "str")?;
                let leading = match shown.cast::<Str>() {
                    Some(s) => text(cx, s)?,
                    None => String::new(),
                };
                Some(ast::DebugText { leading, trailing: String::new() })
            }
            _ => None,
        };
        let conversion = match self.number(cx, o, "conversion")? {
            None | Some(-1) => ast::ConversionFlag::None,
            Some(115) => ast::ConversionFlag::Str,
            Some(114) => ast::ConversionFlag::Repr,
            Some(97) => ast::ConversionFlag::Ascii,
            Some(n) => {
                return Err(cx.error(ExcKind::SystemError, format!("Unrecognized conversion character {n}")));
            }
        };
        let format_spec = match self.field(cx, o, "format_spec")? {
            Some(s) => {
                let k = self.kind(cx, s, "expr")?;
                let range = self.range(cx, s, "expr")?;
                let elements = match k.as_str() {
                    "JoinedStr" => self.elements(cx, s, &k)?,
                    // Any expression will do: its value is formatted.
                    _ => vec![self.element(cx, s)?].into(),
                };
                Some(Box::new(ast::InterpolatedStringFormatSpec { node_index: Default::default(), range, elements }))
            }
            None => None,
        };
        Ok(ast::InterpolatedElement {
            node_index: Default::default(),
            range,
            expression,
            debug_text,
            conversion,
            format_spec,
        })
    }

    /// The literal of a constant.
    pub(super) fn constant(&mut self, cx: &mut Cx, v: Obj, range: TextRange) -> Result<Expr> {
        cx.enter()?;
        let node_index = ast::AtomicNodeIndex::NONE;
        if v.is_none() {
            return Ok(Expr::NoneLiteral(ast::ExprNoneLiteral { node_index, range }));
        }
        if v == Obj::TRUE || v == Obj::FALSE {
            return Ok(Expr::BooleanLiteral(ast::ExprBooleanLiteral { node_index, range, value: v == Obj::TRUE }));
        }
        if v == Obj::ELLIPSIS {
            return Ok(Expr::EllipsisLiteral(ast::ExprEllipsisLiteral { node_index, range }));
        }
        let class = ops::class_of(v).name();
        let number =
            |value| Expr::NumberLiteral(ast::ExprNumberLiteral { node_index: Default::default(), range, value });
        Ok(match &*class {
            "str" if v.cast::<Str>().is_some() => {
                let value = match v.cast::<Str>() {
                    Some(s) => text(cx, s)?,
                    None => String::new(),
                };
                let flags = ast::StringLiteralFlags::empty();
                let l = ast::StringLiteral { node_index: Default::default(), range, value: value.into(), flags };
                let value = ast::StringLiteralValue::single(l);
                Expr::StringLiteral(ast::ExprStringLiteral { node_index, range, value })
            }
            "bytes" => {
                let value = v.cast::<bytes::Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default();
                let flags = ast::BytesLiteralFlags::empty();
                let l = ast::BytesLiteral { node_index: Default::default(), range, value: value.into(), flags };
                let value = ast::BytesLiteralValue::single(l);
                Expr::BytesLiteral(ast::ExprBytesLiteral { node_index, range, value })
            }
            "int" => {
                let hex = hooks::builtin(cx, "hex")?;
                let hex = ops::call_args(cx, hex, &[v])?;
                let hex = ops::to_str(cx, hex)?.to_str().into_owned();
                let (negative, digits) = hex.strip_prefix('-').map_or((false, hex.as_str()), |d| (true, d));
                let value = ast::Int::from_str_radix(digits.trim_start_matches("0x"), 16, digits);
                let value = match value {
                    Ok(i) => ast::Number::Int(i),
                    Err(e) => return Err(cx.value_error(e.to_string())),
                };
                match negative {
                    false => number(value),
                    true => Expr::UnaryOp(ast::ExprUnaryOp {
                        node_index,
                        range,
                        op: ast::UnaryOp::USub,
                        operand: Box::new(number(value)),
                    }),
                }
            }
            "float" => number(ast::Number::Float(float::value(v).unwrap_or(0.0))),
            "complex" => {
                let (re, im) = (cx.intern("real")?, cx.intern("imag")?);
                let (re, im) = (ops::get_attr(cx, v, re)?, ops::get_attr(cx, v, im)?);
                let (real, imag) = (float::value(re).unwrap_or(0.0), float::value(im).unwrap_or(0.0));
                number(ast::Number::Complex { real, imag })
            }
            "tuple" => {
                let mut elts = Vec::new();
                let items = v.cast::<Tuple>();
                for i in items.iter().flat_map(|t| t.items()) {
                    elts.push(self.constant(cx, *i, range)?);
                }
                let ctx = ExprContext::Load;
                Expr::Tuple(ast::ExprTuple { node_index, range, elts, ctx, parenthesized: true })
            }
            "frozenset" => {
                // There is no literal for it: a set with a mark, which `fold` knows.
                node_index.set(0.into());
                let items = ops::list_from_iter(cx, v)?;
                let (mut elts, mut i) = (Vec::new(), 0);
                while let Some(x) = items.get(i) {
                    elts.push(self.constant(cx, x, range)?);
                    i += 1;
                }
                Expr::Set(ast::ExprSet { node_index, range, elts })
            }
            other => return Err(cx.type_error(format!("got an invalid type in Constant: {other}"))),
        })
    }

    fn parameter(&mut self, cx: &mut Cx, o: Obj) -> Result<ast::Parameter> {
        let k = self.kind(cx, o, "arg")?;
        let range = self.range(cx, o, &k)?;
        let name = self.identifier(cx, o, &k, "arg", range)?;
        let annotation = self.opt_expr(cx, o, "annotation")?;
        Ok(ast::Parameter { node_index: Default::default(), range, name, annotation })
    }

    pub(super) fn parameters(&mut self, cx: &mut Cx, o: Obj, range: TextRange) -> Result<ast::Parameters> {
        let k = self.kind(cx, o, "arguments")?;
        let plain = |r: &mut Self, cx: &mut Cx, n: &str| -> Result<Vec<ast::ParameterWithDefault>> {
            r.list(cx, o, &k, n, |r, cx, x| {
                let parameter = r.parameter(cx, x)?;
                let range = parameter.range;
                Ok(ast::ParameterWithDefault { node_index: Default::default(), range, parameter, default: None })
            })
        };
        let mut posonlyargs = plain(self, cx, "posonlyargs")?;
        let mut args = plain(self, cx, "args")?;
        let mut kwonlyargs = plain(self, cx, "kwonlyargs")?;
        let defaults = self.exprs(cx, o, &k, "defaults")?;
        let total = posonlyargs.len() + args.len();
        if defaults.len() > total {
            return Err(cx.value_error("more positional defaults than args on arguments"));
        }
        let skip = total - defaults.len();
        for (p, d) in posonlyargs.iter_mut().chain(args.iter_mut()).skip(skip).zip(defaults) {
            p.default = Some(Box::new(d));
        }
        let kw_defaults = self.opt_exprs(cx, o, &k, "kw_defaults")?;
        if kw_defaults.len() != kwonlyargs.len() {
            return Err(cx.value_error("length of kwonlyargs is not the same as kw_defaults on arguments"));
        }
        for (p, d) in kwonlyargs.iter_mut().zip(kw_defaults) {
            p.default = d.map(Box::new);
        }
        let vararg = match self.field(cx, o, "vararg")? {
            Some(x) => Some(Box::new(self.parameter(cx, x)?)),
            None => None,
        };
        let kwarg = match self.field(cx, o, "kwarg")? {
            Some(x) => Some(Box::new(self.parameter(cx, x)?)),
            None => None,
        };
        Ok(ast::Parameters { node_index: Default::default(), range, posonlyargs, args, vararg, kwonlyargs, kwarg })
    }
}

/// A str as the parser has it, which cannot be one with lone surrogates.
fn text(cx: &Cx, s: typhon_object::Gc<Str>) -> Result<String> {
    match s.to_utf8() {
        Some(t) => Ok(t.into_owned()),
        None => Err(cx.error(
            ExcKind::NotImplementedError,
            "compiling a syntax tree with lone surrogates is not implemented yet",
        )),
    }
}
