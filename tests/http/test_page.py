"""The commands of pages in docs/, run by one shell for each page as they are printed, but for the ports. What the page shows
below a command is what it must print; `…` there stands for whatever it is."""

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
    """Runs the steps in one shell, each with its output in a file; the number of the one in which a command failed."""
    # A server that a command starts runs on; the rest meets it.
    script = ["set -eu -o pipefail"]
    for at, (commands, _) in enumerate(all_steps):
        script += [f"exec > step-{at}.out 2> step-{at}.err", commands]
    environment = os.environ | {
        "PATH": f"{home / 'programs'}:{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "state"),
    }
    shell = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=home, env=environment, start_new_session=True)
    try:
        code = shell.wait(timeout=120)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    begun = [at for at in range(len(all_steps)) if (home / f"step-{at}.out").exists()]
    return None if code == 0 else begun[-1]


def hold(page, tmp_path, least=10):
    """Runs the page's commands, and holds what they print against what it shows."""
    all_steps = list(steps(page))
    assert len(all_steps) >= least, "the page has lost its commands"
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/muster").symlink_to(os.environ["MUSTER"])
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    failed = run(all_steps, tmp_path)
    for at, (commands, shown) in enumerate(all_steps):
        printed = (tmp_path / f"step-{at}.out").read_text()
        if at == failed:
            error = (tmp_path / f"step-{at}.err").read_text()
            pytest.fail(f"{commands}fails: {error}\n{printed}")
        if shown is not None:
            told = f"{commands}prints\n{printed}\nand the page shows\n{shown}"
            assert re.fullmatch(pattern(shown), squeezed(printed)), told


def on_free_ports(page):
    """The page with ports that are free in place of its own."""
    http, s3 = free_ports()
    assert ":7270" in page, "the page names no port"
    page = page.replace(":7270", f":{http}").replace(":7271", f":{s3}")
    return page.replace("muster serve ", f"muster serve --port {http} --s3-port {s3} ", 1)


def test_the_life_of_a_device_goes_as_printed(tmp_path):
    hold((PAGES / "lifecycle.md").read_text(), tmp_path)


def test_the_commands_over_http_work_as_printed(tmp_path):
    hold(on_free_ports((PAGES / "http.md").read_text()), tmp_path)


@pytest.mark.parametrize("name, least", [("profiles", 2), ("repair", 3), ("catalogue", 3), ("deployment", 2)])
def test_a_page_can_be_tried_as_printed(name, least, tmp_path):
    hold((PAGES / f"{name}.md").read_text(), tmp_path, least)


def test_automatic_registration_works_as_printed(tmp_path):
    # What the PowerShell script writes there.
    shutil.copy(ROOT / "samples/device-list.csv", tmp_path / "device.csv")
    hold(on_free_ports((PAGES / "harvest.md").read_text()), tmp_path, 6)


@pytest.mark.parametrize("commands, failed", [("true\nfalse\ntrue\n", 1), ("false || true\n", None)])
def test_a_command_that_fails_amid_others_is_noticed(commands, failed, tmp_path):
    (tmp_path / "programs").mkdir()
    assert run([("true\n", None), (commands, None)], tmp_path) == failed
