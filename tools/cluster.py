"""A private Postgres for one run: its own folder, its own port, its own password, gone afterwards.

Postgres refuses to run as root. For root it runs as `postgres` or `nobody`, from a folder that this user can reach:
a checkout under /root, say, is hidden from it.
"""

import contextlib
import ctypes
import grp
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import libpq
from fetch import ROOT, TOOLS, Problem

HOME = ROOT / ".evenkeel"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # The cluster is thrown away: nothing on its disk has to survive.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_min_messages": "warning",
}


def runner():
    """The user that Postgres runs as when we are root; None when we are somebody else, who then runs it."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Problem("Postgres does not run as root, and there is no user `postgres` or `nobody`: useradd --system postgres")


def home(user):
    """A folder that the user of Postgres can reach: .evenkeel, or for root with a hidden checkout one in /var/lib."""
    HOME.mkdir(exist_ok=True)
    if user is None or can_reach(user, HOME):
        return HOME
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    place = Path("/var/lib/evenkeel") / checkout
    place.mkdir(parents=True, exist_ok=True)
    return place


def programs(user):
    """The folder with postgres and initdb; copied once to where their user can reach it."""
    pg = TOOLS / "pg"
    place = home(user)
    if place == HOME:
        return pg / "native" / "bin"
    version = hashlib.sha256((pg / ".lock-line").read_bytes()).hexdigest()[:12]
    copy = place / f"pg-{version}"
    if not copy.exists():
        new = Path(tempfile.mkdtemp(prefix=".pg-", dir=place))
        shutil.copytree(pg, new / "pg", symlinks=True)
        (new / "pg").rename(copy)
        new.rmdir()
    return copy / "native" / "bin"


def environment():
    """What the suite is told of this machine. EVENKEEL_PG_USER is set only for root, whom Postgres refuses."""
    user = runner()
    told = {
        "EVENKEEL_HOME": str(home(user)),
        "EVENKEEL_PG_BIN": str(programs(user)),
        "EVENKEEL_ENVOY": str(TOOLS / "envoy/envoy"),
    }
    return {**told, "EVENKEEL_PG_USER": user.pw_name} if user else told


def can_reach(user, folder):
    """Whether the user may pass every folder on the way to this one."""
    groups = {user.pw_gid} | {group.gr_gid for group in grp.getgrall() if user.pw_name in group.gr_mem}
    for step in [folder, *folder.parents]:
        found = step.stat()
        bit = 0o100 if found.st_uid == user.pw_uid else 0o010 if found.st_gid in groups else 0o001
        if not found.st_mode & bit:
            return False
    return True


@contextlib.contextmanager
def started():
    """Starts the cluster, gives its URL, and stops and removes it whatever happens."""
    user = runner()
    bin_folder = programs(user)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=home(user)))
    data, log = folder / "data", folder / "log"
    try:
        password = secrets.token_urlsafe(24)
        (folder / "password").write_text(password)
        as_user = {}
        if user:
            shutil.chown(folder, user.pw_uid, user.pw_gid)
            shutil.chown(folder / "password", user.pw_uid, user.pw_gid)
            as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        # One round of SCRAM is enough for a password of 192 bits, and a debug build connects faster with it.
        initdb = [bin_folder / "initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256", "-E", "UTF8",
                  "--locale=C", f"--pwfile={folder / 'password'}", "--no-sync", "-c", "scram_iterations=1"]
        done = subprocess.run(initdb, cwd="/", capture_output=True, text=True, check=False, **as_user)
        if done.returncode != 0:
            raise Problem(f"initdb failed:\n{done.stdout}{done.stderr}")
        port = free_port()
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with open(log, "w") as output:
            server = subprocess.Popen([bin_folder / "postgres", "-D", data, "-p", str(port), *options], cwd="/",
                                      stdout=output, stderr=output, preexec_fn=apart_but_not_beyond_us, **as_user)
        try:
            url = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
            wait_until_up(server, url, log)
            yield url
        finally:
            stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def apart_but_not_beyond_us():
    """In the new process: Ctrl-C is for us, who then stop Postgres; and should we be killed, so is it."""
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def wait_until_up(server, url, log):
    for _ in range(300):
        if server.poll() is not None:
            break
        if libpq.answers(url):
            return
        time.sleep(0.1)
    raise Problem(f"Postgres did not start:\n{log.read_text()}")


def stop(server):
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
