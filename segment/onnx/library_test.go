package onnx

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/segment"
)

// childVariable tells a test that it runs in a process of its own: the library is loaded once in a process, and so are
// the drivers beneath it.
const childVariable = "CLIPWRIGHT_ONNX_TEST_CHILD"

// inChild runs the calling test once more in a new process with more environment. It returns true in that process.
func inChild(t *testing.T, environment ...string) bool {
	t.Helper()
	if os.Getenv(childVariable) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), append(environment, childVariable+"=1")...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

func TestLibraryIsFoundAndIsThePinnedVersion(t *testing.T) {
	path, version, err := engine(t).Library()
	if err != nil {
		t.Fatal(err)
	}
	if version != Version || !filepath.IsAbs(path) {
		t.Errorf("version %s at %s", version, path)
	}
}

// refusal opens a network and returns the error, which must be about the library and say what to do.
func refusal(t *testing.T) string {
	t.Helper()
	_, err := New(LibraryOptions{}).Open(context.Background(), model(t, "probe"), segment.Options{})
	if !errors.Is(err, ErrLibrary) {
		t.Fatalf("got %v, wanted an error about the library", err)
	}
	for _, wanted := range []string{"make setup", "README.md", LibraryVariable} {
		if !strings.Contains(err.Error(), wanted) {
			t.Errorf("the error does not mention %s: %v", wanted, err)
		}
	}
	for _, p := range New(LibraryOptions{}).Providers(context.Background()) {
		if p.Works || p.Reason == "" {
			t.Errorf("without a library: %+v", p)
		}
	}
	return err.Error()
}

func TestMissingLibrary(t *testing.T) {
	if inChild(t, LibraryVariable+"="+filepath.Join(t.TempDir(), "none.so")) {
		if text := refusal(t); !strings.Contains(text, "none.so") {
			t.Errorf("the error does not name the file: %s", text)
		}
	}
}

func TestFileThatIsNoLibrary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(path, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if inChild(t, LibraryVariable+"="+path) {
		if text := refusal(t); !strings.Contains(text, "text.so") {
			t.Errorf("the error does not name the file: %s", text)
		}
	}
}

func TestLibraryOfAnotherVersion(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a C compiler that makes shared libraries with -shared -fPIC")
	}
	if os.Getenv(childVariable) == "" {
		const source = `
static const void *api(unsigned version) { return 0; }
static const char *version(void) { return "1.20.0"; }
static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { api, version };
const void *OrtGetApiBase(void) { return &base; }
`
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "old.c"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		compile := exec.Command("cc", "-shared", "-fPIC", "-o", "old.so", "old.c")
		compile.Dir = dir
		if out, err := compile.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		inChild(t, LibraryVariable+"="+filepath.Join(dir, "old.so"))
		return
	}
	if text := refusal(t); !strings.Contains(text, "older than version "+Version) {
		t.Errorf("the error does not speak of the version: %s", text)
	}
}

func TestTwoLibrariesInOneProcess(t *testing.T) {
	path, _, err := engine(t).Library()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := New(LibraryOptions{Path: path}).Library(); err != nil {
		t.Errorf("the same library once more: %v", err)
	}
	if _, _, err := New(LibraryOptions{Path: path + ".2"}).Library(); !errors.Is(err, ErrLibrary) {
		t.Errorf("a second library: %v", err)
	}
}

func TestFindLibrary(t *testing.T) {
	root := t.TempDir()
	put := func(elements ...string) string {
		path := filepath.Join(append([]string{root}, elements...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	names := []string{"first.so", "second.so"}
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	if path, err := findLibrary("", []string{a, b}, names); !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), b) {
		t.Errorf("nowhere: %q, %v", path, err)
	}
	second := put("b", "second.so")
	for _, c := range []struct{ override, want string }{{"", second}, {b, second}, {second, second}} {
		if path, err := findLibrary(c.override, []string{a, b}, names); path != c.want || err != nil {
			t.Errorf("override %q: %q, %v", c.override, path, err)
		}
	}
	first := put("a", "first.so")
	if path, err := findLibrary("", []string{a, b}, names); path != first || err != nil {
		t.Errorf("the first folder is to win: %q, %v", path, err)
	}
	// An override is never replaced by what lies elsewhere.
	if path, err := findLibrary(filepath.Join(root, "c"), []string{a, b}, names); err == nil {
		t.Errorf("a wrong override found %q", path)
	}
}

func TestLibraryFolders(t *testing.T) {
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "go.mod"), []byte("module github.com/clipwright/clipwright\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := t.TempDir()
	if err := os.WriteFile(filepath.Join(stranger, "go.mod"), []byte("module example.org/other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		goos, goarch, executable, working string
		want, never                       []string
	}{
		{"linux", "amd64", "/opt/clipwright/clipwright", "", []string{
			"/opt/clipwright", "/opt/clipwright/lib", "/opt/clipwright/lib/linux-amd64", "/opt/lib/clipwright", "/usr/lib/x86_64-linux-gnu",
		}, nil},
		{"darwin", "arm64", "/Applications/Clipwright.app/Contents/MacOS/clipwright", "", []string{
			"/Applications/Clipwright.app/Contents/Frameworks", "/opt/homebrew/lib",
		}, nil},
		{"linux", "arm64", filepath.Join(tree, "out", "x", "clipwright"), "", []string{filepath.Join(tree, "lib", "linux-arm64")}, nil},
		{"linux", "amd64", "", filepath.Join(tree, "segment", "onnx"), []string{filepath.Join(tree, "lib", "linux-amd64")}, nil},
		{"linux", "amd64", "/usr/bin/clipwright", stranger, []string{"/usr/lib/clipwright"}, []string{filepath.Join(stranger, "lib", "linux-amd64")}},
	} {
		got := libraryFolders(c.goos, c.goarch, c.executable, c.working)
		for _, f := range c.want {
			if !slices.Contains(got, filepath.FromSlash(f)) {
				t.Errorf("%s %s: %s is not among %v", c.goos, c.executable, f, got)
			}
		}
		for _, f := range c.never {
			if slices.Contains(got, f) {
				t.Errorf("%s %s: %s is among %v", c.goos, c.executable, f, got)
			}
		}
	}
	for executable, want := range map[string]bool{
		"/tmp/go-build12/b001/exe/main": true, "/home/a/onnx.test": true, "/usr/bin/clipwright": false, "/media/disk/clipwright": false,
	} {
		if builtByGoTool(executable) != want {
			t.Errorf("builtByGoTool(%s) is not %v", executable, want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{{"1.27.0", "1.27.0", true}, {"1.27.3", "1.27.0", true}, {"1.26.0", "1.27.0", false}, {"2.27.0", "1.27.0", false}, {"", "1.27.0", false}} {
		if sameMinor(c.a, c.b) != c.same {
			t.Errorf("sameMinor(%q, %q) is not %v", c.a, c.b, c.same)
		}
	}
}
