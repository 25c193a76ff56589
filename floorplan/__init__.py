"""2-D: blocks, dies and HBM stacks on an interposer; geometry checks; layout files."""

# Loaded at first use, as the stub beside this file says, but for names that modules bear too.

import lazy_loader

from floorplan.detail_rules import detail_rules as detail_rules
from floorplan.layer_map import layer_map as layer_map
from floorplan.rule_deck import rule_deck as rule_deck
from floorplan.summary import summary as summary

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
