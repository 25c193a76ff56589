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
        *rest: Any,
        standalone_mode: bool = True,
        **options: Any,
    ) -> Any:
        """Parse the arguments and run the command."""
        given = sys.argv[1:] if args is None else list(args)
        if not standalone_mode or "--json" not in given:
            return super().main(args, *rest, standalone_mode=standalone_mode, **options)
        try:
            code = super().main(given, *rest, standalone_mode=False, **options)
        except Exception as error:
            describe = getattr(error, "format_message", None)
            if describe is None:  # not a usage error
                raise
            _print_fault(getattr(getattr(error, "ctx", None), "command_path", ""), describe())
            sys.exit(_BAD_INPUT)
        sys.exit(code if isinstance(code, int) else 0)


def _print_fault(command: str, message: str) -> None:
    place = command or "scoville"
    cure = f"see {place} --help"
    fault = {"where": place, "what": message, "allowed": "", "cure": cure}
    sys.stdout.write(json.dumps({"error": {"faults": [fault]}}, indent=2, ensure_ascii=False))
    sys.stdout.write("\n")
    sys.stderr.write(f"error: {place}: {message}; {cure}\n")
