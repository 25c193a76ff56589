"""The command line: one small file for each command under `scoville.commands`."""

from __future__ import annotations

from typing import Annotated

import typer

from scoville.commands.check import check_command
from scoville.commands.diff import diff_command
from scoville.commands.doctor import doctor_command
from scoville.commands.import_layout import import_command
from scoville.commands.layout import layout_command
from scoville.commands.list import list_command
from scoville.commands.power import power_command
from scoville.commands.show import show_command
from scoville.commands.signoff import signoff_command
from scoville.commands.sweep import sweep_command
from scoville.commands.thermal import thermal_command
from scoville.commands.validate import validate_command
from scoville.console import command
from scoville.usage import CommandGroup

__all__ = ["app", "main"]

app = typer.Typer(
    name="scoville",
    cls=CommandGroup,
    help="From an AI accelerator's floorplan and a request trace to layout, power, temperature "
    "and a sign-off verdict.",
    epilog="Exit codes: 0 success or pass, 1 failed verdict, check or calculation, 2 bad input.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _function in (
    list_command,
    show_command,
    import_command,
    layout_command,
    check_command,
    diff_command,
    power_command,
    thermal_command,
    sweep_command,
    signoff_command,
    validate_command,
    doctor_command,
):
    app.command(_function.__name__.removesuffix("_command"))(command(_function))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("scoville"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line; the entry point of the `scoville` command."""
    app()
