"""A running `muster serve --sandbox`, and devices to hand in. The environment's MUSTER names the program."""

import csv
import io
import json
import os
import signal
import ssl
import subprocess
import time
import urllib.request

import pytest

PATIENCE = 60


class Sandbox:
    """A server of its own with a new data directory."""

    def __init__(self, home, *options):
        self.home, self.data = home, home / "data"
        self.log = open(home / "serve.log", "wb")
        command = [os.environ["MUSTER"], "serve", "--sandbox", "--json", "--data-dir", self.data]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--s3-port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        said = json.loads(self.process.stdout.readline())
        assert said["event"] == "serving", said
        self.url, self.authority = said["http"], said.get("authority")
        self.tokens = {given["variable"]: given["token"] for given in said["sandbox"]["tokens"]}
        self.tenants = {tenant["name"]: tenant["id"] for tenant in said["sandbox"]["tenants"]}

    def register(self, tenant, devices):
        """Has a tenant's administrator register devices with `muster register`, and gives their ids."""
        list = "".join(f"{serial},,{hash}\r\n" for serial, hash in devices)
        command = [os.environ["MUSTER"], "register", "-", "--tenant", tenant, "--server", self.url]
        environment = os.environ | {"MUSTER_TOKEN": self.administrator(tenant)}
        if self.authority:
            environment["MUSTER_CA_FILE"] = self.authority
        subprocess.run(
            command,
            input=f"Device Serial Number,Windows Product ID,Hardware Hash\r\n{list}",
            env=environment,
            # Where it writes the reports.
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        owned = self.owned(tenant)
        return [owned[serial] for serial, _ in devices]

    def owned(self, tenant):
        """The devices that a tenant has, as Muster's own API tells it: serial numbers and ids."""
        ask = urllib.request.Request(
            f"{self.url}/v1/tenants/{self.tenants[tenant]}/devices",
            headers={"Authorization": f"Bearer {self.administrator(tenant)}"},
        )
        trusted = ssl.create_default_context(cafile=self.authority) if self.authority else None
        with urllib.request.urlopen(ask, timeout=PATIENCE, context=trusted) as answer:
            page = json.load(answer)
        assert not page.get("next"), page
        return {device["serial"]: device["id"] for device in page["devices"]}

    def administrator(self, tenant):
        """A tenant administrator's token."""
        return self.tokens[f"{tenant.upper()}_TENANT_ADMINISTRATOR"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)
        self.log.close()
        assert self.process.returncode == 0, f"the server ended with {self.process.returncode}"


@pytest.fixture
def sandbox(tmp_path):
    server = Sandbox(tmp_path)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def encrypted(tmp_path):
    server = Sandbox(tmp_path, "--tls")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def devices():
    """Makes devices with these serial numbers, as (serial number, hash in base64)."""

    def devices(*serials):
        options = [option for serial in serials for option in ("--serial", serial)]
        sample = [os.environ["MUSTER"], "sample", "--dialect", "three-columns", *options]
        made = subprocess.run(sample, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
        rows = csv.DictReader(io.StringIO(made))
        return [(row["Device Serial Number"], row["Hardware Hash"]) for row in rows]

    return devices


@pytest.fixture
def until():
    """Asks again and again until the answer is as wanted."""

    def until(ask, wanted, pause=0.2):
        end = time.monotonic() + PATIENCE
        while True:
            answer = ask()
            if wanted(answer):
                return answer
            assert time.monotonic() < end, answer
            time.sleep(pause)

    return until
