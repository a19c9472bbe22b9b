"""Listing 3's network test: fetching a page 10 times, from a local web server
that the harness starts (the article used one in the same room)."""

PAGE = b"<html><body><h1>It works!</h1></body></html>\n" * 20
url = None
_server = None


def setup():
    """Starts the server; ImportError and the like mean: no sockets yet."""
    global url, _server
    import socket  # noqa: F401  (fails first, and clearly, where there is none)
    import threading
    import urllib.request  # noqa: F401
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    _server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=_server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{_server.server_address[1]}/"


def teardown():
    if _server is not None:
        _server.shutdown()
        _server.server_close()


def function_to_run():
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    total = 0
    for _ in range(10):
        with opener.open(url) as f:
            total += len(f.read())
    return total


def check():
    """Called once by the harness, outside the measurement."""
    total = function_to_run()
    if total != 10 * len(PAGE):
        raise AssertionError(f"fetched {total} bytes")
