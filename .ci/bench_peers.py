"""Times pydicom reading a CT folder and SciPy growing a ball by 15 mm; prints `name milliseconds` lines."""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
from scipy.ndimage import distance_transform_edt

RUNS = 5


def read(folder):
    """The CT in folder as int16 HU, [z, y, x], slices along the normal."""
    slices = [pydicom.dcmread(p) for p in Path(folder).iterdir()]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    return np.stack([(s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept)).astype(np.int16) for s in slices])


def ball():
    """60 cc on 512 x 512 x 100 voxels of 1.27 x 1.27 x 5 mm, [z, y, x]."""
    z, y, x = np.ogrid[:100, :512, :512]
    return ((z - 50) * 5.0) ** 2 + ((y - 256) * 1.27) ** 2 + ((x - 256) * 1.27) ** 2 <= 24.3**2


def grow(mask):
    return distance_transform_edt(~mask, sampling=(5, 1.27, 1.27)) <= 15


def median_ms(call, *args):
    call(*args)  # warm
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call(*args)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


mask = ball()
where = np.nonzero(mask)
crop = tuple(slice(max(w.min() - m, 0), w.max() + m + 1) for w, m in zip(where, (4, 14, 14)))
print("read", median_ms(read, sys.argv[1]))
print("distance-full", median_ms(grow, mask))
print("distance-crop", median_ms(grow, np.ascontiguousarray(mask[crop])))
