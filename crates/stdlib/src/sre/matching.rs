//! `re.Match`, the scanner behind `finditer`, and replacement templates.

use super::pattern::{Pattern, compile_template, concat};
use super::subject::{Matcher, Mode, Regs, Subject, clip};
use crate::util::tuple_obj;
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{self, Args, FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Result, exc, int, list, ops};

/// `re.Match`.
#[derive(Trace)]
pub struct Match {
    pattern: Gc<Pattern>,
    string: Obj,
    #[trace(skip)]
    regs: Regs,
    pos: usize,
    end: usize,
    last: usize,
}

impl Match {
    /// A match object.
    pub fn make(
        cx: &mut Cx,
        pattern: Gc<Pattern>,
        string: Obj,
        regs: Regs,
        pos: usize,
        end: usize,
        last: usize,
    ) -> Result<Obj> {
        Ok(native::instance(cx, Match { pattern, string, regs, pos, end, last })?.obj())
    }
    fn subject(&self, cx: &mut Cx) -> Result<Subject> {
        Subject::new(cx, self.pattern.payload(), self.string)
    }
    fn index(&self, cx: &mut Cx, g: Obj) -> Result<usize> {
        let i = if int::is_int(g) || ops::class_of(g).special(typhon_object::Dunder::Index).is_some() {
            i64::from_arg(cx, g).unwrap_or(-1)
        } else {
            let found = match self.pattern.groupindex.cast::<Dict>() {
                Some(d) => d.get(cx, g)?,
                None => None,
            };
            found.and_then(|o| o.as_small_int()).unwrap_or(-1)
        };
        if i < 0 || i as usize >= self.regs.len() {
            return Err(cx.error(ExcKind::IndexError, "no such group"));
        }
        Ok(i as usize)
    }
    fn get(&self, cx: &mut Cx, s: &Subject, g: Obj) -> Result<Obj> {
        let i = self.index(cx, g)?;
        Pattern::piece(cx, s, &self.regs, i, Obj::NONE)
    }
    fn span_of(&self, cx: &mut Cx, g: Obj) -> Result<(isize, isize)> {
        let i = self.index(cx, g)?;
        Ok(self.regs[i])
    }
}

/// The result of re.match() and re.search().
/// Match objects always have a boolean value of True.
#[class(module = "re", name = "Match")]
impl Match {
    /// Return one or more subgroups of the match.
    fn group(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let s = self.subject(cx)?;
        match args.pos {
            [] => Pattern::piece(cx, &s, &self.regs, 0, Obj::NONE),
            [g] => self.get(cx, &s, *g),
            many => {
                let l = list::new(cx, &[])?;
                for g in many {
                    let v = self.get(cx, &s, *g)?;
                    l.append(cx, v)?;
                }
                Ok(ops::tuple_from_list(cx, l)?.obj())
            }
        }
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        let s = self.subject(cx)?;
        self.get(cx, &s, key)
    }
    /// Return a tuple containing all the subgroups of the match, from 1.
    #[sig(default = None)]
    fn groups(&self, cx: &mut Cx, default: Obj) -> Result<Obj> {
        let s = self.subject(cx)?;
        let l = list::new(cx, &[])?;
        for i in 1..self.regs.len() {
            let v = Pattern::piece(cx, &s, &self.regs, i, default)?;
            l.append(cx, v)?;
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    #[sig(default = None)]
    fn groupdict(&self, cx: &mut Cx, default: Obj) -> Result<Obj> {
        let s = self.subject(cx)?;
        let out = dict::new(cx)?;
        if let Some(d) = self.pattern.groupindex.cast::<Dict>() {
            for (k, v) in d.items() {
                let i = usize::from_arg(cx, v)?;
                let v = Pattern::piece(cx, &s, &self.regs, i, default)?;
                out.insert(cx, k, v)?;
            }
        }
        Ok(out.obj())
    }
    /// Return index of the start of the substring matched by group.
    #[sig(group = 0, /)]
    fn start(&self, cx: &mut Cx, group: Obj) -> Result<isize> {
        Ok(self.span_of(cx, group)?.0)
    }
    /// Return index of the end of the substring matched by group.
    #[sig(group = 0, /)]
    fn end(&self, cx: &mut Cx, group: Obj) -> Result<isize> {
        Ok(self.span_of(cx, group)?.1)
    }
    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[sig(group = 0, /)]
    fn span(&self, cx: &mut Cx, group: Obj) -> Result<(isize, isize)> {
        self.span_of(cx, group)
    }
    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[sig(template)]
    fn expand(&self, cx: &mut Cx, template: Obj) -> Result<Obj> {
        let t = compile_template(cx, self.pattern.obj(), template)?;
        let s = self.subject(cx)?;
        match t.cast::<Template>() {
            Some(t) => t.fill(cx, &s, &self.regs),
            None => Ok(t),
        }
    }
    /// The string passed to match() or search().
    #[getter]
    fn string(&self) -> Obj {
        self.string
    }
    /// The regular expression object.
    #[getter]
    fn re(&self) -> Gc<Pattern> {
        self.pattern
    }
    /// The index into the string at which the RE engine started looking for a match.
    #[getter]
    fn pos(&self) -> usize {
        self.pos
    }
    /// The index into the string beyond which the RE engine will not go.
    #[getter]
    fn endpos(&self) -> usize {
        self.end
    }
    /// The integer index of the last matched capturing group.
    #[getter]
    fn lastindex(&self) -> Option<usize> {
        (self.last > 0).then_some(self.last)
    }
    /// The name of the last matched capturing group.
    #[getter]
    fn lastgroup(&self) -> Obj {
        if self.last == 0 {
            return Obj::NONE;
        }
        self.pattern.payload().indexgroup.get(self.last).unwrap_or(Obj::NONE)
    }
    #[getter]
    fn regs(&self, cx: &mut Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for r in &self.regs {
            let t = (r.0, r.1).into_obj(cx)?;
            l.append(cx, t)?;
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
    fn __copy__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __deepcopy__(this: Gc<Self>, memo: Obj) -> Gc<Self> {
        let _ = memo;
        this
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let s = self.subject(cx)?;
        let all = Pattern::piece(cx, &s, &self.regs, 0, Obj::NONE)?;
        let r: String = ops::repr(cx, all)?.to_str().chars().take(50).collect();
        Ok(format!("<re.Match object; span=({}, {}), match={r}>", self.regs[0].0, self.regs[0].1))
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// Where a scan stands: the start of the next search, and whether the last
/// match was empty. `None` at the end.
type Place = Option<(usize, bool)>;

/// `_sre.SRE_Scanner`.
#[derive(Trace)]
pub struct Scanner {
    pattern: Gc<Pattern>,
    string: Obj,
    end: usize,
    pos: usize,
    #[trace(skip)]
    at: Guarded<Place>,
}

impl Scanner {
    /// A scanner over a part of `string`.
    pub fn make(cx: &mut Cx, pattern: Gc<Pattern>, string: Obj, pos: isize, end: isize) -> Result<Gc<Scanner>> {
        let subject = Subject::new(cx, pattern.payload(), string)?;
        let (start, end) = clip(subject.len(), pos, end);
        let s = Scanner { pattern, string, end, pos: start, at: Guarded::new(Some((start, false))) };
        native::instance(cx, s)
    }
    fn step(&self, cx: &mut Cx, mode: Mode) -> Result<Obj> {
        let Some((start, advance)) = *self.at.read(cx) else { return Ok(Obj::NONE) };
        let p = self.pattern.payload();
        let subject = Subject::new(cx, p, self.string)?;
        let mut matcher = Matcher::new();
        let found = match start > self.end {
            true => None,
            false => subject.run(cx, &mut matcher, p, (start, self.end), mode, advance)?,
        };
        let Some(regs) = found else {
            *self.at.write(cx, self) = None;
            return Ok(Obj::NONE);
        };
        *self.at.write(cx, self) = Some((regs[0].1 as usize, regs[0].0 == regs[0].1));
        Match::make(cx, self.pattern, self.string, regs, self.pos, self.end, matcher.last_index())
    }
}

#[class(module = "_sre", name = "SRE_Scanner")]
impl Scanner {
    fn r#match(&self, cx: &mut Cx) -> Result<Obj> {
        self.step(cx, Mode::Match)
    }
    fn search(&self, cx: &mut Cx) -> Result<Obj> {
        self.step(cx, Mode::Search)
    }
    #[getter]
    fn pattern(&self) -> Gc<Pattern> {
        self.pattern
    }
}

/// What `finditer` returns.
#[derive(Trace)]
pub struct MatchIter {
    /// It does the work.
    pub scanner: Gc<Scanner>,
}

#[class(module = "builtins", name = "callable_iterator")]
impl MatchIter {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let m = self.scanner.payload().step(cx, Mode::Search)?;
        if m.is_none() { Err(exc::stop_iteration(cx, Obj::NONE)) } else { Ok(m) }
    }
}

/// `_sre.SRE_Template`: literals and group numbers by turns.
#[derive(Trace)]
pub struct Template {
    /// literal, number, literal, ..., literal
    pub parts: Gc<Tuple>,
}

impl Template {
    /// The text, if no group is in it.
    pub fn literal(&self) -> Option<Obj> {
        match self.parts.payload().items() {
            [one] => Some(*one),
            _ => None,
        }
    }
    /// The text with the groups of a match.
    pub fn fill(&self, cx: &mut Cx, s: &Subject, regs: &Regs) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for (i, part) in self.parts.payload().items().iter().enumerate() {
            if i % 2 == 0 {
                if ops::len(cx, *part)? > 0 {
                    l.append(cx, *part)?;
                }
                continue;
            }
            let g = usize::from_arg(cx, *part)?;
            if g >= regs.len() {
                return Err(cx.error(ExcKind::IndexError, "no such group"));
            }
            let v = Pattern::piece(cx, s, regs, g, Obj::NONE)?;
            if !v.is_none() {
                l.append(cx, v)?;
            }
        }
        concat(cx, l, self.parts.get(0).is_some_and(|o| o.cast::<Str>().is_some()))
    }
}

#[class(module = "_sre", name = "SRE_Template")]
impl Template {
    fn __copy__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let _ = tuple_obj(cx, &[])?;
        Ok(this.obj())
    }
}
