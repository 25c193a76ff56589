"""Tables of a layout: bump fields, every bump, and the links."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from floorplan.bump import BumpField
from floorplan.layout import Layout
from techlib import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_NM_PER_UM = 1000

__all__ = ["field_table", "link_table", "write_bumps"]


def field_table(layout: Layout) -> pd.DataFrame:
    """Return one row for each bump field.

    Returns
    -------
    pandas.DataFrame
        ``field``, ``owner``, ``kind``, ``bumps``, ``nets``, ``pad_um``, and the least and largest
        centre on the interposer, ``x0_um`` to ``y1_um``.

    Examples
    --------
    >>> import floorplan
    >>> layout = floorplan.lay_out(floorplan.build(floorplan.recipes()["jalapeno"]))
    >>> field_table(layout).set_index("field").loc["hbm_w0/hbm", ["bumps", "nets"]].tolist()
    [7261, 1925]
    """
    rows = []
    for field in layout.placed_fields():
        bounds = dict(zip(("x0_um", "y0_um", "x1_um", "y1_um"), field.bounds_um, strict=True))
        rows.append(
            {
                "field": field.name,
                "owner": field.owner,
                "kind": str(field.kind),
                "bumps": field.count,
                "nets": sum(1 for _ in field.parts()),
                "pad_um": field.pad_um,
            }
            | bounds
        )
    return pd.DataFrame(rows)


def link_table(layout: Layout) -> pd.DataFrame:
    """Return one row for each link of a stack or between dies.

    Returns
    -------
    pandas.DataFrame
        ``link``, ``wires``, ``shortest_um``, ``mean_um``, ``longest_um``, ``crossings`` (pairs of
        wires), ``unmatched`` (nets that one end lacks), ``beachfront_mm`` of the signal bumps,
        ``bandwidth_gbit_s``, ``density_gbit_s_mm``, ``wires_mm_layer`` (wires over beachfront and
        signal layers) and ``track_use`` (their share of the tracks that fit there).

    Examples
    --------
    >>> import floorplan
    >>> layout = floorplan.lay_out(floorplan.build(floorplan.recipes()["jalapeno"]))
    >>> link_table(layout).loc[0, ["longest_um", "beachfront_mm"]].tolist()
    [7270.0, 7.59]
    """
    rules = layout.rules
    tracks_mm = 1e3 / (rules.wire_width_um + rules.wire_space_um)
    rows = []
    for link in layout.links:
        lengths = link.lengths_um if len(link.nets) else np.zeros(1)
        across = link.beachfront_mm * rules.route_layers
        wires_mm = len(link.nets) / across if across else 0.0
        rows.append(
            {
                "link": link.name,
                "wires": len(link.nets),
                "shortest_um": float(lengths.min()),
                "mean_um": float(lengths.mean()),
                "longest_um": float(lengths.max()),
                "crossings": link.crossings,
                "unmatched": len(link.unmatched),
                "beachfront_mm": link.beachfront_mm,
                "bandwidth_gbit_s": link.bandwidth_gbit_s,
                "density_gbit_s_mm": link.density_gbit_s_mm,
                "wires_mm_layer": wires_mm,
                "track_use": wires_mm / tracks_mm,
            }
        )
    return pd.DataFrame(rows)


def write_bumps(layout: Layout, path: str | Path) -> Path:
    """Write every bump as a row of a Parquet file, in interposer coordinates, face down.

    Columns are ``field``, ``owner``, ``kind``, ``terminal``, ``net``, ``x_nm`` and ``y_nm`` (whole
    nanometres). The same layout gives the same bytes.

    Parameters
    ----------
    layout : Layout
        What to write.
    path : str or Path
        File to write; its folder must exist.

    Raises
    ------
    InputError
        The folder does not exist.
    """
    import pyarrow.parquet as pq  # a quarter of a second that other layouts need not wait

    file = Path(path)
    if not file.parent.is_dir():
        raise InputError.of(str(file), "the folder does not exist", cure="make it first")
    tables = (_rows(field) for field in layout.placed_fields())
    first = next(tables)
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table)
    return file


def _rows(field: BumpField) -> pa.Table:
    """Return the bumps of a field as an Arrow table."""
    import pyarrow as pa

    codes = field.net_codes()
    places = np.rint(field.positions_um() * _NM_PER_UM).astype(np.int32)

    def words(values: tuple[str, ...], at: NDArray[np.int32]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(at), pa.array(values, pa.string()))

    same = np.zeros(field.count, dtype=np.int32)
    return pa.table(
        {
            "field": words((field.name,), same),
            "owner": words((field.owner,), same),
            "kind": words((str(field.kind),), same),
            "terminal": words(field.terminals, codes),
            "net": words(field.nets, codes),
            "x_nm": pa.array(places[:, 0]),
            "y_nm": pa.array(places[:, 1]),
        }
    )
