//! Packs the Python part of the standard library into the binary: every module
//! compiled to bytecode, with its source, behind one another in a blob, and a sorted
//! index.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use typhon_compiler::{Mode, Options, compile_bytes};

/// Folders that no program imports.
const SKIPPED: &[&str] =
    &["test", "tests", "idlelib", "turtledemo", "tkinter", "lib2to3", "__pycache__", "site-packages"];

fn collect(root: &Path, dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).expect("library folder").flatten().map(|e| e.path()).collect();
    entries.sort();
    for p in entries {
        let name = p.file_name().unwrap().to_string_lossy().into_owned();
        if p.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(root, &p, out);
            }
        } else if name.ends_with(".py") {
            out.push(p.strip_prefix(root).unwrap().to_path_buf());
        }
    }
}

fn main() {
    // The loader would have to relocate 30,000 pointers of our tables before anything runs: a
    // twentieth of the time and of the memory of `-c pass`.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
    let root = PathBuf::from(rustpython_pylib::LIB_PATH);
    println!("cargo:rerun-if-changed={}", root.display());
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    // Our own modules, which replace or complete the library's.
    let overlay = PathBuf::from("lib");
    println!("cargo:rerun-if-changed=lib");
    println!("cargo:rerun-if-changed=added");
    let mut ours = Vec::new();
    collect(&overlay, &overlay, &mut ours);
    files.retain(|f| !ours.contains(f));
    let all = files.into_iter().map(|f| (&root, f)).chain(ours.into_iter().map(|f| (&overlay, f)));
    let mut blob = Vec::new();
    let mut rows = Vec::new();
    for (root, f) in all {
        let mut source = std::fs::read(root.join(&f)).expect("library file");
        // Where installed packages are looked for.
        if ["site.py", "sysconfig/__init__.py"].contains(&f.to_string_lossy().as_ref()) {
            let text = String::from_utf8(source).expect("a library file is UTF-8");
            source = text.replace("'RustPython'", "'Typhon'").replace("/lib/rustpython", "/lib/typhon").into_bytes();
        }
        // What a module has besides: names of later versions.
        let added = PathBuf::from("added").join(&f);
        if added.exists() {
            source.extend(std::fs::read(added).expect("added source"));
        }
        let path = f.to_string_lossy().replace('\\', "/");
        let options = Options { mode: Mode::Exec, ..Options::default() };
        // Frames with such names are left out of tracebacks of imports.
        let shown = match path.as_str() {
            "importlib/_bootstrap.py" => "<frozen importlib._bootstrap>".to_string(),
            "importlib/_bootstrap_external.py" => "<frozen importlib._bootstrap_external>".to_string(),
            "_packed_library.py" => "<frozen importlib._packed>".to_string(),
            _ => format!("/typhon/lib/{path}"),
        };
        let compiled = match compile_bytes(&source, &shown, &options) {
            Ok(c) => c,
            Err(e) => {
                println!("cargo:warning=not packed: {path}: {}", e.msg);
                continue;
            }
        };
        let stem = path.trim_end_matches(".py");
        let (module, package) = match stem.strip_suffix("/__init__") {
            Some(p) => (p, true),
            None => (stem, false),
        };
        let code = typhon_bytecode::store(&compiled.code);
        // The runtime relies on it (`load_verified`).
        typhon_bytecode::load(&code).unwrap_or_else(|e| panic!("{path}: {e}"));
        let text = miniz_oxide::deflate::compress_to_vec(&source, 6);
        rows.push((module.replace('/', "."), package, path, blob.len(), code.len(), text.len()));
        blob.extend_from_slice(&code);
        blob.extend_from_slice(&text);
    }
    rows.sort();
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap());
    std::fs::write(out.join("library.bin"), &blob).expect("write the blob");
    let mut index = String::from("&[\n");
    for (module, package, path, start, code, text) in rows {
        writeln!(index, "({module:?}, {package}, {path:?}, {start}, {code}, {text}),").unwrap();
    }
    index.push(']');
    std::fs::write(out.join("library.rs"), index).expect("write the index");
}
