"""The answers of docs/sandbox.md, each had as the page says."""

import http.client
import json
import re
from pathlib import Path

import pytest
from conftest import Sandbox

PAGE = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
GRAPH = "/beta/deviceManagement"
IMPORTS, IDENTITIES, PROFILES, SYNC = (
    f"{GRAPH}/importedWindowsAutopilotDeviceIdentities",
    f"{GRAPH}/windowsAutopilotDeviceIdentities",
    f"{GRAPH}/windowsAutopilotDeploymentProfiles",
    f"{GRAPH}/windowsAutopilotSettings/sync",
)
NOBODY = "00000000-0000-4000-8000-000000000001"


def rows(head):
    """The first cells of the table with this head."""
    table = PAGE.split(f"| {head} | how |\n| --- | --- |\n")[1].split("\n\n")[0]
    return re.findall(r"^\| (.*?) \|", table, re.MULTILINE)


class Answer:
    def __init__(self, answer):
        self.status, self.headers, text = answer.status, answer.headers, answer.read()
        self.body = json.loads(text) if text else None


def ask(sandbox, token, what, body=None, **headers):
    method, path = what.split(" ", 1)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        headers["Authorization"] = f"Bearer {sandbox.tokens.get(token, token)}"
    if body is not None:
        body, headers["Content-Type"] = json.dumps(body), "application/json"
    connection = http.client.HTTPConnection(sandbox.url.split("/")[2], timeout=60)
    connection.request(method, path, body=body, headers=headers)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


class Graph:
    def __init__(self, sandbox, devices, until):
        self.sandbox, self.devices, self.until = sandbox, devices, until

    def __call__(self, what, body=None, token="CONTOSO_DEVICE_ADMINISTRATOR"):
        return ask(self.sandbox, token, what, body)

    def imported(self, serial, **of):
        ((_, hash),) = self.devices(serial)
        return self(f"POST {IMPORTS}", {"serialNumber": serial, "hardwareIdentifier": hash}, **of)

    def state(self, row):
        return self(f"GET {IMPORTS}/{row}").body["state"]

    def registered(self, serial):
        row = self.imported(serial).body["id"]
        done = self.until(lambda: self.state(row), lambda state: state["deviceImportStatus"] != "unknown")
        assert done["deviceImportStatus"] == "complete", done
        return done["deviceRegistrationId"]


def test_microsoft_graph(sandbox, devices, until, tmp_path):
    graph, had = Graph(sandbox, devices, until), {}

    def error(answer):
        return answer.status, answer.body["error"]["code"]

    # Before anything else, while nothing is worked on.
    assert graph(f"POST {SYNC}").status == 204
    again = graph(f"POST {SYNC}")
    had["429 of a synchronisation"] = again.status == 429 and int(again.headers["Retry-After"]) > 590

    slow = graph.imported("PC-1-slow3").body["id"]
    had["`unknown`, for a while"] = graph.state(slow)["deviceImportStatus"] == "unknown"
    until(lambda: graph.state(slow), lambda state: state["deviceImportStatus"] == "complete")

    bad = graph(f"POST {IMPORTS}", {"serialNumber": "PC-2", "hardwareIdentifier": "not base64!"})
    had["400 `RequestBodyRead`"] = error(bad) == (400, "RequestBodyRead")

    device = graph.registered("PC-3")
    assert graph(f"DELETE {IDENTITIES}/{device}").status == 204
    again = graph(f"DELETE {IDENTITIES}/{device}")
    phrase = json.loads(again.body["error"]["message"])["CustomApiErrorPhrase"]
    had["400 with `ZtdDeviceAlreadyDeleted`"] = (again.status, phrase) == (400, "ZtdDeviceAlreadyDeleted")

    had["401"] = [graph(f"GET {IMPORTS}", token=token).status for token in (None, "another")] == [401, 401]
    refused = [graph.imported("PC-4", token=token).status for token in ("CONTOSO_READER", "NORTHWIND_ADMIN_AGENT")]
    had["403"] = refused == [403, 403]

    (theirs,) = sandbox.register("Fabrikam", devices("PC-5"))
    hidden, nobody = (graph(f"GET {IDENTITIES}/{id}") for id in (theirs, NOBODY))
    had["404 for what is another tenant's"] = error(hidden) == error(nobody) and hidden.status == 404
    had["405"] = graph(f"PUT {IDENTITIES}/{theirs}", {}).status == 405
    had["501"] = error(graph(f"POST {IDENTITIES}", {})) == (501, "NotImplemented")

    profile = graph(f"POST {PROFILES}", {"displayName": "User driven"}).body["id"]
    given = {"deviceIds": [graph.registered("PC-6")]}
    assert graph(f"POST {PROFILES}/{profile}/assign", given).status == 204
    had["409, a profile is assigned"] = graph(f"DELETE {PROFILES}/{profile}").status == 409

    steps = [
        {"id": "1", "method": "GET", "url": f"/deviceManagement/windowsAutopilotDeviceIdentities/{NOBODY}"},
        {"id": "2", "method": "GET", "url": "/deviceManagement/windowsAutopilotSettings", "dependsOn": ["1"]},
    ]
    answers = graph("POST /beta/$batch", {"requests": steps}).body["responses"]
    had["424 in a `$batch`"] = {one["id"]: one["status"] for one in answers} == {"1": 404, "2": 424}

    (deleted,) = graph(f"POST {IDENTITIES}/deleteDevices", {"serialNumbers": ["PC-7"]}).body["value"]
    had["`deletionState` `failed`"] = deleted["deletionState"] == "failed"

    had["409, a synchronisation is under way"] = synchronising(tmp_path / "synchronising", devices, until)
    had["429 of everything else"] = throttled(tmp_path / "throttled")
    assert [what for what in rows("Microsoft Graph") if not had.pop(what)] == [] and not had


def synchronising(home, devices, until):
    """One sandbox is asked once in ten minutes, so this is another one."""
    home.mkdir()
    sandbox = Sandbox(home)
    try:
        graph = Graph(sandbox, devices, until)
        graph.imported("PC-8-slow60")
        uploads = f"GET /v1/tenants/{sandbox.tenants['Contoso']}/uploads"
        until(lambda: ask(sandbox, "CONTOSO_READER", uploads).body["uploads"], lambda uploads: uploads)
        return [graph(f"POST {SYNC}").status for _ in range(2)] == [204, 409]
    finally:
        sandbox.stop()


def throttled(home):
    home.mkdir()
    sandbox = Sandbox(home, "--graph-throttling", "documented")
    try:
        # Nothing is there to delete; it is a change all the same. The 20 seconds may begin anew in between.
        for taken in range(250):
            answer = ask(sandbox, "CONTOSO_DEVICE_ADMINISTRATOR", f"DELETE {IMPORTS}/{NOBODY}")
            if answer.status != 404:
                break
        return taken >= 100 and answer.status == 429 and 0 < float(answer.headers["Retry-After"]) <= 20
    finally:
        sandbox.stop()


def test_partner_center(sandbox, devices, until):
    had, customer = {}, f"/v1/customers/{sandbox.tenants['Contoso']}"

    def partner(what, body=None, token="NORTHWIND_ADMIN_AGENT", **headers):
        return ask(sandbox, token, what.replace("~", customer), body, **headers)

    def error(answer):
        return answer.status, int(answer.body["code"])

    def batch(name, *serials):
        listed = [{"serialNumber": serial, "hardwareHash": hash} for serial, hash in devices(*serials)]
        return {"batchId": name, "devices": listed}

    def ended(answer):
        assert answer.status == 202, answer.body
        job = f"GET /v1{answer.headers['Location']}"
        return until(lambda: partner(job).body, lambda job: job["status"] not in ("queued", "processing"))

    slow = partner("POST ~/deviceBatches", batch("slow", "PC-1-slow3"))
    job = f"GET /v1{slow.headers['Location']}"
    seen = until(lambda: partner(job).body["status"], lambda status: status != "queued")
    had["`processing`, for a while"] = seen == "processing"
    assert ended(slow)["status"] == "finished"

    alone = {"batchId": "alone", "devices": [{"serialNumber": "PC-2"}]}
    had["400, 3000"] = error(partner("POST ~/deviceBatches", alone)) == (400, 3000)
    kiosk = {"name": "Kiosks", "category": "kiosk"}
    had["400, 900126"] = error(partner("POST ~/policies", kiosk)) == (400, 900126)
    had["401, 400"] = error(partner("GET ~/deviceBatches", token=None)) == (401, 400)
    strangers = [sandbox.tenants["Woodgrove"], sandbox.tenants["Fabrikam"], NOBODY]
    hidden = [error(partner(f"GET /v1/customers/{one}/deviceBatches")) for one in strangers]
    had["403, 20002"] = hidden == [(403, 20002)] * 3
    policy = kiosk | {"category": "o_o_b_e"}
    had["403, 900150"] = error(partner("POST ~/policies", policy, token="NORTHWIND_SALES_AGENT")) == (403, 900150)
    had["404, 1000"] = error(partner("GET ~/deviceBatches/none/devices")) == (404, 1000)

    first = partner("POST ~/deviceBatches", batch("po-1", "PC-3"))
    (device,) = ended(first)["devicesStatus"]
    had["409, the name is taken"] = partner("POST ~/deviceBatches", batch("po-1", "PC-4")).status == 409
    id = "cb82f7d6-f0d9-44d4-82f9-f6eee6e68390"
    assert partner("POST ~/deviceBatches", batch("po-2", "PC-5"), MS_RequestId=id).status == 202
    another = partner("POST ~/deviceBatches", batch("po-3", "PC-6"), MS_RequestId=id)
    had["409, the request is another"] = another.status == 409

    policy = partner("POST ~/policies", policy).body
    had["412"] = partner(f"PUT ~/policies/{policy['id']}", policy | {"name": "x"}, If_Match='"0"').status == 412

    def updated(device, policy):
        update = {"devices": [{"id": device, "policies": [{"key": "o_o_b_e", "value": policy}]}]}
        (told,) = ended(partner("PATCH ~/DevicePolicyUpdates", update))["devicesStatus"]
        return told.get("errorCode"), told.get("errorDescription")

    (theirs,) = sandbox.register("Fabrikam", devices("PC-7"))
    unknown = [updated(one, policy["id"]) for one in (theirs, NOBODY)]
    had["807 of a policy update"] = unknown == [("807", "ZtdDeviceIsNotRegistered")] * 2
    given = updated(device["deviceId"], NOBODY)
    had["809 of a policy update"] = given == ("809", "ZtdProfileIsNotRegistered")
    assert updated(device["deviceId"], policy["id"]) == (None, None)
    assert [what for what in rows("Partner Center") if not had.pop(what)] == [] and not had
