"""Times pydicom reading a CT folder and SciPy growing a ball by 15 mm; prints `name milliseconds` lines."""

import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
from scipy.ndimage import distance_transform_edt

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


def median_ms(call, *args):
    call(*args)  # warm
    times = []
    for _ in range(RUNS if call is grow and args[0].size < 1e6 else 5):
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
    print(f"crop-{slice_mm}mm", median_ms(grow, np.ascontiguousarray(mask[crop]), slice_mm))
