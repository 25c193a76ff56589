"""Pins and nets in LEF and DEF, read back by KLayout and by the reference parser."""

import json
import re
import subprocess
import sys

import klayout.db as kdb
import numpy as np
import pytest

PINS = """
import json, sys
from lefdef import C_DefReader
reader = C_DefReader()
found = reader.read(sys.argv[1])
pins = (found.c_pins[i] for i in range(found.c_num_pins))
nets = (found.c_nets[i] for i in range(found.c_num_nets))
print(json.dumps({
    "pins": [[p.c_name.decode(), p.c_net.decode(), p.c_x, p.c_y] for p in pins],
    "nets": [
        [n.c_name.decode(), [
            [n.c_instances[k].decode(), n.c_pins[k].decode()] for k in range(n.c_num_pins)
        ]]
        for n in nets
    ],
}))
"""


def lefdef_of(file):
    pytest.importorskip("lefdef")
    done = subprocess.run(
        [sys.executable, "-c", PINS, str(file)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def signals(layout, owner):
    """Return the place of each signal bump of a body [nm], by terminal."""
    found = {}
    for field in layout.fields_of(owner):
        for code, place in zip(field.point_nets.tolist(), field.points_um.tolist(), strict=True):
            if "/" in field.nets[code]:
                found[field.terminals[code]] = tuple(round(length * 1000) for length in place)
    return found


needs_lefdef = pytest.mark.skipif(sys.platform == "darwin", reason="lefdef has no library for it")


#: Channels of two HBM3 stacks; three links of six modules to the other die, which has the lanes.
WIRES = 2 * 16 * 120 + 3 * 6 * 156


@needs_lefdef
def test_pins_of_a_die_are_its_signal_bumps(small, layout, bump_files):
    found = lefdef_of(bump_files / "small.compute.def")
    wanted = signals(layout, "compute")
    assert len(wanted) == WIRES
    assert {name: (x, y) for name, _, x, y in found["pins"]} == wanted
    assert all(net == name for name, net, _, _ in found["pins"])
    assert {name: sorted(ends) for name, ends in found["nets"]} == {
        name: sorted([["PIN", name], name.split("/", maxsplit=1)]) for name in wanted
    }


@needs_lefdef
def test_nets_of_the_package_join_each_phy_with_its_stack_and_the_dies(layout, bump_files):
    nets = dict(lefdef_of(bump_files / "small.def")["nets"])
    lanes = sum(4 * block.lanes for die in layout.floorplan.dies for block in die.blocks)
    assert len(nets) == WIRES + lanes
    for net, ends in nets.items():
        body, port = net.split("/", maxsplit=1)
        wanted = [["compute", port], ["io", port]]  # between the dies
        if body == "io":
            wanted = [["PIN", net], ["io", port]]  # a lane, to its C4 joint
        elif body != "compute":
            wanted = [["compute", f"phy_{net}"], [body, port]]
        assert sorted(ends) == wanted


def test_pins_of_turned_stacks_are_at_their_bumps(layout, bump_files, read_def):
    """KLayout turns the pins of the LEF macro as DEF says."""
    found = read_def(bump_files, "small.def", "small")
    labels = next(i for i in found.layer_indexes() if found.get_info(i).name == "PAD.LABEL")
    places = {}
    for instance in found.top_cell().each_inst():
        body = instance.property("name")
        for shape in instance.cell.shapes(labels).each():
            if shape.is_text():
                at = instance.cplx_trans * kdb.Point(shape.text.x, shape.text.y)
                places[body, shape.text.string] = (at.x, at.y)
    assert {body for body, _ in places} == {"compute", "io", "hbm_w0", "hbm_e0"}
    for body in ("compute", "hbm_w0", "hbm_e0"):
        x, y = (round(length * 1000) for length in layout.origin_um(body))
        for terminal, place in signals(layout, body).items():
            assert places[body, terminal] == (place[0] + x, place[1] + y)


@pytest.mark.parametrize(
    ("file", "owner", "kinds"),
    [("small.compute.def", "compute", None), ("small.def", "interposer", ("c4",))],
)
def test_supplies_are_special_nets_of_arrays(layout, bump_files, read_def, file, owner, kinds):
    """Each pad stands where the layout has the bump of that net; KLayout expands the arrays."""
    found = read_def(bump_files, file, "small")
    drawn = {}
    for index in found.layer_indexes():
        if found.get_info(index).name == "PAD":
            for shape in found.top_cell().begin_shapes_rec(index).each():
                center = (shape.trans() * shape.shape().bbox()).center()
                drawn.setdefault((center.x, center.y), 0)
                drawn[center.x, center.y] += 1
    wanted = {}
    for field in layout.fields_of(owner):
        if kinds and field.kind not in kinds:
            continue
        places = np.rint(field.positions_um() * 1000).astype(int).tolist()
        for code, place in zip(field.net_codes().tolist(), places, strict=True):
            if "/" not in field.nets[code]:
                wanted.setdefault(field.nets[code], set()).add(tuple(place))
    assert set(drawn) == set().union(*wanted.values())
    assert set(drawn.values()) == {1}
    text = (bump_files / file).read_text()
    section = text.partition("SPECIALNETS")[2].partition("END SPECIALNETS")[0]
    assert set(re.findall(r"^- (\S+) \+ USE (\w+)", section, re.M)) == {
        (net, "GROUND" if net == "VSS" else "POWER") for net in wanted
    }


def pins_and_bumps(layout, folder, name):
    """Return the middles of a block's pins and of its signal bumps, in one order [nm]."""
    (block,) = (b for b in layout.floorplan.dies[0].blocks if b.name == name)
    x0, y0 = (round(length * 1000) for length in block.outline.bounds[:2])
    bumps = {
        terminal.partition("/")[2]: (x - x0, y - y0)
        for terminal, (x, y) in signals(layout, "compute").items()
        if terminal.startswith(f"{name}/")
    }
    (macro,) = re.findall(rf"^- {name} (\S+) ", (folder / "small.compute.def").read_text(), re.M)
    text = (folder / "small.lef").read_text().partition(f"MACRO {macro}\n")[2]
    found = re.findall(
        r"PIN (\S+)\n.*?LAYER M9 ;\s+RECT (\S+) (\S+) (\S+) (\S+) ;",
        text.partition(f"END {macro}\n")[0],
        re.DOTALL,
    )
    middles = {port: np.array(corners, float).reshape(2, 2).mean(0) for port, *corners in found}
    assert set(middles) == set(bumps)
    return np.array([middles[port] * 1000 for port in bumps]), np.array(list(bumps.values()))


def test_pins_of_an_interface_lie_below_its_bumps(layout, bump_files):
    pins, bumps = pins_and_bumps(layout, bump_files, "d2d0")
    assert np.abs(pins - bumps).max() < 1.0


def test_pins_of_a_phy_are_drawn_together_across_its_edge(layout, bump_files):
    pins, bumps = pins_and_bumps(layout, bump_files, "phy_hbm_w0")
    assert np.abs(pins[:, 1] - bumps[:, 1]).max() < 1.0
    assert (np.diff(pins[np.argsort(bumps[:, 0], kind="stable"), 0]) >= -5.0).all()
    assert np.ptp(pins[:, 0]) < 1_800_000 < np.ptp(bumps[:, 0])


def test_gds_and_def_have_the_pads_of_a_stack_in_one_place(small, layout, bump_files):
    gds = kdb.Layout()
    gds.read(str(bump_files / "small.gds"))
    layer = gds.layer(kdb.LayerInfo(30, 0))
    drawn = set()
    for shape in gds.top_cell().begin_shapes_rec(layer).each():
        center = (shape.trans() * shape.shape().bbox()).center()
        drawn.add((center.x, center.y))
    for body in ("compute", "hbm_w0", "hbm_e0"):
        x, y = (round(length * 1000) for length in layout.origin_um(body))
        hbm = [p for t, p in signals(layout, body).items() if "DQ" in t]
        assert {(a + x, b + y) for a, b in hbm} <= drawn


def test_every_bump_has_a_macro(layout, bump_files):
    text = (bump_files / "small.lef").read_text()
    found = dict(re.findall(r"^MACRO (\w+_BUMP_\d+)$.*?SIZE (\S+) BY", text, re.M | re.S))
    assert {float(size) for size in found.values()} == {
        float(np.floor(field.pad_um * 500) / 500) for field in layout.fields
    }
