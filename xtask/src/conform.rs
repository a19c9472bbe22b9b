//! `cargo x conform`: CPython's own test files, unmodified, against a ledger.
//!
//! Each module runs in its own process and folder through
//! `tests/conformance/run_one.py`. A crash or a hang is charged to the test
//! function that was running; a new process goes on behind it. The ledger, one
//! file per module in `tests/conformance/ledger`, says what each test function
//! gave; what passed there must pass again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::tools::{Args, Done, cores, interpreter, kill_group, parallel, peers, progress, root};

/// The modules that run when none is named: what the current step promises.
const DEFAULT: &[&str] = &[
    "test_thread",
    "test_threading_local",
    "test_threading",
    "test_queue",
    "test_generators",
    "test_dict",
    "test_list",
    "test_set",
    "test_int",
    "test_float",
    "test_class",
    "test_exceptions",
];

/// A test without a sign of life for so long is a hang, unless `--limit` says else.
const SILENCE: u64 = 120;

/// A module gets this many fresh processes after crashes and hangs.
const LIVES: usize = 40;

/// Modules that look at the files of the library, which ours has inside: they get the
/// library that the tests belong to as files.
const WITH_FILES: &[&str] = &["test_ast"];

/// Modules that skip themselves where there is no GIL, for what CPython's build without
/// one cannot do: each interpreter is told that there is one.
const WITH_GIL: &[&str] = &["test_interpreters"];
const SAY_GIL: &str = "import sysconfig\nsysconfig.get_config_vars()['Py_GIL_DISABLED'] = 0\n";

struct Run {
    module: String,
    /// Test function to outcome.
    tests: BTreeMap<String, String>,
    /// Why the module could not even be loaded, or where it was given up.
    problem: Option<String>,
}

pub fn conform(mut args: Args) -> Done {
    let update = args.flag("--update");
    let tests = match args.option("--tests")? {
        Some(folder) => PathBuf::from(folder),
        None => peers().map(|folder| folder.join("cpython-tests")).unwrap_or_default(),
    };
    let jobs = args.number("-j", cores() as u64)? as usize;
    let limit = Duration::from_secs(args.number("--limit", SILENCE)?);
    let python = interpreter(&mut args)?;
    let mut modules = args.rest()?;
    if modules.is_empty() {
        modules = DEFAULT.iter().map(|&name| name.to_owned()).collect();
    }
    let tests =
        tests.canonicalize().map_err(|_| "CPython's tests are not here; `cargo x peers` says how to get them")?;

    let bar = progress(modules.len());
    let runs = parallel(&modules, jobs, |module| {
        let run = run_module(&python, &tests, module, limit);
        bar.println(summary(&run));
        bar.inc(1);
        run
    });
    bar.finish_and_clear();

    let mut lost = Vec::new();
    let mut won = 0;
    for run in &runs {
        let file = root().join(format!("tests/conformance/ledger/{}.json", run.module));
        let old = read_ledger(&file)?;
        let (fewer, more) = compare(&old, run);
        lost.extend(fewer);
        won += more;
        if update {
            let text = serde_json::to_string_pretty(&ledger(run, &old));
            let text = text.map_err(|error| error.to_string())? + "\n";
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        } else {
            println!("{}", summary(run));
        }
    }
    let count = |outcome: &str| -> usize {
        runs.iter().flat_map(|run| run.tests.values()).filter(|got| *got == outcome).count()
    };
    let total: usize = runs.iter().map(|run| run.tests.len()).sum();
    println!(
        "{} modules, {total} test functions: {} pass, {} skip, {} fail, {} error, {} crash, {} hang",
        runs.len(),
        count("pass") + count("xfail"),
        count("skip"),
        count("fail") + count("xpass"),
        count("error"),
        count("crash"),
        count("hang"),
    );
    if won > 0 && !update {
        println!("{won} more pass than the ledger says: --update");
    }
    if lost.is_empty() || update {
        return Ok(());
    }
    Err(format!("{} passed before:\n  {}", lost.len(), lost.join("\n  ")))
}

fn summary(run: &Run) -> String {
    let good = run.tests.values().filter(|got| passed(got) || *got == "skip").count();
    let problem = run.problem.as_ref().map(|text| format!("  {text}")).unwrap_or_default();
    format!("{:<24} {good:>5} of {:>5}{problem}", run.module, run.tests.len())
}

fn passed(outcome: &str) -> bool {
    outcome == "pass" || outcome == "xfail"
}

/// Runs a module in as many processes as it takes to get to its end.
fn run_module(python: &Path, tests: &Path, module: &str, limit: Duration) -> Run {
    let mut run = Run { module: module.to_owned(), tests: BTreeMap::new(), problem: None };
    let folder = std::env::temp_dir().join(format!("typhon-conform-{}-{module}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    if let Err(error) = fs::create_dir_all(folder.join("cwd")) {
        run.problem = Some(format!("{}: {error}", folder.display()));
        return run;
    }
    let results = folder.join("results");
    for life in 0.. {
        let ended = one_process(python, tests, module, &folder, limit);
        let text = String::from_utf8_lossy(&fs::read(&results).unwrap_or_default()).into_owned();
        let pending = collect(&text, &mut run);
        let finished = text.lines().last() == Some("end");
        match ended {
            _ if finished => break,
            Ok(how) | Err(how) if pending.is_none() || life >= LIVES => {
                run.problem = Some(how);
                break;
            }
            Ok(how) | Err(how) => {
                let test = pending.expect("checked above");
                let outcome = if how.starts_with("hang") { "hang" } else { "crash" };
                run.tests.insert(test.clone(), outcome.to_owned());
                let line = format!("{text}{outcome} {test}\n");
                if fs::write(&results, line).is_err() {
                    break;
                }
            }
        }
    }
    let log = crate::tools::target().join("conform");
    let _ = fs::create_dir_all(&log);
    let _ = fs::copy(folder.join("log"), log.join(format!("{module}.log")));
    let _ = fs::remove_dir_all(&folder);
    run
}

/// Reads the runner's lines; returns the test that began and did not end.
fn collect(text: &str, run: &mut Run) -> Option<String> {
    let mut pending = None;
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("start", test)) => pending = Some(test.to_owned()),
            Some(("import", message)) => run.problem = Some(message.to_owned()),
            Some((outcome, test)) => {
                pending = pending.filter(|pending| pending != test);
                run.tests.insert(test.to_owned(), outcome.to_owned());
            }
            None => {}
        }
    }
    pending
}

/// One process; says how it ended.
fn one_process(python: &Path, tests: &Path, module: &str, folder: &Path, limit: Duration) -> Result<String, String> {
    let log = fs::File::options().create(true).append(true).open(folder.join("log"));
    let log = log.map_err(|error| error.to_string())?;
    let also_log = log.try_clone().map_err(|error| error.to_string())?;
    let results = folder.join("results");
    let mut command = Command::new(environment(python, tests, module, folder)?);
    if let Some(library) = tests.parent().filter(|_| WITH_FILES.contains(&module)) {
        command.env("PYTHONPATH", library);
    }
    let mut child = command
        .arg(root().join("tests/conformance/run_one.py"))
        .args([tests.as_os_str(), module.as_ref(), results.as_os_str()])
        .current_dir(folder.join("cwd"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(also_log)
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let mut last_size = 0;
    let mut last_sign = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            kill_group(child.id());
            return Ok(match status.signal() {
                Some(signal) => format!("crash: signal {signal}"),
                None => format!("ended early: {status}"),
            });
        }
        let size = fs::metadata(&results).map_or(0, |data| data.len());
        if size != last_size {
            (last_size, last_sign) = (size, Instant::now());
        }
        if last_sign.elapsed() > limit {
            kill_group(child.id());
            let _ = child.wait();
            return Ok(format!("hang: no sign of life for {} s", limit.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A virtual environment whose only package is `test`: for CPython it is part of the library,
/// so that processes and interpreters that a test starts find it. Its interpreter.
fn environment(python: &Path, tests: &Path, module: &str, folder: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let root = folder.join("env");
    let link = root.join("bin").join(python.file_name().unwrap_or_default());
    // It is there already when a further process goes on behind a crash.
    if !link.exists() {
        fs::create_dir_all(root.join("bin")).map_err(failed)?;
        fs::write(root.join("pyvenv.cfg"), "include-system-site-packages = false\n").map_err(failed)?;
        std::os::unix::fs::symlink(python.canonicalize().map_err(failed)?, &link).map_err(failed)?;
        let ask = ["-c", "import site; print(site.getsitepackages()[0], end='')"];
        let output = Command::new(&link).args(ask).output().map_err(failed)?;
        let packages = PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned());
        if !packages.starts_with(&root) {
            return Err(format!("{}: no place for packages in {}", python.display(), root.display()));
        }
        fs::create_dir_all(&packages).map_err(failed)?;
        std::os::unix::fs::symlink(tests, packages.join("test")).map_err(failed)?;
        if WITH_GIL.contains(&module) {
            fs::write(packages.join("sitecustomize.py"), SAY_GIL).map_err(failed)?;
        }
    }
    Ok(link)
}

fn read_ledger(file: &Path) -> Result<Map<String, Value>, String> {
    match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display())),
        Err(_) => Ok(Map::new()),
    }
}

/// What passed and no longer does, and how many pass that did not.
fn compare(old: &Map<String, Value>, run: &Run) -> (Vec<String>, usize) {
    let empty = Map::new();
    let before = old.get("tests").and_then(Value::as_object).unwrap_or(&empty);
    let was = |test: &str| before.get(test).and_then(Value::as_str).unwrap_or("new");
    let mut lost = Vec::new();
    for (test, outcome) in before {
        let now = run.tests.get(test).map_or("not run", String::as_str);
        if outcome.as_str().is_some_and(passed) && !passed(now) && now != "skip" {
            lost.push(format!("{}: {test}: {now}", run.module));
        }
    }
    let won = run.tests.iter().filter(|(test, got)| passed(got) && !passed(was(test))).count();
    (lost, won)
}

/// The new ledger. Reasons that people wrote stay as long as the test fails.
fn ledger(run: &Run, old: &Map<String, Value>) -> Value {
    let mut reasons = Map::new();
    for (test, reason) in old.get("reasons").and_then(Value::as_object).into_iter().flatten() {
        if run.tests.get(test).is_some_and(|outcome| !passed(outcome)) {
            reasons.insert(test.clone(), reason.clone());
        }
    }
    let good = run.tests.values().filter(|got| passed(got)).count();
    json!({
        "module": run.module,
        "problem": run.problem,
        "passed": good,
        "total": run.tests.len(),
        "reasons": reasons,
        "tests": run.tests,
    })
}
