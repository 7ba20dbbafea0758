"""The tables, on standard output and in docs/benchmarks.md."""

import datetime
import os
import platform
import re
import shutil
from collections import namedtuple

from .process import Failed, run
from .server import REPOSITORY

PAGE = REPOSITORY / "docs" / "benchmarks.md"
BEGIN = "<!-- bench/run.py writes from here … -->"
END = "<!-- … to here. -->"

# A ratio of two figures. `bound` is the least ratio, or None.
Ratio = namedtuple("Ratio", "workload here other there unit ratio bound")
# A figure without another to compare it with. `limit` is "at least 100" or "at most 12", or None.
Figure = namedtuple("Figure", "workload value unit limit")
# A sentence about something that was not measured.
Skipped = namedtuple("Skipped", "workload sentence")


def number(value):
    """Rounds to three digits or to a whole number, with commas between thousands."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def is_reached(row):
    """Returns None if the row has no bound."""
    if isinstance(row, Ratio):
        return None if row.bound is None else row.ratio >= row.bound
    if row.limit is None:
        return None
    limit = float(row.limit.split()[2])
    return row.value >= limit if row.limit.startswith("at least") else row.value <= limit


def mark(row):
    return {None: "", True: "yes", False: "**no**"}[is_reached(row)]


def tables(rows):
    ratios = [row for row in rows if isinstance(row, Ratio)]
    figures = [row for row in rows if isinstance(row, Figure)]
    skipped = [row for row in rows if isinstance(row, Skipped)]
    lines = []
    if ratios:
        lines += ["| workload | here | compared with | there | ratio | at least | reached |",
                  "| --- | --- | --- | --- | --- | --- | --- |"]
    for row in ratios:
        bound = "" if row.bound is None else f"{row.bound:g}"
        lines.append(f"| {row.workload} | {number(row.here)} {row.unit} | {row.other} | {number(row.there)} {row.unit} "
                     f"| {number(row.ratio)} | {bound} | {mark(row)} |")
    if figures:
        lines += ["", "| | measured | bound | reached |", "| --- | --- | --- | --- |"]
    for row in figures:
        lines.append(f"| {row.workload} | {number(row.value)} {row.unit} | {row.limit or ''} | {mark(row)} |")
    if skipped:
        lines += ["", "Not measured:", ""]
    lines += [f"- {row.workload}: {row.sentence}" for row in skipped]
    return "\n".join(lines).strip()


def processor():
    with open("/proc/cpuinfo") as file:
        text = file.read()
    model = re.search(r"model name\s*:\s*(.*)", text)
    virtual = ", a virtual machine" if re.search(r"^flags.*\bhypervisor\b", text, re.MULTILINE) else ""
    return f"{os.cpu_count()} processors ({model[1] if model else platform.machine()}){virtual}"


def system():
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) * 1024 / 1e9
    with open("/etc/os-release") as file:
        name = re.search(r'PRETTY_NAME="?([^"\n]*)', file.read())[1]
    return f"{memory:.0f} GB of memory, {name}, Linux {platform.release()}"


def version(*command):
    """Returns the first line that a program prints about itself."""
    if shutil.which(str(command[0])) is None:
        return None
    try:
        return run(command).splitlines()[0].strip()
    except (Failed, IndexError):
        return None


def facts(program, folder, parameters):
    """Returns the paragraph about machine, versions and parameters."""
    wrk = re.search(r"wrk (\S+)", " ".join(run(["sh", "-c", "wrk -v 2>&1 || true"]).split()))
    commit = version("git", "-C", REPOSITORY, "rev-parse", "--short", "HEAD")
    changed = version("git", "-C", REPOSITORY, "status", "--porcelain", "--untracked-files=no")
    of_checkout = f" (checkout at {commit}{', with changes' if changed else ''})" if commit else ""
    file_system = run(["df", "--output=fstype", folder]).split()[-1]
    node = version("node", "--version")
    versions = [f"{version(program, '--version')}{of_checkout}", version("rustc", "--version"), f"wrk {wrk[1]}" if wrk else None,
                f"Node.js {node}" if node else None]
    return "\n".join([
        f"- Date: {datetime.date.today().isoformat()}",
        f"- Machine: {processor()}, {system()}, data on {file_system}",
        f"- Versions: {', '.join(entry for entry in versions if entry)}",
        f"- Parameters: {parameters}",
    ])


def write(text):
    """Replaces the part of docs/benchmarks.md between the markers."""
    page = PAGE.read_text()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failed(f"{PAGE} does not contain the lines {BEGIN} and {END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
