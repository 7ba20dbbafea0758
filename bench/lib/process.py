"""Programs that run while they are measured."""

import http.client
import socket
import subprocess
import time


class Failed(Exception):
    """A program or a reply is not as expected. The message is for the person who runs the benchmark."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, **options):
    """Runs a command to its end. Returns its standard output."""
    finished = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, **options)
    if finished.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise Failed(f"{words} failed with status {finished.returncode}:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


class Server:
    """An HTTP server on this machine. Its process ends with the `with` block."""

    def __init__(self, name, command, port, path, log, ready, **options):
        """`ready` is the body of a first request, or None for a GET."""
        self.name, self.port, self.path, self.log = name, port, path, log
        self.began = time.perf_counter()
        with open(log, "w") as output:
            self.process = subprocess.Popen([str(word) for word in command], stdout=output,
                                            stderr=subprocess.STDOUT, **options)
        self.start_seconds = self._wait(ready)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.path}"

    def stop(self):
        # Workers of gunicorn end with SIGTERM only. All data are temporary, so others need no time to end.
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def request(self, body=None, headers=None, path=None):
        """Sends a request. Returns the status, the headers and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = {} if body is None else {"Content-Type": "application/json"}
            connection.request("GET" if body is None else "POST", path or self.path, body, {**content, **(headers or {})})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read().decode()
        finally:
            connection.close()

    def memory(self):
        """Returns the resident memory in MB, all and anonymous."""
        numbers = {}
        for file in ("status", "smaps_rollup"):
            with open(f"/proc/{self.process.pid}/{file}") as lines:
                for line in lines:
                    words = line.split()
                    if words[0] in ("VmRSS:", "Anonymous:"):
                        numbers[words[0]] = int(words[1]) * 1024 / 1e6
        return numbers["VmRSS:"], numbers["Anonymous:"]

    def _wait(self, ready):
        """Waits for the first answer. Returns the seconds since the start."""
        while True:
            try:
                if self.request(ready)[0] == 200:
                    return time.perf_counter() - self.began
            except (OSError, http.client.HTTPException):
                pass
            if self.process.poll() is not None or time.perf_counter() - self.began > 60:
                self.stop()
                with open(self.log) as log:
                    raise Failed(f"{self.name} did not start:\n{log.read()}")
            time.sleep(0.001)
