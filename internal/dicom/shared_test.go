package dicom

import (
	"context"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// TestEverySharedFileLoadsOrIsRefusedInWords goes through real files of many systems one by one.
func TestEverySharedFileLoadsOrIsRefusedInWords(t *testing.T) {
	root := sharedData(t)
	files, loaded, refused := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		var report Report
		studies, err := Scan(context.Background(), path, &report)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if len(studies) == 0 {
			t.Errorf("%s: not recognised: %v", path, report.Findings())
			return nil
		}
		for _, rs := range studies[0].StructureSets {
			if set, err := ReadStructureSet(rs, &report); err != nil || len(set.Structures) == 0 {
				t.Errorf("%s: %v", rs, err)
			}
			loaded++
		}
		for _, s := range studies[0].Series {
			switch _, err := ReadCT(context.Background(), s, &report); {
			case err == nil:
				loaded++
			case regexp.MustCompile(`convert|localizer|export|separate`).MatchString(err.Error()):
				refused++
			default:
				t.Errorf("%s: refused without saying what to do: %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files: %d loaded, %d refused", files, loaded, refused)
}

// readOne reads a single file as a volume.
func readOne(t *testing.T, path string) []int16 {
	t.Helper()
	studies, err := Scan(context.Background(), path, nil)
	if err != nil || len(studies) != 1 {
		t.Fatalf("%s: %d studies, %v", path, len(studies), err)
	}
	v, err := ReadCT(context.Background(), studies[0].Series[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	return v.HU
}

func TestSharedEncodingsAgree(t *testing.T) {
	for _, group := range [][]string{
		{
			"CT1_UNC_variants/CT1_UNC.explicit_little_endian.dcm", "CT1_UNC_variants/CT1_UNC.implicit_little_endian.dcm",
			"CT1_UNC_variants/CT1_UNC.explicit_big_endian.dcm", "pydicom/CT1_UNC.dcm", "CT1_RLE/rle.dcm",
		},
		{
			"CTImage_one_slice_many_transfer_syntaxes/testImages/CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm",
			"CTImage_one_slice_many_transfer_syntaxes/testImages/CTImage.dcm_LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2.dcm",
			"CTImage_one_slice_many_transfer_syntaxes/testImages/CTImage.dcm_BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2.dcm",
			"CTImage_one_slice_many_transfer_syntaxes/testImages/CTImage.dcm_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm",
			"CTImage_one_slice_many_transfer_syntaxes/testImages/CTImage.dcm_RLELosslessTransferSyntax_1.2.840.10008.1.2.5.dcm",
		},
		{"pydicom/CT_small.dcm", "pydicom/no_meta.dcm"},
	} {
		first := readOne(t, sharedData(t, "encodings", group[0]))
		for _, other := range group[1:] {
			if !slices.Equal(readOne(t, sharedData(t, "encodings", other)), first) {
				t.Errorf("%s differs from %s", other, group[0])
			}
		}
	}
}

func TestSharedGeometry(t *testing.T) {
	for folder, say := range map[string]string{
		"not_a_volume_duplicate_positions": "different images on one plane",
	} {
		_, _, _, err := load(t, sharedData(t, "geometry", folder))
		wantError(t, err, say)
	}
	for folder, say := range map[string]string{
		"gantry_tilt_4slices":           "tilted by 14.0 degrees",
		"slice_increment_missing_slice": "tilted by 15.5 degrees",
	} {
		_, _, report, err := load(t, sharedData(t, "geometry", folder))
		if err != nil {
			t.Fatal(err)
		}
		wantFinding(t, report, SeverityWarning, say)
	}
	for _, folder := range []string{"oblique_oriented_CT_a", "oblique_oriented_CT_b"} {
		v, _, report, err := load(t, sharedData(t, "geometry", folder))
		if err != nil || v.Grid.Nz() != 3 {
			t.Fatalf("%s: %v", folder, err)
		}
		wantFinding(t, report, SeverityWarning, "names another study")
	}
	_, s, report, err := load(t, sharedData(t, "geometry", "slice_increment_inconsistent_18"))
	if err != nil || len(s.Slices) != 18 {
		t.Fatalf("uneven slices: %v", err)
	}
	wantFinding(t, report, SeverityWarning, "apart: each keeps its own position")
}

// TestPlastimatchAgreesOnForeignStructures compares voxel counts of what other systems drew.
func TestPlastimatchAgreesOnForeignStructures(t *testing.T) {
	for _, name := range []string{"MIM_phantom", "STS_001_thigh", "radiomics_phantom_pat_1"} {
		t.Run(name, func(t *testing.T) {
			root := sharedData(t, "rtstruct", name)
			v, s, _, err := load(t, filepath.Join(root, "CT"))
			if err != nil {
				t.Fatal(err)
			}
			all, err := filepath.Glob(filepath.Join(root, "RTSTRUCT*", "*.dcm"))
			if err != nil || len(all) == 0 {
				t.Fatal("no structure set")
			}
			set, err := ReadStructureSet(all[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			if set.FrameOfReferenceUID != s.FrameOfReferenceUID {
				t.Errorf("frame of reference %s, CT %s", set.FrameOfReferenceUID, s.FrameOfReferenceUID)
			}
			out := t.TempDir()
			tool(t, "plastimatch", "convert", "--input", all[0], "--referenced-ct", filepath.Join(root, "CT"),
				"--output-prefix", filepath.Join(out, "masks"), "--prefix-format", "nrrd")
			for i := range set.Structures {
				ours := set.Structures[i].Mask(v.Grid).Count()
				stats := tool(t, "plastimatch", "stats", filepath.Join(out, "masks", set.Structures[i].Name+".nrrd"))
				m := regexp.MustCompile(`NONZERO +(\d+)`).FindStringSubmatch(stats)
				if m == nil {
					t.Fatal("no count in plastimatch stats")
				}
				theirs, err := strconv.Atoi(m[1])
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: %d voxels, plastimatch %d", set.Structures[i].Name, ours, theirs)
				if d := ours - theirs; d*d > (theirs/50+3)*(theirs/50+3) {
					t.Errorf("%s: %d voxels, plastimatch %d", set.Structures[i].Name, ours, theirs)
				}
			}
		})
	}
}

// TestToolsConvertWhatWeWrite: each lossless encoding that dcmtk and gdcm make of our slice reads the same.
func TestToolsConvertWhatWeWrite(t *testing.T) {
	_, v, s := writeTestCT(t, testGrid(1))
	for _, args := range [][]string{
		{"dcmconv", "+te"},
		{"dcmconv", "+ti"},
		{"dcmconv", "+tb"},
		{"dcmconv", "+td"},
		{"dcmconv", "-F", "+te"},
		{"dcmconv", "-F", "+ti"},
		{"dcmconv", "-e", "+te"},
		{"dcmcrle"},
		{"gdcmconv", "--rle"},
		{"gdcmconv", "--raw"},
		{"dcmcjpeg", "+e1"},
		{"dcmcjpeg", "+el", "+sv", "1"},
		{"dcmcjpeg", "+el", "+sv", "2"},
		{"dcmcjpeg", "+el", "+sv", "3"},
		{"dcmcjpeg", "+el", "+sv", "4"},
		{"dcmcjpeg", "+el", "+sv", "5"},
		{"dcmcjpeg", "+el", "+sv", "6"},
		{"dcmcjpeg", "+el", "+sv", "7"},
		{"gdcmconv", "--jpeg"},
		{"dcmcjpls"},
		{"gdcmconv", "--jpegls"},
		{"gdcmconv", "--j2k"},
	} {
		out := filepath.Join(t.TempDir(), "out.dcm")
		tool(t, args[0], append(slices.Clone(args[1:]), s.Slices[0].Path, out)...)
		if got := readOne(t, out); !slices.Equal(got, v.HU) {
			t.Errorf("%v: HU differ", args)
		}
	}
}

// TestReadPlastimatchsOwnStructureSet: its files lack references and attributes that the standard wants.
func TestReadPlastimatchsOwnStructureSet(t *testing.T) {
	g := testGrid(8)
	dir, _, ct := writeTestCT(t, g)
	out := t.TempDir()
	ours := filepath.Join(out, "rs.dcm")
	set := testSet(g)
	set.Structures = set.Structures[:2]
	if err := WriteStructureSet(ours, set, ct, false); err != nil {
		t.Fatal(err)
	}
	tool(t, "plastimatch", "convert", "--input", ours, "--referenced-ct", dir, "--output-dicom", filepath.Join(out, "theirs"))
	all, err := filepath.Glob(filepath.Join(out, "theirs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	studies, err := Scan(context.Background(), filepath.Join(out, "theirs"), nil)
	if err != nil || len(studies) == 0 || len(studies[0].StructureSets) == 0 {
		t.Fatalf("no structure set among %v", all)
	}
	theirs, err := ReadStructureSet(studies[0].StructureSets[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Structures {
		want := &set.Structures[i]
		s := theirs.Find(want.Name)
		if s == nil {
			t.Fatalf("no %s in %+v", want.Name, theirs)
		}
		a, b := s.Mask(g), want.Mask(g)
		if differ := a.Subtract(b).Count() + b.Subtract(a).Count(); differ > b.Count()/20 {
			t.Errorf("%s: %d of %d voxels differ", want.Name, differ, b.Count())
		}
	}
}
