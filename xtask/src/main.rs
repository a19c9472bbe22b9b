//! `cargo x`: the project's helper commands. `cargo x help` lists them.
//!
//! One file per command; `tools.rs` has what they share. Continuous integration
//! runs these same commands.

mod bench;
mod conform;
mod find;
mod fuzz;
mod lang;
mod side_by_side;
mod stress;
mod test;
mod tidy;
mod timings;
mod tools;

use tools::Args;

const HELP: &str = "\
cargo x COMMAND

  test [PATH] [ARG..]     all tests; or those of crates/NAME, or of tests/lang/X.md
  lang [NAME..]           the snippets of tests/lang against the release build
      --check-cpython     against CPython 3.14 instead: are the expectations true?
      --update            write CPython's results into the files
      --with PYTHON       against another interpreter
  conform [MODULE..]      CPython's own tests against the ledger
      --update            write the results into tests/conformance/ledger
      --with PYTHON  --tests DIR  -j N  --limit SECONDS
  diff FILE [ARG..]       run a program with CPython 3.14 and Typhon, side by side
  find list.append        where a Python name is implemented
  dis FILE                the bytecode of a program
  stress gc [N] [NAME..]  tests/lang with a collection at every Nth allocation
  stress threads [SEC]    racy programs: a result or an exception, nothing worse
      --limit SECONDS  --with PYTHON
  fuzz [SECONDS]          random programs, compared with CPython 3.14
      --source            damaged sources instead, compiled; with --messages
                          the errors' texts and positions count too
      --seed N  --print  --show N  -j N  --with PYTHON
  bench [--vs PYTHON]..   the programs of benches/, interleaved, as ratios
      --filter TEXT  --rounds N  --single  --types  --threads  --with PYTHON
  timings [CRATE..]       edit-to-test time: how long until a change is tested
  tidy                    layers, file lengths, headers, unsafe, words
  peers                   where reference interpreters are looked for

PYTHON is a path or the name of a reference interpreter (see peers).";

fn main() {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let args = Args::new(words);
    let result = match command.as_str() {
        "test" => test::test(args),
        "lang" => lang::lang(args),
        "conform" => conform::conform(args),
        "diff" => side_by_side::diff(args),
        "dis" => side_by_side::dis(args),
        "find" => find::find(args),
        "fuzz" => fuzz::fuzz(args),
        "stress" => stress::stress(args),
        "bench" => bench::bench(args),
        "timings" => timings::timings(args),
        "tidy" => tidy::tidy(args),
        "peers" => tools::show_peers(),
        "" | "help" | "-h" | "--help" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown command {other:?}\n\n{HELP}")),
    };
    if let Err(message) = result {
        eprintln!("{message}");
        std::process::exit(1);
    }
}
