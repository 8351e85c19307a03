"""The steps of ./dev test, in order. A step is a name, what it needs, and what it runs; every one has to pass."""

import os
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import cluster
import fetch
from fetch import ROOT, TOOLS, Problem

BUF = TOOLS / "buf/bin/buf"
OFFLINE = {"SQLX_OFFLINE": "true"}


class Step(NamedTuple):
    name: str
    says: str
    run: object


def fmt():
    call(["cargo", "fmt", "--all", "--check"])


def buf():
    fetch.bring(["buf"])
    call([BUF, "lint"], cwd=ROOT / "proto")
    call([BUF, "format", "--diff", "--exit-code"], cwd=ROOT / "proto")


def clippy():
    call(["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], env=OFFLINE)


def deny():
    fetch.bring(["cargo-deny"])
    call([TOOLS / "cargo-deny/bin/cargo-deny", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"])


def k8s():
    fetch.bring(["kustomize", "checks"])
    call([sys.executable, ROOT / "tools/check_k8s.py", TOOLS / "kustomize/bin/kustomize"], env=with_checks())


def tiltfile():
    fetch.bring(["checks"])
    call([sys.executable, ROOT / "tools/check_tiltfile.py"], env=with_checks())


def tests():
    fetch.bring(["pg", "envoy"])
    with cluster.started() as url:
        suite = {**OFFLINE, **cluster.environment(), "TEST_DATABASE_URL": url}
        call(["cargo", "test", "--workspace", "--locked", "--no-fail-fast"], env=suite, without=["DATABASE_URL"])


STEPS = [
    Step("fmt", "formatting of Rust", fmt),
    Step("buf", "style and formatting of the contracts", buf),
    Step("k8s", "Kubernetes manifests", k8s),
    Step("tiltfile", "the Tiltfile", tiltfile),
    Step("deny", "licences, bans and sources of the dependencies", deny),
    Step("clippy", "lints", clippy),
    Step("tests", "house rules, unit, story and end-to-end tests", tests),
]


def run(wanted):
    """Runs the named steps, or all, and stops at the first that fails."""
    names = [step.name for step in STEPS]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise Problem(f"no step is called {', '.join(unknown)}; the steps are {', '.join(names)}")
    fetch.bring(["protoc"])
    times = []
    for step in STEPS:
        if wanted and step.name not in wanted:
            continue
        print(f"\n=== {step.name}: {step.says}", flush=True)
        start = time.monotonic()
        step.run()
        times.append((step.name, time.monotonic() - start))
        print(f"=== {step.name}: passed in {times[-1][1]:.0f} s", flush=True)
    print("\nAll steps passed: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times))


def with_checks():
    return {"PYTHONPATH": str(TOOLS / "checks"), "PYTHONDONTWRITEBYTECODE": "1"}


def call(command, env=None, cwd=ROOT, without=()):
    """Runs a command in a process group of its own, so that nothing of it outlives us when we are told to stop."""
    command = [str(part) for part in command]
    print("$ " + " ".join(command), flush=True)
    inherited = {name: value for name, value in os.environ.items() if name not in without}
    child = subprocess.Popen(command, cwd=cwd, env={**inherited, **(env or {})}, preexec_fn=os.setpgrp)
    try:
        code = child.wait()
    except BaseException:
        end(child)
        raise
    if code != 0:
        raise Problem(f"failed: {' '.join(command)}")


def end(child):
    for how in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(child.pid, how)
            child.wait(15)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
