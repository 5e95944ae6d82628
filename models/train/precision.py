"""Makes the shipped networks in half precision and in 8-bit integers, and measures them beside float32 on the CPU.

    python precision.py TENSORS MODELS OUT

TENSORS is a folder of `clipwright phantom --tensors`: all samples but the last calibrate the integers, the last is measured on.
OUT gets fp16/ and int8/, each with location.onnx and segmentation.onnx, for `clipwright doctor --cases 20 --networks`.
"""

import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.transformers.float16 import convert_float_to_float16

PATCH = 96
RUNS = 3
NETWORKS = ("location", "segmentation")


def session(path: Path, threads: int = 1) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # as the program runs them
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def patches(folder: Path) -> list[np.ndarray]:
    """The middle of each sample as one patch [1, C, z, y, x], padded with air where it is smaller."""
    all_ = []
    for path in sorted(folder.glob("*.inputs.npy")):
        a = np.load(path).astype(np.float32)
        starts = [max(0, (n - PATCH) // 2) for n in a.shape[1:]]
        a = a[:, *(slice(s, s + PATCH) for s in starts)]
        all_.append(np.pad(a, [(0, 0)] + [(0, PATCH - n) for n in a.shape[1:]])[None])
    return all_


def with_feature(location: ort.InferenceSession, patch: np.ndarray) -> np.ndarray:
    """The Segmentation Net's input: the channels and the Location Net's logits."""
    return np.concatenate([patch, location.run(None, {"input": patch})[0]], 1)


class Reader(CalibrationDataReader):
    def __init__(self, inputs: list[np.ndarray]):
        self.inputs = iter(inputs)

    def get_next(self):
        a = next(self.inputs, None)
        return None if a is None else {"input": a}


def make(source: Path, name: str, calibration: list[np.ndarray], out: Path) -> dict[str, Path]:
    """The network in every precision."""
    forms = {"fp32": source, "fp16": out / "fp16" / f"{name}.onnx", "int8": out / "int8" / f"{name}.onnx"}
    for form in ("fp16", "int8"):
        forms[form].parent.mkdir(parents=True, exist_ok=True)
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), forms["fp16"])
    quantize_static(
        str(source), str(forms["int8"]), Reader(calibration), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv"],
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
    )
    return forms


def measure(path: Path, patch: np.ndarray) -> tuple[np.ndarray, float]:
    """The logits and the least processor time of a pass on one thread, in seconds: other work on the machine changes it little."""
    s = session(path)
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        logits = s.run(None, {"input": patch})[0]
        times.append(time.process_time() - start)
    return logits, min(times)


def main() -> None:
    tensors, models, out = (Path(a) for a in sys.argv[1:4])
    samples = patches(tensors)
    if len(samples) < 2:
        sys.exit(f"{tensors} holds {len(samples)} samples; make at least 2 with clipwright phantom --tensors")
    location = session(models / "location.onnx", 0)
    inputs = {"location": samples, "segmentation": [with_feature(location, s) for s in samples]}
    print(f"one patch of {PATCH}^3, one thread; differences of logits and of marked voxels from float32")
    print(f"{'network':14s}{'form':6s}{'cpu s':>8s}{'MB':>8s}{'largest':>10s}{'mean':>10s}{'marked':>8s}{'differ':>8s}")
    for name in NETWORKS:
        forms = make(models / f"{name}.onnx", name, inputs[name][:-1], out)
        reference = None
        for form, path in forms.items():
            logits, seconds = measure(path, inputs[name][-1])
            reference = logits if reference is None else reference
            d = np.abs(logits - reference)
            marked = int((logits > 0).sum())
            differ = int(((logits > 0) != (reference > 0)).sum())
            size = path.stat().st_size / 1e6
            print(f"{name:14s}{form:6s}{seconds:8.2f}{size:8.1f}{d.max():10.2g}{d.mean():10.2g}{marked:8d}{differ:8d}", flush=True)


main()
