"""What this machine must have before anything else, and how to get what it lacks."""

import os
import platform
import re
import shutil
import subprocess
import sys
from typing import NamedTuple

from fetch import ROOT, Problem

RUST = re.search(r'channel = "(\d+)\.(\d+)', (ROOT / "rust-toolchain.toml").read_text())
WANTED = tuple(int(part) for part in RUST.groups())
RUSTUP = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"


class Need(NamedTuple):
    name: str
    found: str  # empty when it is not there
    packages: list  # of apt; empty when it comes from elsewhere
    remedy: str = ""


def needs():
    return [
        Need("git", shutil.which("git") or "", ["git"]),
        Need("C compiler and linker", shutil.which("cc") or "", ["build-essential"]),
        Need("npm", shutil.which("npm") or "", ["npm"]),
        Need("pip", says([sys.executable, "-m", "pip", "--version"]), ["python3-pip"]),
        Need(f"Rust {WANTED[0]}.{WANTED[1]}", rust(), [], RUSTUP),
    ]


def rust():
    """The compiler that runs in this folder (rustup brings the one of rust-toolchain.toml), when it is new enough."""
    version = says(["rustc", "--version"], cwd=ROOT)
    found = re.search(r"rustc (\d+)\.(\d+)", version)
    return version if found and tuple(int(part) for part in found.groups()) >= WANTED else ""


def says(command, **options):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def check():
    """Raises unless everything is there; as root, installs what apt has."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Problem(f"./dev brings programs for Linux on x86_64; this is {platform.system()} on {platform.machine()}.\n"
                      "Elsewhere: a container or virtual machine of that kind, e.g. docker run -it --platform linux/amd64 rust")
    missing = [need for need in needs() if not need.found]
    packages = [package for need in missing for package in need.packages]
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {' '.join(packages)} with apt-get", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet, check=False)
        missing = [need for need in needs() if not need.found]
        packages = [package for need in missing for package in need.packages]
    if missing:
        remedies = [need.remedy for need in missing if need.remedy]
        if packages:
            remedies.append(f"sudo apt-get install -y {' '.join(packages)}")
        raise Problem(f"missing: {', '.join(need.name for need in missing)}. To get it:\n  " + "\n  ".join(remedies))


def report():
    for need in needs():
        print(f"  {'ok     ' if need.found else 'MISSING'}  {need.name:24} {need.found.splitlines()[0] if need.found else ''}")
    free = shutil.disk_usage(ROOT).free / 1e9
    print(f"  {'ok     ' if free > 15 else 'SHORT  '}  {'disk':24} {free:.0f} GB free, a full build and its tests take about 15")
