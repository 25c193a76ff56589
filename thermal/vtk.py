"""Temperature fields as VTK files, for ParaView and its like.

``.vtr`` (rectilinear grid) holds the mesh as it is. ``.vti`` (image) is a uniform grid that takes
the value of the cell at the centre of each voxel; layers thinner than a voxel may be skipped.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from techlib import InputError
from techlib.writing import staged_files
from thermal.mesh import Mesh
from thermal.numbers import is_number

__all__ = ["write_vtk"]

Array = NDArray[Any]

_FORMATS = {".vtr": "RectilinearGrid", ".vti": "ImageData"}
_TYPES = {"float64": "Float64", "float32": "Float32", "int32": "Int32"}
_LEAST_HEIGHTS = 64  #: voxels along z of an image


def write_vtk(
    mesh: Mesh,
    field_c: NDArray[np.float64],
    path: str | Path,
    *,
    voxels: tuple[int, int, int] | None = None,
) -> None:
    """Write a field with the number of the layer of each cell; lengths in metres.

    Parameters
    ----------
    mesh : Mesh
    field_c : array (nz, ny, nx)
        Temperature of each cell [degC].
    path : str or Path
        Ends in ``.vtr`` or ``.vti``.
    voxels : (int, int, int), optional
        Of an image along x, y and z; as many as the mesh has cells, and 64 or more along z,
        unless given.

    Raises
    ------
    InputError
        Another ending, or voxels that are no whole numbers above zero or not for an image.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise InputError.of(str(path), f"ends in {suffix!r}", " or ".join(_FORMATS))
    if voxels is not None and suffix != ".vti":
        raise InputError.of("voxels", "given for a rectilinear grid", "a .vti file")
    nz, ny, nx = mesh.shape
    layers = np.broadcast_to(mesh.layer_of_cell[:, None, None], mesh.shape).astype(np.int32)
    cells = {"temperature_c": field_c.astype(np.float32), "layer": layers}
    lines = (mesh.x_m, mesh.y_m, mesh.z_m)
    if suffix == ".vtr":
        named = dict(zip("xyz", lines, strict=True))
        text = _document("RectilinearGrid", (nx, ny, nz), "", cells, named)
    else:
        counts = voxels or (nx, ny, max(nz, _LEAST_HEIGHTS))
        if len(counts) != 3 or not all(is_number(n) and n >= 1 and n % 1 == 0 for n in counts):
            raise InputError.of("voxels", f"{counts}", "three whole numbers above 0")
        at = [_cells_at(line, count) for line, count in zip(lines, counts, strict=True)]
        image = {name: values[np.ix_(*reversed(at))] for name, values in cells.items()}
        sizes = [(line[-1] - line[0]) / n for line, n in zip(lines, counts, strict=True)]
        origin = " ".join(f"{line[0]:.17g}" for line in lines)
        spacing = " ".join(f"{size:.17g}" for size in sizes)
        geometry = f' Origin="{origin}" Spacing="{spacing}"'
        text = _document("ImageData", counts, geometry, image, {})
    file = Path(path)
    with staged_files(file.parent, file.name) as place:
        (place / file.name).write_text(text, "ascii")


def _cells_at(lines: Array, count: int) -> Array:
    """Return the cell that the centre of each of `count` equal voxels lies in."""
    centres = lines[0] + (np.arange(count) + 0.5) * (lines[-1] - lines[0]) / count
    cells = np.searchsorted(lines, centres, side="right") - 1
    return np.asarray(np.clip(cells, 0, len(lines) - 2))


def _document(
    kind: str,
    counts: Sequence[int],
    geometry: str,
    cells: Mapping[str, Array],
    lines: Mapping[str, Array],
) -> str:
    extent = " ".join(f"0 {count}" for count in counts)
    data = "".join(_array(name, values) for name, values in cells.items())
    coordinates = "".join(_array(name, values) for name, values in lines.items())
    if coordinates:
        coordinates = f"<Coordinates>\n{coordinates}</Coordinates>\n"
    return (
        '<?xml version="1.0"?>\n'
        f'<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n'
        f'<{kind} WholeExtent="{extent}"{geometry}>\n<Piece Extent="{extent}">\n'
        f'<CellData Scalars="temperature_c">\n{data}</CellData>\n{coordinates}'
        f"</Piece>\n</{kind}>\n</VTKFile>\n"
    )


def _array(name: str, values: Array) -> str:
    """Return a data array: its size in bytes as UInt64, then its values, x fastest, in base64."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    size = np.array(little.nbytes, "<u8").tobytes()
    text = base64.b64encode(size + little.tobytes()).decode("ascii")
    kind = _TYPES[values.dtype.name]
    return f'<DataArray type="{kind}" Name="{name}" format="binary">{text}</DataArray>\n'
