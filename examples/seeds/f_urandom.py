"""Listing 3's file reading: 1,000 chunks of 1 KB from /dev/urandom. The time is
spent in the operating system, where threads run at the same time."""


def function_to_run():
    total = 0
    with open("/dev/urandom", "rb") as fh:
        for _ in range(1000):
            total += len(fh.read(1024))
    return total


def check():
    """Called once by the harness, outside the measurement."""
    total = function_to_run()
    if total != 1000 * 1024:
        raise AssertionError(f"read {total} bytes")
