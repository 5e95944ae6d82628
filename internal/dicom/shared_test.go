package dicom

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEverySharedFileLoadsOrIsRefusedInWords goes through real files of many systems one by one. What is refused is
// listed here, with what a physicist should be told.
func TestEverySharedFileLoadsOrIsRefusedInWords(t *testing.T) {
	root := sharedData(t)
	refusals := map[string]string{ // by transfer syntax or kind, as the refusal itself names it
		"localizer":              `it is a localizer; choose the planning CT$`,
		"1.2.840.10008.1.2.4.53": `compressed as JPEG \(retired process\).* convert every file of the series first: dcmdjpeg IN OUT$`,
		"1.2.840.10008.1.2.4.55": `compressed as JPEG \(retired process\).* convert every file of the series first: dcmdjpeg IN OUT$`,
	}
	files, loaded, refused := 0, 0, map[string]int{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		var report Report
		studies, err := Scan(context.Background(), path, &report)
		if err != nil || len(studies) != 1 {
			t.Errorf("%s: %d studies, %v, %v", path, len(studies), err, report.Findings())
			return nil
		}
		for _, rs := range studies[0].StructureSets {
			if set, err := ReadStructureSet(rs, &report); err != nil || len(set.Structures) == 0 {
				t.Errorf("%s: %v", rs, err)
			}
			loaded++
		}
		for _, s := range studies[0].Series {
			_, err := ReadCT(context.Background(), s, &report)
			if err == nil {
				loaded++
				continue
			}
			known := false
			for kind, sentence := range refusals {
				if strings.Contains(err.Error(), kind) && regexp.MustCompile(sentence).MatchString(err.Error()) {
					refused[kind]++
					known = true
				}
			}
			if !known {
				t.Errorf("%s: refused unexpectedly: %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files: %d loaded, refused %v", files, loaded, refused)
}

// TestRefusedPixelsReadAfterTheCommandGiven: the way out that a refusal names leads out.
func TestRefusedPixelsReadAfterTheCommandGiven(t *testing.T) {
	root := sharedData(t, "encodings", "CTImage_one_slice_many_transfer_syntaxes", "examplesOld")
	for _, name := range []string{"CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm", "CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm"} {
		path, converted := filepath.Join(root, name), filepath.Join(t.TempDir(), "converted.dcm")
		studies, err := Scan(context.Background(), path, nil)
		if err != nil || len(studies) != 1 {
			t.Fatal(err)
		}
		if refusal := studies[0].Series[0].Refusal(); !strings.Contains(refusal, "dcmdjpeg IN OUT") {
			t.Errorf("%s: %s", name, refusal)
		}
		tool(t, "dcmdjpeg", path, converted)
		readOne(t, converted)
	}
}

// TestEverySharedFolder is what becomes of each folder as a whole.
func TestEverySharedFolder(t *testing.T) {
	for _, c := range []struct{ folder, want, finding string }{
		{"geometry/example_ct_dicom_no_UIDs", "512 x 512 x 20", ""},
		{"geometry/gantry_tilt_4slices", "512 x 524 x 5", "tilted by 14.0 degrees.*Many planning systems refuse a tilted CT"},
		{"geometry/not_a_volume_duplicate_positions", "different images on one plane .*put the files of one phase or scan into a folder of their own", ""},
		{"geometry/oblique_oriented_CT_a", "100 x 50 x 3", "names another study"},
		{"geometry/oblique_oriented_CT_b", "100 x 50 x 3", "names another study"},
		{"geometry/slice_increment_inconsistent_18", "512 x 512 x 18", "5.00 to 10.00 mm apart: each keeps its own position"},
		{"geometry/slice_increment_missing_slice", "512 x 514 x 4", "gap of 1.50 mm"},
		{"rtstruct/MIM_phantom/CT", "512 x 512 x 5", ""},
		{"rtstruct/STS_001_thigh/CT", "198 x 202 x 59", ""},
		{"rtstruct/STS_003_thigh/CT", "154 x 158 x 51", ""},
		{"rtstruct/radiomics_phantom_pat_1/CT", "204 x 201 x 60", ""},
		{"encodings/enhanced_multiframe", "512 x 512 x 2", "compressed with loss"},
		{"encodings/CT1_UNC_variants", "1024 x 256|512 x 512 x 1", ""},
		{"encodings/JPEGLossless_CHEST_PLAN_scout", "localizer", ""},
	} {
		t.Run(c.folder, func(t *testing.T) {
			v, _, report, err := load(t, sharedData(t, strings.Split(c.folder, "/")...))
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = fmt.Sprintf("%d x %d x %d", v.Grid.Nx, v.Grid.Ny, v.Grid.Nz())
			}
			if !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("%q, want %q", got, c.want)
			}
			for _, f := range report.Findings() {
				if c.finding != "" && regexp.MustCompile(c.finding).MatchString(f.Text) {
					return
				}
			}
			if c.finding != "" {
				t.Errorf("no finding %q in %v", c.finding, report.Findings())
			}
		})
	}
}

// TestSharedPixelsAgreeWithOtherDecoders expands every compressed file by dcmtk or gdcm and compares all pixels. The wavelet
// with loss computes in floating point, where the last unit is free.
func TestSharedPixelsAgreeWithOtherDecoders(t *testing.T) {
	files := 0
	err := filepath.WalkDir(sharedData(t, "encodings"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		studies, err := Scan(context.Background(), path, nil)
		if err != nil || len(studies) == 0 || len(studies[0].Series) == 0 {
			return err
		}
		s := studies[0].Series[0]
		var command []string
		tolerance := 0
		switch s.TransferSyntax {
		case "RLE Lossless":
			command = []string{"dcmdrle"}
		case "JPEG-LS Lossless", "JPEG-LS Near-Lossless":
			command = []string{"dcmdjpls"}
		case "JPEG 2000 Lossless":
			command = []string{"gdcmconv", "--raw"}
		case "JPEG 2000":
			command, tolerance = []string{"gdcmconv", "--raw"}, 1
		case "JPEG Baseline (8 bit)", "JPEG Extended (12 bit)", "JPEG Lossless (process 14)", "JPEG Lossless (first-order prediction)":
			command = []string{"dcmdjpeg"}
		default:
			return nil
		}
		if s.Localizer {
			return nil
		}
		plain := filepath.Join(t.TempDir(), "plain.dcm")
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Skip(command[0] + " is not installed")
		}
		if out, err := exec.Command(command[0], append(command[1:], path, plain)...).CombinedOutput(); err != nil {
			t.Logf("%s: %s cannot expand it: %.120s", path, command[0], out)
			return nil
		}
		got, want := readOne(t, path), readOne(t, plain)
		worst, differ := 0, 0
		for i := range got {
			if d := int(got[i]) - int(want[i]); d != 0 {
				worst, differ = max(worst, d, -d), differ+1
			}
		}
		if files++; worst > tolerance {
			t.Errorf("%s (%s): %d of %d pixels differ from %s's, by up to %d", path, s.TransferSyntax, differ, len(got), command[0], worst)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d compressed files compared", files)
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
		{
			"enhanced_CT_multiframe_encapsulations/CT0012.explicit_little_endian.dcm",
			"enhanced_CT_multiframe_encapsulations/CT0012.fragmented_no_bot_jpeg_lossless.57.dcm",
			"enhanced_CT_multiframe_encapsulations/CT0012.fragmented_no_bot_jpeg_lossless.70.dcm",
			"enhanced_CT_multiframe_encapsulations/CT0012.not_fragmented_no_bot_jpeg_ls.80.dcm",
			"enhanced_CT_multiframe_encapsulations/CT0012.not_fragmented_no_bot_rle.dcm",
		},
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
	for _, name := range []string{"MIM_phantom", "STS_001_thigh", "STS_003_thigh", "radiomics_phantom_pat_1"} {
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

// TestToolsDecodeLossyJPEGAlike compares every pixel with what dcmdjpeg makes of 8 and 12 bit JPEG, baseline and extended,
// with and without restart markers.
func TestToolsDecodeLossyJPEGAlike(t *testing.T) {
	_, _, s := writeTestCT(t, testGrid(1))
	for _, args := range [][]string{
		{"+ee", "+q", "95"},
		{"+ee", "+q", "30"},
		{"+eb", "+q", "90"},
	} {
		packed, plain := filepath.Join(t.TempDir(), "packed.dcm"), filepath.Join(t.TempDir(), "plain.dcm")
		tool(t, "dcmcjpeg", append(slices.Clone(args), s.Slices[0].Path, packed)...)
		tool(t, "dcmdjpeg", packed, plain)
		if got, want := readOne(t, packed), readOne(t, plain); !slices.Equal(got, want) {
			t.Errorf("%v: HU differ from dcmdjpeg's", args)
		}
	}
	for _, name := range []string{
		"examplesOld/CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
		"examplesOld/CTImage.dcm_JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50.dcm",
	} {
		path := sharedData(t, "encodings", "CTImage_one_slice_many_transfer_syntaxes", name)
		plain := filepath.Join(t.TempDir(), "plain.dcm")
		tool(t, "dcmdjpeg", path, plain)
		if !slices.Equal(readOne(t, path), readOne(t, plain)) {
			t.Errorf("%s: HU differ from dcmdjpeg's", name)
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
