"""Folder to RTSTRUCT: our program and the Python stack, whole processes in turn, as medians and ratios.

    python bench_pipeline.py CT_FOLDER OUT [RUNS]
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

STAGES = ("read", "prepare", "locate", "segment", "write")


def run(command: list[str]) -> tuple[dict, str]:
    """Wall seconds, seconds of processor time, peak MB and standard output of a process."""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    out = p.stdout.read()
    _, status, used = os.wait4(p.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    wall = time.perf_counter() - start
    return {"whole": wall, "processor": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}, out


def main() -> None:
    folder, out = sys.argv[1], Path(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    out.mkdir(parents=True, exist_ok=True)
    result = out / "result.json"
    ours = ["./clipwright", "segment", folder, "--provider", "cpu", "--out", str(out / "ours.dcm"), "--json", str(result), "--force"]
    theirs = [sys.executable, ".ci/python_stack.py", folder, "models", str(out / "theirs.dcm")]
    figures = {"ours": [], "peer": []}
    for _ in range(runs):
        used, _ = run(ours)
        made = json.loads(result.read_text())
        figures["ours"].append(made["seconds"] | used | {"clips": len(made["clips"])})
        used, text = run(theirs)
        figures["peer"].append(json.loads(text.splitlines()[-1]) | used)

    def median(who: str, what: str) -> float:
        return statistics.median(f[what] for f in figures[who])

    names = {"whole": "whole process", "processor": "processor time"}  # the latter tells more on a busy machine
    for stage in (*STAGES, "whole", "processor"):
        a, b = median("ours", stage), median("peer", stage)
        print(f"{names.get(stage, stage):34s} ours {a:8.2f} s    peer {b:8.2f} s    ratio {b / a:5.1f} x")
    a, b = median("ours", "peak"), median("peer", "peak")
    print(f"{'peak memory':34s} ours {a:8.0f} MB   peer {b:8.0f} MB   ratio {b / a:5.1f} x")
    print(f"{'clips':34s} ours {median('ours', 'clips'):8.0f}      peer {median('peer', 'clips'):8.0f} (components)")


main()
