//! `cargo x tidy`: what the style page can leave to a program. Layers, file
//! lengths, file headers, where `unsafe` may stand, words that must not.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{Args, Done, files_below, root};

/// Each crate's layer. A crate uses crates of lower layers, never its siblings.
const LAYERS: &[(&str, u32)] = &[
    ("text", 0),
    ("bytecode", 0),
    ("sync", 0),
    ("ffi", 0),
    ("macros", 0),
    ("syntax", 1),
    ("gc", 1),
    ("race", 1),
    ("compiler", 2),
    ("object", 2),
    ("builtins", 3),
    ("vm", 4),
    ("stdlib", 4),
    ("jit", 5),
    ("typhon", 6),
];

/// Not every lower layer: the front end and the runtime meet only in `bytecode`,
/// so that neither waits for the other when it is compiled.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("syntax", &["sync", "macros"]),
    ("compiler", &["gc", "race", "sync", "macros"]),
    ("gc", &["text", "bytecode", "macros"]),
    ("race", &["text", "bytecode", "macros"]),
    ("object", &["syntax"]),
    ("builtins", &["syntax", "compiler"]),
    ("vm", &["syntax", "compiler"]),
    ("stdlib", &["syntax", "compiler"]),
    ("jit", &["syntax", "compiler"]),
];

/// Longest file, and the length from which a file is worth a thought.
const LONGEST: usize = 1500;
const LONG: usize = 800;

/// Generated tables and data, which nobody reads from top to bottom.
const LENGTH_EXCEPTIONS: &[&str] = &["crates/text/src/unicode/tables.rs"];

/// Crates in which `unsafe` may stand; everywhere else the word may not appear.
const UNSAFE_CRATES: &[&str] = &["sync", "ffi", "gc", "object", "vm", "jit"];

/// Single files elsewhere, with the reason.
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("crates/stdlib/src/ctypes/raw.rs", "addresses that Python code answers for"),
    ("crates/stdlib/src/sys.rs", "system calls"),
    ("crates/stdlib/src/sys/conf.rs", "system calls"),
    ("crates/stdlib/src/sys/ids.rs", "system calls"),
    ("crates/stdlib/src/sys/limits.rs", "system calls"),
    ("crates/stdlib/src/sys/mapping.rs", "mapped memory"),
    ("crates/stdlib/src/sys/poll.rs", "system calls"),
    ("crates/stdlib/src/sys/posix_spawn.rs", "the C library's routine"),
    ("crates/stdlib/src/sys/sched.rs", "system calls"),
    ("crates/stdlib/src/sys/semaphore.rs", "semaphores and shared memory of the system"),
    ("crates/stdlib/src/sys/socket.rs", "system calls, the resolver"),
    ("crates/stdlib/src/sys/spawn.rs", "between fork and exec"),
    ("crates/stdlib/src/sys/terminal.rs", "system calls"),
    ("crates/stdlib/src/sys/transfer.rs", "system calls"),
    ("crates/stdlib/src/sys/xattr.rs", "system calls"),
    ("crates/stdlib/src/sys/zlib.rs", "the library's C interface"),
];

/// Leftovers that must not be committed.
const WORDS: &[(&str, &str)] = &[
    ("dbg!(", "a debugging print"),
    ("todo!(", "raise NotImplementedError, or use bug!"),
    ("unimplemented!(", "raise NotImplementedError, or use bug!"),
    ("/root/", "a path of one machine"),
    ("/home/", "a path of one machine"),
    ("zelf", "`self` or `this`"),
];

struct Report {
    problems: Vec<String>,
    warnings: Vec<String>,
}

pub fn tidy(args: Args) -> Done {
    args.rest()?;
    let mut report = Report { problems: Vec::new(), warnings: Vec::new() };
    layers(&mut report)?;
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md"));
    let architecture = architecture.map_err(|error| format!("ARCHITECTURE.md: {error}"))?;
    let mut sources = files_below(&root().join("crates"), &[".rs"]);
    sources.extend(files_below(&root().join("xtask"), &[".rs"]));
    sources.extend(files_below(&root().join("tests"), &[".rs"]));
    for file in &sources {
        source(file, &architecture, &mut report)?;
    }
    tracked(&mut report)?;
    report.warnings.iter().for_each(|warning| println!("note: {warning}"));
    report.problems.iter().for_each(|problem| println!("{problem}"));
    let files = sources.len();
    match report.problems.len() {
        0 => {
            println!("tidy: {files} source files, nothing to complain about");
            Ok(())
        }
        count => Err(format!("tidy: {count} problems in {files} source files")),
    }
}

fn layer(name: &str) -> Option<u32> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

/// The crates' dependencies on one another, development dependencies excepted.
fn layers(report: &mut Report) -> Done {
    let folders = std::fs::read_dir(root().join("crates")).map_err(|error| error.to_string())?;
    for folder in folders.flatten().map(|entry| entry.path()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
        let manifest = manifest.map_err(|error| format!("{name}: {error}"))?;
        let Some(own) = layer(&name) else {
            report.problems.push(format!("crates/{name}: no layer; see xtask/src/tidy.rs"));
            continue;
        };
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let Some(used) = line.strip_prefix("typhon-") else {
                continue;
            };
            if section.contains("dev-dependencies") {
                continue;
            }
            let end = used.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
            let used = &used[..end.unwrap_or(used.len())];
            let refused = FORBIDDEN.iter().any(|(user, list)| *user == name && list.contains(&used));
            if refused || layer(used).is_none_or(|layer| layer >= own) {
                report.problems.push(format!("crates/{name}/Cargo.toml: must not use {used}"));
            }
        }
    }
    Ok(())
}

/// One Rust file: length, header, `unsafe`.
fn source(file: &Path, architecture: &str, report: &mut Report) -> Done {
    let shown = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    let length = text.lines().count();
    invariants(&text, &shown, architecture, report);
    if !LENGTH_EXCEPTIONS.contains(&shown.as_str()) {
        if length > LONGEST {
            report.problems.push(format!("{shown}: {length} lines; at most {LONGEST}"));
        } else if length > LONG {
            report.warnings.push(format!("{shown}: {length} lines; more than {LONG}"));
        }
    }
    if !text.starts_with("//!") {
        report.problems.push(format!("{shown}:1: begin with `//!`: what the file owns"));
    }
    let allowed = UNSAFE_CRATES.iter().any(|name| shown.starts_with(&format!("crates/{name}/")))
        || UNSAFE_FILES.iter().any(|(name, _)| *name == shown);
    if !allowed {
        for (at, line) in text.lines().enumerate() {
            if has_unsafe(line) {
                report.problems.push(format!("{shown}:{}: unsafe does not belong here", at + 1));
            }
        }
    }
    Ok(())
}

/// Is `unsafe` a word of this line's code, comments and quoted text left out?
fn has_unsafe(line: &str) -> bool {
    let mut code = line.split("//").next().unwrap_or_default();
    while let Some(at) = code.find("unsafe") {
        let before = &code[..at];
        let after = code[at + 6..].chars().next();
        let quoted = before.matches('"').count() % 2 == 1 || before.matches('`').count() % 2 == 1;
        let starts = before.chars().last().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let ends = after.is_none_or(|c| c == ' ' || c == '{' || c == '(');
        if starts && ends && !quoted {
            return true;
        }
        code = &code[at + 6..];
    }
    false
}

/// Prefixes of the numbered invariants, which ARCHITECTURE.md lists.
const INVARIANTS: &[&str] = &[
    "VAL", "INT", "STR", "LIST", "DICT", "SHAPE", "TYPE", "CX", "LOCK", "VM", "CODE", "GEN", "GC", "SYNC", "SP", "PARK",
];

/// Every invariant that a source file cites must be one that readers can look up.
fn invariants(text: &str, shown: &str, listed: &str, report: &mut Report) {
    for (at, line) in text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        for word in words {
            let Some((prefix, number)) = word.split_once('-') else {
                continue;
            };
            let number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            let known = |line: &str| line.split([' ', ',', ':']).any(|part| part == word);
            if number && INVARIANTS.contains(&prefix) && !listed.lines().any(known) {
                let place = format!("{shown}:{}", at + 1);
                report.problems.push(format!("{place}: {word} is not in ARCHITECTURE.md"));
            }
        }
    }
}

/// Words that no file of the repository may contain.
fn tracked(report: &mut Report) -> Done {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git: {error}"))?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in list.split('\0').filter(|name| !name.is_empty()) {
        if name == "xtask/src/tidy.rs" || name.starts_with("LICENSE") || name == "Cargo.lock" {
            continue;
        }
        let file: PathBuf = root().join(name);
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            for (word, why) in WORDS {
                if line.contains(word) {
                    report.problems.push(format!("{name}:{}: {word:?}: {why}", at + 1));
                }
            }
        }
    }
    Ok(())
}
