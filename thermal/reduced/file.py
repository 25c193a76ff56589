"""Reduced models as files, and the hash that ties one to its mesh."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from techlib import Faults, InputError
from techlib.writing import staged_files
from thermal.mesh import Mesh
from thermal.operator import Operator

__all__ = ["fingerprint", "read_arrays", "write_arrays"]

_FORMAT = "scoville-reduced/1"
_ALLOWED = "a file that ReducedModel.save has written"
_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
)


def fingerprint(mesh: Mesh, operator: Operator, *, corrected: bool) -> str:
    """Return the SHA-256 of a mesh with its blocks, the kind of their means, and its operator."""
    head = [_FORMAT, list(mesh.keys), *(["corrected"] if corrected else [])]
    digest = hashlib.sha256(json.dumps(head).encode())
    heat = mesh.heat
    arrays = [mesh.x_m, mesh.y_m, mesh.z_m, heat.data, heat.indices, heat.indptr]
    arrays += [operator.gx, operator.gy, operator.gz, operator.outside_w_k, operator.outside_w]
    arrays += [operator.capacity_j_k, np.array([operator.reference_c, operator.shift_per_s])]
    arrays += [np.asarray(part) for stream in operator.streams for part in vars(stream).values()]
    for array in arrays:
        kind = "<f8" if array.dtype.kind == "f" else "<i8"
        digest.update(json.dumps(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype=kind).data)
    return digest.hexdigest()


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> None:
    """Write arrays and notes; the same content gives the same bytes."""
    text = json.dumps({"format": _FORMAT, **notes}, sort_keys=True)
    content: dict[str, Any] = {"notes": np.array(text), **arrays}
    with (
        staged_files(path.parent, path.name) as place,
        (place / path.name).open("wb") as file,
    ):
        np.savez(file, **content)


def read_arrays(
    path: Path, shapes: Mapping[str, tuple[str, ...]], sizes: Mapping[str, int], digest: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `write_arrays` wrote.

    Parameters
    ----------
    path : Path
        File.
    shapes : mapping of str to tuple of str
        Arrays that must be there, with the names of their dimensions.
    sizes : mapping of str to int
        Dimensions that are known; the others must agree with each other.
    digest : str
        `fingerprint` of the model that the file must belong to.

    Raises
    ------
    InputError
        No such file, another kind of file, another mesh, missing or malformed arrays.
    """
    if not path.is_file():
        raise InputError.of(str(path), "no such file", _ALLOWED)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        notes = json.loads(str(arrays.pop("notes")))
        version, made_for = notes["format"], notes["fingerprint"]
    except _UNREADABLE as error:
        raise InputError.of(str(path), f"cannot be read ({error})", _ALLOWED) from None
    if version != _FORMAT:
        raise InputError.of(str(path), f"has the format {version!r}", repr(_FORMAT))
    if made_for != digest:
        raise InputError.of(
            str(path),
            "was made for another mesh or package",
            f"SHA-256 {digest[:12]}..., found {str(made_for)[:12]}...",
            "build it anew with ReducedModel.of, or load it with the model that it was made for",
        )
    _check(path, arrays, shapes, dict(sizes))
    return arrays, notes


def _check(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    shapes: Mapping[str, tuple[str, ...]],
    sizes: dict[str, int],
) -> None:
    """Report every array that is missing, of another shape, or not made of numbers."""
    faults = Faults()
    for name, axes in shapes.items():
        where = f"{path}: {name}"
        if name not in arrays:
            faults.add(where, "is missing", _ALLOWED)
            continue
        array = arrays[name]
        if len(array.shape) == len(axes):
            for axis, size in zip(axes, array.shape, strict=True):
                sizes.setdefault(axis, size)
        wanted = tuple(sizes.get(axis, 0) for axis in axes)
        if array.shape != wanted:
            faults.add(where, f"has the shape {array.shape}", f"({', '.join(axes)}) = {wanted}")
        elif array.dtype.kind not in "fi" or not np.isfinite(array).all():
            faults.add(where, "holds values that are not finite numbers", "finite numbers")
    faults.raise_if_any()
