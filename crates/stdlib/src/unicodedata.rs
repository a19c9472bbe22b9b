//! `unicodedata`: names, and the properties that typhon-text has.
//!
//! Tests: CPython test_unicodedata.

use typhon_macros::{Trace, class, module};
use typhon_object::native::{FromArg, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Result};
use typhon_text::unicode;

/// The name of a code point.
pub fn name_of(c: u32) -> Option<String> {
    unicode_names2::name(char::from_u32(c)?).map(|n| n.to_string())
}

/// The code point of a name.
pub fn code_point_of(name: &str) -> Option<u32> {
    unicode_names2::character(name).map(u32::from)
}

/// A string that should be one character.
struct Character(Gc<Str>);

impl FromArg for Character {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Character> {
        let what = cx.type_name(v);
        let refuse = || cx.type_error(format!("argument must be a unicode character, not {what}"));
        v.cast::<Str>().map(Character).ok_or_else(refuse)
    }
}

fn one(cx: &Cx, s: Character, f: &str) -> Result<u32> {
    let s = s.0;
    if s.len() == 1 {
        return Ok(s.at(0));
    }
    // Those that take a default as well count their arguments.
    let which = if matches!(f, "name" | "decimal" | "digit" | "numeric") { "argument 1" } else { "argument" };
    Err(cx.type_error(format!("{f}(): {which} must be a unicode character, not a string of length {}", s.len())))
}

/// A normal form; code points that are not `known` stay as they are, as lone
/// surrogates do, and the runs between them are normalised.
fn normal_form(cx: &Cx, form: &str, s: Gc<Str>, known: impl Fn(u32) -> bool) -> Result<Gc<Str>> {
    use unicode_normalization::UnicodeNormalization;
    if s.is_empty() {
        return Ok(s);
    }
    if !matches!(form, "NFC" | "NFD" | "NFKC" | "NFKD") {
        return Err(cx.value_error("invalid normalization form"));
    }
    if s.is_ascii() {
        return Ok(s);
    }
    let mut out: Vec<u32> = Vec::new();
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut Vec<u32>| {
        match form {
            "NFC" => out.extend(run.nfc().map(u32::from)),
            "NFD" => out.extend(run.nfd().map(u32::from)),
            "NFKC" => out.extend(run.nfkc().map(u32::from)),
            _ => out.extend(run.nfkd().map(u32::from)),
        }
        run.clear();
    };
    for c in s.chars() {
        match char::from_u32(c).filter(|c| known(u32::from(*c))) {
            Some(c) => run.push(c),
            None => {
                flush(&mut run, &mut out);
                out.push(c);
            }
        }
    }
    flush(&mut run, &mut out);
    str::from_ucs4(cx, &out)
}

/// Whether Unicode 3.2 has a code point.
fn is_old(c: u32) -> bool {
    unicode::in_version_3_2(c).0 != "Cn"
}

/// `unicodedata.ucd_3_2_0`: what the database said when host names in other
/// scripts were defined. What was assigned later is unknown to it; the rest it
/// has from the current one, apart from category and direction.
#[derive(Trace)]
struct OldDatabase;

#[class(module = "unicodedata", name = "UCD")]
impl OldDatabase {
    #[getter]
    fn unidata_version(&self) -> &'static str {
        "3.2.0"
    }
    #[sig(chr, default = <missing>, /)]
    fn name(&self, cx: &mut Cx, chr: Character, default: Missing<Obj>) -> Result<Obj> {
        let c = one(cx, chr, "name")?;
        match (name_of(c).filter(|_| is_old(c)), default.given()) {
            (Some(n), _) => Ok(str::new(cx, &n)?.obj()),
            (None, Some(d)) => Ok(d),
            (None, None) => Err(cx.value_error("no such name")),
        }
    }
    fn lookup(&self, cx: &mut Cx, name: String) -> Result<Gc<Str>> {
        match code_point_of(&name).filter(|c| is_old(*c)) {
            Some(c) => str::from_char(cx, c),
            None => Err(cx.error(ExcKind::KeyError, format!("undefined character name '{name}'"))),
        }
    }
    #[sig(chr, default = <missing>, /)]
    fn decimal(&self, cx: &mut Cx, chr: Character, default: Missing<Obj>) -> Result<Obj> {
        let c = one(cx, chr, "decimal")?;
        match (unicode::decimal(c).filter(|_| is_old(c)), default.given()) {
            (Some(n), _) => Ok(Obj::int_unchecked(i64::from(n))),
            (None, Some(d)) => Ok(d),
            (None, None) => Err(cx.value_error("not a decimal")),
        }
    }
    fn category(&self, cx: &mut Cx, chr: Character) -> Result<&'static str> {
        let c = one(cx, chr, "category")?;
        Ok(unicode::in_version_3_2(c).0)
    }
    fn bidirectional(&self, cx: &mut Cx, chr: Character) -> Result<&'static str> {
        let c = one(cx, chr, "bidirectional")?;
        Ok(unicode::in_version_3_2(c).1)
    }
    fn combining(&self, cx: &mut Cx, chr: Character) -> Result<u8> {
        let c = one(cx, chr, "combining")?;
        let class = unicode_normalization::char::canonical_combining_class;
        Ok(char::from_u32(c).filter(|_| is_old(c)).map_or(0, class))
    }
    fn normalize(&self, cx: &mut Cx, form: String, unistr: Gc<Str>) -> Result<Gc<Str>> {
        normal_form(cx, &form, unistr, is_old)
    }
    fn is_normalized(&self, cx: &mut Cx, form: String, unistr: Gc<Str>) -> Result<bool> {
        let n = normal_form(cx, &form, unistr, is_old)?;
        Ok(n.same_text(&unistr))
    }
}

/// The Unicode Character Database.
#[module("unicodedata", classes(OldDatabase))]
pub mod unicodedata {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        crate::util::set(cx, module, "unidata_version", "16.0.0")?;
        let old = typhon_object::native::instance(cx, OldDatabase)?;
        crate::util::set(cx, module, "ucd_3_2_0", old)
    }

    /// Returns the name assigned to the character chr as a string.
    #[sig(chr, default = <missing>, /)]
    fn name(cx: &mut Cx, chr: Character, default: Missing<Obj>) -> Result<Obj> {
        let c = one(cx, chr, "name")?;
        match (name_of(c), default.given()) {
            (Some(n), _) => Ok(str::new(cx, &n)?.obj()),
            (None, Some(d)) => Ok(d),
            (None, None) => Err(cx.value_error("no such name")),
        }
    }
    /// Look up character by name.
    fn lookup(cx: &mut Cx, name: String) -> Result<Gc<Str>> {
        match code_point_of(&name) {
            Some(c) => str::from_char(cx, c),
            None => Err(cx.error(ExcKind::KeyError, format!("undefined character name '{name}'"))),
        }
    }
    /// Converts a Unicode character into its equivalent decimal value.
    #[sig(chr, default = <missing>, /)]
    fn decimal(cx: &mut Cx, chr: Character, default: Missing<Obj>) -> Result<Obj> {
        let c = one(cx, chr, "decimal")?;
        match (unicode::decimal(c), default.given()) {
            (Some(n), _) => Ok(Obj::int_unchecked(i64::from(n))),
            (None, Some(d)) => Ok(d),
            (None, None) => Err(cx.value_error("not a decimal")),
        }
    }
    /// Converts a Unicode character into its equivalent digit value.
    #[sig(chr, default = <missing>, /)]
    fn digit(cx: &mut Cx, chr: Character, default: Missing<Obj>) -> Result<Obj> {
        let c = one(cx, chr, "digit")?;
        match (unicode::digit(c), default.given()) {
            (Some(n), _) => Ok(Obj::int_unchecked(i64::from(n))),
            (None, Some(d)) => Ok(d),
            (None, None) => Err(cx.value_error("not a digit")),
        }
    }
    /// Returns the general category assigned to the character chr as string.
    fn category(cx: &mut Cx, chr: Character) -> Result<&'static str> {
        use unicode_general_category::{GeneralCategory as G, get_general_category};
        let c = one(cx, chr, "category")?;
        let Some(c) = char::from_u32(c) else { return Ok("Cs") };
        Ok(match get_general_category(c) {
            G::ClosePunctuation => "Pe",
            G::ConnectorPunctuation => "Pc",
            G::Control => "Cc",
            G::CurrencySymbol => "Sc",
            G::DashPunctuation => "Pd",
            G::DecimalNumber => "Nd",
            G::EnclosingMark => "Me",
            G::FinalPunctuation => "Pf",
            G::Format => "Cf",
            G::InitialPunctuation => "Pi",
            G::LetterNumber => "Nl",
            G::LineSeparator => "Zl",
            G::LowercaseLetter => "Ll",
            G::MathSymbol => "Sm",
            G::ModifierLetter => "Lm",
            G::ModifierSymbol => "Sk",
            G::NonspacingMark => "Mn",
            G::OpenPunctuation => "Ps",
            G::OtherLetter => "Lo",
            G::OtherNumber => "No",
            G::OtherPunctuation => "Po",
            G::OtherSymbol => "So",
            G::ParagraphSeparator => "Zp",
            G::PrivateUse => "Co",
            G::SpaceSeparator => "Zs",
            G::SpacingMark => "Mc",
            G::Surrogate => "Cs",
            G::TitlecaseLetter => "Lt",
            G::UppercaseLetter => "Lu",
            _ => "Cn",
        })
    }
    /// Returns the bidirectional class assigned to the character chr as string.
    fn bidirectional(cx: &mut Cx, chr: Character) -> Result<&'static str> {
        let c = one(cx, chr, "bidirectional")?;
        Ok(unicode::bidirectional(c))
    }
    /// Returns the canonical combining class assigned to the character chr as integer.
    fn combining(cx: &mut Cx, chr: Character) -> Result<u8> {
        let c = one(cx, chr, "combining")?;
        Ok(char::from_u32(c).map_or(0, unicode_normalization::char::canonical_combining_class))
    }
    /// Return the normal form 'form' for the Unicode string unistr.
    fn normalize(cx: &mut Cx, form: String, unistr: Gc<Str>) -> Result<Gc<Str>> {
        normal_form(cx, &form, unistr, |_| true)
    }
    /// Return whether the Unicode string unistr is in the normal form 'form'.
    fn is_normalized(cx: &mut Cx, form: String, unistr: Gc<Str>) -> Result<bool> {
        let n = normalize(cx, form, unistr)?;
        Ok(n.same_text(&unistr))
    }
    /// Returns the east asian width assigned to the character chr as string.
    fn east_asian_width(cx: &mut Cx, chr: Character) -> Result<&'static str> {
        let c = one(cx, chr, "east_asian_width")?;
        Ok(match c {
            0x20..0x7f => "Na",
            0x1100..0x1160
            | 0x2e80..0x3000
            | 0x3001..0x303f
            | 0x3041..0xa4d0
            | 0xac00..0xd7a4
            | 0xf900..0xfb00
            | 0xfe30..0xfe70
            | 0x1f300..0x1f650
            | 0x1f900..0x1fa00
            | 0x20000..0x3fffe => "W",
            0x3000 | 0xff01..0xff61 | 0xffe0..0xffe7 => "F",
            0xff61..0xffdd => "H",
            _ => "N",
        })
    }
}
