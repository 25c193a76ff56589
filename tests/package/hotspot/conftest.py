"""HotSpot input sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from package import read_hotspot
from techlib import InputError

FLOORPLAN = """# name  width height left bottom
core\t0.004\t0.006\t0.001\t0.002
cache\t0.002\t0.006\t0.005\t0.002   # beside it
core cache 12.5
"""
POWERS = "core\tcache\n10\t1\n\n20 3\n"
CONFIG = """# a comment
    -t_chip     0.0003   # half of it is ground away
    -k_chip     110
    -p_chip     1.7e6
    -ambient    300
    -init_temp  310
    -sampling_intvl 0.002
    -init_file  (null)
"""
LAYERS = """# layer 0
0
Y
Y
1.75e6
0.01
0.0002
logic.flp

1
Y
N
tim
2.0e-05
logic.flp
"""
MATERIALS = "tim\nsolid\n4\n4e6\n\nwater\nfluid\n0.6\n4.2e6\n8.9e-4\n"


@dataclass(frozen=True)
class HotSpotFiles:
    """Writes input sets into a folder; names of files have an underscore for the dot."""

    folder: Path
    floorplan: str = FLOORPLAN
    powers: str = POWERS
    config: str = CONFIG
    layers: str = LAYERS
    materials: str = MATERIALS

    def write(self, **files: str) -> Path:
        """Write files; return the folder."""
        for name, text in files.items():
            (self.folder / name.replace("_", ".")).write_text(text)
        return self.folder

    def two_blocks(self, **files: str) -> Path:
        """Write a set of one chip layer; a file without text is left out."""
        content = {
            "logic_flp": self.floorplan,
            "logic_ptrace": self.powers,
            "run_config": self.config,
            **files,
        }
        return self.write(**{name: text for name, text in content.items() if text})

    def stacked(self, **files: str) -> Path:
        """Write a set with a layer configuration and materials."""
        return self.two_blocks(**{"run_lcf": self.layers, "run_materials": self.materials, **files})

    def faults(self, path: Path, flags: dict[str, str] | None = None) -> list[str]:
        """Return the faults of a set."""
        with pytest.raises(InputError) as caught:
            read_hotspot(path, flags)
        folder = path if path.is_dir() else path.parent
        return [
            str(fault).replace(f"{folder}/", "").replace(str(folder), "SET")
            for fault in caught.value.faults
        ]


@pytest.fixture
def files(tmp_path: Path) -> HotSpotFiles:
    """Input sets in a folder of their own."""
    return HotSpotFiles(tmp_path)
