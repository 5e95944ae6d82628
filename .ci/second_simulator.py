"""Clips in real CTs by a second simulator, and what the program finds of them.

    second_simulator.py PROGRAM CTS OUT REPORT [CASES_PER_CT]

Written apart from internal/phantom, on numpy and SciPy alone, so that a network tuned to the phantom shows it: titanium is
points that fill a wire, blurred by the kernel and averaged over the slice; streaks are copies of it shifted outward. Sites
are soft tissue in front of the lungs and outside the ribs, 8 to 40 mm deep. Slices stay at most 5 mm thick.
"""

import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay

FOUND_MM = 5.0
REACH_MM = 60  # of what is rendered round the bed
THICKEST_MM = 5.01  # of slices


def load(path):
    """HU [x, y, z] along L, P, S, and the spacing in mm."""
    image = nibabel.as_closest_canonical(nibabel.load(path))
    hu = np.ascontiguousarray(np.asarray(image.dataobj, np.float32)[::-1, ::-1])
    return hu, np.array(image.header.get_zooms()[:3], float)


def thicken(hu, mm, wanted):
    """Slices of about the wanted thickness, at most THICKEST_MM, by the mean of neighbours."""
    n = max(1, min(round(wanted / mm[2]), int(THICKEST_MM / mm[2])))
    count = hu.shape[2] // n
    hu = hu[:, :, : count * n].reshape(*hu.shape[:2], count, n).mean(3)
    return hu, mm * [1, 1, n]


def largest(mask):
    labels, n = ndimage.label(mask)
    return labels == 1 + np.argmax(ndimage.sum(mask, labels, range(1, n + 1))) if n else mask


def where_clips_may_be(hu, mm):
    """The voxels where a bed may be, and where a clip of it may be."""
    body = largest(ndimage.binary_opening(hu > -300, iterations=2))
    for k in range(hu.shape[2]):
        body[:, :, k] = ndimage.binary_fill_holes(body[:, :, k])
    lung = ndimage.binary_opening((hu < -400) & body, iterations=2)
    ribs = np.zeros_like(body)  # what they enclose: the hull of the lungs
    front = np.zeros_like(body)
    at = np.stack(np.meshgrid(*map(np.arange, hu.shape[:2]), indexing="ij"), -1).reshape(-1, 2)
    for k in range(hu.shape[2]):
        points = np.argwhere(lung[:, :, k])
        if len(points) < 200:
            ribs[:, :, k] = True
            continue
        hull = Delaunay(points[:: max(1, len(points) // 400)])
        ribs[:, :, k] = (hull.find_simplex(at) >= 0).reshape(hu.shape[:2])
        low, high = points[:, 1].min(), points[:, 1].max()
        front[:, : int(low + 0.4 * (high - low)), k] = True
    area, z = lung.sum((0, 1)), np.arange(hu.shape[2]) * mm[2]
    wide = z[area > 0.6 * area.max()]
    level = (z > max(wide[0] - 10, 25)) & (z < min(wide[-1] - 30, z[-1] - 25))
    outer = body & front & level & (ndimage.distance_transform_edt(~ribs, sampling=mm) > 8)
    depth = ndimage.distance_transform_edt(body, sampling=mm)
    bone = ndimage.distance_transform_edt(~ndimage.binary_opening(hu > 200), sampling=mm)
    middle = ndimage.center_of_mass(lung)[0]
    aside = np.abs(np.arange(hu.shape[0]) - middle)[:, None, None] * mm[0]
    bed = outer & (depth > 8) & (depth < 40) & (bone > 4) & (aside > 30) & (aside < 140) & (hu > -200) & (hu < 150)
    return bed, outer & (depth > 4) & (bone > 1.5) & (hu > -250) & (hu < 200)


def turn(rng):
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q


def wire(rng, shape, length):
    """Points [n, 3] in mm that fill a clip, and its volume in mm3."""
    thick, n = rng.uniform(0.5, 1.0), 4000
    side = rng.integers(0, 2, n) * 2 - 1
    if shape == "rod":
        points, volume = rng.uniform(-0.5, 0.5, (n, 3)) * [length, thick, thick], length * thick**2
    elif shape == "closed":
        points = rng.uniform(-0.5, 0.5, (n, 3)) * [length, thick, thick]
        points[:, 1] += 0.6 * thick * side
        volume = 2 * length * thick**2
    else:  # V
        along = rng.uniform(0, 1, n)
        points = np.c_[(along - 0.5) * length, 0.3 * side * along * length, np.zeros(n)] + rng.uniform(-0.5, 0.5, (n, 3)) * thick
        volume = 2 * length * thick**2
    return points @ turn(rng).T, volume


def centres(rng, bed, voxels, mm):
    """4 to 9 clips 6 to 28 mm from the bed's middle, 8 mm apart or more, some 3."""
    away = np.linalg.norm(voxels - bed, axis=1)
    shell = voxels[(away > 6) & (away < 28)]
    chosen = []
    wanted = rng.integers(4, 10)
    for _ in range(400):
        at = shell[rng.integers(len(shell))] + rng.uniform(-0.5, 0.5, 3) * mm
        least = 3 if rng.random() < 0.15 else 8
        if len(chosen) < wanted and all(np.linalg.norm(at - other) >= least for other in chosen):
            chosen.append(at)
    return chosen


def insert(rng, hu, mm):
    """HU with clips, their centres [n, 3] in mm, and what they are like; None without a site."""
    sites, allowed = where_clips_may_be(hu, mm)
    sites = np.argwhere(sites)
    if len(sites) < 50:
        return None
    bed = sites[rng.integers(len(sites))] * mm
    truth = centres(rng, bed, np.argwhere(allowed) * mm, mm)
    low = np.maximum(((bed - REACH_MM) / mm).astype(int), 0)
    high = np.minimum(((bed + REACH_MM) / mm).astype(int) + 1, hu.shape)
    box = tuple(map(slice, low, high))
    part = hu[box].copy()
    shape, length = rng.choice(["rod", "closed", "V"]), rng.uniform(3, 8)
    metal = np.zeros(part.shape, np.float32)
    for centre in truth:
        points, volume = wire(rng, shape, length)
        at = np.round((points + centre) / mm - low).astype(int)
        at = at[np.all((at >= 0) & (at < part.shape), axis=1)]
        np.add.at(metal, tuple(at.T), volume / len(points) / np.prod(mm))
    kernel = rng.uniform(0.45, 0.8)
    metal = ndimage.gaussian_filter(metal, [kernel / mm[0], kernel / mm[1], 0.35])
    if rng.random() < 0.6:  # a seroma
        half = rng.uniform(6, 14) * rng.uniform(0.7, 1.2, 3)
        away = sum((((n + l) * s - b) / h) ** 2 for n, l, s, b, h in zip(np.ix_(*map(np.arange, part.shape)), low, mm, bed, half))
        water = ndimage.gaussian_filter((away < 1).astype(np.float32), [1 / mm[0], 1 / mm[1], 0.3]) * (part > -300)
        part += water * (15 - part)
    part += metal * rng.uniform(9000, 13000)
    for k in np.flatnonzero(metal.max((0, 1)) > 0.02):
        for _ in range(3):
            angle = rng.uniform(0, np.pi)
            streak = sum(
                ndimage.shift(metal[:, :, k], t * np.array([np.cos(angle), np.sin(angle)]) / mm[:2], order=1) * np.exp(-abs(t) / 7)
                for t in np.arange(-18, 18.1, 0.7)
            )
            part[:, :, k] += rng.choice([-1, 1]) * streak * rng.uniform(150, 500)
    out = hu.copy()
    out[box] = part
    noise = ndimage.gaussian_filter(rng.normal(size=hu.shape).astype(np.float32), [0.6, 0.6, 0])
    out += noise / noise.std() * rng.uniform(3, 14) * (hu > -900)
    return np.clip(out, -1024, 3071).round().astype(np.int16), np.array(truth), f"{shape} {length:.1f} mm"


def write(folder, hu, mm, name):
    """A CT series."""
    folder.mkdir(parents=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for k in range(hu.shape[2]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID, d.Modality = CTImageStorage, meta.MediaStorageSOPInstanceUID, "CT"
        d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = study, series, frame
        d.PatientName, d.PatientID, d.PatientSex, d.PatientBirthDate = name, name, "F", ""
        d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber, d.ReferringPhysicianName = "20260101", "120000", "1", "", ""
        d.Manufacturer, d.SeriesNumber, d.InstanceNumber, d.PatientPosition = "", 1, k + 1, "HFS"
        d.ImagePositionPatient, d.ImageOrientationPatient = [0, 0, round(k * mm[2], 6)], [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness = [float(mm[1]), float(mm[0])], float(mm[2])
        d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = hu.shape[1], hu.shape[0], 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, 0
        d.PixelData = np.ascontiguousarray(hu[:, :, k].T).tobytes()
        d.save_as(folder / f"{k:04d}.dcm", enforce_file_format=True)


def search(program, folder):
    """The centres that the program finds, [n, 3] in mm, those left out because they lie far from the bed not among them."""
    result = folder.with_suffix(".result.json")
    subprocess.run(
        [program, "segment", folder, "--provider", "cpu", "--out", folder.with_suffix(".rs.dcm"), "--json", result, "--force"],
        check=True, capture_output=True,
    )
    return np.array([c["centre_mm"] for c in json.loads(result.read_text())["clips"]]).reshape(-1, 3)


def match(truth, found):
    """How many of truth lie one to one within FOUND_MM of found."""
    if not len(found):
        return 0
    apart = np.linalg.norm(truth[:, None] - found[None], axis=2)
    pairs = linear_sum_assignment(np.where(apart <= FOUND_MM, apart, 1e3))
    return int((apart[pairs] <= FOUND_MM).sum())


def interval(rows, figure):
    rng = np.random.default_rng(1)
    drawn = [figure(rows[rng.integers(len(rows), size=len(rows))]) for _ in range(2000)]
    return f"{figure(rows):.3f} | {np.percentile(drawn, 2.5):.3f} to {np.percentile(drawn, 97.5):.3f}"


def main(program, cts, out, report, per_ct=2):
    lines, rows = [], []
    hosts = sorted(Path(cts).glob("*/*.nii.gz"))
    if not hosts:
        sys.exit(f"{cts}: no CTs there; this needs folders of .nii.gz, train and test")
    for h, host in enumerate(hosts):
        hu, mm = load(host)
        if mm[2] > THICKEST_MM:
            print(f"{host.name}: slices of {mm[2]:.1f} mm", flush=True)
            continue
        for i in range(int(per_ct)):
            rng = np.random.default_rng([h, i])
            thick, spacing = thicken(hu, mm, rng.uniform(2, 5))
            made = insert(rng, thick, spacing)
            if made is None:
                print(f"{host.name} {i}: no place for a bed", flush=True)
                continue
            image, truth, kind = made
            folder = Path(out) / f"{host.name.split('.')[0]}-{i}"
            write(folder, image, spacing, f"SIM{h}{i}")
            found = search(program, folder)
            hits = match(truth, found)
            rows.append([len(truth), hits, len(found) - hits, hits == len(truth) == len(found), host.parent.name == "test"])
            lines.append(f"| {host.name.split('.')[0]} | {host.parent.name} | {spacing[2]:.1f} | {kind} | {len(truth)} | {hits} | {len(found) - hits} |")
            print(lines[-1], flush=True)
    all_rows = np.array(rows, float)
    parts = [("all", all_rows), ("CTs that train", all_rows[all_rows[:, 4] == 0]), ("CTs that test", all_rows[all_rows[:, 4] == 1])]
    text = [
        "# Clips of a second simulator", "",
        "Written by `make second-simulator`. Clips, cavities and streaks are drawn into the real CTs by a program that shares nothing with the phantom "
        "that the networks learn from (`.ci/second_simulator.py`), on slices of at most 5 mm; a clip is found when centres match one to one within 5 mm. The CTs "
        "of `train` are those that the networks learn from, with other clips in them; those of `test` are not. Nothing was chosen by these figures. Clipwright "
        "is not a medical device.", "",
        "| | cases | clips | found | 95 % interval | false a case | 95 % interval | every clip and no false | 95 % interval |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, part in parts:
        if len(part):
            figures = [interval(part, f) for f in (lambda r: r[:, 1].sum() / r[:, 0].sum(), lambda r: r[:, 2].mean(), lambda r: r[:, 3].mean())]
            text.append(f"| {name} | {len(part)} | {part[:, 0].sum():.0f} | " + " | ".join(figures) + " |")
    text += ["", "| CT | of | slices mm | clips like | clips | found | false |", "| --- | --- | --- | --- | --- | --- | --- |", *lines, ""]
    Path(report).write_text("\n".join(text))
    print("\n".join(text[4 : 6 + len(parts)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
