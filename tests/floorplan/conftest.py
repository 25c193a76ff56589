import numpy as np
import pytest

import floorplan


@pytest.fixture(scope="session")
def jalapeno():
    return floorplan.build(floorplan.recipes()["jalapeno"])


@pytest.fixture(scope="session")
def hc26():
    return floorplan.build(floorplan.recipes()["jalapeno-hc26"])


@pytest.fixture(scope="session")
def jalapeno_layout(jalapeno):
    return floorplan.lay_out(jalapeno)


@pytest.fixture(scope="session", params=["jalapeno", "jalapeno-hc26"])
def built_in(request):
    return floorplan.build(floorplan.recipes()[request.param])


@pytest.fixture
def pad_at():
    """Find the pad of a cell at a place, by itself where it was one of an array."""

    def find(cell, origin):
        for reference in cell.references:
            cell.add(*reference.apply_repetition())
        (pad,) = (r for r in cell.references if np.allclose(r.origin, origin))
        return pad

    return find


@pytest.fixture
def derived():
    """Build a recipe with some entries changed."""

    def derive(base="jalapeno", /, **changes):
        recipe = floorplan.recipes().derive(base, changes, name="mine", where="mine.toml")
        return floorplan.build(recipe)

    return derive
