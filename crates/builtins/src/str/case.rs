//! Case of `str`, and what its characters are.
//!
//! Tests: tests/lang/str.md; CPython test_str (string_tests).

use typhon_macros::class;
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result};
use typhon_text::strview;

struct StrCase;

#[class(name = "str", extends = Str)]
impl StrCase {
    /// Return a copy of the string converted to lowercase.
    fn lower(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        match str::map_ascii(cx, this, <[u8]>::make_ascii_lowercase)? {
            Some(s) => Ok(s.obj()),
            None => Ok(super::from_buf(cx, strview::lower(this.view()))?.obj()),
        }
    }

    /// Return a copy of the string converted to uppercase.
    fn upper(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        match str::map_ascii(cx, this, <[u8]>::make_ascii_uppercase)? {
            Some(s) => Ok(s.obj()),
            None => Ok(super::from_buf(cx, strview::upper(this.view()))?.obj()),
        }
    }

    /// Return a version of the string suitable for caseless comparisons.
    fn casefold(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        Ok(super::from_buf(cx, strview::casefold(this.view()))?.obj())
    }

    /// Convert uppercase characters to lowercase and lowercase characters to uppercase.
    fn swapcase(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        Ok(super::from_buf(cx, strview::swapcase(this.view()))?.obj())
    }

    /// Return a version of the string where each word is titlecased.
    ///
    /// More specifically, words start with uppercased characters and all
    /// remaining cased characters have lower case.
    fn title(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        Ok(super::from_buf(cx, strview::title(this.view()))?.obj())
    }

    /// Return a capitalized version of the string.
    ///
    /// More specifically, make the first character have upper case and the
    /// rest lower case.
    fn capitalize(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        Ok(super::from_buf(cx, strview::capitalize(this.view()))?.obj())
    }

    /// Return True if all characters in the string are ASCII, False otherwise.
    ///
    /// ASCII characters have code points in the range U+0000-U+007F.
    /// Empty string is ASCII too.
    fn isascii(this: Gc<Str>) -> bool {
        this.is_ascii()
    }

    /// Return True if the string is an alphabetic string, False otherwise.
    ///
    /// A string is alphabetic if all characters in the string are
    /// alphabetic and there is at least one character in the string.
    fn isalpha(this: Gc<Str>) -> bool {
        strview::is_alpha(this.view())
    }

    /// Return True if the string is an alpha-numeric string, False otherwise.
    ///
    /// A string is alpha-numeric if all characters in the string are
    /// alpha-numeric and there is at least one character in the string.
    fn isalnum(this: Gc<Str>) -> bool {
        strview::is_alnum(this.view())
    }

    /// Return True if the string is a decimal string, False otherwise.
    ///
    /// A string is a decimal string if all characters in the string are
    /// decimal and there is at least one character in the string.
    fn isdecimal(this: Gc<Str>) -> bool {
        strview::is_decimal(this.view())
    }

    /// Return True if the string is a digit string, False otherwise.
    ///
    /// A string is a digit string if all characters in the string are
    /// digits and there is at least one character in the string.
    fn isdigit(this: Gc<Str>) -> bool {
        strview::is_digit(this.view())
    }

    /// Return True if the string is a numeric string, False otherwise.
    ///
    /// A string is numeric if all characters in the string are numeric and
    /// there is at least one character in the string.
    fn isnumeric(this: Gc<Str>) -> bool {
        strview::is_numeric(this.view())
    }

    /// Return True if the string is a whitespace string, False otherwise.
    ///
    /// A string is whitespace if all characters in the string are
    /// whitespace and there is at least one character in the string.
    fn isspace(this: Gc<Str>) -> bool {
        strview::is_space(this.view())
    }

    /// Return True if all characters in the string are printable, False otherwise.
    ///
    /// A character is printable if repr() may use it in its output.
    fn isprintable(this: Gc<Str>) -> bool {
        strview::is_printable(this.view())
    }

    /// Return True if the string is a lowercase string, False otherwise.
    ///
    /// A string is lowercase if all cased characters in the string are
    /// lowercase and there is at least one cased character in the string.
    fn islower(this: Gc<Str>) -> bool {
        strview::is_lower(this.view())
    }

    /// Return True if the string is an uppercase string, False otherwise.
    ///
    /// A string is uppercase if all cased characters in the string are
    /// uppercase and there is at least one cased character in the string.
    fn isupper(this: Gc<Str>) -> bool {
        strview::is_upper(this.view())
    }

    /// Return True if the string is a title-cased string, False otherwise.
    ///
    /// In a title-cased string, upper- and title-case characters may only
    /// follow uncased characters and lowercase characters only cased ones.
    fn istitle(this: Gc<Str>) -> bool {
        strview::is_title(this.view())
    }

    /// Return True if the string is a valid Python identifier, False otherwise.
    ///
    /// Call keyword.iskeyword(s) to test whether string s is a reserved
    /// identifier, such as "def" or "class".
    fn isidentifier(this: Gc<Str>) -> bool {
        strview::is_identifier(this.view())
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrCase::MEMBERS)
}
