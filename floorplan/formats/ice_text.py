"""The text of 3D-ICE's files: clauses that end in ``;``, under headings that end in ``:``.

Reading clause by clause, a misspelt one costs no more than itself: every other fault of the file
is still found.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from floorplan.formats.text import read_text
from techlib import Faults

__all__ = ["KEYWORDS", "Clause", "Section", "Value", "read_sections"]

Value = float | str

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+ | //[^\n]* | /\*.*?\*/)
    | (?P<path>"[^"\n]*")
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_0-9.]))
    | (?P<word>non-uniform | [24]rm\b | [A-Za-z]\w*)
    | (?P<mark>[(),.:;])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
#: Words that no name of 3D-ICE may be.
KEYWORDS = re.findall(
    r"\w+",
    """average bottom capacity cell channel chip coefficient conductivity coolant darcy diameter die
    dimension dimensions discretization distribution final first floorplan flow gradient heat
    height incoming initial inline last layer layout length material maximum microchannel minimum
    numofcores output pin pinfin pitch pluggable plugin Pmap position power rate rectangle side
    sink slot solver source spreader stack staggered state steady step T Tcoolant temperature
    Tflp Tflpel thermal Tmap T3d to top transfer transient true false values velocity volumetric
    wall width""",
)
_KINDS = {"#": "number", "@": "word", '"': "path"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Clause:
    """The words between two ends.

    Parameters
    ----------
    where : str
        File and line of its first word.
    tokens : tuple
        Words, numbers, file names and marks.
    """

    where: str
    tokens: tuple[_Token, ...]

    def __str__(self) -> str:
        text = " ".join(token.text for token in self.tokens)
        return text.replace(" ,", ",").replace("( ", "(").replace(" )", ")")

    def shape(self) -> str:
        """Return the clause as the pattern that it would match, its words as they stand."""
        signs = {"number": "#", "path": '"'}  # a word may be a name or stand for itself
        return " ".join(signs.get(token.kind, token.text) for token in self.tokens)

    def match(self, pattern: str) -> list[Value] | None:
        """Return the values where the clause has a form, or None.

        Parameters
        ----------
        pattern : str
            Words as they must stand; ``#`` is a number, ``@`` a name, ``"`` a file name.
        """
        wanted = pattern.split()
        if len(wanted) != len(self.tokens):
            return None
        values: list[Value] = []
        for want, token in zip(wanted, self.tokens, strict=True):
            if want in _KINDS:
                if token.kind != _KINDS[want]:
                    return None
                values.append(float(token.text) if want == "#" else token.text.strip('"'))
            elif want != token.text:
                return None
        return values

    def numbers(self, start: str) -> list[float] | None:
        """Return the numbers of ``start #, #, ...``, or None."""
        head = start.split()
        body = self.tokens[len(head) :]
        if [token.text for token in self.tokens[: len(head)]] != head or len(body) % 2 == 0:
            return None
        if any(token.kind != "number" for token in body[::2]):
            return None
        if any(token.text != "," for token in body[1::2]):
            return None
        return [float(token.text) for token in body[::2]]


@dataclass(frozen=True)
class Section:
    """A heading and the clauses below it."""

    heading: Clause
    clauses: tuple[Clause, ...]

    @property
    def where(self) -> str:
        """File and line of the heading."""
        return self.heading.where


def read_sections(path: Path, allowed: str, faults: Faults) -> list[Section]:
    """Cut a file into its sections.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    cure = "paths are relative to the stack file"
    tokens = _tokens(read_text(path, allowed, cure), path, faults)
    found: list[tuple[Clause, list[Clause]]] = []
    words: list[_Token] = []
    for token in tokens:
        if token.kind != "mark" or token.text not in ":;":
            words.append(token)
            continue
        if words:
            clause = Clause(f"{path}:{words[0].line}", tuple(words))
            if token.text == ":":
                found.append((clause, []))
            elif found:
                found[-1][1].append(clause)
            else:
                faults.add(clause.where, f"{str(clause)[:80]!r} stands before any heading", allowed)
        words = []
    if words:
        clause = Clause(f"{path}:{words[0].line}", tuple(words))
        faults.add(clause.where, f"{str(clause)[:80]!r} has no end", "';' at the end of a clause")
    return [Section(heading, tuple(clauses)) for heading, clauses in found]


def _tokens(text: str, path: Path, faults: Faults) -> list[_Token]:
    found = []
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text.startswith("/*", position):
                faults.add(f"{path}:{line}", "a comment begins here and does not end", "*/")
                break
            bad = re.match(r"[^\s;:,()]+|.", text[position:])
            assert bad is not None
            faults.add(f"{path}:{line}", f"cannot read {bad.group()!r}", 'words, numbers, "files"')
            found.append(_Token("bad", bad.group(), line))
            position += bad.end()
            continue
        if match.lastgroup != "skip":
            word = match.group()
            if match.lastgroup == "number" and not math.isfinite(float(word)):
                faults.add(f"{path}:{line}", f"{word} is not finite", "a finite number")
                word = "1"  # so that only this is at fault
            found.append(_Token(str(match.lastgroup), word, line))
        line += match.group().count("\n")
        position = match.end()
    return found
