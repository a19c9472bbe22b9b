//! `cargo x bench`: the programs of `benches/`, on any interpreters given.
//!
//! The runs of one program are interleaved (round by round, one interpreter after
//! the other), so that a busy moment of the machine hits all of them; the least
//! time of each counts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tools::{Args, Done, files_below, interpreter, peer, progress, root};

struct Engine {
    name: String,
    path: PathBuf,
}

/// What a thread program took on one engine, in seconds.
#[derive(Clone, Copy)]
struct Scaling {
    one: f64,
    two: f64,
    /// The slower of two processes that each did the whole work at the same time.
    processes: f64,
}

pub fn bench(mut args: Args) -> Done {
    let rounds = args.number("--rounds", 5)?;
    let filter = args.option("--filter")?.unwrap_or_default();
    let mut wanted = ["single", "types", "threads"].map(|folder| (folder, args.flag(&format!("--{folder}"))));
    if wanted.iter().all(|(_, asked)| !asked) {
        wanted = wanted.map(|(folder, _)| (folder, true));
    }
    let own = interpreter(&mut args)?;
    let mut engines = vec![Engine { name: short_name(&own), path: own }];
    while let Some(name) = args.option("--vs")? {
        let path = peer(&name)?;
        engines.push(Engine { name: short_name(&path), path });
    }
    args.rest()?;
    for (folder, _) in wanted.into_iter().filter(|(_, asked)| *asked) {
        match folder {
            "threads" => threads(&engines, &programs(folder, &filter), rounds)?,
            _ => single(&engines, &programs(folder, &filter), rounds)?,
        }
    }
    Ok(())
}

fn short_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Programs of a folder of `benches/`; files that begin with `_` are helpers.
fn programs(folder: &str, filter: &str) -> Vec<PathBuf> {
    let mut files = files_below(&root().join("benches").join(folder), &[".py"]);
    files.retain(|file| {
        let name = short_name(file);
        !name.starts_with('_') && name.contains(filter)
    });
    files
}

fn stem(program: &Path) -> String {
    program.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn command(engine: &Engine, program: &Path, threads: u32) -> Command {
    let mut command = Command::new(&engine.path);
    command.arg(program).env("PYTHONDONTWRITEBYTECODE", "1");
    if program.parent().is_some_and(|folder| folder.ends_with("threads")) {
        command.args(["-", &threads.to_string()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Seconds from the program's line, or what went wrong.
fn seconds(output: std::io::Result<std::process::Output>) -> Result<f64, String> {
    let output = output.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with("result "));
    let field = line.and_then(|line| line.split("seconds=").nth(1)?.split(' ').next()?.parse().ok());
    match field {
        Some(seconds) if output.status.success() => Ok(seconds),
        _ => {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            let last = errors.lines().last().unwrap_or_default().to_owned();
            Err(format!("{}: {last}", output.status))
        }
    }
}

fn least(best: &mut Option<f64>, new: f64) {
    *best = Some(best.map_or(new, |old| old.min(new)));
}

/// Geometric mean; None of nothing.
fn mean(ratios: &[f64]) -> Option<f64> {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
}

fn single(engines: &[Engine], programs: &[PathBuf], rounds: u64) -> Done {
    let bar = progress(programs.len() * rounds as usize);
    let mut heading = format!("{:<22}", "single thread");
    for engine in engines {
        heading += &format!(" {:>12}", engine.name);
    }
    for engine in &engines[1..] {
        heading += &format!(" {:>15}", format!("/ {}", engine.name));
    }
    println!("{heading}");
    let mut ratios = vec![Vec::new(); engines.len()];
    let mut failed = Vec::new();
    for program in programs {
        bar.set_message(stem(program));
        let mut best = vec![None; engines.len()];
        for round in 0..rounds {
            for (engine, best) in engines.iter().zip(&mut best) {
                if round > 0 && best.is_none() {
                    continue;
                }
                match seconds(command(engine, program, 1).output()) {
                    Ok(time) => least(best, time),
                    Err(error) => {
                        failed.push(format!("{} on {}: {error}", stem(program), engine.name));
                    }
                }
            }
            bar.inc(1);
        }
        let mut line = format!("{:<22}", stem(program));
        for best in &best {
            line += &best.map_or(format!(" {:>12}", "failed"), |time| format!(" {time:>11.3}s"));
        }
        for (at, other) in best.iter().enumerate().skip(1) {
            match (best[0], other) {
                (Some(own), Some(other)) => {
                    ratios[at].push(own / other);
                    line += &format!(" {:>15.3}", own / other);
                }
                _ => line += &format!(" {:>15}", "-"),
            }
        }
        bar.suspend(|| println!("{line}"));
    }
    bar.finish_and_clear();
    let mut line = format!("{:<22}{}", "geometric mean", " ".repeat(13 * engines.len()));
    for ratios in &ratios[1..] {
        line += &mean(ratios).map_or(format!(" {:>15}", "-"), |mean| format!(" {mean:>15.3}"));
    }
    println!("{line}\n");
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn threads(engines: &[Engine], programs: &[PathBuf], rounds: u64) -> Done {
    let bar = progress(programs.len() * rounds as usize);
    println!(
        "{:<22} {:>12} {:>9} {:>9} {:>9} {:>11}",
        "threads", "interpreter", "1 thread", "2 threads", "speed-up", "2 processes"
    );
    let mut speedups = vec![Vec::new(); engines.len()];
    let mut failed = Vec::new();
    for program in programs {
        bar.set_message(stem(program));
        let mut best: Vec<Option<Scaling>> = vec![None; engines.len()];
        for round in 0..rounds {
            for (engine, best) in engines.iter().zip(&mut best) {
                if round > 0 && best.is_none() {
                    continue;
                }
                match scaling(engine, program) {
                    Ok(new) => {
                        let old = best.unwrap_or(new);
                        *best = Some(Scaling {
                            one: old.one.min(new.one),
                            two: old.two.min(new.two),
                            processes: old.processes.min(new.processes),
                        });
                    }
                    Err(error) => {
                        failed.push(format!("{} on {}: {error}", stem(program), engine.name));
                    }
                }
            }
            bar.inc(1);
        }
        for (at, (engine, best)) in engines.iter().zip(&best).enumerate() {
            let line = match best {
                Some(best) => {
                    // Two processes do twice the work in `processes` seconds.
                    speedups[at].push(best.one / best.two);
                    format!(
                        "{:>8.3}s {:>8.3}s {:>8.2}x {:>10.2}x",
                        best.one,
                        best.two,
                        best.one / best.two,
                        2.0 * best.one / best.processes
                    )
                }
                None => "failed".to_owned(),
            };
            bar.suspend(|| println!("{:<22} {:>12} {line}", stem(program), engine.name));
        }
    }
    bar.finish_and_clear();
    for (engine, speedups) in engines.iter().zip(&speedups) {
        if let Some(mean) = mean(speedups) {
            println!("{:<22} {:>12} {:>28.2}x", "geometric mean", engine.name, mean);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn scaling(engine: &Engine, program: &Path) -> Result<Scaling, String> {
    let one = seconds(command(engine, program, 1).output())?;
    let two = seconds(command(engine, program, 2).output())?;
    let start = || command(engine, program, 1).spawn().map_err(|error| error.to_string());
    let (first, second) = (start()?, start()?);
    let first = seconds(first.wait_with_output())?;
    let second = seconds(second.wait_with_output())?;
    Ok(Scaling { one, two, processes: first.max(second) })
}
