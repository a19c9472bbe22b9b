"""Threads set, delete and read attributes of shared objects, change their classes
and the classes' attributes, and call the methods that others replace."""

import threading


class A:
    def f(self):
        return 1


class B:
    def f(self):
        return 2


objects = [A() for _ in range(8)]
unexpected = []


def body(seed):
    x = seed
    try:
        for i in range(30_000):
            x = (x * 69069 + 1) & 0xFFFFFFFF
            o = objects[(x >> 8) % 8]
            name = f"a{(x >> 12) % 12}"
            match (x >> 16) % 8:
                case 0 | 1:
                    setattr(o, name, i)
                case 2:
                    try:
                        delattr(o, name)
                    except AttributeError:
                        pass
                case 3:
                    assert getattr(o, name, 0) >= 0
                case 4:
                    o.__class__ = A if i & 1 else B
                case 5:
                    assert o.f() in (1, 2, 3)
                case 6:
                    assert all(v >= 0 for v in list(vars(o).values()))
                case 7:
                    A.f = (lambda self: 3) if i & 1 else (lambda self: 1)
                    B.__doc__ = str(i)
    except BaseException as error:
        unexpected.append(error)


threads = [threading.Thread(target=body, args=(n,)) for n in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
if unexpected:
    raise unexpected[0]
