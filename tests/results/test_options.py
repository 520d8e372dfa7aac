"""The command line of an experiment."""

from dataclasses import dataclass

import pytest

from graphnca.results.options import from_command_line


@dataclass(frozen=True)
class Config:
    """A configuration."""

    rule: str
    """The rule,
    or 100 % of one."""
    num_steps: int = 5
    rates: tuple[float, ...] = (0.5,)
    publish: bool = False
    """Whether it is published."""


def test_fields_without_an_option_keep_their_defaults():
    assert from_command_line(Config, "", arguments=["name"]) == Config("name")


def test_every_kind_of_field_is_read():
    arguments = ["name", "--num-steps", "7", "--rates", "1", "2.5", "--publish"]
    assert from_command_line(Config, "", arguments=arguments) == Config("name", 7, (1.0, 2.5), True)


def test_a_tuple_that_is_empty_by_default_is_read_by_its_type():
    @dataclass(frozen=True)
    class Moments:
        steps: tuple[int, ...] = ()

    assert from_command_line(Moments, "", arguments=["--steps", "3", "6"]) == Moments((3, 6))


def test_defaults_can_come_from_another_configuration():
    default = Config("other", 9, (1.0,), True)
    read = from_command_line(Config, "", default=default, arguments=["--no-publish"])
    assert read == Config("other", 9, (1.0,), False)


def test_the_texts_under_the_fields_are_the_help(capsys):
    with pytest.raises(SystemExit):
        from_command_line(Config, "What it does.", arguments=["--help"])
    shown = capsys.readouterr().out
    for text in ("What it does.", "The rule, or 100 % of one.", "Whether it is published.", "[0.5]"):
        assert text in shown


def test_a_missing_argument_is_named(capsys):
    with pytest.raises(SystemExit):
        from_command_line(Config, "", arguments=[])
    assert "rule" in capsys.readouterr().err


def test_fields_of_a_base_class_are_options_with_their_texts(capsys):
    @dataclass(frozen=True, kw_only=True)
    class Base:
        """What several have in common."""

        depth: int = 3
        """How deep."""

    @dataclass(frozen=True)
    class Extended(Base):
        """One of them."""

        name: str
        """What it is called."""

    assert from_command_line(Extended, "", arguments=["x", "--depth", "4"]) == Extended("x", depth=4)
    with pytest.raises(SystemExit):
        from_command_line(Extended, "", arguments=["--help"])
    shown = capsys.readouterr().out
    assert "How deep. [3]" in shown and "What it is called." in shown
