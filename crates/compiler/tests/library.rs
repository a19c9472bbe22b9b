//! The whole standard library compiles, verifies and survives serialisation.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use typhon_compiler::{Options, compile_bytes};

fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let p = e.path();
        if p.is_dir() {
            walk(&p, out);
        } else if p.extension().is_some_and(|e| e == "py") {
            out.push(p);
        }
    }
}

#[test]
fn compiles() {
    let mut files = Vec::new();
    walk(Path::new(rustpython_pylib::LIB_PATH), &mut files);
    if let Ok(extra) = std::env::var("TYPHON_COMPILE_DIR") {
        walk(Path::new(&extra), &mut files);
    }
    files.sort();
    let mut failed = Vec::new();
    let mut spent = Duration::ZERO;
    let mut bytes = 0;
    for f in &files {
        let name = f.to_string_lossy();
        // Files that CPython rejects, too.
        if ["bad_coding", "badsyntax", "/test_lib2to3/data", "bad_getattr"].iter().any(|b| name.contains(b)) {
            continue;
        }
        let source = std::fs::read(f).expect("a readable file");
        bytes += source.len();
        let start = Instant::now();
        let r = compile_bytes(&source, &name, &Options::default());
        spent += start.elapsed();
        match r {
            Err(e) => failed.push(format!("{name}: {e}")),
            Ok(c) => {
                if let Err(e) = typhon_bytecode::verify(&c.code) {
                    failed.push(format!("{name}: {e}"));
                }
                let stored = typhon_bytecode::store(&c.code);
                let back = typhon_bytecode::load(&stored).expect("what was stored loads");
                assert_eq!(stored, typhon_bytecode::store(&back), "{name}");
            }
        }
    }
    println!("{} files, {bytes} bytes in {spent:?}", files.len());
    assert!(failed.is_empty(), "{} failures:\n{}", failed.len(), failed.join("\n"));
}
