"""Turn a training run into ONNX networks, their cards, and the tensors that prove parity.

    python export.py RUN MODELS

writes MODELS/location.onnx, location.json, segmentation.onnx, segmentation.json, and in MODELS/testdata for each stage
STAGE_input.npy (float32 [1, C, 32, 32, 32], the same for every export) and STAGE_logits.npy (float32 [1, 1, 32, 32, 32],
PyTorch's answer). With --with OTHER_RUN the Segmentation Net is the mean of both runs' logits, in one graph. With
--start DIR it also keeps there, in half precision, the weights that `train.py --start DIR` goes on from. The Segmentation
Net's card wants a judge next (judge.py): its threshold is low, for candidates. The graphs take "input" float32
[1, C, D, H, W], D, H and W multiples of 32, and give "logits" [1, 1, D, H, W]. Nothing is written unless ONNX Runtime gives
PyTorch's numbers.
"""

import argparse
import copy
import hashlib
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import validate
from data import CHANNELS, SPACING_MM
from model import Mean, ResSEUNet
from train import STAGES, Config, best_network

VERSION = "0.1.0"
PARITY = 1e-3  # largest difference of a logit between PyTorch and ONNX Runtime
OPERATORS = {"Conv", "Relu", "Add", "Concat", "Reshape", "ReduceMean", "Sigmoid", "Mul", "Clip", "Slice"}
SHAPES = {"Shape", "Gather", "Unsqueeze", "Constant", "Cast", "Mul", "Concat", "Identity"}  # arithmetic on sizes
WARNING = "not a medical device: research software; a clinician must check every clip and every contour"
LICENCE = "MIT, as the program: see LICENSE"


def export(net: ResSEUNet | Mean, path: Path) -> None:
    """Write net, its BatchNorms folded, as ONNX; net itself stays as it is."""
    folded = copy.deepcopy(net).cpu().float().for_export().to(memory_format=torch.contiguous_format)
    sizes = {2: "D", 3: "H", 4: "W"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is old, pinned, and needs nothing more installed
        torch.onnx.export(
            folded,
            (torch.zeros(1, net.channels, 32, 64, 96),),
            str(path),
            input_names=["input"],
            output_names=["logits"],
            dynamic_axes={"input": sizes, "logits": sizes},
            opset_version=17,
            dynamo=False,
        )
    graph = onnx.load(str(path))
    onnx.checker.check_model(graph)
    foreign = {node.op_type for node in graph.graph.node} - OPERATORS - SHAPES
    if foreign:
        raise ValueError(f"{path}: operators {sorted(foreign)} do not run on every provider; change model.py")


def parity_input(net: ResSEUNet | Mean, size: int = 32, seed: int = 7) -> np.ndarray:
    """A made-up input [1, C, size, size, size]: smooth windows, a few bright voxels, logits for the feature map."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.random((1, 1, 8, 8, 8), np.float32))
    hu = torch.nn.functional.interpolate(coarse, size=(size,) * 3, mode="trilinear").numpy() * 700 - 250
    hu[0, 0][tuple(rng.integers(0, size, (3, 40)))] = 2000
    x = [np.clip((hu + 200) / 400, 0, 1), hu >= 300, np.clip((hu + 200) / 2400, 0, 1)]
    if net.feature:
        x = x[: net.channels - 1] + [rng.normal(-6, 6, hu.shape)]
    return np.concatenate(x[: net.channels], 1).astype(np.float32)


def parity(net: ResSEUNet | Mean, path: Path, x: np.ndarray) -> tuple[np.ndarray, float]:
    """PyTorch's logits for x, and ONNX Runtime's largest difference from them."""
    with torch.inference_mode():
        expected = copy.deepcopy(net).cpu().float().eval().to(memory_format=torch.contiguous_format)(torch.from_numpy(x)).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (got,) = session.run(["logits"], {"input": x})
    return expected, float(np.abs(got - expected).max())


def card(config: Config, stage: str, path: Path, saved: dict, difference: float, networks: int = 1) -> dict:
    """The card of an exported network: what the program must know to feed and read it, and where it comes from."""
    channels = [CHANNELS[i] for i in (config.channels if stage == "location" else config.segmentation_channels)]
    if stage == "segmentation" and config.feature:
        channels = [*channels, {"kind": "feature"}]
    best = saved["best"]
    scores = best["scores"]
    a, b = best["calibration"]
    went_on = ", going on from an earlier run" if best.get("went_on") else ""
    mean = f"; the mean of {networks} runs' networks" if networks > 1 else ""
    return {
        "name": stage,
        "version": VERSION,
        "config": config.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "patch_voxels": config.late_patch,
        "spacing_mm": SPACING_MM,
        "overlap": validate.OVERLAP / (2 if stage == "location" else 1),  # what was measured: half loses no clip and a third of the windows
        "mirror": stage == "segmentation" and config.mirror,
        "skipped_logit": validate.SKIPPED_LOGIT,
        "channels": channels,
        "threshold": scores["threshold"] if stage == "location" else config.candidate_threshold,
        "min_voxels": scores["min_voxels"],
        "calibration_a": a,
        "calibration_b": b,
        "trained": f"{time.strftime('%Y-%m-%d')}, {best['step']} steps of {config.batch} patches of {config.patch}^3 in {best['elapsed_s'] / 60:.0f} min on {best['hardware']}{went_on}{mean}",
        "data": [f"{n} samples: {source}" for source, n in sorted(best["sources"].items())],
        "metrics": {
            "validation_boxes": best["boxes"],
            "validation_sensitivity": round(scores["sensitivity"], 4),
            "validation_false_per_box": round(scores["false_per_box"], 4),
            "validation_dsc": round(scores["dsc"], 4),
            "parity_max_abs": difference,
        },
        "licence": LICENCE,
        "warning": WARNING,
    }


def export_stage(config: Config, stage: str, run: Path, models: Path, others: list[Path]) -> dict:
    """Export one stage, the mean with that of others; the files appear in models only when all is well. Returns the card."""
    net = best_network(config, stage, run)
    if others:
        net = Mean([net, *(best_network(config, stage, other) for other in others)]).eval()
    models.mkdir(parents=True, exist_ok=True)
    aside = models / f".{stage}.onnx.part"
    export(net, aside)
    x = parity_input(net)
    expected, difference = parity(net, aside, x)
    _, other = parity(net, aside, parity_input(net, 64, seed=8))
    difference = max(difference, other)
    if not difference <= PARITY:
        raise ValueError(f"{stage}: ONNX Runtime differs from PyTorch by {difference:.2g}, more than {PARITY}: nothing exported")
    saved = torch.load(run / f"{stage}.pt", map_location="cpu", weights_only=True)
    description = card(config, stage, aside, saved, difference, 1 + len(others))
    (models / "testdata").mkdir(exist_ok=True)
    np.save(models / "testdata" / f"{stage}_input.npy", x)
    np.save(models / "testdata" / f"{stage}_logits.npy", expected)
    os.replace(aside, models / f"{stage}.onnx")
    (models / f"{stage}.json").write_text(json.dumps(description, indent=2) + "\n")
    return description


def keep_start(stage: str, saved: dict, start: Path) -> None:
    """Write the best weights of a stage, its BatchNorms not folded, as a run that train.py can start from."""
    start.mkdir(parents=True, exist_ok=True)
    half = {k: v.half() if v.is_floating_point() else v for k, v in saved["best"]["state"].items()}
    torch.save({"config": saved["config"], "best": {"state": half}}, start / f"{stage}.pt")


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("run", type=Path, help="folder that train.py wrote")
    p.add_argument("models", type=Path, help="folder of the program's models")
    p.add_argument("--start", type=Path, help="folder to keep the weights in for further training")
    p.add_argument("--with", dest="others", nargs="*", type=Path, default=[], help="runs to take the mean of the Segmentation Net with")
    o = p.parse_args(arguments)
    for stage in STAGES:
        if not (o.run / f"{stage}.pt").exists():
            print(f"{stage}: not trained in {o.run}, left as it is")
            continue
        saved = torch.load(o.run / f"{stage}.pt", map_location="cpu", weights_only=True)
        c = export_stage(Config(**saved["config"]), stage, o.run, o.models, o.others if stage == "segmentation" else [])
        if o.start is not None:
            keep_start(stage, saved, o.start)
        size = (o.models / f"{stage}.onnx").stat().st_size / 1e6
        print(f"{stage}.onnx: {size:.1f} MB, parity {c['metrics']['parity_max_abs']:.1e}, {c['metrics']}")


if __name__ == "__main__":
    main()
