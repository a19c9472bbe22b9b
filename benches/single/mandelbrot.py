"""Float arithmetic without objects: how many points of a grid stay bounded, and
after how many steps the others leave."""

SIZE = 480
EXPECTED = {
    20: (157, 1475),
    160: (10096, 106053),
    480: (90732, 953566),
}


def run(size):
    inside = 0
    steps = 0
    for row in range(size):
        ci = 2.0 * row / size - 1.0
        for column in range(size):
            cr = 2.0 * column / size - 1.5
            zr = zi = tr = ti = 0.0
            for i in range(60):
                zi = 2.0 * zr * zi + ci
                zr = tr - ti + cr
                tr = zr * zr
                ti = zi * zi
                if tr + ti > 4.0:
                    steps += i
                    break
            else:
                inside += 1
    return inside, steps


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
