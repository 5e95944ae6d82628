"""Fit the judge of candidates: how the evidence for a clip adds up to its confidence.

    clipwright evaluate --cases ... --candidates candidates.jsonl
    python judge.py candidates.jsonl [...] --card ../segmentation.json

Each line of the input is something that the Segmentation Net marked, the terms of its evidence (segment.Evidence in Go,
where they are defined) and whether it is a clip. The judge is a ridged logistic regression: few numbers, readable in the
card, none of them able to run away. Folds by case measure it on cases left out. A candidate is kept where that costs less than
dropping it, a miss counted as MISS false clips; `look` is the number of errors, expected by the
confidences, from which a case asks for a look. The card is rewritten in place.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RIDGE = 1.0  # on standardised terms: as strong as one observation each
MISS = 2.5  # false clips that a missed one is worth: a false one is rejected by a key, a missed one must be noticed
KEEP = round(1 / (1 + MISS), 2)  # the chance at which both cost the same
CAUGHT = 0.75  # of the cases with a miss or a false clip: a warning that seldom comes is worth little
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


def left_out(x: np.ndarray, y: np.ndarray, counted: np.ndarray, cases: list[str]) -> np.ndarray:
    """Each candidate's chance by a judge that saw none of its case; only counted ones teach."""
    fold = {case: i % FOLDS for i, case in enumerate(sorted(set(cases)))}
    of = np.array([fold[c] for c in cases])
    p = np.zeros(len(y))
    for k in set(of):
        teach = (of != k) & counted
        p[of == k] = chance(x[of == k], *fit(x[teach], y[teach], np.ones(teach.sum())))
    return p


@dataclass
class Case:
    """What a judge makes of one case."""

    kind: str  # "phantom" or "real"
    clips: int
    among: int = 0  # of the clips, found by any candidate
    hits: int = 0  # by a kept one
    false: int = 0
    expected: float = 0.0  # errors, by the chances

    @property
    def failing(self) -> bool:
        return self.hits < self.clips or self.false > 0


def cases_of(rows: list[dict], p: np.ndarray, keep: float) -> list[Case]:
    out: dict[str, Case] = {}
    chances = iter(p)
    for row in rows:
        case = out.setdefault(row["case"], Case("phantom" if row["source"] == "phantom" else "real", row["clips"]))
        if not row["terms"]:
            continue
        q = next(chances)
        kept = q >= keep
        case.expected += 1 - q if kept else q
        case.among += row["true"]
        case.hits += bool(kept and row["true"])
        case.false += bool(kept and not row["true"] and not row["axillary"])
    return list(out.values())


def choose_look(cases: list[Case]) -> float:
    """The expected errors from which a case wants a look: the largest that still asks for one in CAUGHT of the failing cases."""
    failing = np.array([c.failing for c in cases])
    expected = np.array([c.expected for c in cases])
    if failing.all() or not failing.any():
        return round(float(np.median(expected)), 2)
    levels = np.unique(np.floor(expected * 100) / 100)
    enough = [v for v in levels if (expected[failing] >= v).mean() >= CAUGHT]
    return round(float(max(enough)), 2)


def describe(cases: list[Case], look: float) -> dict[str, dict[str, float]]:
    """What was achieved, by kind of source."""
    out = {}
    for kind in sorted({c.kind for c in cases}):
        mine = [c for c in cases if c.kind == kind]
        clips = sum(c.clips for c in mine)
        flagged = {f: [c.expected >= look for c in mine if c.failing == f] for f in (True, False)}
        out[kind] = {
            "cases": len(mine),
            "among_candidates": round(sum(c.among for c in mine) / max(clips, 1), 4),
            "sensitivity": round(sum(c.hits for c in mine) / max(clips, 1), 4),
            "false_per_case": round(sum(c.false for c in mine) / len(mine), 3),
            "exact": round(sum(not c.failing for c in mine) / len(mine), 3),
            "failing_flagged": round(float(np.mean(flagged[True] or [0.0])), 3),
            "good_flagged": round(float(np.mean(flagged[False] or [0.0])), 3),
        }
    return out


def judge(rows: list[dict]) -> tuple[dict, dict]:
    """The judge for the card, and what it achieves on cases left out."""
    marked = [r for r in rows if r["terms"]]
    names = sorted({name for r in marked for name in r["terms"]})
    x = np.array([[r["terms"].get(n, 0.0) for n in names] for r in marked])
    y = np.array([r["true"] for r in marked])
    counted = np.array([not r["axillary"] for r in marked])
    p = left_out(x, y, counted, [r["case"] for r in marked])
    cases = cases_of(rows, p, KEEP)
    look = choose_look(cases)
    weights, bias = fit(x[counted], y[counted], np.ones(counted.sum()))
    found = {"weights": {n: round(float(w), 4) for n, w in zip(names, weights)}, "bias": round(bias, 4), "keep": KEEP, "look": look}
    return found, describe(cases, look)


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
