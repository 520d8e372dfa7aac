"""Surfaces by name."""

from pathlib import Path

import pytest

from topologies import SHAPES, TopologyError, check_topology, is_surface, surface


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_shape_has_about_as_many_cells_as_asked_for(name: str) -> None:
    topology = surface(name, 300, seed=1, operators="averaged")
    check_topology(topology)
    assert len(topology["pos"]) == pytest.approx(300, rel=0.06)


def test_names_are_shapes_and_files_of_meshes() -> None:
    assert is_surface("sphere") and is_surface("head.PLY") and is_surface("folder/head.obj")
    assert not is_surface("square") and not is_surface("substrate.pt")


def test_a_mesh_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "tetrahedron.off"
    path.write_text("OFF\n4 4 0\n1 1 1\n-1 -1 1\n-1 1 -1\n1 -1 -1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n")
    pytest.importorskip("trimesh")
    assert len(surface(str(path), 200)["pos"]) == pytest.approx(200, rel=0.06)


def test_a_mesh_that_is_none_is_named() -> None:
    with pytest.raises(TopologyError, match="12"):
        surface("bunny", 3)
