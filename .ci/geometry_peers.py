"""Holds our geometry kernels against SciPy and SimpleITK: reads what TestGeometryForPeers wrote, exits 1 where they differ."""

import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import ConvexHull, Delaunay

folder = Path(sys.argv[1])
bad = []


def load(name):
    return np.load(folder / f"{name}.npy").astype(bool)  # [z, y, x], 1 mm


def dice(a, b):
    return 2 * np.logical_and(a, b).sum() / (a.sum() + b.sum())


def check(what, value, least):
    print(f"{what:58s} {value:.4f} (at least {least})")
    if not value >= least:
        bad.append(what)


# The ellipsoid on voxels of a third of a mm, every third centre one of ours. Distances between voxel centres are too large
# by up to a voxel, on average by about a third of one.
FINE = 3
side = np.arange(90 * FINE) / FINE + (1 / FINE - 1) / 2
z, y, x = np.ix_(side, side, side)
fine = ((x - 44.3) / 22) ** 2 + ((y - 43.8) / 17) ** 2 + ((z - 44.6) / 19) ** 2 <= 1
ours = tuple(slice(FINE // 2, None, FINE) for _ in range(3))
outside = ndimage.distance_transform_edt(~fine, sampling=1 / FINE)[ours]
inside = ndimage.distance_transform_edt(fine, sampling=1 / FINE)[ours]
third = 0.33 / FINE
check("expand 10 mm, DSC with SciPy's distances", dice(load("expand10"), outside - third <= 10), 0.99)
check("contract 6 mm, DSC with SciPy's distances", dice(load("contract6"), inside - third > 6), 0.98)
volumes = load("expand10").sum() / (outside - third <= 10).sum()
check("expand 10 mm, volume (the smaller over the larger)", min(volumes, 1 / volumes), 0.99)

body = sitk.GetImageFromArray(load("body").astype(np.uint8))
maurer = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(body, insideIsPositive=False, squaredDistance=False, useImageSpacing=True))
check("expand 10 mm, DSC with SimpleITK's distance map", dice(load("expand10"), maurer <= 10.33), 0.98)

spots = load("spots")
labels, _ = ndimage.label(spots, structure=np.ones((3, 3, 3)))
sizes = np.bincount(labels.ravel())
sizes[0] = 0
check("islands below 0.5 cc, DSC with SciPy's labels", dice(load("islands05"), np.isin(labels, np.flatnonzero(sizes >= 500))), 1)
connected = sitk.ConnectedComponent(sitk.GetImageFromArray(spots.astype(np.uint8)), True)
kept = sitk.GetArrayFromImage(sitk.RelabelComponent(connected, minimumObjectSize=500)) > 0
check("islands below 0.5 cc, DSC with SimpleITK", dice(load("islands05"), kept), 1)


def level(field, count):
    return field >= np.partition(field.ravel(), -count)[-count]


blur = ndimage.gaussian_filter(spots.astype(np.float64), 3, mode="nearest", truncate=5)
check("smooth 3 mm, DSC with SciPy's Gaussian", dice(load("smooth3"), level(blur, spots.sum())), 0.995)
itk = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(spots.astype(np.float32)), 3))
check("smooth 3 mm, DSC with SimpleITK's Gaussian", dice(load("smooth3"), level(itk, spots.sum())), 0.99)

gaps = load("gaps")


def signed(plane):
    if not plane.any():
        return None
    return np.where(plane, ndimage.distance_transform_edt(plane) - 0.5, 0.5 - ndimage.distance_transform_edt(~plane))


between = gaps.copy()
drawn = [k for k in range(90) if gaps[k].any()]
for lower, upper in zip(drawn, drawn[1:]):
    a, b = signed(gaps[lower]), signed(gaps[upper])
    for k in range(lower + 1, upper):
        f = (k - lower) / (upper - lower)
        between[k] = (1 - f) * a + f * b >= 0
check("slices between, DSC with SciPy's distances", dice(load("between"), between), 0.999)

clips = np.argwhere(load("clips"))[:, ::-1].astype(float)  # x, y, z
faces = np.concatenate([clips + 0.5 * np.eye(3)[i] * s for i in range(3) for s in (-1, 1)])
grid = np.stack(np.meshgrid(*[np.arange(90)] * 3, indexing="ij"), axis=-1)[..., ::-1].reshape(-1, 3).astype(float)
within = (Delaunay(faces).find_simplex(grid) >= 0).reshape(90, 90, 90)
check("hull of clips, DSC with SciPy's Delaunay", dice(load("hull"), within), 0.995)
share = load("hull").sum() / ConvexHull(faces).volume
check("hull of clips, volume (the smaller over the larger)", min(share, 1 / share), 0.98)

alpha = np.zeros((90, 90, 90), bool)
for four in Delaunay(clips).simplices:
    p = clips[four]
    centre = np.linalg.solve(2 * (p[1:] - p[0]), (p[1:] ** 2).sum(1) - (p[0] ** 2).sum())
    if np.linalg.norm(centre - p[0]) <= 23:
        corners = np.concatenate([p + 0.5 * np.eye(3)[i] * s for i in range(3) for s in (-1, 1)])
        alpha |= (Delaunay(corners).find_simplex(grid) >= 0).reshape(90, 90, 90)
check("alpha shape of clips, 23 mm, DSC with SciPy's Delaunay", dice(load("alpha23"), alpha), 0.99)

if bad:
    sys.exit("differs from the peers: " + "; ".join(bad))
