"""Crude samples for the tests: a body with rib-like plates, points on the skin, and clips as short bright lines."""

import json
from pathlib import Path

import numpy as np
from scipy import ndimage


def write_sample(folder: Path, number: int, shape=(64, 80, 96), clips=6, axillary=1) -> None:
    """One sample in the format of data.py; shape is (z, y, x) voxels of 2 mm."""
    rng = np.random.default_rng(number)
    z, y, x = np.indices(shape)
    centre = np.array(shape) / 2
    body = ((y - centre[1]) / (0.45 * shape[1])) ** 2 + ((x - centre[2]) / (0.47 * shape[2])) ** 2 < 1
    hu = np.where(body, -90.0, -1000.0)
    hu += body * 40 * ndimage.gaussian_filter(rng.normal(size=shape), 2) * 8
    ribs = body & (np.abs(((y - centre[1]) / (0.3 * shape[1])) ** 2 + ((x - centre[2]) / (0.33 * shape[2])) ** 2 - 1) < 0.16)
    ribs &= (z + 0.3 * y) % 12 < 4
    hu[ribs] = rng.normal(550, 150, ribs.sum())
    hu = ndimage.gaussian_filter(hu, 0.5)

    def line(at, length, peak):
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        along = (np.stack([z, y, x], -1) - at) @ direction
        across = np.linalg.norm(np.stack([z, y, x], -1) - at - along[..., None] * direction, axis=-1)
        return peak * np.exp(-0.5 * (across / 0.6) ** 2) * (np.abs(along) < length)

    labels = np.zeros(shape, np.uint8)
    bed = centre + rng.uniform(-0.08, 0.08, 3) * shape + [0, 0, 0.18 * shape[2]]
    info = {"source": "crude", "seed": number, "spacing_mm": 2, "shape": list(shape), "clips": [], "distractors": []}
    for i in range(clips + axillary):
        spread = 0.12 if i < clips else 0.3
        at = np.clip(bed + rng.uniform(-spread, spread, 3) * shape, 3, np.array(shape) - 4)
        add = line(at, rng.uniform(0.6, 1.8), rng.uniform(700, 2500))
        hu += add
        labels[add >= 0.5 * add.max()] = 1 if i < clips else 2
        info["clips"].append({"id": i + 1, "centre_vox": at[::-1].tolist(), "axillary": i >= clips, "peak_hu": int(add.max())})
    for _ in range(3):  # points on the skin, as bright as clips
        angle = rng.uniform(0, 2 * np.pi)
        at = np.array([rng.uniform(4, shape[0] - 4), centre[1] + 0.42 * shape[1] * np.sin(angle), centre[2] + 0.44 * shape[2] * np.cos(angle)])
        hu += line(at, 1.0, 2000)
        info["distractors"].append({"kind": "skin marker", "centre_vox": at[::-1].tolist()})
        k = tuple(np.round(at).astype(int))
        labels[k] = 3 if labels[k] == 0 else labels[k]
    hu += rng.normal(0, 15, shape)
    scaled = [(hu + 200) / 400, hu >= 300, (hu + 200) / 2400]
    inputs = np.stack([np.clip(c, 0, 1) * ndimage.binary_dilation(body, iterations=2) for c in scaled])
    np.save(folder / f"{number:06d}.inputs.npy", inputs.astype(np.float16))
    np.save(folder / f"{number:06d}.labels.npy", labels)
    (folder / f"{number:06d}.json").write_text(json.dumps(info))
