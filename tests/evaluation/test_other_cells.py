"""Ratios to squares and goals are what they say; cells that are no squares cost something."""

from graphnca.evaluation.other_cells import goal_met, template_on, times_square
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.templates import load_template
from topologies import substrates


def test_squares_show_the_template_as_it_is_and_meshes_roughly() -> None:
    meter = TextureMeter(FilterBank(scales=1, orientations=2), load_template("dotted", 48))
    texture = Subject("any", texture_nca())
    losses = {
        name: template_on(texture, topology, meter, 48) for name, topology in substrates(size=48, meshes=1).items()
    }
    assert losses["square"] == 0
    assert losses["hex"] > 1 < losses["voronoi 1"]
    assert losses["voronoi 1"] < meter.scale(48)["one colour"] / 3


def test_ratios_and_goals() -> None:
    entries = {"square": {"step 5": {"median loss": 4.0}}, "hex": {"step 5": {"median loss": 6.0}}}
    assert times_square(entries, 5) == {"hex": 1.5}
    sets = {"step 5": {"hex": {"within": "no"}, "voronoi 1": {"within": "open"}}}
    assert goal_met(sets) == {"at most": 1.25, "yes": 0, "open": 1, "no": 1}
