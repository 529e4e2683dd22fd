"""The commands of docs/http.md, run by one shell as they are printed. What the page shows below a command is what it must
print; `…` there stands for whatever it is."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT

PAGE = ROOT / "docs/http.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page):
    """Each block of commands with what it must print, if the page shows that."""
    blocks = FENCE.findall(page)
    for at, (kind, text) in enumerate(blocks):
        if kind != "sh":
            continue
        shown = blocks[at + 1] if at + 1 < len(blocks) else ("", "")
        yield text, shown[1] if shown[0] in ("json", "text") else None


def pattern(shown):
    """What the page shows as an expression; blanks and line breaks of JSON do not count."""
    words = re.sub(r"\s+", "", shown)
    return ".*?".join(re.escape(part) for part in words.split("…"))


def test_the_commands_work_as_printed(tmp_path):
    all_steps = list(steps(PAGE.read_text()))
    assert len(all_steps) > 8, "the page has lost its commands"
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "muster").symlink_to(os.environ["MUSTER"])
    # The server of the first command runs on; the rest meets it.
    script = ["set -u", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for at, (commands, _) in enumerate(all_steps):
        script += [f"{{\n{commands}}} > step-{at}.out 2> step-{at}.err || {{ echo failed {at}; exit 1; }}"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    for at, (commands, shown) in enumerate(all_steps):
        out = tmp_path / f"step-{at}.out"
        if not out.exists():
            break
        printed = out.read_text()
        if shown is not None:
            told = re.sub(r"\s+", "", printed)
            assert re.fullmatch(pattern(shown), told), f"{commands}prints\n{printed}\nand the page shows\n{shown}"
    failed = re.search(r"failed (\d+)", done.stdout)
    if failed:
        at = int(failed[1])
        error = (tmp_path / f"step-{at}.err").read_text()
        pytest.fail(f"{all_steps[at][0]}fails: {error}\n{(tmp_path / f'step-{at}.out').read_text()}")
    assert done.returncode == 0, done.stderr
