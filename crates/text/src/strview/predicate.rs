//! `str.isalpha` and its family.

use super::StrView;
use crate::unicode;

fn all(text: StrView<'_>, test: impl Fn(u32) -> bool) -> bool {
    !text.is_empty() && text.iter().all(test)
}

pub fn is_alpha(text: StrView<'_>) -> bool {
    all(text, unicode::is_alpha)
}

pub fn is_alnum(text: StrView<'_>) -> bool {
    all(text, unicode::is_alnum)
}

pub fn is_decimal(text: StrView<'_>) -> bool {
    all(text, unicode::is_decimal)
}

pub fn is_digit(text: StrView<'_>) -> bool {
    all(text, unicode::is_digit)
}

pub fn is_numeric(text: StrView<'_>) -> bool {
    all(text, unicode::is_numeric)
}

pub fn is_space(text: StrView<'_>) -> bool {
    all(text, unicode::is_space)
}

/// True also for an empty string.
pub fn is_printable(text: StrView<'_>) -> bool {
    text.iter().all(unicode::is_printable)
}

/// Some cased letters, none of them upper or title case.
pub fn is_lower(text: StrView<'_>) -> bool {
    let mut seen = false;
    for code_point in text.iter() {
        if unicode::is_upper(code_point) || unicode::is_title(code_point) {
            return false;
        }
        seen |= unicode::is_lower(code_point);
    }
    seen
}

/// Some cased letters, none of them lower or title case.
pub fn is_upper(text: StrView<'_>) -> bool {
    let mut seen = false;
    for code_point in text.iter() {
        if unicode::is_lower(code_point) || unicode::is_title(code_point) {
            return false;
        }
        seen |= unicode::is_upper(code_point);
    }
    seen
}

/// Every word begins with a capital and continues small.
pub fn is_title(text: StrView<'_>) -> bool {
    let (mut seen, mut after_cased) = (false, false);
    for code_point in text.iter() {
        let is_capital = unicode::is_upper(code_point) || unicode::is_title(code_point);
        let is_small = unicode::is_lower(code_point);
        if is_capital && after_cased || is_small && !after_cased {
            return false;
        }
        after_cased = is_capital || is_small;
        seen |= after_cased;
    }
    seen
}

/// An identifier by its characters; it may still be a keyword.
pub fn is_identifier(text: StrView<'_>) -> bool {
    let mut code_points = text.iter();
    code_points.next().is_some_and(unicode::is_xid_start) && code_points.all(unicode::is_xid_continue)
}

/// The text with decimal digits of any script as ASCII and any space as a blank:
/// what `int()` and `float()` parse. Anything else outside ASCII becomes `?`,
/// which no number contains.
pub fn to_ascii_digits(text: StrView<'_>) -> Vec<u8> {
    text.iter()
        .map(|code_point| match (code_point, unicode::decimal(code_point)) {
            (0..0x80, _) => code_point as u8,
            (_, Some(digit)) => b'0' + digit as u8,
            _ if unicode::is_space(code_point) => b' ',
            _ => b'?',
        })
        .collect()
}
