"""Writes format.txt: type, value, spec and result of format(), tab-separated."""

import random

random.seed(5)
VALUES = [0, 5, -1234, 10**18 + 7, -(2**100), 0.0, -0.0, 0.5, -1234.5678, 1e20, 1.5e-7, 12345678.9,
          float("inf"), float("-inf"), float("nan"), 1j, 1 + 2j, -0.0 - 1.5j, complex(1e20, float("inf")),
          "", "abc", "h\u00e9llo", 65, 0x20ac, 0.123456789]
KINDS = ["", "", "", "d", "n", "b", "o", "x", "X", "c", "e", "E", "f", "F", "g", "G", "%", "s", "y", "\u00e9"]


def spec():
    text = random.choice(("", "", "", "<", ">", "^", "=", "*<", "\u20ac^", "0=", "x>"))
    text += random.choice(("", "", "", "+", "-", " "))
    text += random.choice(("", "", "", "", "", "z"))
    text += random.choice(("", "", "", "#"))
    text += random.choice(("", "", "0"))
    text += random.choice(("", "1", "8", "15", "24"))
    text += random.choice(("", "", "", ",", "_", ",_"))
    text += random.choice(("", "", ".0", ".3", ".10", ".", "._", ".4,", ".8_", ".5_,"))
    return text + random.choice(KINDS)


with open("format.txt", "w") as file:
    for _ in range(3000):
        value, text = random.choice(VALUES), spec()
        try:
            result = format(value, text)
        except (ValueError, OverflowError) as error:
            result = f"{type(error).__name__}: {error}"
        shown = value.hex() if isinstance(value, float) else str(value)
        if isinstance(value, complex):
            shown = value.real.hex() + " " + value.imag.hex()
        file.write(f"{type(value).__name__}\t{shown}\t{text}\t{ascii(result)[1:-1]}\n")
    for _ in range(600):
        flags = "".join(random.choice(("", "", "", flag)) for flag in "-+ #0")
        text = "%" + flags + random.choice(("", "1", "8", "20")) + random.choice(("", ".", ".0", ".3", ".12"))
        kind, value = random.choice("diuoxXeEfFgG"), random.choice(VALUES[:15])
        if isinstance(value, float) and (value != value or abs(value) == float("inf") or kind in "oxX"):
            kind = "f"
        if kind in "diuoxX":
            value = int(value)
        else:
            value = float(value)
        shown = value.hex() if isinstance(value, float) else str(value)
        file.write(f"%\t{shown}\t{text}{kind}\t{(text + kind) % value}\n")
