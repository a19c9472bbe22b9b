//! Random functions with control flow. Each appends to a list what it sees on its way
//! and ends: every loop is bounded, and `tick` counts all rounds.

use super::methods;
use super::rng::Rng;
use super::values::{self, small};

struct Body<'r> {
    rng: &'r mut Rng,
    lines: Vec<String>,
    indent: usize,
    /// Nesting of loops and of function definitions, and names that are handed out.
    loops: usize,
    functions: usize,
    names: usize,
    generator: bool,
}

const VARIABLES: &[&str] = &["a", "b", "c", "d"];
const ERRORS: &[&str] =
    &["ValueError", "KeyError", "TypeError", "ZeroDivisionError", "StopIteration", "LookupError", "IndexError"];

/// A function `name(a, b)`, as source lines.
pub fn function(rng: &mut Rng, name: &str) -> String {
    let mut body = Body { rng, lines: Vec::new(), indent: 0, loops: 0, functions: 0, names: 0, generator: false };
    body.line(format!("def {name}(a, b):"));
    body.indent = 1;
    body.line("out = []; c = d = 0".to_owned());
    body.line("try:".to_owned());
    body.indent = 2;
    body.block(4, 3);
    body.indent = 1;
    body.line(
        "except Exception as error: out.append(('end', type(error).__name__, str(error), context(error)))".to_owned(),
    );
    body.line("return out".to_owned());
    body.lines.join("\n")
}

impl Body<'_> {
    fn line(&mut self, text: String) {
        self.lines.push(format!("{}{text}", "    ".repeat(self.indent)));
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn block(&mut self, most: usize, depth: usize) {
        for _ in 0..1 + self.rng.below(most) {
            // Short enough to be read.
            if self.lines.len() > 45 {
                return self.simple();
            }
            self.statement(depth);
        }
    }

    fn nested(&mut self, head: String, depth: usize) {
        self.line(head);
        self.indent += 1;
        self.block(3, depth - 1);
        self.indent -= 1;
    }

    fn variable(&mut self) -> &'static str {
        self.rng.pick(VARIABLES)
    }

    /// Mostly of ints, so that loops and comparisons go somewhere.
    fn value(&mut self) -> String {
        let (x, y) = (self.variable(), self.variable());
        match self.rng.below(8) {
            0 => values::any(self.rng, 1),
            1 => format!("{x} + {y}"),
            2 => format!("{x} - {}", small(self.rng)),
            3 => format!("({x}, {y})"),
            4 => format!("[{x}, {y}, {}]", small(self.rng)),
            5 => format!("({x} if {} else {y})", self.condition()),
            6 => format!("str({x})[:9]"),
            _ => small(self.rng),
        }
    }

    fn condition(&mut self) -> String {
        let (x, y) = (self.variable(), self.variable());
        match self.rng.below(5) {
            0 => x.to_owned(),
            1 => format!("not {x}"),
            2 => format!("{x} == {y}"),
            3 => format!("isinstance({x}, int) and {x} > {}", small(self.rng)),
            _ => format!("isinstance({x}, (list, str, tuple)) or {y} is None"),
        }
    }

    fn statement(&mut self, depth: usize) {
        if depth == 0 {
            return self.simple();
        }
        match self.rng.below(14) {
            0 => {
                let condition = self.condition();
                self.nested(format!("if {condition}:"), depth);
                if self.rng.chance(40) {
                    let condition = self.condition();
                    self.nested(format!("elif {condition}:"), depth);
                }
                if self.rng.chance(50) {
                    self.nested("else:".to_owned(), depth);
                }
            }
            1 | 2 => self.for_loop(depth),
            3 => {
                let counter = self.fresh("n");
                self.line(format!("{counter} = 0"));
                let condition = self.condition();
                let most = self.rng.below(5);
                self.line(format!("while {counter} < {most} and ({condition} or {counter} < 2):"));
                self.indent += 1;
                self.line(format!("{counter} += 1; tick()"));
                self.loops += 1;
                self.block(3, depth - 1);
                self.loops -= 1;
                self.indent -= 1;
                if self.rng.chance(30) {
                    self.nested("else:".to_owned(), depth);
                }
            }
            4 | 5 => self.try_statement(depth),
            6 => {
                let swallow = self.rng.pick(&["", ", ValueError", ", LookupError", ", Exception"]);
                let name = self.fresh("cm");
                let second = if self.rng.chance(30) { ", Manager(out, 'second') as a" } else { "" };
                self.nested(format!("with Manager(out, '{name}'{swallow}) as {name}{second}:"), depth);
            }
            7 if self.functions < 2 => self.inner_function(depth),
            8 if self.functions < 2 => self.generator_function(depth),
            9 => self.match_statement(depth),
            10 if self.functions < 2 => self.class(depth),
            11 => self.comprehension(),
            _ => self.simple(),
        }
    }

    fn simple(&mut self) {
        let (x, y) = (self.variable(), self.variable());
        match self.rng.below(15) {
            0 | 1 => {
                let value = self.value();
                self.line(format!("{x} = {value}"));
            }
            2 => {
                let operator = self.rng.pick(&["+=", "-=", "*=", "//=", "%=", "|=", "^="]);
                let value = small(self.rng);
                self.line(format!("{x} {operator} {value}"));
            }
            3..=5 => self.line(format!("out.append(({:?}, {x}, {y}))", self.names)),
            6 if self.loops > 0 => {
                let condition = self.condition();
                let word = self.rng.pick(&["break", "continue"]);
                self.line(format!("if {condition}: {word}"));
            }
            7 => {
                let error = self.rng.pick(ERRORS);
                let condition = self.condition();
                let from = self.rng.pick(&["", "", " from None", " from KeyError('cause')"]);
                self.line(format!("if {condition}: raise {error}({x}){from}"));
            }
            8 => self.line(format!("{x}, *{y} = [{x}, {y}, 1, 2]")),
            9 => {
                let condition = self.condition();
                self.line(format!("assert {condition}, {x}"));
            }
            10 => {
                let call = methods::call(self.rng, 1);
                self.line(format!("{x} = show({call})"));
            }
            11 => self.line(format!("out.append(f'{{{x}!r:.20}} {{{y}}} {{{x} == {y}=}}')")),
            12 if self.generator => {
                let value = self.value();
                self.line(format!("{x} = yield {value}"));
            }
            13 if self.functions > 0 => {
                let (condition, value) = (self.condition(), self.value());
                self.line(format!("if {condition}: return {value}"));
            }
            14 => {
                let value = small(self.rng);
                self.line(format!("del {x}; {x} = {value}"));
            }
            _ => {
                let value = self.value();
                self.line(format!("({x} := {value})"));
            }
        }
    }

    fn for_loop(&mut self, depth: usize) {
        let x = self.variable();
        let y = self.variable();
        let head = match self.rng.below(7) {
            0 => format!("for {x} in range({}):", self.rng.below(5)),
            1 => format!("for {x} in [{x}, {y}, {}]:", small(self.rng)),
            2 => format!("for {x}, {y} in enumerate(str({y})[:4]):"),
            3 => format!("for {x}, {y} in {{'k': {x}, 'l': {y}}}.items():"),
            4 => format!("for {x}, {y} in zip(range(3), 'abc'):"),
            5 => format!("for {x} in reversed(range({})):", self.rng.below(5)),
            _ => format!("for {x} in (q for q in range({}) if q % 2):", self.rng.below(7)),
        };
        self.line(head);
        self.indent += 1;
        self.line("tick()".to_owned());
        self.loops += 1;
        self.block(3, depth - 1);
        self.loops -= 1;
        self.indent -= 1;
        if self.rng.chance(25) {
            self.nested("else:".to_owned(), depth);
        }
    }

    fn try_statement(&mut self, depth: usize) {
        self.nested("try:".to_owned(), depth);
        let caught = self.rng.below(3);
        for _ in 0..caught {
            let name = self.fresh("e");
            let error = self.rng.pick(ERRORS);
            let other = self.rng.pick(ERRORS);
            let kinds = if self.rng.chance(30) { format!("({error}, {other})") } else { error.to_owned() };
            self.line(format!("except {kinds} as {name}:"));
            self.indent += 1;
            self.line(format!("out.append((type({name}).__name__, str({name}), context({name})))"));
            self.block(2, depth - 1);
            if self.rng.chance(20) {
                self.line("raise".to_owned());
            }
            self.indent -= 1;
        }
        if caught > 0 && self.rng.chance(30) {
            self.nested("else:".to_owned(), depth);
        }
        if caught == 0 || self.rng.chance(30) {
            // `return`, `break` and `continue` here are warned of (PEP 765), but work.
            self.nested("finally:".to_owned(), depth);
        }
    }

    fn inner_function(&mut self, depth: usize) {
        let name = self.fresh("f");
        let parameters =
            self.rng.pick(&["x", "x, y=1", "x, *args", "x, /, *, k=2", "x, **kw", "x, y=3, *rest, k=4, **kw"]);
        self.line(format!("def {name}({parameters}):"));
        self.indent += 1;
        let outer = std::mem::take(&mut self.loops);
        let generator = std::mem::replace(&mut self.generator, false);
        self.functions += 1;
        if self.rng.chance(70) {
            self.line("nonlocal a, b, c, d".to_owned());
        } else {
            self.line("a = b = c = d = x".to_owned());
        }
        self.block(3, depth - 1);
        self.line("return (x, a)".to_owned());
        self.functions -= 1;
        self.loops = outer;
        self.generator = generator;
        self.indent -= 1;
        let arguments =
            self.rng.pick(&["1", "a", "1, 2", "1, k=3", "1, 2, 3, z=4", "*[1, 2]", "**{'x': 5}", "x=1", "1, y=2"]);
        let x = self.variable();
        self.line(format!("{x} = {name}({arguments})"));
    }

    fn generator_function(&mut self, depth: usize) {
        let name = self.fresh("g");
        self.line(format!("def {name}(a, b, c=0, d=0):"));
        self.indent += 1;
        let outer = std::mem::take(&mut self.loops);
        let generator = std::mem::replace(&mut self.generator, true);
        self.functions += 1;
        self.line("yield 'start'".to_owned());
        self.block(4, depth - 1);
        if self.rng.chance(30) {
            self.line("c = yield from range(2)".to_owned());
        }
        self.functions -= 1;
        self.loops = outer;
        self.generator = generator;
        self.indent -= 1;
        match self.rng.below(3) {
            0 => self.line(format!("out.append(show({name}(a, b)))")),
            1 => self.line(format!("out.append(drive({name}(a, 1), [None, 1, ValueError('thrown'), 2, 'x']))")),
            _ => self.line(format!("out.append(drive({name}(2, b), [None, None, GeneratorExit(), 2]))")),
        }
    }

    fn match_statement(&mut self, depth: usize) {
        let x = self.variable();
        self.line(format!("match {x}:"));
        self.indent += 1;
        for _ in 0..1 + self.rng.below(4) {
            let name = self.variable();
            let pattern = match self.rng.below(9) {
                0 => "int() | float()".to_owned(),
                1 => format!("[{name}, *_]"),
                2 => format!("({name}, 1 | 2 | 3)"),
                3 => format!("str({name})"),
                4 => format!("{{'k': {name}, **rest}}"),
                5 => small(self.rng),
                6 => "None | True".to_owned(),
                7 => format!("int(real={name})"),
                _ => format!("[1 | [_], *{name}]"),
            };
            let guard = if self.rng.chance(25) { format!(" if {}", self.condition()) } else { String::new() };
            self.nested(format!("case {pattern}{guard}:"), depth);
        }
        if self.rng.chance(40) {
            self.nested("case _:".to_owned(), depth);
        }
        self.indent -= 1;
    }

    fn class(&mut self, depth: usize) {
        let name = self.fresh("C");
        let base = self.rng.pick(&["", "(int)", "(list)", "(dict)", "(str)", "(Exception)", "(Base)", "(Base, Mixin)"]);
        self.line(format!("class {name}{base}:"));
        self.indent += 1;
        let special = self.rng.pick(&[
            "def __eq__(self, other): return True",
            "def __add__(self, other): return ('add', other)",
            "def __len__(self): return 3",
            "def __getattr__(self, name): return name * 2",
            "def __bool__(self): return False",
            "def __repr__(self): return 'own repr'",
            "def __contains__(self, x): return x == 1",
            "__slots__ = ()",
            "def __init_subclass__(cls, **kw): out.append('subclass')",
            "@property\n    def value(self): return 'property'",
            "def __call__(self, *args): return args",
        ]);
        for line in special.lines() {
            self.line(line.trim_start().to_owned());
        }
        self.line("k = 1".to_owned());
        self.line("def method(self, a=0, b=0, c=0, d=0):".to_owned());
        self.indent += 1;
        let outer = std::mem::take(&mut self.loops);
        let generator = std::mem::replace(&mut self.generator, false);
        self.functions += 1;
        self.block(2, depth - 1);
        self.line("return ('method', a)".to_owned());
        self.functions -= 1;
        self.loops = outer;
        self.generator = generator;
        self.indent -= 2;
        let x = self.variable();
        self.line(format!("o = {name}()"));
        for _ in 0..1 + self.rng.below(3) {
            let use_ = self.rng.pick(&[
                "o.method(a)",
                "o.k",
                "o + 1",
                "len(o)",
                "o == 1",
                "bool(o)",
                "o.value",
                "o.missing",
                "1 in o",
                "o(1, 2)",
                "o.greet()",
                "isinstance(o, Base)",
                "setattr(o, 'k', 5), o.k",
                "[c.__name__ for c in type(o).__mro__]",
                "o[0]",
                "-o",
                "hash(o) == 0",
            ]);
            self.line(format!("out.append(attempt(lambda: {use_}))"));
        }
        self.line(format!("{x} = o.method(1)"));
    }

    fn comprehension(&mut self) {
        let (x, y) = (self.variable(), self.variable());
        let text = match self.rng.below(5) {
            0 => format!("{x} = [{y} for {y} in range(4) if {y} % 2 == {}]", self.rng.below(2)),
            1 => format!("{x} = [(lambda: q)() for q in range(3)]"),
            2 => format!("{x} = {{q: (a, q) for q in 'ab'}}"),
            3 => format!("{x} = [last := q for q in range(3)]; out.append(last)"),
            _ => format!("{x} = [[p, q] for p in range(3) for q in range(p)]"),
        };
        self.line(text);
    }
}
