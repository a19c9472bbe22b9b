//! `cargo x diff`: one program, two interpreters; `cargo x dis`: its bytecode.

use std::path::Path;
use std::process::{Command, Output};

use crate::tools::{Args, Done, build_release, peer, run};

const WIDTH: usize = 60;

pub fn diff(args: Args) -> Done {
    let words = args.rest_verbatim();
    if words.is_empty() {
        return Err("usage: cargo x diff FILE [ARG..]".into());
    }
    let cpython = output(&peer("python3.14")?, &words)?;
    let typhon = output(&build_release()?, &words)?;
    println!("  {:<WIDTH$} | Typhon", "CPython 3.14");
    let mut same = true;
    for (title, left, right) in
        [("standard output", &cpython.stdout, &typhon.stdout), ("standard error", &cpython.stderr, &typhon.stderr)]
    {
        println!("-- {title}");
        same &= columns(left, right);
    }
    println!("-- {} | {}", cpython.status, typhon.status);
    same &= cpython.status == typhon.status;
    if same { Ok(()) } else { Err("they differ".into()) }
}

fn output(python: &Path, words: &[String]) -> Result<Output, String> {
    let result = Command::new(python).args(words).env("NO_COLOR", "1").output();
    result.map_err(|error| format!("{}: {error}", python.display()))
}

/// Prints two texts beside each other; marks and reports lines that differ.
fn columns(left: &[u8], right: &[u8]) -> bool {
    let (left, right) = (String::from_utf8_lossy(left), String::from_utf8_lossy(right));
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    for at in 0..left.len().max(right.len()) {
        let (a, b) = (left.get(at), right.get(at));
        let mark = if a == b { ' ' } else { '*' };
        let a: String = a.unwrap_or(&"").chars().take(WIDTH).collect();
        println!("{mark} {a:<WIDTH$} | {}", b.unwrap_or(&""));
    }
    left == right
}

pub fn dis(args: Args) -> Done {
    let words = args.rest_verbatim();
    if words.is_empty() {
        return Err("usage: cargo x dis FILE".into());
    }
    let typhon = build_release()?;
    run(Command::new(typhon).args(["-m", "dis"]).args(words))
}
