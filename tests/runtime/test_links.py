"""Nothing is written through a link."""

import pytest

from ganbal.errors import InputError
from ganbal.runtime.links import check_links


@pytest.mark.parametrize("target", ["file", "folder", "nothing"])
@pytest.mark.parametrize("place", ["log.txt", "synthetic", "study/cells/gan"])
def test_a_link_to_outside_is_refused(tmp_path, place, target):
    outside, run = tmp_path / "outside", tmp_path / "run"
    if target == "file":
        outside.touch()
    elif target == "folder":
        outside.mkdir()
    (run / place).parent.mkdir(parents=True)
    (run / place).symlink_to(outside)
    with pytest.raises(InputError, match=f"run/{place} is a link to {outside}, outside the run"):
        check_links(run)


def test_links_that_stay_inside_are_fine(tmp_path):
    (tmp_path / "disk/run/gan").mkdir(parents=True)
    (tmp_path / "disk/run/also").symlink_to(tmp_path / "disk/run/gan")
    (tmp_path / "run").symlink_to(tmp_path / "disk/run")
    check_links(tmp_path / "run")
    check_links(tmp_path / "not-there-yet")


def test_a_loop_of_links_ends(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/loop").symlink_to(tmp_path / "run/loop")
    check_links(tmp_path / "run")
