"""Every bump as a table that any tool reads."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from floorplan.bump import BumpField, BumpKind
from floorplan.formats.bump_maps import listed
from floorplan.layout import Layout

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["array_table", "write_bump_csv"]


def write_bump_csv(layout: Layout, path: Path, *, every: bool = True) -> None:
    """Write a row for each bump, ball and joint, in interposer coordinates, seen from above.

    Columns are ``owner``, ``kind``, ``terminal`` (the owner's word for the net), ``net``, ``x_um``,
    ``y_um`` and ``pad_um``. Vias through the interposer, a million of no use in a table, are left
    to the Parquet file, and core and C4 bumps of supplies unless `every` bump is asked for.
    """
    import pyarrow.csv as pa_csv

    fields = (layout.placed(field) for field in layout.fields if field.kind is not BumpKind.TSV)
    tables = (_table(field, listed(field, every)) for field in fields)
    first = next(tables)
    options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as stream:
        stream.write(",".join(first.schema.names).encode() + b"\n")
        with pa_csv.CSVWriter(stream, first.schema, write_options=options) as writer:
            for table in itertools.chain([first], tables):
                writer.write_table(table)


def array_table(layout: Layout) -> pd.DataFrame:
    """Return one row for each array of bumps of one net, in interposer coordinates.

    Returns
    -------
    pandas.DataFrame
        ``field``, ``owner``, ``kind``, ``terminal``, ``net``, the lower left bump ``x_um`` and
        ``y_um``, ``pitch_x_um``, ``pitch_y_um``, ``columns``, ``rows`` and ``pad_um``. Vias are
        left out.
    """
    rows = [
        {
            "field": field.name,
            "owner": field.owner,
            "kind": str(field.kind),
            "terminal": field.terminals[array.net],
            "net": field.nets[array.net],
            "x_um": round(array.x_um, 3),
            "y_um": round(array.y_um, 3),
            "pitch_x_um": round(array.pitch_x_um, 3),
            "pitch_y_um": round(array.pitch_y_um, 3),
            "columns": array.columns,
            "rows": array.rows,
            "pad_um": field.pad_um,
        }
        for field in layout.placed_fields()
        if field.kind is not BumpKind.TSV
        for array in field.arrays
    ]
    return pd.DataFrame(rows)


def _table(field: BumpField, chosen: NDArray[np.int64]) -> pa.Table:
    import pyarrow as pa

    codes, count = field.net_codes()[chosen], len(chosen)
    places = np.round(field.positions_um()[chosen], 3) + 0.0

    def repeated(word: object) -> pa.Array:
        return pa.repeat(pa.scalar(word), count)

    return pa.table(
        {
            "owner": repeated(field.owner),
            "kind": repeated(str(field.kind)),
            "terminal": pa.array(field.terminals, pa.string()).take(pa.array(codes)),
            "net": pa.array(field.nets, pa.string()).take(pa.array(codes)),
            "x_um": pa.array(places[:, 0]),
            "y_um": pa.array(places[:, 1]),
            "pad_um": repeated(float(field.pad_um)),
        }
    )
