"""Method calls: plain, inherited, through super(), static, class and property."""

SIZE = 1_200_000
EXPECTED = {
    500: (500, 3000, 64000),
    150_000: (150000, 900000, 4384919056),
    1_200_000: (1200000, 7200000, 38761266816),
}


class Counter:
    step = 1

    def __init__(self):
        self.value = 0

    def add(self, n):
        self.value += n
        return self

    def twice(self, n):
        return self.add(n).add(n)

    @property
    def half(self):
        return self.value >> 1

    @staticmethod
    def clip(n):
        return n & 0xFFFF

    @classmethod
    def stride(cls):
        return cls.step


class Loud(Counter):
    step = 3

    def add(self, n):
        super().add(n + 1)
        return self


def run(size):
    plain, loud = Counter(), Loud()
    total = 0
    for i in range(size):
        plain.add(1)
        loud.twice(2)
        total += plain.clip(plain.half) + loud.stride()
    return plain.value, loud.value, total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
