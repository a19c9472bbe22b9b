//! Source bytes to text: byte order mark, PEP 263 declarations.

use std::borrow::Cow;

use crate::error::{ErrKind, SyntaxErr};

/// Decodes the bytes of a source in a named encoding, if it is known.
pub type Decoder<'a> = &'a mut dyn FnMut(&str, &[u8]) -> Option<Result<String, String>>;

/// Decode source bytes. Encodings that are not built in go to `other`, under the name
/// that the source gives them.
pub fn decode(bytes: &[u8], other: Decoder<'_>) -> Result<String, Box<SyntaxErr>> {
    if bytes.contains(&0) {
        // The text is refused for its null bytes whatever the encoding; see `with_stack`.
        return Ok("\0".into());
    }
    let (bom, body) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let fail = |msg: String| Box::new(SyntaxErr::bare(ErrKind::Undecoded, msg));
    let (cookie, declared_on) = cookie(body).map_or((None, 0), |(name, line)| (Some(name), line));
    let name = cookie.as_deref().map(normal).unwrap_or_else(|| "utf-8".into());
    if bom && name != "utf-8" {
        let text = String::from_utf8_lossy(line_at(body, declared_on)).into_owned();
        let mut err = SyntaxErr::bare(ErrKind::Syntax, format!("encoding problem: {name} with BOM"));
        (err.line, err.end_line) = (declared_on, declared_on);
        err.end_col = text.chars().count() as u32;
        err.text = Some(text.into());
        return Err(Box::new(err));
    }
    match name.as_str() {
        "utf-8" => match std::str::from_utf8(body) {
            Ok(s) => Ok(s.into()),
            Err(e) => Err(not_utf8(body, e.valid_up_to())),
        },
        "iso-8859-1" => Ok(body.iter().map(|&b| b as char).collect()),
        n => match other(n, body) {
            Some(Ok(s)) => Ok(s),
            Some(Err(msg)) => Err(fail(msg)),
            None if n == "utf8" => {
                String::from_utf8(body.into()).map_err(|e| not_utf8(body, e.utf8_error().valid_up_to()))
            }
            None => Err(fail(format!("unknown encoding: {n}"))),
        },
    }
}

/// The error of a source that is not the UTF-8 that it should be.
fn not_utf8(body: &[u8], at: usize) -> Box<SyntaxErr> {
    let line = 1 + body[..at].iter().filter(|&&b| b == b'\n').count() as u32;
    let byte = body[at];
    let start = body[..at].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let text = String::from_utf8_lossy(line_at(body, line)).into_owned();
    let col = String::from_utf8_lossy(&body[start..at]).chars().count() as u32 + 1;
    let mut err = SyntaxErr::bare(
        ErrKind::Syntax,
        format!(
            "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding declared; see https://peps.python.org/pep-0263/ for details"
        ),
    );
    (err.line, err.col, err.end_line, err.end_col) = (line, col, line, col);
    err.text = Some(text.into());
    Box::new(err)
}

/// A line of undecoded source, without its end.
fn line_at(body: &[u8], line: u32) -> &[u8] {
    let text = body.split(|&b| b == b'\n').nth(line.max(1) as usize - 1).unwrap_or_default();
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Source text with `\n` for every line end, as literals that span lines have it; `ended`:
/// after the last line too, as CPython reads modules, but not expressions.
pub fn normal_lines(text: &str, ended: bool) -> Cow<'_, str> {
    let mut text: Cow<'_, str> = match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    };
    if ended && !text.is_empty() && !text.ends_with('\n') {
        text.to_mut().push('\n');
    }
    text
}

/// The encoding declared in the first two lines, and the line that does it.
fn cookie(bytes: &[u8]) -> Option<(String, u32)> {
    let mut lines = bytes.split(|&b| b == b'\n' || b == b'\r');
    for i in 0..2 {
        let line = lines.next()?;
        let text = line.trim_ascii_start();
        let text = text.strip_prefix(b"\x0c").unwrap_or(text).trim_ascii_start();
        if text.first() == Some(&b'#') {
            if let Some(c) = declared(text) {
                return Some((c, i + 1));
            }
        } else if i == 0 && !text.is_empty() {
            return None;
        }
    }
    None
}

fn declared(comment: &[u8]) -> Option<String> {
    let at = comment.windows(6).position(|w| w == b"coding")? + 6;
    let rest = comment.get(at..)?;
    if !matches!(rest.first(), Some(b':' | b'=')) {
        return declared(rest);
    }
    let rest: Vec<u8> = rest[1..]
        .iter()
        .copied()
        .skip_while(|b| matches!(b, b' ' | b'\t'))
        .take_while(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        .collect();
    if rest.is_empty() { None } else { String::from_utf8(rest).ok() }
}

fn normal(name: &str) -> String {
    let n = name.chars().take(12).collect::<String>().to_ascii_lowercase().replace('_', "-");
    let starts = |p: &str| n == p || n.strip_prefix(p).is_some_and(|r| r.starts_with('-'));
    if starts("utf-8") {
        "utf-8".into()
    } else if starts("latin-1") || starts("iso-8859-1") || starts("iso-latin-1") {
        "iso-8859-1".into()
    } else {
        name.into()
    }
}
