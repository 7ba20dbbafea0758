"""The workloads. Each returns rows of the report."""

import http.client
import json
import os
import shutil
import statistics
import subprocess
import threading
import time
import uuid
from contextlib import ExitStack
from datetime import datetime, timezone

from . import peers, server
from .peers import Missing
from .process import Failed, run
from .report import Figure, Ratio, Skipped
from .smtp import SlowMailServer
from .wrk import Load

# Enough to keep the threads that hash passwords busy, without a long queue.
LOGIN_CONNECTIONS = 8
READ_CONNECTIONS = 12
FEW, MANY = 1_000, 1_000_000
MAIL_ANSWER_SECONDS = 0.05
COMMITS_WITH_DELAY = 200
# `passwords.memory` and `passwords.hashing_threads` by default.
HASHING_MEGABYTES = 19 * 1024 * 1024 / 1e6 * os.cpu_count()


class Bench:
    """What all workloads need."""

    def __init__(self, options, folder, cache):
        self.program, self.limits = options.program, options.limits_program
        self.fast_program, self.static_program = options.fast_program, options.static_program
        self.rounds, self.seconds, self.day_minutes = options.rounds, options.seconds, options.day_minutes
        self.quick = options.quick
        self.many = options.accounts
        self.cache = cache
        self._folder = folder
        self._folders = 0

    def new_folder(self):
        self._folders += 1
        folder = self._folder / str(self._folders)
        folder.mkdir()
        return folder

    def start(self, accounts=FEW, settings=None, preload=None, program=None):
        """Starts a server with accounts."""
        program = program or self.program
        folder = self.new_folder() / "server"
        server.copy_accounts(self.program, accounts, self.cache, folder)
        started = server.start(program, folder, settings, preload)
        started.folder = folder
        return started

    def measure(self, contenders):
        """Calls all contenders in each round, one after the other. Returns the results of each."""
        results = {name: [] for name in contenders}
        for round_number in range(1, self.rounds + 1):
            for name, contender in contenders.items():
                results[name].append(contender())
                print(f"  round {round_number}: {name}: {results[name][-1]:,.1f}", flush=True)
        return results

    def wrk(self, load, connections):
        """Returns a contender: the requests a second of a load."""
        folder = self.new_folder()
        return lambda: load.run(folder, connections, self.seconds).per_second

    def limit(self, *arguments):
        """Returns a contender: what a command of bench/limits prints."""
        return lambda: float(run([self.limits, *arguments]))


def ratio(results, workload, here, other, bound=None, unit="/s"):
    """Compares two contenders: the median of their ratios in each round."""
    ratios = [a / b for a, b in zip(results[here], results[other])]
    return Ratio(workload, statistics.median(results[here]), other, statistics.median(results[other]), unit,
                 statistics.median(ratios), bound)


def start_peer(stack, start, bench, workload, rows):
    """Starts a peer. Returns None, and adds a row, if a tool is missing."""
    try:
        return stack.enter_context(start(bench.cache, bench.new_folder()))
    except Missing as error:
        rows.append(Skipped(workload, str(error)))
        return None


def me_load(started, email="user1@example.org"):
    return Load(started, f'"email":"{email}"', server.document(server.ME),
                {"Authorization": f"JWT {server.log_in(started, email)}"})


def login_load(started, email="user1@example.org"):
    return Load(started, '"success":true', server.document(server.LOG_IN, email=email, password=server.PASSWORD))


def original_load(started, query, token=None):
    headers = {"Authorization": f"JWT {token}"} if token else {}
    expected = '"email":"user1@example.org"' if token else '"success":true'
    return Load(started, expected, server.document(query), headers)


def original_login():
    return f'mutation {{ tokenAuth(email: "user1@example.org", password: "{server.PASSWORD}") {{ success token }} }}'


def me(bench):
    here, handler, original, better_auth = "me", "the bare handler", "the original", "better-auth (get-session)"
    bounds = {handler: 0.90, original: 60, better_auth: 20}
    loads, rows = {}, []
    with ExitStack() as stack:
        loads[here] = me_load(stack.enter_context(bench.start()))
        bare = stack.enter_context(peers.start_handler(bench.limits, bench.new_folder()))
        loads[handler] = Load(bare, '"email":"user1@example.org"', server.document(server.ME))
        peer = start_peer(stack, peers.start_original, bench, "`me`", rows)
        if peer:
            loads[original] = original_load(peer, server.ME, server.send(peer, original_login())["token"])
        peer = start_peer(stack, peers.start_better_auth, bench, "`me`", rows)
        if peer:
            loads[better_auth] = Load(peer, peers.EMAIL, headers={"Cookie": peers.sign_in(peer)}, path="/api/auth/get-session")
        results = bench.measure({name: bench.wrk(load, READ_CONNECTIONS) for name, load in loads.items()})
    return [ratio(results, "`me`", here, name, bounds[name]) for name in list(loads)[1:]] + rows


def token_auth(bench):
    here, fast, raw = "tokenAuth", "tokenAuth with fast-argon2", "raw Argon2id"
    original, better_auth = "the original (PBKDF2)", "better-auth (sign-in)"
    loads, rows = {}, []
    with ExitStack() as stack:
        loads[here] = login_load(stack.enter_context(bench.start()))
        if bench.fast_program:
            loads[fast] = login_load(stack.enter_context(bench.start(program=bench.fast_program)))
        else:
            rows.append(Skipped("`tokenAuth` with `fast-argon2`", "no program was given with --fast-program."))
        peer = start_peer(stack, peers.start_better_auth, bench, "`tokenAuth`", rows)
        if peer:
            body = json.dumps({"email": peers.EMAIL, "password": server.PASSWORD})
            loads[better_auth] = Load(peer, peers.EMAIL, body, path="/api/auth/sign-in/email")
        peer = start_peer(stack, peers.start_original, bench, "`tokenAuth`", rows)
        if peer:
            loads[original] = original_load(peer, original_login())
        contenders = {raw: bench.limit("argon2", bench.seconds, os.cpu_count())}
        contenders.update({name: bench.wrk(load, LOGIN_CONNECTIONS) for name, load in loads.items()})
        results = bench.measure(contenders)
    compared = [ratio(results, "`tokenAuth`", here, raw, 0.97)]
    if fast in results and better_auth in results:
        compared.append(ratio(results, "`tokenAuth` with `fast-argon2`", fast, better_auth, 1.3))
    others = [name for name in (better_auth, original) if name in results]
    return compared + [ratio(results, "`tokenAuth`", here, name) for name in others] + rows


def register(bench):
    with bench.start() as started:
        runs = 0

        def contender():
            nonlocal runs
            runs += 1
            name = f"new-{runs}-"
            sample = register_document(f"{name}0")
            stored = server.count(started.folder, "accounts"), server.count(started.folder, "outbox")
            load = Load(started, '"success":true', sample, lua=register_script(name))
            result = load.run(bench.new_folder(), LOGIN_CONNECTIONS, bench.seconds)
            for table, earlier in zip(("accounts", "outbox"), stored):
                added = server.count(started.folder, table) - earlier
                if added < result.requests:
                    raise Failed(f"{result.requests} registrations were acknowledged, and {added} stored in {table}")
            return result.per_second

        raw = bench.limit("argon2", bench.seconds, os.cpu_count())
        results = bench.measure({"register": contender, "raw Argon2id": raw})
        return [ratio(results, "`register`, with its mail", "register", "raw Argon2id", 0.95)]


def register_document(name):
    return server.document(server.REGISTER, email=f"{name}@example.org", username=name, password=server.PASSWORD)


def register_script(prefix):
    """Returns a wrk script that registers PREFIX1, PREFIX2 and so on."""
    body = register_document("@NAME@").replace("%", "%%").replace("@NAME@", f"{prefix}%d")
    return f"""
local number = 0
request = function()
    number = number + 1
    return wrk.format(nil, nil, nil, string.format([[{body}]], number, number))
end
"""


def refresh_token(bench):
    with bench.start() as started:
        results = bench.measure({
            "refreshToken": bench.limit("refresh", f"127.0.0.1:{started.port}", bench.seconds, 64),
            "raw commits": bench.limit("commits", bench.seconds, bench.new_folder()),
        })
    return [ratio(results, "`refreshToken`, 64 clients", "refreshToken", "raw commits", 0.8)]


def refresh_token_on_a_slow_disk(bench):
    workload = "`refreshToken`, 64 clients, 5 ms more a commit"
    if shutil.which("cc") is None:
        return [Skipped(workload, "it needs a C compiler.")]
    library = bench.new_folder() / "slow_commits.so"
    run(["cc", "-O2", "-shared", "-fPIC", "-o", library, server.REPOSITORY / "bench" / "lib" / "slow_commits.c"])
    raw = run([bench.limits, "commits", 1, bench.new_folder()], env={**os.environ, "LD_PRELOAD": str(library)})
    with bench.start(preload=library) as started:
        if float(raw) > COMMITS_WITH_DELAY or not is_slow(started):
            return [Skipped(workload, "the program does not load the library that delays commits; a static one cannot.")]
        results = bench.measure({
            "refreshToken": bench.limit("refresh", f"127.0.0.1:{started.port}", bench.seconds, 64),
            "single commits": lambda: COMMITS_WITH_DELAY,
        })
    return [ratio(results, workload, "refreshToken", "single commits", 5)]


def is_slow(started):
    """Returns whether a commit of the server takes at least five milliseconds."""
    token = server.send(started, server.LOG_IN, email="user1@example.org", password=server.PASSWORD)["refreshToken"]
    began = time.perf_counter()
    server.send(started, "mutation($old: String!) { refreshToken(refreshToken: $old) { success } }", old=token)
    return time.perf_counter() - began >= 0.005


def users(bench):
    """Compares a server with many accounts with one with few."""
    few, many = f"{FEW:,} accounts", f"{bench.many:,} accounts"
    with bench.start() as small, bench.start(bench.many) as large:
        loads = {}
        for name, started in ((many, large), (few, small)):
            headers = {"Authorization": f"JWT {server.log_in(started, 'user1@example.org')}"}
            load = Load(started, '"email":"user49@example.org"', server.document(server.USERS), headers)
            loads[name] = bench.wrk(load, READ_CONNECTIONS)
        return [ratio(bench.measure(loads), f"`users(first: 50)`, {many}", many, few, 0.9)]


def login_look_up(bench):
    """Compares logins, without the cost of a usual hash, on a server with many accounts and on one with few."""
    few, many = f"{FEW:,} accounts", f"{bench.many:,} accounts"
    with bench.start(settings=server.CHEAP) as small, bench.start(bench.many, server.CHEAP) as large:
        loads = {}
        for name, started, number in ((many, large, bench.many), (few, small, FEW)):
            sample = server.document(server.LOG_IN, email="user2@example.org", password=server.PASSWORD)
            load = Load(started, '"success":true', sample, lua=login_script(number))
            loads[name] = bench.wrk(load, READ_CONNECTIONS)
        return [ratio(bench.measure(loads), f"`tokenAuth` with a cheap hash, {many}", many, few, 0.9)]


def login_script(accounts):
    """Returns a wrk script that logs in to random accounts with a cheap hash, which are those with even numbers."""
    body = server.document(server.LOG_IN, email="@EMAIL@", password=server.PASSWORD).replace("%", "%%")
    body = body.replace("@EMAIL@", "user%d@example.org")
    return f"""
request = function()
    return wrk.format(nil, nil, nil, string.format([[{body}]], 2 * math.random(0, {accounts // 2 - 1})))
end
"""


def verify_token(bench):
    with bench.start() as started, peers.start_handler(bench.limits, bench.new_folder()) as handler:
        body = server.document(server.VERIFY, token=server.log_in(started, "user1@example.org"))
        loads = {
            "verifyToken": Load(started, '"success":true', body),
            "the bare handler (me)": Load(handler, '"email":"user1@example.org"', server.document(server.ME)),
        }
        results = bench.measure({name: bench.wrk(load, READ_CONNECTIONS) for name, load in loads.items()})
    return [ratio(results, "`verifyToken`", *loads)]


def storm(bench):
    def contender():
        logins = login_load(started, "user3@example.org")
        storming = logins.start(folder, 64, bench.seconds + 1)
        # All 64 are waiting for a hash before `me` begins.
        time.sleep(0.5)
        result = load.run(folder, 4, bench.seconds)
        logins.finish(storming)
        return result.p99

    folder = bench.new_folder()
    with bench.start() as started:
        load = me_load(started)
        results = bench.measure({"p99 in ms": contender})
    return [Figure("`me` while 64 clients log in: p99", statistics.median(results["p99 in ms"]), "ms", "at most 5")]


def mails(bench):
    """Requests mails faster than they are delivered, and counts those that arrive."""
    number = FEW
    with SlowMailServer(MAIL_ANSWER_SECONDS) as receiver:
        settings = {"mail.transport": "smtp", "mail.smtp_url": f"smtp://127.0.0.1:{receiver.port}"}
        with bench.start(settings=settings) as started:
            request_mails(started, number)
            if len(receiver.accepted) > number / 2:
                raise Failed("half of the mails had left before all were requested")
            first, began = len(receiver.accepted), time.perf_counter()
            while len(receiver.accepted) < number and time.perf_counter() - began < bench.seconds:
                time.sleep(0.01)
            accepted = receiver.accepted[first:]
    if not accepted:
        raise Failed(f"no mail arrived within {bench.seconds} seconds")
    per_second = len(accepted) / (accepted[-1] - began)
    print(f"  {len(accepted)} mails on {receiver.connections} connections: {per_second:.1f}/s", flush=True)
    return [Figure("mails to a server with 50 ms an answer", per_second, "/s", "at least 100")]


def request_mails(started, number):
    """Requests a mail to each account, over some connections."""
    failures = []

    def client(first, step):
        connection = http.client.HTTPConnection("127.0.0.1", started.port, timeout=30)
        for n in range(first, number, step):
            body = server.document(server.RESET, email=f"user{n}@example.org")
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            reply = connection.getresponse().read().decode()
            if '"success":true' not in reply:
                failures.append(reply)
                break
        connection.close()

    threads = [threading.Thread(target=client, args=(n, 8)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Failed(f"a mail was not accepted: {failures[0]}")


def idle_memory(bench):
    """Measures a server without accounts and requests."""
    with server.start(bench.program, bench.new_folder()) as started:
        time.sleep(1 if bench.quick else 10)
        resident, anonymous = started.memory()
    return [Figure("memory idle (resident)", resident, "MB", "at most 12"),
            Figure("memory idle (anonymous)", anonymous, "MB", None)]


def day(bench):
    seconds = bench.seconds if bench.quick else round(bench.day_minutes * 60)
    with bench.start(bench.many) as started:
        arguments = ("day", f"127.0.0.1:{started.port}", seconds, 64, bench.many)
        per_second = bench.limit(*arguments)()
        resident, anonymous = started.memory()
        time.sleep(1 if bench.quick else 60)
        resident_later, anonymous_later = started.memory()
    minutes = seconds // 60
    duration = f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes else f"{seconds} seconds"
    after = f"memory after {duration} of the mixed day with {bench.many:,} accounts"
    print(f"  {per_second:,.0f}/s; resident {resident:.1f} MB, a minute later {resident_later:.1f} MB", flush=True)
    return [
        Figure("mixed day: 90 % `me`, 8 % `refreshToken`, 1 % `tokenAuth`, 1 % `register`", per_second, "/s", None),
        Figure(f"{after}, without {HASHING_MEGABYTES:.0f} MB for hashing", resident - HASHING_MEGABYTES, "MB", "at most 48"),
        Figure(f"{after}, all of it", resident, "MB", None),
        Figure("the same, when nobody has logged in for a minute", resident_later, "MB", None),
        Figure("the same, anonymous", anonymous_later, "MB", None),
    ]


def start_time(bench):
    """Measures the time from the start of the process to the first answer."""
    folder = bench.new_folder() / "server"
    server.copy_accounts(bench.program, bench.many, bench.cache, folder)
    times = []
    # The first start migrates the database, if it was made by an earlier version.
    for _ in range(6 if bench.quick else 21):
        with server.start(bench.program, folder) as started:
            times.append(started.start_seconds * 1000)
    workload = f"start to first answer with {bench.many:,} accounts"
    return [Figure(workload, statistics.median(times[1:]), "ms", "at most 50")]


def import_django(bench):
    """Imports a dump of Django into an empty database."""
    folder = bench.new_folder()
    dump = folder / "dump.json"
    write_dump(dump, bench.many)
    began = time.perf_counter()
    process = subprocess.Popen([str(bench.program), "import-django", str(dump)], env=server.environment(folder),
                               cwd=str(folder), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0 or server.count(folder, "accounts") != bench.many:
        raise Failed(f"import-django failed with status {status}")
    workload = f"import of {bench.many:,} users from a dump of Django"
    return [Figure(workload, seconds, "s", "at most 300"),
            Figure(f"memory of the {workload}", usage.ru_maxrss * 1024 / 1e6, "MB", None)]


def write_dump(path, number):
    """Writes users with their statuses and refresh tokens, every second of them in a working group of ten."""
    created = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    password = "pbkdf2_sha256$216000$k3Yq0ZtVbN1s$Yyd2GICMjI5S5THVcHu+fnmP3XQJVI8kvIEHfHzbj3I="
    field = {"field": "Natural Sciences", "subfield": "Physical sciences"}

    def group_key(number):
        return str(uuid.UUID(int=number + 1))

    with open(path, "w") as output:
        output.write("[" + json.dumps({"model": "people.researchfield", "pk": 1, "fields": field}))
        for n in range(1, number + 1):
            group, is_first = (n - 1) // 20, n % 20 == 1
            objects = [("people.customuser", n, {
                "password": password, "last_login": None, "is_superuser": False, "is_staff": False, "is_active": True,
                "date_joined": "2021-08-08T17:22:56.123Z", "email": f"user{n}@example.org", "username": f"user{n}",
                "first_name": "Ada", "last_name": "Lovelace", "academic_title": "",
                "working_group": group_key(group) if n % 2 == 1 else None, "is_representative": is_first,
                "groups": [], "user_permissions": [],
            }), ("graphql_auth.userstatus", n, {
                "user": n, "verified": True, "archived": False, "secondary_email": None,
            }), ("refresh_token.refreshtoken", n, {
                "user": n, "token": f"{n:040x}", "created": created, "revoked": None,
            })]
            if is_first:
                objects.append(("people.workinggroup", group_key(group), {
                    "name": f"Group {group}", "institution": None, "representative": n, "n_employees": 10, "field": 1,
                    "is_public": False,
                }))
            for model, key, fields in objects:
                output.write(", " + json.dumps({"model": model, "pk": key, "fields": fields}))
        output.write("]")


def static_size(bench):
    workload = "static program"
    if bench.static_program is None:
        return [Skipped(workload, "no program of `cargo static` was given with --static-program.")]
    return [Figure(workload, bench.static_program.stat().st_size / 1e6, "MB", "at most 12")]


# By the names that --only takes.
WORKLOADS = {
    "me": me,
    "tokenAuth": token_auth,
    "register": register,
    "refreshToken": refresh_token,
    "refreshToken-slow-disk": refresh_token_on_a_slow_disk,
    "users": users,
    "login-look-up": login_look_up,
    "verifyToken": verify_token,
    "storm": storm,
    "mails": mails,
    "memory": idle_memory,
    "day": day,
    "start": start_time,
    "import-django": import_django,
    "size": static_size,
}
NEED_WRK = {"me", "tokenAuth", "register", "users", "login-look-up", "verifyToken", "storm"}
