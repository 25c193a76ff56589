"""Broken GDSII and OASIS files: an error that says where, and never a crash of the process."""

import gzip
import random
import struct
import subprocess
import sys

import gdstk
import pytest

import floorplan
from floorplan.gds_records import check_gds
from techlib import InputError


@pytest.fixture(scope="module")
def library():
    made = gdstk.Library(unit=1e-6, precision=1e-9)
    leaf = made.new_cell("LEAF").add(
        gdstk.rectangle((0, 0), (3, 2), layer=10), gdstk.Label("VSS", (1, 1), layer=10)
    )
    made.new_cell("TOP").add(
        gdstk.Reference(leaf, (5, 5), columns=4, rows=3, spacing=(10, 10)),
        gdstk.Reference(leaf, (50, 5), rotation=1.5),
        gdstk.FlexPath([(0, 0), (10, 0), (10, 10)], 1, layer=11),
    )
    return made


@pytest.fixture
def sound(library, tmp_path):
    library.write_gds(tmp_path / "sound.gds")
    return tmp_path / "sound.gds"


def records(data):
    """Yield place, kind and length of each record, read as the format has them."""
    place = 0
    while place < len(data):
        length, kind = struct.unpack_from(">HB", data, place)
        yield place, kind, length
        place += length


def damaged(data, seed):
    """Return a file with bytes changed, lost, added or cut off."""
    draw, changed = random.Random(seed), bytearray(data)
    place = draw.randrange(len(changed))
    match draw.choice(("change", "cut", "add", "lose")):
        case "change":
            for _ in range(draw.choice((1, 3, 20))):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
        case "cut":
            del changed[place:]
        case "add":
            changed[place:place] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9)))
        case _:
            del changed[place : place + draw.randrange(1, 9)]
    return bytes(changed)


READ = """
import sys, warnings
warnings.simplefilter("ignore")
import floorplan
from techlib import InputError
for name in sys.argv[1:]:
    try:
        floorplan.read_layout(name)
    except InputError as error:
        assert str(error).startswith(name)
print("all read")
"""


def test_no_damage_to_gds_ends_the_process(sound, tmp_path):
    """Of 400 damaged files gdstk 1.0 alone crashes on about seven."""
    data = sound.read_bytes()
    names = []
    for seed in range(400):
        (tmp_path / f"{seed}.gds").write_bytes(damaged(data, seed))
        names.append(str(tmp_path / f"{seed}.gds"))
    done = subprocess.run([sys.executable, "-c", READ, *names], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "all read\n"), done.stderr


def test_damage_to_oasis_that_crashes_its_reader_is_an_error(library, tmp_path):
    library.write_oas(tmp_path / "sound.oas", compression_level=6)
    assert floorplan.read_layout(tmp_path / "sound.oas").name == "TOP"
    data = (tmp_path / "sound.oas").read_bytes()
    names = []
    for seed in (0, 1, 2, 8):  # gdstk alone crashes on all but the first
        (tmp_path / f"{seed}.oas").write_bytes(damaged(data, seed))
        names.append(str(tmp_path / f"{seed}.oas"))
    done = subprocess.run([sys.executable, "-c", READ, *names], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "all read\n"), done.stderr


def swap(data, kind, change):
    """Change the first record of a kind."""
    place, length = next((p, n) for p, k, n in records(data) if k == kind)
    return data[:place] + change(data[place : place + length]) + data[place + length :], place


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (0x00, lambda r: b"", "byte 0: does not begin with a HEADER record"),
        (0x04, lambda r: b"", "the file ends before its ENDLIB record"),
        (0x06, lambda r: r[:4] + b"\xff\xfe\xfd\xfc", "STRNAME is no text"),
        (0x0D, lambda r: b"\x00\x08" + r[2:] + b"\0\0", "LAYER of a length or content that it"),
        (0x10, lambda r: b"\x00\x0c" + r[2:12], "BOUNDARY lacks coordinates or a part"),
        (0x10, lambda r: r + r, "XY stands in its element a second time"),
        (0x11, lambda r: b"", "stands where it cannot"),
        (0x12, lambda r: b"", "REF lacks coordinates or a part"),
        (0x13, lambda r: r[:4] + b"\0\0\0\x03", "COLROW has no columns or rows"),
        (0x07, lambda r: r[:2] + b"\x77\0", "a length or content that it cannot have"),
        (0x07, lambda r: b"\x00\x03\x07\x00", "a record of 3 bytes"),
        (0x07, lambda r: b"\xff\xf0\x07\x00", "ends within a record of 65520 bytes"),
    ],
)
def test_the_first_broken_record_is_told_with_its_place(sound, kind, change, words):
    check_gds(sound)
    data, place = swap(sound.read_bytes(), kind, change)
    sound.write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        floorplan.read_layout(sound)
    (fault,) = caught.value.faults
    end = len(data) if kind == 0x04 else place
    assert abs(int(fault.where.rpartition(" ")[2]) - end) < 64  # the element's, or the record's


def test_a_cell_that_holds_itself_is_an_error(sound):
    data = sound.read_bytes()
    names = [(p, n) for p, k, n in records(data) if k == 0x12]
    place, length = names[0]
    sound.write_bytes(data[: place + 4] + b"TOP\0" + data[place + length :])
    with pytest.raises(InputError, match="a cell holds itself, among TOP"):
        floorplan.read_layout(sound)


@pytest.mark.parametrize("kind", ["gds", "oas"])
def test_a_packed_file_is_read_as_the_plain_one(library, tmp_path, kind):
    plain, packed = tmp_path / f"plain.{kind}", tmp_path / f"packed.{kind}.gz"
    (library.write_gds if kind == "gds" else library.write_oas)(plain)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    first, second = floorplan.read_layout(plain), floorplan.read_layout(packed)
    assert (second.path, second.tops, second.layers) == (packed, first.tops, first.layers)
    assert [len(d.origins_um) for d in second.drawn] == [len(d.origins_um) for d in first.drawn]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x1f\x8b", "cannot be read: "),
        (gzip.compress(b"no layout"), "byte 0: does not begin with a HEADER"),
        (gzip.compress(b"x" * 9_000)[:-9], "cannot be read: "),
        (gzip.compress(b""), "is empty"),
    ],
)
def test_what_is_wrong_with_a_packed_file_is_told_of_it(tmp_path, content, words):
    file = tmp_path / "a.gds.gz"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        floorplan.read_layout(file)
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"{file}: {words}")
