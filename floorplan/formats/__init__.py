"""Layouts in the formats of other tools, and floorplans read from them."""
