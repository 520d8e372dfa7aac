"""Rules on the Hugging Face hub, by its own library: `pip install 'graphnca[hub]'`.

    HubRule(rule, card).push_to_hub("someone/my-rule")
    rule = HubRule.from_pretrained("someone/my-rule").rule

A repository holds `rule.safetensors` and `rule.json` as `save_rule` writes them, `config.json` with the architecture,
and a page. The same goes for a folder of this machine: `save_pretrained("folder")`, `from_pretrained("folder")`.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .arguments import checked
from .atomic_file import write_atomically
from .layers import NCAConv
from .rules import describe_rule, load_rule, save_rule

try:
    from huggingface_hub import ModelHubMixin, hf_hub_download
    from huggingface_hub.constants import CONFIG_NAME
except ImportError as error:
    raise ImportError("The Hugging Face hub needs huggingface_hub: pip install 'graphnca[hub]'.") from error

RULE = "rule.safetensors"
PAGE = """---
{{ card_data }}
---

A neural cellular automaton, in Python with graphnca and its extra `hub`:

```python
from graphnca.hub import HubRule

rule = HubRule.from_pretrained("{{ repo_id | default("this repository") }}").rule
```

`rule.json` says how it was trained and what was measured.
"""


class HubRule(
    ModelHubMixin,
    library_name="graphnca",
    tags=["neural-cellular-automata", "graph-neural-networks"],
    model_card_template=PAGE,
):
    """A rule with what the hub's library can do: `save_pretrained`, `from_pretrained`, `push_to_hub`.

    Args:
        rule: The rule.
        card: How it came to be (see `graphnca.save_rule`).

    Attributes:
        rule: The rule.
        card: The card.
    """

    @checked
    def __init__(self, rule: NCAConv, card: Mapping[str, Any] | None = None) -> None:
        self.rule, self.card = rule, dict(card or {})

    def _save_pretrained(self, save_directory: Path) -> None:
        save_rule(self.rule, save_directory / RULE, self.card)
        write_atomically(save_directory / CONFIG_NAME, (json.dumps(self.rule.config, indent=2) + "\n").encode())

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **download: Any) -> "HubRule":
        """Raises as `load_rule` for a file that is damaged or no rule."""
        local = os.path.isdir(model_id)  # noqa: PTH112 (as the library asks it itself)
        path = Path(model_id) / RULE if local else Path(hf_hub_download(model_id, RULE, **download))
        return cls(load_rule(path), describe_rule(path)["card"])
