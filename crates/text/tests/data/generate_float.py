"""Writes float.txt: one operation a line, as CPython computes it."""

import math
import operator
import random
import struct

random.seed(11)
INTERESTING = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, 0.125, 0.1, 1e16, 1e15, 123456789012345678.0,
               1e22, 1e23, 9.999999999999999e22, 1e-4, 1e-5, 0.00012345, 5e-324, 2.2250738585072014e-308,
               1.7976931348623157e308, math.inf, -math.inf, math.nan, 2.675, 1e100, 25.0, 35.0, 50.0,
               150.0, 250.0, 5.0, 6.0, 99.5, 100.5, 0.25, 0.75, 1e-7, 4503599627370497.5]


def some():
    choice = random.random()
    if choice < 0.5:
        return random.choice(INTERESTING) * random.choice((1, -1))
    if choice < 0.7:
        return round(random.uniform(-1000, 1000), random.randrange(5))
    return struct.unpack("d", random.randbytes(8))[0]


def show(value):
    if isinstance(value, tuple):
        return " ".join(map(show, value))
    if isinstance(value, float):
        return value.hex()
    return str(value)


def attempt(function, *args):
    try:
        return show(function(*args))
    except (OverflowError, ZeroDivisionError, ValueError) as error:
        return type(error).__name__


out = []
for x in INTERESTING + [some() for _ in range(25)]:
    y = some()
    h, g = x.hex(), y.hex()
    out.append(f"repr {h} = {x!r}")
    out.append(f"complex {h} {g} = {complex(x, y)!r}")
    if x == x:
        out.append(f"hash {h} = {hash(x)}")
    out.append(f"ratio {h} = {attempt(x.as_integer_ratio)}")
    if y:
        out.append(f"divmod {h} {g} = {attempt(divmod, x, y)}")
    for n in (-2, -1, 0, 1, 2, 5, 23, -23, 308, -308, 400, random.randrange(-320, 330)):
        if math.isfinite(x):
            out.append(f"round {h} {n} = {attempt(round, x, n)}")
    for code in "efgEG":
        for p in (0, 1, 2, 6, 17, 30):
            out.append(f"format {h} .{p}{code} = {format(x, f'.{p}{code}')}")
            out.append(f"format {h} #.{p}{code} = {format(x, f'#.{p}{code}')}")
with open("float.txt", "w") as file:
    file.write("\n".join(out) + "\n")
