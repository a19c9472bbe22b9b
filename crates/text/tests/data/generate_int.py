"""Writes int.txt: one operation a line, as CPython computes it."""

import math
import operator
import random
import sys

random.seed(7)
sys.set_int_max_str_digits(0)
INTERESTING = [0, 1, -1, 2, -2, 7, 255, 256, 2**31, 2**53 - 1, 2**53, 2**53 + 1,
               2**61 - 1, 2**61 - 2, 2**61, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -2**64,
               2**64 + 1, 2**128 - 1, 2**128, -2**128, 2**127, -2**63, 10**19, 10**40,
               2**1023, 2**1024 - 2**970, 2**1024 - 2**970 - 1, 2**1024]


def some():
    if random.random() < 0.4:
        return random.choice(INTERESTING) * random.choice((1, -1))
    bits = random.choice((8, 60, 64, 65, 128, 200, 600, 1100))
    return random.getrandbits(bits) * random.choice((1, -1))


def show(value):
    if isinstance(value, tuple):
        return " ".join(map(show, value))
    if isinstance(value, float):
        return value.hex()
    return format(value, "x") if isinstance(value, int) else str(value)


def attempt(function, *args):
    try:
        return show(function(*args))
    except (OverflowError, ZeroDivisionError, ValueError) as error:
        return type(error).__name__


out = []
for _ in range(40):
    a, b, n = some(), some(), random.choice((0, 1, 5, 63, 64, 65, 127, 128, 700))
    for name, function in (("add", operator.add), ("sub", operator.sub), ("mul", operator.mul),
                           ("and", operator.and_), ("or", operator.or_), ("xor", operator.xor),
                           ("divmod", divmod), ("truediv", operator.truediv), ("gcd", math.gcd)):
        out.append(f"{name} {a:x} {b:x} = {attempt(function, a, b)}")
    out.append(f"shl {a:x} {n:x} = {a << n:x}")
    out.append(f"shr {a:x} {n:x} = {a >> n:x}")
    out.append(f"bits {a:x} = {a.bit_length():x} {a.bit_count():x}")
    out.append(f"hash {a:x} = {hash(a):x}")
    out.append(f"float {a:x} = {attempt(float, a)}")
    out.append(f"isqrt {abs(a):x} = {math.isqrt(abs(a)):x}")
    out.append(f"pow {a:x} {n % 7:x} = {a ** (n % 7):x}")
    if b:
        out.append(f"powmod {a:x} {abs(n):x} {b:x} = {pow(a, n, b):x}")
        out.append(f"inverse {a:x} {b:x} = {attempt(pow, a, -1, b)}")
    out.append(f"text {a:x} = {a}")
    size = random.choice((0, 1, 8, 9, 16, 17, 40))
    for order in ("little", "big"):
        for signed in (False, True):
            text = attempt(lambda: "x" + a.to_bytes(size, order, signed=signed).hex())
            out.append(f"bytes {a:x} {size:x} {order} {int(signed)} = {text}")
for a, b in ((1, 2**1074), (1, 2**1075), (3, 2**1075), (2**53 + 1, 2**1100), (5, 2**1076),
             (2**200 + 1, 2**1260), (10**400, 10**90), (3**700, 2**1109), (7, -10**320)):
    out.append(f"truediv {a:x} {b:x} = {attempt(operator.truediv, a, b)}")
with open("int.txt", "w") as file:
    file.write("\n".join(out) + "\n")
