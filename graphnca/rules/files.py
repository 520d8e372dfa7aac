"""A rule on disk: its tensors as safetensors, and beside them, in the same file, a description that a person can read.

The file NAME.safetensors carries one metadata entry, `graphnca`, a JSON object:

    {"format": 1,
     "architecture": {"num_channels": 16, "perception": "isonca", "gains": {...}, "life_mask": "pre", ...},
     "parameters": 9408,
     "genomes": ["rose", "tulip"],
     "card": {...},
     "sha256": "..."}

The tensors are the rule's, and those named `genome.NAME` are the hidden channels of the seeds that it was trained with
(`graphnca.training.Genome`); `genomes` is there if there are any.

`architecture` holds every constructor argument of `NCAConv`, so the file alone rebuilds the rule. `sha256` is the
digest of everything else, tensors and description; files from before there was one are read without. NAME.json beside
it repeats the description, but for the digest, for whoever opens the folder; `load_rule` never reads it.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from ..arguments import checked
from ..atomic_file import write_atomically
from ..layers import NCAConv
from ..regions import VISIBLE
from ..shipped import SUFFIX, shipped_file, shipped_rules

FORMAT = 1  # raised when a reader of this version could misread the file
METADATA_KEY = "graphnca"  # one key, because safetensors does not keep the order of several: equal rules, equal bytes
GENOME = "genome."  # before the name of a genome's tensor
DIGEST = "sha256"
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


@checked
def save_rule(
    rule: NCAConv,
    path: str | os.PathLike[str],
    card: Mapping[str, Any] | None = None,
    *,
    genomes: Mapping[str, Tensor] | None = None,
) -> None:
    """Write `rule` to `path` (NAME.safetensors) and its description to NAME.json beside it.

    Each file replaces its predecessor only when it is complete.

    Args:
        rule: The rule. Its parameters may live on any device.
        path: A path ending in `.safetensors` in an existing folder.
        card: How the rule came to be and what it was measured to do: a mapping of JSON values, without NaN.
        genomes: By name, the hidden channels `(C - 4,)` of the seeds that the rule reads.

    Raises:
        ValueError: If `path` has another ending, a parameter is not finite, a genome is of another length, or `card` is
            not JSON.
        FileNotFoundError: If the folder does not exist.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise ValueError(f"`path` must end in {SUFFIX!r}, got {str(path)!r}.")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in rule.state_dict().items()}
    for name, genome in (genomes or {}).items():
        if genome.shape != (rule.num_channels - VISIBLE,):
            raise ValueError(
                f"`genomes` must have {rule.num_channels - VISIBLE} numbers each, got shape {tuple(genome.shape)} "
                f"of {name!r}."
            )
        tensors[f"{GENOME}{name}"] = genome.detach().cpu().contiguous()
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"`rule` must have finite parameters, got NaN or infinity in {name!r}.")
    description = {
        "format": FORMAT,
        "architecture": rule.config,
        "parameters": sum(parameter.numel() for parameter in rule.parameters()),
        **({"genomes": sorted(genomes)} if genomes else {}),
        "card": dict(card or {}),
    }
    try:
        compact = json.dumps(description, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`card` must hold JSON values (no NaN, no tensors, string keys): {error}.") from error
    sealed = json.dumps({**json.loads(compact), DIGEST: _digest(compact, tensors)})
    write_atomically(path, save(tensors, metadata={METADATA_KEY: sealed}))
    write_atomically(path.with_suffix(".json"), (json.dumps(description, indent=2) + "\n").encode())


@checked
def load_rule(name_or_path: str | os.PathLike[str], *, device: torch.device | str = "cpu") -> NCAConv:
    """Rebuild a rule: a shipped one by name, any other by path.

    Args:
        name_or_path: One of `shipped_rules()`, or the path of a file that `save_rule` wrote. A string without a
            folder and without the ending `.safetensors` is a name.
        device: Where the parameters shall live.

    Returns:
        The rule, with the dtype it was saved with, in evaluation mode: a rollout keeps no record for a backward pass,
        which takes its steps again if there is one. `rule.train()` for training on.

    Raises:
        FileNotFoundError: If there is no file at the path.
        ValueError: If there is no shipped rule of that name, or the file is damaged, is no rule, comes from a newer
            version, or its tensors do not fit its architecture or are not finite. Nothing is built before that is
            known, so that a small file takes little memory whatever it claims.
    """
    try:
        device = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"`device` must be one that torch knows, such as 'cpu' or 'cuda', got {device!r}.") from error
    path = _locate(name_or_path)
    description, tensors = _read(path)
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(GENOME)}
    with torch.device("meta"):  # shapes without memory
        shapes = _build(path, description["architecture"]).state_dict()
    dtypes = {tensor.dtype for tensor in tensors.values()}
    dtype = dtypes.pop() if len(dtypes) == 1 else torch.float32
    _check_tensors(path, shapes, tensors, dtype)
    rule = _build(path, description["architecture"]).to(dtype)
    rule.load_state_dict(tensors)
    return rule.to(device).eval()


@checked
def load_genomes(name_or_path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The hidden channels `(C - 4,)` of the seeds that a rule was trained with, by name; none for most rules.

    `with_genome(point_seed(topology, C), genome)` is the seed with one of them.

    Args:
        name_or_path: As for `load_rule`.

    Raises:
        FileNotFoundError: As for `load_rule`.
        ValueError: As for `load_rule`, but for the rule's own tensors, which are not looked at.
    """
    path = _locate(name_or_path)
    description, tensors = _read(path)
    genomes = {name.removeprefix(GENOME): tensor for name, tensor in tensors.items() if name.startswith(GENOME)}
    expected = (description["architecture"].get("num_channels", 0) - VISIBLE,)
    for name, genome in genomes.items():
        if genome.shape != expected or not torch.isfinite(genome).all():
            raise ValueError(f"{path}: genome {name!r} must be finite and of shape {expected}, got {genome}.")
    return dict(sorted(genomes.items()))


@checked
def describe_rule(name_or_path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the description of a rule on disk: `format`, `architecture`, `parameters` and `card`.

    Args:
        name_or_path: As for `load_rule`.

    Raises:
        FileNotFoundError: As for `load_rule`.
        ValueError: As for `load_rule`, but for the tensors, which are not looked at.
    """
    return _read(_locate(name_or_path))[0]


def _locate(name_or_path: str | os.PathLike[str]) -> Path:
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, str) and not text.endswith(SUFFIX) and Path(text).name == text:
        if text not in shipped_rules():
            raise ValueError(
                f"`name_or_path` must be one of the shipped rules {shipped_rules()} or the path of a {SUFFIX} file, "
                f"got {text!r}."
            )
        return shipped_file(text)
    path = Path(text)
    if not path.is_file():
        raise FileNotFoundError(f"`name_or_path` must be the path of a {SUFFIX} file, but there is none at {text!r}.")
    return path


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except Exception as error:  # of many kinds: the file's, the system's, torch's for types that it does not know
        raise ValueError(f"{path} must be a whole safetensors file, but it cannot be read: {error}.") from error
    if METADATA_KEY not in metadata:
        raise ValueError(
            f"{path} must be a rule written by `save_rule`, but its metadata has no {METADATA_KEY!r} entry. "
            "Published model files are read by graphnca.importers."
        )
    description = _parsed(path, metadata[METADATA_KEY])
    if not isinstance(description, dict) or not isinstance(description.get("format"), int):
        raise ValueError(f"{path} must describe its rule with a `format` number, got {description!r}.")
    if description["format"] > FORMAT:
        raise ValueError(
            f"{path} has format {description['format']}, newer than the {FORMAT} that this version of graphnca reads."
        )
    digest = description.pop(DIGEST, None)
    if digest is not None and digest != _digest(json.dumps(description), tensors):
        raise ValueError(f"{path} is damaged: it has another {DIGEST} than what was saved.")
    description.setdefault("card", {})
    for name in ("architecture", "card"):
        if not isinstance(description.get(name), dict):
            raise ValueError(f"{path} must describe the rule's `{name}` by names, got {description.get(name)!r}.")
    genomes = sorted(name.removeprefix(GENOME) for name in tensors if name.startswith(GENOME))
    own = [tensor for name, tensor in tensors.items() if not name.startswith(GENOME)]
    description["parameters"] = sum(tensor.numel() for tensor in own)  # counted, whatever the file says
    if genomes:
        description["genomes"] = genomes
    else:
        description.pop("genomes", None)
    return description, tensors


def _parsed(path: Path, text: str) -> Any:
    def refused(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number of JSON")

    def finite(digits: str) -> float:
        return value if math.isfinite(value := float(digits)) else refused(digits)

    try:
        return json.loads(text, parse_constant=refused, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must describe its rule in JSON, but the description is damaged: {error}.") from error


def _digest(description: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of a description, as JSON, and of the names, types, shapes and bytes of the tensors."""
    digest = hashlib.sha256(json.dumps(json.loads(description)).encode())  # as whoever reads it will write it
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _build(path: Path, architecture: dict[str, Any]) -> NCAConv:
    # JSON knows no tuples; NCAConv's filter names come as one.
    arguments: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in architecture.items()
    }
    try:
        return NCAConv(**arguments)
    except Exception as error:  # of any kind: what a file says reaches every line of the constructors
        raise ValueError(f"{path} describes an architecture that NCAConv does not know: {error}") from error


def _check_tensors(
    path: Path, expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor], dtype: torch.dtype
) -> None:
    missing, unknown = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or unknown:
        raise ValueError(f"{path} must hold the tensors {sorted(expected)}: missing {missing}, not known {unknown}.")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise ValueError(
                f"{path}: {name!r} must have the shape {tuple(expected[name].shape)} of the described architecture, "
                f"got {tuple(tensor.shape)}."
            )
        if tensor.dtype not in DTYPES:
            raise ValueError(f"{path}: {name!r} must be of one of the types {DTYPES}, got {tensor.dtype}.")
        if not torch.isfinite(tensor.to(dtype)).all():
            raise ValueError(f"{path}: {name!r} must be finite, got NaN or infinity.")
