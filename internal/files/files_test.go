package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func say(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// want checks what path holds, and that nothing else lies beside it.
func want(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || string(b) != text {
		t.Errorf("%s holds %q, %v; want %q", path, b, err, text)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

func TestWriteReplacesOnPurposeOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Write(path, false, say("one"), nil); err != nil {
		t.Fatal(err)
	}
	err := Write(path, false, say("two"), nil)
	if !errors.Is(err, ErrExists) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second: %v", err)
	}
	want(t, path, "one")
	if err := Write(path, true, say("three"), nil); err != nil {
		t.Fatal(err)
	}
	want(t, path, "three")
}

func TestWhatFailsLeavesWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Write(path, false, say("one"), nil); err != nil {
		t.Fatal(err)
	}
	full, bad := errors.New("disc full"), errors.New("does not read back")
	fail := func(w io.Writer) error { return errors.Join(say("half")(w), full) }
	if err := Write(path, true, fail, nil); !errors.Is(err, full) {
		t.Errorf("a full disc: %v", err)
	}
	want(t, path, "one")
	read := ""
	check := func(temporary string) error {
		b, err := os.ReadFile(temporary)
		read = string(b)
		return errors.Join(err, bad)
	}
	if err := Write(path, true, say("two"), check); !errors.Is(err, bad) || read != "two" {
		t.Errorf("the check read %q: %v", read, err)
	}
	want(t, path, "one")
	if err := Write(filepath.Join(path, "b"), false, say("x"), nil); err == nil {
		t.Error("a file is no folder")
	}
}

func TestAFileSystemWithoutHardLinks(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "a")
	aside := filepath.Join(dir, "aside")
	if err := os.WriteFile(aside, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	noLinks := func(string, string) error { return errors.ErrUnsupported }
	if err := putExclusively(aside, path, noLinks); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(aside, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := putExclusively(aside, path, noLinks); !errors.Is(err, ErrExists) {
		t.Errorf("the second: %v", err)
	}
	want(t, path, "one")
}

func TestANewFileLeavesThoseOfItsNameAlone(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"report.pdf", "report 2.pdf", "report 3.pdf"} {
		if free := FreeName(filepath.Join(dir, "report.pdf")); free != filepath.Join(dir, name) {
			t.Errorf("free is %s, want %s", free, name)
		}
		at, err := WriteNew(filepath.Join(dir, "report.pdf"), say(name))
		if err != nil || at != filepath.Join(dir, name) {
			t.Errorf("%d: written to %s, %v", i, at, err)
		}
	}
	for _, name := range []string{"report.pdf", "report 2.pdf", "report 3.pdf"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != name {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
	if _, err := WriteNew(filepath.Join(dir, "absent", "a.pdf"), say("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
