"""Train the Detail Net, which looks at one piece closely: no clip, one, or more.

    clipwright evaluate --cases models/testsets/detail-phantom.json --cases models/testsets/detail-crowded-phantom.json --looks LOOKS
    python detail.py LOOKS RUN --budget 30m [--start start/detail.pt] [--models models]

LOOKS holds, for each case, NAME_hu.npy (int16 [n, z, y, x], HU in cubes of 0.75 mm round a piece), NAME_marks.npy (uint8: bit 0
the piece, bit 1 other pieces) and NAME.json (a row a piece: where in the pipeline it was looked at, the slice thickness, the
logit of the model of a clip that it is two, how many clips it holds, and whether its case is crowded: made with more pairs and
distractors than patients have). Preprocessing exists once, in Go (segment/detail.go).
Cases that appear meanwhile are picked up. A seventh of the cases validates, which share real CTs and crowded bodies with others; on it, too, is fitted how the net and the model of a
clip together tell two clips from one.
With --models the best weights become MODELS/detail.onnx and its card; nothing is written unless ONNX Runtime gives PyTorch's numbers.
"""

import argparse
import copy
import csv
import hashlib
import json
import math
import os
import time
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a waiting thread yields its core to whoever shares it

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import judge
from export import LICENCE, OPERATORS, PARITY, SHAPES, VERSION, WARNING
from model import ConvBN, ResBlock
from train import seconds

SIZE = 32  # voxels of a patch
SPACING_MM = 0.75
SLICE_UNIT_MM = 5.0
ANSWERS = 3  # no clip, one, more
CHANNELS = (
    {"kind": "window", "low_hu": -200, "high_hu": 200},
    {"kind": "window", "low_hu": -200, "high_hu": 2200},
    {"kind": "own"},
    {"kind": "others"},
    {"kind": "slice"},
)
BATCH = 64
LR = 2e-3  # half of it for weights that go on
EMA = 0.995
WARMUP = 0.05  # of the budget
WEIGHT = (1.5, 1.0, 2.0)  # of the classes: the rare ones count more


def grain(n: int = 32) -> Tensor:
    """Noise as CT has it, neighbours alike, of unit variance: [n, z, y, x], the same at every call."""
    fresh = torch.randn(n, 1, SIZE, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    return (F.avg_pool3d(fresh, 3, 1, 1, count_include_pad=False) * 27**0.5)[:, 0]


NOISE = grain()  # drawing it anew costs more than a step of the net


@dataclass
class Looks:
    """Pieces, row by row."""

    hu: Tensor  # int16 [n, z, y, x]
    marks: Tensor  # uint8 [n, z, y, x]
    slice_mm: Tensor  # [n]
    fit: np.ndarray  # [n]
    clips: Tensor  # [n]: 0, 1, 2 (or more)
    stage: np.ndarray  # [n]
    case: np.ndarray  # [n]
    crowded: np.ndarray  # bool [n]

    def __len__(self) -> int:
        return len(self.clips)


def held_out(case: str) -> bool:
    return zlib.crc32(case.encode()) % 7 == 0


def read(folder: Path, wanted) -> Looks:
    """The rows of the cases that are wanted, a predicate of their names."""
    hu, marks, rows, cases = [], [], [], []
    for path in sorted(folder.glob("*.json")):
        if not wanted(path.stem):
            continue
        stem = str(path)[: -len(".json")]
        mine = json.loads(path.read_text())
        hu.append(np.load(stem + "_hu.npy"))
        marks.append(np.load(stem + "_marks.npy"))
        rows += mine
        cases += [path.stem] * len(mine)
    if not rows:
        raise SystemExit(f"no looks in {folder}: make them with clipwright evaluate --looks")
    return Looks(
        torch.from_numpy(np.concatenate(hu)),
        torch.from_numpy(np.concatenate(marks)),
        torch.tensor([r["slice_mm"] for r in rows], dtype=torch.float32),
        np.array([r["fit"] for r in rows]),
        torch.tensor([min(r["clips"], ANSWERS - 1) for r in rows]),
        np.array([r["stage"] for r in rows]),
        np.array(cases),
        np.array([r.get("crowded", False) for r in rows]),
    )


class DetailNet(nn.Module):
    """[N, 5, 32, 32, 32] to logits [N, 3]: a strided stem, Res-blocks, then what the whole patch and its middle hold."""

    def __init__(self, width: int = 16):
        super().__init__()
        self.channels = len(CHANNELS)
        self.stem = ConvBN(self.channels, width, 3, 2)
        self.blocks = nn.Sequential(
            ResBlock(width, width), ResBlock(width, 2 * width, 2), ResBlock(2 * width, 2 * width), ResBlock(2 * width, 4 * width, 2), ResBlock(4 * width, 4 * width)
        )
        self.drop = nn.Dropout(0.2)
        self.head = nn.Conv3d(8 * width, ANSWERS, 1)  # a 1x1x1 convolution: every provider has it

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.stem(x)))  # [N, 4 width, 4, 4, 4]
        middle = x[:, :, 1:3, 1:3, 1:3]
        pooled = torch.cat([x.mean((2, 3, 4), keepdim=True), middle.mean((2, 3, 4), keepdim=True)], 1)
        return self.head(self.drop(pooled)).reshape(-1, ANSWERS)

    def for_export(self) -> "DetailNet":
        for m in self.modules():
            if isinstance(m, ConvBN):
                m.fold()
        return self.eval()


def channels(hu: Tensor, marks: Tensor, slice_mm: Tensor) -> Tensor:
    """The net's input [n, 5, z, y, x] of HU (float) and marks; as segment.Channel.applyLook."""
    x = torch.empty(len(hu), len(CHANNELS), *hu.shape[1:])
    x[:, 0] = ((hu + 200) / 400).clamp(0, 1)
    x[:, 1] = ((hu + 200) / 2400).clamp(0, 1)
    x[:, 2] = (marks & 1).float()
    x[:, 3] = (marks >> 1 & 1).float()
    x[:, 4] = (slice_mm / SLICE_UNIT_MM)[:, None, None, None]
    return x


def packed(x: Tensor) -> Tensor:
    """The same tensor with its channels side by side in memory, where the CPU is faster."""
    return x.contiguous(memory_format=torch.channels_last_3d)


def augmented(hu: Tensor, marks: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Pieces as other scanners, patients and clips would show them: turned, moved, brighter, noisier, blurred."""
    for axis in (1, 2, 3):
        if rng.random() < 0.5:
            hu, marks = hu.flip(axis), marks.flip(axis)
    if rng.random() < 0.5:
        hu, marks = hu.transpose(2, 3), marks.transpose(2, 3)
    shift = tuple(int(v) for v in rng.integers(-2, 3, 3))
    hu, marks = hu.roll(shift, (1, 2, 3)), marks.roll(shift, (1, 2, 3))
    n = len(hu)

    def each(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (n, 1, 1, 1)).astype(np.float32))

    hu = hu * each(0.92, 1.08) + each(-25, 25)
    above = (hu - 250).clamp(min=0)
    hu = hu + above * each(-0.3, 0.4)  # fainter and brighter metal, and calcium
    if rng.random() < 0.3:  # a softer kernel
        w = float(rng.uniform(0, 0.5))
        smooth = F.avg_pool3d(hu[:, None], (1, 3, 3), 1, (0, 1, 1), count_include_pad=False)[:, 0]
        hu = (1 - w) * hu + w * smooth
    if rng.random() < 0.5:
        hu = hu + each(0, 25) * NOISE[torch.from_numpy(rng.integers(0, len(NOISE), n))].roll(tuple(int(v) for v in rng.integers(0, SIZE, 3)), (1, 2, 3))
    if rng.random() < 0.1:
        marks = marks & 1
    return hu, marks


def answers(net: nn.Module, looks: Looks) -> np.ndarray:
    """Logits [n, 3]."""
    net.eval()
    out = []
    with torch.inference_mode():
        for i in range(0, len(looks), 256):
            out.append(net(packed(channels(looks.hu[i : i + 256].float(), looks.marks[i : i + 256], looks.slice_mm[i : i + 256]))))
    return torch.cat(out).numpy().astype(float)


def more(logits: np.ndarray) -> np.ndarray:
    return logits[:, 2] - logits[:, 1]


def clip(logits: np.ndarray) -> np.ndarray:
    return np.logaddexp(logits[:, 1], logits[:, 2]) - logits[:, 0]


def area(score: np.ndarray, true: np.ndarray) -> float:
    """Area under the ROC curve; 0.5 where there is only one kind."""
    positive, negative = score[true], score[~true]
    if not len(positive) or not len(negative):
        return 0.5
    return float(((positive[:, None] > negative[None]) + 0.5 * (positive[:, None] == negative[None])).mean())


def as_in_patients(true: np.ndarray, crowded: np.ndarray) -> np.ndarray:
    """Weights of rows that give pairs among all of them the share that they have where the case is not crowded."""
    weight = np.ones(len(true))
    ordinary = true[~crowded]
    if ordinary.any() and not ordinary.all():
        weight[true] = ordinary.sum() / (~ordinary).sum() * (~true).sum() / true.sum()
    return weight


def fit_pair(looks: Looks, logits: np.ndarray) -> tuple[dict, dict]:
    """How the model of a clip and the net together tell two from one, and how well each does alone."""
    rows = (looks.stage != "clip") & (looks.clips.numpy() > 0) & (looks.fit > -20)
    true = looks.clips.numpy()[rows] > 1
    x = np.stack([looks.fit[rows], more(logits)[rows]], 1)
    if not true.any() or true.all():
        raise SystemExit("the looks that validate hold no pair, or nothing else: make more of them")
    weights, bias = judge.fit(x, true.astype(float), as_in_patients(true, looks.crowded[rows]))
    both = x @ weights + bias
    pair = {"fit": round(float(weights[0]), 4), "detail": round(float(weights[1]), 4), "bias": round(bias, 4)}
    return pair, {
        "pairs": int(true.sum()), "pair_auc_fit": round(area(x[:, 0], true), 4), "pair_auc_net": round(area(x[:, 1], true), 4), "pair_auc": round(area(both, true), 4)
    }


def scores(looks: Looks, logits: np.ndarray) -> dict:
    final = looks.stage == "clip"
    true = looks.clips.numpy() > 0
    loss = F.cross_entropy(torch.from_numpy(logits), looks.clips).item()
    return {"looks": len(looks), "loss": round(loss, 4), "clip_auc": round(area(clip(logits)[final], true[final]), 4)}


def train(
    folder: Path, run: Path, budget_s: float, batch: int = BATCH, every: int = 200, start: Path | None = None, half: bool = False
) -> tuple[DetailNet, dict, dict]:
    """The best validated weights (every so many steps), their scores and where the data come from. losses.csv in run says how it went.

    start: weights of an earlier run to go on from. half: multiply in bfloat16: half the processor time of a step or less, where the CPU has it."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    teach, check = read(folder, lambda c: not held_out(c)), read(folder, held_out)
    net = DetailNet().to(memory_format=torch.channels_last_3d)
    earlier, rate = 0.0, LR
    if start is not None:
        rate = LR / 2
        weights = torch.load(start, weights_only=True)
        net.load_state_dict(weights["state"])
        earlier = weights["elapsed_s"]
    mean = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-3)
    weight = torch.tensor(WEIGHT)
    began, step, best, told = time.monotonic(), 0, None, 0.0
    run.mkdir(parents=True, exist_ok=True)
    with (run / "losses.csv").open("w", newline="") as f:
        log = csv.writer(f)
        log.writerow(["step", "elapsed_s", "loss", "validation_loss", "clip_auc", "pair_auc_net"])
        seen = 0.25
        while (part := (time.monotonic() - began) / budget_s) < 1:
            if part > seen:  # cases that have been made meanwhile
                teach, seen = read(folder, lambda c: not held_out(c)), seen + 0.25
            for group in optimiser.param_groups:
                group["lr"] = rate * (part / WARMUP if part < WARMUP else 0.5 * (1 + math.cos(math.pi * (part - WARMUP) / (1 - WARMUP))))
            rows = torch.from_numpy(rng.integers(0, len(teach), batch))
            pieces = [augmented(teach.hu[r].float(), teach.marks[r], rng) for r in rows.chunk(8)]
            x = channels(torch.cat([p[0] for p in pieces]), torch.cat([p[1] for p in pieces]), teach.slice_mm[rows])
            net.train()
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = net(packed(x))
            loss = F.cross_entropy(logits.float(), teach.clips[rows], weight, label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            decay = min(EMA, step / (step + 10))
            with torch.no_grad():
                for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
                    a.copy_(a * decay + b * (1 - decay) if a.is_floating_point() else b)
            told += loss.item()
            if step % every == 0:
                logits = answers(mean, check)
                now = scores(check, logits)
                pair, alone = fit_pair(check, logits)
                log.writerow([step, round(time.monotonic() - began, 1), round(told / every, 4), now["loss"], now["clip_auc"], alone["pair_auc_net"]])
                f.flush()
                print(f"step {step}, {part:.0%}: loss {told / every:.3f}, {now}, {alone}", flush=True)
                told = 0.0
                if best is None or now["loss"] < best["scores"]["loss"]:
                    best = {"state": copy.deepcopy(mean.state_dict()), "scores": {**now, **alone}, "pair": pair, "step": step, "elapsed_s": earlier + time.monotonic() - began}
                    torch.save(best, run / "detail.pt")
    if best is None:
        raise SystemExit("the budget is too short for a validation")
    net.load_state_dict(best["state"])
    sources = Counter("phantom" if c.startswith("phantom") else "inserted:" + c.rsplit("_", 1)[0].replace("_", " ") for c in set(teach.case))
    return net, best, sources


def export(net: DetailNet, best: dict, sources: dict, models: Path) -> dict:
    """Write detail.onnx, its card and the tensors that prove parity."""
    folded = copy.deepcopy(net).for_export()
    path = models / ".detail.onnx.part"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is old, pinned, and needs nothing more installed
        torch.onnx.export(
            folded, (torch.zeros(1, len(CHANNELS), SIZE, SIZE, SIZE),), str(path), input_names=["input"], output_names=["logits"], opset_version=17, dynamo=False
        )
    graph = onnx.load(str(path))
    onnx.checker.check_model(graph)
    if foreign := {node.op_type for node in graph.graph.node} - OPERATORS - SHAPES:
        raise ValueError(f"operators {sorted(foreign)} do not run on every provider; change DetailNet")
    rng = np.random.default_rng(7)
    hu = torch.from_numpy(rng.normal(0, 300, (1, SIZE, SIZE, SIZE)).astype(np.float32))
    marks = torch.from_numpy(rng.integers(0, 3, (1, SIZE, SIZE, SIZE)).astype(np.uint8))
    x = channels(hu, marks, torch.tensor([3.0]))
    with torch.inference_mode():
        expected = net.eval()(x).numpy()
    (got,) = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(["logits"], {"input": x.numpy()})
    if not (difference := float(np.abs(got - expected).max())) <= PARITY:
        raise ValueError(f"ONNX Runtime differs from PyTorch by {difference:.2g}, more than {PARITY}: nothing exported")
    card = {
        "name": "detail",
        "version": VERSION,
        "config": "product",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "patch_voxels": SIZE,
        "spacing_mm": SPACING_MM,
        "channels": list(CHANNELS),
        "answers": ANSWERS,
        "pair": best["pair"],
        "trained": f"{time.strftime('%Y-%m-%d')}, {best['elapsed_s'] / 60:.0f} min on a CPU, {torch.get_num_threads()} threads, the last run {best['step']} steps",
        "data": [f"{n} cases: {source}" for source, n in sorted(sources.items())],
        "metrics": {f"validation_{k}": v for k, v in best["scores"].items()} | {"parity_max_abs": difference},
        "licence": LICENCE,
        "warning": WARNING,
    }
    np.save(models / "testdata" / "detail_input.npy", x.numpy())
    np.save(models / "testdata" / "detail_logits.npy", expected)
    os.replace(path, models / "detail.onnx")
    (models / "detail.json").write_text(json.dumps(card, indent=2) + "\n")
    return card


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("looks", type=Path)
    p.add_argument("run", type=Path, help="folder for the weights and the log")
    p.add_argument("--budget", type=seconds, default="30m")
    p.add_argument("--start", type=Path, help="weights to go on from (detail.pt of an earlier run)")
    p.add_argument("--bfloat16", action="store_true", help="multiply in bfloat16: faster on a CPU that has it (AMX, AVX-512 BF16)")
    p.add_argument("--models", type=Path, help="folder of the program's models: export there")
    o = p.parse_args(arguments)
    net, best, sources = train(o.looks, o.run, o.budget, start=o.start, half=o.bfloat16)
    print(best["scores"], best["pair"])
    if o.models is not None:
        card = export(net, best, sources, o.models)
        print(f"detail.onnx: {(o.models / 'detail.onnx').stat().st_size / 1e6:.2f} MB, {card['metrics']}")


if __name__ == "__main__":
    main()
