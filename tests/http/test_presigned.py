"""Lists sent to presigned URLs by clients that know nothing of Muster: requests, and the client inside boto3."""

import hashlib
import time

import boto3
import botocore.awsrequest
import botocore.config
import botocore.httpsession
import pytest
import requests

from conftest import ROOT

SAMPLE = (ROOT / "samples/device-list.csv").read_bytes()
PART = 16 << 20


def finished(service, token, tenant, id):
    """The upload once it has come to its end."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        upload = service.ask(token, "GET", f"/v1/tenants/{tenant}/uploads/{id}?wait=20", status=200)
        if upload["state"] not in ("announced", "processing"):
            return upload
    raise AssertionError(f"{id} does not end: {upload}")


def by_requests(method, url, body, headers):
    answer = requests.request(method, url, data=body, headers=headers, timeout=60)
    return answer.status_code, answer.headers


def by_boto3(method, url, body, headers):
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers).prepare()
    answer = botocore.httpsession.URLLib3Session().send(request)
    return answer.status_code, answer.headers


@pytest.fixture(params=[by_requests, by_boto3])
def send(request):
    """Sends a request as it was signed, by one client and by the other; its answer's status and headers. The client says
    the length itself."""

    def send(signed, body):
        headers = {name: value for name, value in signed["headers"].items() if name.lower() != "content-length"}
        return request.param(signed["method"], signed["url"], body, headers)

    return send


@pytest.fixture
def agent(service):
    return service.token("admin-agent", "--partner", "contoso")


def announce(service, token, tenant, size, status=201, **more):
    body = {"name": "march.csv", "size": size} | more
    return service.ask(token, "POST", f"/v1/tenants/{tenant}/uploads", body, status)


def test_a_list_goes_by_one_request(service, agent, tenant, send):
    announced = announce(service, agent, tenant, len(SAMPLE), sha256=hashlib.sha256(SAMPLE).hexdigest())
    assert announced["state"] == "announced" and "multipart" not in announced
    # Of another size, it is not taken, and nothing is spent.
    assert send(announced["put"], SAMPLE + b"\n")[0] == 403
    assert send(announced["put"], SAMPLE)[0] == 200
    # What is there is never overwritten.
    assert send(announced["put"], SAMPLE)[0] == 412

    upload = finished(service, agent, tenant, announced["id"])
    assert (upload["state"], upload["counts"]) == ("finished", {"registered": 25}), upload
    report = service.ask(agent, "GET", f"/v1/tenants/{tenant}/uploads/{upload['id']}/report", status=200)
    lines = requests.get(report["url"], timeout=60).text.splitlines()
    assert len(lines) == 26, lines[:3]
    fixit = service.ask(agent, "GET", f"/v1/tenants/{tenant}/uploads/{upload['id']}/fixit", status=404)
    assert fixit["code"] == "not-found"


def test_without_its_headers_a_url_takes_nothing(service, agent, tenant):
    announced = announce(service, agent, tenant, len(SAMPLE))
    bare = requests.put(announced["put"]["url"], data=SAMPLE, timeout=60)
    assert bare.status_code == 403, bare.text
    state = service.ask(agent, "GET", f"/v1/tenants/{tenant}/uploads/{announced['id']}", status=200)["state"]
    assert state == "announced"


def long_list():
    """The sample's devices over and over until there are two parts: all but the first 25 rows are duplicates."""
    header, *rows = SAMPLE.splitlines(keepends=True)
    body = b"".join(rows)
    return header + body * (PART // len(body) + 1)


def test_a_long_list_goes_in_parts(service, agent, tenant, send):
    body = long_list()
    announced = announce(service, agent, tenant, len(body), multipart=True)
    multipart = announced["multipart"]
    size, parts = multipart["partSize"], multipart["parts"]
    assert [part["size"] for part in parts] == [size, len(body) - size], multipart
    complete = f"/v1/tenants/{tenant}/uploads/{announced['id']}/complete"

    status, first = send(parts[0], body[:size])
    assert status == 200
    # A part is missing.
    early = service.ask(agent, "POST", complete, {}, 409)
    assert early["code"] == "conflict", early
    # A part of another size is not taken.
    assert send(parts[1], body[size:-1])[0] == 403
    status, second = send(parts[1], body[size:])
    assert status == 200

    tags = [{"partNumber": number, "etag": headers["etag"]} for number, headers in ((1, first), (2, second))]
    service.ask(agent, "POST", complete, {"parts": tags}, 202)
    upload = finished(service, agent, tenant, announced["id"])
    assert upload["state"] == "finished-with-errors", upload
    assert upload["counts"]["registered"] == 25, upload["counts"]
    assert set(upload["counts"]) <= {"registered", "duplicateInUpload"}, upload["counts"]
    # Twice is as good as once.
    again = service.ask(agent, "POST", complete, {"parts": tags}, 202)
    assert again["id"] == upload["id"]


def test_parts_need_no_tags_and_validating_registers_nothing(service, agent, tenant, send):
    body = long_list()
    announced = announce(service, agent, tenant, len(body), multipart=True, validateOnly=True)
    for part in announced["multipart"]["parts"]:
        begin = (part["partNumber"] - 1) * announced["multipart"]["partSize"]
        assert send(part, body[begin : begin + part["size"]])[0] == 200
    # Without tags, the parts that have arrived are taken.
    service.ask(agent, "POST", f"/v1/tenants/{tenant}/uploads/{announced['id']}/complete", {}, 202)
    upload = finished(service, agent, tenant, announced["id"])
    assert upload["options"]["validateOnly"] is True
    assert upload["counts"]["registered"] >= 25, upload["counts"]
    listed = service.ask(agent, "GET", f"/v1/tenants/{tenant}/devices", status=200)
    assert listed["devices"] == []


def test_the_bucket_has_what_was_announced(service, agent, tenant, send):
    """boto3, with the keys of the server, finds the object with its options as metadata."""
    environment = (service.data / "aws.env").read_text()
    words = dict(word.split("=", 1) for word in environment.split() if "=" in word)
    client = boto3.client(
        "s3",
        endpoint_url=words["AWS_ENDPOINT_URL_S3"],
        region_name=words["AWS_REGION"],
        aws_access_key_id=words["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=words["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(s3={"addressing_style": "path"}),
    )
    announced = announce(service, agent, tenant, len(SAMPLE), groupTag="Kiosk")
    assert send(announced["put"], SAMPLE)[0] == 200
    upload = finished(service, agent, tenant, announced["id"])
    prefix = f"inbox/partner-center/contoso/{tenant}/{announced['id']}~"
    [found] = client.list_objects_v2(Bucket="muster", Prefix=prefix)["Contents"]
    assert found["Size"] == len(SAMPLE)
    head = client.head_object(Bucket="muster", Key=found["Key"])
    assert head["Metadata"].get("muster-group-tag") == "Kiosk", head["Metadata"]
    assert upload["options"]["groupTag"] == "Kiosk"
