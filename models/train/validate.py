"""Validation: clips found, false clips and overlap at every threshold, and what the score of a clip is worth.

A clip is found by the nearest component that comes within 3.6 mm of its centre. Where one component finds several,
each after the first counts 0.6: the program's refinement, on the CT's own grid, parts most pairs that touch at 2 mm.
Axillary clips are neither hits nor false. Points and arrays are (z, y, x) voxels of 2 mm.
Running a whole volume for each check would eat the budget, so a case is judged on boxes of one patch: round the bed,
where every clip is, and one elsewhere, where everything found is false. The program's own `evaluate` judges whole cases.
"""

from dataclasses import dataclass

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from scipy import ndimage

from data import AXILLARY, CLIP, SPACING_MM, Sample, crop

REACH_VOX = 3.6 / SPACING_MM
PARTED = 0.6  # of the further clips of one component
BETA2 = 2.25  # F counts a missed clip so many times as a false one, which a key rejects
SKIPPED_LOGIT = -10.0  # of windows without body
OVERLAP = 0.25
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)
MIN_VOXELS = (1, 2, 3)


@dataclass
class Box:
    """One judged patch: its inputs and labels, and the clips whose centres lie inside."""

    inputs: np.ndarray  # float32 [C, n, n, n]
    labels: np.ndarray  # uint8 [n, n, n]
    clips: np.ndarray  # [k, 3]
    axillary: np.ndarray  # [k, 3]


def boxes(s: Sample, size: int, elsewhere: bool) -> list[Box]:
    """The patch round the bed's centre, 8 mm off as the Location Net may be, and one elsewhere; the same every time."""
    rng = np.random.default_rng(abs(hash(s.path.name)) % 2**32 if not s.path.stem.isdigit() else int(s.path.stem))
    centres = []
    if len(s.clips):
        direction = rng.normal(size=3)
        centres.append(s.clips.mean(0) + 4 * direction / np.linalg.norm(direction))
    if elsewhere or not len(s.clips):
        centres.append(rng.uniform(0, s.shape))
    inputs, labels = s.arrays()
    out = []
    for c in centres:
        slack = np.maximum(np.array(s.shape) - size, 0)
        start = np.clip(np.round(c - size / 2), 0, slack).astype(int)
        inside = [p[((p - start >= 0) & (p - start < size)).all(1)] - start for p in (s.clips, s.axillary)]
        out.append(Box(crop(inputs, start, size).astype(np.float32), crop(labels, start, size), *inside))
    return out


def components(logits: np.ndarray, threshold: float, min_voxels: int) -> list[tuple[np.ndarray, float]]:
    """26-connected components above the probability: voxels [n, 3], mean of the top three logits."""
    level = np.log(threshold / (1 - threshold))
    found, n = ndimage.label(logits > level, np.ones((3, 3, 3)))
    out = []
    for i, region in enumerate(ndimage.find_objects(found), 1):
        z, y, x = np.nonzero(found[region] == i)
        if len(z) < min_voxels:
            continue
        corner = np.array([r.start for r in region])
        top = np.sort(logits[region][z, y, x])[-3:].mean()
        out.append((corner + np.stack([z, y, x], 1), float(top)))
    return out


def match(truth: np.ndarray, found: list[np.ndarray], ignore: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many clips of truth each component (its voxels) finds, int [len(found)], and whether it is false, bool."""
    finds, false = np.zeros(len(found), int), np.ones(len(found), bool)
    if not found:
        return finds, false
    for centres, counted in ((truth, True), (ignore, False)):
        for c in centres:
            distance = np.array([np.linalg.norm(voxels - c, axis=1).min() for voxels in found])
            false &= distance > REACH_VOX
            if counted and distance.min() <= REACH_VOX:
                finds[distance.argmin()] += 1
    return finds, false


@dataclass
class Scores:
    threshold: float
    min_voxels: int
    sensitivity: float
    false_per_box: float
    dsc: float
    score: float  # what model selection maximises: 0.9 F + 0.1 DSC


def judge(judged: list[tuple[Box, np.ndarray]]) -> Scores:
    """The best threshold and smallest size over (box, logits [n, n, n]) pairs, and what they give."""
    best = None
    for threshold in THRESHOLDS:
        sizes = [(box, logits, components(logits, threshold, 1)) for box, logits in judged]
        dscs = []
        for box, logits, _ in sizes:
            if (box.labels == CLIP).any():
                keep = box.labels != AXILLARY
                p = (logits > np.log(threshold / (1 - threshold)))[keep]
                t = (box.labels == CLIP)[keep]
                dscs.append(2 * (p & t).sum() / (p.sum() + t.sum()))
        for least in MIN_VOXELS:
            hits = false = clips = 0
            for box, _, found in sizes:
                finds, wrong = match(box.clips, [voxels for voxels, _ in found if len(voxels) >= least], box.axillary)
                hits += (np.minimum(finds, 1) + PARTED * np.maximum(finds - 1, 0)).sum()
                false, clips = false + wrong.sum(), clips + len(box.clips)
            f = (1 + BETA2) * hits / max(hits + BETA2 * clips + false, 1)
            dsc = float(np.mean(dscs)) if dscs else 0.0
            s = Scores(threshold, least, float(hits / max(clips, 1)), float(false / len(judged)), dsc, float(0.9 * f + 0.1 * dsc))
            if best is None or s.score > best.score:
                best = s
    return best


def calibrate(judged: list[tuple[Box, np.ndarray]], threshold: float, min_voxels: int) -> tuple[float, float]:
    """(A, B) so that sigmoid(A s + B) is the chance that a component with score s is a clip.

    Platt's fit (Advances in Large Margin Classifiers, 1999) with his smoothed targets, slightly ridged.
    """
    s, y = [], []
    for box, logits in judged:
        found = components(logits, min(threshold, 0.3), min_voxels)
        finds, false = match(box.clips, [voxels for voxels, _ in found], box.axillary)
        counts = false | (finds > 0)  # not axillary clips, nor further pieces of a clip
        s += [top for (_, top), count in zip(found, counts) if count]
        y += [n > 0 for n, count in zip(finds, counts) if count]
    x, y = np.stack([s, np.ones(len(s))], 1).reshape(-1, 2), np.array(y, bool)
    target = np.where(y, (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2))
    w, prior = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _ in range(50):  # Newton
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - target) + 0.1 * (w - prior)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 0.1 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        w = w - step * min(1.0, 5 / (np.abs(step).max() + 1e-9))
    return float(max(w[0], 1e-3)), float(w[1])


@torch.inference_mode()
def whole_volume(net: torch.nn.Module, inputs: np.ndarray, patch: int) -> np.ndarray:
    """Logits [z, y, x] of a whole volume [C, z, y, x], as the program makes them: averaged windows, empty ones skipped."""

    def window(x: torch.Tensor) -> torch.Tensor:
        return net(x) if x.any() else torch.full_like(x[:, :1], SKIPPED_LOGIT)

    device = next(net.parameters()).device
    x = torch.from_numpy(np.asarray(inputs, np.float32))[None].to(device)
    return sliding_window_inference(x, (patch,) * 3, 1, window, overlap=OVERLAP)[0, 0].cpu().numpy()
