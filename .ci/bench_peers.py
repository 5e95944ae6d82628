"""Times pydicom reading a CT folder and SciPy growing a ball by margins; prints `name milliseconds` lines."""

import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
from scipy.ndimage import distance_transform_edt
from scipy.signal import fftconvolve

RUNS = 25


def read(folder):
    """The CT in folder as int16 HU, [z, y, x], slices along the normal."""
    slices = [pydicom.dcmread(p) for p in Path(folder).iterdir()]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    return np.stack([(s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept)).astype(np.int16) for s in slices])


def ball(slice_mm):
    """60 cc on 512 x 512 x 100 voxels of 1.27 x 1.27 x slice_mm mm, [z, y, x]."""
    z, y, x = np.ogrid[:100, :512, :512]
    return ((z - 50) * slice_mm) ** 2 + ((y - 256) * 1.27) ** 2 + ((x - 256) * 1.27) ** 2 <= 24.3**2


def grow(mask, slice_mm):
    return distance_transform_edt(~mask, sampling=(slice_mm, 1.27, 1.27)) <= 15


def octants(slice_mm):
    """The voxels of the ellipsoid octants of R 15 L 14 A 13 P 15 S 12 I 15 mm, [z, y, x]."""
    n = math.ceil(15 / slice_mm)
    z, y, x = np.ogrid[-n : n + 1, -12:13, -12:13]
    z, y, x = z * slice_mm, y * 1.27, x * 1.27
    return ((z / np.where(z > 0, 12, 15)) ** 2 + (y / np.where(y > 0, 15, 13)) ** 2 + (x / np.where(x > 0, 14, 15)) ** 2 <= 1).astype(np.float32)


def grow_six(mask, kernel):
    return fftconvolve(mask.astype(np.float32), kernel, mode="same") > 0.5


def median_ms(call, *args):
    call(*args)  # warm
    times = []
    for _ in range(RUNS if call is not read and args[0].size < 1e6 else 5):
        start = time.perf_counter()
        call(*args)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


print("read", median_ms(read, sys.argv[1]))
for slice_mm in (3, 5):
    mask = ball(slice_mm)
    margin = (math.ceil(15 / slice_mm), 12, 12)  # the crop holds the margin and no more
    crop = tuple(slice(w.min() - m, w.max() + m + 1) for w, m in zip(np.nonzero(mask), margin))
    print(f"full-{slice_mm}mm", median_ms(grow, mask, slice_mm))
    ours = np.ascontiguousarray(mask[crop])
    print(f"crop-{slice_mm}mm", median_ms(grow, ours, slice_mm))
    print(f"six-{slice_mm}mm", median_ms(grow_six, ours, octants(slice_mm)))
