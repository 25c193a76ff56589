"""What the HTML reports share: templates, and pictures inside of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import jinja2

__all__ = ["Picture", "inline_picture", "template"]


@dataclass(frozen=True)
class Picture:
    """A picture inside a report.

    Parameters
    ----------
    data : str
        Its data URL.
    caption : str
        What it shows.
    """

    data: str
    caption: str


def inline_picture(path: Path, caption: str) -> Picture:
    """Read a PNG file into a report."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return Picture(f"data:image/png;base64,{data}", caption)


def template(name: str) -> jinja2.Template:
    """Return a template of the toolkit; what it does not get is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("scoville"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)
