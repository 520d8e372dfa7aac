"""A subject of every kind: its seed, its target, its score; states that show the target, nearly show it, or nothing."""

import math

import pytest
import torch

from graphnca.drawing import CellCanvas
from graphnca.evaluation.pixel_error import NOTHING
from graphnca.evaluation.scores import LOSS_SCALE, seeded_position
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.evaluation.upright import painted
from graphnca.layers import NCAConv
from graphnca.models import growing_nca, isonca, texture_nca
from graphnca.rasterizers import NearestCell
from graphnca.rules import STRUCTURED_SEEDS
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.templates import load_template
from topologies import hex_grid, square_grid, voronoi_mesh

SQUARE = square_grid(72, 72)
SINGLE = Subject("single", isonca(), goal="lizard")
STRUCTURED = Subject("structured", isonca(), {"seed": "structured"}, goal="lizard")
UPRIGHT = Subject("upright", growing_nca(8, 16), {"size": 40, "padding": 16}, goal="lizard")
PLANTED = Subject("planted", growing_nca(8, 16), {"size": 10, "padding": 3, "seed at": (0.6, 0.8)}, goal="heart")


def as_states(image: torch.Tensor, channels: int = 16) -> torch.Tensor:
    """The states of squares that show an image."""
    states = torch.zeros(1, image[0].numel(), channels)
    states[0, :, : len(image)] = image.flatten(1).T
    return states


def turned(states: torch.Tensor, quarters: int) -> torch.Tensor:
    return states.view(1, 72, 72, -1).rot90(quarters, (1, 2)).reshape(1, 5184, -1)


def test_a_single_seed_is_scored_in_any_orientation() -> None:
    assert torch.equal(SINGLE.seed(SQUARE), point_seed(SQUARE))
    assert len(SINGLE.target) == 5  # RGBA and the paper's auxiliary channel
    states = as_states(SINGLE.target[:, :72, :72])  # whose seed's pixel is that of the seeded cell
    (row,) = SINGLE.measure(states, SQUARE)
    assert row["loss"] < 0.01
    assert row["relative"] == pytest.approx(row["loss"] / SINGLE.empty_loss, abs=1e-3)
    about_seed = turned(states, 1).view(1, 72, 72, -1).roll(1, 1).flatten(1, 2)
    assert SINGLE.measure(about_seed, SQUARE)[0]["loss"] < 0.01
    assert SINGLE.empty_loss == pytest.approx(38.5, abs=0.5)


def test_a_structured_seed_is_scored_in_one_orientation() -> None:
    assert torch.equal(STRUCTURED.seed(SQUARE), STRUCTURED_SEEDS["lizard"].state(SQUARE))
    image = load_target("lizard")
    states = as_states(image)
    assert torch.equal(STRUCTURED.target, image)
    assert STRUCTURED.measure(states, SQUARE)[0]["loss"] == 0
    row = STRUCTURED.measure(turned(states, 2), SQUARE)[0]
    expected = LOSS_SCALE * float((image.rot90(2, (1, 2)) - image).square().mean())
    assert row["loss"] == pytest.approx(expected, abs=0.01)
    assert row["loss"] > STRUCTURED.empty_loss / 3  # in a free orientation it would cost nothing
    assert abs(row["angle"]) == pytest.approx(180, abs=2)
    assert STRUCTURED.empty_loss == pytest.approx(LOSS_SCALE * float(image.square().mean()), rel=1e-5)


def test_a_structured_seed_can_be_turned_and_a_single_cell_cannot() -> None:
    expected = STRUCTURED_SEEDS["lizard"].state(SQUARE, angle=0.7, mirror=True)
    assert torch.equal(STRUCTURED.seed(SQUARE, angle=0.7, mirror=True), expected)
    with pytest.raises(SubjectError, match="same from all sides"):
        SINGLE.seed(SQUARE, angle=0.7)


def test_what_has_moved_is_seen_where_it_is() -> None:
    moved = as_states(load_target("lizard")).view(1, 72, 72, 16).roll((5, -9), (1, 2)).reshape(1, 5184, 16)
    assert float(STRUCTURED.loss(STRUCTURED.images(moved, SQUARE))) > 10
    there = STRUCTURED.images(moved, STRUCTURED.view(SQUARE, centre=(36.5 - 9, 36.5 + 5)))
    assert float(STRUCTURED.loss(there)) == pytest.approx(0, abs=1e-6)


def test_the_painted_target_has_no_error_and_a_turned_one_only_its_blur() -> None:
    perfect = painted(UPRIGHT.target, SQUARE)[None]
    assert float(UPRIGHT.log_error(perfect, SQUARE)) == pytest.approx(math.log10(NOTHING))
    at_an_angle = painted(UPRIGHT.target, SQUARE, angle=0.7)[None]
    upright, as_is = UPRIGHT.log_error(at_an_angle, SQUARE, angle=0.7), UPRIGHT.log_error(at_an_angle, SQUARE)
    assert float(upright) < -2.5 < -1.9 < float(as_is)
    nothing = math.log10(float(UPRIGHT.target.square().mean()))
    assert UPRIGHT.empty_log_error == pytest.approx(nothing, abs=1e-6)
    assert float(UPRIGHT.log_error(torch.zeros(1, 5184, 8), SQUARE)) == pytest.approx(nothing, abs=1e-6)


def test_the_card_says_how_large_an_upright_target_is() -> None:
    assert UPRIGHT.target.shape == (4, 72, 72)
    assert Subject("small", growing_nca(8, 16), {"size": 12, "padding": 3}, goal="heart").target.shape == (4, 18, 18)
    assert Subject("silent", growing_nca(8, 16), goal="heart").target.shape == (4, 72, 72)
    assert (PLANTED.usual_size, SINGLE.usual_size) == (16, 72)


def test_without_a_goal_there_is_a_seed_but_no_score() -> None:
    bare = Subject("bare", growing_nca(8, 16))
    assert not bare.has_target and torch.equal(bare.seed(SQUARE), point_seed(SQUARE, 8))
    assert bare.empty_log_error == pytest.approx(math.log10(NOTHING))
    with pytest.raises(SubjectError, match="what bare is to show"):
        bare.log_error(torch.zeros(1, 5184, 8), SQUARE)
    own = Subject("own", growing_nca(8, 16), picture_of_goal=torch.rand(4, 9, 9))
    assert own.has_target and own.empty_loss > 0


@pytest.mark.parametrize("topology", [square_grid(20, 20), hex_grid(22, 18), voronoi_mesh(20.0, 20.0, seed=1)])
def test_a_planted_seed_lies_where_its_picture_says(topology) -> None:
    """And on the raster in the pixel that the picture says, as near as the raster's samples can tell."""
    seed = PLANTED.seed(topology)
    assert int((seed[:, 3] > 0).sum()) == 1
    place = topology["pos"][seed[:, 3].argmax(), :2]
    assert (place - torch.tensor(seeded_position(topology)) - torch.tensor([1.0, 3.0])).norm() < 1
    alpha = PLANTED.images(seed, topology)[3]
    assert divmod(int(alpha.argmax()), 16) == (8 + 3, 8 + 1)


def test_on_squares_a_planted_picture_is_seen_as_any_other() -> None:
    topology, states = square_grid(20, 20), torch.rand(400, 8)
    usual = NearestCell(topology, 16, 16, centre=seeded_position(topology), samples=2)
    assert torch.equal(PLANTED.images(states, topology), usual(states))


def test_a_species_is_its_genome_and_the_target_of_that_name() -> None:
    genomes = {"heart": torch.ones(4), "lizard": torch.zeros(4)}
    flowers = Subject("both", growing_nca(8, 16), {"targets": ["lizard", "heart"]}, genomes)
    assert list(flowers.species) == ["lizard", "heart"]
    heart = flowers.species["heart"]
    assert torch.equal(heart.target, load_target("heart", size=40, padding=16))
    assert heart.seed(SQUARE)[:, 4:].sum() == 4
    assert torch.equal(flowers.seed(SQUARE, genome="heart"), heart.seed(SQUARE))
    half = flowers.seed(SQUARE, genome=torch.full((4,), 0.5))
    assert half[:, 4:].sum() == 2
    with pytest.raises(SubjectError, match="no genome 'hart'.*Did you mean heart"):
        flowers.seed(SQUARE, genome="hart")


def test_a_texture_starts_from_nothing_and_shows_its_first_channels() -> None:
    texture = Subject("dots", texture_nca(), {"rgb_scale": 0.5, "rgb_offset": 0.25}, goal="dotted")
    topology = square_grid(16, 16)
    assert torch.equal(texture.target, load_template("dotted", 128))
    seed = texture.seed(topology)
    assert seed.shape == (256, 12) and not seed.any()
    torch.testing.assert_close(texture.images(seed, topology), torch.full((3, 16, 16), 0.25))
    states = torch.randn(2, 256, 12)
    torch.testing.assert_close(texture.images(states, topology)[1, :, 3, 5], states[1, 3 * 16 + 5, :3] / 2 + 0.25)
    grey = texture.picture(CellCanvas(topology, scale=1), torch.full((256, 12), 0.5))
    assert grey.getpixel((3, 3)) == (128, 128, 128)
    with pytest.raises(SubjectError, match="TextureMeter"):
        texture.loss(states)


@pytest.mark.parametrize("topology", [square_grid(16, 16), hex_grid(16, 14), voronoi_mesh(16.0, 16.0, seed=1)])
def test_every_texture_fills_its_raster(topology) -> None:
    texture = Subject("dots", texture_nca(), goal="dotted")
    for scale in (1, 3):
        image = texture.view(topology, size=16, scale=scale)(torch.ones(topology.num_nodes, 1))
        torch.testing.assert_close(image, torch.ones(1, 16 * scale, 16 * scale))


def test_what_exploded_has_finite_pictures() -> None:
    states = torch.full((256, 12), float("nan"))
    states[0] = float("-inf")
    texture = Subject("dots", texture_nca())
    topology = square_grid(16, 16)
    assert texture.images(states, topology).isfinite().all()
    assert texture.picture(CellCanvas(topology, scale=1), states).size == (16, 16)


def test_a_steered_rule_is_scored_in_any_orientation_and_not_mirrored() -> None:
    rule = NCAConv(16, 8, ("identity", "steered_gradient"))
    subject = Subject("steered", rule, {"size": 24, "padding": 10}, goal="lizard")
    assert not subject.is_upright
    assert subject.target.shape == (4, 45, 45)  # the seed in the middle of a pixel
    assert float(subject.loss(subject.target.rot90(1, (-2, -1)))) == pytest.approx(0, abs=1e-3)
    assert float(subject.loss(subject.target.flip(-1))) > 0.1 * subject.empty_loss
    with pytest.raises(SubjectError, match="looks the same from all sides"):
        subject.seed(SQUARE, angle=1.0)
    pair = Subject("pair", rule, {"seed": "pair"}, goal="lizard")
    cells = [pair.seed(SQUARE, angle=angle)[:, 3].nonzero().view(-1).tolist() for angle in (0.0, math.pi / 2)]
    assert cells == [[34 * 72 + 36, 38 * 72 + 36], [36 * 72 + 34, 36 * 72 + 38]]
    with_a_frame = Subject("upright", NCAConv(16, 8, ("gradient", "steered_gradient")), goal="lizard")
    assert with_a_frame.is_upright
