"""Designs: every section read, every fault of all sections reported together."""

from __future__ import annotations

import math
import pathlib
import re

import pytest

import floorplan
from scoville import load_design
from techlib import InputError

SMALL = """
name = "mine"
[floorplan.interposer]
technology = "CoWoS-S"
width = "30 mm"
height = "24 mm"
[[floorplan.dies]]
name = "core"
node = "N5"
width = "10 mm"
height = "12 mm"
x = "2 mm"
y = "6 mm"
[[floorplan.blocks]]
die = "core"
name = "array"
kind = "tensor"
rect = ["1 mm", "1 mm", "5 mm", "11 mm"]
macs = 65536
[[floorplan.blocks]]
die = "core"
name = "phy"
kind = "hbm_phy"
stack = "hbm0"
rect = ["8 mm", "2 mm", "9.9 mm", "10 mm"]
[[floorplan.stacks]]
name = "hbm0"
hbm = "HBM3E"
x = "12.2 mm"
y = "6.5 mm"
phy_edge = "west"
[package]
stackup = "lidded-2.5d"
[power]
operation = "jalapeno"
[workload]
class = "chat"
model = "gpt-oss-20b"
[thermal]
preset = "quick"
[targets]
preset = "accelerator-700w"
"""


def write(folder, text, name="x.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(name, overrides=()):
    with pytest.raises(InputError) as caught:
        load_design(name, overrides)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(("name", "stacks", "dies"), [("jalapeno", 8, 1), ("jalapeno-hc26", 6, 2)])
def test_built_in_designs(name, stacks, dies):
    design = load_design(name)
    assert (len(design.floorplan.stacks), len(design.floorplan.dies)) == (stacks, dies)
    assert floorplan.check(design.floorplan) == ()
    assert set(design.package.heat_keys) == set(design.floorplan.heat_keys)
    assert {source.key for source in design.sources} >= {"scoville", "jalapeno-hc26"}


def test_a_floorplan_in_full(tmp_path):
    design = load_design(write(tmp_path, SMALL))
    assert design.recipe is None
    assert design.name == design.floorplan.name == "mine"
    assert design.floorplan.heat_keys == ("core/array", "core/phy", "hbm0/base", "hbm0/dram")


def test_faults_of_all_sections_come_together(tmp_path):
    path = write(
        tmp_path,
        """
extends = "jalapeno"
[floorplan]
stacks_west = "three"
[package.tim1]
thickness = 20
material = "indiun"
[power]
voltage = "0.75 A"
[workload]
model = "gpt-oss-121b"
seed = -1
duration = "0 s"
[thermal]
latteral = 3
[targets]
junction = "105 W"
[colour]
red = 1
""",
    )
    found = faults_of(path)
    starts = [
        f"{path}: colour: unknown section; ",
        f"{path}: floorplan.stacks_west: cannot read 'three'",
        f"{path}: package.tim1.thickness: 20 has no unit; allowed: a quantity in um; did you leave",
        f"{path}: package.tim1.material: unknown material 'indiun'; did you mean 'indium'?",
        f"{path}: power.voltage: cannot read '0.75 A'",
        f"{path}: workload.model: unknown language model 'gpt-oss-121b'; did you mean",
        f"{path}: workload.seed: -1; allowed: a whole number, 0 or more",
        f"{path}: workload.duration: 0 s; allowed: above 0 s",
        f"{path}: thermal.latteral: unknown key; did you mean 'lateral'?",
        f"{path}: targets.junction: cannot read '105 W'",
    ]
    assert [any(text.startswith(start) for text in found) for start in starts] == [True] * 10
    assert len(found) == 10


def test_unknown_material(tmp_path):
    path = write(tmp_path, 'extends = "jalapeno"\n[package.tim1]\nmaterial = "indiun"\n')
    assert faults_of(path) == [
        f"{path}: package.tim1.material: unknown material 'indiun'; did you mean 'indium'?"
    ]


def test_negative_thickness():
    assert faults_of("jalapeno", ["package.tim1.thickness=-20 um"]) == [
        "--set: package.tim1.thickness: -20 um; allowed: at least 0 um"
    ]


def test_unknown_bases_and_missing_ones(tmp_path):
    path = write(tmp_path, '[package]\nstackup = "lided-2.5d"\n')
    found = faults_of(path)
    assert (
        f"{path}: package.stackup: unknown stack-up 'lided-2.5d'; did you mean 'lidded-2.5d'?"
        in found
    )
    wanted = ("floorplan.recipe", "power.operation", "workload.class", "thermal.preset")
    for key in (*wanted, "targets.preset", "workload.model"):
        assert any(text.startswith(f"{path}: {key}: is missing") for text in found), key


def test_a_recipe_that_does_not_fit_is_reported_at_its_section():
    found = faults_of("jalapeno", ["floorplan.stacks_north=4"])
    assert found
    assert all(text.partition(": ")[2].startswith("floorplan") for text in found)


def test_user_records_are_looked_up(tmp_path):
    path = write(
        tmp_path,
        """
extends = "jalapeno"
[package.tim1]
material = "new_tim"
[materials.new_tim]
conductivity = "55 W/(m K)"
heat_capacity = "1.7e6 J/(m^3 K)"
""",
    )
    design = load_design(path)
    used = {region.material.name: region.material for region in design.package.layers[-3].regions}
    assert used["new_tim"].conductivity_w_mk == (55.0, 55.0, 55.0)


def test_a_user_record_can_start_from_a_shipped_one(tmp_path):
    path = write(
        tmp_path,
        """
extends = "jalapeno"
[package.tim1]
material = "better"
[materials.better]
like = "indium"
conductivity = "90 W/(m K)"
""",
    )
    better = load_design(path).libraries.materials["better"]
    indium = load_design("jalapeno").libraries.materials["indium"]
    assert better.conductivity_w_mk == (90.0, 90.0, 90.0)
    assert better.heat_capacity_j_m3k == indium.heat_capacity_j_m3k
    assert faults_of(path, ["materials.better.like=indiun"]) == [
        "--set: materials.better.like: unknown material 'indiun'; did you mean 'indium'?"
    ]


def test_faults_of_user_records_name_their_section(tmp_path):
    path = write(tmp_path, 'extends = "jalapeno"\n[materials.x]\nconductivity = "3 W"\n')
    found = faults_of(path)
    assert any(text.startswith(f"{path}: materials.x.conductivity: cannot read") for text in found)
    assert any(text.startswith(f"{path}: materials.x.heat_capacity: is missing") for text in found)


def test_a_stack_moved_off_the_interposer_is_found():
    given = ["floorplan.move.hbm_w0.x=-5 mm", "floorplan.move.hbm_w0.y=0 mm"]
    design = load_design("jalapeno", given)
    rules = {violation.rule for violation in floorplan.check(design.floorplan)}
    assert "interposer-edge" in rules
    with pytest.raises(InputError, match="hbm_w0"):
        _ = design.package


def test_overlapping_blocks_are_found_and_refused(tmp_path):
    overlapping = SMALL.replace('["8 mm", "2 mm"', '["4 mm", "2 mm"')
    design = load_design(write(tmp_path, overlapping))
    rules = {violation.rule for violation in floorplan.check(design.floorplan)}
    assert "block-overlap" in rules
    with pytest.raises(InputError, match=r"core/array.*core/phy|core/phy.*core/array"):
        _ = design.package


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["floorplan.move.hbm_x9.x=1 mm", "floorplan.move.hbm_x9.y=1 mm"],
            "unknown stack 'hbm_x9'",
        ),
        (["floorplan.move.hbm_w0.x=1 mm"], "floorplan.move.hbm_w0.y: is missing"),
        (["floorplan.move=3"], "floorplan.move: 3 is not a table"),
    ],
)
def test_moves_that_cannot_be(given, message):
    assert message in "\n".join(faults_of("jalapeno", given))


def test_a_trace_is_relative_to_the_file_that_names_it(tmp_path):
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,10,5\n")
    path = write(tmp_path, 'extends = "jalapeno"\n[workload]\ntrace = "t.csv"\n')
    design = load_design(path)
    assert len(design.trace()) == 1
    (tmp_path / "t.csv").rename(tmp_path / "u.csv")
    assert faults_of(path) == [
        (
            f"{path}: workload.trace: there is no file {tmp_path / 't.csv'}; "
            "allowed: a trace file; did you mean 'u.csv'?"
        )
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("arrival_s,prompt_tokens,output_tokens\n", "no request"),
        ("arrival_s,prompt_tokens,output_tokens\n1,10,5\n0.5,10,5\n", "before"),
        ("arrival_s,prompt_tokens,output_tokens\n0,ten,5\n", "ten"),
    ],
)
def test_bad_traces(tmp_path, text, message):
    file = tmp_path / "t.csv"
    file.write_text(text)
    design = load_design("jalapeno", [f"workload.trace={file}"])
    with pytest.raises(InputError, match=message):
        design.trace()


def test_the_input_hash_follows_values_and_trace_bytes_alone(tmp_path):
    assert load_design("jalapeno").input_hash == load_design("jalapeno").input_hash
    changed = load_design("jalapeno", ["workload.seed=2"])
    assert changed.input_hash != load_design("jalapeno").input_hash
    hashes = []
    for name in ("a.csv", "b.csv"):
        file = tmp_path / name
        file.write_text("arrival_s,prompt_tokens,output_tokens\n0,10,5\n")
        hashes.append(load_design("jalapeno", [f"workload.trace={file}"]).input_hash)
    assert hashes[0] == hashes[1]


def test_a_name_has_to_be_one(tmp_path):
    path = write(tmp_path, 'extends = "jalapeno"\nname = "a b/c"\n')
    assert faults_of(path)[0].startswith(f"{path}: name: 'a b/c'; allowed: letters, digits")


COOLED = """
extends = "jalapeno"
[package]
stackup = "cold-plate-direct"
tim1.contact = "2 mm^2 K/W"
[package.channel]
thickness = "300 um"
material = "copper"
flow = "1.5 l/min"
heat_capacity = "4.17e6 J/(m^3 K)"
inlet = "32 degC"
floor_film = "30000 W/(m^2 K)"
[package.top]
coolant = ""
[[package.top.patches]]
x = "10 mm"
y = "10 mm"
width = "12 mm"
height = "12 mm"
held = "45 degC"
[[package.bottom.patches]]
x = "0 mm"
y = "0 mm"
width = "5 mm"
height = "5 mm"
coolant = "mine"
[coolants.mine]
film = "700 W/(m^2 K)"
temperature = "25 degC"
"""


def test_channels_contacts_and_patches_of_a_design(tmp_path):
    design = load_design(write(tmp_path, COOLED))
    built = design.package
    assert [layer.name for layer in built.layers if layer.flow] == ["channel"]
    assert [la.contact_resistance_k_m2_w for la in built.layers if la.name == "tim1"] == [2e-6]
    assert [patch.temperature_c for patch in built.top.patches] == [45.0]
    assert [patch.film_w_m2k for patch in built.bottom.patches] == [700.0]
    again = load_design(write(tmp_path, COOLED), ["package.bottom.patches=[]"])
    assert again.package.bottom.patches == ()
    assert again.input_hash != design.input_hash


def test_faults_of_channels_and_patches_come_together(tmp_path):
    wrong = COOLED.replace('flow = "1.5 l/min"', 'flow = "-1.5 l/min"')
    wrong = wrong.replace('held = "45 degC"', 'hold = "45 degC"')
    wrong = wrong.replace('coolant = "mine"', 'coolant = "mein"')
    path = write(tmp_path, wrong)
    found = faults_of(path)
    assert len(found) == 3
    assert found[0].startswith(f"{path}: package.channel.flow: -2.5e-05 m^3/s; allowed: above 0")
    assert found[1].startswith(f"{path}: package.top.patches[0].hold: unknown key; did you mean")
    assert found[2].startswith(f"{path}: package.bottom.patches[0].coolant: unknown coolant 'mein'")


def test_the_example_of_the_thermal_docs(tmp_path):
    docs = pathlib.Path(__file__).parents[2] / "docs" / "thermal.md"
    (text,) = re.findall(r"```toml\n(.*?)```", docs.read_text(encoding="utf-8"), re.DOTALL)
    built = load_design(write(tmp_path, text)).package
    assert [layer.name for layer in built.layers][-3:] == ["sink", "channel", "cover"]
    assert built.top.cools
    assert [patch.film_w_m2k for patch in built.bottom.patches] == [math.inf]


def test_a_floorplan_in_full_takes_the_place_of_an_inherited_recipe(tmp_path):
    """Beside a recipe of the same file it is a fault, as is any unknown entry."""
    full = (
        '[floorplan.interposer]\ntechnology = "CoWoS-S"\nwidth = "6 mm"\nheight = "5 mm"\n'
        '[[floorplan.dies]]\nname = "cpu"\nnode = "N5"\nwidth = "4 mm"\nheight = "3 mm"\n'
        'x = "1 mm"\ny = "1 mm"\n'
    )
    (tmp_path / "mine.toml").write_text(f'extends = "jalapeno"\n{full}')
    design = load_design(tmp_path / "mine.toml")
    assert [die.name for die in design.floorplan.dies] == ["cpu"]
    (tmp_path / "both.toml").write_text(f'[floorplan]\nrecipe = "jalapeno"\n{full}')
    with pytest.raises(InputError, match=r"floorplan\.dies: unknown key"):
        load_design(tmp_path / "both.toml")
