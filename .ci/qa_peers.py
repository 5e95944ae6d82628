"""What other software says of pairs of ellipsoids: internal/qa/testdata/peers.json, against which the Go test measures.

SimpleITK gives overlap and Hausdorff distance, SciPy the surface distances and the added path length by their definitions,
surface-distance (Nikolov et al.) the surface DSC. Needs numpy, scipy, SimpleITK and surface-distance: make qa-peers.
"""
import json
import sys

import numpy as np
import SimpleITK as sitk
import surface_distance
from scipy import ndimage

# size z, y, x; spacing x, y, z in mm; two ellipsoids: centre and radii x, y, z in mm; tolerance of the surface DSC in mm
CASES = [
    ((30, 60, 60), (1.27, 1.27, 3.0), ((38, 38, 45), (25, 20, 24)), ((40, 37, 48), (24, 22, 20)), 2.0),
    ((24, 70, 64), (0.9, 1.4, 5.0), ((28, 49, 60), (20, 30, 35)), ((30, 45, 57), (22, 25, 40)), 3.0),
    ((50, 50, 50), (1.0, 1.0, 1.0), ((25, 25, 25), (15, 15, 15)), ((28, 25, 25), (15, 15, 15)), 1.0),
    ((20, 40, 40), (1.95, 1.95, 5.0), ((38, 39, 48), (30, 28, 35)), ((38, 39, 48), (15, 14, 18)), 2.0),
]


def ellipsoid(shape, spacing, centre, radii):
    z, y, x = np.indices(shape)
    return (((x * spacing[0] - centre[0]) / radii[0]) ** 2 + ((y * spacing[1] - centre[1]) / radii[1]) ** 2
            + ((z * spacing[2] - centre[2]) / radii[2]) ** 2) <= 1


def surface(mask):
    return mask & ~ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))


def distances(a, b, spacing):
    """From the surface voxels of a to the nearest of b."""
    return ndimage.distance_transform_edt(~surface(b), sampling=spacing[::-1])[surface(a)]


def added_path(ref, test, spacing):
    cross = ndimage.generate_binary_structure(2, 1)
    n = 0
    for r, t in zip(ref, test):
        n += np.count_nonzero((r & ~ndimage.binary_erosion(r, cross)) & ~(t & ~ndimage.binary_erosion(t, cross)))
    return n * (spacing[0] + spacing[1]) / 2


def measure(shape, spacing, one, two, tolerance):
    a, b = ellipsoid(shape, spacing, *one), ellipsoid(shape, spacing, *two)
    images = []
    for m in (a, b):
        image = sitk.GetImageFromArray(m.astype(np.uint8))
        image.SetSpacing(spacing)
        images.append(image)
    overlap, hausdorff = sitk.LabelOverlapMeasuresImageFilter(), sitk.HausdorffDistanceImageFilter()
    overlap.Execute(*images)
    hausdorff.Execute(*images)
    ab, ba = distances(a, b, spacing), distances(b, a, spacing)
    peer = surface_distance.compute_surface_distances(a, b, spacing_mm=spacing[::-1])
    return {
        "shape_zyx": shape, "spacing_xyz_mm": spacing, "one": one, "two": two, "tolerance_mm": tolerance,
        "voxels": [int(a.sum()), int(b.sum())],
        "dsc": overlap.GetDiceCoefficient(),
        "hd_mm": hausdorff.GetHausdorffDistance(),
        "hd95_mm": float(max(np.percentile(ab, 95), np.percentile(ba, 95))),
        "asd_mm": float((ab.sum() + ba.sum()) / (len(ab) + len(ba))),
        "surface_dsc": float(surface_distance.compute_surface_dice_at_tolerance(peer, tolerance)),
        "area_mm2": [float(peer["surfel_areas_gt"].sum()), float(peer["surfel_areas_pred"].sum())],
        "added_path_mm": float(added_path(a, b, spacing)),
    }


json.dump([measure(*c) for c in CASES], open(sys.argv[1], "w"), indent=1)
