"""Builds the fonts in `ui/static` from npm's Inter (SIL Open Font License): `python -m ui.build_fonts`, once.

Needs npm, fonttools and brotli. Two things are changed. Digits are mapped to their tabular forms in the file itself:
long tables are drawn on a canvas and figures set their own font features, so a style sheet reaches neither. And the
symbols of teams and verdicts, which Inter's web subsets lack, come as a small face of their own, so that every system
shows the same.
"""

import math
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

PACKAGE = "@fontsource-variable/inter@5.3.0"
STATIC = Path(__file__).parent / "static"
DIGITS = frozenset({"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"})
MIDDLE, CENTRE, ADVANCE, UNITS = 364, 400, 800, 1000

Point = tuple[float, float]
Loop = list[Point]


def build() -> None:
    """Fetch Inter, write the three font files and its licence into `ui/static`."""
    with tempfile.TemporaryDirectory() as scratch:
        package = fetch(Path(scratch))
        for subset in ("latin", "latin-ext"):
            tabular(package / f"files/inter-{subset}-wght-normal.woff2", STATIC / f"inter-tab-{subset}.woff2")
        (STATIC / "inter-OFL.txt").write_bytes((package / "LICENSE").read_bytes())
    symbols(STATIC / "accord-symbols.woff2")


def fetch(folder: Path) -> Path:
    """Download and unpack the npm package; returns the unpacked folder."""
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def tabular(source: Path, target: Path) -> None:
    """Copy a font with its digits as wide as each other; brackets and spaces, which `tnum` changes too, stay."""
    font = TTFont(source)
    table = font["GSUB"].table
    wanted = {
        i
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for i in record.Feature.LookupListIndex
    }
    swap: dict[str, str] = {}
    for i in wanted:
        for sub in table.LookupList.Lookup[i].SubTable:
            mapping = getattr(getattr(sub, "ExtSubTable", sub), "mapping", {})
            swap |= {name: wide for name, wide in mapping.items() if name in DIGITS}
    for cmap in font["cmap"].tables:
        cmap.cmap.update({code: swap[name] for code, name in cmap.cmap.items() if name in swap})
    font.flavor = "woff2"
    font.save(target)


def symbols(target: Path) -> None:
    """Write the face of symbols: teams, verdicts, arrows and comparisons."""
    glyphs = {code: _glyph(loops) for code, loops in drawings().items()}
    names = {code: f"u{code:04X}" for code in glyphs}
    shapes = {".notdef": TTGlyphPen(None).glyph()} | {names[code]: glyph for code, glyph in glyphs.items()}
    font = FontBuilder(UNITS, isTTF=True)
    font.setupGlyphOrder(list(shapes))
    font.setupCharacterMap(names)
    font.setupGlyf(shapes)
    for glyph in shapes.values():
        glyph.recalcBounds(font.font["glyf"])
    font.setupHorizontalMetrics({name: (ADVANCE, getattr(glyph, "xMin", 0)) for name, glyph in shapes.items()})
    font.setupHorizontalHeader(ascent=969, descent=-242)
    font.setupNameTable({"familyName": "Accord Symbols", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=969, sTypoDescender=-242, usWinAscent=969, usWinDescent=242)
    font.setupPost()
    font.font.flavor = "woff2"
    font.save(target)


def drawings() -> dict[int, list[Loop]]:
    """Code point to outlines, each a closed loop, clockwise where filled and the other way where it is a hole."""
    x, y = CENTRE, MIDDLE
    ring = [_round(300), _round(215)[::-1]]
    small = [[(px * 0.62 + dx, (py - y) * 0.62 + y) for px, py in loop] for dx in (-18, 322) for loop in ring]
    return {
        0x25CF: [_round(300)],
        0x25CB: ring,
        0x25C6: [[(x, y + 385), (785, y), (x, y - 385), (15, y)]],
        0x25A0: [[(130, y + 270), (670, y + 270), (670, y - 270), (130, y - 270)]],
        0x25B2: [[(x, y + 340), (760, y - 280), (40, y - 280)]],
        0x25BC: [[(x, y - 340), (40, y + 280), (760, y + 280)]],
        0x25C0: [[(60, y), (680, y + 360), (680, y - 360)]],
        0x25B6: [[(740, y), (120, y - 360), (120, y + 360)]],
        0x25C2: [[(220, y), (580, y + 210), (580, y - 210)]],
        0x25B8: [[(580, y), (220, y - 210), (220, y + 210)]],
        0x2605: [_star(5, 380, 155)],
        0x271A: [_cross(110, 330)],
        0x2B22: [_star(6, 345, 345 * math.cos(math.pi / 6))],
        0x2B1F: [_star(5, 355, 355 * math.cos(math.pi / 5))],
        0x2192: [_stroke([(40, y), (740, y)], 95), _stroke([(470, y + 270), (745, y), (470, y - 270)], 95)],
        0x2190: [_stroke([(760, y), (60, y)], 95), _stroke([(330, y - 270), (55, y), (330, y + 270)], 95)],
        0x2713: [_stroke([(70, y - 20), (310, y - 260), (740, y + 290)], 110)],
        0x2715: [_stroke([(120, y + 280), (680, y - 280)], 120), _stroke([(680, y + 280), (120, y - 280)], 120)],
        0x221E: small,
        0x2265: [
            _stroke([(110, y + 300), (690, y + 90), (110, y - 120)], 90),
            _stroke([(110, y - 290), (690, y - 290)], 90),
        ],
        0x2264: [
            _stroke([(690, y + 300), (110, y + 90), (690, y - 120)], 90),
            _stroke([(110, y - 290), (690, y - 290)], 90),
        ],
    }


def _glyph(loops: Sequence[Loop]):
    pen = TTGlyphPen(None)
    for loop in loops:
        first, *rest = [(round(px), round(py)) for px, py in loop]
        pen.moveTo(first)
        for point in rest:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def _round(radius: float, corners: int = 48) -> Loop:
    return [_at(radius, -k / corners) for k in range(corners)]


def _star(arms: int, outer: float, inner: float) -> Loop:
    return [_at(inner if k % 2 else outer, 0.25 - k / (2 * arms)) for k in range(2 * arms)]


def _cross(half: float, arm: float) -> Loop:
    quarter = [(half, arm), (half, half), (arm, half)]
    turns = [lambda a, b: (a, b), lambda a, b: (b, -a), lambda a, b: (-a, -b), lambda a, b: (-b, a)]
    return [(CENTRE + px, MIDDLE + py) for turn in turns for px, py in (turn(a, b) for a, b in quarter)]


def _at(radius: float, turn: float) -> Point:
    return CENTRE + radius * math.cos(2 * math.pi * turn), MIDDLE + radius * math.sin(2 * math.pi * turn)


def _stroke(points: Sequence[Point], width: float) -> Loop:
    there, back = [], []
    for i, (px, py) in enumerate(points):
        sides = [_normal(points[j], points[j + 1]) for j in (i - 1, i) if 0 <= j < len(points) - 1]
        mx, my = (sum(side[axis] for side in sides) / len(sides) for axis in (0, 1))
        reach = width / 2 / (mx * mx + my * my)
        there.append((px + mx * reach, py + my * reach))
        back.append((px - mx * reach, py - my * reach))
    return there + back[::-1]


def _normal(a: Point, b: Point) -> Point:
    length = math.dist(a, b)
    return -(b[1] - a[1]) / length, (b[0] - a[0]) / length


if __name__ == "__main__":
    build()
