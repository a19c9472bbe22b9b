"""map and for_each over all cores.

    from typhon import parallel

    for page in parallel.map(fetch, urls): ...
    parallel.for_each(process, files)

The input may be any iterable, endless ones included: it is read as the results are
asked for, by one thread at a time. The first exception, in the order of the input, ends
the whole: it is raised where the results are read, and items that nobody has begun are
left. Leaving the loop early does the same.
"""

import os
from collections import deque
from threading import Condition, Thread
from time import perf_counter

__all__ = ["for_each", "map"]

# Work of less time is not worth handing over by itself.
_WORTH = 0.001
_LONGEST_CHUNK = 4096


class _Chunk:
    __slots__ = ("done", "error", "items", "results")

    def __init__(self, items):
        self.items = items
        self.results = []
        self.error = None
        self.done = False


class _Job:
    """What the threads of one call share. All fields are guarded by `changed`, but
    the input, which is read by the thread that has set `reading`."""

    def __init__(self, function, iterable, workers, chunk, ordered):
        self.function = function
        self.input = iter(iterable)
        self.fixed = chunk
        self.size = chunk or 1
        self.ordered = ordered
        self.changed = Condition()
        # In the order of the input, or unordered: finished ones only.
        self.chunks = deque()
        self.reading = False
        self.stopped = False
        self.exhausted = False
        self.running = 0
        # Finished results that nobody has fetched stay bounded.
        self.ahead = 4 * workers
        self.threads = [Thread(target=self.work, name=f"parallel-{i}", daemon=True) for i in range(workers)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def take(self):
        """The next chunk to work on, or None."""
        with self.changed:
            while not self.stopped and not self.exhausted and (self.reading or self.waiting() >= self.ahead):
                self.changed.wait()
            if self.stopped or self.exhausted:
                return None
            self.reading = True
            size = self.size
        # Without the lock: the input may be slow, or fail.
        chunk = _Chunk([])
        error = None
        ended = False
        try:
            while len(chunk.items) < size:
                chunk.items.append(next(self.input))
        except StopIteration:
            ended = True
        except BaseException as e:
            ended, error = True, e
        with self.changed:
            self.reading = False
            self.exhausted |= ended
            if error is not None:
                # Behind the items that were read before it.
                failed = _Chunk([])
                failed.error, failed.done = error, True
            if chunk.items:
                self.running += 1
                if self.ordered:
                    self.chunks.append(chunk)
            if error is not None:
                self.chunks.append(failed)
            self.changed.notify_all()
        return chunk if chunk.items else None

    def waiting(self):
        return len(self.chunks) + (0 if self.ordered else self.running)

    def work(self):
        while (chunk := self.take()) is not None:
            begun = perf_counter()
            try:
                for item in chunk.items:
                    if self.stopped:
                        break
                    chunk.results.append(self.function(item))
            except BaseException as e:
                chunk.error = e
            spent = perf_counter() - begun
            with self.changed:
                chunk.done = True
                self.running -= 1
                if chunk.error is not None:
                    self.exhausted = True
                if not self.ordered:
                    self.chunks.append(chunk)
                if self.fixed is None and spent < _WORTH and self.size < _LONGEST_CHUNK:
                    self.size = min(self.size * 2, _LONGEST_CHUNK)
                elif self.fixed is None and spent > 8 * _WORTH:
                    self.size = max(self.size // 2, 1)
                self.changed.notify_all()

    def next_chunk(self):
        """The next finished chunk, or None at the end."""
        with self.changed:
            while True:
                if self.chunks and self.chunks[0].done:
                    chunk = self.chunks.popleft()
                    self.changed.notify_all()
                    return chunk
                if self.exhausted and not self.running and not self.chunks and not self.reading:
                    return None
                self.changed.wait()

    def results(self):
        try:
            while (chunk := self.next_chunk()) is not None:
                yield from chunk.results
                if chunk.error is not None:
                    raise chunk.error
        finally:
            self.stop()

    def stop(self):
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
        for thread in self.threads:
            thread.join()


def _job(function, iterable, workers, chunk, ordered):
    if not callable(function):
        raise TypeError(f"{type(function).__name__!r} object is not callable")
    if workers is None:
        workers = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    if workers is not None and workers < 1:
        raise ValueError("workers must be at least 1")
    if chunk is not None and chunk < 1:
        raise ValueError("chunk must be at least 1")
    return _Job(function, iterable, workers or 1, chunk, ordered)


def map(function, iterable, /, *, workers=None, chunk=None, ordered=True):
    """An iterator over function(item) for each item, computed by `workers` threads.

    workers: as many as the process may use cores, if not given.
    chunk: how many items a thread takes at a time; found out if not given.
    ordered: in the order of the input; otherwise as they are ready.
    """
    job = _job(function, iterable, workers, chunk, ordered)

    def results():
        job.start()
        yield from job.results()

    return results()


def for_each(function, iterable, /, *, workers=None, chunk=None):
    """Call function(item) for each item, in `workers` threads; wait for the end."""
    for _ in map(function, iterable, workers=workers, chunk=chunk, ordered=False):
        pass
