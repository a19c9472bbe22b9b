//! `cargo x lang`: the snippets of `tests/lang`, against any interpreter.

#[path = "../../tests/harness/snippets.rs"]
mod snippets;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::tools::{Args, Done, cores, interpreter, parallel, peer, progress, root};

/// The files of `tests/lang` of these `names` (`int`, `int.md` or a path), or all.
pub fn files(names: &[String]) -> Result<Vec<PathBuf>, String> {
    let mut files: Vec<PathBuf> = crate::tools::files_below(&root().join("tests/lang"), &[".md"]);
    if !names.is_empty() {
        files.retain(|file| {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            names.iter().any(|name| Path::new(name).file_stem().is_some_and(|name| name == &*stem))
        });
    }
    if files.is_empty() { Err(format!("no file in tests/lang is called {names:?}")) } else { Ok(files) }
}

pub fn lang(mut args: Args) -> Done {
    let update = args.flag("--update");
    let cpython = args.flag("--check-cpython") || update;
    let python = if cpython { peer("python3.14")? } else { interpreter(&mut args)? };
    let files = files(&args.rest()?)?;
    if update {
        for file in &files {
            rewrite(&python, file)?;
        }
    }
    check(&python, &files, !cpython)
}

/// Runs the snippets of `files` and reports; `marks`: honour `wrong="..."`.
pub fn check(python: &Path, files: &[PathBuf], marks: bool) -> Done {
    let bar = progress(files.len());
    let reports = parallel(files, cores(), |file| {
        let reports = snippets::check_file(python, file, marks);
        bar.inc(1);
        reports
    });
    bar.finish_and_clear();
    let reports: Vec<String> = reports.into_iter().flatten().collect();
    for report in &reports {
        println!("{}", report.trim_end());
    }
    let wrong = reports.len();
    println!("{} files, {wrong} snippets not as expected", files.len());
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} snippets failed")) }
}

/// Writes what `python` says into the `output` and `error` blocks of a file.
fn rewrite(python: &Path, file: &Path) -> Done {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let place = |error| format!("{}: {error}", file.display());
    let lines: Vec<&str> = text.lines().collect();
    let mut new = String::new();
    let mut copied = 0;
    for snippet in snippets::parse(&text).map_err(place)?.into_iter().filter(|snippet| !snippet.own) {
        let code_end = snippet.line + snippet.code.lines().count() + 1;
        for line in &lines[copied..code_end] {
            new.push_str(line);
            new.push('\n');
        }
        let got = snippets::run(python, &snippet.code, Duration::from_secs(60)).map_err(place)?;
        if !got.output.is_empty() {
            let newline = if got.output.ends_with('\n') { "" } else { "\n" };
            new.push_str(&format!("\n```output\n{}{newline}```\n", got.output));
        }
        if let Some(error) = got.error {
            new.push_str(&format!("\n```error\n{error}\n```\n"));
        }
        copied = snippet.end - 1;
    }
    for line in &lines[copied..] {
        new.push_str(line);
        new.push('\n');
    }
    if new != text {
        std::fs::write(file, new).map_err(|error| error.to_string())?;
        println!("rewrote {}", file.display());
    }
    Ok(())
}
