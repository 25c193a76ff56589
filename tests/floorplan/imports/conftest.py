import pytest

import floorplan
from techlib import InputError


@pytest.fixture
def imported(tmp_path):
    """Import a file of the test's folder."""

    def read(file, **entries):
        table = {"import": str(file), "node": "N5", **entries}
        table = {key: value for key, value in table.items() if value is not None}
        return floorplan.import_layout(table, name="mine", where="x.toml", folder=tmp_path)

    return read


@pytest.fixture
def faults_of(imported):
    """Import a file that cannot be used; return its faults as texts."""

    def read(file, **entries):
        with pytest.raises(InputError) as caught:
            imported(file, **entries)
        return [str(fault) for fault in caught.value.faults]

    return read
