"""The dataset service's way with Tracer: HTTPS only, `bearer` in lower case, a body length on every GET, no time limit.

It looks for the service before it starts, traces the creation, the update and the use of a dataset, and later checks
that dataset's integrity by what the first of these traces says. Standard library only, as the service's own client.
"""

import base64
import hashlib
import http.client
import json
import os
import ssl
import urllib.parse
import uuid

URL = urllib.parse.urlparse(os.environ["TRACER_URL"])
TOKEN = os.environ["TRACER_TOKEN"]
TRUST = ssl.create_default_context(cafile=os.environ["TRACER_CA"])


def ask(method, path, body=None):
    """One request on a connection of its own; the answer's status and JSON."""
    connection = http.client.HTTPSConnection(URL.hostname, URL.port, context=TRUST)
    headers = {"Authorization": "bearer " + TOKEN}
    if body is None:
        headers["Content-Length"] = "0"
    else:
        headers["Content-Type"] = "application/json;charset=UTF-8"
        body = json.dumps(body)
    connection.request(method, URL.path + path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def add(trace):
    """Anything but these two rolls the service's own transaction back."""
    status, answer = ask("POST", "api/v1/traces", trace)
    assert status in (200, 204), (status, answer)
    return answer


def digest(content):
    return base64.b64encode(hashlib.sha3_256(content).digest()).decode()


def images(studies):
    """Digests of series within digests of studies within one."""
    study_digests = b"".join(
        hashlib.sha3_256(b"".join(hashlib.sha3_256(files).digest() for files in series)).digest() for series in studies
    )
    return digest(study_digests)


def hashes(index, studies, forms):
    parts = {"index": digest(index), "images": images(studies), "clinicalData": digest(forms)}
    return [{"id": name, "contentType": "HASH", "hash": value, "hashType": "SHA3_256"} for name, value in parts.items()]


def check_integrity(dataset, resources):
    query = urllib.parse.urlencode({"datasetId": dataset, "userAction": "CREATE_DATASET"})
    status, found = ask("GET", "api/v1/traces?" + query)
    assert status == 200, (status, found)
    trace_id = found["traces"][0]["traces"][0]["id"]
    status, whole = ask("GET", "api/v1/traces/" + trace_id)
    assert status == 200, (status, whole)
    traced = {part["id"]: part["contentHash"] for part in whole["traces"][0]["trace"]["traceResources"]}
    return all(traced[part["id"]] == part["hash"] for part in resources)


def main():
    status, _ = ask("GET", "api/v1/traces/hashes")
    assert status == 200, status
    user, dataset = str(uuid.uuid4()), "Dataset-" + str(uuid.uuid4())
    resources = hashes(b'[{"studyId": "s1"}]', [[b"one", b"two"], [b"three"]], b"[]")
    created = {"userId": user, "userAction": "CREATE_DATASET", "datasetId": dataset, "resources": resources}
    add(created)
    assert check_integrity(dataset, resources)
    changed = hashes(b'[{"studyId": "s2"}]', [[b"one", b"two"], [b"three"]], b"[]")
    assert not check_integrity(dataset, changed)
    for details in ["RELEASE", "PUBLISH", "AUTHOR_CHANGED", "PID_UPDATED", "CONTACT_INFORMATION_UPDATED"]:
        add({"userId": user, "userAction": "UPDATE_DATASET", "datasetId": dataset, "details": details})
    add(
        {
            "userId": user,
            "userAction": "USE_DATASETS",
            "datasetsIds": [dataset],
            "toolName": "desktop-tensorflow",
            "toolVersion": "1.4",
        }
    )
    # the explorer's history
    status, actions = ask("GET", "api/v1/static/traces/actions")
    assert status == 200
    query = urllib.parse.urlencode({"datasetId": dataset, "skipTraces": 0, "limitTraces": 30})
    status, found = ask("GET", "api/v1/traces?" + query)
    assert status == 200 and found["traces"][0]["countAllTraces"] == 7, found
    lines = found["traces"][0]["traces"]
    assert all(line["userAction"] in actions for line in lines)
    assert lines[0]["details"] == "desktop-tensorflow 1.4" and lines[3]["details"] == "AUTHOR_CHANGED", lines
    assert all("T" in line["timestamp"] and line["callerId"] == os.environ["TRACER_SUBJECT"] for line in lines)
    print("done")


if __name__ == "__main__":
    main()
