"""The site of a floorplan: a recipe with its names looked up, on its manufacturing grid."""

from __future__ import annotations

from dataclasses import dataclass

from floorplan.grid import Grid, Rect
from floorplan.recipe import Recipe
from floorplan.stack import Edge
from techlib import (
    Faults,
    HbmGeneration,
    InputError,
    InterposerTechnology,
    Library,
    ProcessNode,
    hbm_generations,
    interposers,
    process_nodes,
)

__all__ = ["STACK_ORDER", "Site", "stack_names"]

#: Edges in the order in which stacks and slices are numbered.
STACK_ORDER = (Edge.WEST, Edge.EAST, Edge.NORTH, Edge.SOUTH)


def stack_names(edge: Edge, count: int) -> list[str]:
    """Return the names of the stacks at an edge, from the south or the west."""
    return [f"hbm_{edge[0]}{index}" for index in range(count)]


@dataclass(frozen=True)
class Site:
    """A recipe with its names looked up and its die core in grid steps."""

    recipe: Recipe
    node: ProcessNode
    io_node: ProcessNode | None
    generation: HbmGeneration
    technology: InterposerTechnology
    grid: Grid
    core: Rect

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        nodes: Library[ProcessNode] | None,
        hbm: Library[HbmGeneration] | None,
        technologies: Library[InterposerTechnology] | None,
    ) -> Site:
        """Look every name up, and report all that are unknown."""
        nodes = process_nodes() if nodes is None else nodes
        hbm = hbm_generations() if hbm is None else hbm
        technologies = interposers() if technologies is None else technologies
        wanted: list[
            tuple[
                str, Library[ProcessNode] | Library[HbmGeneration] | Library[InterposerTechnology]
            ]
        ]
        wanted = [("node", nodes), ("hbm", hbm), ("interposer", technologies)]
        if recipe.has_io_die:
            wanted.append(("io_node", nodes))
        faults = Faults()
        for key, library in wanted:
            try:
                library.find(getattr(recipe, key), where=f"{recipe.name}.{key}")
            except InputError as error:
                faults.take(error)
        faults.raise_if_any()
        grid = Grid(round(recipe.grid_um * 1e3))
        edge = grid.up(recipe.scribe_um) + grid.up(recipe.seal_ring_um)
        core = Rect(
            edge, edge, grid.up(recipe.die_width_um) - edge, grid.up(recipe.die_height_um) - edge
        )
        return cls(
            recipe=recipe,
            node=nodes[recipe.node],
            io_node=nodes[recipe.io_node] if recipe.has_io_die else None,
            generation=hbm[recipe.hbm],
            technology=technologies[recipe.interposer],
            grid=grid,
            core=core,
        )

    @property
    def sliver(self) -> int:
        """Smallest extent of a filler, in steps."""
        return self.grid.up(self.recipe.minimum_filler_um)

    def stack_starts(self, edge: Edge) -> list[int]:
        """Return where the stacks of an edge begin along it, in die coordinates."""
        recipe, grid = self.recipe, self.grid
        count = recipe.stacks(edge)
        length = grid.up(recipe.die_width_um if edge.horizontal else recipe.die_height_um)
        body, gap = grid.up(self.generation.width_um), grid.up(recipe.stack_gap_um)
        first = (length - count * body - (count - 1) * gap) // 2
        return [first + index * (body + gap) for index in range(count)]
