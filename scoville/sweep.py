"""Sweeps: every case of a study on all cores, in one table."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import pandas as pd

from scoville.design import load_design
from scoville.signoff import run_signoff
from scoville.study import Study
from techlib import InputError, ScovilleError

__all__ = ["run_case", "run_sweep"]

_ENDED = "its process ended: it was killed, perhaps for want of memory"
_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_sweep(
    study: Study,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> pd.DataFrame:
    """Run every case of a study.

    Parameters
    ----------
    study : Study
        What to vary.
    workers : int, optional
        Processes, each with one thread; as many as there are cores unless given.
    progress : callable, optional
        Called with the number of finished cases and of all cases.

    Returns
    -------
    pandas.DataFrame
        A row per case in the order of `Study.cases`: the parameters, every target's value,
        `passed`, and the `error` of a case that failed (empty otherwise).

    Raises
    ------
    InputError
        The call stands at the top of a script: every process imports the script, so that it has to
        be under ``if __name__ == "__main__":``.
    """
    cases = list(study.cases())
    work = functools.partial(run_case, study)
    count = max(1, min(workers or _cores(), len(cases)))
    rows: dict[int, dict[str, Any]] = {}
    if count == 1:
        for index, case in enumerate(cases):
            rows[index] = work(case)
            progress(len(rows), len(cases))
    else:
        for index, row in _in_processes(work, cases, count):
            rows[index] = row
            progress(len(rows), len(cases))
    return _table(study, [rows[index] for index in range(len(cases))])


def run_case(study: Study, case: Mapping[str, Any]) -> dict[str, Any]:
    """Run one case; a failure becomes its reason."""
    try:
        design = load_design(study.design, study.overrides(case))
        found = run_signoff(design, transient=study.kind == "signoff")
    except ScovilleError as error:
        return {**case, "error": str(error)}
    except Exception as error:  # noqa: BLE001 - one case must not end the sweep
        return {**case, "error": f"unexpected {type(error).__name__}: {error}"}
    values = {target.column: target.value for target in found.targets}
    return {**case, **values, "passed": found.passed, "error": ""}


def _in_processes(
    work: Callable[[Mapping[str, Any]], dict[str, Any]], cases: list[dict[str, Any]], count: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and row of each case as it ends."""
    if multiprocessing.parent_process() is not None and count > 1:
        cure = 'put the call under `if __name__ == "__main__":`, or take workers=1'
        raise InputError.of("run_sweep", "was called by one of its own processes", cure=cure)
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with _one_thread_each(), ProcessPoolExecutor(count, mp_context=context) as pool:
        with _deaf_to_interrupts():
            pending: dict[Future[dict[str, Any]], int] = {
                pool.submit(work, case): index for index, case in enumerate(cases)
            }
        try:
            for done in as_completed(pending):
                index = pending[done]
                try:
                    yield index, done.result()
                except BrokenProcessPool:
                    yield index, {**cases[index], "error": _ENDED}
        except BaseException:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            pool.shutdown(cancel_futures=True)  # its thread must not outlive the interpreter
            raise


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let new processes ignore Ctrl-C, which is for the one that started them to answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep the libraries of new processes at one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _table(study: Study, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table with one type a column."""
    table = pd.DataFrame(rows)
    table.insert(0, "case", range(len(table)))
    for key in study.parameters:
        if not pd.api.types.is_numeric_dtype(table[key]):
            table[key] = table[key].map(str)
    if "passed" not in table:
        table["passed"] = None
    table["passed"] = table["passed"].astype("boolean")
    columns = [c for c in table.columns if c not in ("passed", "error")]
    return table[[*columns, "passed", "error"]]
