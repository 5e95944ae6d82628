"""Writes the Chinese glyphs that the window and the reports draw, from Noto Sans CJK (SIL OFL 1.1).

    python assets/fonts/subset.py NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

Regular holds the 6,763 characters of GB 2312, so that names of patients can be read; Bold holds its 3,755
common ones and what else assets/translations uses. Both leave everything else to the toolkit's own font, whose ascent and descent
they take over so that both stand on one line. Outlines become TrueType, which PDF writers ask for. Needs fonttools.
"""

import json
import pathlib
import sys

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, newTable

HERE = pathlib.Path(__file__).parent
TEXTS = HERE.parent / "translations"
# Marks of GB 2312 that the toolkit's font lacks, and the space, which it draws with the font of the character before.
MARKS = " 、。〈〉《》「」『』【】〔〕！（），．：；？～　"
ASCENT, DESCENT = 1.069, 0.293  # of the toolkit's Noto Sans, in em
MAX_ERROR_EM = 0.001


def gb2312(last_row):
    """Row 0xD7 ends level 1, the common characters; 0xF7 ends level 2."""
    pairs = (bytes([row, cell]) for row in range(0xB0, last_row + 1) for cell in range(0xA1, 0xFF))
    return {p.decode("gb2312", errors="ignore") for p in pairs} - {""}


def used():
    chars = set()
    for file in TEXTS.glob("*zh_Hans.json"):
        chars |= set("".join(json.loads(file.read_text(encoding="utf-8")).values()))
    return {c for c in chars if c >= "⺀"}


def to_truetype(font):
    """Replaces the CFF outlines of font by quadratic ones."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    glyf = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, {}
    upem = font["head"].unitsPerEm
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, MAX_ERROR_EM * upem, reverse_direction=True))
        glyf.glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), glyf
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
                  "maxStackElements", "maxSizeOfInstructions", "maxComponentElements"):
        setattr(maxp, field, 0)
    maxp.maxZones = 1
    font["post"].formatType, font["post"].extraNames, font["post"].mapping = 3.0, [], {}
    for table in ("CFF ", "VORG"):
        if table in font:
            del font[table]
    font.sfntVersion = "\000\001\000\000"


def write(source, characters, out):
    font = next(f for f in TTCollection(source).fonts if f["name"].getDebugName(1).startswith("Noto Sans CJK SC"))
    options = subset.Options()
    options.layout_features, options.hinting, options.notdef_outline = [], False, True
    options.drop_tables += ["vhea", "vmtx", "BASE", "GPOS", "GSUB", "DSIG"]
    options.name_IDs, options.legacy_kern = [0, 1, 2, 3, 4, 5, 6, 13, 14], False
    cut = subset.Subsetter(options)
    cut.populate(text="".join(sorted(characters)))
    cut.subset(font)
    to_truetype(font)
    upem = font["head"].unitsPerEm
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = round(ASCENT * upem), -round(DESCENT * upem), 0
    font["head"].created = font["head"].modified = 0
    font.recalcTimestamp = False
    font.save(out)
    print(f"{out}: {len(characters)} characters, {out.stat().st_size} bytes")


if __name__ == "__main__":
    regular, bold = sys.argv[1:]
    write(regular, gb2312(0xF7) | used() | set(MARKS), HERE / "NotoSansSC-Regular.ttf")
    write(bold, gb2312(0xD7) | used() | set(MARKS), HERE / "NotoSansSC-Bold.ttf")
