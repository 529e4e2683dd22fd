"""The requests of PowerShell tools, byte for byte: there is no PowerShell here, so what they send is sent by `http.client`.

What they send: docs/graph.md and docs/partner-center.md; the bodies are those in tests/fixtures."""

import http.client
import json
import re
import urllib.parse
import uuid
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
IMPORTS = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
IDENTITIES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"


class Tool:
    """Sends requests as they are written."""

    def __init__(self, sandbox, token):
        self.host, self.token = sandbox.url.split("/")[2], token

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, text

    def json(self, method, path, body=None, status=200, headers=None):
        seen, _, text = self.ask(method, path, body, headers)
        assert seen == status, f"{method} {path}: {seen} {text[:2000]}"
        return json.loads(text) if text else None


@pytest.fixture
def graph(sandbox):
    return Tool(sandbox, sandbox.tokens["CONTOSO_DEVICE_ADMINISTRATOR"])


@pytest.fixture
def partner(sandbox):
    return Tool(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])


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


def test_import_autopilot_csv(graph, devices, until):
    """`Import-AutopilotCSV`: a row a request, all rows are polled while any is unknown, and all are deleted at the end."""
    made = devices("PC-1", "PC-2-808", "PC-3-806")
    for serial, hash in made:
        row = graph.json("POST", IMPORTS, pasted(serial, hash, "KIOSK"), 201)
        # Whatever the client said of the state.
        assert row["state"]["deviceImportStatus"] == "unknown", row["state"]
    listed = until(
        lambda: graph.json("GET", IMPORTS)["value"],
        lambda rows: not any(row["state"]["deviceImportStatus"] == "unknown" for row in rows),
    )
    states = {row["serialNumber"]: row["state"] for row in listed}
    told = {serial: (state["deviceImportStatus"], state["deviceErrorCode"], state["deviceErrorName"]) for serial, state in states.items()}
    assert told == {
        "PC-1": ("complete", 0, ""),
        "PC-2-808": ("error", 808, "ZtdDeviceAssignedToOtherTenant"),
        "PC-3-806": ("error", 806, "ZtdDeviceAlreadyAssigned"),
    }
    for row in listed:
        graph.json("DELETE", f"{IMPORTS}/{row['id']}", status=204)
    assert graph.json("GET", IMPORTS)["value"] == []
    device = graph.json("GET", f"{IDENTITIES}/{states['PC-1']['deviceRegistrationId']}")
    assert (device["serialNumber"], device["groupTag"]) == ("PC-1", "KIOSK")
    assert "hardwareIdentifier" not in device


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
    body = (FIXTURES / "graph/update-device-properties.request.unquoted-keys.txt").read_bytes()
    graph.json("POST", f"{IDENTITIES}/{id}/UpdateDeviceProperties", body, 204)
    found = graph.json("GET", f"{IDENTITIES}?$filter=contains(serialNumber,%27{serial}%27)")["value"]
    assert [(one["id"], one["groupTag"], one["userPrincipalName"]) for one in found] == [
        (id, "KIOSK", "user@contoso.onmicrosoft.com")
    ]
    assert graph.json("GET", f"{IDENTITIES}?$filter=contains(serialNumber,%27O%27%27Neill%27)")["value"] == []


def test_get_windows_autopilot_info_assign(graph, devices, until):
    """`Get-WindowsAutopilotInfo -Online -Assign`: waits until the device has a profile."""
    ((serial, hash),) = devices("PC-1")
    body = (FIXTURES / "graph/profile-create.beta.request.json").read_bytes()
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
    batch = json.loads((FIXTURES / "graph/batch-delete.request.json").read_text())
    request = batch["requests"][0]
    old = request["url"].rsplit("/", 1)[1]
    text = json.dumps(batch).replace(old, id).replace(request["id"], serial)
    (answer,) = graph.json("POST", "/beta/$batch", text.encode())["responses"]
    assert answer["id"] == serial and answer["status"] in (200, 204), answer
    status, _, _ = graph.ask("GET", f"{IDENTITIES}/{id}")
    assert status == 404


def test_delete_devices_by_serial_number(graph, devices, until):
    ((serial, hash),) = devices("SYN-0001-ABCD")
    imported(graph, until, serial, hash)
    body = (FIXTURES / "graph/delete-devices.request.json").read_bytes()
    (deleted,) = graph.json("POST", f"{IDENTITIES}/deleteDevices", body)["value"]
    assert (deleted["serialNumber"], deleted["deletionState"]) == (serial, "accepted"), deleted


def test_sync_is_refused_when_it_comes_too_often(graph):
    settings = "/beta/deviceManagement/windowsAutopilotSettings"
    assert graph.ask("POST", f"{settings}/sync")[0] == 204
    assert graph.ask("POST", f"{settings}/sync")[0] in (409, 429)


def test_partner_center_powershell(partner, sandbox, devices, until):
    """`Add-PartnerCustomerDeviceBatch` sends what the .NET SDK makes; then the fifth part of `Location` is polled."""
    ((serial, hash),) = devices("PC-1-808")
    customer = sandbox.tenants["Contoso"]
    body = json.loads((FIXTURES / "partner-center/create-batch.request.pascal.json").read_text())
    body["Devices"][0] |= {"SerialNumber": serial, "ProductKey": None, "HardwareHash": hash}
    headers = {"MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4()), "MS-Contract-Version": "v1"}
    path = f"/v1/customers/{customer}/devicebatches"
    status, answered, text = partner.ask("POST", path, json.dumps(body).encode(), headers)
    assert (status, text) == (202, b"")
    assert answered["MS-RequestId"] == headers["MS-RequestId"]
    assert answered["MS-CorrelationId"] == headers["MS-CorrelationId"]
    location = answered["Location"]
    tracking = location.split("/")[4]
    ask = f"/v1/customers/{customer}/batchjobstatus/{tracking}"
    job = until(lambda: partner.json("GET", ask), lambda job: job["status"] not in ("queued", "processing"))
    assert job["status"] == "finished_with_errors"
    (device,) = job["devicesStatus"]
    assert (device["errorCode"], device["errorDescription"]) == ("808", "ZtdDeviceAssignedToOtherTenant")
    # CIPP puts `Location` behind the base URL, with a slash too many.
    assert partner.json("GET", f"/v1/{location}") == job


def test_partner_center_appends_a_bare_array(partner, sandbox, until):
    customer, batch = sandbox.tenants["Contoso"], "po-4711"
    create = {"batchId": batch, "devices": [{"productKey": "3303012345678"}]}
    assert partner.ask("POST", f"/v1/customers/{customer}/deviceBatches", json.dumps(create).encode())[0] == 202
    body = (FIXTURES / "partner-center/add-devices.request.bare-array.json").read_bytes()
    path = f"/v1/customers/{customer}/DeviceBatches/{urllib.parse.quote(batch)}/devices"
    status, answered, text = partner.ask("POST", path, body)
    assert (status, text) == (202, b""), text
    ask = f"/v1/{answered['Location']}"
    job = until(lambda: partner.json("GET", ask), lambda job: job["status"] not in ("queued", "processing"))
    assert job["status"] == "finished", job
    listed = partner.json("GET", path)
    assert listed["totalCount"] == 2 and len(listed["items"]) == 2


def test_partner_center_updates_policies(partner, sandbox, devices, until):
    """`Set-PartnerCustomerDevicePolicy` sends what the .NET SDK makes; the job is polled as that of a batch."""
    customer = f"/v1/customers/{sandbox.tenants['Contoso']}"
    policy = {"name": "Kiosks", "category": "o_o_b_e", "policySettings": ["skip_eula"]}
    policy = partner.json("POST", f"{customer}/policies", json.dumps(policy).encode())["id"]
    ((serial, hash),) = devices("PC-1")
    create = {"batchId": "po-1", "devices": [{"serialNumber": serial, "hardwareHash": hash}]}

    def job(method, path, body):
        status, answered, text = partner.ask(method, path, json.dumps(body).encode())
        assert (status, text) == (202, b""), text
        ask = f"/v1{answered['Location']}"
        return until(lambda: partner.json("GET", ask), lambda job: job["status"] not in ("queued", "processing"))

    (done,) = job("POST", f"{customer}/deviceBatches", create)["devicesStatus"]
    update = json.loads((FIXTURES / "partner-center/device-policy-updates.request.json").read_text())
    update["Devices"][0]["Id"] = done["deviceId"]
    update["Devices"][0]["Policies"][0]["Value"] = policy
    assert job("PATCH", f"{customer}/DevicePolicyUpdates", update)["status"] == "finished"
    (device,) = partner.json("GET", f"{customer}/deviceBatches/po-1/devices")["items"]
    assert {"key": "o_o_b_e", "value": policy} in device["policies"]
