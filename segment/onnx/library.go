package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// Version is the ONNX Runtime version this package needs: the one the binding was made for.
const Version = "1.27.0"

// LibraryVariable names the environment variable that overrides where the library is looked for.
const LibraryVariable = "CLIPWRIGHT_ONNXRUNTIME"

// ErrLibrary is wrapped by every error that says the ONNX Runtime library is missing, unreadable or of another version.
var ErrLibrary = errors.New("no usable ONNX Runtime library")

const libraryAdvice = "run `make setup` in the source folder, or see \"ONNX Runtime\" in README.md; " + LibraryVariable +
	" names a library that lies elsewhere"

func libraryError(format string, args ...any) error {
	return fmt.Errorf("%w: %s; %s", ErrLibrary, fmt.Sprintf(format, args...), libraryAdvice)
}

// libraryNames are the file names ONNX Runtime is published under, the pinned package's first.
func libraryNames(goos string) []string {
	switch goos {
	case "windows":
		return []string{"onnxruntime.dll"}
	case "darwin":
		return []string{"libonnxruntime.1.dylib", "libonnxruntime." + Version + ".dylib", "libonnxruntime.dylib"}
	default:
		return []string{"libonnxruntime.so.1", "libonnxruntime.so." + Version, "libonnxruntime.so"}
	}
}

// LibraryPath returns the path of the ONNX Runtime library that will be loaded: the file that CLIPWRIGHT_ONNXRUNTIME names;
// else the first found beside the executable, in its lib folder (also lib/<os>-<arch>, a macOS bundle's Frameworks, an
// installation's ../lib/clipwright), in lib/<os>-<arch> of the source tree, in the system's library folders. The error
// lists the folders that were tried. The working folder counts only under `go test` and `go run`: a program that loaded
// libraries from wherever it was started would run what a stranger's disk carries.
func LibraryPath() (string, error) {
	executable, err := os.Executable()
	if err != nil {
		executable = ""
	}
	if real, err := filepath.EvalSymlinks(executable); err == nil {
		executable = real
	}
	working, err := os.Getwd()
	if err != nil || !builtByGoTool(executable) {
		working = ""
	}
	return findLibrary(os.Getenv(LibraryVariable), libraryFolders(runtime.GOOS, runtime.GOARCH, executable, working),
		libraryNames(runtime.GOOS))
}

// builtByGoTool tells whether the executable is a throw-away of `go test` or `go run`.
func builtByGoTool(executable string) bool {
	name := strings.TrimSuffix(filepath.Base(executable), ".exe")
	return strings.HasSuffix(name, ".test") || strings.Contains(filepath.Dir(executable), "go-build")
}

func findLibrary(override string, folders, names []string) (string, error) {
	if override != "" {
		info, err := os.Stat(override)
		switch {
		case err != nil:
			return "", libraryError("%s names %s: %v", LibraryVariable, override, err)
		case !info.IsDir():
			return override, nil
		}
		folders = []string{override}
	}
	for _, folder := range folders {
		for _, name := range names {
			path := filepath.Join(folder, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path, nil
			}
		}
	}
	return "", libraryError("%s (version %s) is in none of %s", names[0], Version, strings.Join(folders, ", "))
}

// libraryFolders lists where to look, most specific first. An empty executable or working folder is left out.
func libraryFolders(goos, goarch, executable, working string) []string {
	var folders []string
	add := func(elements ...string) {
		if f := filepath.Join(elements...); !slices.Contains(folders, f) {
			folders = append(folders, f)
		}
	}
	platform := goos + "-" + goarch
	if executable != "" {
		dir := filepath.Dir(executable)
		add(dir)
		add(dir, "lib")
		add(dir, "lib", platform)
		if goos == "darwin" {
			add(dir, "..", "Frameworks")
			add(dir, "..", "Resources", "lib")
		}
		add(dir, "..", "lib", "clipwright")
		if root, ok := sourceTree(dir); ok {
			add(root, "lib", platform)
		}
	}
	if working != "" {
		if root, ok := sourceTree(working); ok {
			add(root, "lib", platform)
		}
	}
	switch goos {
	case "darwin":
		add("/opt/homebrew/lib")
		add("/usr/local/lib")
	case "linux":
		add("/usr/local/lib")
		add("/usr/lib")
		add("/usr/lib", map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[goarch])
		add("/usr/lib64")
	}
	// Windows' own system folder is left out on purpose: it holds the library of the operating system, of another version.
	return folders
}

// sourceTree walks up from dir to the project's own source tree.
func sourceTree(dir string) (string, bool) {
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, bytes.HasPrefix(mod, []byte("module github.com/clipwright/clipwright\n"))
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// sameMinor tells whether two versions differ in their patch number at most.
func sameMinor(a, b string) bool {
	minor := func(v string) string { return v[:max(strings.LastIndexByte(v, '.'), 0)] }
	return minor(a) == minor(b)
}

// loaded is the process's one ONNX Runtime environment: the binding keeps it in package variables of its own, so its lock
// and the path it came from must be one for the process too.
var loaded struct {
	sync.Mutex
	path string
}

// load loads the library at path, or at LibraryPath when path is empty, unless the process has it already.
func load(path string) (string, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.path != "" {
		if path != "" && path != loaded.path {
			return "", libraryError("%s cannot be loaded beside %s, which the process holds", path, loaded.path)
		}
		return loaded.path, nil
	}
	if path == "" {
		var err error
		if path, err = LibraryPath(); err != nil {
			return "", err
		}
	}
	preload(filepath.Dir(path))
	limitRetained()
	ort.SetSharedLibraryPath(path)
	// Errors come back as statuses; without this the library prints each a second time on standard error.
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		if strings.Contains(err.Error(), "Error setting ORT API base") { // the binding's only word for it
			return "", libraryError("%s is older than version %s", path, Version)
		}
		return "", libraryError("%s cannot be loaded: %v", path, err)
	}
	if v := ort.GetVersion(); !sameMinor(v, Version) {
		err := libraryError("%s is version %s, needed is %s", path, v, Version)
		return "", errors.Join(err, ort.DestroyEnvironment())
	}
	if err := ort.DisableTelemetry(); err != nil {
		return "", errors.Join(libraryError("%s: switching telemetry off: %v", path, err), ort.DestroyEnvironment())
	}
	loaded.path = path
	return path, nil
}
