"""Listing 3's number crunching: 100,000 Fibonacci steps, up to a number of
20,899 digits. Nothing is shared, so it should scale with the cores."""

# The last value modulo a prime, so that a wrong sum does not pass as a fast one.
PRIME = 1_000_003


def fibonacci_mod(n, modulus):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) % modulus
    return a


def function_to_run():
    a, b = 0, 1
    for i in range(100000):
        a, b = b, a + b
    return a


def check():
    """Called once by the harness, outside the measurement."""
    value = function_to_run()
    if value % PRIME != fibonacci_mod(100000, PRIME):
        raise AssertionError("the 100,000th Fibonacci number is wrong")
    if value.bit_length() != 69424:
        raise AssertionError(f"it has {value.bit_length()} bits")
