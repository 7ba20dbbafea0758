"""The servers with which the program is compared."""

import json
import os
import shutil
import subprocess

from .process import Failed, Server, free_port, run
from .server import PASSWORD, REPOSITORY

PEERS = REPOSITORY / "bench" / "peers"
EMAIL = "user1@example.org"
SECRET_KEY = "0123456789abcdef0123456789abcdef"


class Missing(Exception):
    """A tool is missing. The message is a sentence for the table."""


def require(command, sentence):
    if shutil.which(command) is None:
        raise Missing(sentence)


def start_handler(limits, folder):
    """Starts the bare handler of bench/limits."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    # Its database is in a temporary folder, which it cannot remove when it is stopped.
    return Server("the bare handler", [limits, "handler", port], port, "/graphql", folder / "log",
                  '{"query": "{ __typename }"}', env={**os.environ, "TMPDIR": str(folder)})


def find_python():
    """Returns a Python that the original can use."""
    candidates = ["python3.9", "python3.8"]
    pyenv = os.path.expanduser("~/.pyenv/versions")
    if os.path.isdir(pyenv):
        candidates += [f"{pyenv}/{name}/bin/python" for name in sorted(os.listdir(pyenv)) if name.startswith(("3.8", "3.9"))]
    for candidate in candidates:
        try:
            found = subprocess.run([candidate, "-c", "import venv"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            continue
        # A shim of pyenv exists for versions that are not selected, and fails.
        if found.returncode == 0:
            return candidate
    raise Missing("The original was skipped: it needs Python 3.8 or 3.9.")


def start_original(cache, folder):
    """Starts Django with django-graphql-auth: gunicorn with two workers, and one account."""
    venv = cache / "original"
    marker = venv / "installed"
    sources = REPOSITORY / "tests" / "django"
    requirements = (sources / "requirements.txt").read_text()
    if not marker.exists() or marker.read_text() != requirements:
        python = find_python()
        print("installing the original, once", flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        install([python, "-m", "venv", venv], "The original")
        install([venv / "bin" / "pip", "install", "--quiet", "-r", sources / "requirements.txt"], "The original")
        marker.write_text(requirements)
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "SITE_DATA": str(folder), "SITE_SECRET_KEY": SECRET_KEY, "PYTHONDONTWRITEBYTECODE": "1"}
    python = venv / "bin" / "python"
    run([python, "manage.py", "migrate", "--verbosity", "0"], cwd=sources, env=environment)
    account = {"email": EMAIL, "username": "user1", "plain": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
               "status": {"verified": True}}
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"users": [account]}))
    run([python, "manage.py", "load_seed", seed], cwd=sources, env=environment)
    port = free_port()
    command = [venv / "bin" / "gunicorn", "project.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "error"]
    return Server("the original", command, port, "/graphql/", folder / "log", '{"query": "{ __typename }"}',
                  cwd=sources, env=environment)


def start_better_auth(cache, folder):
    """Starts better-auth with SQLite, and registers one account."""
    require("node", "better-auth was skipped: it needs Node.js 20 or newer.")
    require("npm", "better-auth was skipped: it needs npm.")
    if int(run(["node", "--version"]).lstrip("v").split(".")[0]) < 20:
        raise Missing("better-auth was skipped: it needs Node.js 20 or newer.")
    installed, sources = cache / "better-auth", PEERS / "better-auth"
    installed.mkdir(parents=True, exist_ok=True)
    marker = installed / "installed"
    lock = (sources / "package-lock.json").read_text()
    for name in ("package.json", "package-lock.json", ".npmrc", "server.mjs"):
        shutil.copy(str(sources / name), str(installed / name))
    if not marker.exists() or marker.read_text() != lock:
        print("installing better-auth, once", flush=True)
        install(["npm", "ci", "--silent"], "better-auth", cwd=installed)
        marker.write_text(lock)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {**os.environ, "NODE_ENV": "production", "PORT": str(port), "DATABASE": str(folder / "peer.sqlite3")}
    server = Server("better-auth", ["node", "server.mjs"], port, "/api/auth/ok", folder / "log", None,
                    cwd=installed, env=environment)
    account = json.dumps({"name": "Ada Lovelace", "email": EMAIL, "password": PASSWORD})
    status, _, body = server.request(account, path="/api/auth/sign-up/email")
    if status != 200:
        server.stop()
        raise Failed(f"better-auth: status {status} and {body} for a registration")
    return server


def sign_in(server):
    """Logs in to better-auth. Returns the cookie of the session."""
    body = json.dumps({"email": EMAIL, "password": PASSWORD})
    status, headers, text = server.request(body, path="/api/auth/sign-in/email")
    if status != 200:
        raise Failed(f"better-auth: status {status} and {text} for a login")
    return headers["Set-Cookie"].split(";")[0]


def install(command, name, **options):
    try:
        run(command, **options)
    except Failed as error:
        last = str(error).strip().splitlines()[-1]
        raise Missing(f"{name} was skipped: its packages could not be installed ({last}).") from error
