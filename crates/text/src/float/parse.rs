//! From decimal text to floats: the grammar of `float()`.

/// The value of ASCII text as `float()` reads it, or `None` for "could not
/// convert string to float". The caller has mapped Unicode digits and spaces.
pub fn parse(text: &[u8]) -> Option<f64> {
    let text = trim_space(text);
    if !text.contains(&b'_') {
        return (prefix_len(text) == text.len()).then(|| convert(text))?;
    }
    // Underscores stand only between two digits.
    let is_digit = |index: Option<usize>| index.and_then(|index| text.get(index)).is_some_and(u8::is_ascii_digit);
    let mut plain = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if *byte != b'_' {
            plain.push(*byte);
        } else if !is_digit(index.checked_sub(1)) || !is_digit(Some(index + 1)) {
            return None;
        }
    }
    (prefix_len(&plain) == plain.len()).then(|| convert(&plain))?
}

fn convert(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The length of the longest prefix that is a float, 0 if there is none.
pub fn prefix_len(text: &[u8]) -> usize {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let body = &text[sign..];
    let has_word = |word: &[u8]| body.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    for word in [&b"infinity"[..], b"inf", b"nan"] {
        if has_word(word) {
            return sign + word.len();
        }
    }
    let digits_at = |at: usize| text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits_at(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits_at(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let start = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = if start <= text.len() { digits_at(start) } else { 0 };
        if exponent > 0 {
            end = start + exponent;
        }
    }
    end
}

/// Without what Python's `str.strip()` removes from ASCII text.
pub(crate) fn trim_space(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ');
    let start = text.iter().position(|b| !is_space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !is_space(b)).map_or(start, |i| i + 1);
    &text[start..end]
}
