//! Names of encodings.

/// Encodings that the runtime reaches without the codec registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Utf8,
    Utf8Sig,
    Utf16,
    Utf16Le,
    Utf16Be,
    Utf32,
    Utf32Le,
    Utf32Be,
    Ascii,
    Latin1,
}

/// Lower case, with one underscore for each run of other characters than letters,
/// digits and dots.
pub fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars().filter(char::is_ascii) {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

pub fn known(name: &str) -> Option<Known> {
    // As they are mostly written.
    match name {
        "utf-8" | "utf8" | "UTF-8" => return Some(Known::Utf8),
        "ascii" => return Some(Known::Ascii),
        "latin-1" | "latin1" => return Some(Known::Latin1),
        _ => {}
    }
    Some(match normalize(name).as_str() {
        "utf_8" | "utf8" | "u8" | "utf" | "cp65001" => Known::Utf8,
        "utf_8_sig" => Known::Utf8Sig,
        "utf_16" | "utf16" | "u16" => Known::Utf16,
        "utf_16_le" | "utf_16le" => Known::Utf16Le,
        "utf_16_be" | "utf_16be" => Known::Utf16Be,
        "utf_32" | "utf32" | "u32" => Known::Utf32,
        "utf_32_le" | "utf_32le" => Known::Utf32Le,
        "utf_32_be" | "utf_32be" => Known::Utf32Be,
        "ascii" | "us_ascii" | "646" => Known::Ascii,
        "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" | "8859" | "cp819" | "latin" | "l1" => Known::Latin1,
        _ => return None,
    })
}
