//! Helper attributes on exported functions: read once, then stripped from the
//! item, so that the compiler never sees them.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result};

use crate::sig::Sig;

/// What the helper attributes of one function say.
#[derive(Default)]
pub struct FnAttrs {
    pub sig: Option<Sig>,
    pub role: Option<(Role, Ident)>,
    pub name: Option<String>,
    pub leaf: bool,
    pub internal: bool,
    pub doc: String,
    /// `#[cfg]`s, repeated on everything generated from the function.
    pub cfgs: Vec<Attribute>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    ClassMethod,
    StaticMethod,
    Getter,
    Setter,
    Constant,
}

impl FnAttrs {
    /// Reads the attributes of a function and removes the ones that are ours.
    pub fn take(attrs: &mut Vec<Attribute>) -> Result<Self> {
        let mut taken = FnAttrs { doc: doc_text(attrs), ..FnAttrs::default() };
        let mut kept = Vec::with_capacity(attrs.len());
        for attr in attrs.drain(..) {
            if !taken.read(&attr)? {
                kept.push(attr);
            }
        }
        *attrs = kept;
        Ok(taken)
    }

    /// True when the attribute is one of ours.
    fn read(&mut self, attr: &Attribute) -> Result<bool> {
        let Some(ident) = attr.path().get_ident() else {
            return Ok(false);
        };
        let role = match ident.to_string().as_str() {
            "classmethod" => Role::ClassMethod,
            "staticmethod" => Role::StaticMethod,
            "getter" => Role::Getter,
            "setter" => Role::Setter,
            "constant" => Role::Constant,
            "sig" => {
                // `#[sig]` alone means no parameters.
                let sig = match &attr.meta {
                    Meta::Path(_) => Sig::default(),
                    _ => attr.parse_args::<Sig>()?,
                };
                if self.sig.replace(sig).is_some() {
                    return Err(syn::Error::new(ident.span(), "second `#[sig]`"));
                }
                return Ok(true);
            }
            "name" => {
                self.name = Some(attr.parse_args::<LitStr>()?.value());
                return Ok(true);
            }
            "leaf" => {
                attr.meta.require_path_only()?;
                self.leaf = true;
                return Ok(true);
            }
            "internal" => {
                attr.meta.require_path_only()?;
                self.internal = true;
                return Ok(true);
            }
            "cfg" => {
                self.cfgs.push(attr.clone());
                return Ok(false);
            }
            _ => return Ok(false),
        };
        attr.meta.require_path_only()?;
        if self.role.replace((role, ident.clone())).is_some() {
            return Err(syn::Error::new(
                ident.span(),
                "a function has one role: classmethod, staticmethod, getter, setter or constant",
            ));
        }
        Ok(true)
    }
}

/// Doc comments as one text: common indentation of one space removed.
pub fn doc_text(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs {
        if let Meta::NameValue(pair) = &attr.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let text = text.value();
            for line in text.split('\n') {
                lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}

/// The Python spelling of a Rust name: no `r#`, no leading underscore that only
/// silences a lint (dunder names keep theirs).
pub fn python_name(ident: &Ident) -> String {
    let name = ident.unraw().to_string();
    if name.starts_with("__") {
        return name;
    }
    name.strip_prefix('_').unwrap_or(&name).to_owned()
}

/// Where a type error should point, with names resolved where the macro was
/// called, so that the wrapper's own variables stay visible.
pub fn span_of(ty: &syn::Type) -> Span {
    ty.span().resolved_at(Span::call_site())
}
