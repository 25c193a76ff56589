"""3Dblox by PyYAML and its published grammar, AIF by a reader from its own, tables by pandas."""

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import yaml
from shapely import box

import floorplan
from floorplan import Block, BlockKind, BumpKind
from floorplan.formats.aif_writer import ball_names

SIDES = {"front", "back", "internal", "internal_ext"}
TYPES = {"die", "rdl", "ip", "substrate", "hier"}
ORIENT = re.compile(r"(MZ_|MZ$)?(R0|R90|R180|R270|MX|MY|MX_R90|MY_R90)?")


def bumps_of(layout, owner, *kinds):
    """Return the places of the bumps of a body [nm] with their nets."""
    return Counter(
        (round(x * 1000), round(y * 1000), field.nets[code])
        for field in layout.fields_of(owner)
        if not kinds or field.kind in kinds
        for (x, y), code in zip(
            field.positions_um().tolist(), field.net_codes().tolist(), strict=True
        )
    )


def read_bump_map(path):
    """Read six columns, as the format has it; a line that begins with ``#`` is a comment."""
    rows = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, cell, x, y, port, net = line.split()
        rows.append((name, cell, round(float(x) * 1000), round(float(y) * 1000), port, net))
    assert len({name for name, *_ in rows}) == len(rows)
    return rows


@pytest.fixture(scope="module")
def blox(bump_files):
    views = yaml.safe_load((bump_files / "small.3dbv").read_text())
    stack = yaml.safe_load((bump_files / "small.3dbx").read_text())
    return views, stack


def test_chiplets_follow_the_grammar(small, blox, bump_files):
    views, _ = blox
    assert views["Header"] == {"version": 2.5, "unit": "micron", "precision": 1000}
    assert set(views["ChipletDef"]) == {
        "compute",
        "io",
        "HBM3E_east",
        "HBM3E_west",
        "interposer",
        "substrate",
    }
    assert views["ChipletDef"]["substrate"]["type"] == "substrate"
    macros = re.findall(r"^MACRO (\S+)", (bump_files / "small.lef").read_text(), re.M)
    for name, chiplet in views["ChipletDef"].items():
        assert chiplet["type"] in TYPES
        width, height = chiplet["design_area"]
        edge = sum(
            chiplet.get(key, [0.0])[0] for key in ("seal_ring_width", "scribe_line_remaining_width")
        )
        for region in chiplet["regions"].values():
            assert region["side"] in SIDES
            assert region["coords"] == [
                [edge, edge],
                [edge + width, edge],
                [edge + width, edge + height],
                [edge, edge + height],
            ]
            bumps = read_bump_map(bump_files / region["bmap"])
            assert {cell for _, cell, *_ in bumps} <= set(macros)
            assert all(
                edge * 1e3 <= x <= (edge + width) * 1e3 and edge * 1e3 <= y <= (edge + height) * 1e3
                for _, _, x, y, _, _ in bumps
            )
        external = chiplet["external"]
        files = [*external["APR_tech_file"], *external["LEF_file"]]
        files += [external["DEF_file"]] if "DEF_file" in external else []
        assert all((bump_files / file).is_file() for file in files), name
    die = small.dies[0]
    compute = views["ChipletDef"]["compute"]
    assert compute["design_area"] == [die.width_um - 120.0, die.height_um - 120.0]
    layers = floorplan.layer_map()
    for key, layer in (("design_area", "die.outline"), ("seal_ring", "die.seal_ring")):
        number = f"{layers[layer].gds_layer};{layers[layer].gds_datatype}"
        assert compute["cad_layer"][number]["type"] == key


def test_the_stack_puts_everything_where_it_is(small, blox):
    views, stack = blox
    assert stack["Header"]["include"] == ["small.3dbv"]
    assert stack["Design"]["name"] == "small"
    assert set(stack["ChipletInst"]) == set(stack["Stack"])
    bodies = {body.name: body for body in (*small.dies, *small.stacks)}
    for name, place in stack["Stack"].items():
        assert stack["ChipletInst"][name]["reference"] in views["ChipletDef"]
        assert ORIENT.fullmatch(place["orient"])
        if name in bodies:
            assert place["loc"] == [bodies[name].x_um, bodies[name].y_um]
            assert place["orient"] == "MZ"
    technology = small.technology
    thick, c4_um = views["ChipletDef"]["substrate"]["thickness"], technology.c4_height_um
    assert (thick, stack["Stack"]["substrate"]["z"]) == (1200.0, 0.0)
    assert stack["Stack"]["interposer"]["z"] == thick + c4_um
    z = thick + c4_um + technology.thickness_um + technology.microbump_height_um
    assert stack["Stack"]["compute"]["z"] == stack["Stack"]["hbm_w0"]["z"] == z


def test_connected_faces_have_a_bump_opposite_each_other(blox, bump_files):
    """The bumps of each body, where the stack puts them, are those on top of the interposer."""
    views, stack = blox
    chiplets = views["ChipletDef"]
    top = {
        (x, y): net
        for *_, x, y, _, net in read_bump_map(
            bump_files / chiplets["interposer"]["regions"]["front"]["bmap"]
        )
    }
    met, ends = set(), {}
    board = stack["Connection"].pop("substrate_to_board")  # without one the stack floats
    assert board == {"top": "substrate.regions.back", "bot": None, "thickness": 0.0}
    for joint in stack["Connection"].values():
        name, face = re.fullmatch(r"(\w+)\.regions\.(\w+)", joint["top"]).groups()
        assert joint["thickness"] > 0.0
        if name == "interposer":
            assert joint["bot"] == "substrate.regions.front"
            continue
        assert joint["bot"] == "interposer.regions.front"
        chiplet = chiplets[stack["ChipletInst"][name]["reference"]]
        dx, dy = (round(length * 1000) for length in stack["Stack"][name]["loc"])
        for *_, x, y, port, _ in read_bump_map(bump_files / chiplet["regions"][face]["bmap"]):
            met.add((x + dx, y + dy))
            if "/" in top[x + dx, y + dy]:
                ends.setdefault(top[x + dx, y + dy], []).append((name, port))
    assert met == set(top)
    hbm = {net: found for net, found in ends.items() if net.startswith("hbm")}
    assert len(hbm) == 2 * 16 * 120
    for net, found in hbm.items():
        body, port = net.split("/")
        assert sorted(found) == [("compute", f"phy_{net}"), (body, port)]


def test_the_interposer_stands_on_the_joints_of_the_substrate(layout, blox, bump_files):
    views, stack = blox
    faces = {}
    for name, side in (("interposer", "back"), ("substrate", "front")):
        dx, dy = (round(length * 1000) for length in stack["Stack"][name]["loc"])
        file = bump_files / views["ChipletDef"][name]["regions"][side]["bmap"]
        faces[name] = {(x + dx, y + dy, net) for *_, x, y, _, net in read_bump_map(file)}
    assert faces["interposer"] == faces["substrate"]
    assert len(faces["substrate"]) == layout.bump_counts["c4"]
    balls = read_bump_map(bump_files / views["ChipletDef"]["substrate"]["regions"]["back"]["bmap"])
    assert len(balls) == layout.bump_counts["bga"]


def test_bump_maps_are_the_bumps_of_the_layout(layout, bump_files):
    def nets(name):
        rows = read_bump_map(bump_files / name)
        return Counter((x, y, "NC" if net == "-" else net) for *_, x, y, _, net in rows)

    own = {
        (x, y, terminal if "/" in net else net): count
        for (x, y, net), count in bumps_of(layout, "compute").items()
        for terminal in [net.replace("compute/", "") if net[:3] != "hbm" else f"phy_{net}"]
    }
    assert nets("small.compute.front.bmap") == own
    assert nets("small.interposer.back.bmap") == bumps_of(layout, "interposer", BumpKind.C4)
    stack = nets("small.HBM3E_east.front.bmap")
    assert {(x, y) for x, y, _ in stack} == {(x, y) for x, y, _ in bumps_of(layout, "hbm_w0")}
    assert sum(count for (*_, net), count in stack.items() if net == "VSS") == 2_599
    assert sum(count for (*_, net), count in stack.items() if net == "NC") == 322


def read_aif(path):
    """Read sections of ``KEY=value``, and a netlist whose columns are told by their number."""
    sections, name = {}, ""
    for line in path.read_text().splitlines():
        line = line.partition(";")[0].strip()
        if not line:
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            name = match[1]
            sections[name] = [] if name == "NETLIST" else {}
        elif name == "NETLIST":
            sections[name].append(line.split())
        else:
            key, value = line.split("=")
            sections[name][key] = value
    assert next(iter(sections)) == "DATABASE"
    assert sections["DATABASE"] == {"TYPE": "AIF", "VERSION": "2.0", "UNITS": "UM"}
    return sections


@pytest.mark.parametrize(("body", "owner"), [("compute", "compute"), ("HBM3E_west", "hbm_e0")])
def test_aif_of_a_body(layout, bump_files, body, owner):
    found = read_aif(bump_files / f"small.{body}.aif")
    die = found["DIE"]
    assert (die["NAME"], die["CENTER"]) == (body, "0 0")
    rows = found["NETLIST"]
    assert {len(row) for row in rows} == {5}
    assert [int(row[1]) for row in rows] == list(range(1, len(rows) + 1))
    half = float(die["WIDTH"]) / 2, float(die["HEIGHT"]) / 2
    places = Counter(
        (round((float(x) + half[0]) * 1000), round((float(y) + half[1]) * 1000))
        for _, _, _, x, y in rows
    )
    assert places == Counter((x, y) for x, y, _ in bumps_of(layout, owner).elements())
    for _, _, pad, *_ in rows[:: len(rows) // 50]:
        assert re.fullmatch(r"CIRCLE \d+\.\d+", found["PADS"][pad])
    names = {row[0] for row in rows}
    assert "VSS" in names
    assert ("DQ0_m" in names) == (body != "compute")
    assert ("phy_hbm_w0/DQ0_m" in names) == (body == "compute")


def test_aif_of_the_package(small, layout, bump_files):
    found = read_aif(bump_files / "small.package.aif")
    pads = [row for row in found["NETLIST"] if row[1] != "-"]
    balls = [row for row in found["NETLIST"] if row[1] == "-"]
    assert {len(row) for row in found["NETLIST"]} == {9}
    assert len(pads) == layout.field("interposer/c4").count
    field = layout.field("substrate/bga")
    assert len(balls) == field.count == len({row[5] for row in balls})
    columns, lines = (int(word) for word in found["BGA"]["POPULATION"].split())
    assert columns * lines == field.count
    assert float(found["BGA"]["WIDTH"]) == layout.substrate.width_um
    pitch = float(found["BGA"]["PITCH"])
    by_name = {row[5]: (float(row[7]), float(row[8])) for row in balls}
    assert by_name["A2"][0] - by_name["A1"][0] == pytest.approx(pitch)
    assert by_name["A1"][1] - by_name["B1"][1] == pytest.approx(pitch)
    assert by_name["A1"] == (
        min(x for x, _ in by_name.values()),
        max(y for _, y in by_name.values()),
    )
    lanes = {row[0] for row in balls if "/" in row[0]}
    assert lanes == {row[0] for row in pads if "/" in row[0]}
    assert len(lanes) == 4 * (8 + 4)


def test_rows_of_balls_are_lettered_as_jedec_has_it():
    count = 45
    field = floorplan.BumpField(
        "s/bga", BumpKind.BGA, "s", 500.0, ("VSS",),
        arrays=(floorplan.BumpArray(0.0, 0.0, 1e3, 1e3, columns=1, rows=count),),
    )  # fmt: skip
    letters = [name.rstrip("0123456789") for name in reversed(ball_names(field))]
    assert letters[:20] == list("ABCDEFGHJKLMNPRTUVWY")
    assert letters[20:22] == ["AA", "AB"]
    assert letters[40:42] == ["BA", "BB"]


def test_the_tables_hold_every_bump(layout, bump_files):
    table = pd.read_csv(bump_files / "bumps.csv")
    assert list(table) == ["owner", "kind", "terminal", "net", "x_um", "y_um", "pad_um"]
    counts = layout.bump_counts
    assert table["kind"].value_counts().to_dict() == {
        kind: count for kind, count in counts.items() if kind != "tsv"
    }
    field = layout.placed(layout.field("hbm_e0/hbm"))
    rows = table[table["owner"] == "hbm_e0"]
    assert np.allclose(rows[["x_um", "y_um"]], field.positions_um(), atol=5e-4)
    assert rows["net"].tolist() == [field.nets[code] for code in field.net_codes().tolist()]
    everything = pd.read_parquet(bump_files / "bumps.parquet")
    assert len(everything) == sum(counts.values())
    same = everything[everything["owner"] == "hbm_e0"]
    assert np.allclose(rows["x_um"] * 1000, same["x_nm"])


def test_text_files_leave_supplies_to_the_table_of_arrays(small, layout, bump_files, tmp_path):
    formats = ["3dblox", "aif", "bumps"]
    floorplan.write_formats(layout, tmp_path, formats, stem="small")
    whole = read_bump_map(bump_files / "small.interposer.front.bmap")
    kept = [row for row in whole if "/" in row[5] or "_core_" not in row[0]]
    assert read_bump_map(tmp_path / "small.interposer.front.bmap") == kept
    left = f"# without {len(whole) - len(kept)} core and C4 bumps of supplies"
    assert left in (tmp_path / "small.interposer.front.bmap").read_text()
    for name in ("small.HBM3E_west.front.bmap", "small.HBM3E_west.aif"):  # whole as it is
        assert (tmp_path / name).read_bytes() == (bump_files / name).read_bytes()
    pads = read_aif(tmp_path / "small.package.aif")["NETLIST"]
    lanes = sum(block.lanes for die in small.dies for block in die.blocks)
    assert len([row for row in pads if row[1] != "-"]) == 4 * lanes  # wires; the rest supplies
    assert len([row for row in pads if row[5:6] not in ([], ["-"])]) == layout.bump_counts["bga"]
    arrays = pd.read_csv(tmp_path / "bump_arrays.csv")
    core = arrays[arrays["field"] == "compute/core"]
    assert (core["columns"] * core["rows"]).sum() == layout.field("compute/core").count
    table = pd.read_csv(bump_files / "bumps.csv")
    row = core.iloc[0]
    last = [row.x_um + (row["columns"] - 1) * row.pitch_x_um,
            row.y_um + (row["rows"] - 1) * row.pitch_y_um]  # fmt: skip
    there = table[table["net"] == row["net"]][["x_um", "y_um"]].to_numpy()
    assert np.isclose(there, last, atol=1e-3).all(axis=1).any()


def test_bump_maps_and_def_of_a_die_have_the_same_ports_and_nets(bump_files):
    """A reader puts each bump on the net of that name in the die's own DEF."""
    for die in ("compute", "io"):
        text = (bump_files / f"small.{die}.def").read_text()
        pins = dict(re.findall(r"^- (\S+) \+ NET (\S+) \+ DIRECTION", text, re.M))
        supplies = set(re.findall(r"^- (\S+) \+ USE (?:POWER|GROUND)", text, re.M))
        rows = read_bump_map(bump_files / f"small.{die}.front.bmap")
        signals = {port: net for *_, port, net in rows if port in pins}
        assert signals == pins
        assert {net for *_, port, net in rows if port not in pins} == supplies


def test_names_that_are_not_legal_are_the_same_in_lef_def_and_bump_maps(one_die, tmp_path):
    lanes = Block("host x[1]", BlockKind.HOST, box(300, 300, 700, 700), lanes=1)
    floorplan.write_formats(one_die(lanes, scribe_um=20.0, seal_ring_um=10.0), tmp_path)
    wires = {f"host_x_1__2c8570/{port}" for port in ("tx0_p", "tx0_n", "rx0_p", "rx0_n")}
    ports = {port for *_, port, net in read_bump_map(tmp_path / "small.chip.front.bmap")}
    assert wires <= ports
    files = ("small.lef", "small.chip.def", "small.interposer.back.bmap", "small.chip.aif")
    for name in files:
        text = (tmp_path / name).read_text()
        assert all(wire in text for wire in wires), name
        assert "host x" not in text
