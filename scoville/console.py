"""What every command shares: JSON or tables, progress, the output folder, and how it ends."""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scoville.output import check_output_folder, output_folder, write_json
from scoville.run_record import RunRecord
from techlib import InputError, ScovilleError, Source

if TYPE_CHECKING:
    from scoville.design import Design

__all__ = [
    "BAD_INPUT",
    "FAILED",
    "PASSED",
    "DesignArgument",
    "Progress",
    "Session",
    "Set",
    "command",
]

_PLAIN_WIDTH = 160
_TIME_STAMP = "SOURCE_DATE_EPOCH"
PASSED, FAILED, BAD_INPUT, UNEXPECTED, INTERRUPTED = 0, 1, 2, 3, 130

#: Called with the name of a stage and the share of it that is done (0 to 1).
Progress = Callable[[str, float], None]

DesignArgument = Annotated[
    str, typer.Argument(metavar="DESIGN", help="A built-in design, or a design file (TOML).")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override one entry; may be repeated."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
_Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Write the results into this folder."),
]
_Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]


@dataclass
class Session:
    """One call of one command.

    Parameters
    ----------
    name : str
        The command.
    json : bool
        Print one JSON document instead of tables, and no progress.
    out : Path or None
        Folder to write into, if the user gave one.
    debug : bool
        Show the traceback of an error.
    """

    name: str
    json: bool = False
    out: Path | None = None
    debug: bool = False
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        # What is not a terminal has no width: long lines are better there than wrapped tables.
        width = None if sys.stdout.isatty() else _PLAIN_WIDTH
        self.console = Console(width=width, highlight=False)
        self.errors = Console(stderr=True, soft_wrap=True, highlight=False)

    def say(self, text: str, style: str = "") -> None:
        """Print a line for people; silent with ``--json``."""
        if not self.json:
            self.console.print(Text(text, style=style))

    def warn(self, text: str) -> None:
        """Print a warning on stderr; it is shown with ``--json`` too."""
        self.errors.print(Text(f"warning: {text}", style="yellow"))

    def _note(self, text: str) -> None:
        self.errors.print(Text(text, style="dim"))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table for people; columns that hold numbers only are set flush right."""
        if self.json:
            return
        table = Table(
            title=Text(title, style="table.title") if title else None,
            title_justify="left",
            box=None,
            pad_edge=False,
        )
        for index, column in enumerate(columns):
            numeric = bool(rows) and all(_is_numeric(row[index]) for row in rows)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.console.print(table)

    def emit(self, content: Any) -> None:
        """Print the JSON document of the command, if that is wanted."""
        if self.json:
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))
            sys.stdout.write("\n")

    def folder(self, name: str) -> Path:
        """Return where to write: the folder of ``--out``, or one named after design and command.

        Raises
        ------
        InputError
            Something stands there that no earlier run wrote.
        """
        place = self.out or Path("scoville-out") / f"{name}-{self.name}"
        check_output_folder(place)
        return place

    def record(self, design: Design | None = None, sources: tuple[Source, ...] = ()) -> RunRecord:
        """Return what made the output folder."""
        timings_s = {"total": self.seconds}
        if design is None:
            return RunRecord(self.name, timings_s=timings_s)
        return RunRecord(self.name, design.input_hash, design.seed, sources, timings_s)

    def record_of(self, input_hash: str, sources: tuple[Source, ...] = ()) -> RunRecord:
        """Return what made the output folder, for a command that takes more than designs."""
        return RunRecord(self.name, input_hash, None, sources, {"total": self.seconds})

    def save_result(
        self, content: Any, design: Design | None = None, sources: tuple[Source, ...] = ()
    ) -> None:
        """Write the JSON document into the folder of ``--out``, if one was given."""
        if self.out is None:
            return
        with output_folder(self.out) as folder:
            write_json(folder / f"{self.name}.json", content)
            self.record(design, sources).write(folder)

    @property
    def seconds(self) -> float:
        """Wall time since the command began [s]."""
        return time.perf_counter() - self.started

    @contextmanager
    def progress(self, *, compiles: bool = False) -> Iterator[Progress]:
        """Give a meter for long work; it draws on a terminal only, and not with ``--json``.

        With `compiles` the user is told when the work begins with compiling its loops.
        """
        if compiles and not self.json:
            from scoville.compile_note import announce_compilation

            with announce_compilation(self._note), self.progress() as meter:
                yield meter
            return
        if self.json or not self.errors.is_terminal:
            yield lambda _stage, _share: None
            return
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Bars(*columns, console=self.errors, transient=True) as bars:
            task = bars.add_task("", total=1.0)

            def show(stage: str, share: float) -> None:
                bars.update(task, description=stage, completed=share)

            yield show

    def run(self, work: Callable[[], int | None]) -> int:
        """Run the command and return its exit code; no traceback reaches the user."""
        try:
            _check_environment()
            return work() or PASSED
        except BrokenPipeError:
            # The reader has gone, e.g. `scoville list | head`: nobody is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PASSED
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
            if _is_interrupt(error):
                self._show_message("interrupted; nothing was written")
                return INTERRUPTED
            code = self._show(error)
            if self.debug:
                self.errors.print(Text(traceback.format_exc()))
            return code

    def _show(self, error: BaseException) -> int:
        """Say what went wrong; return the exit code."""
        if isinstance(error, InputError):
            self._show_faults(error)
            return BAD_INPUT
        if isinstance(error, ScovilleError):
            self._show_message(str(error))
            return FAILED
        self._show_message(
            f"unexpected {type(error).__name__}: {error}. This is a fault of scoville itself: "
            "run `scoville doctor`, then report the command with the output of --debug."
        )
        return UNEXPECTED

    def _show_faults(self, error: InputError) -> None:
        self.emit({"error": {"faults": [fault.to_dict() for fault in error.faults]}})
        for fault in error.faults:
            line = Text("error: ", style="bold red").append(str(fault), style="not bold default")
            self.errors.print(line)

    def _show_message(self, message: str) -> None:
        self.emit({"error": {"message": message, "faults": []}})
        self.errors.print(
            Text("error: ", style="bold red").append(message, style="not bold default")
        )


def _check_environment() -> None:
    """Refuse a time stamp that is none, and drop an empty one: libraries read it as they load.

    Raises
    ------
    InputError
        ``SOURCE_DATE_EPOCH`` is set to something else than a number of seconds.
    """
    if os.environ.get(_TIME_STAMP) == "":
        del os.environ[_TIME_STAMP]
    elif _TIME_STAMP in os.environ:
        from floorplan.file_time import file_time

        file_time()


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether an error is an interrupt, or came of one.

    Modules in C that are interrupted while they load raise an ``ImportError`` from it.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_numeric(cell: object) -> bool:
    text = str(cell).strip().lstrip("+-").rstrip("%").replace(",", "")
    return text in ("", "-") or text.replace(".", "", 1).replace("e", "", 1).isdigit()


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a command of a function whose first parameter is the `Session`.

    The command gets ``--json``, ``--out`` and ``--debug`` beside the function's own parameters,
    and ends the process with the code that the function returns.
    """
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter("as_json", keyword, default=False, annotation=_Json),
        inspect.Parameter("out", keyword, default=None, annotation=_Out),
        inspect.Parameter("debug", keyword, default=False, annotation=_Debug),
    ]
    name = function.__name__.removesuffix("_command")

    def run(*, as_json: bool, out: Path | None, debug: bool, **arguments: Any) -> None:
        session = Session(name=name, json=as_json, out=out, debug=debug)
        raise typer.Exit(session.run(lambda: function(session, **arguments)))

    run.__name__ = name
    run.__doc__ = function.__doc__
    run.__annotations__ = {}
    parameters = [p.replace(kind=keyword) for p in own]
    run.__signature__ = inspect.Signature([*parameters, *shared])  # type: ignore[attr-defined]
    return run
