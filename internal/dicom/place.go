package dicom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clipwright/clipwright/internal/files"
)

// CheckTarget is an error when WriteStructureSet could write nothing to path: it exists and force is not set, there is no
// folder for it, or it is anything but a structure set. It is asked before the work is done.
func CheckTarget(path string, force bool) error {
	if err := refuseTarget(path, nil, force); err != nil {
		return fmt.Errorf("write structure set %s: %w", path, err)
	}
	return nil
}

// IsFile tells whether there is a DICOM file at path, known by the mark behind its preamble.
func IsFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var mark [4]byte
	_, err = f.ReadAt(mark[:], preamble)
	return err == nil && string(mark[:]) == "DICM"
}

// refuseTarget is an error when path may not be written: it exists and force is not set, it is a folder, an
// image of the CT, or anything but a structure set.
func refuseTarget(path string, ct *Series, force bool) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return errors.New("it is a link that leads nowhere; choose another name")
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return fmt.Errorf("there is no folder %s; make it first", filepath.Dir(path))
		}
		return nil
	}
	if err != nil {
		return err
	}
	if ct != nil {
		for i := range ct.Slices {
			if image, err := os.Stat(ct.Slices[i].Path); err == nil && os.SameFile(info, image) {
				return errors.New("that is an image of the CT, which is never overwritten; choose another name")
			}
		}
	}
	switch {
	case info.IsDir():
		return errors.New("that is a folder; name a file in it")
	case !force:
		return files.ErrExists
	}
	var r reader
	defer r.close()
	f, err := scanFile(&r, path)
	if info.Size() > 0 && (err != nil || len(f) != 1 || f[0].slice.SOPClassUID != classStructureSet) {
		return errors.New("that is no structure set, and nothing else is overwritten; choose another name")
	}
	return nil
}

// place puts data at path when check has read it back from beside it, and reads what stands there in the end once more.
func place(path string, data []byte, force bool, check func(path string) error) error {
	write := func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
	err := files.Write(path, force, write, func(temporary string) error {
		if err := check(temporary); err != nil {
			return fmt.Errorf("the file was written but does not read back as it should, so it was not kept: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if !bytes.Equal(stored, data) {
		return errors.New("what stands on the disk differs from what was written; check the disk and save elsewhere")
	}
	return nil
}
