"""What a result was computed on."""

import os
import platform
from pathlib import Path

import torch


def machine() -> str:
    """Processor, cores, threads in use and version of PyTorch, for cards and tables."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s), torch {torch.__version__}"
