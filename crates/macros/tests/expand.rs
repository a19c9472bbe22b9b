//! Expansions run against a mock of the runtime items that they name.

extern crate self as typhon_object;

mod mock;
pub use mock::*;

use typhon_macros::{Trace, class, module};

#[derive(Trace, Default)]
pub struct Deque {
    items: Vec<Obj>,
    #[trace(skip)]
    limit: std::cell::Cell<i64>,
}

/// A double-ended queue.
///
/// Second paragraph.
#[class(module = "collections", name = "deque", subclassable, sequence)]
impl Deque {
    #[sig(iterable = None, maxlen = -1)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, iterable: Option<Obj>, maxlen: i64) -> Result<Self> {
        cx.note(format!("new {:?} {iterable:?} {maxlen}", cls.0));
        Ok(Deque::default())
    }

    fn __len__(&self) -> i64 {
        self.items.len() as i64
    }

    /// Add an element.
    #[leaf]
    fn append(&self, cx: &Cx, value: Obj) {
        cx.note(format!("append {value:?}"));
    }

    #[sig(n = 1, /, *rest, key = None, **kw)]
    fn mixed(&self, cx: &mut Cx, n: i64, rest: &[Obj], key: Option<Obj>, kw: Option<Obj>) -> Obj {
        cx.note(format!("mixed {n} {rest:?} {key:?} {kw:?}"));
        Obj::Int(n)
    }

    #[sig(value, start = 0, stop = <missing>, /)]
    fn index(this: Gc<Self>, cx: &mut Cx, value: Obj, start: i64, stop: Missing) -> Result<i64> {
        cx.note(format!("index {value:?} {start} {}", stop.0.is_some()));
        Ok(this.0.items.len() as i64)
    }

    #[sig(*, flag = True, text = "it's")]
    fn keywords(&self, flag: Obj, text: Obj) -> Obj {
        Obj::list(vec![flag, text])
    }

    #[classmethod]
    #[name("from_bytes")]
    fn from_b(cx: &mut Cx, cls: Gc<Type>, bytes: Obj) -> Obj {
        cx.note(format!("from_bytes {:?}", cls.0));
        bytes
    }

    #[staticmethod]
    fn raw(args: Args<'_>) -> i64 {
        args.pos.len() as i64
    }

    #[getter]
    fn limit(&self) -> i64 {
        self.limit.get()
    }

    #[setter]
    fn set_limit(&self, value: Option<i64>) {
        self.limit.set(value.unwrap_or(-7));
    }

    #[constant]
    fn __match_args__() -> i64 {
        5
    }

    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> bool {
        cx.note(format!("{op:?} {other:?}"));
        op == CompareOp::Eq
    }

    #[internal]
    fn helper<T>(value: T) -> T {
        value
    }
}

/// Bisection.
#[module("_bisect", classes(Deque))]
mod bisect {
    use super::*;

    /// Return the index.
    #[sig(a, x, lo = 0, hi = None, *, key = None)]
    fn bisect_right(cx: &mut Cx, a: Obj, x: Obj, lo: i64, hi: Option<i64>, key: Option<Obj>) -> i64 {
        cx.note(format!("{a:?} {x:?} {lo} {hi:?} {key:?}"));
        lo
    }

    fn r#type(_object: Obj) {}

    #[internal]
    #[allow(dead_code)]
    fn helper() {}

    fn __exec__(cx: &mut Cx, _module: Obj) -> Result<()> {
        cx.note("exec".into());
        Ok(())
    }
}

#[derive(Trace)]
#[allow(dead_code)]
enum Shape<T> {
    Empty,
    Pair(T, #[trace(skip)] i64),
    Named { value: T },
}

#[derive(Trace)]
#[allow(dead_code)]
enum Never {}

const SPEC: native::ClassSpec = <Deque as native::NativeClass>::SPEC;

fn member(name: &str) -> &'static native::Member {
    let found = SPEC.members.iter().find(|member| member.name == name);
    found.unwrap_or_else(|| panic!("{name}"))
}

/// Calls a member with a receiver, then positional and keyword arguments.
#[track_caller]
fn check(name: &str, positional: &[Obj], keywords: &[(&'static str, Obj)], expected: &str) {
    let mut cx = Cx::default();
    let member = member(name);
    let mut args = Vec::new();
    match member.kind {
        native::MemberKind::Method | native::MemberKind::GetSet => args.push(Obj::deque()),
        native::MemberKind::New | native::MemberKind::ClassMethod => args.push(Obj::Class("D")),
        _ => {}
    }
    args.extend_from_slice(positional);
    args.extend(keywords.iter().map(|(_, value)| *value));
    let names: Vec<&'static str> = keywords.iter().map(|(name, _)| *name).collect();
    let kw = (!names.is_empty()).then(|| KwNames::leak(names));
    let result = (member.call)(&mut cx, &args, kw);
    let actual = match result {
        Ok(value) => format!("{}-> {value:?}", cx.notes()),
        Err(raised) => format!("{}-> error: {}", cx.notes(), raised.0),
    };
    assert_eq!(actual, expected, "{name}");
}

#[test]
fn class_spec() {
    assert_eq!((SPEC.name, SPEC.module), ("deque", "collections"));
    assert_eq!(SPEC.doc, "A double-ended queue.\n\nSecond paragraph.");
    assert_eq!(SPEC.flags, native::SUBCLASSABLE | native::SEQUENCE | native::UNHASHABLE);
    let signatures: Vec<String> =
        SPEC.members.iter().map(|m| format!("{:?} {}{}", m.kind, m.name, m.signature)).collect();
    assert_eq!(
        signatures,
        [
            "New __new__(iterable=None, maxlen=-1)",
            "Method __len__(self, /)",
            "Method append(self, value, /)",
            "Method mixed(self, n=1, /, *rest, key=None, **kw)",
            "Method index(self, value, start=0, stop=<unrepresentable>, /)",
            "Method keywords(self, /, *, flag=True, text=\"it's\")",
            "ClassMethod from_bytes(type, bytes, /)",
            "StaticMethod raw",
            "GetSet limit",
            "Constant __match_args__",
            "Method __lt__(self, value, /)",
            "Method __le__(self, value, /)",
            "Method __eq__(self, value, /)",
            "Method __ne__(self, value, /)",
            "Method __gt__(self, value, /)",
            "Method __ge__(self, value, /)",
        ]
    );
    assert_eq!(member("__len__").doc, "Return len(self).");
    assert_eq!(member("append").doc, "Add an element.");
    assert!(member("append").leaf && !member("index").leaf);
}

#[test]
fn exact_arguments() {
    check("append", &[Obj::Int(3)], &[], "append Int(3) -> None");
    check("append", &[], &[], "-> error: deque.append wants 1, got 0");
    check("append", &[], &[("value", Obj::Int(1))], "-> error: deque.append takes no keyword arguments");
}

#[test]
fn declared_arguments() {
    check("__new__", &[], &[], "new \"D\" None -1 -> Instance");
    check("__new__", &[], &[("maxlen", Obj::Int(4))], "bind deque.__new__ new \"D\" None 4 -> Instance");
    check("__new__", &[Obj::None], &[], "new \"D\" None -1 -> Instance");
    check("index", &[Obj::Int(9)], &[], "index Int(9) 0 false -> Int(0)");
    check("index", &[Obj::Int(9), Obj::Int(1), Obj::None], &[], "index Int(9) 1 true -> Int(0)");
    check("keywords", &[], &[], "-> List([Bool(true), Str(\"it's\")])");
}

#[test]
fn star_arguments() {
    check("mixed", &[], &[], "mixed 1 [] None None -> Int(1)");
    check("mixed", &[Obj::Int(2), Obj::Int(3), Obj::Int(4)], &[], "mixed 2 [Int(3), Int(4)] None None -> Int(2)");
    check(
        "mixed",
        &[Obj::Int(2), Obj::Int(3)],
        &[("key", Obj::Int(8))],
        "bind deque.mixed mixed 2 [Int(3)] Some(Int(8)) Some(List([])) -> Int(2)",
    );
    check("raw", &[Obj::None, Obj::None], &[], "-> Int(2)");
}

#[test]
fn class_level_members() {
    check("from_bytes", &[Obj::Int(1)], &[], "from_bytes \"D\" -> Int(1)");
    check("__match_args__", &[], &[], "-> Int(5)");
    check("__ge__", &[Obj::Int(1)], &[], "Ge Int(1) -> Bool(false)");
    check("__eq__", &[Obj::Int(1)], &[], "Eq Int(1) -> Bool(true)");
}

#[test]
fn getter_and_setter() {
    let limit = member("limit");
    let set = limit.set.expect("the setter is merged");
    let mut cx = Cx::default();
    let object = Obj::deque();
    set(&mut cx, &[object, Obj::Int(12)], None).expect("sets");
    let read = |cx: &mut Cx| (limit.call)(cx, std::slice::from_ref(&object), None);
    assert_eq!(read(&mut cx).expect("gets"), Obj::Int(12));
    set(&mut cx, std::slice::from_ref(&object), None).expect("deletes");
    assert_eq!(read(&mut cx).expect("gets"), Obj::Int(-7));
}

#[test]
fn module_spec() {
    let spec = &bisect::SPEC;
    assert_eq!((spec.name, spec.doc), ("_bisect", "Bisection."));
    let signatures: Vec<String> = spec.functions.iter().map(|m| format!("{}{}", m.name, m.signature)).collect();
    assert_eq!(signatures, ["bisect_right(a, x, lo=0, hi=None, *, key=None)", "type(object, /)"]);
    let mut cx = Cx::default();
    let result = (spec.functions[0].call)(&mut cx, &[Obj::Int(1), Obj::Int(2), Obj::Int(3)], None);
    assert_eq!(result.expect("runs"), Obj::Int(3));
    spec.exec.expect("has a hook")(&mut cx, Obj::None).expect("runs");
    assert_eq!(cx.notes(), "Int(1) Int(2) 3 None None exec ");
    assert_eq!((spec.classes[0])(&mut cx).expect("creates").0, "deque");
}

#[test]
fn trace_visits_fields() {
    let mut tracer = Tracer::default();
    Trace::trace(&Shape::Pair(Obj::Int(1), 2), &mut tracer);
    Trace::trace(&Shape::Named { value: Obj::Int(3) }, &mut tracer);
    Trace::trace(&Shape::<Obj>::Empty, &mut tracer);
    let deque = Deque { items: vec![Obj::Int(5)], ..Deque::default() };
    Trace::trace(&deque, &mut tracer);
    assert_eq!(tracer.seen, [Obj::Int(1), Obj::Int(3), Obj::Int(5)]);
    assert_eq!(Deque::helper(1), 1);
}
