"""The program that runs scan and parser jobs: a long-lived httpx client that sends JSON without a content type.

It begins without a token, logs in at a 401 and repeats the call, and does so again whenever a token has expired.
Phases: `scan` posts jobs with their files, `rescan` one more job, `normalize` what the scheduler asked for.
"""

import base64
import json

import httpx
from wire import (
    BASE_URL,
    PASSWORD,
    PHASE,
    USERNAME,
    as_answered,
    equal,
    job,
    leave_notes,
    new_id,
    read_notes,
)

# Signed with another secret, long ago: what any token is some day.
EXPIRED = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJrYXQiLCJleHAiOjF9.AAAA"
# More than is read of a body without a valid token, and not a whole number of anything.
LARGE = bytes(range(251)) * 2_711


class Bytes:
    def __init__(self):
        transport = httpx.HTTPTransport(retries=6)
        agent = {"User-Agent": "bytes-api-client/0.3"}
        self.client = httpx.Client(base_url=BASE_URL, headers=agent, transport=transport, timeout=30)
        self.logins = 0

    def login(self):
        form = {"username": USERNAME, "password": PASSWORD}
        answer = self.client.post("/token", data=form)
        answer.raise_for_status()
        token = answer.json()
        self.client.headers["Authorization"] = f"{token['token_type']} {token['access_token']}"
        self.logins += 1

    def forget_token(self):
        self.client.headers["Authorization"] = f"bearer {EXPIRED}"

    def call(self, method, path, body=None, **query):
        content = None if body is None else json.dumps(body)
        answer = self.client.request(method, path, content=content, params=query)
        if answer.status_code == 401:
            self.login()
            answer = self.client.request(method, path, content=content, params=query)
        equal("content-type" in answer.request.headers, False, "a content type in the request")
        answer.raise_for_status()
        return answer

    def save_job(self, meta):
        equal(self.call("POST", "/bytes/boefje_meta", meta).json(), {"status": "success"}, "saved job")

    def find_job(self, job_id):
        try:
            return self.call("GET", f"/bytes/boefje_meta/{job_id}").json()
        except httpx.HTTPStatusError:
            return None

    def save_files(self, job_id, files, status="COMPLETED"):
        output = {"status": status, "files": files}
        return self.call("POST", "/bytes/raw", output, boefje_meta_id=str(job_id)).json()


def file(name, content, *tags):
    return {"name": name, "content": base64.b64encode(content).decode(), "tags": list(tags)}


def scan(service):
    # a local job with two files
    local = job("ssl-version")
    tags = ["boefje/ssl-version", "boefje/ssl-version-0.4"]
    service.save_job(local)
    ids = service.save_files(local["id"], [file("0", b"<a/>", "text/xml", *tags), file("1", LARGE, *tags)])
    equal(list(ids), ["0", "1"], "names of the saved files")
    equal(service.find_job(local["id"]), as_answered(local), "the job read back")
    equal(service.call("GET", f"/bytes/raw/{ids['1']}").content, LARGE, "the large file read back")
    meta = service.call("GET", f"/bytes/raw/{ids['0']}/meta").json()
    equal({label["value"] for label in meta["mime_types"]}, {"text/xml", *tags}, "labels of the first file")

    # a token expires between a job's record and its large file, and then between two small calls
    slow = job("nmap", input_ooi="IPAddressV4|internet|192.0.2.1")
    service.save_job(slow)
    service.forget_token()
    slow_ids = service.save_files(slow["id"], [file("0", LARGE, "boefje/nmap")])
    service.forget_token()
    equal(service.find_job(slow["id"])["id"], slow["id"], "the job read with a new token")
    equal(service.logins, 3, "logins")

    # a container that failed without a report of its own
    failed = job("dns-records", input_ooi="Hostname|internet|broken.example")
    equal(service.find_job(failed["id"]), None, "a job that nobody reported")
    service.save_job(failed)
    error = [file("0", b"Traceback: it broke", "error/boefje", "boefje/dns-records")]
    failed_ids = service.save_files(failed["id"], error, status="FAILED")

    # the same scan for another organisation: what one job gave is posted again as it came
    copy = job("ssl-version", organization="beta")
    equal(service.find_job(local["id"])["organization"], "acme", "whose job is copied")
    output = service.call("GET", "/bytes/raws", boefje_meta_id=local["id"]).json()
    equal([kept["name"] for kept in output["files"]], [ids["0"]], "one file without a limit")
    service.save_job(copy)
    copied = service.call("POST", "/bytes/raw", output, boefje_meta_id=copy["id"]).json()
    equal(list(copied), [ids["0"]], "names of the copied files")

    # a job posted twice is refused, files posted twice are the first ones
    try:
        service.save_job(local)
        equal("a success", "a refusal", "a job posted twice")
    except httpx.HTTPStatusError as refusal:
        equal(refusal.response.status_code, 400, "a job posted twice")
    again = service.save_files(local["id"], [file("0", b"<b/>", *tags, "text/xml")])
    equal(again, {"0": ids["0"]}, "a file posted twice")

    announced = [ids["0"], ids["1"], slow_ids["0"], failed_ids["0"], copied[ids["0"]]]
    leave_notes(announced=announced, failed=failed_ids["0"], first=ids["0"], job=local["id"])


def rescan(service):
    one = job("ssl-version")
    service.save_job(one)
    ids = service.save_files(one["id"], [file("0", b"<c/>", "text/xml", "boefje/ssl-version")])
    leave_notes(announced=list(ids.values()), failed=None)


def normalize(service):
    done = []
    for raw_data in read_notes()["tasks"]:
        raw = service.call("GET", f"/bytes/raw/{raw_data['id']}").content
        meta = {
            "id": new_id(),
            "started_at": "2025-03-04T10:21:00.25+00:00",
            "ended_at": "2025-03-04T10:21:01+00:00",
            "raw_data": raw_data,
            "normalizer": {"id": "kat_ssl_normalizer", "version": None, "name": "x"},
        }
        saved = service.call("POST", "/bytes/normalizer_meta", meta).json()
        equal(saved, {"status": "success"}, "saved parser job")
        read = service.call("GET", f"/bytes/normalizer_meta/{meta['id']}").json()
        equal(read["started_at"], "2025-03-04T10:21:00.250000Z", "start of the parser job")
        equal(read["raw_data"]["id"], raw_data["id"], "what the parser job read")
        done.append({"id": meta["id"], "raw_id": raw_data["id"], "length": len(raw)})
    leave_notes(normalized=done)


{"scan": scan, "rescan": rescan, "normalize": normalize}[PHASE](Bytes())
