//! `_sre`: regular expressions. The compiler is the standard library's own
//! (`re/_compiler.py`); the engine is `typhon_text::regex`.
//!
//! | file | what |
//! |---|---|
//! | `pattern.rs` | `re.Pattern` |
//! | `matching.rs` | `re.Match`, scanners and iterators |
//! | `subject.rs` | what is searched, and running the engine on it |
//!
//! Tests: CPython test_re.

mod matching;
mod pattern;
mod subject;

use crate::util::set;
use matching::Template;
use pattern::Pattern;
use typhon_macros::module;
use typhon_object::native::{self, FromArg};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Result, list, ops};
use typhon_text::regex::{self, Program, simple_lower, simple_upper};

#[module("_sre")]
#[allow(missing_docs)]
pub mod sre {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set(cx, module, "MAGIC", regex::MAGIC)?;
        set(cx, module, "CODESIZE", regex::CODE_SIZE)?;
        set(cx, module, "MAXREPEAT", regex::MAX_REPEAT)?;
        set(cx, module, "MAXGROUPS", regex::MAX_GROUPS)
    }

    fn getcodesize() -> usize {
        regex::CODE_SIZE
    }
    #[sig(character, /)]
    fn ascii_iscased(character: i32) -> bool {
        u8::try_from(character).is_ok_and(|c| c.is_ascii_alphabetic())
    }
    #[sig(character, /)]
    fn unicode_iscased(character: i32) -> bool {
        let c = character as u32;
        simple_lower(c) != c || simple_upper(c) != c
    }
    #[sig(character, /)]
    fn ascii_tolower(character: i32) -> i32 {
        u8::try_from(character).map_or(character, |c| i32::from(c.to_ascii_lowercase()))
    }
    #[sig(character, /)]
    fn unicode_tolower(character: i32) -> i32 {
        simple_lower(character as u32) as i32
    }

    #[sig(pattern, flags, code, groups, groupindex, indexgroup)]
    fn compile(
        cx: &mut Cx,
        pattern: Obj,
        flags: i32,
        code: Obj,
        groups: usize,
        groupindex: Obj,
        indexgroup: Gc<Tuple>,
    ) -> Result<Obj> {
        let mut codes = Vec::new();
        ops::for_each(cx, code, |cx, c| {
            let c = i64::from_arg(cx, c)?;
            codes.push(
                u32::try_from(c)
                    .map_err(|_| cx.error(ExcKind::OverflowError, "regular expression code size limit exceeded"))?,
            );
            Ok(true)
        })?;
        let program = Program::new(&codes, groups).map_err(|_| cx.error(ExcKind::RuntimeError, "invalid SRE code"))?;
        let is_bytes = if pattern.is_none() { None } else { Some(pattern.cast::<Str>().is_none()) };
        let p = Pattern::new(pattern, flags as u32, (codes, program), groups, groupindex, indexgroup, is_bytes);
        Ok(native::instance(cx, p)?.obj())
    }

    /// Build the object that fills a replacement template.
    #[sig(pattern, template, /)]
    fn template(cx: &mut Cx, pattern: Obj, template: Obj) -> Result<Obj> {
        let _ = pattern;
        let l = list::new(cx, &[])?;
        ops::for_each(cx, template, |cx, v| {
            l.append(cx, v)?;
            Ok(true)
        })?;
        let parts = ops::tuple_from_list(cx, l)?;
        Ok(native::instance(cx, Template { parts })?.obj())
    }
}
