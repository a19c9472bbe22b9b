//! A class's method resolution order: made when the class is, and again when `__bases__` of
//! the class or of one that it derives from is assigned.
//!
//! Any thread may assign at any time, and no lock is held, since a metaclass's `mro()` is
//! Python code. So TYPE-4: the one that stores last has seen the newest.
//!
//! Tests: tests/lang/classes.md, tests/stress/bases_race.py; CPython test_descr.

use crate::list;
use crate::new_type::solid;
use crate::obj::{Gc, Obj};
use crate::tuple::Tuple;
use crate::types::{self, Type, class};
use crate::{Cx, Result, name, ops, shape, subclasses};
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Compute and store the MRO.
pub(crate) fn set(cx: &mut Cx, t: Gc<Type>, meta: Gc<Type>) -> Result<()> {
    let custom = cx.lookup(meta, name!(cx, "mro"));
    let builtin = cx.lookup(types::class_for(shape::TYPE), name!(cx, "mro"));
    // A metaclass's own `mro()`, too, wants to see a sound class already.
    let first = set_own(cx, t)?;
    if custom != builtin {
        types::fill_special(cx, t);
        let r = ops::call_unbound(cx, custom.expect("found"), t.obj(), &[], None)?;
        let r = ops::tuple_from_iter(cx, r)?;
        for c in r.items() {
            if c.cast::<Type>().is_none() {
                return Err(cx.type_error(format!("mro() returned a non-class ('{}')", cx.type_name(*c))));
            }
            if !solid(t).is_subtype(solid(class(*c))) {
                let n = class(*c).name();
                return Err(cx.type_error(format!("mro() returned base with unsuitable layout ('{n}')")));
            }
            if !first.items().contains(c) {
                subclasses::follow(cx, class(*c), t)?;
            }
        }
        t.mro.set(cx, t, r);
    }
    Ok(())
}

/// Compute and store the MRO by C3.
fn set_own(cx: &Cx, t: Gc<Type>) -> Result<Gc<Tuple>> {
    loop {
        let from = Sources::of(cx, t)?;
        match from.merge(cx, t) {
            Ok(mro) => {
                t.mro.set(cx, t, mro);
                // Another thread that was faster with newer bases must not be overwritten.
                fence(Ordering::SeqCst);
                if from.are_current(t) {
                    return Ok(mro);
                }
            }
            // Of bases that another thread was changing.
            Err(_) if !from.are_current(t) => {}
            Err(e) => return Err(e),
        }
    }
}

/// How many times the bases of a class were changed, counted when the new MRO of that class
/// is there and those of its subclasses follow.
static BASES_CHANGES: AtomicU64 = AtomicU64::new(0);

pub(crate) fn changes() -> u64 {
    BASES_CHANGES.load(Ordering::SeqCst)
}

/// `t.__bases__ = bases`, whose layout fits; `base` is the best of them.
pub fn set_bases(cx: &mut Cx, t: Gc<Type>, bases: Gc<Tuple>, base: Gc<Type>) -> Result<()> {
    let (old_bases, old_base) = (t.bases.get(), t.base.get());
    t.bases.set(cx, t, bases);
    t.base.set(cx, t, base);
    // Classes whose MRO changed, each followed by the MRO it had.
    let changed = list::new(cx, &[])?;
    let renewed = renew(cx, t, changed);
    // A metaclass's `mro()` may have assigned other bases meanwhile: these count.
    if t.bases.get() != Some(bases) {
        return renewed;
    }
    if let Err(e) = renewed {
        t.bases.put(cx, t, old_bases);
        t.base.put(cx, t, old_base);
        let mut i = 0;
        while let (Some(c), Some(m)) = (changed.get(i), changed.get(i + 1)) {
            // Written as pairs of class and tuple.
            class(c).mro.set(cx, class(c), unsafe { Gc::<Tuple>::from_obj(m) });
            i += 2;
        }
        return Err(e);
    }
    for b in old_bases.iter().flat_map(|b| b.items()) {
        subclasses::remove(cx, class(*b), t)?;
    }
    // Another thread may have made the old bases the newest ones, and found the class still
    // listed with them.
    while let Some(now) = t.bases.get() {
        for b in now.items() {
            subclasses::add_once(cx, class(*b), t)?;
        }
        if t.bases.get() == Some(now) {
            break;
        }
    }
    types::note_source_change();
    types::refill(cx, t);
    types::renew(t);
    types::flush_caches(cx);
    Ok(())
}

fn renew(cx: &mut Cx, t: Gc<Type>, changed: Gc<list::List>) -> Result<()> {
    cx.enter()?;
    if let Some(m) = t.mro.get() {
        changed.append(cx, t.obj())?;
        changed.append(cx, m.obj())?;
    }
    set(cx, t, ops::class_of(t.obj()))?;
    BASES_CHANGES.fetch_add(1, Ordering::SeqCst);
    let l = subclasses::of(cx, t)?;
    for i in 0..l.len() {
        if let Some(c) = l.get(i) {
            renew(cx, class(c), changed)?;
        }
    }
    Ok(())
}

/// The MRO as C3 gives it.
pub fn compute(cx: &Cx, t: Gc<Type>) -> Result<Gc<Tuple>> {
    Sources::of(cx, t)?.merge(cx, t)
}

/// What an MRO is made from. Other threads may give the class other bases and the bases
/// other MROs meanwhile, so these tuples are kept alive here.
struct Sources {
    bases: Option<Gc<Tuple>>,
    /// The MRO of each base, then the bases.
    sequences: Gc<list::List>,
}

impl Sources {
    fn of(cx: &Cx, t: Gc<Type>) -> Result<Sources> {
        let bases = t.bases_tuple();
        let sequences = list::new(cx, &[])?;
        for b in bases.iter().flat_map(|b| b.items()) {
            sequences.append(cx, class(*b).mro_tuple().map_or(Obj::NONE, |m| m.obj()))?;
        }
        if let Some(b) = bases {
            sequences.append(cx, b.obj())?;
        }
        Ok(Sources { bases, sequences })
    }

    /// Whether the class and its bases still have these.
    fn are_current(&self, t: Gc<Type>) -> bool {
        let same = |(i, b): (usize, &Obj)| class(*b).mro_tuple().map(|m| m.obj()) == self.sequence(i).map(|m| m.obj());
        t.bases_tuple() == self.bases && self.bases.iter().flat_map(|b| b.items()).enumerate().all(same)
    }

    fn sequence(&self, i: usize) -> Option<Gc<Tuple>> {
        self.sequences.get(i)?.cast::<Tuple>()
    }

    fn items(&self, i: usize) -> &[Obj] {
        self.sequence(i).map_or(&[], |s| s.items())
    }

    /// C3 linearisation.
    fn merge(&self, cx: &Cx, t: Gc<Type>) -> Result<Gc<Tuple>> {
        let out = list::new(cx, &[t.obj()])?;
        if self.sequences.len() == 2 {
            // Nothing to merge: the one base has its own MRO.
            for c in self.items(0) {
                out.append(cx, *c)?;
            }
            return ops::tuple_from_list(cx, out);
        }
        // How far each sequence is used up.
        let mut used = vec![0; self.sequences.len()];
        loop {
            let rest = |i: usize| &self.items(i)[used[i]..];
            let mut heads = (0..used.len()).filter_map(|i| rest(i).first().copied()).peekable();
            if heads.peek().is_none() {
                break;
            }
            let in_a_tail = |c: &Obj| (0..used.len()).any(|i| rest(i).get(1..).is_some_and(|tail| tail.contains(c)));
            let Some(c) = heads.find(|c| !in_a_tail(c)) else {
                return Err(self.inconsistent(cx));
            };
            out.append(cx, c)?;
            for (i, n) in used.iter_mut().enumerate() {
                *n += usize::from(self.items(i).get(*n) == Some(&c));
            }
        }
        ops::tuple_from_list(cx, out)
    }

    fn inconsistent(&self, cx: &Cx) -> crate::exc::Raised {
        let bases = self.bases.as_ref().map_or(&[][..], |b| b.items());
        let dup = bases.iter().enumerate().find(|(i, b)| bases[..*i].contains(b));
        match dup {
            Some((_, b)) => cx.type_error(format!("duplicate base class {}", class(*b).name())),
            None => {
                let names: Vec<String> = bases.iter().map(|b| class(*b).name().into_owned()).collect();
                let names = names.join(", ");
                cx.type_error(format!("Cannot create a consistent method resolution order (MRO) for bases {names}"))
            }
        }
    }
}
