//! The tokens that Python's `tokenize` gives: comments and line ends included, f-strings
//! in parts. Ruff's lexer leaves out what this needs (columns of dedents, blank lines,
//! the text before an error), so it is a scanner of its own; the parser does not use it.
//!
//! Tests: tests/lang/tokenize.md; CPython test_tokenize.

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum TokenType {
    Name,
    Number,
    String,
    Op,
    Comment,
    Nl,
    Newline,
    Indent,
    Dedent,
    EndMarker,
    FStringStart,
    FStringMiddle,
    FStringEnd,
    TStringStart,
    TStringMiddle,
    TStringEnd,
}

impl TokenType {
    /// The name in Python's `token`.
    pub fn name(self) -> &'static str {
        match self {
            TokenType::Name => "NAME",
            TokenType::Number => "NUMBER",
            TokenType::String => "STRING",
            TokenType::Op => "OP",
            TokenType::Comment => "COMMENT",
            TokenType::Nl => "NL",
            TokenType::Newline => "NEWLINE",
            TokenType::Indent => "INDENT",
            TokenType::Dedent => "DEDENT",
            TokenType::EndMarker => "ENDMARKER",
            TokenType::FStringStart => "FSTRING_START",
            TokenType::FStringMiddle => "FSTRING_MIDDLE",
            TokenType::FStringEnd => "FSTRING_END",
            TokenType::TStringStart => "TSTRING_START",
            TokenType::TStringMiddle => "TSTRING_MIDDLE",
            TokenType::TStringEnd => "TSTRING_END",
        }
    }
}

/// A token: what it is, its text, and where it stands (lines from 1, columns in
/// characters from 0).
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct Token {
    pub kind: TokenType,
    pub text: String,
    pub start: (u32, u32),
    pub end: (u32, u32),
    /// The lines it stands on.
    pub line: String,
}

/// Where tokens end too early.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct TokenError {
    pub msg: String,
    /// An IndentationError rather than a SyntaxError.
    pub indentation: bool,
    pub line: u32,
    pub col: u32,
}

/// The tokens of a text, and the error behind the last of them.
pub fn tokenize(text: &str) -> (Vec<Token>, Option<TokenError>) {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(i, _)| i + 1));
    let mut t = Tokenizer {
        text,
        starts,
        pos: 0,
        out: Vec::new(),
        indents: vec![0],
        brackets: Vec::new(),
        strings: Vec::new(),
        fresh: true,
    };
    let error = t.run().err();
    (t.out, error)
}

type Step = Result<(), TokenError>;

/// An f-string or t-string that is open.
struct Interpolated {
    quote: String,
    raw: bool,
    template: bool,
    fields: Vec<Field>,
}

/// A replacement field that is open.
struct Field {
    /// Open brackets, its own included.
    depth: usize,
    /// Behind its colon.
    spec: bool,
}

struct Tokenizer<'a> {
    text: &'a str,
    /// Byte offsets of lines.
    starts: Vec<usize>,
    pos: usize,
    out: Vec<Token>,
    indents: Vec<usize>,
    brackets: Vec<char>,
    strings: Vec<Interpolated>,
    /// At the start of a logical line.
    fresh: bool,
}

const UNFINISHED: &str = "unexpected EOF in multi-line statement";

const OPERATORS: [&str; 24] = [
    "**=", "//=", ">>=", "<<=", "...", "!=", "%=", "&=", "**", "*=", "+=", "-=", "->", "//", "/=", ":=", "<<", "<=",
    "==", ">=", ">>", "@=", "^=", "|=",
];

impl Tokenizer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn line_index(&self, at: usize) -> usize {
        self.starts.partition_point(|&s| s <= at) - 1
    }

    fn place(&self, at: usize) -> (u32, u32) {
        let i = self.line_index(at);
        (i as u32 + 1, self.text[self.starts[i]..at].chars().count() as u32)
    }

    fn error<T>(&self, at: usize, msg: impl Into<String>) -> Result<T, TokenError> {
        let (line, col) = self.place(at);
        Err(TokenError { msg: msg.into(), indentation: false, line, col: col + 1 })
    }

    /// Add the token of these bytes.
    fn add(&mut self, kind: TokenType, start: usize, end: usize) {
        let first = self.starts[self.line_index(start)];
        // A piece of a string's text ends where the next one begins.
        let middle = matches!(kind, TokenType::FStringMiddle | TokenType::TStringMiddle);
        let last = self.line_index(if end > start && !middle { end - 1 } else { end });
        let stop = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
        let token = Token {
            kind,
            text: self.text[start..end].to_string(),
            start: self.place(start),
            end: self.place(end),
            line: self.text[first..stop.max(first)].to_string(),
        };
        self.out.push(token);
    }

    /// A line end: its token is one column wide, whatever it is made of.
    fn add_line_end(&mut self, kind: TokenType, start: usize, end: usize) {
        self.add(kind, start, end);
        if let Some(t) = self.out.last_mut() {
            t.end = (t.start.0, t.start.1 + if end > start { (end - start) as u32 } else { 1 });
        }
    }

    fn run(&mut self) -> Step {
        while self.pos < self.text.len() {
            if self.in_text() {
                self.string_part()?;
            } else {
                self.token()?;
            }
        }
        if self.in_text() {
            return self.unterminated();
        }
        let end = self.text.len();
        let (last, col) = self.place(end);
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            // The line end that is missing.
            let kind = match self.fresh || !self.brackets.is_empty() {
                true => TokenType::Nl,
                false => TokenType::Newline,
            };
            self.add_line_end(kind, end, end);
        }
        if !self.brackets.is_empty() {
            let col = if self.strings.is_empty() { 0 } else { col + 1 };
            return Err(TokenError { msg: UNFINISHED.into(), indentation: false, line: last, col });
        }
        let line = last + u32::from(!self.text.is_empty() && !self.text.ends_with('\n'));
        let blank = |kind| Token { kind, text: String::new(), start: (line, 0), end: (line, 0), line: String::new() };
        for _ in 1..self.indents.len() {
            self.out.push(blank(TokenType::Dedent));
        }
        self.out.push(blank(TokenType::EndMarker));
        Ok(())
    }

    /// Whether the text of an interpolated string is next, not Python.
    fn in_text(&self) -> bool {
        self.strings.last().is_some_and(|s| s.fields.last().is_none_or(|f| f.spec))
    }

    fn unterminated(&self) -> Step {
        let Some(s) = self.strings.last() else { return Ok(()) };
        let start = self.out.iter().rposition(|t| matches!(t.kind, TokenType::FStringStart | TokenType::TStringStart));
        let (line, col) = start.map_or((1, 0), |i| self.out[i].start);
        let what = if s.template { "t-string" } else { "f-string" };
        let triple = if s.quote.len() == 3 { "triple-quoted " } else { "" };
        let at = self.pos.min(self.text.len());
        let last =
            self.place(at).0 - u32::from(s.quote.len() == 3 && self.text.ends_with('\n') && at == self.text.len());
        let msg = format!("unterminated {triple}{what} literal (detected at line {last})");
        Err(TokenError { msg, indentation: false, line, col: col + 1 })
    }

    /// A piece of an interpolated string's text, and what ends it.
    fn string_part(&mut self) -> Step {
        let start = self.pos;
        let Some(s) = self.strings.last() else { return Ok(()) };
        let (quote, raw, spec) = (s.quote.clone(), s.raw, !s.fields.is_empty());
        let (middle, end) = match s.template {
            true => (TokenType::TStringMiddle, TokenType::TStringEnd),
            false => (TokenType::FStringMiddle, TokenType::FStringEnd),
        };
        loop {
            let Some(c) = self.peek() else { return self.unterminated() };
            let next = self.rest()[c.len_utf8()..].chars().next();
            if self.rest().starts_with(&*quote) {
                if self.pos > start {
                    self.add(middle, start, self.pos);
                }
                let at = self.pos;
                self.pos += quote.len();
                self.add(end, at, self.pos);
                let fields = self.strings.pop().map_or(0, |s| s.fields.len());
                self.brackets.truncate(self.brackets.len().saturating_sub(fields));
                return Ok(());
            }
            match c {
                '\n' if quote.len() == 1 => return self.unterminated(),
                '\\' if !raw && self.rest().starts_with("\\N{") => {
                    self.pos += self.rest().find('}').map_or(3, |n| n + 1);
                }
                '\\' if !matches!(next, Some('{' | '}')) => self.pos += 1 + next.map_or(0, char::len_utf8),
                '{' | '}' if !spec && next == Some(c) => {
                    // Of a doubled brace the first is in the text.
                    self.add(middle, start, self.pos + 1);
                    self.pos += 2;
                    return Ok(());
                }
                '{' | '}' => {
                    // CPython has an empty piece before a closing brace, not before an opening one.
                    if self.pos > start || c == '}' {
                        self.add(middle, start, self.pos);
                    }
                    if c == '}' && !spec {
                        return self.error(self.pos, "f-string: single '}' is not allowed");
                    }
                    self.pos += 1;
                    self.add(TokenType::Op, self.pos - 1, self.pos);
                    let depth = self.brackets.len() + 1;
                    let Some(s) = self.strings.last_mut() else { return Ok(()) };
                    if c == '{' {
                        self.brackets.push('{');
                        s.fields.push(Field { depth, spec: false });
                    } else {
                        self.brackets.pop();
                        s.fields.pop();
                    }
                    return Ok(());
                }
                c => self.pos += c.len_utf8(),
            }
        }
    }

    /// The indentation of a logical line.
    fn indentation(&mut self) -> Step {
        let start = self.pos;
        let mut col = 0;
        while let Some(c) = self.peek() {
            col = match c {
                ' ' => col + 1,
                '\t' => (col / 8 + 1) * 8,
                '\x0c' => 0,
                _ => break,
            };
            self.pos += 1;
        }
        if matches!(self.peek(), None | Some('#' | '\n' | '\r' | '\\')) {
            return Ok(());
        }
        self.fresh = false;
        let top = self.indents.last().copied().unwrap_or(0);
        if col > top {
            self.indents.push(col);
            self.add(TokenType::Indent, start, self.pos);
        }
        while self.indents.last().is_some_and(|&t| col < t) {
            self.indents.pop();
            if self.indents.last().is_some_and(|&t| col > t) {
                let (line, _) = self.place(self.pos);
                let (_, at) = self.place(self.pos + self.rest().find('\n').unwrap_or(self.rest().len()));
                let msg = "unindent does not match any outer indentation level".into();
                return Err(TokenError { msg, indentation: true, line, col: at + 1 });
            }
            self.add(TokenType::Dedent, self.pos, self.pos);
        }
        Ok(())
    }

    fn token(&mut self) -> Step {
        if self.fresh && self.brackets.is_empty() {
            self.indentation()?;
        }
        while matches!(self.peek(), Some(' ' | '\t' | '\x0c')) {
            self.pos += 1;
        }
        let start = self.pos;
        let Some(c) = self.peek() else { return Ok(()) };
        match c {
            '\r' if self.rest().starts_with("\r\n") => self.line_end(2),
            '\n' => self.line_end(1),
            '#' => {
                self.pos += self.rest().find('\n').unwrap_or(self.rest().len());
                if self.text[start..self.pos].ends_with('\r') {
                    self.pos -= 1;
                }
                self.add(TokenType::Comment, start, self.pos);
            }
            '\\' => {
                let n = 1 + usize::from(self.rest()[1..].starts_with('\r'));
                match self.rest().get(n..n + 1) {
                    Some("\n") if self.pos + n + 1 < self.text.len() => self.pos += n + 1,
                    Some("\n") | None => return self.error(self.text.len(), UNFINISHED),
                    _ => return self.error(start + 1, "unexpected character after line continuation character"),
                }
            }
            '"' | '\'' => return self.string(start),
            c if c.is_ascii_digit() || c == '.' && self.rest()[1..].starts_with(|d: char| d.is_ascii_digit()) => {
                self.pos += number_len(self.rest());
                self.add(TokenType::Number, start, self.pos);
            }
            c if c == '_' || c.is_alphabetic() || !c.is_ascii() && c.is_alphanumeric() => {
                let name = |c: char| c == '_' || c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace();
                self.pos += self.rest().find(|c| !name(c)).unwrap_or(self.rest().len());
                let word = self.text[start..self.pos].to_ascii_lowercase();
                let prefixes = ["r", "u", "b", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"].contains(&&*word);
                if prefixes && matches!(self.peek(), Some('"' | '\'')) {
                    return self.string(start);
                }
                self.add(TokenType::Name, start, self.pos);
            }
            c if !c.is_ascii() => {
                return self.error(start, format!("invalid character '{c}' (U+{:04X})", c as u32));
            }
            c if c.is_control() => {
                return self.error(start, format!("invalid non-printable character U+{:04X}", c as u32));
            }
            c => return self.operator(c),
        }
        Ok(())
    }

    fn line_end(&mut self, len: usize) {
        let kind = match self.fresh || !self.brackets.is_empty() {
            true => TokenType::Nl,
            false => TokenType::Newline,
        };
        let start = self.pos;
        self.pos += len;
        self.add_line_end(kind, start, self.pos);
        if self.brackets.is_empty() {
            self.fresh = true;
        }
    }

    fn operator(&mut self, c: char) -> Step {
        let start = self.pos;
        let depth = self.brackets.len();
        let in_field = self.strings.last().and_then(|s| s.fields.last()).is_some_and(|f| f.depth == depth);
        let found = OPERATORS.iter().find(|op| self.rest().starts_with(**op)).map_or(1, |op| op.len());
        let len = if in_field && c == ':' { 1 } else { found };
        match c {
            '(' | '[' | '{' => self.brackets.push(c),
            ')' | ']' | '}' => {
                let fits = |open: char| matches!((open, c), ('(', ')') | ('[', ']') | ('{', '}'));
                match self.brackets.pop() {
                    None => return self.error(start, format!("unmatched '{c}'")),
                    Some(open) if !fits(open) => {
                        let msg = format!("closing parenthesis '{c}' does not match opening parenthesis '{open}'");
                        return self.error(start, msg);
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
        self.pos += len;
        self.add(TokenType::Op, start, self.pos);
        if in_field && let Some(s) = self.strings.last_mut() {
            match c {
                ':' => s.fields.iter_mut().next_back().into_iter().for_each(|f| f.spec = true),
                '}' => drop(s.fields.pop()),
                _ => {}
            }
        }
        Ok(())
    }

    /// A string whose prefix starts at `start`; its quote is next.
    fn string(&mut self, start: usize) -> Step {
        let prefix = self.text[start..self.pos].to_ascii_lowercase();
        let q = &self.rest()[..1];
        let triple = self.rest().starts_with(&q.repeat(3));
        let quote = if triple { q.repeat(3) } else { q.to_string() };
        self.pos += quote.len();
        if prefix.contains(['f', 't']) {
            let template = prefix.contains('t');
            let kind = if template { TokenType::TStringStart } else { TokenType::FStringStart };
            self.add(kind, start, self.pos);
            let raw = prefix.contains('r');
            self.strings.push(Interpolated { quote, raw, template, fields: Vec::new() });
            return Ok(());
        }
        loop {
            let Some(c) = self.peek() else { break };
            if self.rest().starts_with(&*quote) {
                self.pos += quote.len();
                self.add(TokenType::String, start, self.pos);
                return Ok(());
            }
            match c {
                '\n' if !triple => break,
                '\\' => {
                    self.pos += 1;
                    if self.rest().starts_with("\r\n") {
                        self.pos += 1;
                    }
                    self.pos += self.peek().map_or(0, char::len_utf8);
                }
                c => self.pos += c.len_utf8(),
            }
        }
        let at = self.pos.min(self.text.len());
        let ends = usize::from(triple && self.text.ends_with('\n') && at == self.text.len());
        let last = self.line_index(at) + 1 - ends;
        let kind = if triple { "unterminated triple-quoted string" } else { "unterminated string" };
        self.error(start, format!("{kind} literal (detected at line {last})"))
    }
}

/// The length of the number that a text starts with.
fn number_len(text: &str) -> usize {
    let b = text.as_bytes();
    let digits = |mut i: usize, ok: fn(&u8) -> bool| {
        while b.get(i).is_some_and(|c| ok(c) || *c == b'_' && b.get(i + 1).is_some_and(ok)) {
            i += 1;
        }
        i
    };
    let radix = b.get(1).map(u8::to_ascii_lowercase).filter(|_| b[0] == b'0');
    match radix {
        Some(b'x') => return digits(2, u8::is_ascii_hexdigit),
        Some(b'o') => return digits(2, |c| (b'0'..=b'7').contains(c)),
        Some(b'b') => return digits(2, |c| matches!(c, b'0' | b'1')),
        _ => {}
    }
    let mut i = digits(0, u8::is_ascii_digit);
    if b.get(i) == Some(&b'.') {
        i = digits(i + 1, u8::is_ascii_digit);
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(i + 1), Some(b'+' | b'-')));
        if b.get(i + 1 + sign).is_some_and(u8::is_ascii_digit) {
            i = digits(i + 1 + sign, u8::is_ascii_digit);
        }
    }
    i + usize::from(matches!(b.get(i), Some(b'j' | b'J')))
}
