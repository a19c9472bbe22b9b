//! Tests: what authors are told when a declaration is wrong.

use proc_macro2::TokenStream;

fn class_error(args: &str, item: &str) -> String {
    let args = syn::parse_str(args).map_err(|e| e.to_string());
    let item = syn::parse_str(item).expect("the test's impl parses");
    match args {
        Err(error) => error,
        Ok(args) => message(crate::class::expand(args, item)),
    }
}

fn module_error(item: &str) -> String {
    let args = syn::parse_str("\"m\"").expect("arguments parse");
    let item = syn::parse_str(item).expect("the test's mod parses");
    message(crate::module::expand(args, item))
}

fn message(result: syn::Result<TokenStream>) -> String {
    result.expect_err("the declaration is wrong").to_string()
}

#[track_caller]
fn check_class(body: &str, expected: &str) {
    let error = class_error("", &format!("impl T {{ {body} }}"));
    assert!(error.contains(expected), "{error}");
}

#[test]
fn receivers() {
    check_class("fn f(&mut self) {}", "objects are shared");
    check_class("fn f(x: Obj) {}", "mark it #[classmethod]");
    check_class("#[staticmethod] fn f(&self) {}", "has no receiver");
    check_class("fn f(&self, cls: Gc<Type>) {}", "`cls` needs");
    check_class("fn f(&self, x: Obj, cx: &Cx) {}", "context comes before");
}

#[test]
fn signatures() {
    check_class("#[sig(a, b)] fn f(&self, a: Obj) {}", "names 2 parameters, `f` has 1");
    check_class("#[sig(b)] fn f(&self, a: Obj) {}", "`b` stands where the function has `a`");
    check_class("#[sig(a = 1, b)] fn f(&self, a: Obj, b: Obj) {}", "without a default");
    check_class("#[sig(/, a)] fn f(&self, a: Obj) {}", "misplaced `/`");
    check_class("#[sig(a, *)] fn f(&self, a: Obj) {}", "must follow `*`");
    check_class("#[sig(a = x)] fn f(&self, a: Obj) {}", "a default is None");
    check_class("#[sig(a, a)] fn f(&self, a: Obj, b: Obj) {}", "duplicate parameter");
}

#[test]
fn members() {
    check_class("#[getter] #[classmethod] fn f(&self) {}", "one role");
    check_class("#[setter] fn set_f(&self, v: Obj) {}", "no `#[getter]` named `f`");
    check_class("#[getter] fn f(&self, v: Obj) {}", "takes no parameters");
    check_class("fn f(&self) {} #[name(\"f\")] fn g(&self) {}", "second member");
    check_class("async fn f(&self) {}", "cannot be async");
    check_class("fn f<T>(&self) {}", "concrete types");
    check_class("fn __new__() {}", "must return");
}

#[test]
fn containers() {
    assert!(class_error("frozen", "impl T {}").contains("expected module, name, base"));
    assert!(class_error("", "impl<X> T<X> {}").contains("not generic"));
    assert!(class_error("", "impl A for T {}").contains("inherent impl"));
    assert!(module_error("mod m;").contains("body in this file"));
    assert!(module_error("mod m { fn f(&self) {} }").contains("no receiver"));
    assert!(module_error("mod m { #[getter] fn f() {} }").contains("cannot have a role"));
}
