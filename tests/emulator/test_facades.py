"""What clients of Graph and of Partner Center do, what a manufacturer does that names no tenant, and whoever waits for news.

Each story mostly waits for the queues, so that all of them run at once; each has parties of its own."""

import concurrent.futures
import json
import time
import urllib.parse
import uuid

import pytest
from conftest import OPERATOR, TIMEOUT, sample, until
from issuer import GLOBAL_ADMINISTRATOR

GRAPH = "deviceManagement"
IMPORTS = f"{GRAPH}/importedWindowsAutopilotDeviceIdentities"
IDENTITIES = f"{GRAPH}/windowsAutopilotDeviceIdentities"


class Client:
    """Somebody with a token, who reads JSON whatever it is of."""

    def __init__(self, deployment, token):
        self.deployment, self.token = deployment, token

    def ask(self, request, body=None, status=200, **headers):
        answer = self.deployment.answer(request, self.token, body, **headers)
        assert answer.status == status, f"{request}: {answer.status} {dict(answer.headers)} {answer.data}"
        return answer

    def json(self, request, body=None, status=200, **headers):
        return json.loads(self.ask(request, body, status, **headers).data)


class Parties:
    """A customer and its administrator, and partners that it has given its consent."""

    def __init__(self, deployment, issuer):
        self.deployment, self.issuer = deployment, issuer
        self.service = Client(deployment, issuer.token(OPERATOR, roles=["service-administrator"]))
        self.tenant = str(uuid.uuid4())
        self.path = f"/v1/tenants/{self.tenant}"
        self.service.ask("POST /v1/tenants", {"id": self.tenant, "name": f"Customer {self.tenant}"}, 201)
        self.administrator = Client(deployment, issuer.token(self.tenant, wids=[GLOBAL_ADMINISTRATOR]))

    def partner(self, kind, role):
        id = str(uuid.uuid4())
        self.service.ask("POST /v1/partners", {"id": id, "name": f"Partner {id}", "kind": kind}, 201)
        client = Client(self.deployment, self.issuer.token(id, roles=[role]))
        client.ask(f"POST {self.path}/consents", {}, 201)
        self.administrator.ask(f"POST {self.path}/consents/{id}/grant", {})
        return client


def made_up(seed):
    """A made-up device: its serial number and its hash."""
    header, row = sample("--rows", "1", "--seed", str(seed), "--dialect", "three-columns").decode().splitlines()[:2]
    assert header.startswith("Device Serial Number,Windows Product ID,Hardware Hash"), header
    serial, _, hash = row.split(",")[:3]
    return serial, hash


def graph(parties):
    client = parties.administrator
    serial, hash = made_up(101)
    row = client.json(f"POST /beta/{IMPORTS}", {"serialNumber": serial, "hardwareIdentifier": hash, "groupTag": "KIOSK"}, 201)
    assert row["state"]["deviceImportStatus"] == "unknown", row
    look = lambda: client.json(f"GET /v1.0/{IMPORTS}/{row['id']}")["state"]
    ended = lambda state: state["deviceImportStatus"] != "unknown" and state
    state = until("the end of an import", lambda: ended(look()))
    assert (state["deviceImportStatus"], state["deviceErrorCode"]) == ("complete", 0), state

    device = state["deviceRegistrationId"]
    filter = urllib.parse.quote(f"contains(serialNumber,'{serial}')")
    for version in ("v1.0", "beta", "V1.0", "Beta"):
        (listed,) = client.json(f"GET /{version}/{IDENTITIES}?$filter={filter}")["value"]
        assert (listed["id"], listed["groupTag"]) == (device, "KIOSK"), listed
    one = f"/beta/{IDENTITIES}/{device}"
    client.ask(f"POST {one}/updateDeviceProperties", {"groupTag": "SALES", "displayName": "PC-1"}, 204)
    changed = client.json(f"GET {one}")
    assert (changed["groupTag"], changed["displayName"]) == ("SALES", "PC-1"), changed
    inner = {"id": "1", "method": "GET", "url": f"/{IDENTITIES}/{device}"}
    (answer,) = client.json("POST /beta/$batch", {"requests": [inner]})["responses"]
    assert (answer["status"], answer["body"]["id"]) == (200, device), answer

    # Scripts delete the rows that they made; the device stays until it is deleted itself.
    client.ask(f"DELETE /beta/{IMPORTS}/{row['id']}", status=204)
    assert client.json(f"GET /beta/{IMPORTS}")["value"] == []
    client.ask(f"DELETE {one}", status=204)
    error = client.json(f"GET {one}", status=404)["error"]
    assert error["code"] == "ResourceNotFound" and error["innerError"]["request-id"], error

    # What the API leads to no function of Graph's. Two slashes before the version are one to this emulator.
    error = client.json(f"GET /BETA/{IDENTITIES}", status=404)["error"]
    assert error["code"] == "ResourceNotFound" and "begins with /beta/" in error["message"], error


def partner_center(parties):
    client = parties.partner("csp-direct", "admin-agent")
    customer = f"/v1/customers/{parties.tenant}"
    # A name that paths are decoded and encoded around.
    batch = "March 50% off #1?"
    path = f"{customer}/deviceBatches/{urllib.parse.quote(batch, safe='')}/devices"

    def done(request, body):
        """Sends what becomes a job, and waits for its end as CIPP does: `Location` behind the base URL and a slash."""
        request_id = str(uuid.uuid4())
        taken = client.ask(request, body, 202, ms_requestid=request_id)
        assert not taken.data and taken.headers["ms-requestid"] == request_id, taken.headers
        location = taken.headers["location"]
        assert location.startswith(f"/customers/{parties.tenant}/batchJobStatus/"), location
        look = lambda: client.json(f"GET /v1/{location}")
        job = until("the end of a job", lambda: (job := look())["status"] not in ("queued", "processing") and job)
        assert job["status"] == "finished", job
        return job

    serial, hash = made_up(102)
    new = {"batchId": batch, "devices": [{"serialNumber": serial, "hardwareHash": hash}]}
    (made,) = done(f"POST {customer}/DeviceBatches", new)["devicesStatus"]
    (device,) = client.json(f"GET {path}")["items"]
    assert (device["id"], device["serialNumber"]) == (made["deviceId"], serial), device
    (listed,) = client.json(f"GET {customer}/deviceBatches")["items"]
    assert (listed["id"], listed["status"], listed["devicesCount"]) == (batch, "finished", 1), listed

    policy = client.json(f"POST {customer}/policies", {"name": "Kiosks", "policySettings": ["skip_eula"]})["id"]
    given = lambda policy: {"devices": [{"id": device["id"], "policies": [{"key": "o_o_b_e", "value": policy}]}]}
    done(f"PATCH {customer}/DevicePolicyUpdates", given(policy))
    (seen,) = client.json(f"GET {path}")["items"]
    assert seen["policies"] == [{"key": "o_o_b_e", "value": policy}], seen
    assert client.json(f"DELETE {customer}/policies/{policy}", status=409)["code"] == 409
    done(f"PATCH {customer}/DevicePolicyUpdates", given(None))
    client.ask(f"DELETE {customer}/policies/{policy}", status=204)

    client.ask(f"DELETE {path}/{device['id']}", status=204)
    assert client.json(f"GET {path}")["items"] == []
    client.ask(f"PATCH {customer}", {"relationshipToPartner": "none"})
    refused = client.json(f"GET {customer}/deviceBatches", status=403)
    assert refused["code"] == 20002, refused


def manufacturer(parties):
    oem = parties.partner("oem", "oem")
    device = lambda number: {"serialNumber": f"OEM-{number:06}", "manufacturer": "Fabrikam Ltd", "model": "Tablet 3"}
    body = {"devices": [device(1), device(2)]}
    upload = oem.json(f"POST {parties.path}/devices?wait=20", body, 202)
    look = lambda: oem.json(f"GET {parties.path}/uploads/{upload['id']}?wait=20")
    ended = until("the end of the upload", lambda: (seen := look())["state"] not in ("announced", "processing") and seen)
    assert ended["counts"] == {"registered": 2}, ended
    # It names devices, and no tenant; a request that comes again says what it did.
    named = {"devices": [device(1), device(3)]}
    for _ in range(2):
        came = oem.json("POST /v1/devices/release", named, idempotency_key="release-1")["devices"]
        assert [one["outcome"] for one in came] == ["released", "notFound"], came
    assert parties.tenant not in json.dumps(came)
    left = parties.administrator.json(f"GET {parties.path}/devices")["devices"]
    assert [one["serial"] for one in left] == ["OEM-000002"], left


def news(parties):
    client = parties.administrator
    content = sample("--rows", "2", "--seed", "103")
    announced = client.json(f"POST {parties.path}/uploads", {"name": "list", "size": len(content)}, 201)
    path = f"GET {parties.path}/uploads/{announced['id']}"
    shown = client.ask(path)
    tag = shown.headers["etag"]
    # Nothing happens within the time that somebody waits.
    began = time.monotonic()
    same = client.ask(f"{path}?wait=2", status=304, if_none_match=tag)
    assert time.monotonic() - began >= 2 and same.headers["etag"] == tag and not same.data, same.headers

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        told = pool.submit(client.ask, f"{path}?wait=20", None, 200, if_none_match=tag)
        # Whoever asks is asked back first.
        time.sleep(0.5)
        began, put = time.monotonic(), announced["put"]
        headers = {name: value for name, value in put["headers"].items() if name.lower() != "content-length"}
        sent = parties.deployment.http.request(put["method"], put["url"], body=content, headers=headers)
        assert sent.status == 200, sent.data
        told = told.result(TIMEOUT)
    assert time.monotonic() - began < 19, "at the change, and not when the time is over"
    assert told.headers["etag"] != tag
    seen = told
    while (upload := json.loads(seen.data))["state"] in ("announced", "processing"):
        seen = client.deployment.answer(f"{path}?wait=20", client.token, if_none_match=seen.headers["etag"])
        assert seen.status == 200, f"no news within 20 s of {upload}"
    assert upload["counts"] == {"registered": 2}, upload
    client.ask(f"{path}?wait=20", status=304, if_none_match=seen.headers["etag"])


STORIES = (graph, partner_center, manufacturer, news)


@pytest.fixture(scope="module")
def told(deployment, issuer):
    with concurrent.futures.ThreadPoolExecutor(len(STORIES)) as pool:
        yield {story: pool.submit(lambda story: story(Parties(deployment, issuer)), story) for story in STORIES}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story(told, story):
    told[story].result(2 * TIMEOUT)
