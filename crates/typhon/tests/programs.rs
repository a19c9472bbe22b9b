//! Runs whole programs with the built binary: the seeds' programs, the benchmark
//! programs with their smallest size, the racy programs of `tests/stress`. Each
//! checks its own result and says so by its exit code.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(program: &Path, args: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_typhon"))
        .arg(program)
        .args(args)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("the binary starts");
    assert!(
        output.status.success(),
        "{} {args:?}: {}\n{}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// The programs of a folder, without the helpers that begin with `_`.
fn programs(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the folder exists");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".py") && !name.starts_with('_')
    });
    files.sort();
    files
}

/// The smallest size that a benchmark program lists in `EXPECTED`.
fn smallest(program: &Path) -> String {
    let text = std::fs::read_to_string(program).expect("readable");
    let table = text.split("EXPECTED = {\n").nth(1).unwrap_or("1:");
    let size = table.trim_start().split(':').next().expect("split gives one at least");
    size.replace('_', "")
}

#[test]
fn seeds_unlocked_counter() {
    for threads in ["1", "2", "4", "8"] {
        run(&root().join("examples/seeds/listing1_unlocked.py"), &[threads, "5000"]);
    }
}

#[test]
fn seeds_bank() {
    for program in ["listing2_bank.py", "bank_lock.py", "synchronized.py"] {
        for threads in ["1", "2", "3", "8", "100"] {
            let args = ["--threads", threads, "--transfers", "100"];
            run(&root().join("examples/seeds").join(program), &args);
        }
    }
}

#[test]
fn seeds_benchmark_harness() {
    let modules = ["f_empty", "f_fibonacci", "f_urandom", "f_webfetch"];
    let mut args = vec!["-n", "1", "-c", "1,2"];
    args.extend(modules);
    run(&root().join("examples/seeds/listing3.py"), &args);
}

#[test]
fn single_thread_benchmarks() {
    for program in programs("benches/single") {
        run(&program, &[&smallest(&program)]);
    }
}

#[test]
fn thread_benchmarks() {
    for program in programs("benches/threads") {
        let single = root().join("benches/single").join(program.file_name().expect("a file"));
        let size = if single.exists() { smallest(&single) } else { "200".to_owned() };
        for threads in ["1", "2", "8"] {
            run(&program, &[&size, threads]);
        }
    }
}

/// Those that go with each run of the tests; `cargo x stress threads` runs all.
const RACY: &str = "atomicity attribute_race bytearray_race churn class_change_race coroutine_race deque_race dict_race exception_race exit_race file_race fork_race generator_race iterator_race list_race lock_race native_recursion pool_race reload_race set_race socket_race string_race thread_storm trace_race typhon_race weakref_race";

#[test]
fn racy_programs() {
    for name in RACY.split(' ') {
        run(&root().join("tests/stress").join(name).with_extension("py"), &[]);
    }
}
