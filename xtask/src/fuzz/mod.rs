//! `cargo x fuzz`: random programs run on CPython 3.14 and on Typhon; what they print
//! must be the same.
//!
//! A program is a list of checks, each printed on a line with its number, so that a
//! difference shows its expression at once. A seed makes the same program again.
//! Findings become snippets in tests/lang.

mod methods;
mod modules;
mod rng;
mod source;
mod statements;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::tools::{Args, Done, cores, interpreter, peer, progress};
use rng::Rng;

const PRELUDE: &str = include_str!("prelude.py");
const CHECKS: usize = 150;
const FUNCTIONS: usize = 12;
const LIMIT: Duration = Duration::from_secs(60);

struct Program {
    source: String,
    /// What each check is, by number.
    checks: BTreeMap<usize, String>,
}

pub fn fuzz(mut args: Args) -> Done {
    let first = args.number("--seed", 0)?;
    let jobs = args.number("-j", cores() as u64)? as usize;
    let most = args.number("--show", 40)? as usize;
    let print = args.flag("--print");
    let sources = match (args.flag("--source"), args.flag("--messages")) {
        (false, false) => None,
        (_, messages) => Some((source::corpus(), messages)),
    };
    let ours = if print { PathBuf::new() } else { interpreter(&mut args)? };
    let words = args.rest()?;
    let seconds = words.first().map_or(Ok(60), |word| word.parse().map_err(|_| "usage: cargo x fuzz [SECONDS]"))?;
    if print {
        println!("{}", program(first, false).source);
        return Ok(());
    }
    let theirs = peer("python3.14")?;
    let (next, start) = (AtomicU64::new(first), Instant::now());
    let (found, runs) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    let bar = progress(seconds as usize);
    let folder = std::env::temp_dir().join(format!("typhon-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while start.elapsed().as_secs() < seconds {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let different = match &sources {
                        None => compare(&ours, &theirs, seed, &folder),
                        Some((corpus, messages)) => compare_sources(&ours, &theirs, seed, &folder, corpus, *messages),
                    };
                    runs.fetch_add(1, Ordering::Relaxed);
                    bar.set_position(start.elapsed().as_secs());
                    found.lock().expect("no thread panics").extend(different);
                }
            });
        }
    });
    bar.finish_and_clear();
    let _ = std::fs::remove_dir_all(&folder);
    let found = found.into_inner().expect("no thread panics");
    for text in found.iter().take(most) {
        println!("{text}");
    }
    println!("{} programs, {} differences", runs.into_inner(), found.len());
    if found.is_empty() { Ok(()) } else { Err("not the same everywhere".to_owned()) }
}

/// The program of a seed; `turned`: with the items of sets in the other order.
fn program(seed: u64, turned: bool) -> Program {
    let mut rng = Rng::new(seed);
    rng.turned = turned;
    let mut source = PRELUDE.to_owned();
    let mut checks = BTreeMap::new();
    for n in 0..CHECKS {
        let text = match rng.below(10) {
            0 => methods::formatting(&mut rng, 1),
            1..=3 => methods::call(&mut rng, 1),
            4 => methods::function(&mut rng, 1),
            5 | 6 => modules::call(&mut rng, 1),
            _ => values::any(&mut rng, 2),
        };
        source += &format!("check({n}, {})\n", quoted(&text));
        checks.insert(n, text);
    }
    for n in CHECKS..CHECKS + FUNCTIONS {
        let name = format!("f{n}");
        let text = statements::function(&mut rng, &name);
        let (kind, other) = (rng.pick(values::KINDS), rng.pick(values::KINDS));
        let (a, b) = (values::literal(&mut rng, kind, 1), values::literal(&mut rng, other, 1));
        source += &format!("check({n}, {}, {})\n", quoted(&format!("{name}({a}, {b})")), quoted(&text));
        checks.insert(n, format!("{name}({a}, {b})\n{text}"));
    }
    Program { source, checks }
}

/// Likewise of a batch of sources that are only compiled.
fn compare_sources(
    ours: &Path,
    theirs: &Path,
    seed: u64,
    folder: &Path,
    corpus: &[String],
    messages: bool,
) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let sources: Vec<String> = (0..source::BATCH).map(|_| source::damaged(&mut rng, corpus)).collect();
    let (driver, data) = (folder.join(format!("{seed}.py")), folder.join(format!("{seed}.txt")));
    let written =
        std::fs::write(&driver, source::DRIVER).and_then(|()| std::fs::write(&data, sources.join("\n\x01\n")));
    if let Err(error) = written {
        return vec![format!("{}: {error}", data.display())];
    }
    let kind = if messages { "messages" } else { "results" };
    let both = outputs(ours, theirs, &driver, &[&data.display().to_string(), kind]);
    let _ = (std::fs::remove_file(&driver), std::fs::remove_file(&data));
    let (expected, got) = match both {
        Ok(both) => both,
        Err(problem) => return vec![format!("seed {seed}: {problem}")],
    };
    let nothing = String::from("(nothing)");
    (0..sources.len())
        .filter(|n| expected.get(n) != got.get(n))
        .map(|n| {
            let (e, g) = (expected.get(&n).unwrap_or(&nothing), got.get(&n).unwrap_or(&nothing));
            format!("seed {seed} source {n}: {:?}\n  expected {e}\n  got      {g}", sources[n])
        })
        .collect()
}

type Lines = BTreeMap<usize, String>;

/// What CPython and Typhon print for a program, by the number at each line's start.
fn outputs(ours: &Path, theirs: &Path, file: &Path, words: &[&str]) -> Result<(Lines, Lines), String> {
    let expected = output(theirs, file, words).map_err(|problem| format!("CPython: {problem}"))?;
    let got = output(ours, file, words)?;
    Ok((by_number(&expected), by_number(&got)))
}

/// As a Python literal. What the program checks it compiles itself, so that a syntax
/// error is a result like others.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

/// The differences of one program, as texts to read.
fn compare(ours: &Path, theirs: &Path, seed: u64, folder: &Path) -> Vec<String> {
    let program = program(seed, false);
    let file = folder.join(format!("{seed}.py"));
    if let Err(error) = std::fs::write(&file, &program.source) {
        return vec![format!("{}: {error}", file.display())];
    }
    let both = outputs(ours, theirs, &file, &[]);
    let _ = std::fs::remove_file(&file);
    let (expected, got) = match both {
        Ok(both) => both,
        // The peer is not what is tested.
        Err(problem) if problem.starts_with("CPython: still") => return Vec::new(),
        Err(problem) => return vec![format!("seed {seed}: {problem}")],
    };
    let nothing = String::from("(nothing)");
    let different: Vec<_> = program
        .checks
        .iter()
        .filter(|(n, text)| match (expected.get(n), got.get(n)) {
            (Some(a), Some(b)) => a != b && !(text.contains(['{', 's']) && letters(a) == letters(b)),
            (a, b) => a != b,
        })
        .collect();
    // What depends on the order of sets, which is not CPython's, is different when their
    // items are given in another one.
    let turned = match different.is_empty() {
        true => Lines::new(),
        false => turned_output(ours, seed, &file),
    };
    different
        .into_iter()
        .filter(|(n, _)| turned.get(n).is_none_or(|other| Some(other) == got.get(n)))
        .map(|(n, text)| {
            let (e, g) = (expected.get(n).unwrap_or(&nothing), got.get(n).unwrap_or(&nothing));
            format!("seed {seed} check {n}: {text}\n  expected {e}\n  got      {g}")
        })
        .collect()
}

/// What we print for the program with its sets turned round.
fn turned_output(ours: &Path, seed: u64, file: &Path) -> Lines {
    let written = std::fs::write(file, program(seed, true).source);
    let lines = written.ok().and_then(|()| output(ours, file, &[]).ok()).map(|text| by_number(&text));
    let _ = std::fs::remove_file(file);
    lines.unwrap_or_default()
}

/// A set may have another order: then the same letters are printed.
fn letters(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

fn by_number(text: &str) -> Lines {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.filter_map(|(n, rest)| Some((n.parse().ok()?, without_addresses(rest)))).collect()
}

/// The addresses of objects are everybody's own.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split(" at 0x");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        out += " at 0x";
        out += part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    out
}

/// What a program prints; a crash, a hang or an uncaught error is an `Err`.
fn output(python: &Path, file: &Path, words: &[&str]) -> Result<String, String> {
    let mut child = Command::new(python)
        .args(["-X", "utf8"])
        .arg(file)
        .args(words)
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", python.display()))?;
    let out = read(child.stdout.take().expect("piped"));
    let err = read(child.stderr.take().expect("piped"));
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > LIMIT => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("still running".to_owned());
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    match status.success() {
        true => Ok(out),
        false => Err(format!("{status}\n{}", err.lines().rev().take(5).collect::<Vec<_>>().join("\n"))),
    }
}

fn read(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
