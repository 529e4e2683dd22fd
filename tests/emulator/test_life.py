"""The life of a device over HTTP, through functions whose roles allow them what they need and nothing else."""

import csv
import io
import uuid

from conftest import OPERATOR, sample, until
from issuer import GLOBAL_ADMINISTRATOR


def device(*options):
    """One made-up device, as a member of a list in JSON."""
    row = next(csv.DictReader(io.StringIO(sample("--rows", "1", "--seed", "91", *options).decode())))
    return {"hardwareHash": row["Hardware Hash"]}, row["Device Serial Number"]


def test_a_device_goes_from_the_factory_to_its_second_owner(deployment, issuer):
    first, second, maker, shop = (str(uuid.uuid4()) for _ in range(4))
    service = issuer.token(OPERATOR, roles=["service-administrator"])
    owner, buyer = (issuer.token(tenant, wids=[GLOBAL_ADMINISTRATOR]) for tenant in (first, second))
    oem, agent = issuer.token(maker, roles=["oem"]), issuer.token(shop, roles=["admin-agent"])
    for tenant, name in ((first, "Humongous Insurance"), (second, "Lucerne Publishing")):
        deployment.ask("POST /v1/tenants", service, {"id": tenant, "name": name}, status=201)
    for partner, name, kind in ((maker, "Northwind", "oem"), (shop, "Litware", "csp-direct")):
        deployment.ask("POST /v1/partners", service, {"id": partner, "name": name, "kind": kind}, status=201)
    deployment.ask(f"PATCH /v1/partners/{maker}", service, {"manufacturers": ["Contoso"]})
    here = f"/v1/tenants/{first}"

    def registered(path, token, body, outcome="registered"):
        """Hands devices in, and waits for what becomes of them."""
        taken = deployment.answer(f"POST {path}", token, body)
        assert taken.status == 202, taken.data
        look = f"GET {taken.headers['location']}?wait=20"
        final = lambda upload: upload["state"] not in ("announced", "processing") and upload
        upload = until("the end of the upload", lambda: final(deployment.ask(look, token)))
        assert upload["counts"].get(outcome) == 1, upload

    def boots(hash):
        nonce = deployment.ask("POST /v1/deployment/nonce", None, {})["nonce"]
        return deployment.ask("POST /v1/deployment/lookup", None, {"nonce": nonce} | hash)

    made, serial = device()
    deployment.ask(f"PATCH {here}", owner, {"requireCatalogue": True, "domain": "humongous.example"})
    registered(f"/v1/partners/{maker}/catalogue/entries", oem, {"devices": [made]})
    asked = deployment.ask(f"POST {here}/consents", agent, {}, status=201)
    assert asked["state"] == "requested"
    deployment.ask(f"POST {here}/consents/{shop}/grant", owner, {})
    entry = deployment.ask(f"GET /v1/partners/{maker}/catalogue", oem)["entries"][0]
    named = {name: entry[name] for name in ("manufacturer", "model")} | {"serialNumber": serial, "groupTag": "Sales"}
    registered(f"{here}/devices", agent, {"devices": [named]})
    found = deployment.ask(f"POST {here}/devices/find", owner, made)["device"]
    path = f"{here}/devices/{found['id']}"

    assert boots(made)["code"] == 815
    profile = deployment.ask(f"POST {here}/profiles", owner, {"name": "Sales"}, status=201)["id"]
    deployment.ask(f"PUT {here}/profiles/{profile}/assignment", owner, {"includeGroupTags": ["Sales"]})
    assert deployment.ask(f"GET {path}/profile?wait=5", owner)["profile"]["name"] == "Sales"
    assert boots(made)["configuration"]["DeploymentProfileName"] == "Sales"
    assert deployment.ask(path := f"GET {path}", owner)["downloadedProfile"]["name"] == "Sales"

    repaired, _ = device("--replaced", "board")
    assert boots(repaired)["code"] == 807
    asks = deployment.ask(f"GET {here}/devices?remediation=automaticRemediationRequired", owner)["devices"]
    assert [device["id"] for device in asks] == [found["id"]]
    post = path.replace("GET", "POST")
    deployment.ask(f"{post}/rebind", owner, repaired | {"reason": "new board"})
    assert boots(repaired)["configuration"]["ZtdRegistrationId"] == found["id"]

    mdm = issuer.token(first, roles=["mdm-service"])
    report = {"ownership": "corporate", "enrolled": True, "osVersion": "10.0.26100.1"}
    told = deployment.ask(f"POST {here}/harvests", mdm, {"devices": [repaired | report]})
    assert told.get("upload") is None and "already-registered" in str(told), told
    assert deployment.ask(path, owner)["enrollmentState"] == "enrolled"

    registered(f"/v1/tenants/{second}/devices", buyer, {"devices": [repaired]}, "ownedByOtherTenant")
    deployment.ask(f"{post}/release", owner, {})
    registered(f"/v1/tenants/{second}/devices", buyer, {"devices": [repaired]})
    assert boots(repaired)["code"] == 815
