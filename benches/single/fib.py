"""Recursive calls: the naive Fibonacci function."""

SIZE = 34
EXPECTED = {
    12: 144,
    29: 514229,
    34: 5702887,
}


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def run(size):
    return fib(size)


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
