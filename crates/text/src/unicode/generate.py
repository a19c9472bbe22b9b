"""Writes tables.rs and runs.rs from CPython 3.14 (Unicode 16.0, and 3.2)."""

import sys
import unicodedata

assert unicodedata.unidata_version == "16.0.0"
SHIFT = 7
FLAGS = ("ALPHA", "DECIMAL", "DIGIT", "NUMERIC", "SPACE", "UPPER", "LOWER", "TITLE",
         "PRINTABLE", "XID_START", "XID_CONTINUE", "CASE_IGNORABLE")
extended = []


def mapping(code, text):
    """A difference, or where the expansion stands: start * 4 + length + 2**24."""
    if len(text) == 1:
        return ord(text) - code
    extended.extend(map(ord, text))
    return (1 << 24) + (len(extended) - len(text)) * 4 + len(text)


def record(code):
    c = chr(code)
    ignorable = ("A" + c + "\u03a3").lower()[-1] == "\u03c2" and (c + "\u03a3").lower()[-1] == "\u03c3"
    bits = (c.isalpha(), c.isdecimal(), c.isdigit(), c.isnumeric(), c.isspace(), c.isupper(),
            c.islower(), unicodedata.category(c) == "Lt", c.isprintable(), c.isidentifier(),
            ("a" + c).isidentifier(), ignorable)
    flags = sum(bit << at for at, bit in enumerate(bits))
    return (flags, unicodedata.digit(c, 255), mapping(code, c.upper()), mapping(code, c.lower()),
            mapping(code, c.title()), mapping(code, c.casefold()))


records, blocks, index = {}, {}, []
for start in range(0, sys.maxunicode + 1, 1 << SHIFT):
    block = tuple(records.setdefault(record(code), len(records))
                  for code in range(start, start + (1 << SHIFT)))
    index.append(blocks.setdefault(block, len(blocks)))
assert len(blocks) < 65536


def lines(values, columns=24):
    values = list(map(str, values))
    for at in range(0, len(values), columns):
        print("    " + ", ".join(values[at:at + columns]) + ",", file=out)


with open("tables.rs", "w") as out:
    print("//! Unicode 16.0 properties. Written by generate.py; do not edit.\n", file=out)
    print("use super::Record;\n", file=out)
    for at, name in enumerate(FLAGS):
        print(f"pub const {name}: u16 = 1 << {at};", file=out)
    print(f"\npub const SHIFT: u32 = {SHIFT};\n", file=out)
    print(f"#[rustfmt::skip]\npub static RECORDS: [Record; {len(records)}] = [", file=out)
    for fields in records:
        print(f"    Record::new({', '.join(map(str, fields))}),", file=out)
    print("];\n", file=out)
    for name, kind, values in (("EXTENDED", "u32", extended),
                               ("BLOCKS", "u16", index),
                               ("LEAVES", "u16", [value for block in blocks for value in block])):
        print(f"#[rustfmt::skip]\npub static {name}: [{kind}; {len(values)}] = [", file=out)
        lines(values)
        print("];\n", file=out)

# Runs of code points: the first one, then the category and the class of direction
# in five bits each above it.
old = unicodedata.ucd_3_2_0
everything = list(map(chr, range(sys.maxunicode + 1)))
categories = sorted(set(map(old.category, everything)))
directions = sorted(set(map(unicodedata.bidirectional, everything)))


def runs(key):
    last = None
    for code, c in enumerate(everything):
        if (value := key(c)) != last:
            yield code | value << 21
            last = value


with open("runs.rs", "w") as out:
    print("//! Directions in Unicode 16.0; categories and directions in 3.2. Written by generate.py; do not edit.\n", file=out)
    for name, values in (("CATEGORIES", categories), ("DIRECTIONS", directions)):
        print(f"#[rustfmt::skip]\npub static {name}: [&str; {len(values)}] = [", file=out)
        lines([f'"{value}"' for value in values], 16)
        print("];\n", file=out)
    for name, key in (("NEW", lambda c: directions.index(unicodedata.bidirectional(c)) << 5),
                      ("OLD", lambda c: categories.index(old.category(c)) | directions.index(old.bidirectional(c)) << 5)):
        values = list(runs(key))
        print(f"#[rustfmt::skip]\npub static {name}: [u32; {len(values)}] = [", file=out)
        lines(values, 11)
        print("];\n", file=out)
