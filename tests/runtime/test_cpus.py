import os

import pytest

from ganbal.runtime import cpus


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """machine(membership, {file: content}) → usable CPUs on a 64-CPU host with these cgroup files."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    monkeypatch.setattr(cpus, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(cpus, "_OWN_CGROUPS", tmp_path / "membership")

    def usable(membership, files):
        (tmp_path / "membership").write_text(membership)
        for name, content in files.items():
            file = tmp_path / "cgroup" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return cpus.usable_cpus()

    return usable


def test_a_container_with_two_cpus_on_a_host_with_64(machine):
    assert machine("0::/\n", {"cpu.max": "200000 100000\n"}) == 2


def test_no_quota_leaves_the_affinity_mask(machine, monkeypatch):
    assert machine("0::/\n", {"cpu.max": "max 100000\n"}) == 64
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7}, raising=False)
    assert cpus.usable_cpus() == 3


def test_the_quota_of_a_group_further_up_counts_and_parts_of_a_cpu_are_rounded_up(machine):
    files = {"user/cpu.max": "150000 100000\n", "user/job/cpu.max": "max 100000\n"}
    assert machine("0::/user/job\n", files) == 2


def test_cgroup_version_1_as_a_container_sees_it(machine):
    files = {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}
    assert machine("4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n0::/\n", files) == 3
    assert machine("3:cpu:/\n", files | {"cpu/cpu.cfs_quota_us": "-1\n"}) == 64


def test_a_system_without_cgroups(machine, tmp_path):
    assert machine("", {}) == 64
    (tmp_path / "membership").unlink()
    assert cpus.usable_cpus() == 64


def test_openmp_starts_no_more_threads_than_the_quota_allows_and_user_settings_stay(machine):
    machine("0::/\n", {"cpu.max": "200000 100000\n"})
    environment = {}
    cpus.configure_openmp(environment)
    assert environment == {"GOMP_SPINCOUNT": "10000", "OMP_NUM_THREADS": "2"}
    chosen = {"GOMP_SPINCOUNT": "5", "OMP_NUM_THREADS": "1"}
    cpus.configure_openmp(chosen)
    assert chosen == {"GOMP_SPINCOUNT": "5", "OMP_NUM_THREADS": "1"}
    machine("0::/\n", {"cpu.max": "max 100000\n"})
    unlimited = {}
    cpus.configure_openmp(unlimited)
    assert "OMP_NUM_THREADS" not in unlimited
