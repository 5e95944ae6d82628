"""Fit the judge of candidates: how the evidence for a clip adds up to its confidence.

    clipwright evaluate --cases ... --candidates candidates.jsonl
    python judge.py candidates.jsonl [...] --card ../segmentation.json

Each line of the input is something that the Segmentation Net marked, the terms of its evidence (segment.Evidence in Go,
where they are defined) and whether it is a clip. The judge is a ridged logistic regression: few numbers, readable in the
card, none of them able to run away. Folds by case measure it on cases left out; the threshold `keep` is the one that
leaves the fewest errors there, a miss counted as often as MISS false clips. The card is rewritten in place.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

RIDGE = 1.0  # on standardised terms: as strong as one observation each
MISS = 1.5  # false clips that a missed one is worth: a false one is rejected by a key, a missed one must be noticed
FOLDS = 8


def read(paths: list[Path]) -> list[dict]:
    rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    if not rows:
        raise SystemExit(f"no candidates in {', '.join(map(str, paths))}")
    return rows


def fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights [terms] and bias of a logistic regression of y on x [n, terms], by Newton's method."""
    mean, scale = np.average(x, axis=0, weights=weight), x.std(0) + 1e-6
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    ridge = np.diag([RIDGE] * x.shape[1] + [0.0])
    w = np.zeros(z.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-z @ w))
        gradient = z.T @ (weight * (p - y)) + ridge @ w
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + ridge + 1e-9 * np.eye(len(w))
        step = np.linalg.solve(hessian, gradient)
        w -= step * min(1.0, 3 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    weights = w[:-1] / scale
    return weights, float(w[-1] - (weights * mean).sum())


def chance(x: np.ndarray, weights: np.ndarray, bias: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(x @ weights + bias)))


def choose_keep(p: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """The confidence below which a candidate is better dropped."""
    levels = np.linspace(0.05, 0.8, 76)
    costs = [(weight * np.where(p >= k, ~y, MISS * y)).sum() for k in levels]
    return round(float(levels[int(np.argmin(costs))]), 2)


def left_out(x: np.ndarray, y: np.ndarray, weight: np.ndarray, cases: list[str]) -> np.ndarray:
    """Each candidate's chance by a judge that saw none of its case."""
    fold = {case: i % FOLDS for i, case in enumerate(sorted(set(cases)))}
    of = np.array([fold[c] for c in cases])
    p = np.zeros(len(y))
    for k in set(of):
        inside = of != k
        p[~inside] = chance(x[~inside], *fit(x[inside], y[inside], weight[inside]))
    return p


def describe(rows: list[dict], kept: np.ndarray) -> dict[str, dict[str, float]]:
    """Sensitivity and false clips a case by kind of source, of the candidates that are kept."""
    out = defaultdict(lambda: {"cases": 0, "clips": 0, "among": 0, "hits": 0, "false": 0})
    for row, keep in zip(rows, kept):
        s = out["phantom" if row["source"] == "phantom" else "real"]
        if row["first"]:
            s["cases"], s["clips"] = s["cases"] + 1, s["clips"] + row["clips"]
        s["among"] += row["true"]
        s["hits"] += bool(keep and row["true"])
        s["false"] += bool(keep and row["terms"] and not row["true"] and not row["axillary"])
    return {
        kind: {
            "cases": s["cases"],
            "among_candidates": round(s["among"] / max(s["clips"], 1), 4),
            "sensitivity": round(s["hits"] / max(s["clips"], 1), 4),
            "false_per_case": round(s["false"] / max(s["cases"], 1), 3),
        }
        for kind, s in out.items()
    }


def judge(rows: list[dict]) -> tuple[dict, dict]:
    """The judge for the card, and what it achieves on cases left out."""
    counted = [r for r in rows if r["terms"] and not r["axillary"]]
    names = sorted({name for r in counted for name in r["terms"]})
    x = np.array([[r["terms"].get(n, 0.0) for n in names] for r in counted])
    y = np.array([r["true"] for r in counted])
    weight = np.ones(len(y))
    cases = [r["case"] for r in counted]
    p = left_out(x, y, weight, cases)
    keep = choose_keep(p, y, weight)
    chances = iter(p)
    kept = np.array([next(chances) >= keep if r["terms"] and not r["axillary"] else False for r in rows])
    weights, bias = fit(x, y, weight)
    found = {"weights": {n: round(float(w), 4) for n, w in zip(names, weights)}, "bias": round(bias, 4), "keep": keep}
    return found, describe(rows, kept)


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("candidates", nargs="+", type=Path)
    p.add_argument("--card", type=Path, required=True, help="the Segmentation Net's card, rewritten in place")
    o = p.parse_args(arguments)
    found, achieved = judge(read(o.candidates))
    card = json.loads(o.card.read_text())
    card["judge"] = found
    for kind, figures in achieved.items():
        for name, value in figures.items():
            card["metrics"][f"judge_{kind}_{name}"] = value
    aside = o.card.with_suffix(".part")
    aside.write_text(json.dumps(card, indent=2) + "\n")
    aside.replace(o.card)
    print(json.dumps({"judge": found, "left out": achieved}, indent=2))


if __name__ == "__main__":
    main()
