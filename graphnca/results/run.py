"""An experiment from its command line to its published result: the part that is the same for all of them."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch

from ..evaluation.named import read_subject, read_subjects
from ..evaluation.subject import Subject, SubjectError
from .options import OfRule, OfRules, Options, from_command_line
from .result import Result, Tables

Config = TypeVar("Config", bound=Options)


def run(
    main: Callable[[Config, Result], None], kind: type[Config], description: str | None, *, tables: Tables | None = None
) -> None:
    """Reads the command line, runs an experiment, and writes what it leaves in `--out`.

    Args:
        main: The experiment.
        kind: Its configuration.
        description: Its docstring.
        tables: Makes its tables of its metrics.
    """
    carry_out(main, from_command_line(kind, description), tables=tables)


def run_each(
    measure: Callable[[Subject, Config, Result], None],
    kind: type[Config],
    description: str | None,
    *,
    subjects: str | Callable[[Config], Iterable[Subject]],
    tables: Tables | None = None,
) -> None:
    """Reads the command line and measures one rule after the other, each into a folder of its own in `--out`.

    Args:
        measure: What is done with a rule.
        kind: The experiment's configuration, an `OfRules`.
        description: Its docstring.
        subjects: Which rules are measured if the command line names none: all shipped ones of a kind
            (`shipped_subjects`); or what gives them.
        tables: Makes the tables of a rule of its metrics.
    """
    carry_out_each(measure, from_command_line(kind, description), subjects=subjects, tables=tables)


def carry_out(main: Callable[[Config, Result], None], config: Config, *, tables: Tables | None = None) -> None:
    """Runs an experiment with a configuration."""
    _set_up(config)
    result = Result(Path(config.out).name, config.out)
    result.record({"config": as_written(config)})
    with_sentences(main, config, result)
    result.finish(tables, publish_too=config.publish)


def carry_out_each(
    measure: Callable[[Subject, Config, Result], None],
    config: Config,
    *,
    subjects: str | Callable[[Config], Iterable[Subject]],
    tables: Tables | None = None,
) -> None:
    """Measures the rules of a configuration, one after the other."""
    _set_up(config)
    for subject in with_sentences(_subjects, config, subjects):
        name = Path(config.out).name
        result = Result(f"{name}_{subject.name}", Path(config.out) / subject.name)
        result.record({"config": {**as_written(config), "rule": subject.name}, "rule": subject.name})
        with_sentences(measure, subject, config, result)
        result.finish(tables, publish_too=config.publish)


def subject_of(config: OfRule) -> Subject:
    """The rule of a configuration."""
    return read_subject(config.rule, model=config.model or None, goal=config.target)


def subjects_of(config: OfRules, kind: str) -> list[Subject]:
    """The rules of a configuration, or all shipped ones of a kind."""
    return read_subjects(config.rule, kind, model=config.model or None, goal=config.target)


def as_written(config: Options) -> dict[str, Any]:
    """A configuration for the metrics: what is measured by, without what only says where and how fast.

    Of an absolute path its name, as in `command`.
    """
    found = {name: value for name, value in asdict(config).items() if name not in ("publish", "threads")}
    return {name: _named(value) for name, value in found.items()}


def _named(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_named(one) for one in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _subjects(config: Any, subjects: str | Callable[[Any], Iterable[Subject]]) -> list[Subject]:
    return subjects_of(config, subjects) if isinstance(subjects, str) else list(subjects(config))


def with_sentences(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the work returns; a rule that cannot be measured ends the process with a sentence."""
    try:
        return work(*arguments)
    except SubjectError as error:
        raise SystemExit(str(error)) from error


def _set_up(config: Options) -> None:
    out = Path(config.out)
    there = next(place for place in (out, *out.parents) if place.exists())
    if not there.is_dir():  # said now, not after hours
        raise SystemExit(f"--out cannot make or use the folder {config.out!r}: {str(there)!r} is a file.")
    if config.threads:
        torch.set_num_threads(config.threads)
