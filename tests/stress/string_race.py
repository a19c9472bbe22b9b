"""Reading shared strings, numbers and code from many threads: caches that fill at first use."""

import json
import pickle
import re

from _race import race

texts = [f"key {n} é " * 20 for n in range(50)]
numbers = [3**n for n in range(200)]
pattern = re.compile(r"(\w+) (\d+)")


def work(i):
    text = texts[i % 50]
    assert text.encode().decode() == text
    assert hash(text) == hash("".join(text)) and text.upper().lower() == text
    assert int(str(numbers[i % 200])) == numbers[i % 200]
    assert pattern.match(text)[2] == str(i % 50)
    assert json.loads(json.dumps({text: numbers[i % 30]})) == {text: numbers[i % 30]}
    assert pickle.loads(pickle.dumps((text, i))) == (text, i)
    assert eval(f"{i} + 1") == i + 1
    exec(compile(f"x = {i}", f"<{i % 7}>", "exec"), {})


race(work, threads=6, rounds=300)
