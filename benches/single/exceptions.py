"""Exceptions: raised and caught at once, through several frames, with finally,
and try blocks that nothing leaves."""

SIZE = 1_500_000
EXPECTED = {
    500: (500, 0, 994, 250, 12750),
    200_000: (200000, 0, 399994, 100000, 5100000),
    1_500_000: (1500000, 0, 2999995, 750000, 38250000),
}


class Overdrawn(ValueError):
    def __init__(self, amount):
        super().__init__(amount)
        self.amount = amount


def withdraw(balance, amount):
    if amount > balance:
        raise Overdrawn(amount - balance)
    return balance - amount


def careful(balance, amount, log):
    try:
        return withdraw(balance, amount)
    finally:
        log[0] += 1


def run(size):
    log = [0]
    balance = 0
    refused = missing = fine = 0
    table = {i: i for i in range(0, 100, 2)}
    for i in range(size):
        try:
            balance = careful(balance + 1, i % 7, log)
        except Overdrawn as error:
            refused += error.amount
        try:
            fine += table[i % 100]
        except KeyError:
            missing += 1
        try:
            fine += 1
        except ZeroDivisionError:
            fine = 0
    return log[0], balance, refused, missing, fine


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
