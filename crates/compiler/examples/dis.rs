//! Print the disassembly of a file, or its syntax error.

fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let source = std::fs::read(&path).expect("a readable file");
    match typhon_compiler::compile_bytes(&source, &path, &Default::default()) {
        Ok(c) => {
            print!("{}", typhon_bytecode::dis_all(&c.code));
            if let Err(e) = typhon_bytecode::verify(&c.code) {
                println!("VERIFY: {e}");
            }
            for w in c.warnings {
                println!("warning {}:{}: {}", w.line, w.col, w.msg);
            }
        }
        Err(e) => println!("{:?}: {e:?}", e.kind),
    }
}
