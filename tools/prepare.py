"""Writes .sqlx, the offline cache of the checked queries: migrates a fresh Postgres and compiles against it."""

import shutil

import checks
import cluster
import fetch
import libpq
from fetch import ROOT, Problem

CACHE = ROOT / ".sqlx"


def run(only_compare):
    """With only_compare the cache is left as it is, and a difference is an error."""
    fetch.bring(["pg", "protoc"])
    new = ROOT / ".evenkeel" / "sqlx"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    with cluster.started() as url:
        for service in sorted(ROOT.glob("services/*/migrations")):
            schema = service.parent.name.replace("-", "_")
            libpq.execute(url, f"create role evenkeel_{schema}; create schema {schema}", f"schema {schema}")
            for migration in sorted(service.glob("*.sql")):
                libpq.execute(url, migration.read_text(), migration.relative_to(ROOT))
        for source in ROOT.glob("services/*/src/lib.rs"):
            source.touch()  # the macros write while they are expanded, so they have to be expanded
        checks.call(["cargo", "check", "--workspace", "--all-targets", "--locked"],
                    env={"DATABASE_URL": url, "SQLX_OFFLINE": "false", "SQLX_OFFLINE_DIR": str(new)})
    if only_compare:
        changed = sorted(contents(new).items() ^ contents(CACHE).items())
        if changed:
            raise Problem(f".sqlx is not what the queries say ({len(changed)} differences): ./dev prepare, and commit .sqlx")
        return
    shutil.rmtree(CACHE, ignore_errors=True)
    new.rename(CACHE)
    print(f"{len(contents(CACHE))} queries in .sqlx")


def contents(folder):
    return {file.name: file.read_text() for file in folder.glob("query-*.json")}
