"""Attribute-heavy objects: reads and writes of many instance attributes, with
and without __slots__, on objects of three classes at one place in the code."""

SIZE = 1_000_000
EXPECTED = {
    500: 570000,
    120_000: 2337028928,
    1_000_000: 3747104192,
}


class Point:
    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z


class Pixel(Point):
    def __init__(self, x, y, z):
        super().__init__(x, y, z)
        self.colour = 7


class Slotted:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z


def rotate(p):
    p.x, p.y, p.z = p.y, p.z, p.x


def run(size):
    points = [Point(1, 2, 3), Pixel(4, 5, 6), Slotted(7, 8, 9)]
    total = 0
    for i in range(size):
        for p in points:
            rotate(p)
            p.x += 1
            p.z = p.x + p.y - p.z
            total += p.x
        total &= 0xFFFFFFFF
    return total


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
