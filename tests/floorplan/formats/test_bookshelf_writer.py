"""Bookshelf files are read by a small reader made from the published grammar."""

import re

import pytest
from shapely import Polygon
from shapely.affinity import translate

import floorplan

NAME = r"[A-Za-z0-9_/\\+-]+"


def read_blocks(text):
    """Read ``.blocks`` in full; counts have to agree."""
    assert text.startswith("UCSC blocks 1.0\n")
    counts = {key: int(n) for key, n in re.findall(r"^(Num\w+) : (\d+)$", text, re.MULTILINE)}
    blocks, terminals = {}, []
    for line in text.splitlines()[1:]:
        if not line or line.startswith(("#", "Num")):
            continue
        if match := re.fullmatch(rf"({NAME}) terminal", line):
            terminals.append(match[1])
            continue
        match = re.fullmatch(rf"({NAME}) hardrectilinear (\d+)((?: \([-\d.]+, [-\d.]+\))+)", line)
        assert match, line
        points = re.findall(r"\(([-\d.]+), ([-\d.]+)\)", match[3])
        assert len(points) == int(match[2])
        ring = [(float(x), float(y)) for x, y in points]
        signed = sum(
            a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)
        )
        assert signed < 0.0, "vertices go clockwise"
        blocks[match[1]] = Polygon(ring)
    assert counts == {
        "NumSoftRectangularBlocks": 0,
        "NumHardRectilinearBlocks": len(blocks),
        "NumTerminals": len(terminals),
    }
    return blocks, terminals


def read_places(text):
    assert text.startswith("UCLA pl 1.0\n")
    rows = [line.split() for line in text.splitlines()[1:] if line]
    return {name: (float(x), float(y)) for name, x, y in rows}


def read_nets(text):
    assert text.startswith("UCLA nets 1.0\n")
    counts = {key: int(n) for key, n in re.findall(r"^(Num\w+) : (\d+)$", text, re.MULTILINE)}
    nets = {}
    for part in text.split("NetDegree : ")[1:]:
        head, *pins = part.splitlines()
        degree, name = head.split()
        members = [re.fullmatch(rf"({NAME}) B", pin)[1] for pin in pins if pin]
        assert len(members) == int(degree)
        nets[name] = members
    assert counts == {"NumNets": len(nets), "NumPins": sum(map(len, nets.values()))}
    return nets


@pytest.fixture
def written(built_in, tmp_path):
    floorplan.write_formats(built_in, tmp_path, ["bookshelf"])
    return built_in, tmp_path


def test_blocks_lie_where_they_are(written):
    plan, folder = written
    for die in plan.dies:
        stem = folder / f"{plan.name}.{die.name}"
        blocks, terminals = read_blocks(stem.with_suffix(f"{stem.suffix}.blocks").read_text())
        places = read_places(stem.with_suffix(f"{stem.suffix}.pl").read_text())
        assert set(places) == {*blocks, *terminals}
        for block in die.blocks:
            placed = translate(blocks[block.name], *places[block.name])
            assert placed.bounds == pytest.approx(block.outline.bounds, abs=1e-6)


def test_nets_join_stacks_phys_slices_and_network(written):
    plan, folder = written
    die = plan.dies[0]
    blocks, terminals = read_blocks((folder / f"{plan.name}.{die.name}.blocks").read_text())
    assert terminals == [stack.name for stack in plan.stacks]
    nets = read_nets((folder / f"{plan.name}.{die.name}.nets").read_text())
    known = {*blocks, *terminals}
    assert all(set(members) <= known for members in nets.values())
    for stack in plan.stacks:
        assert nets[f"{stack.name}/link"] == [stack.name, f"phy_{stack.name}"]
        feed = nets[f"{stack.name}/feed"]
        assert feed[0] == f"phy_{stack.name}"
        assert all(member.endswith("/router") for member in feed[1:])
    fed = [m for name, ms in nets.items() if name.endswith("/feed") for m in ms[1:]]
    assert sorted(fed) == [f"slice{i:02d}/router" for i in range(64)]
    assert sum(name.endswith("/local") for name in nets) == 64
    assert {"noc/hub", "collective", "slice00/router"} <= set(nets["network"])


def test_outlines_names_and_power_densities(odd, tmp_path):
    power_w = {f"chip/{block.name}": 1.5 for block in odd.dies[0].blocks}
    floorplan.write_formats(odd, tmp_path, ["bookshelf"], power_w=power_w)
    blocks, _ = read_blocks((tmp_path / "small.chip.blocks").read_text())
    assert list(blocks) == ["a_b_1_", "core_x/sram_0", "die"]
    assert blocks["a_b_1_"].equals(odd.dies[0].blocks[0].outline)
    first, *lines = (tmp_path / "small.chip.power").read_text().splitlines()
    assert first.startswith("#")
    watts = [
        float(line) * 1e6 * (block.area_um2 * 1e-12)
        for line, block in zip(lines, odd.dies[0].blocks, strict=True)
    ]
    assert watts == pytest.approx([1.5] * 3, rel=1e-8)
    floorplan.write_formats(odd, tmp_path, ["bookshelf"], stem="cold")
    assert not (tmp_path / "cold.chip.power").exists()
