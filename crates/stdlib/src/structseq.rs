//! Tuples with named fields: `os.stat_result`, `time.struct_time`, `sys.flags`.
//!
//! A class made here derives from `tuple`. Fields beyond the visible ones are
//! kept as a tuple in one attribute of the instance.
//! Tests: CPython test_structseq.

use crate::util::{self, tuple_obj};
use std::sync::{Mutex, PoisonError};
use typhon_gc::Root;
use typhon_object::dict::Dict;
use typhon_object::native::{self, Args, Member, MemberKind, NativeFn};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Result, dict, instance, name, new_type, ops, shape, tuple};

/// A class to be.
pub struct StructSeq {
    /// `__module__`.
    pub module: &'static str,
    /// `__name__`.
    pub name: &'static str,
    /// `__doc__`.
    pub doc: &'static str,
    /// Name and docstring of each field; `""` for one without a name.
    pub fields: &'static [(&'static str, &'static str)],
    /// How many are items of the tuple.
    pub visible: usize,
    class: Root,
}

/// The most fields a class can have.
pub const MAX_FIELDS: usize = 32;

macro_rules! getters {
    ($($i:literal)*) => {
        const VISIBLE: [NativeFn; MAX_FIELDS] = [$(get_visible::<$i>),*];
        const HIDDEN: [NativeFn; MAX_FIELDS] = [$(get_hidden::<$i>),*];
    };
}
getters!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);

fn get_visible<const I: usize>(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    let item = args.first().and_then(|o| o.cast::<Tuple>()).and_then(|t| t.get(I));
    item.ok_or_else(|| cx.type_error("descriptor of a struct sequence used on another object"))
}

fn get_hidden<const I: usize>(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    Ok(args.first().and_then(|o| hidden(cx, *o)).and_then(|t| t.get(I)).unwrap_or(Obj::NONE))
}

fn hidden(cx: &Cx, o: Obj) -> Option<Gc<Tuple>> {
    if !instance::has_attrs(o) {
        return None;
    }
    instance::get(o, name!(cx, "__hidden_fields__"))?.cast()
}

impl StructSeq {
    /// Declare a class.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        doc: &'static str,
        fields: &'static [(&'static str, &'static str)],
        visible: usize,
    ) -> StructSeq {
        StructSeq { module, name, doc, fields, visible, class: Root::new() }
    }

    /// The class, made on first use.
    pub fn class(&'static self, cx: &mut Cx) -> Result<Gc<Type>> {
        if let Some(t) = Obj::from_word(self.class.get()).and_then(|o| o.cast::<Type>()) {
            return Ok(t);
        }
        let t = self.make(cx)?;
        self.class.set(&cx.mutator, t.obj().word());
        Ok(t)
    }

    /// An instance; `values` are all fields in order.
    pub fn instance(&'static self, cx: &mut Cx, values: &[Obj]) -> Result<Obj> {
        let t = self.class(cx)?;
        make_instance(cx, t, values, self.visible)
    }

    fn make(&'static self, cx: &mut Cx) -> Result<Gc<Type>> {
        let ns = dict::new(cx)?;
        put(cx, ns, "__module__", str::new(cx, self.module)?.obj())?;
        put(cx, ns, "__doc__", str::new(cx, self.doc)?.obj())?;
        let unnamed = self.fields.iter().filter(|f| f.0.is_empty()).count();
        put(cx, ns, "n_fields", Obj::int_unchecked(self.fields.len() as i64))?;
        put(cx, ns, "n_sequence_fields", Obj::int_unchecked(self.visible as i64))?;
        put(cx, ns, "n_unnamed_fields", Obj::int_unchecked(unnamed as i64))?;
        let mut names = [Obj::NONE; MAX_FIELDS];
        let mut n = 0;
        for f in self.fields[..self.visible].iter().filter(|f| !f.0.is_empty()) {
            names[n] = cx.intern(f.0)?.obj();
            n += 1;
        }
        put(cx, ns, "__match_args__", tuple_obj(cx, &names[..n])?)?;
        let bases = tuple::new(cx, &[types::class_for(shape::TUPLE).obj()])?;
        let name = cx.intern(self.name)?;
        let t = new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)?;
        let mut members = Vec::new();
        for (i, (name, doc)) in self.fields.iter().enumerate().filter(|(_, f)| !f.0.is_empty()) {
            let call = if i < self.visible { VISIBLE[i] } else { HIDDEN[i - self.visible] };
            members.push(Member {
                name,
                doc,
                signature: "",
                kind: MemberKind::GetSet,
                call,
                set: None,
                params: &[],
                leaf: false,
            });
        }
        // Classes live as long as the process.
        types::add_members(cx, t, members.leak())?;
        types::add_members(cx, t, METHODS)?;
        t.set_flag(types::F_SUBCLASSABLE | types::F_HEAP, false);
        t.set_flag(types::F_IMMUTABLE, true);
        Ok(t)
    }
}

fn put(cx: &Cx, d: Gc<Dict>, k: &str, v: Obj) -> Result<()> {
    let k = cx.intern(k)?;
    d.insert_str(cx, k, v).map(|_| ())
}

fn make_instance(cx: &mut Cx, t: Gc<Type>, values: &[Obj], visible: usize) -> Result<Obj> {
    let o = tuple::new_of(cx, t, &values[..visible.min(values.len())])?;
    if values.len() > visible {
        let rest = tuple_obj(cx, &values[visible..])?;
        instance::set(cx, o, name!(cx, "__hidden_fields__"), rest)?;
    }
    Ok(o)
}

const METHODS: &[Member] = &[
    Member {
        name: "__setattr__",
        doc: "Implement setattr(self, name, value).",
        signature: "($self, name, value, /)",
        kind: MemberKind::Method,
        call: dunder_setattr,
        set: None,
        params: &[],
        leaf: false,
    },
    Member {
        name: "__delattr__",
        doc: "Implement delattr(self, name).",
        signature: "($self, name, /)",
        kind: MemberKind::Method,
        call: dunder_setattr,
        set: None,
        params: &[],
        leaf: false,
    },
    Member {
        name: "__new__",
        doc: "Create and return a new object.  See help(type) for accurate signature.",
        signature: "(sequence, dict={})",
        kind: MemberKind::New,
        call: dunder_new,
        set: None,
        params: &[],
        leaf: false,
    },
    Member {
        name: "__repr__",
        doc: "Return repr(self).",
        signature: "($self, /)",
        kind: MemberKind::Method,
        call: dunder_repr,
        set: None,
        params: &[],
        leaf: false,
    },
    Member {
        name: "__reduce__",
        doc: "",
        signature: "",
        kind: MemberKind::Method,
        call: dunder_reduce,
        set: None,
        params: &[],
        leaf: false,
    },
    Member {
        name: "__replace__",
        doc: "Return a copy of the structure with new values for the specified fields.",
        signature: "",
        kind: MemberKind::Method,
        call: dunder_replace,
        set: None,
        params: &[],
        leaf: false,
    },
];

/// Refuses, for `__delattr__` as well: the attribute that holds the fields beyond the
/// visible ones is nobody else's affair.
fn dunder_setattr(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    let this = native::self_gc::<Tuple>(cx, args, "__setattr__")?;
    let Some(name) = args.get(1).and_then(|n| n.cast::<str::Str>()) else {
        return Err(cx.type_error("attribute name must be string"));
    };
    let t = ops::class_of(this.obj());
    let text = if field_names(t).iter().any(|n| name.eq_str(n)) {
        "readonly attribute".to_string()
    } else if let (class, true) = (ops::full_name(cx, t), t.lookup_where(name).is_some()) {
        format!("'{class}' object attribute '{}' is read-only", name.to_str())
    } else {
        let class = ops::full_name(cx, t);
        format!("'{class}' object has no attribute '{}' and no __dict__ for setting new attributes", name.to_str())
    };
    Err(cx.error(ExcKind::AttributeError, text))
}

fn int_of(cx: &mut Cx, t: Gc<Type>, name: &str) -> Result<usize> {
    let v = util::attr(cx, t.obj(), name)?;
    Ok(v.as_small_int().unwrap_or(0) as usize)
}

/// Names of the fields in order, from the class's descriptors.
fn field_names(t: Gc<Type>) -> Vec<&'static str> {
    let Some(d) = t.dict() else { return Vec::new() };
    d.items()
        .filter_map(|(_, v)| v.cast::<native::NativeFunction>())
        .filter(|f| f.member().kind == MemberKind::GetSet && !f.member().name.starts_with("__"))
        .map(|f| f.member().name)
        .collect()
}

fn dunder_new(cx: &mut Cx, args: &[Obj], kw: Option<native::KwNames>) -> Result<Obj> {
    let a = Args::new(args, kw);
    let t = native::class_ref(cx, args, "structseq")?;
    if t.has(types::F_NO_NEW) {
        return Err(cx.type_error(format!("cannot create '{}' instances", ops::full_name(cx, t))));
    }
    let (mut seq, mut extra) = (a.pos.get(1).copied(), a.pos.get(2).copied());
    for (k, v) in a.keywords() {
        match &*k.to_str() {
            "sequence" if seq.is_some() => {
                return Err(cx.type_error("argument for structseq() given by name ('sequence') and position (1)"));
            }
            "sequence" => seq = Some(v),
            "dict" => extra = Some(v),
            n => return Err(cx.type_error(format!("structseq() got an unexpected keyword argument '{n}'"))),
        }
    }
    let Some(seq) = seq else {
        return Err(cx.type_error("structseq() missing required argument 'sequence' (pos 1)"));
    };
    let extra =
        match extra {
            None => None,
            Some(d) => Some(d.cast::<Dict>().ok_or_else(|| {
                cx.type_error(format!("{}() takes a dict as second arg, if any", ops::full_name(cx, t)))
            })?),
        };
    let items = match ops::tuple_from_iter(cx, seq) {
        Err(e) if e.is(cx, ExcKind::TypeError) => return Err(cx.type_error("constructor requires a sequence")),
        r => r?,
    };
    let (n, visible) = (int_of(cx, t, "n_fields")?, int_of(cx, t, "n_sequence_fields")?);
    let len = items.len();
    let class = ops::full_name(cx, t);
    if len < visible || len > n {
        let how = match (n == visible, len < visible) {
            (true, _) => format!("a {n}-sequence"),
            (false, true) => format!("an at least {visible}-sequence"),
            (false, false) => format!("an at most {n}-sequence"),
        };
        return Err(cx.type_error(format!("{class}() takes {how} ({len}-sequence given)")));
    }
    let mut values = [Obj::NONE; MAX_FIELDS];
    values[..len].copy_from_slice(items.items());
    if let Some(d) = extra {
        let names = field_names(t);
        let unnamed = n - names.len();
        let mut used = 0;
        for (i, v) in values.iter_mut().enumerate().take(n).skip(len) {
            let k = cx.intern(names[i - unnamed])?;
            if let Some(given) = d.get_str(k) {
                *v = given;
                used += 1;
            }
        }
        if d.len() > used {
            return Err(cx.type_error(format!("{class}() got duplicate or unexpected field name(s)")));
        }
    } else if n > len {
        // As CPython, a time given as an int stands for the float too.
        for i in len..n.min(13) {
            if class == "os.stat_result" && i < 13 {
                values[i] = values[i - 3];
            }
        }
    }
    make_instance(cx, t, &values[..n], visible)
}

fn dunder_repr(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    let this = native::self_gc::<Tuple>(cx, args, "__repr__")?;
    let t = ops::class_of(this.obj());
    let names = field_names(t);
    let mut out = typhon_text::strview::StrBuf::new();
    out.push_str(&ops::full_name(cx, t));
    out.push_str("(");
    for (i, v) in this.items().iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str(names.get(i).unwrap_or(&"?"));
        out.push_str("=");
        out.push_view(ops::repr(cx, *v)?.view());
    }
    out.push_str(")");
    Ok(str::from_view(cx, &out.as_view())?.obj())
}

fn all_values(cx: &Cx, this: Gc<Tuple>) -> ([Obj; MAX_FIELDS], usize) {
    let mut values = [Obj::NONE; MAX_FIELDS];
    let n = this.len();
    values[..n].copy_from_slice(this.items());
    let rest = hidden(cx, this.obj()).map_or(&[][..], |t| t.payload().items());
    values[n..n + rest.len()].copy_from_slice(rest);
    (values, n + rest.len())
}

fn dunder_reduce(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    let this = native::self_gc::<Tuple>(cx, args, "__reduce__")?;
    let t = ops::class_of(this.obj());
    let names = field_names(t);
    let (values, n) = all_values(cx, this);
    let unnamed = n.saturating_sub(names.len());
    let d = dict::new(cx)?;
    for i in this.len()..n {
        put(cx, d, names[i - unnamed], values[i])?;
    }
    let items = tuple_obj(cx, this.items())?;
    let inner = tuple_obj(cx, &[items, d.obj()])?;
    tuple_obj(cx, &[t.obj(), inner])
}

fn dunder_replace(cx: &mut Cx, args: &[Obj], kw: Option<native::KwNames>) -> Result<Obj> {
    let this = native::self_gc::<Tuple>(cx, args, "__replace__")?;
    let a = Args::new(args, kw);
    let t = ops::class_of(this.obj());
    if a.pos.len() > 1 {
        return Err(cx.type_error("__replace__() takes no positional arguments"));
    }
    let names = field_names(t);
    let (mut values, n) = all_values(cx, this);
    if names.len() != n {
        return Err(cx.type_error(format!(
            "__replace__() is not supported for {} because it has unnamed field(s)",
            ops::full_name(cx, t)
        )));
    }
    for (k, v) in a.keywords() {
        match names.iter().position(|n| k.eq_str(n)) {
            Some(i) => values[i] = v,
            None => return Err(cx.type_error(format!("Got unexpected field name(s): ['{}']", k.to_str()))),
        }
    }
    make_instance(cx, t, &values[..n], this.len())
}

/// A class of its own with these visible fields, and its one instance: how
/// `sys.flags` and its like are made, once each.
pub fn simple(
    cx: &mut Cx,
    module: &'static str,
    name: &'static str,
    visible: usize,
    fields: &[(&'static str, Obj)],
) -> Result<Obj> {
    // Each interpreter asks for it; the class lives as long as the process.
    static KNOWN: Mutex<Vec<&'static StructSeq>> = Mutex::new(Vec::new());
    let s: &'static StructSeq = {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        match known.iter().find(|s| s.module == module && s.name == name) {
            Some(s) => s,
            None => {
                let names: Vec<(&'static str, &'static str)> = fields.iter().map(|f| (f.0, "")).collect();
                let new: &'static StructSeq =
                    Box::leak(Box::new(StructSeq::new(module, name, "", names.leak(), visible)));
                known.push(new);
                new
            }
        }
    };
    let mut values = [Obj::NONE; MAX_FIELDS];
    for (v, f) in values.iter_mut().zip(fields) {
        *v = f.1;
    }
    s.instance(cx, &values[..fields.len()])
}
