"""Allocation: many short-lived binary trees and one that lives long."""

SIZE = 16
EXPECTED = {
    5: 438,
    13: 243574,
    16: 2472890,
}


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


def make(depth):
    if depth == 0:
        return Node(None, None)
    return Node(make(depth - 1), make(depth - 1))


def count(node):
    if node.left is None:
        return 1
    return 1 + count(node.left) + count(node.right)


def run(size):
    total = count(make(size + 1))
    long_lived = make(size)
    for depth in range(4, size + 1, 4):
        for _ in range(1 << (size - depth + 2)):
            total += count(make(depth))
    return total + count(long_lived)


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
