//! `cargo x timings`: the edit-to-test time. For each crate, it marks the crate's
//! root file as changed and measures the development build of the binary.

use std::time::Instant;

use crate::tools::{Args, Done, cargo, progress, root, run};

pub fn timings(args: Args) -> Done {
    let mut crates = args.rest()?;
    if crates.is_empty() {
        let folders = std::fs::read_dir(root().join("crates")).map_err(|error| error.to_string())?;
        crates = folders.flatten().map(|f| f.file_name().to_string_lossy().into_owned()).collect();
        crates.sort();
    }
    let build = || run(cargo().args(["build", "--quiet", "-p", "typhon"]));
    build()?;
    let bar = progress(crates.len());
    let mut lines = vec![format!("{:<12} {:>10}", "edited", "build (s)")];
    for name in crates {
        bar.set_message(name.clone());
        let folder = root().join("crates").join(&name).join("src");
        let file = [folder.join("lib.rs"), folder.join("main.rs")].into_iter().find(|f| f.exists());
        let file = file.ok_or_else(|| format!("no crate {name}"))?;
        let opened = std::fs::File::options().append(true).open(&file);
        let touched = opened.and_then(|file| file.set_modified(std::time::SystemTime::now()));
        touched.map_err(|error| format!("{}: {error}", file.display()))?;
        let start = Instant::now();
        build()?;
        lines.push(format!("{name:<12} {:>10.1}", start.elapsed().as_secs_f64()));
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("{}", lines.join("\n"));
    let start = Instant::now();
    run(cargo().args(["test", "--quiet", "-p", "typhon", "--no-run"]))?;
    println!("building the binary's tests then took {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
