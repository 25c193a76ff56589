"""Interrupts of the command line: one line, exit code 130, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from scoville.cli import app

UP = "from scoville.__main__ import main; print('up', flush=True); main()"


def start(*words, **options):
    """Start the command line in a process, and wait until it is there to be interrupted."""

    def listen():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # also where tests run in the background

    command, pipe = [sys.executable, "-c", UP, *words], subprocess.PIPE
    process = subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, preexec_fn=listen, **options
    )
    assert process.stdout.readline() == "up\n"
    time.sleep(3.0)
    return process


def test_an_interrupt_of_a_module_that_loads_is_an_interrupt(monkeypatch):
    """Modules in C make an error of their own of it."""

    def broken(*_):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise ImportError("initialization failed") from interrupt

    monkeypatch.setattr("scoville.commands.list._titles", broken)
    done = CliRunner().invoke(app, ["list"])
    assert done.exit_code == 130
    assert done.stderr.strip() == "error: interrupted; nothing was written"


def interrupted(process, send):
    """Interrupt a process as a person does, again where Python lost one in a callback of its own.

    An interrupt that falls into the collection of a weak reference, as there are many while
    modules load, is printed and forgotten.
    """
    for _ in range(3):
        send(signal.SIGINT)
        try:
            return process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.communicate()[1]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX systems")
def test_an_interrupt_leaves_nothing_behind(tmp_path):
    process = start("signoff", "jalapeno", "--out", tmp_path / "a")
    stderr = interrupted(process, process.send_signal)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX systems")
def test_an_interrupted_sweep_ends_its_processes_in_silence(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text('design = "jalapeno"\n[parameters]\n"workload.seed" = [1, 2, 3, 4]\n')
    process = start("sweep", study, "--out", tmp_path / "a", start_new_session=True)
    stderr = interrupted(process, lambda sign: os.killpg(process.pid, sign))  # as a terminal does
    assert process.returncode == 130
    assert stderr.strip() in ("error: interrupted; nothing was written", "")
    assert list(tmp_path.iterdir()) == [study]
