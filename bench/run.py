#!/usr/bin/env python3
"""Measures the program against the limits of the machine, against the server that it replaces, and against better-auth.

All contenders of a row are measured one after the other in each round, and a ratio is the median of the ratios of the rounds.
The tables are printed, and a complete run writes them to docs/benchmarks.md, which describes the workloads and the packages.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

if sys.version_info < (3, 9):
    sys.exit("bench/run.py needs Python 3.9 or newer.")

from lib import report, server
from lib.process import Failed
from lib.workloads import MANY, NEED_WRK, WORKLOADS, Bench


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, metavar="PATH", help="a build with the profile dist (default: builds it)")
    parser.add_argument("--limits-program", type=Path, metavar="PATH",
                        help="the example `limits`, built with the same profile (default: builds it)")
    parser.add_argument("--fast-program", type=Path, metavar="PATH", help="a build with --features fast-argon2")
    parser.add_argument("--static-program", type=Path, metavar="PATH", help="a build by `cargo static`, for its size")
    parser.add_argument("--only", action="append", choices=list(WORKLOADS), metavar="WORKLOAD",
                        help=f"measures this workload only, and can be repeated: {', '.join(WORKLOADS)}")
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--seconds", type=int, default=8, help="the length of one measurement (default: 8)")
    parser.add_argument("--day-minutes", type=float, default=1, help="the length of the mixed day (default: 1)")
    parser.add_argument("--accounts", type=int, default=MANY, help=f"the larger number of accounts (default: {MANY:,})")
    parser.add_argument("--quick", action="store_true", help="one round of one second, to try this script")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def check_options(options):
    """Builds what was not given."""
    for name in ("program", "limits_program", "fast_program", "static_program"):
        path = getattr(options, name)
        if path is not None:
            if not os.access(str(path), os.X_OK):
                raise Failed(f"--{name.replace('_', '-')}: {path} is not a program")
            setattr(options, name, path.resolve())
    if options.program is None:
        options.program = server.build([], "pledge4future-auth")
    if options.limits_program is None:
        options.limits_program = server.build(["--example", "limits"], "examples/limits")


def measure(bench, names):
    """Returns the rows, and whether all workloads succeeded."""
    rows, succeeded = [], True
    for name in names:
        print(f"{name}:", flush=True)
        if name in NEED_WRK and shutil.which("wrk") is None:
            rows.append(report.Skipped(f"`{name}`", "wrk is missing (Debian: `apt install wrk`)."))
            continue
        try:
            rows += WORKLOADS[name](bench)
        except Failed as error:
            # The others take half an hour, and their figures are valid.
            print(f"{name} failed: {error}", file=sys.stderr, flush=True)
            rows.append(report.Skipped(f"`{name}`", "**failed**, see the output above."))
            succeeded = False
    return rows, succeeded


def main():
    options = parse_options()
    check_options(options)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pledge4future-auth-bench"
    cache.mkdir(parents=True, exist_ok=True)
    names = options.only or list(WORKLOADS)
    with tempfile.TemporaryDirectory(prefix="p4f-bench-") as folder:
        rows, succeeded = measure(Bench(options, Path(folder), cache), names)
        parameters = (f"rounds: {options.rounds}, of {options.seconds} s each; accounts: {options.accounts:,}; mixed day: "
                      f"{options.day_minutes:g} min; limits off, log at `warn`, otherwise default settings")
        facts = report.facts(options.program, folder, parameters)
    text = f"{facts}\n\n{report.tables(rows)}"
    print(f"\n{text}")
    if not succeeded:
        sys.exit("docs/benchmarks.md was not changed, because a workload failed.")
    if options.quick or options.only:
        print("\ndocs/benchmarks.md was not changed, because this was not a complete run.")
    else:
        report.write(text)
        print(f"\nwritten to {report.PAGE}")
    missed = [row for row in rows if not isinstance(row, report.Skipped) and report.is_reached(row) is False]
    if missed:
        print(f"{len(missed)} bounds were not reached.")


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"bench/run.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
