package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Truth is truth.json of a phantom. Positions are LPS mm.
type Truth struct {
	Seed        int64              `json:"seed"`
	Side        string             `json:"side"`
	Clips       []TruthClip        `json:"clips"`
	Distractors []TruthDistractor  `json:"distractors"`
	Grid        map[string]float64 `json:"grid"`
}

// TruthClip is one inserted clip; Axillary ones are clips but not of the bed.
type TruthClip struct {
	ID        int        `json:"id"`
	Side      string     `json:"side"`
	Axillary  bool       `json:"axillary"`
	CentreMM  volume.Vec `json:"centre_mm"`
	VolumeMM3 float64    `json:"volume_mm3"`
	PeakHU    int        `json:"peak_hu"`
	LengthMM  float64    `json:"length_mm"`
}

// TruthDistractor is something that is mistaken for a clip.
type TruthDistractor struct {
	Kind     string     `json:"kind"`
	CentreMM volume.Vec `json:"centre_mm"`
}

type phantomOptions struct {
	phantom.Options
	out, size string
	insert    string
	breasts   bool
	tensors   tensorOptions
}

func phantomCommand(deps Deps) *cobra.Command {
	var o phantomOptions
	c := &cobra.Command{
		Use:   "phantom --seed N --out DIR",
		Short: "Make a procedural CT case with known clips, or training tensors",
		Args:  exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			switch o.size {
			case "", "full":
			case "small":
				o.Small = true
			default:
				return usageError{fmt.Errorf("--size %q: give full or small", o.size)}
			}
			if o.Seed < 0 {
				return usageError{fmt.Errorf("--seed %d: give 0 or more", o.Seed)}
			}
			if o.tensors.count < 1 || o.tensors.perAnatomy < 1 {
				return usageError{fmt.Errorf("--count %d and --per-anatomy %d must be positive", o.tensors.count, o.tensors.perAnatomy)}
			}
			if o.breasts && o.insert == "" {
				return usageError{errors.New("--breasts goes with --insert REAL_CT")}
			}
			if o.tensors.dir != "" {
				return writePhantomTensors(c.Context(), deps, o)
			}
			return writePhantom(c.Context(), deps, o)
		},
	}
	f := c.Flags()
	f.Int64Var(&o.Seed, "seed", 1, "the same seed makes the same case")
	f.StringVar(&o.out, "out", "", "folder for ct/, truth.dcm and truth.json")
	numberFlag(f, &o.SliceMM, "slice-mm", 0, 0.5, 10, "slice spacing in mm (default 5)")
	numberFlag(f, &o.PixelMM, "pixel-mm", 0, 0.4, 5, "pixel spacing in mm (default 1.27)")
	f.StringVar(&o.size, "size", "full", "full (512 x 512 x 100) or small (256 x 256 x 60)")
	f.StringVar(&o.tensors.dir, "tensors", "", "write training tensors into this folder instead")
	f.IntVar(&o.tensors.count, "count", 1, "with --tensors: how many samples")
	f.IntVar(&o.tensors.perAnatomy, "per-anatomy", 8, "with --tensors: samples that share one anatomy")
	f.StringVar(&o.insert, "insert", "", "put the clips into a real CT instead: a DICOM folder, a NIfTI file, or a folder of them")
	f.BoolVar(&o.breasts, "breasts", false, "with --insert: graft breasts onto a flat chest first")
	return c
}

func writePhantom(ctx context.Context, deps Deps, o phantomOptions) error {
	if o.out == "" {
		return usageError{errors.New("say where to write with --out DIR")}
	}
	ctDir := filepath.Join(o.out, "ct")
	for _, p := range []string{ctDir, filepath.Join(o.out, "truth.dcm"), filepath.Join(o.out, "truth.json")} {
		if err := refuseExisting(p, false); err != nil {
			return fmt.Errorf("%w (a phantom never overwrites: remove it or choose another folder)", err)
		}
	}
	c, meta, err := makePhantom(ctx, o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	series, err := dicom.WriteCT(ctx, ctDir, c.Volume, meta)
	if err != nil {
		return err
	}
	if err := dicom.WriteStructureSet(filepath.Join(o.out, "truth.dcm"), truthSet(c), series, false); err != nil {
		return err
	}
	if err := WriteJSON(filepath.Join(o.out, "truth.json"), truthOf(o.Seed, c), false); err != nil {
		return err
	}
	fmt.Fprintf(deps.Out, "%s: CT of %d slices, %d clips, %d distractors\n", o.out, c.Volume.Grid.Nz(), len(c.Clips), len(c.Distractors))
	return nil
}

// makePhantom makes the case that o describes, and says whose it is.
func makePhantom(ctx context.Context, o phantomOptions) (*phantom.Case, dicom.CTMeta, error) {
	meta := phantomMeta(o.Seed)
	if o.insert == "" {
		c, err := phantom.Generate(ctx, o.Options)
		return c, meta, err
	}
	c, err := insertedCase(ctx, o.insert, o.Seed, o.breasts)
	meta.Patient = dicom.Patient{Name: fmt.Sprintf("Inserted^Seed%d", o.Seed), ID: fmt.Sprintf("INSERTED-%d", o.Seed)}
	meta.Description = "Real CT with inserted clips"
	return c, meta, err
}

// phantomMeta names the patient of a phantom CT, so that nobody takes it for a person's.
func phantomMeta(seed int64) dicom.CTMeta {
	return dicom.CTMeta{
		Patient:     dicom.Patient{Name: fmt.Sprintf("Phantom^Seed%d", seed), ID: fmt.Sprintf("PHANTOM-%d", seed), Sex: "F"},
		Description: "Clipwright phantom",
	}
}

func truthOf(seed int64, c *phantom.Case) Truth {
	g := c.Volume.Grid
	slice, _ := g.Uniform()
	t := Truth{
		Seed: seed, Side: c.Side, Clips: []TruthClip{}, Distractors: []TruthDistractor{},
		Grid: map[string]float64{"pixel_mm": g.SpacingX, "slice_mm": slice, "columns": float64(g.Nx), "rows": float64(g.Ny), "slices": float64(g.Nz())},
	}
	for _, k := range c.Clips {
		t.Clips = append(t.Clips, TruthClip{
			ID: k.ID, Side: k.Side, Axillary: k.Axillary, CentreMM: k.CentreMM,
			VolumeMM3: k.VolumeMM3, PeakHU: k.PeakHU, LengthMM: k.LengthMM,
		})
	}
	for _, d := range c.Distractors {
		t.Distractors = append(t.Distractors, TruthDistractor{Kind: d.Kind, CentreMM: d.CentreMM})
	}
	return t
}

// truthSet holds Clips_L or Clips_R, Clips_Ax, External and Seroma.
func truthSet(c *phantom.Case) *dicom.StructureSet {
	set := session.StructureSet(truthClips(c, false), c.External, nil)
	if clips := truthClips(c, true); len(clips) > 0 {
		st := clipsStructure(qa.AxillaryName, clips)
		st.Description = "Axillary clips, not of the bed"
		set.Structures = append(set.Structures, st)
	}
	if c.Seroma != nil && !c.Seroma.Empty() {
		set.Structures = append(set.Structures, dicom.Structure{
			Name: "Seroma", Type: "CONTROL", Description: "Fluid in the cavity", Colour: [3]uint8{0x56, 0xB4, 0xE9}, Contours: volume.Contours(c.Seroma),
		})
	}
	for i := range set.Structures {
		set.Structures[i].Number, set.Structures[i].Algorithm = i+1, "AUTOMATIC"
	}
	return set
}

// clipsStructure outlines clips, each contour with its clip's id.
func clipsStructure(name string, clips []segment.Clip) dicom.Structure {
	st := dicom.Structure{Name: name, Type: "MARKER", Algorithm: "AUTOMATIC", Colour: session.Colour(name)}
	for _, k := range clips {
		contours := volume.Contours(k.Mask)
		st.Contours = append(st.Contours, contours...)
		st.Groups = append(st.Groups, slices.Repeat([]int{k.ID}, len(contours))...)
	}
	return st
}

// truthClips are the phantom's clips, axillary or of the bed, as the pipeline's type. Where the
// half levels of two clips meet, the voxel stays with the first.
func truthClips(c *phantom.Case, axillary bool) []segment.Clip {
	var clips []segment.Clip
	taken := volume.NewMask(c.Volume.Grid)
	for _, k := range c.Clips {
		if k.Axillary != axillary {
			continue
		}
		own := k.Mask.Subtract(taken)
		taken = taken.Union(k.Mask)
		clips = append(clips, segment.Clip{
			ID: k.ID, Side: k.Side, CentreMM: k.CentreMM, VolumeMM3: k.VolumeMM3,
			PeakHU: k.PeakHU, Confidence: 1, Kept: true, Mask: own,
		})
	}
	return clips
}
