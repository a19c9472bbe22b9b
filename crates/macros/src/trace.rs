//! `#[derive(Trace)]`: calls `Trace::trace` on every field that may hold objects.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Result};

pub fn expand(mut input: DeriveInput) -> Result<TokenStream> {
    for param in input.generics.type_params_mut() {
        param.bounds.push(syn::parse_quote!(::typhon_object::Trace));
    }
    let name = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let body = match &input.data {
        Data::Struct(data) => arm(quote!(Self), &data.fields)?,
        Data::Enum(data) => {
            let arms = data
                .variants
                .iter()
                .map(|variant| {
                    let ident = &variant.ident;
                    arm(quote!(Self::#ident), &variant.fields)
                })
                .collect::<Result<Vec<_>>>()?;
            quote!(#(#arms)*)
        }
        Data::Union(data) => {
            return Err(syn::Error::new(data.union_token.span(), "a union cannot be traced exactly; use an enum"));
        }
    };
    // An enum without variants has no value to match on by reference.
    let is_never = matches!(&input.data, Data::Enum(data) if data.variants.is_empty());
    let matched = if is_never { quote!(match *self {}) } else { quote!(match self { #body }) };
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::typhon_object::Trace for #name #ty_generics #where_clause {
            #[allow(unused_variables)]
            fn trace(&self, tracer: &mut ::typhon_object::Tracer) {
                #matched
            }
        }
    })
}

/// One match arm that binds the traced fields and visits them.
fn arm(path: TokenStream, fields: &Fields) -> Result<TokenStream> {
    let mut bindings = Vec::new();
    let mut visits = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if is_skipped(&field.attrs)? {
            continue;
        }
        let binding = format_ident!("field_{index}");
        bindings.push(match &field.ident {
            Some(ident) => quote!(#ident: #binding),
            None => {
                let position = syn::Index::from(index);
                quote!(#position: #binding)
            }
        });
        visits.push(quote_spanned! {crate::attrs::span_of(&field.ty)=>
            ::typhon_object::Trace::trace(#binding, tracer);
        });
    }
    Ok(quote!(#path { #(#bindings,)* .. } => { #(#visits)* }))
}

fn is_skipped(attrs: &[Attribute]) -> Result<bool> {
    let mut skip = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("trace")) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skip = true;
                Ok(())
            } else {
                Err(meta.error("expected `#[trace(skip)]`"))
            }
        })?;
    }
    Ok(skip)
}
