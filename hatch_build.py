"""Puts compiled engines into a wheel that is made for others, where `HATCH_BUILD_HOOKS_ENABLE` asks for them.

Where somebody installs a checkout there is no need: an engine for that very machine is compiled on the first rollout.
"""

import sys
import sysconfig
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = "graphnca/engine/native"


class EngineHook(BuildHookInterface):
    """Compiles while the wheel is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are gathered."""
        if version == "editable":
            return
        package = ModuleType("native")  # of the package itself, an import needs PyTorch
        package.__path__ = [str(Path(self.root, NATIVE))]
        sys.modules["native"] = package
        self.folder = TemporaryDirectory()  # as long as the wheel is made
        for library in import_module("native.prebuilt").make_libraries(Path(self.folder.name)):
            build_data["force_include"][str(library)] = f"{NATIVE}/libraries/{library.name}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
