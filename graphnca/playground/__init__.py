"""A page in which a rule lives: one HTML file with rules, substrates and a program, for any browser, without a server.

`export_page` writes the file, `play` opens it in the browser, `show` shows it in a cell of a notebook. All take rules
(objects, names of shipped ones or paths), and topologies by the name that the page shows. The program in `program/` is
plain JavaScript.
"""

from .container import pack_container as pack_container
from .notebook import show as show
from .page import export_page as export_page
from .play import play as play
from .rules import pack_rule as pack_rule
from .substrates import pack_topology as pack_topology

__all__ = [
    "export_page",
    "pack_container",
    "pack_rule",
    "pack_topology",
    "play",
    "show",
]
