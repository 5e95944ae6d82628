package dicom

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/natefinch/atomic"
)

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
		return fmt.Errorf("it %w already; choose another name or overwrite it on purpose", fs.ErrExist)
	}
	var r reader
	defer r.close()
	f, err := scanFile(&r, path)
	if info.Size() > 0 && (err != nil || len(f) != 1 || f[0].slice.SOPClassUID != classStructureSet) {
		return errors.New("that is no structure set, and nothing else is overwritten; choose another name")
	}
	return nil
}

// place writes data beside path, syncs it, lets check read it back, and puts it at path: exclusively, or
// with force in the place of what is there. What stands at path in the end is read once more.
func place(path string, data []byte, force bool, check func(path string) error) error {
	dir := filepath.Dir(path)
	temporary, err := writeAside(dir, filepath.Base(path), data)
	if err != nil {
		return err
	}
	defer os.Remove(temporary) // gone already when it was put in place by renaming
	if err := check(temporary); err != nil {
		return fmt.Errorf("the file was written but does not read back as it should, so it was not kept: %w", err)
	}
	if force {
		err = atomic.ReplaceFile(temporary, path)
	} else {
		err = putExclusively(temporary, path, data)
	}
	if err != nil {
		return err
	}
	syncFolder(dir)
	stored, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if !bytes.Equal(stored, data) {
		return errors.New("what stands on the disk differs from what was written; check the disk and save elsewhere")
	}
	return nil
}

// writeAside writes and syncs a temporary file in dir.
func writeAside(dir, name string, data []byte) (path string, err error) {
	f, err := os.CreateTemp(dir, "."+name+".*.part")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// putExclusively gives the temporary file its name, which must be free. Where the file system has no hard
// links the name is taken by an exclusive create instead.
func putExclusively(temporary, path string, data []byte) error {
	err := os.Link(temporary, path)
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("it %w already; choose another name or overwrite it on purpose", fs.ErrExist)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("it %w already; choose another name or overwrite it on purpose", fs.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

// syncFolder makes a new name durable where the system has a way to; Windows has none.
func syncFolder(dir string) {
	if runtime.GOOS == "windows" {
		return
	}
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync() // some network shares refuse; the file itself is synced
		f.Close()
	}
}
