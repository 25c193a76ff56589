"""Packed OASIS says the same in fewer bytes: read back by KLayout and by gdstk."""

import random
from collections import Counter

import gdstk
import klayout.db as kdb
import numpy as np
import pytest

from floorplan.oasis_packing import packed


def written(tmp_path, points, **more):
    """Write pads at points [nm] as one repetition, with texts and an array; return the file."""
    library = gdstk.Library(unit=1e-6, precision=1e-9)
    pad = library.new_cell("PAD").add(gdstk.rectangle((0, 0), (0.01, 0.01), layer=31))
    field, top = library.new_cell("BUMPS"), library.new_cell("TOP")
    field.add(*(gdstk.Label(f"net{n}", (n, -n), layer=31) for n in range(40)))
    field.add(gdstk.Reference(pad, (-5, -5), columns=3, rows=2, spacing=(1, 2)))
    at = np.asarray(points) / 1e3
    pads = gdstk.Reference(pad, tuple(at[0]), **more)
    pads.repetition = gdstk.Repetition(offsets=at[1:] - at[0])
    field.add(pads)
    top.add(gdstk.Reference(field), gdstk.rectangle((1, 1), (2, 3), layer=7))
    library.write_oas(tmp_path / "plain.oas", compression_level=6)
    return (tmp_path / "plain.oas").read_bytes()


def drawn(file):
    """Return every place of every shape and text, by KLayout."""
    layout = kdb.Layout()
    layout.read(str(file))
    found = Counter()
    for index in layout.layer_indexes():
        shapes = layout.top_cell().begin_shapes_rec(index)
        while not shapes.at_end():
            shape, place = shapes.shape(), shapes.trans()
            thing = shape.text if shape.is_text() else shape.polygon
            found[index, str(thing.transformed(place))] += 1
            shapes.next()
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_same_places_whatever_the_steps(tmp_path, seed):
    """Steps along axes, diagonals and neither, on a grid and on none, to both sides."""
    draw = random.Random(seed)
    grid = draw.choice((1, 5, 48, 45_000))
    reach = draw.choice((1, 3, 200, 40_000))
    points = [(0, 0)]
    for _ in range(draw.choice((1, 2, 300))):
        dx, dy = draw.randint(-reach, reach), draw.randint(-reach, reach)
        way = draw.randrange(4)
        step = ((dx, 0), (0, dy), (dx, draw.choice((-1, 1)) * dx), (dx, dy))[way]
        points.append((points[-1][0] + grid * step[0], points[-1][1] + grid * step[1]))
    data = written(tmp_path, points, x_reflection=bool(seed % 2))
    (tmp_path / "packed.oas").write_bytes(packed(data))
    assert len(packed(data)) < len(data)
    assert drawn(tmp_path / "packed.oas") == drawn(tmp_path / "plain.oas")
    again = gdstk.read_oas(tmp_path / "packed.oas", unit=1e-6)
    assert {cell.name for cell in again.cells} == {"PAD", "BUMPS", "TOP"}


def test_random_sites_take_little_more_than_their_bits(tmp_path):
    """Three in five of 40,000 sites are worth 0.97 bits a site; 700 bytes are for all else."""
    sites = np.sort(np.random.default_rng(0).choice(40_000, size=24_000, replace=False))
    points = np.stack([sites % 200, sites // 200], axis=-1) * 45_000
    data = written(tmp_path, points)
    entropy_byte = 40_000 * 0.971 / 8
    assert len(packed(data)) < 1.35 * entropy_byte + 700
    assert len(data) > 1.8 * entropy_byte


def test_what_is_not_of_gdstk_stays_as_it_is(tmp_path):
    data = written(tmp_path, [(0, 0), (5, 0), (15, 5)])
    layout = kdb.Layout()
    layout.read(str(tmp_path / "plain.oas"))
    layout.write(str(tmp_path / "other.oas"))
    other = (tmp_path / "other.oas").read_bytes()
    assert packed(other) == other
    for broken in (b"", b"not a layout", data[:60], data[:-1], data[:30] + b"\x63" + data[31:]):
        assert packed(broken) == broken


def test_texts_are_listed_in_order(tmp_path):
    """gdstk lists them by a hash; in order they are alike, and need no numbers."""
    library = gdstk.Library(unit=1e-6, precision=1e-9)
    names = [f"DQ{bit}_{channel}" for channel in "abcdefgh" for bit in range(64)]
    labels = [gdstk.Label(name, (index, 0), layer=31) for index, name in enumerate(names)]
    library.new_cell("TOP").add(gdstk.rectangle((0, 0), (1, 1), layer=7), *labels)
    library.write_oas(tmp_path / "plain.oas", compression_level=6)
    data = (tmp_path / "plain.oas").read_bytes()
    (tmp_path / "packed.oas").write_bytes(packed(data))
    assert drawn(tmp_path / "packed.oas") == drawn(tmp_path / "plain.oas")
    cells = len(data) - sum(len(name) + 4 for name in names)
    assert len(packed(data)) < cells + 3 * len(names)
