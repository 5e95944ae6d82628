package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/nifti"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// insertPerVolume is how many samples in a row share one real CT, which takes a while to read.
const insertPerVolume = 16

// writeInsertedTensors puts phantom clips into the real CTs of a folder and writes the region round them.
func writeInsertedTensors(ctx context.Context, deps Deps, o phantomOptions) error {
	files, err := hostFiles(o.insert)
	if err != nil {
		return err
	}
	bar := newProgress(deps.ErrOut)
	defer bar.finish()
	hosts := sampleHosts{files: files}
	for i := range o.tensors.count {
		number := o.Seed + int64(i)
		host, source, err := hosts.of(ctx, number)
		if err != nil {
			return err
		}
		c, err := host.Sample(ctx, number, phantom.SampleOptions{Whole: i%insertPerVolume == insertPerVolume-1})
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		if err := writeSample(ctx, o.tensors.dir, number, source, c, deps.inputChannels()); err != nil {
			return err
		}
		bar.report("samples", i+1, o.tensors.count)
	}
	return nil
}

// sampleHosts are the real CTs that take clips, in turn, each as it is and, where the chest is flat, with breasts grafted.
type sampleHosts struct {
	files          []string
	opened         string
	plain, grafted *phantom.Host // of opened; grafted may be nil
}

// of is the CT for a sample: by its number, so that many short runs use every CT; half of a CT's samples are grafted.
func (s *sampleHosts) of(ctx context.Context, number int64) (host *phantom.Host, source string, err error) {
	file := s.files[int(number/insertPerVolume)%len(s.files)]
	if file != s.opened {
		if s.plain, err = openHost(ctx, file); err != nil {
			return nil, "", err
		}
		if s.grafted, err = s.plain.WithBreasts(number); err != nil && !errors.Is(err, phantom.ErrNotFlat) {
			return nil, "", fmt.Errorf("%s: %w", file, err)
		}
		s.opened = file
	}
	source = "inserted:" + strings.TrimSuffix(filepath.Base(file), ".nii.gz")
	if s.grafted != nil && number%2 == 1 {
		return s.grafted, source + ", breasts grafted", nil
	}
	return s.plain, source, nil
}

// hostFiles are the real CTs that path names: a NIfTI file, those of a folder, or the folder itself, of DICOM files.
func hostFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("put clips into a real CT: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := filepath.Glob(filepath.Join(path, "*.nii.gz"))
	if err != nil || len(files) > 0 {
		return files, err
	}
	return []string{path}, nil
}

// openHost reads a real CT, a NIfTI file or a folder of DICOM files, and finds where clips may go in it.
func openHost(ctx context.Context, path string) (*phantom.Host, error) {
	v, err := readHost(ctx, path)
	if err != nil {
		return nil, err
	}
	external, err := segment.External(ctx, v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	host, err := phantom.NewHost(v, external)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return host, nil
}

func readHost(ctx context.Context, path string) (*volume.Volume, error) {
	if strings.HasSuffix(path, ".nii.gz") || strings.HasSuffix(path, ".nii") {
		return nifti.Read(path)
	}
	ct, err := readCT(ctx, path, "", new(dicom.Report))
	return ct.volume, err
}

// insertedCase puts clips, chosen by seed, into a real CT of path, of several the seed's.
func insertedCase(ctx context.Context, path string, seed int64, breasts bool) (*phantom.Case, error) {
	files, err := hostFiles(path)
	if err != nil {
		return nil, err
	}
	file := files[int(seed%int64(len(files)))]
	host, err := openHost(ctx, file)
	if err != nil {
		return nil, err
	}
	if breasts {
		if host, err = host.WithBreasts(seed); err != nil {
			return nil, fmt.Errorf("%s: %w; leave out --breasts", file, err)
		}
	}
	return host.Sample(ctx, seed, phantom.SampleOptions{Whole: true})
}
