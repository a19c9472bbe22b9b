//! `re.Pattern`.

use super::matching::{Match, MatchIter, Scanner, Template};
use super::subject::{Matcher, Mode, Regs, Subject, clip};
use crate::buffer;
use crate::util::{self, tuple_obj};
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::list::{self, List};
use typhon_object::native::{self, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, Result, ops};
use typhon_text::regex::Program;
use typhon_text::strview::StrBuf;

/// `re.Pattern`.
#[derive(Trace)]
pub struct Pattern {
    pattern: Obj,
    flags: u32,
    /// The code as it was given.
    code: Vec<u32>,
    /// What the engine runs.
    #[trace(skip)]
    pub program: Program,
    /// How many groups.
    pub groups: usize,
    /// Names to numbers.
    pub groupindex: Obj,
    /// Numbers to names.
    pub indexgroup: Gc<Tuple>,
    /// `None` for a pattern that takes both.
    #[trace(skip)]
    pub is_bytes: Option<bool>,
}

/// How a replacement is made.
enum Filter {
    Literal(Obj),
    Template(Gc<Template>),
    Call(Obj),
}

const FLAGS: [(u32, &str); 8] = [
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (32, "re.UNICODE"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];

impl Pattern {
    /// A compiled pattern.
    pub fn new(
        pattern: Obj,
        flags: u32,
        (code, program): (Vec<u32>, Program),
        groups: usize,
        groupindex: Obj,
        indexgroup: Gc<Tuple>,
        is_bytes: Option<bool>,
    ) -> Pattern {
        Pattern { pattern, flags, code, program, groups, groupindex, indexgroup, is_bytes }
    }
    fn apply(this: Gc<Pattern>, cx: &mut Cx, string: Obj, pos: isize, end: isize, mode: Mode) -> Result<Obj> {
        let p = this.payload();
        let subject = Subject::new(cx, p, string)?;
        let (start, end) = clip(subject.len(), pos, end);
        if start > end {
            return Ok(Obj::NONE);
        }
        let mut matcher = Matcher::new();
        match subject.run(cx, &mut matcher, p, (start, end), mode, false)? {
            Some(regs) => Match::make(cx, this, string, regs, start, end, matcher.last_index()),
            None => Ok(Obj::NONE),
        }
    }
    /// Group `i` of a match.
    pub fn piece(cx: &Cx, s: &Subject, regs: &Regs, i: usize, default: Obj) -> Result<Obj> {
        match regs[i] {
            (a, b) if a >= 0 && b >= 0 => s.slice(cx, a as usize, b as usize),
            _ => Ok(default),
        }
    }
    fn empty(&self, cx: &Cx, s: &Subject) -> Result<Obj> {
        s.slice(cx, 0, 0)
    }
    fn replace(this: Gc<Pattern>, cx: &mut Cx, repl: Obj, string: Obj, count: isize) -> Result<(Obj, usize)> {
        let p = this.payload();
        let filter = if crate::codecs::registry::callable(repl) {
            Filter::Call(repl)
        } else {
            let literal = match (repl.cast::<Str>(), repl.cast::<Bytes>()) {
                (Some(s), _) => !crate::io::has_char(&s, b'\\'),
                (_, Some(b)) => memchr::memchr(b'\\', b.as_slice()).is_none(),
                _ if buffer::is_buffer(repl) => !buffer::copy(cx, repl)?.contains(&b'\\'),
                _ => false,
            };
            if literal {
                Filter::Literal(repl)
            } else {
                let t = compile_template(cx, this.obj(), repl)?;
                match t.cast::<Template>() {
                    Some(t) => match t.literal() {
                        Some(l) => Filter::Literal(l),
                        None => Filter::Template(t),
                    },
                    None => Filter::Call(t),
                }
            }
        };
        let subject = Subject::new(cx, p, string)?;
        let out = list::new(cx, &[])?;
        let (mut n, mut at, mut start, mut advance) = (0usize, 0usize, 0usize, false);
        let mut matcher = Matcher::new();
        while count == 0 || (n as isize) < count {
            let Some(regs) = subject.run(cx, &mut matcher, p, (start, subject.len()), Mode::Search, advance)? else {
                break;
            };
            let (b, e) = (regs[0].0 as usize, regs[0].1 as usize);
            if at < b {
                let part = subject.slice(cx, at, b)?;
                out.append(cx, part)?;
            }
            let item = match &filter {
                Filter::Literal(l) => *l,
                Filter::Template(t) => t.fill(cx, &subject, &regs)?,
                Filter::Call(f) => {
                    let m = Match::make(cx, this, string, regs, 0, subject.len(), matcher.last_index())?;
                    ops::call_args(cx, *f, &[m])?
                }
            };
            if !item.is_none() {
                out.append(cx, item)?;
            }
            n += 1;
            at = e;
            start = e;
            advance = b == e;
        }
        if n == 0 {
            return Ok((subject.slice(cx, 0, subject.len())?, 0));
        }
        if at < subject.len() {
            let part = subject.slice(cx, at, subject.len())?;
            out.append(cx, part)?;
        }
        Ok((concat(cx, out, matches!(subject, Subject::Text(_)))?, n))
    }
}

/// `re._compile_template`, which remembers what it made: of bytes, if `repl` may change.
pub fn compile_template(cx: &mut Cx, pattern: Obj, repl: Obj) -> Result<Obj> {
    let re = util::import(cx, "re")?;
    let repl = if buffer::is_buffer(repl) && repl.cast::<Bytes>().is_none() {
        let b = buffer::copy(cx, repl)?;
        util::bytes_obj(cx, &b)?
    } else {
        repl
    };
    ops::call_method(cx, re, "_compile_template", &[pattern, repl])
}

/// Join the pieces of a replacement.
pub fn concat(cx: &mut Cx, l: Gc<List>, text: bool) -> Result<Obj> {
    let mut i = 0;
    if text {
        let mut out = StrBuf::new();
        while let Some(v) = l.get(i) {
            match v.cast::<Str>() {
                Some(s) => out.push_view(s.view()),
                None => {
                    return Err(
                        cx.type_error(format!("sequence item {i}: expected str instance, {} found", cx.type_name(v)))
                    );
                }
            }
            i += 1;
        }
        return Ok(str::from_view(cx, &out.as_view())?.obj());
    }
    let mut out = Vec::new();
    while let Some(v) = l.get(i) {
        match v.cast::<Bytes>() {
            Some(b) => out.extend_from_slice(b.as_slice()),
            None if buffer::is_buffer(v) => out.extend_from_slice(&buffer::copy(cx, v)?),
            None => {
                return Err(cx.type_error(format!(
                    "sequence item {i}: expected a bytes-like object, {} found",
                    cx.type_name(v)
                )));
            }
        }
        i += 1;
    }
    util::bytes_obj(cx, &out)
}

/// Compiled regular expression object.
#[class(module = "re", name = "Pattern", weakref)]
impl Pattern {
    /// Matches zero or more characters at the beginning of the string.
    #[sig(string, pos = 0, endpos = 9223372036854775807)]
    fn r#match(this: Gc<Self>, cx: &mut Cx, string: Obj, pos: isize, endpos: isize) -> Result<Obj> {
        Pattern::apply(this, cx, string, pos, endpos, Mode::Match)
    }
    /// Matches against all of the string.
    #[sig(string, pos = 0, endpos = 9223372036854775807)]
    fn fullmatch(this: Gc<Self>, cx: &mut Cx, string: Obj, pos: isize, endpos: isize) -> Result<Obj> {
        Pattern::apply(this, cx, string, pos, endpos, Mode::Full)
    }
    /// Scan through string looking for a match, and return a corresponding match object instance.
    ///
    /// Return None if no position in the string matches.
    #[sig(string, pos = 0, endpos = 9223372036854775807)]
    fn search(this: Gc<Self>, cx: &mut Cx, string: Obj, pos: isize, endpos: isize) -> Result<Obj> {
        Pattern::apply(this, cx, string, pos, endpos, Mode::Search)
    }
    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[sig(repl, string, count = 0)]
    fn sub(this: Gc<Self>, cx: &mut Cx, repl: Obj, string: Obj, count: isize) -> Result<Obj> {
        Ok(Pattern::replace(this, cx, repl, string, count)?.0)
    }
    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[sig(repl, string, count = 0)]
    fn subn(this: Gc<Self>, cx: &mut Cx, repl: Obj, string: Obj, count: isize) -> Result<Obj> {
        Pattern::replace(this, cx, repl, string, count)?.into_obj(cx)
    }
    /// Return a list of all non-overlapping matches of pattern in string.
    #[sig(string, pos = 0, endpos = 9223372036854775807)]
    fn findall(this: Gc<Self>, cx: &mut Cx, string: Obj, pos: isize, endpos: isize) -> Result<Obj> {
        let p = this.payload();
        let subject = Subject::new(cx, p, string)?;
        let (mut start, end) = clip(subject.len(), pos, endpos);
        let out = list::new(cx, &[])?;
        let mut matcher = Matcher::new();
        let mut advance = false;
        let empty = p.empty(cx, &subject)?;
        while start <= end {
            let Some(regs) = subject.run(cx, &mut matcher, p, (start, end), Mode::Search, advance)? else { break };
            let item = match p.groups {
                0 => Pattern::piece(cx, &subject, &regs, 0, empty)?,
                1 => Pattern::piece(cx, &subject, &regs, 1, empty)?,
                n => {
                    let l = list::new(cx, &[])?;
                    for g in 1..=n {
                        let v = Pattern::piece(cx, &subject, &regs, g, empty)?;
                        l.append(cx, v)?;
                    }
                    ops::tuple_from_list(cx, l)?.obj()
                }
            };
            out.append(cx, item)?;
            advance = regs[0].0 == regs[0].1;
            start = regs[0].1 as usize;
        }
        Ok(out.obj())
    }
    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    #[sig(string, pos = 0, endpos = 9223372036854775807)]
    fn finditer(this: Gc<Self>, cx: &mut Cx, string: Obj, pos: isize, endpos: isize) -> Result<Obj> {
        let s = Scanner::make(cx, this, string, pos, endpos)?;
        Ok(native::instance(cx, MatchIter { scanner: s })?.obj())
    }
    #[sig(string, pos = 0, endpos = 9223372036854775807)]
    fn scanner(this: Gc<Self>, cx: &mut Cx, string: Obj, pos: isize, endpos: isize) -> Result<Obj> {
        Ok(Scanner::make(cx, this, string, pos, endpos)?.obj())
    }
    /// Split string by the occurrences of pattern.
    #[sig(string, maxsplit = 0)]
    fn split(this: Gc<Self>, cx: &mut Cx, string: Obj, maxsplit: isize) -> Result<Obj> {
        let p = this.payload();
        let subject = Subject::new(cx, p, string)?;
        let out = list::new(cx, &[])?;
        let mut matcher = Matcher::new();
        let (mut at, mut start, mut n, mut advance) = (0, 0, 0isize, false);
        while maxsplit == 0 || n < maxsplit {
            let Some(regs) = subject.run(cx, &mut matcher, p, (start, subject.len()), Mode::Search, advance)? else {
                break;
            };
            let (b, e) = (regs[0].0 as usize, regs[0].1 as usize);
            let part = subject.slice(cx, at, b)?;
            out.append(cx, part)?;
            for g in 1..=p.groups {
                let v = Pattern::piece(cx, &subject, &regs, g, Obj::NONE)?;
                out.append(cx, v)?;
            }
            n += 1;
            advance = b == e;
            at = e;
            start = e;
        }
        let part = subject.slice(cx, at, subject.len())?;
        out.append(cx, part)?;
        Ok(out.obj())
    }
    /// The pattern string from which the RE object was compiled.
    #[getter]
    fn pattern(&self) -> Obj {
        self.pattern
    }
    /// The regex matching flags.
    #[getter]
    fn flags(&self) -> u32 {
        self.flags
    }
    /// The number of capturing groups in the pattern.
    #[getter]
    fn groups(&self) -> usize {
        self.groups
    }
    /// A dictionary mapping group names to group numbers.
    #[getter]
    fn groupindex(&self, cx: &mut Cx) -> Result<Obj> {
        let types = util::import(cx, "types")?;
        let proxy = util::attr(cx, types, "MappingProxyType")?;
        ops::call_args(cx, proxy, &[self.groupindex])
    }
    fn __copy__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __deepcopy__(this: Gc<Self>, memo: Obj) -> Gc<Self> {
        let _ = memo;
        this
    }
    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        let h = ops::hash(cx, self.pattern)?;
        let mut code = 0u64;
        for c in &self.code {
            code = code.wrapping_mul(1000003) ^ u64::from(*c);
        }
        let h = h ^ code as i64 ^ i64::from(self.flags) ^ self.groups as i64;
        Ok(if h == -1 { -2 } else { h })
    }
    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let (Some(o), true) = (other.cast::<Pattern>(), matches!(op, CompareOp::Eq | CompareOp::Ne)) else {
            return Ok(Obj::NOT_IMPLEMENTED);
        };
        let same = self.flags == o.flags
            && self.is_bytes == o.is_bytes
            && self.code == o.payload().code
            && ops::equal(cx, self.pattern, o.pattern)?;
        Ok(Obj::bool(same == (op == CompareOp::Eq)))
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let r: String = ops::repr(cx, self.pattern)?.to_str().chars().take(200).collect();
        let mut flags = self.flags;
        // The default of text patterns is not shown.
        if self.is_bytes == Some(false) && flags & (4 | 32 | 256) == 32 {
            flags &= !32;
        }
        let mut parts = Vec::new();
        for (bit, name) in FLAGS {
            if flags & bit != 0 {
                parts.push(name.to_string());
                flags &= !bit;
            }
        }
        if flags != 0 {
            parts.push(format!("{flags:#x}"));
        }
        Ok(if parts.is_empty() { format!("re.compile({r})") } else { format!("re.compile({r}, {})", parts.join("|")) })
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let re = util::import(cx, "re")?;
        let f = util::attr(cx, re, "_compile")?;
        let args = tuple_obj(cx, &[this.pattern, Obj::int_unchecked(i64::from(this.flags))])?;
        tuple_obj(cx, &[f, args])
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}
