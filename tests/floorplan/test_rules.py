"""Rule decks: what ships, what a user changes, and how faults are told."""

import pytest

import floorplan
from floorplan import Rule, Severity
from techlib import InputError, interposers


def faults_of(tables):
    with pytest.raises(InputError) as caught:
        floorplan.rule_deck().changed(tables, where="my.toml")
    return [str(fault) for fault in caught.value.faults]


def test_every_limit_has_a_source_or_follows_the_technology():
    for rule in floorplan.rule_deck().values():
        assert rule.title
        assert not rule.title.endswith(".")
        if rule.values:
            assert rule.provenance is not None
            if rule.provenance.source.key == "scoville":
                assert rule.provenance.estimate
                assert rule.provenance.note
        assert rule.limited == bool(rule.values or rule.follows)


def test_limits_follow_the_technology_and_the_grid_unless_a_user_says_otherwise():
    technology = interposers()["organic-rdl"]
    deck = floorplan.rule_deck()
    followed = deck.following(technology, 0.001)
    assert followed["phy-gap"].limit == technology.maximum_phy_gap_um == 1_000.0
    assert followed["phy-gap"].provenance == technology.provenance["maximum_phy_gap_um"]
    assert followed["reticle"].values == (26_000.0, 33_000.0)
    assert (followed["grid"].limit, deck["grid"].limit) == (0.001, 0.005)
    mine = deck.changed({"phy-gap": "2 mm", "grid": "10 nm"}, where="my.toml")
    assert mine.following(technology, 0.001)["phy-gap"].limit == 2_000.0
    assert mine.following(technology, 0.001)["grid"].limit == 0.01
    assert not any(r.limited and not r.values for r in followed.values())


def test_a_user_gives_a_value_a_severity_or_both():
    deck = floorplan.rule_deck().changed(
        {
            "die-gap": "150 um",
            "angle": "warning",
            "reticle": ["25 mm", "32 mm"],
            "block-density": {"value": "30 %", "window": "1 mm", "severity": "error"},
        },
        where="my.toml",
    )
    assert (deck["die-gap"].limit, deck["die-gap"].provenance.trust) == (150.0, "U")
    assert deck["angle"].severity is Severity.WARNING
    assert deck["reticle"].limit_text == "25000 x 32000 um"
    density = deck["block-density"]
    assert (density.limit, density.window_um, density.severity) == (0.3, 1_000.0, "error")
    assert {source.key for source in deck.sources} >= {"user", "scoville"}


def test_every_fault_of_a_rule_file_is_told_at_once(tmp_path):
    faults = faults_of(
        {
            "die-gpa": "1 um",
            "angle": "0 degree",
            "polygon": "1 um",
            "grid": {"value": "5 nm", "colour": "red"},
            "block-width": {"severity": "fatal"},
            "block-spacing": 5,
            "block-overlap": "-1 um^2",
            "phy-gap": {"value": "1 mm", "window": "1 mm"},
            "block-density": {"value": "130 %", "window": "1 nm"},
        }
    )
    assert faults[0] == "my.toml: die-gpa: unknown rule 'die-gpa'; did you mean 'die-gap'?"
    for words in (
        "my.toml: angle: 0 degree; allowed: above 0 degree",
        "my.toml: polygon: the rule has no limit; allowed: a severity (error, warning, off)",
        "my.toml: grid.colour: unknown key",
        "my.toml: block-width.severity: 'fatal'; allowed: one of error, warning, off",
        "my.toml: block-spacing: 5 has no unit; allowed: a quantity in um; did you leave out",
        "my.toml: block-overlap: -1 um^2; allowed: at least 0 um^2",
        "my.toml: block-density: 1.3; allowed: at most 1",
        "my.toml: block-density.window: 0.001 um; allowed: at least 20 um",
        "my.toml: phy-gap.window: the rule is not taken over windows; leave it out",
    ):
        assert any(fault.startswith(words) for fault in faults), (words, faults)
    assert len(faults) == 10


def test_a_rule_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"no\.toml: cannot be read"):
        floorplan.read_rules(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("die-gap 150 um")
    with pytest.raises(InputError, match=r"bad\.toml: is not TOML.*a rule a line, e\.g\. die-gap"):
        floorplan.read_rules(tmp_path / "bad.toml")


def test_a_rule_of_a_deck_needs_a_title():
    with pytest.raises(InputError, match=r"x\.toml: a\.title: is missing"):
        Rule.read("a", {"unit": "um", "value": "1 um"}, where="x.toml: a")


def test_rules_that_are_off_are_silent_and_warnings_are_marked(jalapeno):
    moved = jalapeno.with_stack_at("hbm_w0", 150.0, 10_900.0)
    deck = floorplan.rule_deck()
    (found,) = floorplan.check(moved, deck.changed({"interposer-edge": "warning"}, where="x"))
    assert found.severity is Severity.WARNING
    assert floorplan.check(moved, deck.changed({"interposer-edge": "off"}, where="x")) == ()
    assert floorplan.check(moved, deck.changed({"interposer-edge": "100 um"}, where="x")) == ()
