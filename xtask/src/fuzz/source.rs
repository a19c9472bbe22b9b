//! `cargo x fuzz --source`: programs of this repository, damaged at random, are
//! compiled by both interpreters. Both must accept or both refuse, and neither crash;
//! with `--messages` the errors' texts and positions must be the same as well.

use super::rng::Rng;
use crate::tools::{files_below, root};

/// Sources in one process.
pub const BATCH: usize = 200;

/// Reads sources, each ended by a line of its own, and prints what compiling them gave.
pub const DRIVER: &str = r#"
import sys, warnings
warnings.simplefilter("ignore")
sources = open(sys.argv[1], encoding="utf-8", errors="surrogateescape", newline="").read().split("\n\x01\n")
messages = sys.argv[2] == "messages"
for n, source in enumerate(sources):
    try: compile(source, "s", "exec", dont_inherit=True)
    except SyntaxError as e:
        text = type(e).__name__
        if messages: text = f"{text}: {e.msg} {e.lineno}:{e.offset}-{e.end_lineno}:{e.end_offset}"
    except (ValueError, OverflowError, RecursionError, MemoryError) as e: text = type(e).__name__
    else: text = "accepted"
    print(n, ascii(text), flush=True)
"#;

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ";",
    "=",
    ":=",
    "->",
    "*",
    "**",
    ".",
    "...",
    "@",
    "!",
    "==",
    "\n",
    "\n    ",
    "\n\t",
    "\\\n",
    "\"",
    "'",
    "\"\"\"",
    "f'{",
    "}'",
    "f'{x!r:>{w}}'",
    "t'{x}'",
    "b'",
    "rb'",
    "0x",
    "0b2",
    "1_",
    "1__0",
    "0777",
    "1e",
    "1j",
    "1if",
    "if ",
    "else ",
    "elif x:",
    "for x in ",
    "while ",
    "def f(",
    "class C:",
    "return ",
    "yield ",
    "yield from ",
    "await ",
    "async ",
    "lambda ",
    "not ",
    "in ",
    "is ",
    "and ",
    "or ",
    "del ",
    "global x",
    "nonlocal x",
    "import ",
    "from ",
    "as ",
    "with ",
    "try:",
    "except:",
    "except* E:",
    "finally:",
    "raise ",
    "assert ",
    "pass",
    "break",
    "continue",
    "match x:",
    "case _:",
    "type X = ",
    "None",
    "True",
    "__debug__",
    "*x",
    "**k",
    "/",
    "é",
    "\u{a0}",
    "\u{200b}",
    "𝐱",
    "\0",
    "\x0c",
    "\r",
    "$",
    "?",
    "`",
    "#",
    "x",
    " ",
];

/// The Python in this repository: whole files and the snippets of the language tests.
pub fn corpus() -> Vec<String> {
    let mut found = Vec::new();
    for file in files_below(&root(), &[".py", ".md"]) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if file.extension().is_some_and(|e| e == "py") {
            found.push(text);
        } else {
            let blocks = text.split("```python").skip(1);
            found.extend(
                blocks.filter_map(|b| b.split("```").next()?.split_once('\n').map(|(_, code)| code.to_owned())),
            );
        }
    }
    found
}

/// One source with some damage.
pub fn damaged(rng: &mut Rng, corpus: &[String]) -> String {
    let text = &corpus[rng.below(corpus.len())];
    // A few lines of it: what follows the first error does not matter.
    let lines: Vec<&str> = text.lines().collect();
    let start = rng.below(lines.len().max(1));
    let end = (start + 1 + rng.below(12)).min(lines.len());
    let mut chars: Vec<char> = lines[start.min(end)..end].join("\n").chars().collect();
    for _ in 0..1 + rng.below(3) {
        let at = rng.below(chars.len() + 1);
        match rng.below(5) {
            0 if at < chars.len() => {
                let until = (at + 1 + rng.below(4)).min(chars.len());
                chars.drain(at..until);
            }
            1 if at < chars.len() => {
                let until = (at + 1 + rng.below(12)).min(chars.len());
                let piece: Vec<char> = chars[at..until].to_vec();
                let to = rng.below(chars.len() + 1);
                chars.splice(to..to, piece);
            }
            2 => chars.truncate(at),
            _ => {
                let piece = rng.pick(PIECES);
                chars.splice(at..at, piece.chars());
            }
        }
    }
    chars.retain(|c| *c != '\x01');
    chars.into_iter().collect()
}
