//! Print the signature of every code object of the files named on standard
//! input: names, counts, flags and variables, to compare with CPython's.

use typhon_bytecode::{Code, Const};

fn show(c: &Code) {
    let mut cells: Vec<&str> = c.cellvars.iter().map(|s| &**s).collect();
    cells.sort_unstable();
    cells.dedup();
    println!(
        "{}|{}|{}|{:#x}|{},{},{}|{}|{}|{:?}",
        c.qualname,
        c.name,
        c.first_line,
        c.flags,
        c.argcount,
        c.posonlyargcount,
        c.kwonlyargcount,
        c.freevars.join(","),
        cells.join(","),
        c.docstring().map(|d| match d {
            Const::Str(s) => s.len(),
            _ => 0,
        })
    );
    for k in &c.consts {
        if let Const::Code(c) = k {
            show(c);
        }
    }
}

fn main() {
    for path in std::io::stdin().lines().map_while(Result::ok) {
        println!("# {path}");
        let source = std::fs::read(&path).expect("a readable file");
        match typhon_compiler::compile_bytes(&source, &path, &Default::default()) {
            Ok(c) => show(&c.code),
            Err(e) => println!("error {e}"),
        }
    }
}
