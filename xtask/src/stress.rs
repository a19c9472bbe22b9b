//! `cargo x stress`: the tests under a collection at every Nth allocation, and
//! racy programs that may lose updates or raise, but nothing worse.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::tools::{Args, Done, build_release, files_below, interpreter, kill_group, progress, root};

pub fn stress(mut args: Args) -> Done {
    let other = interpreter_if_given(&mut args)?;
    let limit = Duration::from_secs(args.number("--limit", 120)?);
    let words = args.rest()?;
    let (kind, words) = words.split_first().ok_or("usage: cargo x stress gc|threads")?;
    let number = words.first().and_then(|word| word.parse::<u64>().ok());
    let names = &words[usize::from(number.is_some())..];
    let python = match other {
        Some(python) => python,
        None => build_release()?,
    };
    match kind.as_str() {
        "gc" => gc(&python, number.unwrap_or(1), names),
        "threads" => threads(&python, Duration::from_secs(number.unwrap_or(60)), limit, names),
        other => Err(format!("unknown kind {other:?}: gc or threads")),
    }
}

fn interpreter_if_given(args: &mut Args) -> Result<Option<std::path::PathBuf>, String> {
    match args.option("--with")? {
        Some(name) => {
            let mut args = Args::new(["--with".to_owned(), name].into_iter());
            interpreter(&mut args).map(Some)
        }
        None => Ok(None),
    }
}

fn gc(python: &Path, every: u64, names: &[String]) -> Done {
    println!("a collection at every {every}. allocation");
    // Waking a second collector thread costs ten times what one such collection does.
    let threads = std::env::var("TYPHON_GC_THREADS").unwrap_or("1".to_owned());
    let stressed = |mut command: Command, value: String| {
        command.env("TYPHON_GC_STRESS", value).env("TYPHON_GC_THREADS", &threads);
        crate::tools::run(&mut command)
    };
    // Starting up is the same for all programs: once is enough.
    let mut start = Command::new(python);
    start.args(["-c", "pass"]);
    stressed(start, format!("start:{every}"))?;
    let mut failed = Vec::new();
    for file in crate::lang::files(names)? {
        let begun = Instant::now();
        let mut child = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        child.arg("lang").args(["--with", &python.display().to_string()]).arg(&file);
        let name = Path::new(&file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stressed(child, every.to_string()).is_err() {
            failed.push(name.clone());
        }
        println!("{name}: {} s", begun.elapsed().as_secs());
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not as expected: {}", failed.join(" "))) }
}

/// Runs each of `tests/stress` again and again until `time` is over; every other time round
/// with a collection at every 1,009th allocation.
fn threads(python: &Path, time: Duration, limit: Duration, names: &[String]) -> Done {
    let mut files = files_below(&root().join("tests/stress"), &[".py"]);
    files.retain(|file| {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_')) {
            return false;
        }
        let file = file.display().to_string();
        names.is_empty() || names.iter().any(|name| file.contains(name.as_str()))
    });
    let bar = progress(time.as_secs() as usize);
    let start = Instant::now();
    let (mut runs, mut failures) = (0, Vec::new());
    'all: for forced in [None, Some(1009)].into_iter().cycle() {
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            bar.set_message(name.clone());
            bar.set_position(start.elapsed().as_secs());
            if let Err(problem) = once(python, file, limit, forced) {
                bar.println(format!("{name}: {problem}"));
                failures.push(format!("{name}: {problem}"));
            }
            runs += 1;
            if start.elapsed() >= time && runs >= files.len() {
                break 'all;
            }
        }
    }
    bar.finish_and_clear();
    println!("{runs} runs, {} failures", failures.len());
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Each checks what it has done: exit 0 is fine, all else is not, nor is a hang (no end within
/// `limit`, which a busy machine may need to be larger).
fn once(python: &Path, file: &Path, limit: Duration, forced: Option<u32>) -> Done {
    let errors = std::env::temp_dir().join(format!("typhon-stress-{}", std::process::id()));
    let sink = std::fs::File::create(&errors).map_err(|error| error.to_string())?;
    let mut child = Command::new(python)
        .arg(file)
        .envs(forced.map(|every| ("TYPHON_GC_STRESS", every.to_string())))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(sink)
        .process_group(0)
        .spawn()
        .map_err(|error| error.to_string())?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if start.elapsed() > limit {
            kill_group(child.id());
            let _ = child.wait();
            return Err(format!("a hang: still running after {} s", limit.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let text = std::fs::read(&errors).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let _ = std::fs::remove_file(&errors);
    let how = if forced.is_some() { " with forced collections" } else { "" };
    if let Some(signal) = status.signal() {
        return Err(format!("signal {signal}{how}\n{text}"));
    }
    if text.contains("SystemError") || text.contains("panicked at") || !status.success() {
        return Err(format!("{status}{how}\n{text}"));
    }
    Ok(())
}
