//! Source in, disassembly out. `UPDATE=1 cargo test` rewrites the expectations
//! in `tests/golden/*.txt`; each file holds the source, a line `---`, and the
//! text form of all code objects.

use typhon_compiler::{Options, compile};

#[test]
fn golden() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE").is_some();
    let mut failed = Vec::new();
    for e in std::fs::read_dir(dir).expect("the golden directory").flatten() {
        let path = e.path();
        let text = std::fs::read_to_string(&path).expect("a text file");
        let source = text.split("---\n").next().unwrap_or("");
        let got = match compile(source, "<golden>", &Options::default()) {
            Ok(c) => {
                typhon_bytecode::verify(&c.code).expect("verifies");
                typhon_bytecode::dis_all(&c.code)
            }
            Err(e) => format!("{e}\n"),
        };
        let want = format!("{source}---\n{got}");
        if update {
            std::fs::write(&path, want).expect("writable");
        } else if want != text {
            failed.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
