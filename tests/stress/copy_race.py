"""copy, deepcopy, pickle, json, repr and pprint of an object that changes."""

import copy
import json
import pickle
import pprint

from _race import race

data = {"list": [1, 2, 3], "dict": {"a": [1], "b": {"c": 2}}, "text": "x"}


def write(i):
    data["list"].append(i)
    data["dict"][f"k{i % 30}"] = [i]
    data["dict"].pop(f"k{(i * 7) % 30}", None)
    if i % 20 == 0:
        data["list"][:] = [1]


def read(i):
    assert type(copy.deepcopy(data)["list"]) is list
    copy.copy(data["dict"])
    assert set(json.loads(json.dumps(data))) == {"list", "dict", "text"}
    assert set(pickle.loads(pickle.dumps(data))) == {"list", "dict", "text"}
    repr(data), str(data), pprint.pformat(data, width=30), data == copy.copy(data)


race(write, threads=2, rounds=500)
race(write, read, threads=2, rounds=80)
