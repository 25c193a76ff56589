"""Faults seeded into the nets of a layout file, from microbump to ball: each is found, no other."""

import gdstk
import klayout.db as kdb
import pytest

import floorplan


@pytest.fixture(scope="module")
def tables():
    """A die with two lanes on an interposer."""
    die = {"name": "io", "node": "N5", "width": "4 mm", "height": "3 mm", "x": "1 mm", "y": "1 mm",
           "seal_ring": "20 um"}  # fmt: skip
    lanes = [
        {"name": f"serdes{n}", "die": "io", "kind": "serdes", "lanes": 2,
         "rect": [f"{n + 0.5} mm", "1 mm", f"{n + 1.5} mm", "2 mm"]}
        for n in (0, 1)
    ]  # fmt: skip
    carrier = {"technology": "CoWoS-S", "width": "6 mm", "height": "5 mm"}
    return {"interposer": carrier, "dies": [die], "blocks": lanes}


@pytest.fixture(scope="module")
def clean(tables, tmp_path_factory):
    """Its layout: microbumps, vias, joints and balls with their nets."""
    plan = floorplan.from_tables({**tables, "grid": "5 nm"}, name="small", where="test")
    return floorplan.write_gds(floorplan.lay_out(plan), tmp_path_factory.mktemp("nets") / "a.gds")


@pytest.fixture
def broken(clean, tmp_path):
    """Break a file by a function of its cells, write it, and return what the check finds."""

    def check(change, suffix="gds"):
        library = gdstk.read_gds(clean, unit=1e-6)
        change({cell.name: cell for cell in library.cells})
        file = tmp_path / f"broken.{suffix}"
        {"gds": library.write_gds, "oas": library.write_oas}[suffix](file)
        found = floorplan.check_layout(floorplan.read_layout(file))
        return [v for v in found if v.rule != "block-density"]

    return check


def bumps(cells, kind):
    (cell,) = (c for name, c in cells.items() if name.startswith(f"{kind}_BUMPS"))
    return cell


def wire(cells, kind, net):
    """Return the cell of a level, and the text of a signal in it."""
    cell = bumps(cells, kind)
    (text,) = (t for t in cell.labels if t.text == net)
    return cell, text


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_a_file_of_the_whole_package_is_clean(broken, suffix):
    assert broken(lambda cells: None, suffix) == []


def test_texts_that_an_oasis_file_repeats_are_all_read(clean, tmp_path):
    """KLayout, asked to compress, writes the nine vias of a wire as one text in an array."""
    theirs, options = kdb.Layout(), kdb.SaveLayoutOptions()
    theirs.read(str(clean))
    options.format, options.oasis_compression_level = "OASIS", 10
    theirs.write(str(tmp_path / "b.oas"), options)
    library = gdstk.read_oas(tmp_path / "b.oas")
    assert any(t.repetition.size for cell in library.cells for t in cell.labels)
    found = [
        sorted((t.text, round(t.x_um, 3), round(t.y_um, 3)) for t in drawn.texts(layer))
        for drawn in map(floorplan.read_layout, (clean, tmp_path / "b.oas"))
        for layer in [floorplan.layer_map()["bump.tsv"].gds_layer]
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 9 * 16


@pytest.mark.parametrize("grid", [None, "1 nm", "10 nm"])
def test_what_is_derived_is_on_the_grid_that_files_are_held_against(tables, tmp_path, grid):
    """Octagons, bumps and rings of a floorplan in whole micrometres are on 5 nm, unless on 10."""
    plan = floorplan.from_tables({**tables, "grid": grid} if grid else tables, name="a", where="t")
    file = floorplan.write_gds(plan, tmp_path / "a.gds")
    assert {v.rule for v in floorplan.check_layout(floorplan.read_layout(file))} <= {
        "block-density"
    }
    assert floorplan.lay_out(plan).grid_um == (0.01 if grid == "10 nm" else 0.005)


@pytest.mark.parametrize("cell", ["IO_DIE", "INTERPOSER", "PKG"])
def test_a_flattened_file_is_as_clean(clean, tmp_path, cell):
    """Blocks then have no instance to be named by, nor does their die."""
    flat = kdb.Layout()
    flat.read(str(clean))
    flat.cell(cell).flatten(True)
    flat.write(str(tmp_path / "flat.gds"))
    found = floorplan.check_layout(floorplan.read_layout(tmp_path / "flat.gds"))
    assert {v.rule for v in found} <= {"block-density"}


def test_swapped_nets_of_two_joints(broken):
    """Each joint then stands below nine vias of the other net."""

    def swap(cells):
        one, other = (wire(cells, "C4", f"io/serdes0/{port}")[1] for port in ("tx0_p", "rx1_n"))
        one.text, other.text = other.text, one.text

    found = broken(swap)
    assert {v.rule for v in found} == {"net-short"}
    assert {v.where for v in found} == {("interposer/tsv", "interposer/c4")}
    messages = {v.message.partition(": ")[2].partition(";")[0] for v in found}
    assert messages == {
        "via of io/serdes0/tx0_p stands on the joint of io/serdes0/rx1_n",
        "via of io/serdes0/rx1_n stands on the joint of io/serdes0/tx0_p",
    }


def test_a_missing_ball(broken, pad_at):
    def drop(cells):
        cell, text = wire(cells, "BGA", "io/serdes1/tx0_n")
        cell.remove(text, pad_at(cell, text.origin))

    gap, net = broken(drop)
    assert (gap.rule, gap.where) == ("grid-gap", ("substrate/bga",))
    assert net.rule == "net-open"
    assert net.where == ("io/core",)
    assert "net io/serdes1/tx0_n has microbumps and no balls; connect it" in net.message


def test_a_joint_moved_by_1_um(broken, pad_at):
    def move(cells):
        cell, text = wire(cells, "C4", "io/serdes0/tx0_p")
        pad = pad_at(cell, text.origin)
        pad.origin = text.origin = (text.origin[0] + 1.0, text.origin[1])

    found = broken(move)
    pitch = [v for v in found if v.rule == "c4-pitch"]
    assert pitch
    assert all(v.amount < v.limit for v in pitch)
    assert pitch[0].amount == pytest.approx(pitch[0].limit - 1.0)
    assert {v.rule for v in found} == {"c4-pitch"}


def test_two_wires_on_one_bump_name(broken):
    """A microbump renamed after its neighbour: its own net ends at the vias."""

    def rename(cells):
        (cell,) = (
            c
            for name, c in cells.items()
            if name.startswith("CORE_BUMPS") and any(t.text == "tx0_p" for t in c.labels)
        )
        next(t for t in cell.labels if t.text == "tx0_p").text = "tx0_n"

    found = broken(rename)
    assert {v.rule for v in found} == {"net-open"}
    assert {v.message.partition(": ")[2] for v in found} == {
        f"net io/serdes{n}/tx0_p has C4 joints and no microbumps; connect it" for n in (0, 1)
    }
