"""Strings: formatting, joining, slicing, replacing, searching, encoding."""

SIZE = 600_000
EXPECTED = {
    500: (6780, 1500, 6603, 40, 73000, "9.50>|'000'"),
    75_000: (1177780, 225000, 571723, 5148, 2544565, "9.50>|'000'"),
    600_000: (10477780, 1800000, 5002223, 38889, 2544565, "9.50>|'000'"),
}


def run(size):
    parts = []
    for i in range(size):
        parts.append(f"<{i:05d}:{i * 0.5:.2f}>")
    whole = "".join(parts)
    # `+=` on one string is linear or quadratic as the interpreter likes; lines of
    # bounded length measure it without deciding the whole program.
    lines = []
    grown = ""
    for i in range(size):
        grown += parts[i][1:4]
        if len(grown) > 200:
            lines.append(grown)
            grown = ""
    grown = "".join(lines) + grown
    upper = 0
    for part in parts:
        if part.find("9:4") >= 0:
            upper += 1
        upper += len(part.replace("0", "zero").upper().split(":")[0])
    marks = 0
    for c in whole[:size]:
        if c == ":":
            marks += 1
    return len(whole), len(grown), upper, marks, sum(grown[:50000].encode()), "%s|%r" % (whole[-5:], grown[:3])


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
