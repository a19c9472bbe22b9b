//! `cargo x test`: every test of the workspace, or one part of it.

use std::process::Command;

use crate::tools::{Args, Done, cargo, run};

pub fn test(args: Args) -> Done {
    let mut words = args.rest_verbatim();
    let nextest =
        Command::new("cargo").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut command = cargo();
    if nextest {
        command.args(["nextest", "run"]);
    } else {
        command.arg("test");
    }
    let first = words.first().cloned().unwrap_or_default();
    let path = first.trim_end_matches('/');
    if let Some(name) = path.strip_prefix("crates/") {
        let name = name.split('/').next().unwrap_or(name);
        let package = if name == "typhon" { name.to_owned() } else { format!("typhon-{name}") };
        command.args(["-p", &package]);
        words.remove(0);
    } else if let Some(topic) = path.strip_prefix("tests/lang") {
        command.args(["-p", "typhon", "--test", "lang"]);
        let topic = topic.trim_start_matches('/').trim_end_matches(".md");
        words[0] = format!("lang_{topic}");
    } else {
        // All that fail are of interest, not just the first.
        command.args(["--workspace", "--no-fail-fast"]);
    }
    run(command.args(words))
}
