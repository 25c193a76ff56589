"""The application: a design is floorplan, package, power and thermal together."""

# Loaded at first use, as the stub beside this file says.

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
