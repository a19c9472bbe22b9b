"""Big integers: Fibonacci by addition up to 20,000 digits (the seeds' function),
then decimal conversion, multiplication, division and powers."""

SIZE = 200_000
EXPECTED = {
    1000: (694, "166849228875", 532559, 818586),
    60_000: (41654, "734195920000", 175520, 284731),
    200_000: (138848, "408175853125", 651317, 344526),
}


def run(size):
    a, b = 0, 1
    for i in range(size):
        a, b = b, a + b
    digits = str(a % 10 ** 4000)
    product = a * b
    if product // a != b or int(digits) != a % 10 ** 4000:
        return "wrong"
    power = pow(3, a % 100003, 10 ** 200 + 357)
    return a.bit_length(), digits[-12:], product % 1000003, power % 1000003


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
