"""The judge of candidates: it learns what separates, and its threshold weighs misses."""

import json

import numpy as np

import judge


def rows(n: int, seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        true = bool(rng.random() < 0.6)
        out.append({
            "case": f"case {i // 8}", "source": "phantom" if i % 16 < 8 else "a real CT", "first": i % 8 == 0, "clips": 5,
            "terms": {"segmentation": float(rng.normal(1.5 if true else -1.5)), "noise": float(rng.normal())},
            "true": true, "axillary": i % 40 == 39,
        })
    return out


def test_weights_recover_a_logistic_model():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 2))
    y = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * x[:, 0] - 0.5)))
    weights, bias = judge.fit(x, y, np.ones(len(y)))
    assert np.allclose(weights, [1.5, 0], atol=0.15) and abs(bias + 0.5) < 0.15


def test_judge_is_measured_on_cases_left_out():
    found, achieved = judge.judge(rows(400, 2))
    assert found["weights"]["segmentation"] > 5 * abs(found["weights"]["noise"])
    assert found["keep"] == judge.KEEP and found["look"] > 0
    assert set(achieved) == {"phantom", "real"}
    for figures in achieved.values():
        assert figures["sensitivity"] <= figures["among_candidates"]


def test_a_sure_judge_finds_the_failing_cases():
    cases = [judge.Case("phantom", 5, hits=5, expected=0.1)] * 6 + [judge.Case("phantom", 5, hits=4, expected=0.9)] * 4
    look = judge.choose_look(cases)
    achieved = judge.describe(cases, look)["phantom"]
    assert achieved["failing_flagged"] == 1 and achieved["good_flagged"] == 0 and achieved["exact"] == 0.6


def test_card_is_rewritten(tmp_path):
    card, lines = tmp_path / "card.json", tmp_path / "candidates.jsonl"
    card.write_text(json.dumps({"name": "segmentation", "metrics": {}}))
    lines.write_text("\n".join(json.dumps(r) for r in rows(200, 3)))
    judge.main([str(lines), "--card", str(card)])
    written = json.loads(card.read_text())
    assert written["judge"]["weights"] and written["metrics"]["judge_phantom_cases"] == 13
