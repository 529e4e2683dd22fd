"""What customers and partners do over HTTP, with tokens of an issuer that the deployment trusts."""

import csv
import hashlib
import io
import json
import time
import uuid

import jwt
import pytest
from conftest import OPERATOR, sample, until
from issuer import GLOBAL_ADMINISTRATOR, NAME, Signer

# The least that a part of a file has.
PART = 16 << 20


class Parties:
    """A customer and a partner, each as a tenant of the issuer, and whoever runs the deployment."""

    def __init__(self, issuer):
        self.tenant, self.partner = str(uuid.uuid4()), str(uuid.uuid4())
        self.path = f"/v1/tenants/{self.tenant}"
        self.consent = f"{self.path}/consents/{self.partner}"
        # As Entra names a customer's administrator: by the template of the role, and without a role of this application.
        self.administrator = issuer.token(self.tenant, wids=[GLOBAL_ADMINISTRATOR], oid="grace")
        self.reader = issuer.token(self.tenant, roles=["reader"])
        self.agent = issuer.token(self.partner, roles=["admin-agent"], oid="bob")
        self.service = issuer.token(OPERATOR, roles=["service-administrator"])


@pytest.fixture(scope="module")
def parties(deployment, issuer):
    """Known to the deployment; the customer has consented."""
    made = Parties(issuer)
    asked = {"id": made.tenant, "name": "Tailspin Toys", "licensed": True}
    tenant = deployment.ask("POST /v1/tenants", made.service, asked, status=201)
    assert tenant["id"] == made.tenant and tenant["licensed"] is True
    asked = {"id": made.partner, "name": "Wide World Importers", "kind": "csp-direct"}
    deployment.ask("POST /v1/partners", made.service, asked, status=201)
    give_consent(deployment, made)
    return made


def give_consent(deployment, parties):
    """The partner asks, and the customer grants."""
    asked = deployment.ask(f"POST {parties.path}/consents", parties.agent, {"delegatedAdministration": True}, status=201)
    assert asked["state"] == "requested" and asked["link"] == f"{deployment.url}{parties.consent}", asked
    granted = deployment.ask(f"POST {parties.consent}/grant", parties.administrator, {"delegatedAdministration": False})
    assert granted["state"] == "granted" and granted["delegatedAdministration"] is False, granted
    return granted


def send(deployment, signed, content):
    """Sends a request that the deployment signed, as any client can. The length is that of what is sent."""
    headers = {name: value for name, value in signed["headers"].items() if name.lower() != "content-length"}
    return deployment.http.request(signed["method"], signed["url"], body=content, headers=headers)


def ended(deployment, parties, upload, token):
    """Waits for the end of an upload, and gives it."""
    ask = lambda: deployment.ask(f"GET {parties.path}/uploads/{upload}?wait=20", token)
    final = lambda upload: upload["state"] not in ("announced", "processing") and upload
    return until(f"the end of {upload}", lambda: final(ask()))


def all_of(deployment, path, token, name, limit=20):
    """All items of a list, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        page = deployment.ask(f"GET {path}{'&' if '?' in path else '?'}limit={limit}{cursor}", token)
        found += page[name]
        cursor = page["next"] and f"&cursor={page['next']}"
    return found


def test_the_pages_for_engineers_need_no_token(deployment):
    document = deployment.answer("GET /openapi.json")
    assert document.status == 200 and json.loads(document.data)["openapi"].startswith("3.1")
    page = deployment.answer("GET /docs")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html"), page.headers


def test_who_shows_no_good_token_learns_nothing(deployment, issuer, parties):
    other = str(uuid.uuid4())
    claims = {"wids": [GLOBAL_ADMINISTRATOR]}
    stranger = Signer("key-1").token(parties.tenant, **claims)
    unsigned = jwt.encode(jwt.decode(parties.administrator, options={"verify_signature": False}), None, algorithm="none")
    hidden = []
    for name, token, status, code in [
        ("none", None, 401, "unauthenticated"),
        ("another audience", issuer.token(parties.tenant, aud="api://other", **claims), 401, "unauthenticated"),
        ("expired", issuer.token(parties.tenant, exp=int(time.time()) - 120, **claims), 401, "unauthenticated"),
        ("not valid yet", issuer.token(parties.tenant, nbf=int(time.time()) + 600, **claims), 401, "unauthenticated"),
        ("another issuer", issuer.token(parties.tenant, iss="https://issuer.example", **claims), 401, "unauthenticated"),
        ("the issuer's name for another tenant", issuer.token(parties.tenant, iss=NAME.replace("{tenantid}", other), **claims),
         401, "unauthenticated"),
        ("a key that is not the issuer's", stranger, 401, "unauthenticated"),
        ("unsigned", unsigned, 401, "unauthenticated"),
        ("no role", issuer.token(parties.tenant), 403, "forbidden"),
        ("a tenant that calls itself the operator", issuer.token(other, roles=["service-administrator"]), 403, "forbidden"),
        ("the administrator of another tenant", issuer.token(other, **claims), 404, "not-found"),
        ("a partner that has nothing to do with it", issuer.token(other, roles=["admin-agent"]), 404, "not-found"),
    ]:
        for path in ("consents/" + parties.partner, "devices"):
            problem = deployment.ask(f"GET {parties.path}/{path}", token, status=status)
            assert problem["code"] == code, f"{name}: {problem}"
            assert parties.tenant not in json.dumps(problem), f"{name}: {problem}"
            if status == 404:
                hidden.append(problem | {"requestId": ""})
    missing = deployment.ask(f"GET /v1/tenants/{other}/devices", parties.administrator, status=404)
    assert all(problem == missing | {"requestId": ""} for problem in hidden), "as if it did not exist"
    challenge = deployment.answer(f"GET {parties.path}/devices").headers["www-authenticate"]
    assert challenge.startswith("Bearer"), challenge


def test_requests_keep_their_ids_and_answers_are_packed(deployment, parties):
    path = f"GET {parties.path}/consents"
    answer = deployment.answer(path, parties.reader, request_id="mine-1", accept_encoding="gzip")
    assert answer.headers["request-id"] == "mine-1" and answer.headers["content-encoding"] == "gzip", answer.headers
    assert json.loads(answer.data)["grants"]


def test_a_consent_lives_from_the_request_to_the_revocation(deployment, issuer, parties):
    # Another partner than the one whose uploads need the consent.
    shop = Parties(issuer)
    shop.tenant, shop.path, shop.administrator = parties.tenant, parties.path, parties.administrator
    shop.consent = f"{shop.path}/consents/{shop.partner}"
    deployment.ask("POST /v1/partners", shop.service, {"id": shop.partner, "name": "Proseware", "kind": "csp-direct"}, status=201)
    entry = {"description": "Devices for schools", "regions": ["DE"]}
    deployment.ask(f"PUT /v1/directory/{shop.partner}", shop.service, entry, status=201)
    listed = deployment.ask("GET /v1/directory?kind=csp-direct", parties.reader)["partners"]
    assert [found["name"] for found in listed if found["partner"] == shop.partner] == ["Proseware"]

    give_consent(deployment, shop)
    for token, path in ((shop.administrator, shop.path), (shop.agent, f"/v1/partners/{shop.partner}")):
        grants = all_of(deployment, f"{path}/consents", token, "grants", limit=1)
        assert [grant["state"] for grant in grants if grant.get("partner") == shop.partner] == ["granted"], grants
    lookup = f"GET {shop.consent}/permission?verb=register&channel=partner-center"
    assert deployment.ask(lookup, shop.agent)["allowed"] is True
    assert deployment.ask(lookup.replace("partner-center", "oem-direct"), shop.agent)["allowed"] is False

    revoke = f"POST {shop.consent}/revoke"
    assert deployment.ask(revoke, shop.administrator, {}, status=412, if_match='"1"')["code"] == "precondition-failed"
    for _ in range(2):
        assert deployment.ask(revoke, shop.administrator, {})["state"] == "revoked", "also when it is asked again"
    refused = deployment.ask(lookup, shop.agent)
    assert refused["allowed"] is False and refused["reason"]["code"], refused
    deployment.ask(f"POST {shop.path}/devices", shop.agent, {"devices": [device(1)]}, status=403)

    changes = all_of(deployment, f"{shop.path}/consent-changes?partner={shop.partner}", shop.administrator, "changes")
    told = [(change["what"], change["by"]["subject"], change["new"]["state"]) for change in changes]
    assert [what for what, *_ in told] == ["revoked", "granted", "requested"], told
    assert [who for _, who, _ in told] == ["grace", "grace", "bob"], told


def device(number):
    return {"serialNumber": f"HTTP-{number:06}", "manufacturer": "Fabrikam Ltd", "model": "Tablet 3"}


def test_a_partners_list_goes_straight_to_the_bucket_and_comes_back_as_a_report(deployment, parties):
    content = sample("--rows", "30", "--seed", "81", "--faults", "--dialect", "partner-center")
    asked = {"name": "Lieferung März.csv", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    announced = deployment.ask(f"POST {parties.path}/uploads", parties.agent, asked, status=201)
    path = f"{parties.path}/uploads/{announced['id']}"
    assert deployment.ask(f"GET {path}", parties.agent)["state"] == "announced"
    put = announced["put"]
    assert send(deployment, put, content[:-1]).status == 403, "another size than announced"
    moved = put | {"url": put["url"].replace("/inbox/", "/uploads/")}
    assert send(deployment, moved, content).status == 403, "another key than announced"
    assert send(deployment, put, content).status == 200
    assert send(deployment, put, content).status == 412, "what is there is not overwritten"

    upload = ended(deployment, parties, announced["id"], parties.agent)
    assert upload["state"] == "finished-with-errors" and upload["rows"] == 30, upload
    rows = all_of(deployment, f"{path}/rows", parties.agent, "rows")
    assert [row["row"] for row in rows] == list(range(1, 31))
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in upload["counts"]}
    assert counts == upload["counts"]
    some = all_of(deployment, f"{path}/rows?outcome=registered", parties.agent, "rows")
    assert len(some) == upload["counts"]["registered"]
    for name, lines in (("report", 30), ("fixit", 30 - len(some))):
        signed = deployment.ask(f"GET {path}/{name}", parties.agent)
        file = deployment.http.request("GET", signed["url"])
        assert file.status == 200, f"{name}: {file.data}"
        told = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))
        assert len(told) == lines + 1, name
    # The customer sees what its partner handed in.
    listed = deployment.ask(f"GET {parties.path}/uploads", parties.reader)["uploads"]
    assert upload["id"] in [found["id"] for found in listed]


def test_a_list_in_parts_is_put_together_and_can_be_tried_without_registering(deployment, parties):
    rows = sample("--rows", "12", "--seed", "82")
    # Blank lines are no rows, and make it long enough for two parts.
    content = rows + b"\r\n" * ((PART - len(rows)) // 2 + 50)
    before = all_of(deployment, f"{parties.path}/devices", parties.reader, "devices")
    asked = {"name": "long", "size": len(content), "multipart": True, "validateOnly": True}
    announced = deployment.ask(f"POST {parties.path}/uploads", parties.administrator, asked, status=201)
    complete = f"POST {parties.path}/uploads/{announced['id']}/complete"
    parts = announced["multipart"]["parts"]
    assert [part["size"] for part in parts] == [PART, len(content) - PART]
    sent = []
    for part in parts:
        begin = (part["partNumber"] - 1) * PART
        answer = send(deployment, part, content[begin : begin + part["size"]])
        assert answer.status == 200, answer.data
        sent.append({"partNumber": part["partNumber"], "etag": answer.headers["etag"]})
        if len(sent) == 1:
            assert deployment.ask(complete, parties.administrator, {}, status=400)["code"] == "invalid-request", "one is missing"
    for _ in range(2):
        deployment.ask(complete, parties.administrator, {"parts": sent}, status=202)
    upload = ended(deployment, parties, announced["id"], parties.administrator)
    assert upload["state"] == "finished" and upload["counts"] == {"registered": 12}, upload
    assert all_of(deployment, f"{parties.path}/devices", parties.reader, "devices") == before, "nothing of it"


def test_devices_come_as_json_are_changed_and_are_released(deployment, parties):
    list_path = f"{parties.path}/devices"
    body = {"groupTag": "Kiosk", "devices": [device(1), device(2)]}
    register = lambda body, **more: deployment.ask(
        f"POST {list_path}?wait=20", parties.agent, body, idempotency_key="one", **more)
    upload = register(body, status=202)
    assert upload["state"] == "finished" and upload["counts"] == {"registered": 2}, upload
    assert register(body, status=202)["id"] == upload["id"], "the same key is the same request"
    assert register({"devices": [device(3)]}, status=422)["code"] == "idempotency-key-reused"

    found = all_of(deployment, f"{list_path}?serialPrefix=HTTP-&groupTag=Kiosk", parties.reader, "devices")
    assert [one["serial"] for one in sorted(found, key=lambda one: one["serial"])] == ["HTTP-000001", "HTTP-000002"]
    looked = deployment.ask(f"POST {list_path}/find", parties.agent, device(1))
    first = looked["device"]
    path = f"{list_path}/{first['id']}"
    shown = deployment.answer(f"GET {path}", parties.reader)
    tag = shown.headers["etag"]
    assert json.loads(shown.data) == first and tag == f'"{first["version"]}"'

    edit = lambda value, **more: deployment.ask(f"PATCH {path}", parties.administrator, {"displayName": value}, **more)
    assert edit("KIOSK-1", if_match=tag)["displayName"] == "KIOSK-1"
    assert edit("KIOSK-2", if_match=tag, status=412)["code"] == "precondition-failed"
    problem = edit("a name that is too long", status=400)
    assert [error["path"] for error in problem["errors"]] == ["displayName"], problem

    for _ in range(2):
        assert deployment.ask(f"POST {path}/release", parties.agent, {})["outcome"] == "released", "also when it is asked again"
    assert deployment.ask(f"GET {path}", parties.reader)["state"] == "released"
    changes = all_of(deployment, f"{path}/history", parties.administrator, "changes")
    assert [change["version"] for change in changes] == [3, 2, 1], changes
    assert [change["by"].get("subject") for change in changes] == ["bob", "grace", None], changes
    assert deployment.ask(f"POST {list_path}/find", parties.agent, device(1))["device"] is None
    # The identity is free again.
    again = deployment.ask(f"POST {list_path}?wait=20", parties.agent, {"devices": [device(1)]}, status=202)
    assert again["counts"] == {"registered": 1}, again


def test_many_devices_are_changed_and_released_at_once(deployment, parties):
    list_path = f"{parties.path}/devices"
    rows = csv.DictReader(sample("--rows", "2", "--seed", "84", "--encoding", "utf8").decode().splitlines())
    new = [{"serialNumber": row["Device Serial Number"], "hardwareHash": row["Hardware Hash"]} for row in rows]
    body = {"devices": new}
    upload = deployment.ask(f"POST {list_path}?wait=20", parties.administrator, body, status=202)
    assert upload["counts"] == {"registered": 2}, upload
    found = [deployment.ask(f"POST {list_path}/find", parties.reader, {"hardwareHash": one["hardwareHash"]}) for one in new]
    assert [one["comparison"]["sameDevice"] for one in found] == [True, True], found
    ids = [one["device"]["id"] for one in found]
    edits = {"devices": [{"id": id, "purchaseOrder": "4711"} for id in ids]}
    came = deployment.ask(f"POST {list_path}/update", parties.administrator, edits)["devices"]
    assert [one["outcome"] for one in came] == ["updated"] * 2, came
    # What the tenant registered itself is none of its partner's.
    came = deployment.ask(f"POST {list_path}/release", parties.agent, {"ids": ids})["devices"]
    assert [one["outcome"] for one in came] == ["notFound"] * 2, came
    came = deployment.ask(f"POST {list_path}/release", parties.administrator, {"ids": ids})["devices"]
    assert [one["outcome"] for one in came] == ["released"] * 2, came


def test_an_upload_is_called_off_before_it_is_sent_and_before_it_is_looked_at(deployment, parties):
    content = sample("--rows", "3", "--seed", "83")
    def announce(**more):
        asked = {"name": "off", "size": len(content)} | more
        return deployment.ask(f"POST {parties.path}/uploads", parties.administrator, asked, status=201)
    def cancel(announced):
        return deployment.ask(f"POST {parties.path}/uploads/{announced['id']}/cancel", parties.administrator, {})
    early, parts, late = announce(), announce(multipart=True), announce()
    for announced in (early, parts):
        assert cancel(announced)["state"] == "cancelled"
    (part,) = parts["multipart"]["parts"]
    assert send(deployment, part, content).status == 404, "its parts are gone"
    with deployment.unread("split"):
        assert send(deployment, late["put"], content).status == 200
        assert cancel(late)["state"] == "cancelled"
        assert send(deployment, early["put"], content).status == 200, "the URL is good all the same"
    for announced in (early, late):
        upload = ended(deployment, parties, announced["id"], parties.administrator)
        assert upload["counts"] == {} and upload["reason"]["code"] == "cancelled", upload


def test_a_provider_acts_by_its_resellers_consent(deployment, issuer, parties):
    provider, reseller = Parties(issuer), Parties(issuer)
    for one, about in ((provider, {"kind": "csp-provider"}), (reseller, {"kind": "csp-reseller", "provider": provider.partner})):
        asked = {"id": one.partner, "name": f"Adatum {about['kind']}"} | about
        deployment.ask("POST /v1/partners", parties.service, asked, status=201)
        one.tenant, one.path, one.administrator = parties.tenant, parties.path, parties.administrator
        one.consent = f"{one.path}/consents/{one.partner}"
    lookup = f"GET {provider.consent}/permission?verb=register&channel=partner-center"
    deployment.ask(lookup, provider.agent, status=404)
    give_consent(deployment, reseller)
    found = deployment.ask(lookup, provider.agent)
    assert found["allowed"] is True and found["viaReseller"] == reseller.partner, found
    asked = {"name": "list", "size": 1}
    deployment.ask(f"POST {parties.path}/uploads", provider.agent, asked, status=201)
    names = [one["name"] for one in all_of(deployment, "/v1/partners", parties.service, "partners")]
    assert {"Adatum csp-provider", "Adatum csp-reseller"} <= set(names), names
    assert deployment.ask(f"GET /v1/partners/{reseller.partner}", reseller.agent)["provider"] == provider.partner


def test_whoever_runs_the_service_keeps_tenants_and_the_directory(deployment, parties):
    changed = deployment.ask(f"PATCH {parties.path}", parties.service, {"licensed": False})
    assert changed["licensed"] is False and deployment.ask(f"GET {parties.path}", parties.reader) == changed
    names = [tenant["name"] for tenant in all_of(deployment, "/v1/tenants", parties.service, "tenants")]
    assert "Tailspin Toys" in names
    taken = {"id": str(uuid.uuid4()), "name": "TAILSPIN TOYS"}
    assert deployment.ask("POST /v1/tenants", parties.service, taken, status=409)["code"] == "conflict"
    entry = f"/v1/directory/{parties.partner}"
    deployment.ask(f"PUT {entry}", parties.service, {"description": "Devices"}, status=201)
    assert deployment.answer(f"DELETE {entry}", parties.service).status == 204
    listed = deployment.ask("GET /v1/directory", parties.agent)["partners"]
    assert parties.partner not in [one["partner"] for one in listed]


def test_a_permission_that_is_missing_is_named_in_the_log_alone(deployment, parties):
    for function, action, path in [
        ("consent-api", "dynamodb:Query", "consents"),
        ("registration-api", "dynamodb:GetItem", "uploads/a-AAAAAAAAAAAAAAAAAAAA"),
    ]:
        began = time.time()
        with deployment.forbidden(function, action):
            problem = deployment.ask(f"GET {parties.path}/{path}", parties.reader, status=500)
        assert problem["code"] == "internal", problem
        for inside in ("dynamodb", "arn:", "AccessDenied", deployment.table):
            assert inside not in json.dumps(problem), problem
        lines = [line for line in deployment.log(function, began) if problem["requestId"] in line]
        assert any(f"not authorized to perform: {action}" in line for line in lines), lines


def test_no_log_holds_a_token_or_a_user(deployment, parties):
    for function in ("consent-api", "registration-api"):
        said = "\n".join(deployment.log(function, 0))
        assert "a request was refused" in said, function
        for secret in (parties.administrator, parties.agent, "grace", "X-Amz-Signature"):
            assert secret not in said, function
