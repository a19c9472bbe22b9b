"""A threaded HTTP server under load from another process: does it go wrong, does it grow,
how many requests does it serve.

    http_server.py [SECONDS] [--server INTERPRETER].. [--clients N]

The interpreter that runs this file makes the requests. Each server given (else: the same
interpreter) is loaded for SECONDS (default 600), one after the other. A request sorts words
and makes JSON of them, so that it costs processor time in Python; each answer is checked.
"""

import argparse
import http.client
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(n):
    """What `GET /n` gives."""
    words = sorted(f"{(i * 7919 + n) % 1009:04}" for i in range(200))
    counts = {}
    for word in words:
        counts[word[:2]] = counts.get(word[:2], 0) + 1
    return json.dumps({"n": n, "first": words[:5], "counts": counts}, sort_keys=True).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else an answer waits for the acknowledgement of its headers.
    disable_nagle_algorithm = True

    def do_GET(self):
        body = answer(int(self.path[1:]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve():
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def client(port, until, expected, totals, errors):
    """Requests until then; a new connection every 100 of them."""
    done = 0
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            for _ in range(100):
                n = done % len(expected)
                connection.request("GET", f"/{n}")
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or body != expected[n]:
                    errors.append(f"{response.status} {body[:60]!r}")
                done += 1
                if time.monotonic() >= until:
                    break
        except Exception as error:
            errors.append(repr(error))
        finally:
            connection.close()
    totals.append(done)


def status(pid):
    """Resident kilobytes, threads and seconds of processor time of a process."""
    with open(f"/proc/{pid}/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(lines["VmRSS"].split()[0]), int(lines["Threads"]), (int(fields[11]) + int(fields[12])) / 100


def load(interpreter, seconds, clients):
    server = subprocess.Popen([interpreter, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        expected = [answer(n) for n in range(50)]
        totals, errors, sizes = [], [], []
        begun = time.monotonic()
        until = begun + seconds
        threads = [
            threading.Thread(target=client, args=(port, until, expected, totals, errors)) for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        while time.monotonic() < until:
            time.sleep(min(5, seconds / 20))
            sizes.append(status(server.pid)[0])
        for thread in threads:
            thread.join()
        _, left, cpu = status(server.pid)
        took = time.monotonic() - begun
        tenth = max(1, len(sizes) // 10)
        early, late = max(sizes[tenth : 2 * tenth] or sizes), max(sizes[-tenth:])
        print(
            f"{interpreter}: {sum(totals)} requests, {sum(totals) / took:.0f} a second, "
            f"{sum(totals) / cpu:.0f} a second of its processor time, {cpu / took:.2f} cores; "
            f"{len(errors)} errors {errors[:3]}; {left} threads at the end; "
            f"resident {early // 1024} MB in the second tenth of the time, {late // 1024} MB in the last",
            flush=True,
        )
        return not errors
    finally:
        server.kill()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", nargs="?", type=float, default=600)
    parser.add_argument("--server", action="append")
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    good = [load(server, options.seconds, options.clients) for server in options.server or [sys.executable]]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main()
