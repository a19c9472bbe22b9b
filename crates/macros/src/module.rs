//! `#[module]`: the function table of a native module.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, Item, ItemMod, LitStr, Path, Result, Token, parenthesized};

use crate::attrs::{FnAttrs, doc_text};
use crate::callable::{Callable, Entry};

pub struct ModuleArgs {
    name: LitStr,
    classes: Vec<Path>,
}

impl Parse for ModuleArgs {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse()?;
        let mut classes = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key: Ident = input.parse()?;
            if key != "classes" {
                return Err(syn::Error::new(key.span(), "expected `classes(..)`"));
            }
            let content;
            parenthesized!(content in input);
            classes.extend(Punctuated::<Path, Token![,]>::parse_terminated(&content)?);
        }
        Ok(ModuleArgs { name, classes })
    }
}

pub fn expand(args: ModuleArgs, mut item: ItemMod) -> Result<TokenStream> {
    let doc = doc_text(&item.attrs);
    let mod_token = item.mod_token;
    let module_name = args.name.value();
    let Some((_, items)) = &mut item.content else {
        return Err(syn::Error::new(mod_token.span, "`#[module]` needs the module's body in this file"));
    };

    let mut wrappers = Vec::new();
    let mut functions = Vec::new();
    let mut exec = quote!(::core::option::Option::None);
    for item in items.iter_mut() {
        let Item::Fn(function) = item else {
            continue;
        };
        let attrs = FnAttrs::take(&mut function.attrs)?;
        if attrs.internal {
            continue;
        }
        if function.sig.ident == "__exec__" {
            exec = quote!(::core::option::Option::Some(__exec__));
            continue;
        }
        let callable = Callable::new(attrs, &function.sig, false)?;
        let wrapper = callable.wrapper_name("");
        wrappers.push(callable.wrapper(&wrapper, (&module_name, ""), &callable.python_name, None));
        let entry = Entry {
            name: &callable.python_name,
            doc: &callable.attrs.doc,
            signature: &callable.signature(),
            call: &wrapper,
            setter: None,
        };
        functions.push(callable.member(&entry, &TokenStream::new()));
    }

    let name = &args.name;
    let classes = &args.classes;
    items.push(syn::parse_quote! {
        /// What the import system needs to create this module.
        pub static SPEC: ::typhon_object::native::ModuleSpec = {
            #(#wrappers)*
            ::typhon_object::native::ModuleSpec {
                name: #name,
                doc: #doc,
                functions: &[#(#functions),*],
                classes: &[#(::typhon_object::native::class_of_entry::<#classes>),*],
                exec: #exec,
            }
        };
    });
    Ok(quote!(#item))
}
