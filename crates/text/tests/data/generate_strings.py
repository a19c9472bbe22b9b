"""Writes strings.txt: method, arguments and result, tab-separated, in escaped form."""

import random
import sys

random.seed(3)
ALPHABETS = ["ab", "aAbB 1_", "\u00e9\u00c9\u00df \u0130\u0131i'\"", "\u03a3\u03c3\u03b1. \u02b0'",
             "\u01c5\u01c4\u01c6\u0149\ufb01\u0390 ", "\U00010400\U00010428 a\ud800\udc80",
             "\t\n\r\x0b\x1c\x85\u2028 a", "\u0661\u00b2\u2167\u00bd5a", "\\'\"\x00\x7f\xad\u200b\U000e0001\U0001f600x"]
PREDICATES = ("isalpha", "isalnum", "isdecimal", "isdigit", "isnumeric", "isspace", "isprintable",
              "islower", "isupper", "istitle", "isidentifier")
CASES = ("lower", "upper", "casefold", "swapcase", "title", "capitalize")


def show(value):
    if isinstance(value, (list, tuple)):
        return "|".join(map(show, value))
    if isinstance(value, str):
        return value.encode("unicode-escape").decode().replace("|", "\\x7c")
    if isinstance(value, bytes):
        return show(value.decode("latin-1"))
    return str(value)


def text(alphabet, limit):
    return "".join(random.choice(alphabet) for _ in range(random.randrange(limit)))


out = []


def case(method, *args):
    if method == "raw":
        result = args[0].encode("raw-unicode-escape")
    elif method in ("repr", "ascii"):
        result = eval(method)(args[0])
    else:
        result = getattr(args[0], method)(*args[1:])
    out.append("\t".join((method, *map(show, args), show(result))))


for _ in range(250):
    alphabet = random.choice(ALPHABETS)
    s, t = text(alphabet, 12), text(alphabet, 3)
    other = text(random.choice(ALPHABETS), 3)
    for method in random.sample(PREDICATES + CASES, 5):
        case(method, s)
    case(random.choice(("repr", "ascii", "raw")), s)
    t = random.choice((t, t, other))
    limit = random.choice((-1, 0, 1, 2))
    for method in ("find", "rfind", "count", "startswith", "endswith", "strip", "lstrip", "rstrip"):
        case(method, s, t)
    case("replace", s, t, other, limit)
    if t:
        case("split", s, t, limit)
        case("rsplit", s, t, limit)
        case("partition", s, t)
        case("rpartition", s, t)
    case("split", s, None, limit)
    case("rsplit", s, None, limit)
    case("splitlines", s, random.choice((True, False)))
    case("strip", s)
    case("expandtabs", s, random.choice((0, 3, 8)))
    case("zfill", random.choice("+-x") + s, random.randrange(20))
    case("center", s, random.randrange(20))
with open("strings.txt", "w") as file:
    file.write("\n".join(out) + "\n")

checksum = 0
for code in range(sys.maxunicode + 1):
    c = chr(code)
    bits = sum(getattr(c, name)() << at for at, name in enumerate(PREDICATES))
    for method in CASES:
        for mapped in getattr(c, method)():
            bits = bits * 31 + ord(mapped)
    checksum = (checksum * 1000003 + bits) % 2**64
print("checksum of all code points:", checksum)
