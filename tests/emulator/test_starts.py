"""Each function as SAM built it, under the Lambda runtime interface emulator that comes with SAM."""

import contextlib
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT, STACK, run, until
from issuer import GLOBAL_ADMINISTRATOR, Issuer

GUARDED = ["consent-api", "registration-api", "partner-center-api", "graph-api"]
APIS = [*GUARDED, "deployment-api"]
FUNCTIONS = ["split-upload", "validate-batch", "register-batch", "finish-upload", "sweep", *APIS]
# glibc of Amazon Linux 2023, on which the functions run.
NEWEST_GLIBC = (2, 34)
# What an answer looks like to which no message is left to try again.
DONE = {"batchItemFailures": []}
# What becomes of the sample events: the deployment knows neither their upload nor their object.
PUT_ASIDE = {
    "validate-batch": "there is no such upload",
    "register-batch": "there is no such upload",
    "finish-upload": "there is no such upload",
}


def bootstrap(function):
    name = "".join(word.capitalize() for word in function.split("-"))
    return ROOT / ".aws-sam/build" / name / "bootstrap"


def event(function):
    return (ROOT / f"infra/events/{function}.json").read_bytes()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Started:
    """A function that runs, and what it and the runtime interface emulator said."""

    def __init__(self, log, port):
        self.log, self.port = log, port

    def said(self):
        return self.log.read_text(errors="replace")

    def invoke(self, content):
        """Sends an event and gives the answer."""
        def listens():
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
                return True
        until("the runtime interface emulator", listens)
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        return json.loads(urllib.request.urlopen(url, data=content, timeout=60).read() or b"null")


@contextlib.contextmanager
def started(function, directory, **environment):
    rie = next((Path(os.environ["SAM"]).parent.parent / "lib").glob("python3*/site-packages/samcli/local/rapid"))
    port, api = free_port(), free_port()
    log = directory / f"{function}.log"
    clean = {"PATH": os.environ["PATH"], "AWS_REGION": "eu-central-1"}
    clean |= {name: "test" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [rie / "aws-lambda-rie-x86_64", "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
             "--runtime-api-address", f"127.0.0.1:{api}", bootstrap(function)],
            env=clean | environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield Started(log, port)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def deployed_settings(deployment, function):
    settings = deployment.functions.get_function_configuration(FunctionName=f"{STACK}-{function}")
    return settings["Environment"]["Variables"] | {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_and_answers_its_sample_event(deployment, function, tmp_path):
    with started(function, tmp_path, **deployed_settings(deployment, function)) as running:
        answer = running.invoke(event(function))
        if function == "deployment-api":
            # The sample's nonce was never given out.
            problem = json.loads(answer["body"])
            assert answer["statusCode"] == 400 and problem["errors"][0]["path"] == "nonce", running.said()
        elif function == "graph-api":
            error = json.loads(answer["body"])["error"]
            assert answer["statusCode"] == 401 and error["code"] == "InvalidAuthenticationToken", running.said()
        elif function == "partner-center-api":
            # The sample shows no token, which these clients know by this number.
            assert answer["statusCode"] == 401 and json.loads(answer["body"])["code"] == 400, running.said()
        elif function in APIS:
            # The sample shows no token.
            assert answer["statusCode"] == 401 and json.loads(answer["body"])["code"] == "unauthenticated", running.said()
        else:
            assert answer == (None if function == "sweep" else DONE), running.said()
    if function in PUT_ASIDE:
        letter = deployment.dead_letter(function.split("-")[0])
        assert letter["MessageAttributes"]["reason"]["StringValue"].startswith(PUT_ASIDE[function])


@pytest.mark.parametrize("function, settings, first", [
    *((function, {}, "TABLE") for function in FUNCTIONS),
    *((function, {"TABLE": "t", "BUCKET": "b"}, "OIDC_ISSUER") for function in GUARDED),
])
def test_a_function_without_its_settings_names_the_first_one(function, settings, first, tmp_path):
    with started(function, tmp_path, **settings) as running:
        with contextlib.suppress(Exception):
            running.invoke(event(function))
        until("the setting", lambda: f"environment variable {first}: not set" in running.said(), seconds=10)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_fits_the_c_library_of_lambdas_machines(function):
    needed = re.findall(rb"GLIBC_(\d+)\.(\d+)", bootstrap(function).read_bytes())
    assert needed and max(tuple(map(int, version)) for version in needed) <= NEWEST_GLIBC


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority, and a certificate of it for this machine."""
    home = tmp_path_factory.mktemp("authority")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    run(*new, "-subj", "/CN=somebody", "-keyout", home / "ca.key", "-out", home / "ca.pem")
    run(*new, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-addext",
        "basicConstraints=critical,CA:FALSE", "-CA", home / "ca.pem", "-CAkey", home / "ca.key",
        "-keyout", home / "server.key", "-out", home / "server.pem")
    return home


@pytest.fixture(scope="module")
def tls(authority):
    """How a server of this machine speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    return context


@pytest.fixture
def tls_endpoint(tls):
    """An address that speaks TLS and knows no request; what it was asked gathers in the list."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.headers.get("x-amz-target"))
            self.send_error(400)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_a_function_trusts_amazon_and_the_command_line_trusts_this_machine(authority, tls_endpoint, deployment, tmp_path):
    address, asked = tls_endpoint
    trusting = {"AWS_ENDPOINT_URL": address, "SSL_CERT_FILE": str(authority / "ca.pem")}
    settings = deployed_settings(deployment, "validate-batch") | trusting
    with started("validate-batch", tmp_path, **settings) as running:
        answer = running.invoke(event("validate-batch"))
        assert len(answer["batchItemFailures"]) == 1, "it is tried again"
        assert "UnknownIssuer" in running.said(), running.said()
    assert not asked
    environment = {name: value for name, value in os.environ.items() if name != "SSL_CERT_DIR"} | trusting
    run(os.environ["MUSTER"], "tenants", "list", "--table", "t", "--bucket", "b", codes=(1, 2), env=environment)
    assert asked, "it has spoken to the same address"


def test_an_issuers_keys_are_fetched_from_whom_the_machine_trusts(authority, tls, deployment, tmp_path):
    issuer = Issuer(tls)
    tenant = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10"
    asked = json.loads(event("consent-api"))
    assert tenant in asked["rawPath"]
    asked["headers"]["authorization"] = f"Bearer {issuer.token(tenant, wids=[GLOBAL_ADMINISTRATOR])}"
    asked = json.dumps(asked).encode()
    settings = deployed_settings(deployment, "consent-api") | {"OIDC_KEYS": issuer.keys}
    try:
        with started("consent-api", tmp_path, **settings) as running:
            answer = running.invoke(asked)
            assert answer["statusCode"] == 503 and "UnknownIssuer" in running.said(), running.said()
            assert issuer.keys not in answer["body"] and not issuer.asked
        with started("consent-api", tmp_path, SSL_CERT_FILE=str(authority / "ca.pem"), **settings) as running:
            for _ in range(2):
                answer = running.invoke(asked)
                # The token is good, and there is no such tenant.
                assert answer["statusCode"] == 404, running.said()
        assert issuer.asked == 1, "the keys are kept"
    finally:
        issuer.close()


def test_sizes_and_starts(deployment, tmp_path, capsys):
    """How large each function is, and how long it takes from its start to its first question for an event."""
    for function in FUNCTIONS:
        took = []
        for _ in range(3):
            with started(function, tmp_path, **deployed_settings(deployment, function)) as running:
                running.invoke(event(function) if function in APIS else b'{"Records":[]}')
                took.append(float(re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", running.said())[1]))
        size = bootstrap(function).stat().st_size
        with capsys.disabled():
            print(f"\n{function}: {size / 1e6:.1f} MB, starts within {sorted(took)[1]:.0f} ms", end="")
