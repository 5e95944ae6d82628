// Package files gives files their names only when they are whole: each is written aside, synced, and put in place in one
// step, exclusively where nothing may be replaced. A full disc or a crash leaves what was there before.
package files

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/natefinch/atomic"
)

// ErrExists says that a file of that name is there and was not to be replaced. It is fs.ErrExist.
var ErrExists error = existsError{}

type existsError struct{}

func (existsError) Error() string {
	return "it exists already; choose another name or replace it on purpose"
}
func (existsError) Is(target error) bool { return target == fs.ErrExist }

// Write puts what fill writes at path; with force in the place of what is there, else ErrExists when there is something.
// check, which may be nil, reads the file before it gets its name; its error leaves path as it was.
func Write(path string, force bool, fill func(io.Writer) error, check func(temporary string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when it was renamed
	w := bufio.NewWriterSize(f, 1<<20)
	if err := cmp.Or(fill(w), w.Flush(), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		f.Close()
		return err
	}
	if check != nil {
		if err := check(f.Name()); err != nil {
			return err
		}
	}
	if force {
		err = atomic.ReplaceFile(f.Name(), path)
	} else {
		err = putExclusively(f.Name(), path, os.Link)
	}
	if err != nil {
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// WriteNew puts what fill writes at FreeName(path), and returns that name.
func WriteNew(path string, fill func(io.Writer) error) (string, error) {
	for {
		free := FreeName(path)
		if err := Write(free, false, fill, nil); !errors.Is(err, ErrExists) { // else another program was quicker
			return free, err
		}
	}
}

// FreeName is path, or where something is there already the first of "name 2.ext", "name 3.ext" and so on.
func FreeName(path string) string {
	free, ext := path, filepath.Ext(path)
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s %d%s", strings.TrimSuffix(path, ext), n, ext)
	}
}

// putExclusively gives the temporary file its name, which must be free: by link, or where the file system has no hard links
// (memory sticks, some shares) by a copy into a file that did not exist.
func putExclusively(temporary, path string, link func(from, to string) error) error {
	err := link(temporary, path)
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	from, err := os.Open(temporary)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = cmp.Or(err, to.Sync(), to.Close()); err != nil {
		to.Close()
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
