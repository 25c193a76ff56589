"""A word to the user while loops are compiled, which happens on the first run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["announce_compilation"]

_NOTE = "compiling loops for this machine; they are kept, so that this happens once"
_ROOMS = ("power.", "thermal.")


@contextmanager
def announce_compilation(say: Callable[[str], None]) -> Iterator[None]:
    """Say once that loops are being compiled, if they are; what is kept on disk is not.

    Examples
    --------
    >>> with announce_compilation(print):
    ...     pass
    """
    from numba.core import event

    class Announcer(event.Listener):
        """Hears of each function that is compiled."""

        said = False

        def on_start(self, happened: Any) -> None:
            function = getattr(happened.data["dispatcher"], "py_func", None)
            ours = getattr(function, "__module__", "").startswith(_ROOMS)
            if ours and not self.said:
                self.said = True
                say(_NOTE)

        def on_end(self, happened: Any) -> None:
            del happened

    with event.install_listener("numba:compile", Announcer()):
        yield
