"""dict: making, reading, writing, deleting, walking and merging, by keys of several kinds."""

import _path  # noqa: F401

SIZE = 1200
EXPECTED = {1200: 1058868600}


def run(size):
    total = 0
    names = [f"name{i}" for i in range(1000)]
    for n in range(size):
        by_name = {name: i for i, name in enumerate(names)}
        by_int = dict(zip(range(1000), names))
        by_pair = {(i, i & 7): i for i in range(300)}
        for name in names:
            by_name[name] += 1
            total += by_name.get(name, 0)
        for i in range(0, 1000, 3):
            del by_int[i]
        total += sum(by_pair[i, i & 7] for i in range(300))
        for key, value in by_int.items():
            total += key
        merged = by_name | {"other": n}
        merged.update(by_name)
        total += len(merged) + ("name7" in merged) + len(list(merged.values())) + len(sorted(by_int))
        total += merged.pop("other") + merged.setdefault("new", 5) + len(dict.fromkeys(names))
        counts = {}
        for name in names:
            key = name[-1]
            counts[key] = counts.get(key, 0) + 1
        total += counts["7"]
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
