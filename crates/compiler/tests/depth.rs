//! Deeply nested sources give errors or compile; none overflows the stack.

use typhon_compiler::{ErrKind, Options, compile};

fn run(source: String) -> Option<ErrKind> {
    compile(&source, "<deep>", &Options::default()).err().map(|e| e.kind)
}

#[test]
fn deep_sources_are_survived() {
    let n = 100_000;
    assert_eq!(run("(".repeat(n)), Some(ErrKind::Syntax));
    assert_eq!(run("[".repeat(n) + &"]".repeat(n)), Some(ErrKind::Syntax));
    assert_eq!(run("-".repeat(n) + "1"), Some(ErrKind::Recursion));
    assert_eq!(run("not ".repeat(n) + "1"), Some(ErrKind::Recursion));
    assert_eq!(run("lambda:".repeat(n) + "1"), Some(ErrKind::Recursion));
    assert_eq!(run(format!("x = a{}", "+a".repeat(n))), Some(ErrKind::Recursion));
    assert_eq!(run(format!("x = a{}", ".a".repeat(n))), Some(ErrKind::Recursion));
    assert_eq!(run(format!("x = a{}", "()".repeat(n))), Some(ErrKind::Recursion));
    assert_eq!(run(format!("x = a{}", "**a".repeat(n))), Some(ErrKind::Recursion));
    assert_eq!(run(format!("x = {}1", "a if b else ".repeat(n))), Some(ErrKind::Recursion));
    let ifs: String = (0..150).map(|i| format!("{}if x:\n", " ".repeat(i))).collect();
    assert_eq!(run(ifs), Some(ErrKind::Indentation));
    // What is just within the limits compiles.
    assert_eq!(run(format!("x = a{}", "+a".repeat(5000))), None);
    assert_eq!(run(format!("x = a{}", ".a".repeat(5000))), None);
    assert_eq!(run(format!("x = a{}", "(1)".repeat(1000))), None);
    assert_eq!(run("-".repeat(5000) + "x"), None);
    assert_eq!(run("lambda:".repeat(1000) + "1"), None);
    assert_eq!(run("(".repeat(200) + "x" + &")".repeat(200)), None);
    assert_eq!(run(format!("if x: pass\n{}", "elif y: pass\n".repeat(20_000))), None);
    assert_eq!(run(format!("x = [{}]", "1,".repeat(200_000))), None);
    assert_eq!(run(format!("x = {{{}}}", "a:b,".repeat(50_000))), None);
    assert_eq!(run(format!("f({})", "a,".repeat(50_000))), None);
}

#[test]
fn far_jumps_reach() {
    let body = "  a(b)\n".repeat(20_000);
    let source = format!("def f(x):\n for i in x:\n{body} while x < 3:\n{body} if x == 1:\n{body} return 1\n");
    let c = compile(&source, "<far>", &Options::default()).expect("compiles");
    typhon_bytecode::verify(&c.code).expect("verifies");
}
