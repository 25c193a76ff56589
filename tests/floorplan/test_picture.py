from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from shapely import box

import floorplan
from floorplan import BlockKind
from floorplan.picture import block_map, draw, save_png
from techlib import InputError


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


def has_color(image, color):
    wanted = np.round(np.array(to_rgb(color)) * 255)
    return bool((np.abs(image.astype(float) - wanted).max(axis=2) <= 1).any())


def test_every_kind_is_drawn_and_named(built_in):
    figure = draw(built_in)
    image = pixels(figure)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    for kind in {block.kind for _, block, _ in built_in.placed_blocks()}:
        layer = floorplan.layer_map().of_block(kind)
        assert layer.title in legend
        assert has_color(image, layer.color), kind
    assert {"HBM stack", "spare, fused off"} <= set(legend)


def test_labels_lie_inside_and_apart(built_in):
    figure = draw(built_in)
    figure.canvas.draw()
    axes = figure.axes[0]
    inside = [t for t in axes.texts if not t.get_text().endswith(" mm")]
    boxes = [text.get_window_extent() for text in inside]
    frame = axes.get_window_extent()
    assert {stack.name for stack in built_in.stacks} <= {t.get_text().split()[0] for t in inside}
    for index, one in enumerate(boxes):
        assert frame.x0 <= one.x0 < one.x1 <= frame.x1
        for other in boxes[index + 1 :]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0
            assert apart or one.y1 <= other.y0 or other.y1 <= one.y0


def test_the_scale_bar_is_to_scale(jalapeno):
    axes = draw(jalapeno).axes[0]
    (text,) = [t.get_text() for t in axes.texts if t.get_text().endswith(" mm")]
    bar = axes.lines[0].get_xdata()
    assert bar[1] - bar[0] == float(text.removesuffix(" mm"))
    assert axes.get_xlim() == (0.0, jalapeno.width_um / 1e3)


def test_the_same_figure_gives_the_same_bytes(jalapeno, tmp_path):
    first, second = (save_png(draw(jalapeno), tmp_path / name) for name in ("a.png", "b.png"))
    assert first.read_bytes() == second.read_bytes()
    assert imread(first).shape[1] == 1760


def test_a_map_shows_values_and_leaves_the_rest_grey(jalapeno):
    values = {k: 1.0 for k, b, _ in jalapeno.placed_blocks() if b.kind is BlockKind.TENSOR}
    values |= {stack.dram_key: 0.0 for stack in jalapeno.stacks}
    figure = block_map(jalapeno, values, label="power density [W/mm²]", cmap="viridis")
    image = pixels(figure)
    colors = matplotlib.colormaps["viridis"]
    assert has_color(image, colors(1.0))
    assert has_color(image, colors(0.0))
    assert has_color(image, "#e3e5e8")
    assert figure.axes[1].get_ylabel() == "power density [W/mm²]"
    assert figure.axes[1].get_ylim() == (0.0, 1.0)


def test_limits_of_a_map_can_be_given(jalapeno):
    key = jalapeno.heat_keys[0]
    figure = block_map(jalapeno, {key: 60.0}, label="T [°C]", limits=(40.0, 105.0))
    assert figure.axes[1].get_ylim() == (40.0, 105.0)


def test_a_map_without_values_is_refused(jalapeno):
    with pytest.raises(InputError, match="no block or stack of it has a finite value"):
        block_map(jalapeno, {"elsewhere": 1.0, "compute/host": np.nan}, label="x")


def test_no_global_state_of_matplotlib_is_touched(jalapeno):
    before = dict(matplotlib.rcParams)
    draw(jalapeno)
    assert dict(matplotlib.rcParams) == before


def test_a_missing_folder_is_an_input_error(jalapeno, tmp_path):
    with pytest.raises(InputError, match="the folder does not exist; make it first"):
        save_png(draw(jalapeno), tmp_path / "no" / "x.png")


def test_keepouts_are_hatched_and_what_is_not_there_has_no_legend(jalapeno):
    def legend(plan):
        return [text.get_text() for text in draw(plan).axes[0].get_legend().get_texts()]

    die = replace(jalapeno.dies[0], keepouts=(box(5_000, 5_000, 6_000, 7_000),))
    alone = replace(jalapeno, dies=(die,), stacks=())
    assert "keep-out" in legend(alone)
    assert "HBM stack" not in legend(alone)
    assert "keep-out" not in legend(jalapeno)
    hatched = [c for c in draw(alone).axes[0].collections if c.get_hatch() and c.get_linewidth()[0]]
    points = hatched[0].get_paths()[0].vertices
    corner_mm = [(die.x_um + 5_000) / 1e3, (die.y_um + 5_000) / 1e3]
    assert points.min(axis=0) == pytest.approx(corner_mm)
