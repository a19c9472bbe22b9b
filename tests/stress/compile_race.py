"""compile, exec and eval of the same and of different sources in several threads."""

import ast

from _race import race

SOURCE = """
class A:
    def f(self, x=1, *a, **k):
        return [y for y in range(x)]
def g(n):
    match n:
        case [a, *b] | (a, b): return a
        case {"k": v}: return v
        case int(): return n
    return f"{n!r:>10}"
result = A().f(3), g(5), g([1, 2]), g({"k": 7})
"""
code = compile(SOURCE, "shared", "exec")


def run(i):
    space = {}
    exec(code, space)
    assert space["result"] == ([0, 1, 2], 5, 1, 7)


def make(i):
    space = {}
    exec(compile(SOURCE + f"\nn = {i}", f"file{i}", "exec"), space)
    assert space["n"] == i
    assert eval(f"{i} + 1") == i + 1


def trees(i):
    tree = ast.parse(SOURCE)
    assert len(ast.dump(tree)) > 100 and ast.unparse(tree)
    try:
        compile("x = = 1", "bad", "exec")
    except SyntaxError as e:
        assert e.lineno == 1


race(run, make, trees, threads=2, rounds=60)
