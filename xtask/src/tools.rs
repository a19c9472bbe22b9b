//! What the commands share: arguments, interpreters, child processes, progress.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use indicatif::{ProgressBar, ProgressStyle};

/// A command either works or says why not.
pub type Done = Result<(), String>;

/// The words after the command's name.
pub struct Args {
    words: VecDeque<String>,
}

impl Args {
    pub fn new(words: impl Iterator<Item = String>) -> Args {
        Args { words: words.collect() }
    }

    /// Takes `--name` away and says whether it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() != before
    }

    /// Takes `--name VALUE` away, the first one.
    pub fn option(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(at) = self.words.iter().position(|word| word == name) else {
            return Ok(None);
        };
        self.words.remove(at);
        let value = self.words.remove(at).ok_or_else(|| format!("{name} needs a value"))?;
        Ok(Some(value))
    }

    /// `--name N`.
    pub fn number(&mut self, name: &str, default: u64) -> Result<u64, String> {
        match self.option(name)? {
            Some(text) => text.parse().map_err(|_| format!("{name}: {text:?} is no number")),
            None => Ok(default),
        }
    }

    /// All that is left; an option among it is one that the command lacks.
    pub fn rest(self) -> Result<Vec<String>, String> {
        match self.words.iter().find(|word| word.starts_with('-') && word.len() > 1) {
            Some(word) => Err(format!("unknown option {word}")),
            None => Ok(self.words.into()),
        }
    }

    /// All that is left, options of another program included.
    pub fn rest_verbatim(self) -> Vec<String> {
        self.words.into()
    }
}

/// The top folder of the repository.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask has a parent").to_path_buf()
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(root());
    command
}

/// Builds the release binary and returns its path.
pub fn build_release() -> Result<PathBuf, String> {
    run(cargo().args(["build", "--release", "--quiet", "-p", "typhon"]))?;
    Ok(target().join("release").join("typhon"))
}

/// `--with PYTHON`, else the release build.
pub fn interpreter(args: &mut Args) -> Result<PathBuf, String> {
    match args.option("--with")? {
        Some(name) => peer(&name),
        None => build_release(),
    }
}

/// Runs a command to its end; a failure is an error that names it.
pub fn run(command: &mut Command) -> Done {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// The folder of the reference interpreters.
pub fn peers() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TYPHON_PEERS") {
        return Some(folder.into());
    }
    let folder = PathBuf::from(std::env::var_os("HOME")?).join(".cache").join("typhon-peers");
    folder.is_dir().then_some(folder)
}

/// A reference interpreter by path, by name in the peers folder, or by name in PATH.
pub fn peer(name: &str) -> Result<PathBuf, String> {
    if name.contains('/') {
        return std::path::absolute(name).map_err(|error| format!("{name}: {error}"));
    }
    if name == "typhon" {
        return build_release();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = peers().map(|folder| folder.join("bin"));
    folders
        .into_iter()
        .chain(std::env::split_paths(&paths))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("no {name} here; `cargo x peers` says how to get one"))
}

pub fn show_peers() -> Done {
    println!(
        "Reference interpreters are looked for in $TYPHON_PEERS/bin (default:\n\
         ~/.cache/typhon-peers/bin) and then in PATH, under the names python3.14,\n\
         python3.15 and pypy3. CPython's own test suite is looked for in\n\
         $TYPHON_PEERS/cpython-tests; it is the folder Lib/test of CPython's 3.14\n\
         source, or the package libpython3.14-testsuite of Debian.\n"
    );
    for name in ["python3.14", "python3.15", "pypy3"] {
        match peer(name) {
            Ok(file) => println!("{name:<14} {}", file.display()),
            Err(_) => println!("{name:<14} not found"),
        }
    }
    match peers().map(|folder| folder.join("cpython-tests")).filter(|folder| folder.is_dir()) {
        Some(folder) => println!("{:<14} {}", "cpython-tests", folder.display()),
        None => println!("{:<14} not found", "cpython-tests"),
    }
    Ok(())
}

/// A progress bar for `length` steps, hidden when nobody looks.
pub fn progress(length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64);
    let style = ProgressStyle::with_template("[{elapsed}] {bar:30} {pos}/{len} {eta} {wide_msg}");
    bar.set_style(style.expect("the template is constant"));
    bar
}

/// All files below `folder` with one of `endings`, in a fixed order.
pub fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != ".git" && name != "__pycache__" {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Ends a child that leads its own process group, with all its descendants.
pub fn kill_group(pid: u32) {
    let group = format!("-{pid}");
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
}

/// Calls `job` for each item on `jobs` threads; the results keep the items' order.
pub fn parallel<T: Sync, R: Send>(items: &[T], jobs: usize, job: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = job(item);
                    results.lock().expect("no job panicked").push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no job panicked");
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, |n| n.get())
}
