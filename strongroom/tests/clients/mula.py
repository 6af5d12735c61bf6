"""The scheduler: asks for the last job before it makes a new one, and hears of raw files from RabbitMQ.

Phases: `start` waits for the service and asks with a requests session that logs in at a 401; `listen` takes what was
announced and notes the parser jobs to be made of it; `unplug` deletes the queue, so that the next upload must make it
again.
"""

import json
import socket
from urllib.parse import urlsplit

import pika
import requests
from wire import (
    BASE_URL,
    FRONT_END_DATE,
    PASSWORD,
    PHASE,
    QUEUE_URI,
    USERNAME,
    equal,
    leave_notes,
    read_notes,
)

QUEUE = "raw_file_received"


class Bytes:
    def __init__(self):
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "scheduler/1.0"

    def login(self):
        form = {"username": USERNAME, "password": PASSWORD}
        typed = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.session.post(f"{BASE_URL}/token", data=form, headers=typed, timeout=10)
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"bearer {answer.json()['access_token']}"

    def get(self, path, **query):
        answer = self.session.get(f"{BASE_URL}{path}", params=query, timeout=10)
        if answer.status_code == 401:
            self.login()
            answer = self.session.get(f"{BASE_URL}{path}", params=query, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def last_job(self, boefje_id, input_ooi, organization):
        query = {"boefje_id": boefje_id, "input_ooi": input_ooi, "organization": organization}
        found = self.get("/bytes/boefje_meta", **query, limit=1, descending="true")
        return found[0] if found else None


def start():
    address = urlsplit(BASE_URL)
    socket.create_connection((address.hostname, address.port), timeout=10).close()
    service = Bytes()
    equal(service.get("/health")["healthy"], True, "the health that is asked for at the start")
    notes = read_notes()
    last = service.last_job("ssl-version", "Hostname|internet|shop.example", "acme")
    equal(last and last["id"], notes.get("job"), "the last job")
    equal(service.last_job("ssl-version", "", "acme"), None, "a job without input asked for by an empty text")
    equal(service.last_job("ssl-version", "Hostname|internet|shop.example", "gamma"), None, "another's job")


def declare(channel):
    # with these arguments exactly, or the broker refuses a queue that was declared otherwise
    channel.queue_declare(queue=QUEUE, durable=True)


def listen(channel):
    notes = read_notes()
    declare(channel)
    channel.basic_qos(prefetch_count=100)
    announced, tasks = [], []
    while len(announced) < len(notes["announced"]):
        # everything was announced before its upload was answered: nothing is waited for
        method, properties, body = channel.basic_get(QUEUE)
        equal(method is not None, True, f"a message behind {len(announced)} of {notes['announced']}")
        equal(properties.delivery_mode, 2, "persistence of the message")
        event = json.loads(body)
        raw_data = event["raw_data"]
        meta = raw_data["boefje_meta"]
        equal(event["organization"], meta["organization"], "organisation of the event")
        for date in (event["created_at"], meta["started_at"], meta["ended_at"]):
            equal(bool(FRONT_END_DATE.fullmatch(date)), True, f"the date {date}")
        labels = [label["value"] for label in raw_data["mime_types"]]
        failed = any(label.startswith("error/") for label in labels)
        equal(failed, raw_data["id"] == notes["failed"], "an error among the labels")
        announced.append(raw_data["id"])
        if not failed:
            tasks.append(raw_data)
        channel.basic_ack(method.delivery_tag)
    equal(announced, notes["announced"], "announced files, in order")
    equal(channel.basic_get(QUEUE)[0], None, "a message too many")
    leave_notes(tasks=tasks)


def unplug(channel):
    channel.queue_delete(QUEUE)


if PHASE == "start":
    start()
else:
    connection = pika.BlockingConnection(pika.URLParameters(QUEUE_URI))
    {"listen": listen, "unplug": unplug}[PHASE](connection.channel())
    connection.close()
