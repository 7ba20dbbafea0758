"""The program that is measured: its settings, its accounts, and its requests."""

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from .process import Failed, Server, free_port, run

REPOSITORY = Path(__file__).resolve().parents[2]
PASSWORD = "correct-horse-battery"
ME = "{ me { id email username firstName lastName } }"
USERS = "{ users(first: 50) { edges { node { id email username firstName lastName } } } }"
LOG_IN = ("mutation($email: String!, $password: String!) "
          "{ tokenAuth(email: $email, password: $password) { success errors token refreshToken } }")
REGISTER = ("mutation($email: String!, $username: String!, $password: String!) { register(email: $email, "
            "username: $username, password1: $password, password2: $password) { success errors } }")
VERIFY = "mutation($token: String!) { verifyToken(token: $token) { success errors payload } }"
RESET = "mutation($email: String!) { sendPasswordResetEmail(email: $email) { success errors } }"

# A hash of this cost takes some microseconds, so that a login shows what else it costs.
CHEAP = {"passwords.memory": "64 KiB", "passwords.iterations": "1"}


def environment(folder, settings=None):
    """Returns the environment of a server with limits off, the log at "warn", and these settings."""
    settings = {
        "data_dir": folder / "data",
        "secret_key": "0123456789abcdef0123456789abcdef",
        "limits.enabled": "false",
        "log.level": "warn",
        "mail.transport": "file",
        **(settings or {}),
    }
    names = {name: "P4F_AUTH_" + name.upper().replace(".", "__") for name in settings}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("P4F_AUTH_")}
    return {**inherited, **{names[name]: str(value) for name, value in settings.items()}}


def start(program, folder, settings=None, preload=None):
    """Starts a server on a folder. `preload` is a library that replaces functions of the system."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    variables = environment(folder, {"listen": f"127.0.0.1:{port}", **(settings or {})})
    if preload:
        variables["LD_PRELOAD"] = str(preload)
    ready = document("{ __typename }")
    return Server("the server", [program, "serve"], port, "/graphql", folder / "log", ready, env=variables, cwd=folder)


def document(query, **variables):
    return json.dumps({"query": query, "variables": variables} if variables else {"query": query})


def send(server, query, token=None, **variables):
    """Sends a document. Returns the value of its only field."""
    headers = {"Authorization": f"JWT {token}"} if token else {}
    status, _, body = server.request(document(query, **variables), headers)
    reply = json.loads(body)
    if status != 200 or "errors" in reply:
        raise Failed(f"{server.name}: status {status} and {body} for {query}")
    return next(iter(reply["data"].values()))


def log_in(server, email):
    """Returns an access token."""
    payload = send(server, LOG_IN, email=email, password=PASSWORD)
    if not payload["success"]:
        raise Failed(f"{server.name}: no login: {payload}")
    return payload["token"]


def count(folder, table):
    connection = sqlite3.connect(str(folder / "data" / "auth.sqlite3"), timeout=30)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()


def copy_accounts(program, number, cache, folder):
    """Fills a new folder with accounts. They are imported once for each version of the database, and then copied."""
    schema = max(int(file.name[1:].split("__")[0]) for file in (REPOSITORY / "migrations" / "sqlite").glob("V*.sql"))
    kept = cache / f"accounts-{number}-schema-{schema}"
    if not kept.exists():
        shutil.rmtree(f"{kept}.new", ignore_errors=True)
        import_accounts(program, number, Path(f"{kept}.new"))
        Path(f"{kept}.new").rename(kept)
    folder.mkdir(parents=True)
    # Copies share their blocks on file systems that can do this.
    run(["cp", "-r", "--reflink=auto", kept / "data", folder / "data"])


def import_accounts(program, number, folder):
    """Imports user0@example.org and so on. Accounts with odd numbers have a hash of the default cost, others a cheap one."""
    print(f"importing {number:,} accounts, once", flush=True)
    folder.mkdir(parents=True)
    hashes = [make_hash(program, folder / "cheap", CHEAP), make_hash(program, folder / "default", {})]
    file = folder / "accounts.json"
    with open(file, "w") as output:
        output.write('{"users": [\n')
        for n in range(number):
            account = {
                "email": f"user{n}@example.org", "username": f"user{n}", "password": hashes[n % 2],
                "first_name": "Ada", "last_name": "Lovelace", "status": {"verified": True},
            }
            output.write(json.dumps(account) + (",\n" if n + 1 < number else "\n]}\n"))
    run([program, "import", file], env=environment(folder), cwd=folder)
    file.unlink()


def make_hash(program, folder, settings):
    """Returns a hash of the password at a cost. The standard library of Python has no Argon2."""
    folder.mkdir(parents=True)
    run([program, "user", "create", "--email", "hash@example.org", "--password-stdin"],
        env=environment(folder, settings), cwd=folder, input=PASSWORD + "\n")
    connection = sqlite3.connect(str(folder / "data" / "auth.sqlite3"))
    hashed = connection.execute("SELECT password_hash FROM accounts").fetchone()[0]
    connection.close()
    shutil.rmtree(folder)
    return hashed


def build(arguments, name):
    """Builds with cargo and the profile dist. Returns the path of the program."""
    print(f"building {name}", flush=True)
    command = ["cargo", "build", "--locked", "--profile", "dist"] + arguments
    if subprocess.call(command, cwd=REPOSITORY) != 0:
        raise Failed(f"{' '.join(command)} failed")
    metadata = json.loads(run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=REPOSITORY))
    return Path(metadata["target_directory"]) / "dist" / name
