"""The programs of docs/clients.md, as printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/clients.md").read_text()
PROGRAMS = re.findall(r"^```(python|js)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(server, language, program, folder):
    environment = os.environ | server.tokens | {"MUSTER": server.url, "CONTOSO": server.tenants["Contoso"]}
    environment["NODE_PATH"] = os.environ["NODE_MODULES"]
    if server.authority:
        for variable in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            environment[variable] = server.authority
    path = folder / {"python": "program.py", "js": "program.cjs"}[language]
    path.write_text(program)
    command = [sys.executable if language == "python" else "node", path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_a_program_for_each_client():
    assert [language for language, _ in PROGRAMS] == ["python", "js", "python"]


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_each_program_is_answered(encrypted, tmp_path, number):
    language, program = PROGRAMS[number]
    told = run(encrypted, language, program, tmp_path)
    assert told.strip() == "[]" or "Collection" in told, told
