"""A pair of sockets that threads write to, read from, and replace."""

import socket

from _race import race

pair = list(socket.socketpair())
for s in pair:
    s.settimeout(0.01)


def send(i):
    pair[0].send(b"x" * (i % 100 + 1))


def receive(i):
    assert type(pair[1].recv(64)) is bytes
    pair[1].recv_into(bytearray(16))


def replace(i):
    if i % 100 == 0:
        a, b = socket.socketpair()
        a.settimeout(0.01)
        b.settimeout(0.01)
        old = pair[:]
        pair[:] = a, b
        for s in old:
            s.close()
    pair[0].fileno(), pair[1].getsockname()


race(send, receive, replace, threads=2, rounds=600)
