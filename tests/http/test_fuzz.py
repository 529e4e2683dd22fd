"""schemathesis makes requests up from the OpenAPI document, good ones and bad ones, and holds the answers against it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# Who calls, and of which partner the paths then are, beside the tenant's: those that it may know of. The service's
# administrator may know of all; its paths are made up, too.
CALLERS = {
    "service-administrator": ((), None),
    "tenant-administrator": (("--tenant", "Fabrikam"), "contoso"),
    "admin-agent": (("--partner", "contoso"), "contoso"),
    "oem": (("--partner", "tailspin"), "tailspin"),
}


def settings(tenant, partner):
    """schemathesis' settings for a caller, beside those of all."""
    lines = (HERE / "schemathesis.toml").read_text()
    lines += '\n[auth.openapi.bearer]\nbearer = "${TOKEN}"\n'
    if partner:
        lines += f'\n[parameters]\n"path.tenant" = "{tenant}"\n"path.partner" = "{partner}"\n'
    return lines


@pytest.mark.parametrize("role", CALLERS)
def test_no_answer_breaks_the_document(role, service, tenant, tmp_path, request):
    of, partner = CALLERS[role]
    (tmp_path / "settings.toml").write_text(settings(tenant, partner))
    command = [
        Path(sys.executable).parent / "schemathesis",
        "--config-file",
        tmp_path / "settings.toml",
        "run",
        f"{service.url}/openapi.json",
        "--max-examples",
        str(request.config.getoption("examples")),
        "--no-color",
    ]
    environment = os.environ | {"COLUMNS": "140", "TOKEN": service.token(role, *of)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    print(done.stdout[-20000:])
    assert done.returncode == 0, done.stderr[-2000:]
    log = (tmp_path / "serve.log").read_text()
    assert '"level":"ERROR"' not in log and " ERROR " not in log, log[-5000:]


def test_the_document_is_served_as_it_is_committed(service):
    served = service.ask("none", "GET", "/openapi.json", status=200)
    committed = json.loads((HERE.parents[1] / "docs/openapi.json").read_text())
    assert served == committed
