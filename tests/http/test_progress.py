"""A list that `muster register --server` sends from a terminal: a person sees how far it is, a file and a pipe do not."""

import os
import pty
import subprocess

ROWS = 5000


def seen_at_a_terminal(command, **more):
    """What a command writes to a terminal on stderr, its stdout and its exit code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True, **more)
    os.close(theirs)
    seen = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # The other end is closed: the command has ended.
            break
        if not read:
            break
        seen += read
    os.close(ours)
    said = process.communicate(timeout=60)[0]
    return seen.decode(errors="replace"), said, process.returncode


def test_a_person_sees_how_far_a_list_is(service, tenant, tmp_path):
    sample = [os.environ["MUSTER"], "sample", "--rows", str(ROWS), "--output", "list.csv"]
    subprocess.run(sample, check=True, cwd=tmp_path, timeout=60)
    command = [os.environ["MUSTER"], "register", "list.csv", "--tenant", "Fabrikam", "--server", service.url]
    environment = os.environ | {"MUSTER_TOKEN": service.token("device-administrator", "--tenant", "Fabrikam"), "TERM": "xterm"}
    seen, said, code = seen_at_a_terminal(command, cwd=tmp_path, env=environment)
    assert code == 0, f"{said}\n{seen}"
    assert f"All {ROWS:,} rows are in order" in said, said
    # First the bytes on their way to the signed URL, then the rows that are done.
    assert " MiB, " in seen, seen[-3000:]
    assert f" of {ROWS:,} rows, " in seen, seen[-3000:]

    # Where nobody looks on, nothing of that is written.
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "MiB" not in done.stderr and "rows, " not in done.stderr, done.stderr
