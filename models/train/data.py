"""Training samples: reading, cropping, augmenting, batching in the background.

A sample is three files that `clipwright phantom --tensors` or `clipwright prepare` wrote, the JSON last:
  NNNNNN.inputs.npy  float16 [C, z, y, x] in [0, 1], 0 outside the body; channels as in CHANNELS
  NNNNNN.labels.npy  uint8 [z, y, x]: 0 background, 1 bed clip, 2 axillary clip (ignored), 3 distractor (background)
  NNNNNN.json        source, seed, spacing_mm, shape, clips and distractors with their centres (x, y, z voxels)
Preprocessing exists once, in Go: nothing here turns HU into inputs. Indices in this file are (z, y, x).
"""

import json
import queue
import threading
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

CLIP, AXILLARY, DISTRACTOR = 1, 2, 3
SPACING_MM = 2.0

# The channels of inputs.npy, in order, as a card writes them.
CHANNELS = (
    {"kind": "window", "low_hu": -200, "high_hu": 200},
    {"kind": "threshold", "hu": 300},
    {"kind": "window", "low_hu": -200, "high_hu": 2200},
)


@dataclass
class Sample:
    """One sample on disk; the arrays are mapped, not read, until a crop needs them."""

    path: Path  # of the JSON
    source: str
    shape: tuple[int, int, int]
    clips: np.ndarray  # [n, 3] centres of bed clips, voxels
    axillary: np.ndarray  # [n, 3]
    distractors: np.ndarray  # [n, 3]
    hard: list[np.ndarray] = field(default_factory=list)  # voxels that the network took for a clip, newest last

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        stem = str(self.path)[: -len(".json")]
        return np.load(stem + ".inputs.npy", mmap_mode="r"), np.load(stem + ".labels.npy", mmap_mode="r")

    @property
    def held_out(self) -> bool:
        """Whether the sample validates. Ten neighbouring numbers stay together: they share an anatomy."""
        number = int(self.path.stem) // 10 if self.path.stem.isdigit() else self.path.stem
        return zlib.crc32(f"{self.source}/{number}".encode()) % 10 == 0


def read_sample(path: Path) -> Sample:
    info = json.loads(path.read_text())
    if info["spacing_mm"] != SPACING_MM:
        raise ValueError(f"{path}: spacing {info['spacing_mm']} mm, the networks need {SPACING_MM} mm: prepare it again")

    def centres(entries):
        return np.array([e["centre_vox"][::-1] for e in entries], float).reshape(-1, 3)

    clips = info.get("clips") or []
    return Sample(
        path,
        info.get("source", ""),
        tuple(info["shape"]),
        centres([c for c in clips if not c["axillary"]]),
        centres([c for c in clips if c["axillary"]]),
        centres(info.get("distractors") or []),
    )


class Samples:
    """The samples of some folders, which may grow while training runs: call rescan() now and then."""

    def __init__(self, folders: list[Path], validation: list[Path] | None = None):
        self.folders, self.validation_folders = [Path(f) for f in folders], [Path(f) for f in validation or []]
        self.known: dict[Path, Sample] = {}
        self.training: list[Sample] = []
        self.validation: list[Sample] = []
        self.rescan()

    def rescan(self) -> int:
        """Read the samples that are new; returns how many."""
        before = len(self.known)
        for folder, validates in [(f, False) for f in self.folders] + [(f, True) for f in self.validation_folders]:
            for path in sorted(folder.glob("*.json")):
                if path in self.known:
                    continue
                try:
                    sample = read_sample(path)
                    sample.arrays()
                except (OSError, KeyError, json.JSONDecodeError, ValueError) as e:
                    print(f"skipping {path}: {e}", flush=True)
                    continue
                self.known[path] = sample
                held_out = sample.held_out and not self.validation_folders
                (self.validation if validates or held_out else self.training).append(sample)
        if not self.validation and len(self.training) > 1:  # few samples: the last one validates
            self.validation.append(self.training.pop())
        return len(self.known) - before


def crop(volume: np.ndarray, start: np.ndarray, size: int) -> np.ndarray:
    """[..., size, size, size] from [..., z, y, x] at start, zero where it reaches outside."""
    out = np.zeros(volume.shape[:-3] + (size,) * 3, volume.dtype)
    lo = np.maximum(start, 0)
    hi = np.minimum(start + size, volume.shape[-3:])
    if (hi <= lo).any():
        return out
    src = tuple(slice(a, b) for a, b in zip(lo, hi))
    dst = tuple(slice(a, b) for a, b in zip(lo - start, hi - start))
    out[(..., *dst)] = volume[(..., *src)]
    return out


@dataclass
class Policy:
    """Where crops are centred, and how they are varied. Probabilities are normalised over what a sample has."""

    clip: float = 0.5  # near a bed clip
    distractor: float = 0.2  # near something that resembles a clip
    hard: float = 0.15  # near what the network lately took for a clip
    elsewhere: float = 0.15  # anywhere in the volume
    bed: float = 0.0  # near the mean of the bed clips: the paper's centre crop with random shifts
    shift: float = 0.4  # largest offset of the centre, in crop sizes
    flip: tuple[float, float, float] = (0.5, 0.5, 0.5)  # z, y, x
    rotate: float = 0.5  # by a multiple of 90 degrees in the axial plane
    intensity: float = 0.1  # windows are scaled by 1 +- this


def choose_start(s: Sample, policy: Policy, size: int, rng: np.random.Generator) -> np.ndarray:
    """The first voxel of a crop of s."""
    choices = [
        (policy.clip, s.clips),
        (policy.distractor, s.distractors),
        (policy.hard, s.hard),
        (policy.bed, s.clips.mean(0, keepdims=True) if len(s.clips) else ()),
        (policy.elsewhere, rng.uniform(0, s.shape, (1, 3))),
    ]
    weights = np.array([w if len(points) else 0 for w, points in choices])
    points = choices[rng.choice(len(choices), p=weights / weights.sum())][1]
    centre = points[rng.integers(len(points))]
    shift = rng.uniform(-policy.shift, policy.shift, 3) * size
    # A crop stays inside the volume where it can: padding teaches nothing.
    start = np.round(centre + shift - size / 2)
    slack = np.maximum(np.array(s.shape) - size, 0)
    return np.clip(start, np.minimum(slack, 0), slack).astype(int)


@dataclass
class Patch:
    """One augmented crop, and the way back to its sample."""

    sample: Sample
    start: np.ndarray
    flips: list[int]
    turns: int
    inputs: np.ndarray  # float32 [C, n, n, n]
    labels: np.ndarray  # uint8 [n, n, n]

    def to_sample(self, p) -> np.ndarray:
        """The sample's voxel that stands at voxel p of the patch."""
        z, y, x = p
        n = self.labels.shape[-1]
        for _ in range(self.turns):
            y, x = x, n - 1 - y  # np.rot90: out[y, x] = in[x, n-1-y]
        p = [z, y, x]
        for a in self.flips:
            p[a] = n - 1 - p[a]
        return self.start + np.array(p)


def draw_patch(s: Sample, policy: Policy, size: int, rng: np.random.Generator) -> Patch:
    """Crop s where the policy says, then flip, turn and scale."""
    inputs, labels = s.arrays()
    start = choose_start(s, policy, size, rng)
    inputs, labels = crop(inputs, start, size), crop(labels, start, size)
    flips = [a for a in range(3) if rng.random() < policy.flip[a]]
    turns = int(rng.integers(4)) if rng.random() < policy.rotate else 0
    inputs = np.rot90(np.flip(inputs, [a + 1 for a in flips]), turns, (2, 3)).astype(np.float32)
    labels = np.ascontiguousarray(np.rot90(np.flip(labels, flips), turns, (1, 2)))
    for c, channel in enumerate(CHANNELS[: len(inputs)]):
        if channel["kind"] == "window":
            inputs[c] = np.clip(inputs[c] * rng.uniform(1 - policy.intensity, 1 + policy.intensity), 0, 1)
    return Patch(s, start, flips, turns, inputs, labels)


class Loader:
    """Draws batches in a background thread: cropping costs a few per cent of a step, so one thread keeps up."""

    HARD_KEPT = 40  # hard voxels remembered for a sample

    def __init__(self, samples: Samples, policy: Policy, seed: int, rescan_s: float = 60.0):
        self.samples, self.policy, self.rescan_s = samples, policy, rescan_s
        self.rng = np.random.default_rng(seed)
        self.size = (0, 0)  # batch, patch: may be changed between batches
        self.batches: queue.Queue = queue.Queue(maxsize=3)
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        try:
            scanned = time.monotonic()
            while not self.stop.is_set():
                if time.monotonic() - scanned > self.rescan_s:
                    self.samples.rescan()
                    scanned = time.monotonic()
                size = self.size
                batch = [self._draw(size[1]) for _ in range(size[0])]
                while not self.stop.is_set():
                    try:
                        self.batches.put((size, batch), timeout=0.2)
                        break
                    except queue.Full:
                        continue
        except BaseException as e:  # handed to the training loop, which raises it
            self.failure = e

    def _draw(self, size: int) -> Patch:
        training = self.samples.training
        return draw_patch(training[self.rng.integers(len(training))], self.policy, size, self.rng)

    def next(self, batch: int, patch: int) -> list[Patch]:
        """The next batch of that many patches of that many voxels a side."""
        self.size = (batch, patch)
        if not self.thread.is_alive() and self.failure is None:
            self.thread.start()
        while True:
            try:
                size, patches = self.batches.get(timeout=1.0)
            except queue.Empty:
                if self.failure is not None:
                    raise self.failure from None
                continue
            if size == (batch, patch):
                return patches

    def report(self, patch: Patch, voxel) -> None:
        """Remember that the network took this background voxel of the patch for a clip."""
        spots = patch.sample.hard
        spots.append(patch.to_sample(voxel))
        del spots[: -self.HARD_KEPT]

    def close(self) -> None:
        self.stop.set()
        if self.thread.is_alive():
            self.thread.join()
