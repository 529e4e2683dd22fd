"""A running `muster serve`, and whoever calls it. The environment's MUSTER names the program."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
FABRIKAM = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10"


def pytest_addoption(parser):
    parser.addoption("--examples", type=int, default=12, help="requests that schemathesis makes up for each operation")


class Service:
    """A server of its own with a new data directory, and the commands beside it."""

    def __init__(self, home):
        self.data = home / "data"
        self.log = open(home / "serve.log", "wb")
        self.process = subprocess.Popen(
            [os.environ["MUSTER"], "serve", "--data-dir", self.data, "--port", "0", "--s3-port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        serving = json.loads(self.process.stdout.readline())
        assert serving["event"] == "serving", serving
        self.url, self.s3 = serving["http"], serving["s3"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, code = self.process.communicate(timeout=60)[0], self.process.returncode
        self.log.close()
        assert code == 0, f"the server ended with {code}"

    def muster(self, *arguments):
        """Runs a command on the same data directory; what it prints."""
        command = [os.environ["MUSTER"], *map(str, arguments), "--data-dir", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def token(self, role, *of):
        """A token for a role; `of` is `--tenant NAME` or `--partner ID` where it is somebody's."""
        return self.muster("token", "--role", role, *of).strip()

    def ask(self, token, method, path, body=None, status=None, **more):
        """Asks for something; the answer's JSON."""
        headers = {"authorization": f"Bearer {token}"} | more.pop("headers", {})
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=60, **more)
        if status is not None:
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()


@pytest.fixture
def service(tmp_path):
    """A server with a tenant, Fabrikam, a CSP, contoso, that has its consent, and an OEM, tailspin, that asked for it."""
    service = Service(tmp_path)
    try:
        administrator = service.token("service-administrator")
        service.ask(administrator, "POST", "/v1/tenants", {"id": FABRIKAM, "name": "Fabrikam"}, 201)
        for id, kind in (("contoso", "csp-direct"), ("tailspin", "oem")):
            service.ask(administrator, "POST", "/v1/partners", {"id": id, "name": id.title(), "kind": kind}, 201)
        consents = f"/v1/tenants/{FABRIKAM}/consents"
        for id, role in (("contoso", "admin-agent"), ("tailspin", "oem")):
            service.ask(service.token(role, "--partner", id), "POST", consents, {}, 201)
        approver = service.token("consent-approver", "--tenant", "Fabrikam")
        service.ask(approver, "POST", f"{consents}/contoso/grant", {}, 200)
        yield service
    finally:
        service.stop()


@pytest.fixture
def tenant():
    return FABRIKAM
