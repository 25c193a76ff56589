"""Usage errors of the command line: as JSON too, where that is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

__all__ = ["CommandGroup"]

_BAD_INPUT = 2


class CommandGroup(TyperGroup):
    """The commands; a wrong option or a missing argument is bad input like any other.

    With ``--json`` a usage error prints the JSON error of every command, on stdout, and its line on
    stderr.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Parse the arguments and run the command."""
        given = sys.argv[1:] if args is None else list(args)
        as_json = standalone_mode and "--json" in given
        alone = standalone_mode and not as_json
        try:
            code = super().main(args, prog_name, complete_var, alone, windows_expand_args, **extra)
        except Exception as error:
            describe = getattr(error, "format_message", None)
            if not as_json or describe is None:  # not a usage error
                raise
            _print_fault(getattr(getattr(error, "ctx", None), "command_path", ""), describe())
            sys.exit(_BAD_INPUT)
        if as_json:
            sys.exit(code if isinstance(code, int) else 0)
        return code


def _print_fault(command: str, message: str) -> None:
    place = command or "scoville"
    cure = f"see {place} --help"
    fault = {"where": place, "what": message, "allowed": "", "cure": cure}
    sys.stdout.write(json.dumps({"error": {"faults": [fault]}}, indent=2, ensure_ascii=False))
    sys.stdout.write("\n")
    sys.stderr.write(f"error: {place}: {message}; {cure}\n")
