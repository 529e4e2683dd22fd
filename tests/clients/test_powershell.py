"""The requests of PowerShell tools, byte for byte: there is no PowerShell here, so what they send is sent by `http.client`.

The bodies are those in tests/fixtures, in which nothing is changed but the values that a test needs; the headers are those
that Windows PowerShell's commands, Partner Center's .NET SDK and CIPP add."""

import http.client
import json
import re
import socket
import urllib.parse
import uuid
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
IMPORTS = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
IDENTITIES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
# Windows PowerShell 5.1 runs on the .NET Framework, which asks before it sends a body.
WINDOWS_POWERSHELL = {
    "User-Agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.2506",
    "Content-Type": "application/json",
    "Expect": "100-continue",
    "Connection": "Keep-Alive",
}
PARTNER_CENTER_SDK = {
    "Accept": "application/json",
    "Content-Type": "application/json; charset=utf-8",
    "MS-Contract-Version": "v1",
    "MS-PartnerCenter-Client": "Partner Center .NET SDK",
    "X-Locale": "en-US",
    "Expect": "100-continue",
    "Connection": "Keep-Alive",
}
# PowerShell 7 on .NET, which asks nothing.
CIPP = {"User-Agent": "CIPP/1.0", "Content-Type": "application/json; charset=utf-8"}
# Of a body: what stands in the way of sending it, and what a request without one leaves out.
OF_A_BODY = ("Content-Type", "Expect")


class Tool:
    """Sends requests as they are written."""

    def __init__(self, sandbox, token, headers):
        self.host, self.token, self.headers = sandbox.url.split("/")[2], token, headers

    def ask(self, method, path, body=None, headers=None):
        sent = {"Authorization": f"Bearer {self.token}"} | self.headers | (headers or {})
        if body is None:
            sent = {name: value for name, value in sent.items() if name not in OF_A_BODY}
        if method != "GET":
            sent["Content-Length"] = str(len(body or b""))
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        # Whoever expects to be told so waits for it, and sends no body behind another answer.
        goes_on = "Expect" not in sent or connection.sock.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 100"
        if body is not None and goes_on:
            connection.send(body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, text

    def json(self, method, path, body=None, status=200, headers=None):
        seen, _, text = self.ask(method, path, body, headers)
        assert seen == status, f"{method} {path}: {seen} {text[:2000]}"
        return json.loads(text) if text else None


def sample(name, **values):
    """The bytes of a sample, with other values in the place of its own."""
    body = (FIXTURES / name).read_bytes()
    for old, new in values.items():
        assert old.encode() in body, old
        body = body.replace(old.encode(), new.encode())
    return body


@pytest.fixture
def graph(sandbox):
    return Tool(sandbox, sandbox.tokens["CONTOSO_DEVICE_ADMINISTRATOR"], WINDOWS_POWERSHELL)


@pytest.fixture
def partner(sandbox):
    return Tool(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"], PARTNER_CENTER_SDK)


@pytest.fixture
def cipp(sandbox):
    return Tool(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"], CIPP)


def pasted(serial, hash, tag="", user=""):
    """What `Add-AutopilotImportedDevice` sends: values are pasted into the text, and nothing is escaped."""
    text = (FIXTURES / "graph/imported-create.request.as-sent-by-stock-script.json").read_text()
    for name, value in (
        ("groupTag", tag),
        ("serialNumber", serial),
        ("hardwareIdentifier", hash),
        ("assignedUserPrincipalName", user),
    ):
        text = re.sub(rf'("{name}": )"[^"]*"', lambda found: f'{found[1]}"{value}"', text, count=1)
    return text.encode()


def test_import_autopilot_csv(graph, sandbox, devices, until):
    """`Import-AutopilotCSV`: a row a request, all rows are polled while any is unknown, and all are deleted at the end."""
    new, had, owned = devices("PC-1", "PC-2", "PC-3")
    sandbox.register("Contoso", [had])
    (theirs,) = sandbox.register("Fabrikam", [owned])
    for device, tag in ((new, "KIOSK"), (had, ""), (owned, "KIOSK")):
        row = graph.json("POST", IMPORTS, pasted(*device, tag), 201)
        # Whatever the client said of the state.
        assert row["state"]["deviceImportStatus"] == "unknown", row["state"]
    listed = until(
        lambda: graph.json("GET", IMPORTS)["value"],
        lambda rows: not any(row["state"]["deviceImportStatus"] == "unknown" for row in rows),
    )
    states = {row["serialNumber"]: row["state"] for row in listed}
    told = {
        serial: (state["deviceImportStatus"], state["deviceErrorCode"], state["deviceErrorName"])
        for serial, state in states.items()
    }
    assert told == {
        "PC-1": ("complete", 0, ""),
        "PC-2": ("error", 806, "ZtdDeviceAlreadyAssigned"),
        "PC-3": ("error", 808, "ZtdDeviceAssignedToOtherTenant"),
    }
    text = json.dumps(listed)
    assert theirs not in text and sandbox.tenants["Fabrikam"] not in text and "Fabrikam" not in text, text
    for row in listed:
        graph.json("DELETE", f"{IMPORTS}/{row['id']}", status=204)
    assert graph.json("GET", IMPORTS)["value"] == []
    device = graph.json("GET", f"{IDENTITIES}/{states['PC-1']['deviceRegistrationId']}")
    assert (device["serialNumber"], device["groupTag"]) == ("PC-1", "KIOSK")
    assert "hardwareIdentifier" not in device
    assert sandbox.owned("Fabrikam") == {"PC-3": theirs}


def test_a_serial_number_that_breaks_the_text_is_refused(graph, devices):
    ((_, hash),) = devices("PC-1")
    for serial in ('PC"1', "PC\\1"):
        status, _, text = graph.ask("POST", IMPORTS, pasted(serial, hash))
        error = json.loads(text)["error"]
        assert status == 400 and error["code"] and error["message"], text


def test_a_hash_that_is_no_base64_names_edm_binary(graph):
    status, _, text = graph.ask("POST", IMPORTS, pasted("PC-1", "not base64!"))
    error = json.loads(text)["error"]
    assert (status, error["code"]) == (400, "RequestBodyRead") and "Edm.Binary" in error["message"]


def imported(graph, until, serial, hash):
    """A device, once it is registered."""
    row = graph.json("POST", IMPORTS, pasted(serial, hash), 201)
    ask = f"{IMPORTS}/{row['id']}"
    done = until(lambda: graph.json("GET", ask)["state"], lambda state: state["deviceImportStatus"] != "unknown")
    assert done["deviceImportStatus"] == "complete", done
    return done["deviceRegistrationId"]


def test_set_autopilot_device(graph, devices, until):
    """`Set-AutopilotDevice`: another letter case in the path, keys without quotation marks."""
    ((serial, hash),) = devices("PC-1")
    id = imported(graph, until, serial, hash)
    body = sample("graph/update-device-properties.request.unquoted-keys.txt")
    graph.json("POST", f"{IDENTITIES}/{id}/UpdateDeviceProperties", body, 204)
    found = graph.json("GET", f"{IDENTITIES}?$filter=contains(serialNumber,%27{serial}%27)")["value"]
    assert [(one["id"], one["groupTag"], one["userPrincipalName"]) for one in found] == [
        (id, "KIOSK", "user@contoso.onmicrosoft.com")
    ]
    assert graph.json("GET", f"{IDENTITIES}?$filter=contains(serialNumber,%27O%27%27Neill%27)")["value"] == []


def test_get_windows_autopilot_info_assign(graph, devices, until):
    """`Get-WindowsAutopilotInfo -Online -Assign`: waits until the device has a profile."""
    ((serial, hash),) = devices("PC-1")
    body = sample("graph/profile-create.beta.request.json")
    profiles = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
    profile = graph.json("POST", profiles, body, 201)["id"]
    id = imported(graph, until, serial, hash)
    assigned = json.dumps({"deviceIds": [id]}).encode()
    graph.json("POST", f"{profiles}/{profile}/assign", assigned, 204)
    ask = f"{IDENTITIES}/{id}?$expand=deploymentProfile,intendedDeploymentProfile"
    device = until(
        lambda: graph.json("GET", ask), lambda one: one["deploymentProfileAssignmentStatus"].startswith("assigned")
    )
    assert device["deploymentProfile"]["id"] == profile


def test_start_autopilot_cleanup(graph, devices, until):
    """`Start-AutopilotCleanupCSV`: deletes in a `$batch`, whose ids are serial numbers."""
    ((serial, hash),) = devices("PC 1")
    id = imported(graph, until, serial, hash)
    own = {"SYN-0001-ABCD": serial, "9d8c7b6a-5f4e-4d3c-9b2a-1f0e9d8c7b6a": id}
    body = sample("graph/batch-delete.request.json", **own)
    (answer,) = graph.json("POST", "/beta/$batch", body)["responses"]
    assert answer["id"] == serial and answer["status"] in (200, 204), answer
    status, _, _ = graph.ask("GET", f"{IDENTITIES}/{id}")
    assert status == 404


def test_delete_devices_by_serial_number(graph, devices, until):
    ((serial, hash),) = devices("SYN-0001-ABCD")
    imported(graph, until, serial, hash)
    body = sample("graph/delete-devices.request.json")
    (deleted,) = graph.json("POST", f"{IDENTITIES}/deleteDevices", body)["value"]
    assert (deleted["serialNumber"], deleted["deletionState"]) == (serial, "accepted"), deleted


def test_sync_is_refused_when_it_comes_too_often(graph):
    settings = "/beta/deviceManagement/windowsAutopilotSettings"
    assert graph.ask("POST", f"{settings}/sync")[0] == 204
    status, answered, _ = graph.ask("POST", f"{settings}/sync")
    assert status == 429 and 0 < int(answered["Retry-After"]) <= 600, (status, answered["Retry-After"])


def job_of(tool, until, answered):
    """What became of a job: the fifth part of `Location` is polled."""
    status, headers, text = answered
    assert (status, text) == (202, b""), text
    parts = headers["Location"].split("/")
    ask = f"/v1/customers/{parts[2]}/batchjobstatus/{parts[4]}"
    return until(lambda: tool.json("GET", ask), lambda job: job["status"] not in ("queued", "processing"))


def ids():
    return {"MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4())}


def test_partner_center_powershell(partner, cipp, sandbox, devices, until):
    """`New-PartnerCustomerDeviceBatch` sends what the .NET SDK makes."""
    made = devices("PC-1", "PC-2", "PC-3")
    (theirs,) = sandbox.register("Fabrikam", made[2:])
    # The customer's own people registered this one.
    sandbox.register("Contoso", made[1:2])
    customer = sandbox.tenants["Contoso"]
    body = sample("partner-center/create-batch.request.pascal.json")
    (device,) = re.findall(rb'"Devices": \[(.*?\})\s*\],', body, re.DOTALL)
    rows = [
        device.replace(b'"1R9-ZNP67"', f'"{serial}"'.encode())
        .replace(b'"00329-00000-0003-AA606"', b"null")
        .replace(b"DummyHash123", hash.encode())
        for serial, hash in made
    ]
    headers = ids()
    path = f"/v1/customers/{customer}/devicebatches"
    answered = partner.ask("POST", path, body.replace(device, b",".join(rows)), headers)
    assert {name: answered[1][name] for name in headers} == headers
    job = job_of(partner, until, answered)
    assert job["status"] == "finished_with_errors"
    told = [(one["status"], one.get("errorCode"), one.get("errorDescription")) for one in job["devicesStatus"]]
    assert told == [
        ("finished", None, None),
        ("finished_with_errors", "806", "ZtdDeviceAlreadyAssigned"),
        ("finished_with_errors", "808", "ZtdDeviceAssignedToOtherTenant"),
    ]
    text = json.dumps(job)
    assert theirs not in text and sandbox.tenants["Fabrikam"] not in text and "Fabrikam" not in text, text
    assert sandbox.owned("Fabrikam") == {"PC-3": theirs}
    # CIPP puts `Location` behind the base URL, with a slash too many.
    assert cipp.json("GET", f"/v1/{answered[1]['Location']}") == job
    # `Remove-PartnerCustomerDevice`
    (listed,) = partner.json("GET", f"{path}/Test%20batch/devices")["items"]
    partner.json("DELETE", f"{path}/Test%20batch/devices/{listed['id']}", status=204, headers=ids())
    assert list(sandbox.owned("Contoso")) == ["PC-2"]


def test_cipp_adds_to_the_batch_that_it_found(cipp, sandbox, until):
    """`Invoke-AddAPDevice` looks for the batch, appends a bare array, and reads the states by their places."""
    batches = f"/v1/customers/{sandbox.tenants['Contoso']}/DeviceBatches"
    create = sample("partner-center/create-batch.request.camel.tuple.json")
    assert job_of(cipp, until, cipp.ask("POST", batches, create))["status"] == "finished"
    (batch,) = cipp.json("GET", batches)["items"]
    path = f"{batches}/{urllib.parse.quote(batch['id'])}/devices"
    body = sample("partner-center/add-devices.request.bare-array.json")
    job = job_of(cipp, until, cipp.ask("POST", path, body))
    assert job["status"] == "finished" and [one["serialNumber"] for one in job["devicesStatus"]] == ["SYN-0004"], job
    listed = cipp.json("GET", path)
    assert listed["totalCount"] == 4 and len(listed["items"]) == 4


def test_partner_center_updates_policies(partner, sandbox, devices, until):
    """`Set-PartnerCustomerDevicePolicy` sends what the .NET SDK makes; the job is polled as that of a batch."""
    customer = f"/v1/customers/{sandbox.tenants['Contoso']}"
    policy = {"name": "Kiosks", "category": "o_o_b_e", "policySettings": ["skip_eula"]}
    policy = partner.json("POST", f"{customer}/policies", json.dumps(policy).encode(), headers=ids())["id"]
    ((serial, hash),) = devices("PC-1")
    create = {"batchId": "po-1", "devices": [{"serialNumber": serial, "hardwareHash": hash}]}
    made = partner.ask("POST", f"{customer}/deviceBatches", json.dumps(create).encode(), ids())
    (done,) = job_of(partner, until, made)["devicesStatus"]
    own = {"9993-8627-3608-6844-6369-4361-72": done["deviceId"], "15a04610-9229-4e80-94e0-0e826a09c9e2": policy}
    update = sample("partner-center/device-policy-updates.request.json", **own)
    updated = partner.ask("PATCH", f"{customer}/DevicePolicyUpdates", update, ids())
    assert job_of(partner, until, updated)["status"] == "finished"
    (device,) = partner.json("GET", f"{customer}/deviceBatches/po-1/devices")["items"]
    assert {"key": "o_o_b_e", "value": policy} in device["policies"]
