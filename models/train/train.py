"""Train the Location Net, then the Segmentation Net, within a wall-clock budget: from nothing, or from an earlier run.

    python train.py --config product --data DIR --out RUN --budget 40m [--start OTHER]

RUN holds, for each stage: STAGE.pt (checkpoint, every minute; running the same command again resumes it),
STAGE.csv (losses), STAGE_validation.csv, and curves.png. `python export.py RUN MODELS` turns RUN into ONNX and cards,
at any time after the first validation. Samples that appear in DIR while training runs are picked up within a minute.

A stage's learning rate follows its share of the budget, not steps: warm-up, then a cosine to nothing. The exported
weights are the best validated of an exponential moving average. The loop is written out rather than left to
Lightning: a schedule by the clock, samples that arrive meanwhile and mined negatives are most of it.
"""

import argparse
import copy
import csv
import math
import os
import re
import time
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a waiting thread yields its core to whoever shares it

import numpy as np
import torch
import torch.nn.functional as F
from monai.losses import DiceCELoss
from torch import Tensor

import validate
from data import AXILLARY, CHANNELS, CLIP, Loader, Patch, Policy, Samples
from model import ResSEUNet, warm_start

STAGES = ("location", "segmentation")


@dataclass
class Config:
    """One experiment; the files in config/ list only what differs from these values."""

    name: str = "product"
    widths: list[int] = field(default_factory=lambda: [8, 16, 24, 32, 48, 64])  # stem, then the five levels
    channels: list[int] = field(default_factory=lambda: [0, 1, 2])  # of data.CHANNELS, for the Location Net
    segmentation_channels: list[int] = field(default_factory=lambda: [0, 1, 2])  # the feature map comes after them
    feature: bool = True  # give the Location Net's logits to the Segmentation Net
    warm_start: bool = True  # the Segmentation Net begins as a copy of the Location Net

    loss: str = "clips"  # "clips": clip_loss below; "dice_ce": MONAI's Dice + cross-entropy over all voxels
    negatives_per_clip_voxel: int = 20  # hardest negatives for each clip voxel
    least_negatives: int = 200  # and at least so many a patch
    dice: float = 0.5  # weight of the Dice term

    optimiser: str = "adamw"
    lr: float = 2e-3
    weight_decay: float = 1e-4
    warmup: float = 0.03  # of a stage's time
    ema: float = 0.99
    batch: int = 4
    patch: int = 64  # voxels; smaller than the patch of the network, for the time it saves
    late_patch: int = 96  # the patch of the network, used for the last part of a stage
    late_batch: int = 2
    late_fraction: float = 0.2
    location_share: float = 0.5  # of the budget
    mirror: bool = True  # the program runs the Segmentation Net a second time, left and right exchanged, and averages
    candidate_threshold: float = 0.15  # at which the Segmentation Net marks candidates, for the judge (judge.py) to weigh
    seed: int = 1

    location_policy: dict = field(default_factory=dict)
    segmentation_policy: dict = field(
        default_factory=lambda: {"clip": 0.7, "distractor": 0.0, "hard": 0.15, "elsewhere": 0.05, "bed": 0.1}
    )


def read_config(name: str) -> Config:
    """The config of that name in config/, or of that file."""
    path = Path(name) if name.endswith(".toml") else Path(__file__).parent / "config" / f"{name}.toml"
    values = tomllib.loads(path.read_text())
    unknown = set(values) - set(Config.__dataclass_fields__)
    if unknown:
        raise ValueError(f"{path}: unknown settings {sorted(unknown)}")
    return Config(**values)


def seconds(budget: str) -> float:
    """'1h30m', '40m', '90s' -> seconds."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", budget)
    if not budget or not parts:
        raise ValueError(f"budget {budget!r}: write it like 40m, 1h30m or 90s")
    h, m, s = (int(p or 0) for p in parts.groups())
    return 3600 * h + 60 * m + s


def build(config: Config, stage: str) -> ResSEUNet:
    if stage == "location":
        return ResSEUNet(len(config.channels), config.widths)
    return ResSEUNet(len(config.segmentation_channels) + config.feature, config.widths, config.feature)


def clip_loss(logits: Tensor, labels: Tensor, config: Config) -> tuple[Tensor, dict[str, float]]:
    """Loss of logits [N, 1, D, H, W] against labels uint8 [N, D, H, W].

    Cross-entropy as the mean over clip voxels plus the mean over the hardest negatives of the batch, plus Dice. A mean
    over all voxels collapses to background: a patch holds some 25 clip voxels among 260,000. Axillary clips and the
    voxels touching them count nowhere.
    """
    logits = logits[:, 0].float()
    clip = labels == CLIP
    axillary = F.max_pool3d((labels == AXILLARY)[:, None].float(), 3, 1, 1)[:, 0] > 0
    if config.loss == "dice_ce":
        kept = torch.where(axillary & ~clip, torch.full_like(logits, -30.0), logits)
        loss = DiceCELoss(sigmoid=True)(kept[:, None], clip[:, None].float())
        return loss, {"loss": loss.item(), "clip": 0.0, "background": 0.0, "dice": 0.0}
    of_clips = F.softplus(-logits[clip])
    negatives = logits[~clip & ~axillary]
    k = config.negatives_per_clip_voxel * of_clips.numel() + config.least_negatives * len(logits)
    hardest = negatives.topk(min(k, negatives.numel()), sorted=False).values
    background = F.softplus(hardest).mean()
    on_clips = of_clips.mean() if of_clips.numel() else logits.sum() * 0
    # Dice over what the cross-entropy sees: the rest is far below the level and adds only a constant.
    p = torch.sigmoid(logits[clip])
    dice = 1 - (2 * p.sum() + 1) / (p.sum() + torch.sigmoid(hardest).sum() + of_clips.numel() + 1)
    loss = on_clips + background + config.dice * dice
    return loss, {"loss": loss.item(), "clip": on_clips.item(), "background": background.item(), "dice": dice.item()}


def mine(loader: Loader, patches: list[Patch], logits: Tensor, labels: Tensor) -> None:
    """Tell the loader where background, at least a block of 8 voxels from any clip, was taken for a clip."""
    block = 8
    marked = F.max_pool3d(((labels == CLIP) | (labels == AXILLARY))[:, None].float(), block)  # [N, 1, n/8, n/8, n/8]
    tops = F.max_pool3d(logits.detach().float(), block).masked_fill(marked > 0, -math.inf)
    for patch, top in zip(patches, tops[:, 0].cpu().numpy()):
        if top.max() > 0:
            loader.report(patch, (np.array(np.unravel_index(top.argmax(), top.shape)) + 0.5) * block)


class Stage:
    """One network in training: weights, moving average, optimiser, clock and history; saved and restored whole."""

    def __init__(self, config: Config, name: str, run: Path, budget_s: float, location: ResSEUNet | None, start: Path | None = None):
        self.config, self.name, self.run, self.budget_s, self.location = config, name, run, budget_s, location
        self.went_on = start is not None  # from the weights of an earlier run
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(config.seed)
        self.net = build(config, name).to(self.device, memory_format=torch.channels_last_3d)
        if start is not None:
            self.net.load_state_dict(best_network(config, name, start).state_dict())
        elif name == "segmentation" and config.warm_start:
            warm_start(self.net, location)
        if location is not None:
            location.to(self.device, memory_format=torch.channels_last_3d)
        self.average = copy.deepcopy(self.net).eval()
        self.skipped = 0
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[config.optimiser]
        self.optimiser = kind(self.net.parameters(), config.lr, weight_decay=config.weight_decay, fused=True)
        self.elapsed_s, self.step, self.done = 0.0, 0, False
        self.best: dict | None = None  # {"state", "scores", "step"} of the best validation
        self.judged_on: list[str] = []  # the validation samples of best
        self.bf16 = False
        self.checkpoint = run / f"{name}.pt"
        if self.checkpoint.exists():
            self.restore()

    def channels(self, x: Tensor) -> Tensor:
        """[N, 3, ...] as on disk -> this stage's input; the Location Net's logits come last where they belong."""
        if self.name == "location":
            return x[:, self.config.channels]
        out = x[:, self.config.segmentation_channels]
        if not self.config.feature:
            return out
        with torch.no_grad(), self.autocast():
            logits = self.location(x[:, self.config.channels]).float()
        return torch.cat([out, logits], 1)

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def forward(self, net: ResSEUNet, x: Tensor) -> Tensor:
        x = self.channels(x).contiguous(memory_format=torch.channels_last_3d)
        with self.autocast():
            return net(x)

    def lr(self) -> float:
        done = min(self.elapsed_s / self.budget_s, 1.0)
        warm = min(done / self.config.warmup, 1.0) if self.config.warmup else 1.0
        return self.config.lr * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))

    def train_step(self, patches: list[Patch], loader: Loader | None = None) -> dict[str, float]:
        x = torch.from_numpy(np.stack([p.inputs for p in patches])).to(self.device)
        labels = torch.from_numpy(np.stack([p.labels for p in patches])).to(self.device)
        for group in self.optimiser.param_groups:
            group["lr"] = self.lr()
        self.net.train()
        logits = self.forward(self.net, x)
        loss, parts = clip_loss(logits, labels, self.config)
        if not math.isfinite(parts["loss"]):
            return self.skip_step(parts)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.update_average()
        if loader is not None:
            mine(loader, patches, logits, labels)
        return parts

    def skip_step(self, parts: dict[str, float]) -> dict[str, float]:
        """Forget a step whose loss is not a number: its pass has spoilt the BatchNorms, the average has not seen it."""
        self.skipped += 1
        if self.skipped > 20:
            raise FloatingPointError(f"{self.name}: the loss is {parts['loss']} for the {self.skipped}th time; lower lr in the config")
        clean = dict(self.average.named_buffers())
        for name, buffer in self.net.named_buffers():
            buffer.copy_(clean[name])
        self.optimiser.zero_grad(set_to_none=True)
        return dict.fromkeys(parts, 0.0)

    @torch.no_grad()
    def update_average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for a, b in zip(self.average.state_dict().values(), self.net.state_dict().values()):
            if a.is_floating_point():
                a.lerp_(b, 1 - decay)
            else:
                a.copy_(b)

    @torch.inference_mode()
    def predict(self, net: ResSEUNet, box: validate.Box) -> np.ndarray:
        """Logits [n, n, n] of one box."""
        return self.forward(net, torch.from_numpy(box.inputs)[None].to(self.device))[0, 0].float().cpu().numpy()

    def judge(self, net: ResSEUNet, boxes: list[validate.Box]) -> tuple[validate.Scores, list]:
        judged = [(box, self.predict(net, box)) for box in boxes]
        return validate.judge(judged), judged

    def choose_precision(self, patch: int) -> None:
        """Time one step of each precision and keep the faster: it depends on the processor."""
        if self.device.type == "cuda":
            self.bf16 = True
            return
        if patch < 64:  # its deeper levels are so small that oneDNN's bfloat16 gradients hold NaNs: see model.deepest
            return
        if not torch.cpu._is_avx512_bf16_supported():  # emulated, a step of a wide network takes minutes
            return
        x = torch.zeros(2, len(CHANNELS), patch, patch, patch)
        times = {}
        for bf16 in (False, True, False, True):
            self.bf16 = bf16
            start = time.process_time()
            self.forward(copy.deepcopy(self.net).train(), x).sum().backward()
            times[bf16] = time.process_time() - start  # the second round counts: the first sets up kernels
        self.bf16 = times[True] < times[False]
        print(f"{self.name}: {'bfloat16' if self.bf16 else 'float32'} ({times[True]:.2f} s against {times[False]:.2f} s)", flush=True)

    def save(self) -> None:
        aside = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "config": asdict(self.config),
                "net": self.net.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "elapsed_s": self.elapsed_s,
                "step": self.step,
                "done": self.done,
                "best": self.best,
                "judged_on": self.judged_on,
            },
            aside,
        )
        os.replace(aside, self.checkpoint)

    def restore(self) -> None:
        saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.net.load_state_dict(saved["net"])
        self.average.load_state_dict(saved["average"])
        self.optimiser.load_state_dict(saved["optimiser"])
        for key in ("elapsed_s", "step", "done", "best", "judged_on"):
            setattr(self, key, saved[key])
        print(f"{self.name}: resumed at step {self.step}, {self.elapsed_s:.0f} s", flush=True)


def append(path: Path, row: dict) -> None:
    """Add one row to a CSV, with a header when it is new."""
    new = not path.exists()
    with path.open("a", newline="") as f:
        writer = csv.DictWriter(f, row)
        if new:
            writer.writeheader()
        writer.writerow({k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()})


def validation_boxes(stage: Stage, samples: Samples, most: int) -> tuple[list[str], list[validate.Box]]:
    """At most so many validation samples, evenly spread over anatomies and sources, as names and boxes."""
    chosen = sorted(samples.validation, key=lambda s: s.path.name)
    chosen = [chosen[i * len(chosen) // most] for i in range(most)] if len(chosen) > most else chosen
    size = stage.config.late_patch
    return [s.path.name for s in chosen], [b for s in chosen for b in validate.boxes(s, size, stage.name == "location")]


def check(stage: Stage, samples: Samples, most: int) -> None:
    """Validate the moving average and keep it when it is the best on these samples so far."""
    names, boxes = validation_boxes(stage, samples, most)
    if not boxes:
        return
    scores, judged = stage.judge(stage.average, boxes)
    append(stage.run / f"{stage.name}_validation.csv", {"step": stage.step, "elapsed_s": stage.elapsed_s, "boxes": len(boxes), **asdict(scores)})
    print(
        f"{stage.name}: step {stage.step}, {stage.elapsed_s:.0f} s: sensitivity {scores.sensitivity:.3f}, false a box "
        f"{scores.false_per_box:.2f}, DSC {scores.dsc:.3f} at {scores.threshold} ({len(boxes)} boxes)",
        flush=True,
    )
    if stage.best is None or names != stage.judged_on or scores.score >= stage.best["scores"]["score"]:
        a, b = validate.calibrate(judged, scores.threshold, scores.min_voxels)
        stage.judged_on = names
        stage.best = {
            "state": copy.deepcopy(stage.average.state_dict()),
            "scores": asdict(scores),
            "calibration": [a, b],
            "step": stage.step,
            "elapsed_s": stage.elapsed_s,
            "boxes": len(boxes),
            "sources": dict(Counter(s.source for s in samples.training)),
            "hardware": hardware(stage.device),
            "went_on": stage.went_on,
        }
        stage.save()


def hardware(device: torch.device) -> str:
    """What a card says the network was trained on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    n = torch.get_num_threads()
    return f"a CPU, {n} thread{'s' * (n > 1)}"


def train_stage(stage: Stage, samples: Samples, cases: int = 8, save_s: float = 60.0) -> None:
    """Train until the stage's budget is spent. Validation takes at most about a tenth of the time."""
    config = stage.config
    policy = Policy(**(config.location_policy if stage.name == "location" else config.segmentation_policy))
    loader = Loader(samples, policy, seed=config.seed + stage.step)
    stage.choose_precision(config.patch)
    last = saved = logged = time.monotonic()
    checked, check_s = stage.elapsed_s, 0.0
    window: list[dict] = []
    patches_seen = 0
    try:
        while stage.elapsed_s < stage.budget_s:
            late = stage.elapsed_s > (1 - config.late_fraction) * stage.budget_s
            batch = loader.next(*((config.late_batch, config.late_patch) if late else (config.batch, config.patch)))
            window.append(stage.train_step(batch, loader))
            patches_seen += len(batch)
            now = time.monotonic()
            stage.elapsed_s, last = stage.elapsed_s + now - last, now
            if now - logged > 10:
                means = {k: float(np.mean([w[k] for w in window])) for k in window[0]}
                row = {"step": stage.step, "elapsed_s": stage.elapsed_s, "lr": stage.lr(), **means}
                row |= {"patches_s": patches_seen / (now - logged), "samples": len(samples.training)}
                append(stage.run / f"{stage.name}.csv", row)
                window, patches_seen, logged = [], 0, now
            if stage.elapsed_s - checked > max(10 * check_s, 0.06 * stage.budget_s):
                start = time.monotonic()
                check(stage, samples, cases)
                plot(stage.run)
                check_s, checked = time.monotonic() - start, stage.elapsed_s
            if now - saved > save_s:
                stage.save()
                saved = now
        check(stage, samples, 3 * cases)
        stage.done = True
        stage.save()
        plot(stage.run)
    finally:
        loader.close()


def plot(run: Path) -> None:
    """RUN/curves.png: losses and validation of both stages."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(11, 7), squeeze=False)
    for row, stage in zip(axes, STAGES):
        for axis, name, columns in zip(row, (stage, f"{stage}_validation"), (("loss", "clip", "background", "dice"), ("sensitivity", "false_per_box", "dsc"))):
            path = run / f"{name}.csv"
            axis.set_title(name)
            axis.set_xlabel("minutes")
            if not path.exists():
                continue
            with path.open() as f:
                rows = list(csv.DictReader(f))
            for column in columns:
                axis.plot([float(r["elapsed_s"]) / 60 for r in rows], [float(r[column]) for r in rows], label=column)
            axis.set_ylim(0, 3)
            axis.legend()
    figure.tight_layout()
    figure.savefig(run / "curves.png", dpi=80)
    pyplot.close(figure)


def best_network(config: Config, stage: str, run: Path) -> ResSEUNet:
    """The best validated weights of a stage, frozen."""
    saved = torch.load(run / f"{stage}.pt", map_location="cpu", weights_only=True)
    if saved["best"] is None:
        raise ValueError(f"{run / stage}.pt was never validated: train longer, or give it validation samples")
    net = build(config, stage)
    net.load_state_dict(saved["best"]["state"])
    return net.eval().requires_grad_(False)


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--config", default="product", help="name of a file in config/, or a .toml file")
    p.add_argument("--data", nargs="+", required=True, type=Path, help="folders of samples; new ones are picked up")
    p.add_argument("--validation", nargs="*", type=Path, help="folders of samples that validate (default: a tenth of the data)")
    p.add_argument("--out", required=True, type=Path, help="folder of the run; a run there is resumed")
    p.add_argument("--start", type=Path, help="a run, or start/ beside this file, whose weights to begin from (default: nothing)")
    p.add_argument("--keep-location", action="store_true", help="take the Location Net of --start as it is: the budget is the Segmentation Net's")
    p.add_argument("--budget", default="40m", type=seconds, help="wall-clock time for both networks, like 40m")
    p.add_argument("--patch", type=int, help="voxels of a side of a training patch, instead of the config's: less time a step")
    p.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    p.add_argument("--wait", default="10m", type=seconds, help="how long to wait for the first samples")
    o = p.parse_args(arguments)
    torch.set_num_threads(o.threads)
    torch.set_flush_denormal(True)
    config = read_config(o.config)
    if o.patch is not None:
        config = replace(config, patch=o.patch)
    o.out.mkdir(parents=True, exist_ok=True)
    samples = Samples(o.data, o.validation)
    deadline = time.monotonic() + o.wait
    while len(samples.training) < 2 and time.monotonic() < deadline:
        time.sleep(1)
        samples.rescan()
    if not samples.training:
        raise SystemExit(f"no samples in {', '.join(map(str, o.data))}: write some with `clipwright phantom --tensors`")
    print(f"{len(samples.training)} samples to train on, {len(samples.validation)} to validate", flush=True)
    if o.keep_location and o.start is None:
        p.error("--keep-location needs --start")
    location = best_network(config, "location", o.start) if o.keep_location else None
    shares = {"segmentation": 1.0} if o.keep_location else {"location": config.location_share, "segmentation": 1 - config.location_share}
    for name, share in shares.items():
        stage = Stage(config, name, o.out, share * o.budget, location, o.start)
        if not stage.done:
            train_stage(stage, samples)
        location = location or best_network(config, "location", o.out)


if __name__ == "__main__":
    main()
