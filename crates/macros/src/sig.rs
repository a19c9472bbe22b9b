//! `#[sig(a, x, /, lo = 0, *rest, key = None, **kw)]`: Python parameter lists.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprUnary, Ident, Lit, Result, Token, UnOp};

#[derive(Default)]
pub struct Sig {
    pub params: Vec<SigParam>,
}

pub struct SigParam {
    pub name: Ident,
    pub kind: Kind,
    pub default: Option<Default>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    PosOnly,
    PosOrKw,
    VarArgs,
    KwOnly,
    VarKw,
}

pub enum Default {
    /// `None`: the type's own notion of missing, else Python's `None`.
    None,
    /// A literal, with its Python spelling.
    Value(Box<Expr>, String),
    /// `<name>`: the type must have a notion of missing.
    Missing(String),
}

impl SigParam {
    /// A parameter the caller must give.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !matches!(self.kind, Kind::VarArgs | Kind::VarKw)
    }

    pub fn python_name(&self) -> String {
        self.name.unraw().to_string()
    }
}

impl Kind {
    pub fn tokens(self) -> TokenStream {
        let variant = Ident::new(&format!("{self:?}"), proc_macro2::Span::call_site());
        quote!(::typhon_object::native::ParamKind::#variant)
    }

    pub fn is_positional(self) -> bool {
        matches!(self, Kind::PosOnly | Kind::PosOrKw)
    }
}

impl Parse for Sig {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut params: Vec<SigParam> = Vec::new();
        let mut kind = Kind::PosOrKw;
        let mut seen_slash = false;
        let mut bare_star = None;
        while !input.is_empty() {
            if params.last().is_some_and(|p| p.kind == Kind::VarKw) {
                return Err(input.error("nothing may follow `**` parameters"));
            }
            if input.peek(Token![/]) {
                let slash: Token![/] = input.parse()?;
                if seen_slash || kind != Kind::PosOrKw || params.is_empty() {
                    return Err(syn::Error::new(slash.span, "misplaced `/`"));
                }
                seen_slash = true;
                for param in &mut params {
                    param.kind = Kind::PosOnly;
                }
            } else if input.peek(Token![*]) {
                let star: Token![*] = input.parse()?;
                if input.peek(Token![*]) {
                    input.parse::<Token![*]>()?;
                    params.push(SigParam { name: input.call(Ident::parse_any)?, kind: Kind::VarKw, default: None });
                } else {
                    if kind != Kind::PosOrKw {
                        return Err(syn::Error::new(star.span, "second `*`"));
                    }
                    kind = Kind::KwOnly;
                    if input.is_empty() || input.peek(Token![,]) {
                        bare_star = Some(star.span);
                    } else {
                        params.push(SigParam {
                            name: input.call(Ident::parse_any)?,
                            kind: Kind::VarArgs,
                            default: None,
                        });
                    }
                }
            } else {
                let name = input.call(Ident::parse_any)?;
                let default = if input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                    Some(input.parse::<Default>()?)
                } else {
                    None
                };
                let follows_default = params.iter().any(|p| p.default.is_some());
                if default.is_none() && kind == Kind::PosOrKw && follows_default {
                    return Err(syn::Error::new(name.span(), "parameter without a default follows one with a default"));
                }
                params.push(SigParam { name, kind, default });
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if let Some(span) = bare_star
            && !params.iter().any(|p| p.kind == Kind::KwOnly)
        {
            return Err(syn::Error::new(span, "named parameters must follow `*`"));
        }
        for (index, param) in params.iter().enumerate() {
            if params[..index].iter().any(|p| p.name == param.name) {
                return Err(syn::Error::new(param.name.span(), "duplicate parameter"));
            }
        }
        Ok(Sig { params })
    }
}

impl Parse for Default {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Token![<]) {
            input.parse::<Token![<]>()?;
            let mut name = input.call(Ident::parse_any)?.to_string();
            while input.peek(Token![.]) {
                input.parse::<Token![.]>()?;
                name = format!("{name}.{}", input.call(Ident::parse_any)?);
            }
            input.parse::<Token![>]>()?;
            return Ok(Default::Missing(match name.as_str() {
                "missing" => "<unrepresentable>".to_owned(),
                _ => format!("<{name}>"),
            }));
        }
        if input.peek(Ident::peek_any) && !input.peek(syn::Lit) {
            let name = input.call(Ident::parse_any)?;
            return match name.to_string().as_str() {
                "None" => Ok(Default::None),
                "True" => Ok(Default::Value(Box::new(syn::parse_quote!(true)), "True".into())),
                "False" => Ok(Default::Value(Box::new(syn::parse_quote!(false)), "False".into())),
                _ => Err(syn::Error::new(name.span(), EXPECTED_DEFAULT)),
            };
        }
        let value: Expr = input.parse()?;
        literal_default(&value)
    }
}

const EXPECTED_DEFAULT: &str = "a default is None, True, False, a literal, or `<missing>`";

fn literal_default(value: &Expr) -> Result<Default> {
    let error = || syn::Error::new(value.span(), EXPECTED_DEFAULT);
    let (negative, lit) = match value {
        Expr::Lit(ExprLit { lit, .. }) => (false, lit),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => (true, lit),
            _ => return Err(error()),
        },
        _ => return Err(error()),
    };
    let minus = if negative { "-" } else { "" };
    let expr = |tokens: TokenStream| Box::new(Expr::Verbatim(tokens));
    let sign = negative.then(|| quote!(-));
    match lit {
        Lit::Int(int) if int.suffix().is_empty() => {
            // Unsuffixed literals would otherwise become i32.
            let digits = int.base10_digits();
            let typed = syn::LitInt::new(&format!("{digits}i64"), int.span());
            Ok(Default::Value(expr(quote!(#sign #typed)), format!("{minus}{digits}")))
        }
        Lit::Float(float) if float.suffix().is_empty() => {
            let typed = syn::LitFloat::new(&format!("{}f64", float.base10_digits()), float.span());
            Ok(Default::Value(expr(quote!(#sign #typed)), format!("{minus}{}", float.base10_digits())))
        }
        Lit::Str(text) if !negative => Ok(Default::Value(expr(quote!(#text)), python_quoted(&text.value()))),
        Lit::ByteStr(bytes) if !negative => {
            let text: String = bytes.value().iter().map(|b| char::from(*b)).collect();
            Ok(Default::Value(expr(quote!(&#bytes[..])), format!("b{}", python_quoted(&text))))
        }
        Lit::Bool(_) => Err(syn::Error::new(value.span(), "write the Python names True and False")),
        _ => Err(error()),
    }
}

fn python_quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// The text signature. `receiver` is the positional-only first parameter, if any.
pub fn text_signature(receiver: Option<&str>, params: &[SigParam]) -> String {
    let mut parts: Vec<String> = receiver.map(str::to_owned).into_iter().collect();
    let mut slash_due = receiver.is_some();
    let mut star_due = true;
    for param in params {
        match param.kind {
            Kind::PosOnly => slash_due = true,
            _ if slash_due => {
                parts.push("/".to_owned());
                slash_due = false;
            }
            _ => {}
        }
        let name = param.python_name();
        match param.kind {
            Kind::VarArgs => {
                star_due = false;
                parts.push(format!("*{name}"));
                continue;
            }
            Kind::VarKw => {
                parts.push(format!("**{name}"));
                continue;
            }
            Kind::KwOnly if star_due => {
                star_due = false;
                parts.push("*".to_owned());
            }
            _ => {}
        }
        parts.push(match &param.default {
            None => name,
            Some(Default::None) => format!("{name}=None"),
            Some(Default::Value(_, text)) => format!("{name}={text}"),
            Some(Default::Missing(text)) => format!("{name}={text}"),
        });
    }
    if slash_due {
        parts.push("/".to_owned());
    }
    format!("({})", parts.join(", "))
}

/// The value of a parameter that was not given; `ty` is its Rust type.
pub fn default_value(default: &Default, ty: &syn::Type) -> TokenStream {
    let missing = quote_spanned!(crate::attrs::span_of(ty)=> <#ty as ::typhon_object::native::FromArg>::from_missing());
    match default {
        Default::None => quote_spanned! {crate::attrs::span_of(ty)=>
            match #missing {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None =>
                    <#ty as ::typhon_object::native::FromArg>::from_arg(cx, ::typhon_object::Obj::NONE)?,
            }
        },
        Default::Value(value, _) => quote_spanned! {crate::attrs::span_of(ty)=>
            ::typhon_object::native::default_arg::<#ty, _>(cx, #value)?
        },
        Default::Missing(_) => quote! {
            #missing.expect("a default written <name> needs a type with from_missing")
        },
    }
}
