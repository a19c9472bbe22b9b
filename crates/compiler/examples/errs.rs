//! Compile the sources given as NUL-separated text on standard input and print
//! one line per source: the error, or `ok`.

use std::io::Read;

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("UTF-8 input");
    for source in text.split('\0') {
        match typhon_compiler::compile(source, "<s>", &Default::default()) {
            Ok(_) => println!("ok"),
            Err(e) => {
                println!("{:?}|{}|{}|{}|{}|{}", e.kind, e.msg, e.line, e.col, e.end_line, e.end_col)
            }
        }
    }
}
