"""Every bump as a table that any tool reads."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from floorplan.bump import BumpField, BumpKind
from floorplan.layout import Layout

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_bump_csv"]


def write_bump_csv(layout: Layout, path: Path) -> None:
    """Write a row for each bump, ball and joint, in interposer coordinates, seen from above.

    Columns are ``owner``, ``kind``, ``terminal`` (the owner's word for the net), ``net``, ``x_um``,
    ``y_um`` and ``pad_um``. Vias through the interposer, a million of no use in a table, are left
    to the Parquet file.
    """
    import pyarrow.csv as pa_csv

    fields = (layout.placed(field) for field in layout.fields if field.kind is not BumpKind.TSV)
    tables = (_table(field) for field in fields)
    first = next(tables)
    options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as stream:
        stream.write(",".join(first.schema.names).encode() + b"\n")
        with pa_csv.CSVWriter(stream, first.schema, write_options=options) as writer:
            for table in itertools.chain([first], tables):
                writer.write_table(table)


def _table(field: BumpField) -> pa.Table:
    import pyarrow as pa

    codes, count = field.net_codes(), field.count
    places = np.round(field.positions_um(), 3) + 0.0

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
