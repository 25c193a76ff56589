"""Microbump maps of HBM generations: counts, array and order as published."""

from collections import Counter

import numpy as np
import pytest
from scipy.spatial import cKDTree

import techlib
from floorplan import hbm_maps
from floorplan.hbm_map import hbm_map_of
from floorplan.hbm_sites import fill_sites
from techlib import InputError


@pytest.fixture(params=["HBM2E", "HBM3", "HBM4"])
def chart(request):
    return hbm_maps()[request.param]


def counts(chart):
    sites = fill_sites(chart)
    codes = sites.port_of[chart.signals :]
    return dict(Counter(sites.ports[code] for code in codes.tolist()))


def test_hbm3_has_the_published_counts():
    chart = hbm_maps()["HBM3"]
    assert (chart.count, chart.signals) == (7261, 16 * 120)
    assert len(fill_sites(chart).positions_um) == 7261
    expected = {"VSS": 2599, "VDDC": 1272, "VDDQ": 644, "VDDQL": 504, "MECH": 322}
    assert counts(chart) == expected
    assert chart.provenance["vss"].trust.name == "TOOL"


def test_hbm3_has_the_published_array():
    sites = fill_sites(hbm_maps()["HBM3"])
    steps = (sites.positions_um - (-3528.0, 4400.0)) / (48.0, -55.0)
    assert steps == pytest.approx(np.rint(steps), abs=1e-9)
    column, row = np.rint(steps).astype(int).T
    assert column.min() >= 0
    assert column.max() <= 147
    assert (row.min(), row.max()) == (0, 160)
    assert not ((column + row) % 2).any()  # staggered
    apart, _ = cKDTree(sites.positions_um).query(sites.positions_um, k=2)
    assert apart[:, 1].min() == pytest.approx(np.hypot(48.0, 55.0))  # 73.0 um


def test_hbm3_signal_field_has_the_published_size():
    chart = hbm_maps()["HBM3"]
    sites = fill_sites(chart)
    signals = sites.positions_um[: chart.signals]
    assert np.ptp(sites.positions_um[sites.in_field], axis=0).tolist() == [2544.0, 7590.0]
    assert np.ptp(signals, axis=0).tolist() == [2544.0, 7590.0]
    assert sites.in_field[: chart.signals].all()


def test_hbm3_channels_lie_in_their_bands():
    chart = hbm_maps()["HBM3"]
    sites = fill_sites(chart)
    channel = sites.words // len(chart.word_kinds)
    middles = {
        name: sites.positions_um[: chart.signals][channel == index].mean(axis=0)
        for index, name in enumerate(sites.channels)
    }
    order = sorted(middles, key=lambda name: (-round(middles[name][1], -3), middles[name][0]))
    assert " ".join(order) == "m i e a n j f b o k g c p l h d"


def test_words_run_along_the_edge_and_back_in_mirrored_bands():
    chart = hbm_maps()["HBM3"]
    sites = fill_sites(chart)
    for channel, turned in (("a", False), ("d", True)):
        words = sites.words - sites.channels.index(channel) * 5
        along = [-sites.positions_um[: chart.signals][words == w, 1].mean() for w in range(5)]
        assert along == sorted(along, reverse=turned)


def test_a_channel_has_the_signals_of_the_standard():
    signals, words = hbm_maps()["HBM3"].channel_signals
    kinds = Counter(name.rstrip("0123456789") for name in signals)
    assert {name: kinds[name] for name in ("DQ", "DBI", "ECC", "SEV", "RD", "C", "R")} == {
        "DQ": 64,
        "DBI": 8,
        "ECC": 4,
        "SEV": 4,
        "RD": 4,
        "C": 8,
        "R": 10,
    }
    assert {"WDQS1_t", "WDQS1_c", "RDQS0_t", "DPAR1", "DERR1", "CK_t", "APAR"} <= set(signals)
    assert Counter(words) == dict.fromkeys(range(5), 24)


def test_every_map_is_whole(chart):
    sites = fill_sites(chart)
    assert len(sites.positions_um) == chart.count
    assert len(np.unique(sites.positions_um, axis=0)) == chart.count
    assert len(set(sites.ports)) == len(sites.ports)
    wanted = {k: getattr(chart, k) for k in ("vss", "vddc", "vddq", "vddql", "mechanical")}
    found = {key.lower().replace("mech", "mechanical"): n for key, n in counts(chart).items()}
    assert found == {key: n for key, n in wanted.items() if n}
    generation = techlib.hbm_generations()[chart.name]
    assert chart.count == generation.microbump_count
    assert np.ptp(sites.positions_um[:, 0]) < generation.depth_um
    assert np.ptp(sites.positions_um[:, 1]) < generation.width_um


def test_estimates_have_bands_and_say_so(chart):
    assert "site" in chart.estimated or chart.estimated.startswith("all but")
    low, high = chart.band("word_columns")
    assert low <= chart.word_columns <= high
    assert low < high


def test_a_generation_finds_its_map():
    generations = techlib.hbm_generations()
    assert hbm_map_of(generations["HBM3E"]) is hbm_maps()["HBM3"]
    assert hbm_map_of(generations["HBM4"]) is hbm_maps()["HBM4"]
    odd = generations.derive("HBM3E", {"channels": 24}, name="odd", where="mine.toml")
    assert hbm_map_of(odd) is None


def test_a_map_without_room_lists_what_is_missing():
    chart = hbm_maps().derive("HBM3", {"vddc": 4000, "mechanical": 999}, name="full", where="x")
    with pytest.raises(InputError) as caught:
        fill_sites(chart)
    full, cure = "HBM map full", "raise columns or rows"
    assert str(caught.value).splitlines() == [
        f"{full}: 5914 supply bumps outside the signal field, which has 3807 sites there; {cure}",
        f"{full}: 999 mechanical bumps beside the signal field; 594 sites; raise rows",
    ]
