//! The tokens of Python source as the module `tokenize` shows them: with comments, line
//! ends that mean nothing, and every character's place.
//!
//! The compiler's lexer is another one: it wants a correct program, this one takes what it
//! is given and stops at the first thing that is no token at all.
//! Tests: tests/lang/tokenize.md; CPython test_tokenize.

/// The numbers of the module `token`.
pub const ENDMARKER: u8 = 0;
pub const NAME: u8 = 1;
pub const NUMBER: u8 = 2;
pub const STRING: u8 = 3;
pub const NEWLINE: u8 = 4;
pub const INDENT: u8 = 5;
pub const DEDENT: u8 = 6;
pub const OP: u8 = 55;
const FSTRING_START: u8 = 59;
const TSTRING_START: u8 = 62;
pub const COMMENT: u8 = 65;
pub const NL: u8 = 66;

/// A line from 1 and a column from 0, in characters.
pub type Place = (usize, usize);

/// One token.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: u8,
    pub text: (usize, usize),
    pub start: Place,
    pub end: Place,
}

/// Why there are no more tokens.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    pub line: usize,
    pub offset: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureKind {
    Syntax,
    Indentation,
    Tab,
}

/// All tokens up to the end or the failure.
pub struct Lexed {
    pub chars: Vec<char>,
    /// Where lines start, and where the last one ends.
    pub lines: Vec<usize>,
    pub tokens: Vec<Token>,
    pub failure: Option<Failure>,
}

impl Lexed {
    /// The number of the last line that has characters, from 1.
    pub fn last_line(&self) -> usize {
        self.lines.iter().filter(|start| **start < self.chars.len()).count().max(1)
    }
    /// The characters of the lines `from` to `to`, counted from 1.
    pub fn lines_of(&self, from: usize, to: usize) -> &[char] {
        let at = |line: usize| self.lines.get(line).copied().unwrap_or(self.chars.len());
        &self.chars[at(from - 1)..at(to)]
    }
}

type Step = Result<(), Failure>;

/// An f-string or t-string that is open.
struct Format {
    quote: char,
    /// One or three quotes.
    size: usize,
    raw: bool,
    /// Its kind of start token; those of the middle and the end follow.
    kind: u8,
    start: Place,
    /// For each open replacement field: the parentheses around it, itself included, and
    /// whether its format is reached.
    fields: Vec<(usize, bool)>,
}

impl Format {
    /// Whether text comes next, not an expression.
    fn in_text(&self) -> bool {
        self.fields.last().is_none_or(|f| f.1)
    }
    fn name(&self) -> &'static str {
        if self.kind == FSTRING_START { "f-string" } else { "t-string" }
    }
}

struct Lexer {
    out: Lexed,
    at: usize,
    row: usize,
    line_start: usize,
    /// Columns with tabs to 8, and with tabs as one.
    indents: Vec<(usize, usize)>,
    parens: usize,
    formats: Vec<Format>,
    /// Whether the line has had a token that is not a comment.
    has_code: bool,
    /// Whether a number may touch a name.
    lenient: bool,
}

/// Split `text` into tokens. What the compiler refuses is taken, where possible, if `lenient`.
pub fn lex(text: &str, lenient: bool) -> Lexed {
    let chars: Vec<char> = text.chars().collect();
    let mut lines = vec![0];
    lines.extend(chars.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(i, _)| i + 1));
    if lines.last() != Some(&chars.len()) {
        lines.push(chars.len());
    }
    let mut lexer = Lexer {
        out: Lexed { chars, lines, tokens: Vec::new(), failure: None },
        at: 0,
        row: 1,
        line_start: 0,
        indents: vec![(0, 0)],
        parens: 0,
        formats: Vec::new(),
        has_code: false,
        lenient,
    };
    if let Err(e) = lexer.run() {
        lexer.out.failure = Some(e);
    }
    lexer.out
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

impl Lexer {
    fn peek(&self, n: usize) -> char {
        self.out.chars.get(self.at + n).copied().unwrap_or('\0')
    }
    fn at_end(&self) -> bool {
        self.at >= self.out.chars.len()
    }
    fn place(&self) -> Place {
        (self.row, self.at - self.line_start)
    }
    fn looks_at(&self, quote: char, size: usize) -> bool {
        (0..size).all(|i| self.peek(i) == quote)
    }
    /// Go one character on, which may be the end of a line.
    fn step(&mut self) {
        self.at += 1;
        if self.out.chars[self.at - 1] == '\n' {
            self.row += 1;
            self.line_start = self.at;
        }
    }
    fn push(&mut self, kind: u8, from: usize, start: Place) {
        let end = self.place();
        self.out.tokens.push(Token { kind, text: (from, self.at), start, end });
    }
    /// A token of the next `n` characters, all on this line.
    fn take(&mut self, kind: u8, n: usize) {
        let (from, start) = (self.at, self.place());
        self.at += n;
        self.has_code = true;
        self.push(kind, from, start);
    }
    fn fail<T>(&self, (line, col): Place, message: impl Into<String>) -> Result<T, Failure> {
        Err(Failure { kind: FailureKind::Syntax, message: message.into(), line, offset: col })
    }

    fn run(&mut self) -> Step {
        let mut line_begins = true;
        while !self.at_end() {
            if line_begins && self.parens == 0 && self.formats.is_empty() {
                self.indentation()?;
            }
            line_begins = false;
            if self.formats.last().is_some_and(Format::in_text) {
                self.format_text()?;
                continue;
            }
            match self.peek(0) {
                ' ' | '\t' | '\x0c' => self.at += 1,
                '#' => self.comment(),
                '\r' if self.peek(1) == '\n' => line_begins = self.line_end(2),
                '\n' => line_begins = self.line_end(1),
                '\\' => self.continuation()?,
                _ if self.at_end() => {}
                _ => self.token()?,
            }
        }
        self.end()
    }

    fn comment(&mut self) {
        let (from, start) = (self.at, self.place());
        while !self.at_end() && self.peek(0) != '\n' && !(self.peek(0) == '\r' && self.peek(1) == '\n') {
            self.at += 1;
        }
        self.push(COMMENT, from, start);
    }

    /// The end of a line, of `n` characters.
    fn line_end(&mut self, n: usize) -> bool {
        let (from, start) = (self.at, self.place());
        let kind = if self.parens > 0 || !self.has_code { NL } else { NEWLINE };
        self.at += n;
        self.push(kind, from, start);
        if self.parens == 0 {
            self.has_code = false;
        }
        self.row += 1;
        self.line_start = self.at;
        true
    }

    fn continuation(&mut self) -> Step {
        let n = if self.peek(1) == '\r' && self.peek(2) == '\n' { 2 } else { 1 };
        if self.at + n >= self.out.chars.len() {
            let (row, col) = self.place();
            return self.fail((row, col + 2), "unexpected EOF in multi-line statement");
        }
        if self.peek(n) != '\n' {
            let (row, col) = self.place();
            return self.fail((row, col + 3), "unexpected character after line continuation character");
        }
        self.at += n;
        self.step();
        Ok(())
    }

    /// The indentation of a line that has code, and what it opens or closes.
    fn indentation(&mut self) -> Step {
        let (mut wide, mut narrow) = (0, 0);
        let mut from = self.at;
        // Where a line goes on in the next one, the first one's counts.
        let mut first = (0, 0);
        loop {
            match self.peek(0) {
                ' ' => (wide, narrow) = (wide + 1, narrow + 1),
                '\t' => (wide, narrow) = ((wide / 8 + 1) * 8, narrow + 1),
                '\x0c' => (wide, narrow) = (0, 0),
                '\\' if self.peek(1) == '\n' => {
                    first = if first.0 > 0 { first } else { (wide, narrow) };
                    (wide, narrow) = (0, 0);
                    self.at += 1;
                    self.step();
                    from = self.at;
                    continue;
                }
                _ => break,
            }
            self.at += 1;
        }
        if self.at_end() || matches!(self.peek(0), '#' | '\n' | '\\') || self.peek(0) == '\r' && self.peek(1) == '\n' {
            return Ok(());
        }
        if first.0 > 0 {
            (wide, narrow) = first;
        }
        let &(top, narrow_top) = self.indents.last().expect("the first level stays");
        if wide > top {
            if narrow <= narrow_top {
                return self.bad_indent(FailureKind::Tab);
            }
            if self.indents.len() >= 100 {
                let message = "too many levels of indentation".into();
                let offset = self.at - self.line_start + 1;
                return Err(Failure { kind: FailureKind::Indentation, message, line: self.row, offset });
            }
            self.indents.push((wide, narrow));
            self.push(INDENT, from, (self.row, 0));
            return Ok(());
        }
        if wide < top {
            if !self.indents.iter().any(|l| l.0 == wide) {
                return self.bad_indent(FailureKind::Indentation);
            }
            while self.indents.last().is_some_and(|l| l.0 > wide) {
                self.indents.pop();
                self.push(DEDENT, self.at, self.place());
            }
        }
        if self.indents.last().is_some_and(|l| l.1 != narrow) {
            return self.bad_indent(FailureKind::Tab);
        }
        Ok(())
    }

    fn bad_indent(&self, kind: FailureKind) -> Step {
        let message = match kind {
            FailureKind::Tab => "inconsistent use of tabs and spaces in indentation",
            _ => "unindent does not match any outer indentation level",
        };
        let text = self.out.lines_of(self.row, self.row);
        let offset = text.iter().filter(|c| !matches!(c, '\n' | '\r')).count() + 1;
        Err(Failure { kind, message: message.into(), line: self.row, offset })
    }

    fn end(&mut self) -> Step {
        if self.formats.last().is_some_and(Format::in_text) {
            return self.unterminated_format();
        }
        let open_line = self.at > self.line_start;
        if open_line {
            let (row, col) = self.place();
            let kind = if self.has_code && self.parens == 0 { NEWLINE } else { NL };
            let text = (self.at, self.at);
            self.out.tokens.push(Token { kind, text, start: (row, col), end: (row, col + 1) });
        }
        if self.parens > 0 {
            let rows = self.out.lines.len() - 1;
            return self.fail((rows, 0), "unexpected EOF in multi-line statement");
        }
        let last = (self.row + usize::from(open_line), 0);
        let text = (self.at, self.at);
        for _ in 1..self.indents.len() {
            self.out.tokens.push(Token { kind: DEDENT, text, start: last, end: last });
        }
        self.out.tokens.push(Token { kind: ENDMARKER, text, start: last, end: last });
        Ok(())
    }

    fn token(&mut self) -> Step {
        let c = self.peek(0);
        if is_name_start(c) {
            let n = (0..).take_while(|&n| is_name_part(self.peek(n))).count();
            if n <= 2 && matches!(self.peek(n), '"' | '\'') {
                let prefix: String = (0..n).map(|i| self.peek(i).to_ascii_lowercase()).collect();
                match prefix.as_str() {
                    "f" | "t" | "fr" | "rf" | "tr" | "rt" => {
                        self.open_format(&prefix);
                        return Ok(());
                    }
                    "b" | "r" | "u" | "br" | "rb" => return self.string(n),
                    _ => {}
                }
            }
            self.take(NAME, n);
            return Ok(());
        }
        match c {
            '"' | '\'' => self.string(0),
            '0'..='9' => self.number(),
            '.' if self.peek(1).is_ascii_digit() => self.number(),
            _ => {
                self.operator();
                Ok(())
            }
        }
    }

    fn string(&mut self, prefix: usize) -> Step {
        let (from, start) = (self.at, self.place());
        self.at += prefix;
        let quote = self.peek(0);
        let size = if self.looks_at(quote, 3) { 3 } else { 1 };
        self.at += size;
        loop {
            if self.at_end() || size == 1 && self.peek(0) == '\n' {
                let triple = if size == 3 { "triple-quoted " } else { "" };
                let rows = if size == 3 { self.out.lines.len() - 1 } else { self.row };
                let message = format!("unterminated {triple}string literal (detected at line {rows})");
                return self.fail((start.0, start.1 + 1), message);
            }
            if self.looks_at(quote, size) {
                self.at += size;
                break;
            }
            if self.peek(0) == '\\' {
                self.at += 1;
                if self.peek(0) == '\r' && self.peek(1) == '\n' {
                    self.at += 1;
                }
                if self.at_end() {
                    continue;
                }
            }
            self.step();
        }
        self.has_code = true;
        self.push(STRING, from, start);
        Ok(())
    }

    /// Digits with single underscores between them; how many characters.
    fn digits(&self, from: usize, radix: u32) -> usize {
        let mut n = from;
        while self.peek(n).is_digit(radix) || self.peek(n) == '_' && self.peek(n + 1).is_digit(radix) {
            n += 1;
        }
        n
    }

    fn number(&mut self) -> Step {
        let (row, col) = self.place();
        let radix = match self.peek(1) {
            _ if self.peek(0) != '0' => None,
            'x' | 'X' => Some((16, "hexadecimal")),
            'o' | 'O' => Some((8, "octal")),
            'b' | 'B' => Some((2, "binary")),
            _ => None,
        };
        let mut what = "decimal";
        let mut n;
        if let Some((radix, name)) = radix {
            what = name;
            let first = if self.peek(2) == '_' { 3 } else { 2 };
            n = self.digits(first, radix);
            if n == first {
                return self.fail((row, col + n), format!("invalid {name} literal"));
            }
            if self.peek(n).is_ascii_digit() {
                let message = format!("invalid digit '{}' in {name} literal", self.peek(n));
                return self.fail((row, col + n + 1), message);
            }
        } else {
            n = self.digits(0, 10);
            if self.peek(n) == '.' {
                n = if self.peek(n + 1).is_ascii_digit() { self.digits(n + 1, 10) } else { n + 1 };
            }
            if matches!(self.peek(n), 'e' | 'E') {
                let sign = usize::from(matches!(self.peek(n + 1), '+' | '-'));
                if self.peek(n + 1 + sign).is_ascii_digit() {
                    n = self.digits(n + 1 + sign, 10);
                }
            }
            if matches!(self.peek(n), 'j' | 'J') {
                what = "imaginary";
                n += 1;
            }
        }
        let touches = !self.lenient && is_name_part(self.peek(n)) && !self.keyword_follows(n);
        if touches || self.peek(n) == '_' {
            return self
                .fail((row, col + n.max(1) + usize::from(self.peek(n) == '_')), format!("invalid {what} literal"));
        }
        self.take(NUMBER, n);
        Ok(())
    }

    /// A number may touch a keyword that can follow it. `e` may begin one.
    fn keyword_follows(&self, n: usize) -> bool {
        const KEYWORDS: [&str; 8] = ["and", "else", "for", "if", "in", "is", "not", "or"];
        let begins = |word: &str| word.chars().enumerate().all(|(i, c)| self.peek(n + i) == c);
        KEYWORDS.iter().any(|word| begins(word)) || matches!(self.peek(n), 'e' | 'E')
    }

    fn operator(&mut self) {
        const LONG: [&str; 5] = ["**=", "//=", ">>=", "<<=", "..."];
        const PAIRS: [&str; 19] = [
            "!=", "%=", "&=", "**", "*=", "+=", "-=", "->", "//", "/=", ":=", "<<", "<=", "==", ">=", ">>", "@=", "^=",
            "|=",
        ];
        let is = |op: &&str| op.chars().enumerate().all(|(i, c)| self.peek(i) == c);
        let mut n = if LONG.iter().any(is) {
            3
        } else if PAIRS.iter().any(is) {
            2
        } else {
            1
        };
        let c = self.peek(0);
        let parens = self.parens;
        if let Some(f) = self.formats.last_mut()
            && let Some(field) = f.fields.last_mut()
            && field.0 == parens
        {
            match c {
                ':' => {
                    n = 1;
                    field.1 = true;
                }
                '}' => {
                    f.fields.pop();
                }
                _ => {}
            }
        }
        match c {
            '(' | '[' | '{' => self.parens += 1,
            ')' | ']' | '}' => self.parens = self.parens.saturating_sub(1),
            _ => {}
        }
        self.take(OP, n);
    }

    fn open_format(&mut self, prefix: &str) {
        let start = self.place();
        let n = prefix.len();
        let quote = self.peek(n);
        let size = if (0..3).all(|i| self.peek(n + i) == quote) { 3 } else { 1 };
        let kind = if prefix.contains('f') { FSTRING_START } else { TSTRING_START };
        self.take(kind, n + size);
        self.formats.push(Format { quote, size, raw: prefix.contains('r'), kind, start, fields: Vec::new() });
    }

    fn unterminated_format<T>(&self) -> Result<T, Failure> {
        let f = self.formats.last().expect("called inside of one");
        let triple = if f.size == 3 { "triple-quoted " } else { "" };
        let rows = if f.size == 3 { self.out.lines.len() - 1 } else { self.row };
        let message = format!("unterminated {triple}{} literal (detected at line {rows})", f.name());
        self.fail((f.start.0, f.start.1 + 1), message)
    }

    /// The text of an f-string up to its end or to a brace, and that.
    fn format_text(&mut self) -> Step {
        let (mut from, mut start) = (self.at, self.place());
        let f = self.formats.last().expect("called inside of one");
        let (quote, size, raw, kind, in_format) = (f.quote, f.size, f.raw, f.kind, !f.fields.is_empty());
        loop {
            if self.at_end() || size == 1 && self.peek(0) == '\n' {
                return self.unterminated_format();
            }
            if self.looks_at(quote, size) {
                self.middle(kind, from, start);
                self.take(kind + 2, size);
                if let Some(f) = self.formats.pop() {
                    // What is open in it is so for good.
                    debug_assert!(f.fields.len() <= self.parens);
                }
                return Ok(());
            }
            match self.peek(0) {
                '{' | '}' if !in_format && self.peek(1) == self.peek(0) => {
                    // The first of two stands for both.
                    self.at += 1;
                    self.middle(kind, from, start);
                    self.at += 1;
                    (from, start) = (self.at, self.place());
                }
                '{' => {
                    self.middle(kind, from, start);
                    self.parens += 1;
                    let parens = self.parens;
                    if let Some(f) = self.formats.last_mut() {
                        f.fields.push((parens, false));
                    }
                    self.take(OP, 1);
                    return Ok(());
                }
                '}' if in_format => {
                    // The text of a format is there even if it is empty.
                    self.push(kind + 1, from, start);
                    self.parens = self.parens.saturating_sub(1);
                    if let Some(f) = self.formats.last_mut() {
                        f.fields.pop();
                    }
                    self.take(OP, 1);
                    return Ok(());
                }
                '}' => {
                    let name = self.formats.last().map_or("", Format::name);
                    let (row, col) = self.place();
                    return self.fail((row, col + 1), format!("{name}: single '}}' is not allowed"));
                }
                '\\' => {
                    self.at += 1;
                    if !raw && self.peek(0) == 'N' && self.peek(1) == '{' {
                        while !self.at_end() && !matches!(self.peek(0), '}' | '\n') && self.peek(0) != quote {
                            self.at += 1;
                        }
                        if self.peek(0) == '}' {
                            self.at += 1;
                        }
                    } else if !self.at_end() && !matches!(self.peek(0), '{' | '}') {
                        self.step();
                    }
                }
                _ => self.step(),
            }
        }
    }

    fn middle(&mut self, kind: u8, from: usize, start: Place) {
        if self.at > from {
            self.push(kind + 1, from, start);
        }
    }
}
