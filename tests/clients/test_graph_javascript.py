"""Microsoft's JavaScript client for Graph. It sends its token by https only, so the server speaks TLS."""

import json
import os
import subprocess
from pathlib import Path

STORY = Path(__file__).with_name("graph_story.mjs")


def test_a_batch_is_imported_changed_and_released(encrypted, devices):
    good, owned, *had = devices("PC-1", "PC-2", "PC-3", "PC-4", "PC-5", "PC-6")
    encrypted.register("Contoso", had)
    (theirs,) = encrypted.register("Fabrikam", [owned])
    given = {"url": encrypted.url, "token": encrypted.tokens["CONTOSO_DEVICE_ADMINISTRATOR"]}
    given |= {"good": good, "had": had, "owned": owned}
    given["theirs"] = ["Fabrikam", encrypted.tenants["Fabrikam"], theirs]
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": encrypted.authority}
    command = ["node", STORY, os.environ["NODE_MODULES"]]
    done = subprocess.run(
        command, input=json.dumps(given), env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "done"
    assert encrypted.owned("Fabrikam") == {"PC-2": theirs}
    assert set(encrypted.owned("Contoso")) == {serial for serial, _ in had}
