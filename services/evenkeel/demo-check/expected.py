#!/usr/bin/env python3
"""What the books must say after the demo, computed straight from the CSV files.

Shares nothing with the importer: it never follows a claim's chain of transactions, it only adds columns up.

    fee of a claim     sum of AMOUNT of its CHARGE rows
    insurers paid      sum of PAYMENTS of its ECHECK rows
    client owes        fee - insurers paid
    client paid        sum of PAYMENTS of its other PAYMENT rows
    client's credit    client paid - client owes, over all claims

Usage: expected.py FOLDER [--time-zone ZONE] [--online ID ...]

--online names the PAYMENT rows that are paid by card on the pay page, today, instead of being recorded: they count
under the method ONLINE and under no month. Prints JSON; amounts are whole cents; "rows" are line numbers of
claims_transactions.csv. Standard library only.
"""

import argparse
import csv
import json
import pathlib
import sys
import zoneinfo
from collections import defaultdict
from datetime import datetime
from decimal import Decimal


def cents(text: str) -> int:
    amount = Decimal(text or "0") * 100
    if amount != amount.to_integral_value():
        sys.exit(f"expected.py: {text} is not whole cents")
    return int(amount)


def rows(folder: pathlib.Path, name: str):
    """The file's rows with their line numbers; no field of these files contains a line break."""
    with open(folder / name, newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            yield number, row


def totals() -> dict:
    return {"count": 0, "minor": 0}


def add(total: dict, minor: int) -> None:
    total["count"] += 1
    total["minor"] += minor


def expected(folder: pathlib.Path, zone: zoneinfo.ZoneInfo, online: set) -> dict:
    payer_names = {row["Id"]: row["NAME"] for _, row in rows(folder, "payers.csv")}
    claims = {row["Id"]: row for _, row in rows(folder, "claims.csv")}

    fees, insured, paid = defaultdict(int), defaultdict(int), defaultdict(int)
    claim_rows = defaultdict(list)
    methods, insurers = defaultdict(totals), totals()
    payers = defaultdict(totals)
    payments = {}
    months = defaultdict(lambda: {"client": totals(), "insurer": totals()})
    seen_online = set()
    charge_lines = 0

    for number, row in rows(folder, "claims_transactions.csv"):
        claim = row["CLAIMID"]
        claim_rows[claim].append(number)
        if row["TYPE"] == "CHARGE":
            charge_lines += 1
            fees[claim] += cents(row["AMOUNT"])
        if row["TYPE"] != "PAYMENT":
            continue
        minor = cents(row["PAYMENTS"])
        moment = datetime.fromisoformat(row["FROMDATE"].replace("Z", "+00:00"))
        local = moment.astimezone(zone)
        month = months[local.strftime("%Y-%m")]
        payments[row["ID"]] = {
            "row": number,
            "claim": claim,
            "method": "ONLINE" if row["ID"] in online else row["METHOD"],
            "minor": minor,
            "date": local.date().isoformat(),
        }
        if row["METHOD"] == "ECHECK":
            insured[claim] += minor
            add(insurers, minor)
            add(payers[claims[claim]["PRIMARYPATIENTINSURANCEID"]], minor)
            add(month["insurer"], minor)
        elif row["ID"] in online:
            seen_online.add(row["ID"])
            paid[claim] += minor
            add(methods["ONLINE"], minor)
        else:
            paid[claim] += minor
            add(methods[row["METHOD"]], minor)
            add(month["client"], minor)

    if online - seen_online:
        sys.exit(f"expected.py: no such client payment: {', '.join(sorted(online - seen_online))}")

    clients = {
        row["Id"]: {"billed_minor": 0, "owes_minor": 0, "paid_minor": 0, "credit_minor": 0, "balance_minor": 0}
        for _, row in rows(folder, "patients.csv")
    }
    bills = {}
    for claim, fee in fees.items():
        client = clients[claims[claim]["PATIENTID"]]
        owes = fee - insured[claim]
        client["billed_minor"] += fee
        client["owes_minor"] += owes
        client["paid_minor"] += paid[claim]
        client["credit_minor"] += max(0, paid[claim] - owes)
        client["balance_minor"] += max(0, owes - paid[claim])
        if fee:
            bills[claim] = {
                "client": claims[claim]["PATIENTID"],
                "total_minor": fee,
                "client_owes_minor": owes,
                "insurance_owes_minor": insured[claim],
                "client_balance_minor": max(0, owes - paid[claim]),
                "rows": claim_rows[claim],
            }

    return {
        "clients_count": len(clients),
        "clinicians_count": sum(1 for _ in rows(folder, "providers.csv")),
        "payers_count": sum(1 for name in payer_names.values() if name != "NO_INSURANCE"),
        "sessions_count": len(claims),
        "unbillable_sessions_count": len(claims) - len(bills),
        "bills_count": len(bills),
        "charge_lines_count": charge_lines,
        "billed_minor": sum(fees.values()),
        "client_owes_minor": sum(fees.values()) - insurers["minor"],
        "client_credit_minor": sum(client["credit_minor"] for client in clients.values()),
        "client_balance_minor": sum(client["balance_minor"] for client in clients.values()),
        "insurer_payments": insurers,
        "client_payments": dict(sorted(methods.items())),
        "payers": {
            payer: {"name": payer_names[payer], **total} for payer, total in sorted(payers.items())
        },
        "months": {month: total for month, total in sorted(months.items())
                   if total["client"]["count"] or total["insurer"]["count"]},
        "payments": payments,
        "clients": clients,
        "bills": bills,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What the books must say after the demo.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--time-zone", default="America/New_York")
    parser.add_argument("--online", nargs="*", default=[])
    asked = parser.parse_args()
    try:
        zone = zoneinfo.ZoneInfo(asked.time_zone)
    except zoneinfo.ZoneInfoNotFoundError:
        sys.exit(f"expected.py: no time zone {asked.time_zone}; PYTHONTZPATH can name a folder that has it")
    json.dump(expected(asked.folder, zone, set(asked.online)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
