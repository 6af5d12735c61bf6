"""What the three clients share: their arguments, the notes they leave for one another, what a job looks like.

A client is called with the address of the service and the path of a JSON file with those notes; user name, password
and, where there is one, the broker's address are in the environment.
"""

import json
import os
import re
import sys
import uuid
from pathlib import Path

BASE_URL = sys.argv[1]
NOTES = Path(sys.argv[2])
PHASE = sys.argv[3] if len(sys.argv) > 3 else ""
USERNAME = os.environ["BYTES_USERNAME"]
PASSWORD = os.environ["BYTES_PASSWORD"]
QUEUE_URI = os.environ.get("QUEUE_URI")

# The web front end reads the end of a job with nothing else than these two patterns.
FRONT_END_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def read_notes():
    return json.loads(NOTES.read_text()) if NOTES.exists() else {}


def leave_notes(**more):
    NOTES.write_text(json.dumps(read_notes() | more))


def new_id():
    return str(uuid.uuid4())


def equal(found, expected, what):
    """Ends the client, saying what differs."""
    if found != expected:
        sys.exit(f"{what}:\n  found    {found!r}\n  expected {expected!r}")


def job(boefje, organization="acme", input_ooi="Hostname|internet|shop.example", **more):
    """The record of a scan job as the programs post it, with keys the service does not know."""
    version = "0.4" if boefje != "manual" else None
    return {
        "id": new_id(),
        "started_at": "2025-03-04T10:20:30+00:00",
        "ended_at": "2025-03-04T10:20:41.500000+00:00",
        "boefje": {"id": boefje, "version": version, "oci_image": None, "name": boefje},
        "input_ooi": input_ooi,
        "arguments": {"input": {"name": "shop.example", "port": 443, "rate": 1.0}},
        "organization": organization,
        "runnable_hash": None,
        "environment": {"TOP_PORTS": "250"},
    } | more


def as_answered(job):
    """The same record as the service answers with."""
    boefje = {"id": job["boefje"]["id"], "version": job["boefje"]["version"]}
    dates = {"started_at": "2025-03-04T10:20:30Z", "ended_at": "2025-03-04T10:20:41.500000Z"}
    return job | dates | {"boefje": boefje}
