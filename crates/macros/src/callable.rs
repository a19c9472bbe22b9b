//! One exported Rust function: what its parameters mean, and the wrapper with
//! the native calling convention that converts Python arguments for it.
//!
//! Wrapper shape: `fn(cx, args, kw) -> Result<Obj>`, where `args[0]` is the
//! receiver (or class) if there is one and keyword values come last.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{FnArg, Ident, Pat, Result, ReturnType, Signature, Type};

use crate::attrs::{FnAttrs, Role, python_name};
use crate::sig::{Kind, Sig, SigParam, default_value, text_signature};

/// What the member is to Python; the runtime's `MemberKind`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberKind {
    Method,
    ClassMethod,
    StaticMethod,
    New,
    GetSet,
    Constant,
    Function,
}

impl MemberKind {
    fn tokens(self) -> TokenStream {
        let variant = format_ident!("{self:?}");
        quote!(::typhon_object::native::MemberKind::#variant)
    }
}

/// One argument of the Rust function, in call order.
enum CallArg {
    /// `&self`
    SelfRef,
    /// `this: Gc<Self>`
    This,
    /// `cx: &Cx` or `cx: &mut Cx`
    Cx,
    /// `cls: Gc<Type>`
    Cls,
    /// Index into `py_params`.
    Py(usize),
    /// The operator of `__richcmp__`.
    Op,
}

struct RustParam {
    ident: Ident,
    ty: Type,
}

/// How the Python parameters are bound.
enum Binding {
    /// No `#[sig]`: exactly these, positional-only.
    Exact(Sig),
    Declared(Sig),
    /// One `Args` parameter takes everything unparsed.
    Raw,
}

pub struct Callable {
    pub rust_name: Ident,
    pub python_name: String,
    pub kind: MemberKind,
    pub attrs: FnAttrs,
    /// The payload type of the receiver; `Self` unless the impl extends another
    /// type's class.
    pub receiver: Option<syn::Path>,
    args: Vec<CallArg>,
    py_params: Vec<RustParam>,
    binding: Binding,
}

impl Callable {
    /// Reads a function inside `#[class]` (`in_class`) or `#[module]`.
    pub fn new(mut attrs: FnAttrs, sig: &Signature, in_class: bool) -> Result<Self> {
        refuse_unsupported(sig)?;
        let rust_name = sig.ident.clone();
        let is_new = in_class && rust_name == "__new__";
        let is_richcmp = in_class && rust_name == "__richcmp__";

        let mut args = Vec::new();
        let mut py_params = Vec::new();
        let mut has_receiver = false;
        let mut cls = None;
        for (position, input) in sig.inputs.iter().enumerate() {
            let typed = match input {
                FnArg::Receiver(receiver) => {
                    if !in_class {
                        return Err(err(receiver, "a module function has no receiver"));
                    }
                    if receiver.reference.is_none() || receiver.mutability.is_some() || receiver.colon_token.is_some() {
                        return Err(err(receiver, "objects are shared: the receiver is `&self` or `this: Gc<Self>`"));
                    }
                    has_receiver = true;
                    args.push(CallArg::SelfRef);
                    continue;
                }
                FnArg::Typed(typed) => typed,
            };
            let Pat::Ident(pat) = &*typed.pat else {
                return Err(err(&typed.pat, "a parameter needs a plain name"));
            };
            let ident = &pat.ident;
            if in_class && position == 0 && ident == "this" {
                has_receiver = true;
                args.push(CallArg::This);
            } else if is_context(&typed.ty) {
                if !py_params.is_empty() {
                    return Err(err(&typed.ty, "the context comes before the parameters"));
                }
                args.push(CallArg::Cx);
            } else if in_class && ident == "cls" && py_params.is_empty() {
                cls = Some(ident.clone());
                args.push(CallArg::Cls);
            } else {
                if let Type::ImplTrait(ty) = &*typed.ty {
                    return Err(err(ty, "an exported function needs concrete types"));
                }
                args.push(CallArg::Py(py_params.len()));
                py_params.push(RustParam { ident: ident.clone(), ty: (*typed.ty).clone() });
            }
        }

        let kind = member_kind(sig, &attrs, in_class, is_new, has_receiver)?;
        if let Some(cls) = cls
            && !matches!(kind, MemberKind::New | MemberKind::ClassMethod)
        {
            return Err(err(&cls, "`cls` needs `#[classmethod]` or `__new__`"));
        }
        if is_richcmp {
            if py_params.len() != 2 || attrs.sig.is_some() {
                return Err(err(
                    &sig.inputs,
                    "expected `__richcmp__(&self, cx, other, op: CompareOp)` without `#[sig]`",
                ));
            }
            py_params.pop();
            args.pop();
            args.push(CallArg::Op);
        }

        let python_name = attrs.name.clone().unwrap_or_else(|| match attrs.role {
            Some((Role::Setter, _)) => {
                let name = function_name(&rust_name);
                name.strip_prefix("set_").map_or(name.clone(), str::to_owned)
            }
            _ => function_name(&rust_name),
        });
        let binding = binding(attrs.sig.take(), &py_params, &rust_name)?;
        Ok(Callable { rust_name, python_name, kind, attrs, receiver: None, args, py_params, binding })
    }

    pub fn is_setter(&self) -> bool {
        matches!(self.attrs.role, Some((Role::Setter, _)))
    }

    pub fn is_richcmp(&self) -> bool {
        self.args.iter().any(|arg| matches!(arg, CallArg::Op))
    }

    pub fn wrapper_name(&self, suffix: &str) -> Ident {
        format_ident!("__native_{}{}", python_name(&self.rust_name), suffix)
    }

    /// The wrapper function. `class` is the Python class name, "" in a module, `module` the other way round;
    /// `name` the Python name for error texts; `op` the operator of one of the
    /// six members of `__richcmp__`.
    pub fn wrapper(&self, wrapper: &Ident, (module, class): (&str, &str), name: &str, op: Option<&str>) -> TokenStream {
        let cfgs = &self.attrs.cfgs;
        let info = quote! {
            &::typhon_object::native::FnInfo { class: #class, module: #module, name: #name }
        };
        let (prologue, skipped) = self.prologue(name, class);
        let values: Vec<Ident> = (0..self.py_params.len()).map(|index| format_ident!("value_{index}")).collect();
        let convert = if self.is_setter() {
            self.convert_setter(&values, &info)
        } else {
            match &self.binding {
                Binding::Raw => {
                    let value = &values[0];
                    quote!(let #value = ::typhon_object::native::Args::new(rest, kw);)
                }
                Binding::Exact(_) => self.convert_exact(&values, &info),
                Binding::Declared(sig) => self.convert_declared(sig, &values, &info),
            }
        };
        let constructor = self.constructor_args(name);
        let call_args = self.args.iter().map(|arg| match arg {
            CallArg::SelfRef | CallArg::This => quote!(this),
            CallArg::Cx => quote!(cx),
            CallArg::Cls => quote!(cls),
            CallArg::Py(index) => {
                let value = &values[*index];
                quote!(#value)
            }
            CallArg::Op => {
                let op = format_ident!("{}", op.expect("richcmp has an operator"));
                quote!(::typhon_object::CompareOp::#op)
            }
        });
        let function = &self.rust_name;
        let path = if class.is_empty() { quote!(#function) } else { quote!(Self::#function) };
        let finish = match self.kind {
            MemberKind::New => quote! {
                ::typhon_object::native::IntoInstance::into_instance(result, cx, cls)
            },
            _ => quote!(::typhon_object::native::IntoResult::into_result(result, cx)),
        };
        quote! {
            #(#cfgs)*
            #[allow(clippy::all, unused_variables)]
            fn #wrapper(
                cx: &mut ::typhon_object::Cx,
                args: &[::typhon_object::Obj],
                kw: ::core::option::Option<::typhon_object::native::KwNames>,
            ) -> ::typhon_object::Result<::typhon_object::Obj> {
                #prologue
                let rest = &args[#skipped..];
                #constructor
                #convert
                let result = #path(#(#call_args),*);
                #finish
            }
        }
    }

    /// Binds the receiver or class; also tells how many arguments that takes.
    fn prologue(&self, name: &str, class: &str) -> (TokenStream, usize) {
        match self.kind {
            MemberKind::New => (quote!(let cls = ::typhon_object::native::new_class(cx, args, #class)?;), 1),
            MemberKind::ClassMethod => (quote!(let cls = ::typhon_object::native::class_ref(cx, args, #class)?;), 1),
            MemberKind::Method | MemberKind::GetSet => {
                let helper = match self.args.first() {
                    Some(CallArg::This) => quote!(self_gc),
                    _ => quote!(self_ref),
                };
                let receiver = self.receiver.as_ref().map_or_else(|| quote!(Self), |path| quote!(#path));
                (quote!(let this = ::typhon_object::native::#helper::<#receiver>(cx, args, #name)?;), 1)
            }
            MemberKind::StaticMethod | MemberKind::Constant | MemberKind::Function => (TokenStream::new(), 0),
        }
    }

    /// For `__new__` and `__init__` without parameters that have names: keywords
    /// may be meant for the other one.
    fn constructor_args(&self, name: &str) -> TokenStream {
        let nameless = match &self.binding {
            Binding::Exact(_) => true,
            Binding::Declared(sig) => sig.params.iter().all(|p| matches!(p.kind, Kind::PosOnly | Kind::VarArgs)),
            Binding::Raw => false,
        };
        let (class, special) = match self.kind {
            _ if !nameless => return TokenStream::new(),
            MemberKind::New => (quote!(cls), quote!(New)),
            MemberKind::Method if name == "__init__" => (quote!(::typhon_object::ops::class_of(args[0])), quote!(Init)),
            _ => return TokenStream::new(),
        };
        quote! {
            let (rest, kw) = ::typhon_object::native::constructor_args(
                #class, ::typhon_object::Dunder::#special, rest, kw);
        }
    }

    fn convert_exact(&self, values: &[Ident], info: &TokenStream) -> TokenStream {
        let wanted = values.len();
        let conversions = values.iter().zip(&self.py_params).enumerate().map(|(index, (value, param))| {
            let ty = &param.ty;
            let number = index + 1;
            let at = if wanted == 1 { quote!(Only) } else { quote!(Number(#number)) };
            quote_spanned! {crate::attrs::span_of(ty)=>
                let #value = match <#ty as ::typhon_object::native::FromArg>::from_arg(cx, #value) {
                    ::core::result::Result::Ok(value) => value,
                    ::core::result::Result::Err(e) => return ::core::result::Result::Err(
                        ::typhon_object::native::named(cx, e, #info, ::typhon_object::native::ArgName::#at)),
                };
            }
        });
        quote! {
            if kw.is_some() {
                ::typhon_object::native::check_exact(cx, #info, rest.len(), kw, #wanted)?;
            }
            let &[#(#values),*] = rest else {
                ::typhon_object::native::check_exact(cx, #info, rest.len(), kw, #wanted)?;
                ::core::unreachable!()
            };
            #(#conversions)*
        }
    }

    fn convert_declared(&self, sig: &Sig, values: &[Ident], info: &TokenStream) -> TokenStream {
        let count = sig.params.len();
        let positional = sig.params.iter().filter(|p| p.kind.is_positional()).count();
        let required = sig.params.iter().filter(|p| p.kind.is_positional() && p.is_required()).count();
        let needs_keyword = sig.params.iter().any(|p| p.kind == Kind::KwOnly && p.is_required());
        let star = self.star_index(sig);
        let star_is_slice = star.is_some_and(|index| is_slice(&self.py_params[index].ty));
        let double_star = sig.params.iter().position(|p| p.kind == Kind::VarKw);
        let double_star_is_optional = double_star.is_none_or(|index| is_option(&self.py_params[index].ty));

        let can_skip_bind = !needs_keyword && (star.is_none() || star_is_slice) && double_star_is_optional;
        let params = sig.params.iter().zip(&self.py_params).map(|(p, rust)| param_tokens(p, &rust.ty));
        let bind = quote! {
            ::typhon_object::native::bind::<#count>(
                cx, #info, const { &[#(#params),*] }, rest, kw, &mut slots,
            )?;
        };
        let bind = if can_skip_bind {
            let fits = match (star.is_some(), required) {
                (true, 0) => quote!(true),
                (true, _) => quote!(rest.len() >= #required),
                (false, _) => quote!((#required..=#positional).contains(&rest.len())),
            };
            quote! {
                if kw.is_none() && #fits {
                    for (slot, value) in slots.iter_mut().zip(rest.iter().take(#positional)) {
                        *slot = ::core::option::Option::Some(*value);
                    }
                } else {
                    #bind
                }
            }
        } else {
            bind
        };
        let conversions = sig.params.iter().enumerate().map(|(index, param)| {
            let (value, ty) = (&values[index], &self.py_params[index].ty);
            if param.kind == Kind::VarArgs && star_is_slice {
                return quote! {
                    let #value = ::typhon_object::native::positional(rest, kw)
                        .get(#positional..)
                        .unwrap_or(&[]);
                };
            }
            let absent = match (&param.default, param.kind) {
                (Some(default), _) => default_value(default, ty),
                (None, Kind::VarKw) if double_star_is_optional => {
                    quote!(::core::option::Option::None)
                }
                (None, _) => quote!(::core::unreachable!()),
            };
            let (number, name) = (index + 1, param.name.to_string());
            let at = if param.kind == Kind::PosOnly { quote!(Number(#number)) } else { quote!(Name(#name)) };
            quote_spanned! {crate::attrs::span_of(ty)=>
                let #value: #ty = match slots[#index] {
                    ::core::option::Option::Some(value) => {
                        match <#ty as ::typhon_object::native::FromArg>::from_arg(cx, value) {
                            ::core::result::Result::Ok(value) => value,
                            ::core::result::Result::Err(e) => return ::core::result::Result::Err(
                                ::typhon_object::native::named(cx, e, #info, ::typhon_object::native::ArgName::#at)),
                        }
                    }
                    ::core::option::Option::None => #absent,
                };
            }
        });
        quote! {
            let mut slots = [::core::option::Option::<::typhon_object::Obj>::None; #count];
            #bind
            #(#conversions)*
        }
    }

    fn convert_setter(&self, values: &[Ident], info: &TokenStream) -> TokenStream {
        let (value, ty) = (&values[0], &self.py_params[0].ty);
        if let Some(inner) = option_inner(ty) {
            // Python's None is a value here; only deletion is `None`.
            return quote_spanned! {crate::attrs::span_of(ty)=>
                let #value = match rest.first() {
                    ::core::option::Option::Some(value) => ::core::option::Option::Some(
                        <#inner as ::typhon_object::native::FromArg>::from_arg(cx, *value)?),
                    ::core::option::Option::None => ::core::option::Option::None,
                };
            };
        }
        quote_spanned! {crate::attrs::span_of(ty)=>
            let #value = match rest.first() {
                ::core::option::Option::Some(value) =>
                    <#ty as ::typhon_object::native::FromArg>::from_arg(cx, *value)?,
                ::core::option::Option::None => match <#ty as ::typhon_object::native::FromArg>::from_missing() {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None =>
                        return ::core::result::Result::Err(
                            ::typhon_object::native::cannot_delete(cx, #info)),
                },
            };
        }
    }

    fn star_index(&self, sig: &Sig) -> Option<usize> {
        sig.params.iter().position(|p| p.kind == Kind::VarArgs)
    }

    /// The text signature, with the receiver that the kind implies.
    pub fn signature(&self) -> String {
        let receiver = match self.kind {
            MemberKind::Method => Some("self"),
            MemberKind::ClassMethod => Some("type"),
            MemberKind::GetSet | MemberKind::Constant => return String::new(),
            _ => None,
        };
        match &self.binding {
            Binding::Exact(sig) | Binding::Declared(sig) => text_signature(receiver, &sig.params),
            Binding::Raw => String::new(),
        }
    }

    /// True when the text signature was derived from Rust names only.
    pub fn is_undeclared(&self) -> bool {
        matches!(self.binding, Binding::Exact(_))
    }

    /// The `Member` table entry.
    pub fn member(&self, entry: &Entry<'_>, owner: &TokenStream) -> TokenStream {
        let cfgs = &self.attrs.cfgs;
        let kind = self.kind.tokens();
        let leaf = self.attrs.leaf;
        let params = match &self.binding {
            Binding::Exact(sig) | Binding::Declared(sig) => {
                sig.params.iter().zip(&self.py_params).map(|(p, rust)| param_tokens(p, &rust.ty)).collect()
            }
            Binding::Raw => [("args", Kind::VarArgs), ("kwargs", Kind::VarKw)]
                .map(|(name, kind)| {
                    let kind = kind.tokens();
                    quote!(::typhon_object::native::Param { name: #name, kind: #kind, required: false })
                })
                .to_vec(),
        };
        let set = match &entry.setter {
            Some(setter) => quote!(::core::option::Option::Some(#owner #setter)),
            None => quote!(::core::option::Option::None),
        };
        let Entry { name, doc, signature, call, .. } = entry;
        quote! {
            #(#cfgs)*
            ::typhon_object::native::Member {
                name: #name,
                doc: #doc,
                signature: #signature,
                kind: #kind,
                call: #owner #call,
                set: #set,
                params: &[#(#params),*],
                leaf: #leaf,
            }
        }
    }
}

/// The parts of a member that do not follow from the function alone.
pub struct Entry<'a> {
    pub name: &'a str,
    pub doc: &'a str,
    pub signature: &'a str,
    pub call: &'a Ident,
    pub setter: Option<Ident>,
}

fn refuse_unsupported(sig: &Signature) -> Result<()> {
    if let Some(token) = &sig.asyncness {
        return Err(err(token, "an exported function cannot be async"));
    }
    if let Some(token) = &sig.unsafety {
        return Err(err(token, "an exported function cannot be unsafe"));
    }
    if sig.generics.type_params().next().is_some() || sig.generics.const_params().next().is_some() {
        return Err(err(&sig.generics, "an exported function needs concrete types; mark helpers `#[internal]`"));
    }
    Ok(())
}

fn member_kind(
    sig: &Signature,
    attrs: &FnAttrs,
    in_class: bool,
    is_new: bool,
    has_receiver: bool,
) -> Result<MemberKind> {
    if let Some((_, span)) = &attrs.role
        && (!in_class || is_new)
    {
        return Err(err(span, "this function cannot have a role"));
    }
    if !in_class {
        return Ok(MemberKind::Function);
    }
    let kind = match &attrs.role {
        _ if is_new => MemberKind::New,
        None => MemberKind::Method,
        Some((Role::ClassMethod, _)) => MemberKind::ClassMethod,
        Some((Role::StaticMethod, _)) => MemberKind::StaticMethod,
        Some((Role::Constant, _)) => MemberKind::Constant,
        Some((Role::Getter | Role::Setter, _)) => MemberKind::GetSet,
    };
    match kind {
        MemberKind::Method | MemberKind::GetSet if !has_receiver => Err(err(
            &sig.ident,
            "expected `&self` or `this: Gc<Self>` first; \
             else mark it #[classmethod], #[staticmethod], #[constant] or #[internal]",
        )),
        MemberKind::New | MemberKind::ClassMethod | MemberKind::StaticMethod | MemberKind::Constant if has_receiver => {
            Err(err(&sig.ident, "this kind of member has no receiver"))
        }
        MemberKind::New if matches!(sig.output, ReturnType::Default) => {
            Err(err(&sig.ident, "`__new__` must return the new instance"))
        }
        MemberKind::GetSet | MemberKind::Constant => {
            let wanted = usize::from(matches!(attrs.role, Some((Role::Setter, _))));
            let given = sig
                .inputs
                .iter()
                .filter(|input| match input {
                    FnArg::Receiver(_) => false,
                    FnArg::Typed(typed) => {
                        !is_context(&typed.ty) && !matches!(&*typed.pat, Pat::Ident(p) if p.ident == "this")
                    }
                })
                .count();
            if given != wanted || attrs.sig.is_some() {
                return Err(err(
                    &sig.inputs,
                    "a getter or constant takes no parameters, a setter takes one, neither has #[sig]",
                ));
            }
            Ok(kind)
        }
        kind => Ok(kind),
    }
}

fn binding(sig: Option<Sig>, py_params: &[RustParam], function: &Ident) -> Result<Binding> {
    if let [only] = py_params
        && last_segment(&only.ty).is_some_and(|segment| segment.ident == "Args")
    {
        return match sig {
            None => Ok(Binding::Raw),
            Some(_) => Err(err(&only.ty, "`Args` takes everything: remove `#[sig]`")),
        };
    }
    let Some(sig) = sig else {
        let params = py_params
            .iter()
            .map(|param| SigParam {
                name: syn::parse_str(&python_name(&param.ident)).unwrap_or_else(|_| param.ident.clone()),
                kind: Kind::PosOnly,
                default: None,
            })
            .collect();
        return Ok(Binding::Exact(Sig { params }));
    };
    for (declared, rust) in sig.params.iter().zip(py_params) {
        let (declared_name, rust_name) = (declared.python_name(), python_name(&rust.ident));
        // `self` and `crate` cannot be raw identifiers, so `self_` stands for them.
        if declared_name != rust_name
            && declared_name != rust_name.trim_end_matches('_')
            && declared_name != function_name(&rust.ident)
        {
            return Err(err(&declared.name, format!("`{declared_name}` stands where the function has `{rust_name}`")));
        }
    }
    if sig.params.len() != py_params.len() {
        let span = match sig.params.get(py_params.len()) {
            Some(extra) => extra.name.span(),
            None => py_params[sig.params.len()].ident.span(),
        };
        return Err(syn::Error::new(
            span,
            format!("`#[sig]` names {} parameters, `{function}` has {}", sig.params.len(), py_params.len(),),
        ));
    }
    Ok(Binding::Declared(sig))
}

/// A `Param`. For `*rest`, `required` tells `bind` that the tuple is wanted: a
/// slice parameter takes its values straight from the arguments.
fn param_tokens(param: &SigParam, ty: &Type) -> TokenStream {
    let name = param.python_name();
    let kind = param.kind.tokens();
    let required = match param.kind {
        Kind::VarArgs => !is_slice(ty),
        _ => param.is_required(),
    };
    quote! {
        ::typhon_object::native::Param { name: #name, kind: #kind, required: #required }
    }
}

fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference)
        if last_segment(&reference.elem).is_some_and(|segment| segment.ident == "Cx"))
}

fn is_slice(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if matches!(&*reference.elem, Type::Slice(_)))
}

fn is_option(ty: &Type) -> bool {
    option_inner(ty).is_some()
}

fn option_inner(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(generics) = &segment.arguments else {
        return None;
    };
    match generics.args.first() {
        Some(syn::GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn err(at: &impl quote::ToTokens, message: impl std::fmt::Display) -> syn::Error {
    syn::Error::new_spanned(at, message)
}

/// The Python name of a function: as in Rust, without `r#`.
fn function_name(ident: &Ident) -> String {
    use syn::ext::IdentExt;
    ident.unraw().to_string()
}
