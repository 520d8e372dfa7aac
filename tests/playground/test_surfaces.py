"""A surface in space in the page: the library's steps, cells that close, a hand that finds what the eye sees."""

import math
from typing import Any

import pytest
import torch
from torch_geometric.data import Data

import graphnca
from graphnca import rollout
from graphnca.layers import NCAConv
from graphnca.playground import export_page
from graphnca.playground.browser import GROW, difference
from graphnca.seeds import point_seed
from topologies import bunny_mesh, sphere, square_grid, surface_mesh, torus

SAME = 1e-3  # the largest difference of any channel after 100 steps
RULES = ("texture-interlaced", "growing-lizard")
PLACES = """([width, height]) => {
    const { camera, organism: { substrate } } = app, seen = camera.seen(substrate, width, height);
    return Array.from({ length: substrate.cells }, (_, i) => [...seen.slice(3 * i, 3 * i + 3)]);
}"""
PICK = (
    "([width, height, shares]) => shares.map(([x, y]) => app.camera.place(app.organism.substrate, width, height, x, y))"
)


@pytest.fixture(scope="module")
def surfaces() -> dict[str, Data]:
    return {
        "Bunny": surface_mesh(bunny_mesh(), 1500),
        "Sphere": sphere(800),
        "Torus": torus(700),
        "Squares": square_grid(20, 20),
    }


@pytest.fixture(scope="module")
def path(surfaces: dict[str, Data], tmp_path_factory: Any) -> Any:
    return export_page(RULES, surfaces, tmp_path_factory.mktemp("surfaces") / "page.html")


def start_of(rule: NCAConv, topology: Data) -> torch.Tensor:
    if rule.life_mask is None:
        return torch.rand(topology.num_nodes, rule.num_channels, generator=torch.Generator().manual_seed(2)) - 0.5
    seed = point_seed(topology, rule.num_channels)
    with torch.no_grad():
        return rollout(rule, seed, topology, 30, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("name", "cells", "engine"),
    [
        ("texture-interlaced", "Bunny", "cpu"),
        ("texture-interlaced", "Bunny", "gpu"),
        ("growing-lizard", "Sphere", "cpu"),
        ("growing-lizard", "Torus", "gpu"),
    ],
)
def test_a_hundred_steps_are_the_librarys(
    name: str, cells: str, engine: str, open_page: Any, surfaces: dict[str, Data]
) -> None:
    rule, topology = graphnca.load_rule(name), surfaces[cells]
    numbers = {"rule": RULES.index(name), "substrate": list(surfaces).index(cells)}
    found = difference(
        open_page(""), rule, topology, start_of(rule, topology), steps=100, seed=5, engine=engine, angle=0.7, **numbers
    )
    assert found < SAME


def test_the_cells_close_round_the_surface(open_page: Any, surfaces: dict[str, Data]) -> None:
    """Every side between two corners belongs to two cells, and there is no hole but those that the surface has."""
    page = open_page("")
    for number, name, handles in ((1, "Sphere", 0), (2, "Torus", 1)):
        mesh = page.evaluate(
            "number => { const { triangles, closed, place } = app.organism.substrates[number].mesh;"
            "return [closed, place.length / 3, Array.from(triangles)]; }",
            number,
        )
        assert mesh[0] is True
        triangles = torch.tensor(mesh[2]).view(-1, 3)
        sides = torch.cat([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).sort(1).values
        unique, counts = sides.unique(dim=0, return_counts=True)
        assert (counts == 2).all(), name
        assert mesh[1] - len(unique) + len(triangles) == 2 - 2 * handles, name


def test_the_cells_have_the_surfaces_area(open_page: Any, surfaces: dict[str, Data]) -> None:
    page = open_page("")
    mesh = page.evaluate(
        "() => { const { triangles, place } = app.organism.substrates[1].mesh;"
        "return [Array.from(place), Array.from(triangles)]; }"
    )
    corners = torch.tensor(mesh[0]).view(-1, 3)[torch.tensor(mesh[1]).view(-1, 3)]
    area = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).norm(dim=1) / 2
    own = torch.zeros(surfaces["Sphere"].num_nodes).index_add_(0, torch.tensor(mesh[1]).view(-1, 3)[:, 2], area)
    torch.testing.assert_close(own, surfaces["Sphere"].area, rtol=0.2, atol=0)  # four at a corner share its middle
    torch.testing.assert_close(own.sum(), surfaces["Sphere"].area.sum(), rtol=0.01, atol=0)


def test_what_is_seen_is_what_is_found(open_page: Any, surfaces: dict[str, Data]) -> None:
    """Where a cell of the near side appears, that cell is found, at its own place; beside the surface nothing is."""
    page = open_page("cells=Sphere")
    topology = surfaces["Sphere"]
    towards = torch.tensor(page.evaluate("app.camera.axes[2]"))
    facing = ((topology.normal @ towards) > 0.5).nonzero().flatten()
    places = torch.tensor(page.evaluate(PLACES, [600, 600]), dtype=torch.float64)[facing]
    shares = (places[:, :2] / 600).tolist()
    found = page.evaluate(PICK, [600, 600, shares])
    assert [one["cell"] for one in found] == facing.tolist()
    torch.testing.assert_close(torch.tensor([one["at"] for one in found]), topology.pos[facing], atol=1e-3, rtol=0)
    assert page.evaluate(PICK, [600, 600, [[0.01, 0.01]]]) == [None]


def test_every_pixel_shows_the_cell_that_the_pointer_finds(open_page: Any) -> None:
    page = open_page("cells=Bunny&draw=canvas")
    page.wait_for_function("!app.stale")
    generator = torch.Generator().manual_seed(0)
    shares = torch.rand(400, 2, generator=generator).tolist()
    shown, found = page.evaluate(
        """shares => {
        const { canvas, camera, view, organism: { substrate } } = app, { width, height } = canvas;
        const pixels = shares.map(([x, y]) => [Math.floor(x * width), Math.floor(y * height)]);
        const under = (x, y) => camera.place(substrate, width, height, (x + 0.5) / width, (y + 0.5) / height);
        return [pixels.map(([x, y]) => view.place[y * width + x] >> 1), pixels.map((at) => under(...at)?.cell ?? -1)];
    }""",
        shares,
    )
    assert sum(cell >= 0 for cell in shown) > 50
    assert shown == found


def test_both_ways_of_drawing_make_one_picture(open_page: Any) -> None:
    pictures = []
    for draw in ("canvas", "webgl"):
        page = open_page(f"cells=Bunny&draw={draw}")
        page.evaluate(GROW, 60)
        page.wait_for_function("!app.stale")
        data = page.evaluate(
            """() => { app.draw(); const other = new OffscreenCanvas(96, 96).getContext("2d");
            other.drawImage(app.canvas, 0, 0, 96, 96); return Array.from(other.getImageData(0, 0, 96, 96).data); }"""
        )
        pictures.append(torch.tensor(data, dtype=torch.float32).view(96, 96, 4))
    assert (pictures[0][..., 3] > 128).float().mean() > 0.15
    assert (pictures[0] - pictures[1]).abs().mean() < 4


def test_the_hand_wipes_what_is_under_it(open_page: Any, surfaces: dict[str, Data]) -> None:
    page = open_page("cells=Sphere&rule=texture-interlaced")
    page.evaluate(GROW, 30)
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    gone = torch.tensor(page.evaluate("Array.from(app.organism.engine.read())")).view(-1, 12).eq(0).all(1)
    place = page.evaluate("app.camera.place(app.organism.substrate, app.canvas.width, app.canvas.height, 0.5, 0.5)")
    distance = (surfaces["Sphere"].pos - torch.tensor(place["at"])).norm(dim=1)
    assert torch.equal(gone, distance <= 6)
    assert page.get_by_role("status").inner_text() == f"Erased {int(gone.sum())} cells."


def test_the_surface_turns_by_mouse_and_keys(open_page: Any) -> None:
    page = open_page("cells=Torus")
    canvas = page.locator("#canvas")
    box = canvas.bounding_box()
    before = page.evaluate("app.camera.setting")
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 260, box["y"] + 240)
    page.mouse.up(button="right")
    after = page.evaluate("app.camera.setting")
    assert after[1] < before[1] and after[2] > before[2]  # what is in front follows the hand
    canvas.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("app.camera.setting")[1] > after[1]
    page.keyboard.press("+")
    assert page.evaluate("app.camera.zoom") > 1
    page.keyboard.press("0")
    assert page.evaluate("app.camera.setting") == pytest.approx(before)


def test_two_fingers_turn_it_and_one_is_the_tool(open_page: Any) -> None:
    page = open_page("cells=Bunny&rule=texture-interlaced", has_touch=True)
    page.evaluate(GROW, 5)
    box = page.locator("#canvas").bounding_box()
    cdp = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": box["x"] + x, "y": box["y"] + y, "id": k} for k, (x, y) in enumerate(points)]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    before = page.evaluate("app.camera.setting")
    touch("touchStart", (200, 200), (300, 200))
    touch("touchMove", (240, 200), (340, 200))
    touch("touchEnd")
    assert page.evaluate("app.camera.setting")[1] < before[1]
    x, y = box["width"] / 2, box["height"] / 2
    touch("touchStart", (x, y))
    touch("touchEnd")
    assert page.get_by_role("status").inner_text().startswith("Erased")


def test_the_page_begins_where_the_seed_is(open_page: Any, surfaces: dict[str, Data]) -> None:
    page = open_page("cells=Sphere&rule=growing-lizard")
    azimuth = page.evaluate("app.camera.azimuth")
    normal = surfaces["Sphere"].normal[0]
    assert azimuth == pytest.approx(math.atan2(normal[0], normal[2]), abs=1e-3)


def test_upwards_is_upwards(open_page: Any, surfaces: dict[str, Data]) -> None:
    """The field turns a pattern so that its up, (0, -1) in the cell's turned frame, points up in space."""
    page = open_page("cells=Sphere&rule=growing-lizard&field=upright")
    topology = surfaces["Sphere"]
    turns = torch.tensor(
        page.evaluate("Array.from({ length: app.organism.substrate.cells }, (_, i) => app.organism.turnAt(i))")
    )
    second = torch.linalg.cross(topology.frame, topology.normal)
    up = turns.sin()[:, None] * topology.frame - turns.cos()[:, None] * second
    level = topology.normal[:, 1].abs() < 0.9
    wanted = torch.tensor([0.0, 1.0, 0.0]) - topology.normal[:, 1:2] * topology.normal
    torch.testing.assert_close(up[level], (wanted / wanted.norm(dim=1, keepdim=True))[level], atol=1e-3, rtol=0)


def test_from_the_plane_to_a_surface_growth_starts_again(open_page: Any) -> None:
    page = open_page("cells=Squares&rule=growing-lizard")
    page.evaluate(GROW, 20)
    page.get_by_role("radio", name="Sphere", exact=True).check()
    assert page.evaluate("[app.organism.steps, app.organism.engine.numLiving > 1]") == [0, True]
    assert "from its seed" in page.get_by_role("status").inner_text()


def test_a_link_keeps_the_view(open_page: Any) -> None:
    page = open_page("cells=Bunny&view=2.00,1.00,0.50,1.00,2.00")
    assert page.evaluate("app.camera.setting") == [2, 1, 0.5, 1, 2]
    assert "view=2.00%2C1.00%2C0.50%2C1.00%2C2.00" in page.evaluate("String(app.controls.link.settings())")
