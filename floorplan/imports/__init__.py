"""Floorplans of other tools, read as sketches and made into floorplans by rules."""
