package qa

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	fileatomic "github.com/natefinch/atomic"
)

// A batch that was stopped or killed goes on where it stopped: its folder is known by the settings that lie in it, and each
// case by a record that tells the state of its files.

// BatchFolder is where a batch writes.
type BatchFolder struct {
	Dir      string
	File     string // that holds the settings
	Settings string // all that the results depend on beside the cases
	What     string // what the settings are called: "settings", "rules"
	Force    bool   // take the folder over although its results were made with others
}

// Prepare makes the folder, or recognises it as one that an earlier run with the same settings left.
func (f BatchFolder) Prepare() error {
	path := filepath.Join(f.Dir, f.File)
	switch before, err := os.ReadFile(path); {
	case err == nil && !f.Force && string(before) != f.Settings:
		return fmt.Errorf("%s holds results of other %s; choose another folder or add --force to do them anew", f.Dir, f.What)
	case errors.Is(err, fs.ErrNotExist):
		if entries, err := os.ReadDir(f.Dir); err == nil && len(entries) > 0 {
			return fmt.Errorf("%s holds files that are no results of this command; choose an empty folder", f.Dir)
		}
	case err != nil:
		return err
	}
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return err
	}
	return fileatomic.WriteFile(path, strings.NewReader(f.Settings))
}

// CaseHead is what every record of a batch says of its case.
type CaseHead struct {
	Case        string `json:"case"`
	Fingerprint string `json:"fingerprint"`      // of the case's files, the settings and the program
	Reason      string `json:"reason,omitempty"` // why there is no result
}

func (h *CaseHead) head() *CaseHead { return h }

// RecordOf returns the record that stands at path if it has the fingerprint, else a new one that work fills, put there whole
// when all else of the case is done. What goes wrong in work, a fault of the program included, is the record's reason; an
// error is ctx's or the folder's.
func RecordOf[R any, P interface {
	*R
	head() *CaseHead
}](ctx context.Context, path, name, fingerprint string, work func(P) error) (R, error) {
	var before R
	if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &before) == nil && P(&before).head().Fingerprint == fingerprint {
		return before, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of other files or settings
		return before, err
	}
	var r R
	head := P(&r).head()
	head.Case, head.Fingerprint = name, fingerprint
	err := guarded(func() error { return work(&r) })
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if err != nil {
		head.Reason = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	text, err := json.MarshalIndent(&r, "", " ")
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, fileatomic.WriteFile(path, bytes.NewReader(append(text, '\n')))
}

// guarded is work, a fault of the program being an error.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a fault of this program, please report it: %v", p)
		}
	}()
	return work()
}

// Fingerprint tells one state of the files under dir, and of what else a result depends on, from another.
func Fingerprint(dir string, settings ...string) (string, error) {
	h := sha256.New()
	for _, s := range settings {
		fmt.Fprintf(h, "%s\n", s)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %d %d\n", path[len(dir):], info.Size(), info.ModTime().UnixNano())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look at the files of %s: %w", dir, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// CaseFolders lists the folders in root by name, without hidden ones and out.
func CaseFolders(root, out string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("look for cases: %w", err)
	}
	var names []string
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		info, err := os.Stat(path) // follows links
		if err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), ".") || samePath(path, out) {
			continue
		}
		names = append(names, e.Name())
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no folder; each folder in it is one case, with its CT and RTSTRUCTs", root)
	}
	return names, nil
}
