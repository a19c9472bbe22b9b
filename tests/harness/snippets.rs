//! Reads and runs `tests/lang/*.md`: prose with Python snippets and what they
//! print. Shared by the test target of `crates/typhon` and by `cargo x lang`.
//!
//! A snippet is a fenced `python` block. After it may stand an `output` block,
//! its standard output, and an `error` block, the last line of standard error;
//! with an `error` block the exit code must not be 0, without one it must be.
//! `python wrong="reason"` marks what Typhon is known to get wrong: there it must
//! still be wrong, so the mark goes away with the bug. `python own` marks what CPython
//! does not have; the expected output is written by hand.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One snippet of a file.
pub struct Snippet {
    /// Line of the opening fence, from 1.
    pub line: usize,
    /// Line after the snippet and the blocks that belong to it, from 1.
    pub end: usize,
    pub code: String,
    pub output: String,
    pub error: Option<String>,
    pub wrong: Option<String>,
    pub own: bool,
}

/// What a run of a snippet gave.
#[derive(PartialEq)]
pub struct Outcome {
    pub output: String,
    pub error: Option<String>,
}

impl Snippet {
    pub fn expected(&self) -> Outcome {
        Outcome { output: self.output.clone(), error: self.error.clone() }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.output.lines() {
            writeln!(f, "    | {line}")?;
        }
        match &self.error {
            Some(error) => writeln!(f, "    ! {error}"),
            None => Ok(()),
        }
    }
}

/// The snippets of a file, in order.
pub fn parse(text: &str) -> Result<Vec<Snippet>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut snippets: Vec<Snippet> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(info) = lines[at].strip_prefix("```") else {
            at += 1;
            continue;
        };
        let open = at;
        let length = lines[open + 1..].iter().position(|line| *line == "```");
        let close = open + 1 + length.ok_or(format!("line {}: the block never ends", open + 1))?;
        let mut body = lines[open + 1..close].join("\n");
        if close > open + 1 {
            body.push('\n');
        }
        at = close + 1;
        let (kind, mark) = info.split_once(' ').unwrap_or((info, ""));
        match (kind, snippets.last_mut()) {
            ("python", _) => snippets.push(Snippet {
                line: open + 1,
                end: at + 1,
                code: body,
                output: String::new(),
                error: None,
                wrong: mark.strip_prefix("wrong=\"").and_then(|rest| rest.strip_suffix('"')).map(str::to_owned),
                own: mark == "own",
            }),
            ("output", Some(snippet)) => (snippet.output, snippet.end) = (body, at + 1),
            ("error", Some(snippet)) => {
                (snippet.error, snippet.end) = (Some(body.trim_end().to_owned()), at + 1);
            }
            _ => return Err(format!("line {}: unknown block {info:?}", open + 1)),
        }
    }
    Ok(snippets)
}

/// Runs a snippet; an `Err` is a crash or a hang.
pub fn run(python: &Path, code: &str, limit: Duration) -> Result<Outcome, String> {
    let mut child = Command::new(python)
        .args(["-X", "utf8", "-c", code])
        .env("PYTHONHASHSEED", "0")
        .env("NO_COLOR", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", python.display()))?;
    let mut stdout = child.stdout.take().expect("piped");
    let mut stderr = child.stderr.take().expect("piped");
    let read_out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let read_err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes)
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("still running after {} s", limit.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let text = |bytes: std::thread::Result<std::io::Result<Vec<u8>>>| {
        String::from_utf8_lossy(&bytes.ok().and_then(Result::ok).unwrap_or_default()).into_owned()
    };
    let output = text(read_out.join());
    let errors = text(read_err.join());
    match status.code() {
        Some(0) => Ok(Outcome { output, error: None }),
        Some(_) => {
            let last = errors.lines().rev().find(|line| !line.trim().is_empty());
            Ok(Outcome { output, error: Some(last.unwrap_or_default().to_owned()) })
        }
        None => Err(format!("{status}\n{errors}")),
    }
}

/// Runs all snippets of a file; returns one report for each that is not right.
pub fn check_file(python: &Path, file: &Path, marks: bool) -> Vec<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let snippets = match parse(&text) {
        Ok(snippets) => snippets,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let limit = match std::env::var("TYPHON_GC_STRESS") {
        Ok(_) => Duration::from_secs(600),
        Err(_) => Duration::from_secs(60),
    };
    let mut reports = Vec::new();
    for snippet in snippets.into_iter().filter(|snippet| marks || !snippet.own) {
        let place = format!("tests/lang/{name}:{}", snippet.line);
        let expected = snippet.expected();
        match (run(python, &snippet.code, limit), snippet.wrong.as_ref().filter(|_| marks)) {
            (Ok(got), None) if got == expected => {}
            (Ok(got), Some(reason)) if got == expected => {
                reports.push(format!("{place}: right now; remove wrong={reason:?}"));
            }
            (_, Some(_)) => {}
            (Ok(got), None) => {
                reports.push(format!("{place}:\n  expected\n{expected}  got\n{got}"));
            }
            (Err(error), None) => reports.push(format!("{place}: {error}")),
        }
    }
    reports
}
