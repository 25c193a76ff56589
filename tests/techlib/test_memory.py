"""What is left of the machine's memory and of a container's."""

from __future__ import annotations

from pathlib import Path

import pytest

from techlib.memory import available_byte

GB = 10**9


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in {
        "proc/meminfo": "MemTotal: 99 kB\nMemAvailable: 8000000 kB\n",
        **files,
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_without_groups_what_the_machine_has(tmp_path: Path) -> None:
    assert available_byte(write(tmp_path, {})) == 8_000_000 * 1024
    assert available_byte() > 0


@pytest.mark.parametrize("limited", ["", "box/", "box/inner/"])
def test_the_tightest_limit_of_version_2_counts(tmp_path: Path, limited: str) -> None:
    place = f"sys/fs/cgroup/{limited}memory"
    files = {
        "proc/self/cgroup": "0::/box/inner\n",
        "sys/fs/cgroup/box/inner/memory.max": "max\n",
        "sys/fs/cgroup/box/inner/memory.current": "1000\n",
        f"{place}.max": f"{2 * GB}\n",
        f"{place}.current": f"{GB}\n",
        f"{place}.stat": f"anon 5\ninactive_file {GB // 4}\n",
    }
    assert available_byte(write(tmp_path, files)) == GB + GB // 4


def test_version_1(tmp_path: Path) -> None:
    place = "sys/fs/cgroup/memory/box/memory"
    files = {
        "proc/self/cgroup": "5:cpu:/other\n4:memory:/box\n0::/\n",
        f"{place}.limit_in_bytes": f"{3 * GB}\n",
        f"{place}.usage_in_bytes": f"{GB}\n",
        f"{place}.stat": f"total_inactive_file {GB // 2}\ninactive_file 7\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GB}\n",
    }
    assert available_byte(write(tmp_path, files)) == 2 * GB + GB // 2


def test_the_machine_may_have_less_than_the_limit_and_never_less_than_none(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": f"{99 * GB}\n",
        "sys/fs/cgroup/memory.current": "0\n",
    }
    assert available_byte(write(tmp_path, files)) == 8_000_000 * 1024
    files["sys/fs/cgroup/memory.max"] = "5\n"
    files["sys/fs/cgroup/memory.current"] = "7\n"
    assert available_byte(write(tmp_path, files)) == 0
