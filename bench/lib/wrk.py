"""Load by wrk."""

import json
import subprocess
from collections import namedtuple

from .process import Failed

# wrk calls this at the end of a run.
DONE = """
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\\nresult: {"requests": %d, "bytes": %d, "microseconds": %d, "p99": %.3f, "failed": %d, "status": %d}\\n',
        summary.requests, summary.bytes, summary.duration, latency:percentile(99) / 1000,
        errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
"""

# Sizes of replies differ by a few bytes: addresses and ids have different lengths, and wrk counts the sizes of chunks.
TOLERANCE = 0.03

Result = namedtuple("Result", "per_second requests p99")


class Load:
    """Requests to one server."""

    def __init__(self, server, expected, body=None, headers=None, path=None, lua=None):
        """Sends `body`, or GET without one. `lua` may define a function that makes each request instead; `body` is then an
        example. A right reply contains `expected`."""
        self.server, self.expected, self.body, self.lua = server, expected, body, lua
        self.path = path or server.path
        self.method = "GET" if body is None else "POST"
        content = {} if body is None else {"Content-Type": "application/json"}
        self.headers = {**content, **(headers or {})}

    def start(self, folder, connections, seconds):
        """Starts wrk. `finish` waits for it."""
        self.size = self._check_reply()
        lines = [f'wrk.method = "{self.method}"']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in self.headers.items()]
        if self.body is not None and self.lua is None:
            lines.append(f"wrk.body = [[{self.body}]]")
        # Two loads may run at the same time.
        script = folder / f"wrk-{self.server.port}-{connections}.lua"
        script.write_text("\n".join(lines) + "\n" + (self.lua or "") + DONE)
        url = f"http://127.0.0.1:{self.server.port}{self.path}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), url]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)

    def finish(self, process):
        output = process.communicate()[0]
        lines = [line for line in output.splitlines() if line.startswith("result: ")]
        if process.returncode != 0 or not lines:
            raise Failed(f"wrk failed:\n{output}")
        result = json.loads(lines[-1][len("result: "):])
        name = f"{self.server.name}, {self.path}"
        if result["requests"] == 0 or result["failed"] or result["status"]:
            raise Failed(f"{name}: no replies, broken connections or another status than 200:\n{output}")
        size = result["bytes"] / result["requests"]
        if abs(size / self.size - 1) > TOLERANCE:
            raise Failed(f"{name}: a right reply has {self.size} bytes, and those under load {size:.0f} on average")
        if self.lua is None:
            self._check_reply()
        return Result(result["requests"] / result["microseconds"] * 1e6, result["requests"], result["p99"])

    def run(self, folder, connections, seconds):
        return self.finish(self.start(folder, connections, seconds))

    def _check_reply(self):
        """Checks one reply in full, and returns its size. Under load, only status and size are checked, because wrk shares
        the processors with the server."""
        status, headers, body = self.server.request(self.body, self.headers, self.path)
        if status != 200 or self.expected not in body:
            raise Failed(f"{self.server.name}: status {status} and {body}, without {self.expected}")
        head = sum(len(name) + len(value) + len(": \r\n") for name, value in headers.items())
        return len("HTTP/1.1 200 OK\r\n") + head + len("\r\n") + len(body.encode())
