"""The same networks as the usual Python stack runs them: pydicom, SciPy, MONAI, PyTorch on the CPU, rt-utils.

    python python_stack.py CT_FOLDER MODELS OUT.dcm

prints {"read": s, "prepare": s, "locate": s, "segment": s, "write": s, "clips": n} as JSON. The steps are those of the paper: a body
mask by threshold, opening and closing; 2 mm; the Location Net in sliding windows; the Segmentation Net in one crop; the
mask back on the CT. It is written as one would write it, with the libraries' own functions; only `make bench-peers` uses it.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pydicom
import torch
from monai.inferers import sliding_window_inference
from onnx import numpy_helper
from rt_utils import RTStructBuilder
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "train"))
from model import ResSEUNet  # noqa: E402

PATCH = 96
SPACING_MM = 2.0


def load(path: Path, feature: bool) -> ResSEUNet:
    """The network of an ONNX file, its BatchNorms folded, in PyTorch."""
    graph = onnx.load(path).graph
    weights = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    for node in graph.node:  # equal weights are stored once
        if node.op_type == "Identity":
            weights[node.output[0]] = weights[node.input[0]]
    stem = weights["stem.conv.weight"]
    widths = [stem.shape[0]] + [weights[f"down.{i}.first.conv.weight"].shape[0] for i in range(5)]
    net = ResSEUNet(stem.shape[1], widths, feature).for_export()
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net


def read(folder: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """HU int16 [z, y, x] and spacing (z, y, x) in mm."""
    slices = [pydicom.dcmread(p) for p in folder.iterdir()]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    hu = np.stack([(s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept)).astype(np.int16) for s in slices])
    dz = float(slices[1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2])
    return hu, (dz, *map(float, slices[0].PixelSpacing))


def prepare(hu: np.ndarray, spacing: tuple[float, float, float], card: dict) -> np.ndarray:
    """Channels float32 [1, C, z, y, x] at 2 mm, 0 outside the body."""
    ball = ndimage.generate_binary_structure(3, 1)
    body = ndimage.binary_closing(ndimage.binary_opening(hu >= -150, ball, 3), ball, 4)
    parts, n = ndimage.label(body)
    body = parts == 1 + np.argmax(ndimage.sum_labels(body, parts, np.arange(1, n + 1)))
    factors = [s / SPACING_MM for s in spacing]
    fine = ndimage.zoom(hu.astype(np.float32), factors, order=1)
    inside = ndimage.zoom(body.astype(np.uint8), factors, order=0) > 0
    channels = []
    for c in card["channels"]:
        if c["kind"] == "window":
            channels.append(np.clip((fine - c["low_hu"]) / (c["high_hu"] - c["low_hu"]), 0, 1) * inside)
        elif c["kind"] == "threshold":
            channels.append((fine >= c["hu"]) * inside)
    return np.stack(channels)[None].astype(np.float32)


def main() -> None:
    folder, models, out = map(Path, sys.argv[1:4])
    seconds, start = {}, time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal start
        seconds[stage], start = time.perf_counter() - start, time.perf_counter()

    cards = [json.loads((models / f"{n}.json").read_text()) for n in ("location", "segmentation")]
    location, segmentation = load(models / "location.onnx", False), load(models / "segmentation.onnx", True)
    lap("start")
    hu, spacing = read(folder)
    lap("read")
    x = torch.from_numpy(prepare(hu, spacing, cards[0]))
    lap("prepare")
    with torch.inference_mode():
        logits = sliding_window_inference(x, (PATCH,) * 3, 1, location, overlap=cards[0]["overlap"])
        lap("locate")
        hot = (torch.sigmoid(logits[0, 0]) > cards[0]["threshold"]).nonzero().float()
        centre = hot.mean(0) if len(hot) else torch.tensor(logits.shape[2:]) / 2
        box = []
        for c, n in zip(centre, logits.shape[2:]):
            first = int(min(max(c - PATCH / 2, 0), max(n - PATCH, 0)))
            box.append(slice(first, min(first + PATCH, n)))
        crop = torch.cat([x, logits], 1)[(slice(None), slice(None), *box)]
        marked = torch.sigmoid(sliding_window_inference(crop, (PATCH,) * 3, 1, segmentation)[0, 0]) > cards[1]["threshold"]
    small = np.zeros(logits.shape[2:], np.uint8)
    small[tuple(box)] = marked.numpy()
    mask = ndimage.zoom(small, [n / m for n, m in zip(hu.shape, small.shape)], order=0) > 0
    lap("segment")
    if mask.any():
        structures = RTStructBuilder.create_new(dicom_series_path=str(folder))
        structures.add_roi(mask=np.moveaxis(mask, 0, -1), name="Clips")
        structures.save(str(out))
    lap("write")
    print(json.dumps(seconds | {"clips": int(ndimage.label(mask, np.ones((3, 3, 3)))[1])}))


main()
