"""Reads what Clipwright wrote with pydicom, dicompyler-core and rt-utils, and compares it with the masks it was made from.

Usage: dicom_peers.py DIR, a folder with ct/, rs.dcm and masks.json, which TestPythonPeersAgree writes: for each structure its
voxels as [z, y, x] in the order of the slices along row x column, and whether the CT is upright.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pydicom
from dicompylercore.dicomparser import DicomParser
from rt_utils import RTStructBuilder


def load(folder):
    images = [pydicom.dcmread(f) for f in sorted((folder / "ct").iterdir())]
    row, col = (np.array(images[0].ImageOrientationPatient[i : i + 3], float) for i in (0, 3))
    images.sort(key=lambda d: np.dot(np.cross(row, col), np.array(d.ImagePositionPatient, float)))
    return images, row, col


def even_odd(contours, shape):
    """Pixels whose centre lies inside, over all polygons of one plane together; points are (x, y) in pixels."""
    inside = np.zeros(shape, bool)
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    for points in contours:
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0)):
            if y0 == y1:
                continue
            crosses = (np.minimum(y0, y1) <= ys) & (ys < np.maximum(y0, y1))
            inside ^= crosses & (xs >= x0 + (ys - y0) * (x1 - x0) / (y1 - y0))
    return inside


def by_pydicom(rs, images, row, col, number):
    """The mask of an ROI, slices found by ContourImageSequence alone."""
    slice_of = {d.SOPInstanceUID: z for z, d in enumerate(images)}
    shape = (images[0].Rows, images[0].Columns)
    planes = {}
    item = next(c for c in rs.ROIContourSequence if c.ReferencedROINumber == number)
    for contour in item.ContourSequence:
        assert contour.ContourGeometricType == "CLOSED_PLANAR" and len(contour.ContourData) == 3 * contour.NumberOfContourPoints
        z = slice_of[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        d = np.array(contour.ContourData, float).reshape(-1, 3) - np.array(images[z].ImagePositionPatient, float)
        off = np.abs(d @ np.cross(row, col)).max()
        assert off < 0.002, f"a contour lies {off:.3f} mm off its image"
        points = np.stack([d @ row / images[z].PixelSpacing[1], d @ col / images[z].PixelSpacing[0]], axis=1)
        planes.setdefault(z, []).append(points)
    mask = np.zeros((len(images), *shape), bool)
    for z, contours in planes.items():
        mask[z] = even_odd(contours, shape)
    return mask


def grown(mask):
    """One pixel further in plane, diagonals included."""
    out = mask.copy()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            out |= np.roll(mask, (dy, dx), axis=(1, 2))
    return out


def main(folder):
    want = json.loads((folder / "masks.json").read_text())
    images, row, col = load(folder)
    rs = pydicom.dcmread(folder / "rs.dcm")
    shape = (len(images), images[0].Rows, images[0].Columns)
    numbers = {r.ROIName: r.ROINumber for r in rs.StructureSetROISequence}
    assert sorted(numbers) == sorted([s["name"] for s in want["structures"]] + ["Point"]), numbers
    others = RTStructBuilder.create_from(str(folder / "ct"), str(folder / "rs.dcm"))
    parser = DicomParser(str(folder / "rs.dcm"))
    listed = {s["name"]: key for key, s in parser.GetStructures().items()}
    voxel_cc = np.prod([float(v) for v in images[0].PixelSpacing]) * float(images[0].SliceThickness) / 1000
    checked = 0
    for s in want["structures"]:
        mask = np.zeros(shape, bool)
        mask[tuple(np.array(s["voxels"]).T)] = True
        theirs = by_pydicom(rs, images, row, col, numbers[s["name"]])
        assert (theirs == mask).all(), f"{s['name']}: pydicom's pixels differ in {(theirs != mask).sum()} of {mask.sum()}"

        drawn = np.moveaxis(others.get_roi_mask_by_name(s["name"]), 2, 0)  # rounds to whole pixels and fills the edge
        assert drawn.any(axis=(1, 2)).tolist() == mask.any(axis=(1, 2)).tolist(), f"{s['name']}: rt-utils finds other slices"
        assert (drawn <= grown(mask)).all() and (mask <= grown(drawn)).all(), f"{s['name']}: rt-utils is more than a pixel off"

        planes = parser.GetStructureCoordinates(listed[s["name"]])
        assert sum(len(p) for p in planes.values()) == s["contours"], f"{s['name']}: dicompyler-core finds {planes.keys()}"
        if want["upright"]:
            volume = parser.CalculateStructureVolume(planes, float(images[0].SliceThickness))
            counts = mask.sum(axis=(1, 2))
            counts = counts[counts > 0].astype(float)
            if len(counts) > 1:  # it counts the end planes half
                counts[[0, -1]] /= 2
            expected = counts.sum() * voxel_cc
            tolerance = 0.01 * expected if expected >= 0.5 else 0.03 * expected + 2 * float(images[0].SliceThickness) / 1000
            assert abs(volume - expected) <= tolerance, f"{s['name']}: dicompyler-core says {volume:.3f} cc, we {expected:.3f}"
        checked += 1
    point = next(c for c in rs.ROIContourSequence if c.ReferencedROINumber == numbers["Point"])
    assert point.ContourSequence[0].ContourGeometricType == "POINT" and len(point.ContourSequence[0].ContourData) == 3
    print(f"{checked} structures agree with pydicom {pydicom.__version__}, rt-utils and dicompyler-core")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
