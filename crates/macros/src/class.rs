//! `#[class]`: the member table of a built-in type.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, ImplItem, ItemImpl, LitStr, Path, Result, Token};

use crate::attrs::{FnAttrs, doc_text};
use crate::callable::{Callable, Entry, MemberKind};
use crate::slots;

/// Flags an author may write; each is a constant of `native` in upper case.
const FLAGS: &[&str] =
    &["subclassable", "mapping", "sequence", "by_index", "weakref", "dict", "immutable", "unhashable", "inherit_new"];

#[derive(Default)]
pub struct ClassArgs {
    module: Option<LitStr>,
    name: Option<LitStr>,
    base: Option<Base>,
    /// A native metaclass.
    meta: Option<Path>,
    /// The impl adds members to the class of another payload type.
    extends: Option<Path>,
    flags: Vec<Ident>,
}

enum Base {
    /// A built-in class by its Python name.
    Named(LitStr),
    /// A Rust type that is itself a `NativeClass`.
    Native(Path),
}

impl Parse for ClassArgs {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = ClassArgs::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            let text = key.to_string();
            match text.as_str() {
                "module" => {
                    input.parse::<Token![=]>()?;
                    args.module = Some(input.parse()?);
                }
                "name" => {
                    input.parse::<Token![=]>()?;
                    args.name = Some(input.parse()?);
                }
                "base" => {
                    input.parse::<Token![=]>()?;
                    args.base = Some(if input.peek(LitStr) {
                        Base::Named(input.parse()?)
                    } else {
                        Base::Native(input.parse()?)
                    });
                }
                "meta" => {
                    input.parse::<Token![=]>()?;
                    args.meta = Some(input.parse()?);
                }
                "extends" => {
                    input.parse::<Token![=]>()?;
                    args.extends = Some(input.parse()?);
                }
                flag if FLAGS.contains(&flag) => args.flags.push(key),
                _ => {
                    return Err(syn::Error::new(
                        key.span(),
                        format!("expected module, name, base, meta, or one of {}", FLAGS.join(", ")),
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}

pub fn expand(args: ClassArgs, mut item: ItemImpl) -> Result<TokenStream> {
    if let Some((_, path, _)) = &item.trait_ {
        return Err(syn::Error::new_spanned(path, "`#[class]` goes on an inherent impl"));
    }
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "a class is not generic"));
    }
    let mut callables = collect(&mut item)?;
    for callable in &mut callables {
        callable.receiver = args.extends.clone();
    }
    let class_name = match &args.name {
        Some(name) => name.value(),
        None => type_name(&item)?,
    };

    let mut wrappers = Vec::new();
    let mut members = Vec::new();
    for callable in &callables {
        if callable.is_richcmp() {
            for (op, dunder) in slots::COMPARISONS {
                let wrapper = callable.wrapper_name(&format!("_{op}"));
                wrappers.push(callable.wrapper(&wrapper, ("", &class_name), dunder, Some(op)));
                members.push(member(callable, dunder, &wrapper, None));
            }
            continue;
        }
        let wrapper = callable.wrapper_name("");
        wrappers.push(callable.wrapper(&wrapper, ("", &class_name), &callable.python_name, None));
        if callable.is_setter() {
            let has_getter = callables.iter().any(|other| is_getter_of(other, callable));
            if !has_getter {
                return Err(syn::Error::new(
                    callable.rust_name.span(),
                    format!("no `#[getter]` named `{}`", callable.python_name),
                ));
            }
            continue;
        }
        let setter = callables.iter().find(|other| is_getter_of(callable, other)).map(|setter| setter.wrapper_name(""));
        members.push(member(callable, &callable.python_name, &wrapper, setter));
    }
    check_unique(&callables)?;

    let flags = flags(&args, &callables);
    let base = match &args.base {
        None => quote!(::typhon_object::native::Base::Object),
        Some(Base::Named(name)) => quote!(::typhon_object::native::Base::Named(#name)),
        Some(Base::Native(path)) => quote! {
            ::typhon_object::native::Base::Native(::typhon_object::native::class_of_entry::<#path>)
        },
    };
    let meta = match &args.meta {
        None => quote!(::core::option::Option::None),
        Some(path) => quote!(::core::option::Option::Some(::typhon_object::native::class_of_entry::<#path>)),
    };
    let module = args.module.map_or("builtins".to_owned(), |module| module.value());
    let doc = doc_text(&item.attrs);
    let ty = &item.self_ty;
    if args.extends.is_some() {
        return Ok(quote! {
            #item

            const _: () = {
                #[doc(hidden)]
                impl #ty {
                    #(#wrappers)*
                    /// The members to add to the class.
                    pub const MEMBERS: &'static [::typhon_object::native::Member] = &[#(#members),*];
                }
            };
        });
    }
    Ok(quote! {
        #item

        const _: () = {
            #[doc(hidden)]
            impl #ty {
                #(#wrappers)*
            }

            impl ::typhon_object::native::NativeClass for #ty {
                const SPEC: ::typhon_object::native::ClassSpec = ::typhon_object::native::ClassSpec {
                    name: #class_name,
                    module: #module,
                    doc: #doc,
                    base: #base,
                    meta: #meta,
                    flags: #flags,
                    members: &[#(#members),*],
                };
                fn cell() -> &'static ::typhon_object::native::ClassCell {
                    static CELL: ::typhon_object::native::ClassCell =
                        ::typhon_object::native::ClassCell::new();
                    &CELL
                }
            }
        };
    })
}

/// Reads every exported function and strips its helper attributes.
fn collect(item: &mut ItemImpl) -> Result<Vec<Callable>> {
    let mut callables = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for item in &mut item.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        let callable = FnAttrs::take(&mut function.attrs).and_then(|attrs| {
            if attrs.internal {
                return Ok(None);
            }
            Callable::new(attrs, &function.sig, true).map(Some)
        });
        match (callable, &mut errors) {
            (Ok(callable), _) => callables.extend(callable),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), None) => errors = Some(error),
        }
    }
    errors.map_or(Ok(callables), Err)
}

fn member(callable: &Callable, name: &str, call: &Ident, setter: Option<Ident>) -> TokenStream {
    let known = slots::describe(name).filter(|_| callable.kind == MemberKind::Method);
    let doc = match known {
        Some((_, doc)) if callable.attrs.doc.is_empty() || callable.is_richcmp() => doc,
        _ => &callable.attrs.doc,
    };
    let signature = match known {
        Some((signature, _)) if callable.is_undeclared() => signature.to_owned(),
        _ => callable.signature(),
    };
    let entry = Entry { name, doc, signature: &signature, call, setter };
    callable.member(&entry, &quote!(Self::))
}

fn is_getter_of(getter: &Callable, setter: &Callable) -> bool {
    getter.kind == MemberKind::GetSet
        && !getter.is_setter()
        && setter.is_setter()
        && getter.python_name == setter.python_name
}

fn check_unique(callables: &[Callable]) -> Result<()> {
    for (index, callable) in callables.iter().enumerate() {
        let clash = callables[..index].iter().any(|earlier| {
            earlier.python_name == callable.python_name
                && earlier.is_setter() == callable.is_setter()
                && earlier.attrs.cfgs.is_empty()
                && callable.attrs.cfgs.is_empty()
        });
        if clash {
            return Err(syn::Error::new(
                callable.rust_name.span(),
                format!("second member named `{}`", callable.python_name),
            ));
        }
    }
    Ok(())
}

fn flags(args: &ClassArgs, callables: &[Callable]) -> TokenStream {
    let defines = |name: &str| callables.iter().any(|c| c.python_name == name);
    let written = |name: &str| args.flags.iter().any(|flag| flag == name);
    let mut names: Vec<Ident> = args
        .flags
        .iter()
        .filter(|flag| *flag != "inherit_new")
        .map(|flag| format_ident!("{}", flag.to_string().to_uppercase()))
        .collect();
    if !defines("__new__") && !written("inherit_new") {
        names.push(format_ident!("NO_NEW"));
    }
    // As in CPython, equality without a hash makes instances unhashable.
    let has_equality = defines("__richcmp__") || defines("__eq__");
    if has_equality && !defines("__hash__") && !written("unhashable") {
        names.push(format_ident!("UNHASHABLE"));
    }
    quote!(0 #(| ::typhon_object::native::#names)*)
}

fn type_name(item: &ItemImpl) -> Result<String> {
    if let syn::Type::Path(path) = &*item.self_ty
        && let Some(segment) = path.path.segments.last()
    {
        return Ok(segment.ident.to_string());
    }
    Err(syn::Error::new_spanned(&item.self_ty, "a class is a named type"))
}
