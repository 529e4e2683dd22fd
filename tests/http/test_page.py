"""The commands of docs/http.md and docs/lifecycle.md, run by one shell each as they are printed, but for the ports. What the
page shows below a command is what it must print; `…` there stands for whatever it is."""

import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import ROOT

PAGES = ROOT / "docs"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page):
    """Each block of commands with what it must print, if the page shows that."""
    blocks = FENCE.findall(page)
    for at, (kind, text) in enumerate(blocks):
        if kind != "sh":
            continue
        shown = blocks[at + 1] if at + 1 < len(blocks) else ("", "")
        yield text, shown[1] if shown[0] in ("json", "text") else None


def squeezed(text):
    """Without blanks and line breaks, which do not count in JSON."""
    return re.sub(r"\s+", "", text)


def pattern(shown):
    """What the page shows, as an expression. Where it leaves members out, their commas are left out, too."""
    words = squeezed(shown)
    words = re.sub(r",?…,?", "…", words)
    return ".*?".join(re.escape(part) for part in words.split("…"))


@pytest.mark.parametrize(
    "shown, printed, same",
    [
        ('{ "a": 1 }', '{"a":1}', True),
        ('{ "a": 1 }', '{"a":2}', False),
        ('{ "a": "…", "b": 2 }', '{"a":"x","b":2}', True),
        ('{ "a": 1, …, "b": 2 }', '{"a":1,"c":3,"b":2}', True),
        ('{ …, "b": 2 }', '{"b":2}', True),
        ('{ "a": 1, … }', '{"b":1}', False),
    ],
)
def test_what_is_shown_is_held_against_what_is_printed(shown, printed, same):
    assert bool(re.fullmatch(pattern(shown), squeezed(printed))) is same


def free_ports():
    """Two ports that nobody has now: the page's may be taken on this machine."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def run(all_steps, home):
    """Runs the steps in one shell, each with its output in a file; the number of the one that failed."""
    # The server of the first command runs on; the rest meets it.
    script = ["set -u -o pipefail"]
    for at, (commands, _) in enumerate(all_steps):
        script += [f"{{\n{commands}}} > step-{at}.out 2> step-{at}.err || exit {at + 1}"]
    environment = os.environ | {"PATH": f"{home / 'programs'}:{os.environ['PATH']}"}
    shell = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=home, env=environment, start_new_session=True)
    try:
        return shell.wait(timeout=120) - 1
    finally:
        try:
            os.killpg(shell.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass


def hold(page, tmp_path):
    """Runs the page's commands, and holds what they print against what it shows."""
    all_steps = list(steps(page))
    assert len(all_steps) > 10, "the page has lost its commands"
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/muster").symlink_to(os.environ["MUSTER"])
    failed = run(all_steps, tmp_path)
    for at, (commands, shown) in enumerate(all_steps):
        printed = (tmp_path / f"step-{at}.out").read_text()
        if at == failed:
            error = (tmp_path / f"step-{at}.err").read_text()
            pytest.fail(f"{commands}fails: {error}\n{printed}")
        if shown is not None:
            told = f"{commands}prints\n{printed}\nand the page shows\n{shown}"
            assert re.fullmatch(pattern(shown), squeezed(printed)), told


def test_the_life_of_a_device_goes_as_printed(tmp_path):
    hold((PAGES / "lifecycle.md").read_text(), tmp_path)


def test_the_commands_over_http_work_as_printed(tmp_path):
    http, s3 = free_ports()
    page = (PAGES / "http.md").read_text()
    for mine, of_page in ((http, 7270), (s3, 7271)):
        assert f":{of_page}" in page, f"the page does not name port {of_page}"
        page = page.replace(f":{of_page}", f":{mine}")
    page = page.replace("muster serve --data-dir", f"muster serve --port {http} --s3-port {s3} --data-dir", 1)
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    hold(page, tmp_path)
