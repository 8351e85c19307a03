"""Parses the Tiltfile as the Starlark that Tilt reads, and looks for every service in it."""

import sys
from pathlib import Path

import starlark

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ["billing", "payments", "portal-auth", "notifications", "reporting"]


def main():
    text = (ROOT / "Tiltfile").read_text()
    dialect = starlark.Dialect.extended()
    dialect.enable_top_level_stmt = True
    try:
        starlark.parse("Tiltfile", text, dialect)
    except starlark.StarlarkError as error:
        sys.exit(str(error))
    missing = [name for name in SERVICES if name not in text]
    if missing:
        sys.exit(f"the Tiltfile does not name {', '.join(missing)}")
    print(f"  parsed; it names {', '.join(SERVICES)}")


main()
