"""What the command lines of results on textures have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FeatureOptions:
    """Whose features see the pictures."""

    features: str = "vgg16"
    """What sees the pictures: vgg16, filter-bank, or the path of a file of weights."""
    precision: str = "float32"
    """Type of a VGG's convolutions: float32 or bfloat16, which some processors compute in half the time."""


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions(FeatureOptions):
    """Which rules are measured, and what against."""

    rule: tuple[str, ...] = ()
    """Shipped texture rules or .safetensors files; empty: every shipped texture."""
    template: str = ""
    """What pictures are compared with: a drawn template or an image; empty: what the rule was trained on."""
