"""What leaves for other tools: VTK files, profiles, histories as datasets."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from shapely import box

import techlib
from package import Face, Layer, Package, Region
from techlib import InputError, UnknownNameError
from thermal import Resolution, Temperatures, ThermalModel


@pytest.fixture(scope="module")
def model() -> ThermalModel:
    """A block in the corner of a die under a wider lid."""
    stock = techlib.materials()
    die, lid = box(2000, 1000, 10_000, 7000), box(0, 0, 12_000, 8000)
    spot = box(2000, 1000, 5000, 3000)
    layers = (
        Layer("die", 300.0, die, stock["silicon"], (Region("s", spot, stock["silicon"], "spot"),)),
        Layer("lid", 1000.0, lid, stock["copper"]),
    )
    package = Package("lidded", layers, stock["mould"], Face(1e4, 25.0), Face(), Face(), 25.0)
    return ThermalModel(package, Resolution(lateral=12, finest_um=150.0))


@pytest.fixture(scope="module")
def found(model: ThermalModel) -> Temperatures:
    return model.steady({"spot": 20.0})


def arrays(path: Path) -> tuple[ET.Element, dict[str, NDArray[np.generic]]]:
    """Read a VTK file by its own rules: base64 of a size as UInt64 and that many bytes."""
    root = ET.parse(path).getroot()
    assert root.attrib["byte_order"] == "LittleEndian"
    assert root.attrib["header_type"] == "UInt64"
    kinds = {"Float64": "<f8", "Float32": "<f4", "Int32": "<i4"}
    read = {}
    for element in root.iter("DataArray"):
        data = base64.b64decode(element.text or "")
        (size,) = np.frombuffer(data[:8], "<u8")
        assert size == len(data) - 8
        read[element.attrib["Name"]] = np.frombuffer(data[8:], kinds[element.attrib["type"]])
    return root, read


def test_rectilinear_grid_holds_the_mesh(found: Temperatures, tmp_path: Path) -> None:
    found.to_vtk(tmp_path / "field.vtr")
    root, read = arrays(tmp_path / "field.vtr")
    nz, ny, nx = found.mesh.shape
    piece = root.find("RectilinearGrid/Piece")
    assert piece is not None
    assert piece.attrib["Extent"] == f"0 {nx} 0 {ny} 0 {nz}"
    for name, lines in (("x", found.mesh.x_m), ("y", found.mesh.y_m), ("z", found.mesh.z_m)):
        np.testing.assert_array_equal(read[name], lines)
    field = read["temperature_c"].reshape(nz, ny, nx)
    np.testing.assert_allclose(field, found.field_c, rtol=1e-7)
    layers = read["layer"].reshape(nz, ny, nx)
    np.testing.assert_array_equal(layers[:, 0, 0], found.mesh.layer_of_cell)


def test_image_takes_the_cell_at_the_centre_of_each_voxel(
    found: Temperatures, tmp_path: Path
) -> None:
    found.to_vtk(tmp_path / "field.vti", voxels=(24, 16, 13))
    root, read = arrays(tmp_path / "field.vti")
    image = root.find("ImageData")
    assert image is not None
    spacing = [float(size) for size in image.attrib["Spacing"].split()]
    assert spacing == pytest.approx([5e-4, 5e-4, 1e-4])
    field = read["temperature_c"].reshape(13, 16, 24)
    layers = read["layer"].reshape(13, 16, 24)
    assert layers[:, 0, 0].tolist() == [0] * 3 + [1] * 10
    nearest = found.field["temperature_c"].sel(x=2.75e-3, y=1.25e-3, z=0.5e-4, method="nearest")
    assert field[0, 2, 5] == pytest.approx(float(nearest), rel=1e-6)
    found.to_vtk(tmp_path / "plain.vti")
    plain = arrays(tmp_path / "plain.vti")[1]["temperature_c"]
    assert plain.size == 64 * found.mesh.shape[1] * found.mesh.shape[2]


def test_same_field_same_bytes(found: Temperatures, tmp_path: Path) -> None:
    for suffix in ("vtr", "vti"):
        found.to_vtk(tmp_path / f"a.{suffix}")
        found.to_vtk(tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_wrong_vtk_requests_are_explained(found: Temperatures, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"field.vtu: ends in '.vtu'; allowed: .vtr or .vti"):
        found.to_vtk(tmp_path / "field.vtu")
    with pytest.raises(InputError, match=r"voxels: given for a rectilinear grid; allowed: a .vti"):
        found.to_vtk(tmp_path / "field.vtr", voxels=(2, 2, 2))
    with pytest.raises(InputError, match=re.escape("voxels: (2, 0, 2); allowed: three whole")):
        found.to_vtk(tmp_path / "field.vti", voxels=(2, 0, 2))


def test_profile_is_the_row_of_cells_that_the_line_lies_in(found: Temperatures) -> None:
    lid = found.layer_map("lid")
    y_um = found.mesh.y_m * 1e6
    for row in (0, 3, len(y_um) - 2):
        for at_um in (y_um[row], 0.5 * (y_um[row] + y_um[row + 1])):
            np.testing.assert_array_equal(found.profile("lid", "x", at_um), lid[row])
    np.testing.assert_array_equal(found.profile("lid", "x", float(y_um[-1])), lid[-1])
    up = found.profile("die", "y", 3000.0)
    assert up.dims == ("y",)
    assert up.attrs["units"] == "degC"
    assert up.attrs["long_name"] == "temperature of die along y"
    assert float(up.max()) == pytest.approx(float(found.block_max_c["spot"]), abs=1.0)


def test_wrong_profiles_are_explained(found: Temperatures) -> None:
    with pytest.raises(InputError, match="at_um: y = 9000 um; allowed: 0 to 8000 um"):
        found.profile("die", "x", 9000.0)
    with pytest.raises(InputError, match="along: 'z'; allowed: 'x' or 'y'"):
        found.profile("die", "z", 0.0)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="unknown layer 'did'"):
        found.profile("did", "x", 0.0)


def test_history_is_a_dataset_over_time_and_block(model: ThermalModel, tmp_path: Path) -> None:
    history = model.transient([[20.0], [5.0], [0.0]], [0.0, 1e-3, 2e-3, 5e-3])
    data = history.dataset
    assert data["mean_c"].dims == ("time", "block")
    assert data["time"].to_numpy().tolist() == [1e-3, 2e-3, 5e-3]
    assert data["power_w"].sel(block="spot").to_numpy().tolist() == [20.0, 5.0, 0.0]
    np.testing.assert_array_equal(data["max_c"], history.block_max_c)
    assert {name: data[name].attrs["units"] for name in ("time", "mean_c", "power_w")} == {
        "time": "s",
        "mean_c": "degC",
        "power_w": "W",
    }
    assert data.attrs["title"] == "Temperatures over time of lidded"
    history.to_netcdf(tmp_path / "history.nc")
    with xr.open_dataset(tmp_path / "history.nc", engine="scipy", decode_times=False) as read:
        xr.testing.assert_identical(read.load(), data)
