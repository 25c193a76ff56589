"""The `scoville` command, and ``python -m scoville``."""

from __future__ import annotations

import sys

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; an interrupt while it is still being loaded ends it in silence."""
    try:
        from scoville.cli import main as run
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
