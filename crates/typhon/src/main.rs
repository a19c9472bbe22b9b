//! The `typhon` command.

mod cli;
mod compile;
mod config;
mod library;
mod place;
mod repl;
mod run;
mod start;
mod symtable;
mod sys_values;
mod tree;
mod usage;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The main thread's stack is the system's affair; Python runs on one whose
    // size is known.
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let run = std::thread::Builder::new().name("main".into()).stack_size(cli::MAIN_STACK).spawn(move || cli::run(args));
    // This thread only waits: signals are for those that run Python.
    typhon_vm::signal::block_all();
    match run.map(|t| t.join()) {
        Ok(Ok(code)) => ExitCode::from(code),
        _ => ExitCode::from(70),
    }
}
