//! Source bytes to text: byte order mark, PEP 263 declarations.

use crate::error::{ErrKind, SyntaxErr};

/// Decodes the bytes of a source in a named encoding, if it is known.
pub type Decoder<'a> = &'a mut dyn FnMut(&str, &[u8]) -> Option<Result<String, String>>;

/// Decode source bytes. Encodings that are not built in go to `other`.
pub fn decode(bytes: &[u8], other: Decoder<'_>) -> Result<String, Box<SyntaxErr>> {
    let (bom, body) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let fail = |msg: String| Box::new(SyntaxErr::bare(ErrKind::Syntax, msg));
    let cookie = cookie(body);
    let name = cookie.as_deref().map(normal).unwrap_or_else(|| "utf-8".into());
    if bom && name != "utf-8" {
        let n = cookie.unwrap_or_default();
        return Err(fail(format!("encoding problem: {n} with BOM")));
    }
    match name.as_str() {
        "utf-8" => match std::str::from_utf8(body) {
            Ok(s) => Ok(s.into()),
            Err(e) => {
                let at = e.valid_up_to();
                let line = 1 + body[..at].iter().filter(|&&b| b == b'\n').count();
                let byte = body[at];
                let mut err = SyntaxErr::bare(
                    ErrKind::Syntax,
                    if cookie.is_some() || bom {
                        format!(
                            "(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: invalid start byte"
                        )
                    } else {
                        format!(
                            "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding declared; see https://peps.python.org/pep-0263/ for details"
                        )
                    },
                );
                err.line = line as u32;
                Err(Box::new(err))
            }
        },
        "iso-8859-1" => Ok(body.iter().map(|&b| b as char).collect()),
        "ascii" => match body.iter().position(|b| !b.is_ascii()) {
            None => Ok(body.iter().map(|&b| b as char).collect()),
            Some(at) => Err(fail(format!(
                "'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                body[at]
            ))),
        },
        n => match other(n, body) {
            Some(Ok(s)) => Ok(s),
            Some(Err(msg)) => Err(fail(msg)),
            None => Err(fail(format!("unknown encoding: {n}"))),
        },
    }
}

/// The encoding declared in the first two lines.
fn cookie(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|&b| b == b'\n' || b == b'\r');
    for i in 0..2 {
        let line = lines.next()?;
        let text = line.trim_ascii_start();
        let text = text.strip_prefix(b"\x0c").unwrap_or(text).trim_ascii_start();
        if text.first() == Some(&b'#') {
            if let Some(c) = declared(text) {
                return Some(c);
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
    let n = name.to_ascii_lowercase().replace('_', "-");
    let starts = |p: &str| n == p || n.strip_prefix(p).is_some_and(|r| r.starts_with('-'));
    if starts("utf-8") || n == "utf8" {
        "utf-8".into()
    } else if starts("latin-1") || starts("iso-8859-1") || starts("iso-latin-1") || n == "latin1" || n == "l1" {
        "iso-8859-1".into()
    } else if n == "ascii" || n == "us-ascii" || n == "646" {
        "ascii".into()
    } else {
        n
    }
}
