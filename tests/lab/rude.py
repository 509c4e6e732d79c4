#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Clients of the control socket who do not behave: many of one kind at a time, for some seconds, until
synwardd has closed them all, or until SIGTERM. And one who does, and says what that was like meanwhile.

  rude.py SOCKET KIND CLIENTS SECONDS   says "begun" when all are connected, in the end a line of JSON
  rude.py SOCKET calls METHOD COUNT     one after another on one connection: JSON
  rude.py SOCKET polite COUNT           as many `Status`, each on a connection of its own: JSON
"""
import json
import os
import resource
import select
import signal
import socket
import sys
import time

STEP = 0.02  # seconds between two misdeeds
PATIENCE = 5  # seconds that a polite client waits for his answer
STATUS = b'{"method":"org.synward.Status"}\0'
MONITOR = b'{"method":"org.synward.Monitor","more":true}\0'
LONG = b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"org.synward"}}\0'


def connect(path):
    """Waits for a place at the door, where a connect() that does not would be turned away."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    sock.setblocking(False)
    return sock


class Client:
    """Reads what comes. What he sends is decided by his kind, in begin() and step()."""

    reads = True

    def __init__(self, path):
        self.path = path
        self.sock = connect(path)
        self.began = time.monotonic()
        self.closed_after = None
        self.answers = self.errors = 0
        self.poll = select.poll()
        self.poll.register(self.sock, 0)  # the other end is gone: that is always told
        self.begin()

    def begin(self):
        pass

    def step(self):
        pass

    def send(self, data):
        """As much as goes. Returns how much that was."""
        try:
            return self.sock.send(data)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return 0

    def read(self):
        data = self.sock.recv(1 << 20)
        self.answers += data.count(b"\0")
        self.errors += data.count(b'{"error":')
        return data

    def turn(self):
        try:
            if self.reads and not self.read():
                return self.end()
        except BlockingIOError:
            pass
        except ConnectionResetError:
            return self.end()
        if not self.reads and self.poll.poll(0):
            return self.end()
        self.step()

    def end(self):
        self.closed_after = time.monotonic() - self.began
        self.sock.close()


class Idle(Client):
    """Says nothing at all."""


class Drip(Client):
    """A byte of a request now and then, so that there is always one more to come."""

    def step(self):
        self.send(b" ")


class Huge(Client):
    """A request of 10 MB."""

    def begin(self):
        self.left = 10 << 20

    def step(self):
        if self.left > 0:
            self.left -= self.send(b'"' + b"x" * min(self.left, 1 << 20))


class Garbage(Client):
    """Bytes that mean nothing, with a NUL somewhere."""

    def begin(self):
        self.send(os.urandom(4096).replace(b"\0", b"\1") + b"\0")


class Half(Client):
    """Half a request, and no more."""

    def begin(self):
        self.send(STATUS[:17])
        self.sock.shutdown(socket.SHUT_WR)


class Leaver(Client):
    """A request, and away before the answer; then again."""

    def step(self):
        self.send(STATUS)
        self.sock.close()
        self.sock = connect(self.path)


class Deaf(Client):
    """One request with a long answer after the other, and reads none."""

    reads = False

    def step(self):
        self.send(LONG * 10)


class DeafMonitor(Client):
    """Wants all events, and reads none."""

    reads = False

    def begin(self):
        self.send(MONITOR)


class Monitor(Client):
    """Wants all events, and reads them."""

    def begin(self):
        self.send(MONITOR)


class Passer(Client):
    """Good requests, each with a hundred file descriptors."""

    null = os.open("/dev/null", os.O_RDONLY)

    def begin(self):
        self.asked = 0

    def step(self):
        if self.asked == self.answers:
            self.asked += 1
            socket.send_fds(self.sock, [STATUS], [self.null] * 100)


class Busy(Client):
    """Asks again as soon as he is answered."""

    def begin(self):
        self.asked = 0

    def step(self):
        if self.asked == self.answers:
            self.asked += 1
            self.send(STATUS)


KINDS = {
    "idle": Idle,
    "drip": Drip,
    "huge": Huge,
    "garbage": Garbage,
    "half": Half,
    "leaver": Leaver,
    "deaf": Deaf,
    "deaf-monitor": DeafMonitor,
    "monitor": Monitor,
    "passer": Passer,
    "busy": Busy,
}


def misbehave(path, kind, nr, seconds):
    told_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.append(True))
    clients = [KINDS[kind](path) for _ in range(nr)]
    print("begun", flush=True)
    end = time.monotonic() + seconds
    open_ones = clients
    while open_ones:
        is_last = told_to_end or time.monotonic() > end  # what came until then is read
        for client in open_ones:
            client.turn()
        open_ones = [c for c in open_ones if c.closed_after is None]
        if is_last:
            break
        time.sleep(STEP)
    closed = [c.closed_after for c in clients if c.closed_after is not None]
    return {
        "clients": nr,
        "closed": len(closed),
        "first_closed_s": min(closed, default=None),
        "last_closed_s": max(closed, default=None),
        "answers": sum(c.answers for c in clients),
        "errors": sum(c.errors for c in clients),
    }


def ask(sock, request):
    """The answer, or an exception."""
    sock.settimeout(PATIENCE)
    sock.sendall(request)
    data = b""
    while not data.endswith(b"\0"):
        more = sock.recv(1 << 20)
        if not more:
            raise ConnectionError("closed")
        data += more
    return json.loads(data[:-1])


def polite(path, nr):
    times = []
    for _ in range(nr):
        began = time.monotonic()
        with connect(path) as sock:
            assert "services" in ask(sock, STATUS)["parameters"]
        times.append((time.monotonic() - began) * 1000)
        time.sleep(STEP)
    times.sort()
    return {"answers": nr, "median_ms": round(times[nr // 2], 1), "max_ms": round(times[-1], 1)}


def calls(path, method, nr):
    errors = 0
    with connect(path) as sock:
        for _ in range(nr):
            errors += "error" in ask(sock, json.dumps({"method": method}).encode() + b"\0")
    return {"answers": nr, "errors": errors}


def main(path, what, *words):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if what == "polite":
        said = polite(path, int(words[0]))
    elif what == "calls":
        said = calls(path, words[0], int(words[1]))
    else:
        said = misbehave(path, what, int(words[0]), float(words[1]))
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
