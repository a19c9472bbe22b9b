"""Richards: Martin Richards's simulation of an operating system's kernel. Six
tasks of fixed priority pass packets to one another; the numbers of packets
queued and of tasks held are known for the standard run."""

SIZE = 20
EXPECTED = {n: (n * 23246, n * 9297) for n in range(1, 100)}

IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
DEVICE_PACKET, WORK_PACKET = range(2)


class Packet:
    def __init__(self, after, owner, kind):
        self.after = after
        self.owner = owner
        self.kind = kind
        self.datum = 0
        self.payload = [0, 0, 0, 0]


def append(packet, queue):
    """Puts `packet` at the end of the linked `queue`; returns the new queue."""
    packet.after = None
    if queue is None:
        return packet
    last = queue
    while last.after is not None:
        last = last.after
    last.after = packet
    return queue


class Task:
    def __init__(self, kernel, ident, priority, queue, waiting=True):
        self.kernel = kernel
        self.ident = ident
        self.priority = priority
        self.queue = queue
        self.pending = waiting and queue is not None
        self.waiting = waiting
        self.held = False
        self.next_task = kernel.tasks
        kernel.tasks = self
        kernel.table[ident] = self

    def blocked(self):
        return self.held or (self.waiting and not self.pending)

    def resume(self):
        """Runs the task with its next packet; returns the task to run then."""
        packet = None
        if self.waiting and self.pending:
            packet = self.queue
            self.queue = packet.after
            self.waiting = False
            self.pending = self.queue is not None
        return self.work(packet)

    def receive(self, packet, sender):
        """Queues a packet; returns who runs next, the receiver or the sender."""
        if self.queue is None:
            self.queue = packet
            self.pending = True
            if self.priority > sender.priority:
                return self
        else:
            append(packet, self.queue)
        return sender

    def work(self, packet):
        raise NotImplementedError


class Kernel:
    def __init__(self):
        self.tasks = None
        self.table = [None] * 6
        self.current = None
        self.queued = 0
        self.holds = 0

    def send(self, packet):
        receiver = self.table[packet.owner]
        self.queued += 1
        packet.after = None
        packet.owner = self.current.ident
        return receiver.receive(packet, self.current)

    def wait(self):
        self.current.waiting = True
        return self.current

    def hold(self):
        self.holds += 1
        self.current.held = True
        return self.current.next_task

    def release(self, ident):
        task = self.table[ident]
        task.held = False
        if task.priority > self.current.priority:
            return task
        return self.current

    def schedule(self):
        task = self.tasks
        while task is not None:
            if task.blocked():
                task = task.next_task
            else:
                self.current = task
                task = task.resume()


class IdleTask(Task):
    def __init__(self, kernel, rounds):
        super().__init__(kernel, IDLE, 0, None, waiting=False)
        self.seed = 1
        self.rounds = rounds

    def work(self, packet):
        self.rounds -= 1
        if self.rounds == 0:
            return self.kernel.hold()
        if self.seed & 1:
            self.seed = (self.seed >> 1) ^ 0xD008
            return self.kernel.release(DEVICE_B)
        self.seed >>= 1
        return self.kernel.release(DEVICE_A)


class WorkerTask(Task):
    target = HANDLER_A
    letter = 0

    def work(self, packet):
        if packet is None:
            return self.kernel.wait()
        self.target = HANDLER_B if self.target == HANDLER_A else HANDLER_A
        packet.owner = self.target
        packet.datum = 0
        for i in range(4):
            self.letter += 1
            if self.letter > 26:
                self.letter = 1
            packet.payload[i] = self.letter
        return self.kernel.send(packet)


class HandlerTask(Task):
    jobs = None
    free = None

    def work(self, packet):
        if packet is not None:
            if packet.kind == WORK_PACKET:
                self.jobs = append(packet, self.jobs)
            else:
                self.free = append(packet, self.free)
        job = self.jobs
        if job is not None:
            done = job.datum
            if done == 4:
                self.jobs = job.after
                return self.kernel.send(job)
            device = self.free
            if device is not None:
                self.free = device.after
                device.datum = job.payload[done]
                job.datum = done + 1
                return self.kernel.send(device)
        return self.kernel.wait()


class DeviceTask(Task):
    kept = None

    def work(self, packet):
        if packet is not None:
            self.kept = packet
            return self.kernel.hold()
        if self.kept is None:
            return self.kernel.wait()
        packet, self.kept = self.kept, None
        return self.kernel.send(packet)


def packets(count, owner, kind):
    queue = None
    for _ in range(count):
        queue = Packet(queue, owner, kind)
    return queue


def simulate():
    kernel = Kernel()
    IdleTask(kernel, 10000)
    WorkerTask(kernel, WORKER, 1000, packets(2, WORKER, WORK_PACKET))
    HandlerTask(kernel, HANDLER_A, 2000, packets(3, DEVICE_A, DEVICE_PACKET))
    HandlerTask(kernel, HANDLER_B, 3000, packets(3, DEVICE_B, DEVICE_PACKET))
    DeviceTask(kernel, DEVICE_A, 4000, None)
    DeviceTask(kernel, DEVICE_B, 5000, None)
    kernel.schedule()
    return kernel.queued, kernel.holds


def run(size):
    queued = holds = 0
    for _ in range(size):
        q, h = simulate()
        queued += q
        holds += h
    return queued, holds


if __name__ == "__main__":
    from _bench import main

    main(run, SIZE, EXPECTED)
