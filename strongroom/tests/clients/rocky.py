"""The web front end: a new client and a new login for nearly every page, content types set, 401 never handled."""

import base64
import io
import json
import zipfile

import httpx
from wire import (
    BASE_URL,
    FRONT_END_DATE,
    PASSWORD,
    USERNAME,
    as_answered,
    equal,
    job,
    new_id,
    read_notes,
)


def page():
    """A client as one page view makes it, logged in."""
    client = httpx.Client(base_url=BASE_URL, timeout=30)
    form = {"username": USERNAME, "password": PASSWORD, "scope": "", "grant_type": "password"}
    answer = client.post("/token", data=form)
    answer.raise_for_status()
    client.headers["Authorization"] = f"bearer {answer.json()['access_token']}"
    return client


def upload(client, content, *tags, organization="acme"):
    """Saves a manual job with one file; returns the job and the file's id."""
    manual = job("manual", organization=organization, input_ooi=None)
    client.post("/bytes/boefje_meta", json=manual).raise_for_status()
    files = [{"name": "raw", "content": base64.b64encode(content).decode(), "tags": ["boefje/manual", *tags]}]
    answer = client.post("/bytes/raw", json={"files": files}, params={"boefje_meta_id": manual["id"]})
    answer.raise_for_status()
    return manual, answer.json()["raw"]


def add_object():
    client = page()
    manual, raw_id = upload(client, b'[{"object_type": "Network"}]', "manual/ooi")
    raw_data = {"id": raw_id, "boefje_meta": manual, "mime_types": [{"value": "manual/ooi"}]}
    meta = {
        "id": new_id(),
        "raw_data": raw_data,
        "normalizer": {"id": "normalizer/manual", "version": None},
        "started_at": "2025-03-04T10:21:00+00:00",
        "ended_at": "2025-03-04T10:21:00.000001+00:00",
    }
    client.post("/bytes/normalizer_meta", json=meta).raise_for_status()
    return meta["id"], manual, raw_id


def show_object(task_id, manual, raw_id):
    client = page()
    equal(client.get(f"/bytes/normalizer_meta/{new_id()}").status_code, 404, "an origin that is not there")
    origin = client.get(f"/bytes/normalizer_meta/{task_id}").raise_for_status().json()
    equal(origin["raw_data"]["boefje_meta"], as_answered(manual), "the job behind an object")
    equal(origin["raw_data"]["id"], raw_id, "the file behind an object")
    ended_at = origin["raw_data"]["boefje_meta"]["ended_at"]
    equal(bool(FRONT_END_DATE.fullmatch(ended_at)), True, f"the date {ended_at}")


def show_reports():
    reports = {}
    for organization in ("acme", "beta"):
        for number in range(5):
            text = json.dumps({"report": number, "of": organization}).encode()
            _, raw_id = upload(page(), text, "openkat/report", organization=organization)
            reports[raw_id] = text
    own = [raw_id for raw_id, text in reports.items() if b"acme" in text]
    for asked, more in ((own, {"organization": "acme"}), (list(reports), {})):
        query = {"limit": len(asked), "raw_ids": asked} | more
        files = page().get("/bytes/raws", params=query).raise_for_status().json()["files"]
        found = {file["name"]: base64.b64decode(file["content"]) for file in files}
        equal(found, {raw_id: reports[raw_id] for raw_id in asked}, "reports by their ids")
    others = {"limit": 9, "raw_ids": own, "organization": "beta"}
    equal(page().get("/bytes/raws", params=others).json()["files"], [], "reports of another organisation")


def download_task():
    notes = read_notes()
    query = {"boefje_meta_id": notes["job"], "limit": 100, "organization": "acme"}
    client = page()
    metas = client.get("/bytes/raw", params=query).raise_for_status().json()
    own = [meta for meta in metas if meta["boefje_meta"]["organization"] == "acme"]
    equal((len(metas), len(own)), (2, 2), "files of a task")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for meta in own:
            content = client.get(f"/bytes/raw/{meta['id']}").raise_for_status().content
            archive.writestr(meta["id"], content)
            archive.writestr(f"raw_meta_{meta['id']}.json", json.dumps(meta))
    with zipfile.ZipFile(buffer) as archive:
        equal(archive.read(notes["first"]), b"<a/>", "the first file of the archive")
    other = query | {"organization": "beta"}
    equal(client.get("/bytes/raw", params=other).json(), [], "the task asked for by another organisation")


def show_health():
    health = httpx.get(f"{BASE_URL}/health", timeout=30).raise_for_status().json()
    equal((health["service"], health["healthy"]), ("bytes", True), "health")
    wrong = httpx.post(f"{BASE_URL}/token", data={"username": USERNAME, "password": "wrong"})
    equal(wrong.status_code, 401, "a wrong password")


show_health()
show_object(*add_object())
upload(page(), b"ip;name\n192.0.2.1;a\n", "manual/csv")
upload(page(), b"\x00\xff" * 100_000, "application/octet-stream", "my/label")
labels = page().get("/bytes/mime_types").raise_for_status().json()
equal((labels["manual/csv"], labels["my/label"]), (1, 1), "labels to choose from")
show_reports()
download_task()
