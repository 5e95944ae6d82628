package dicom

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// maxFiles bounds a scan: more is a mistaken folder.
const maxFiles = 1 << 20

// listFiles returns the regular files under root, sorted by folder. Links are followed, each folder and
// file counted once, so that a loop ends. What cannot be read becomes a warning; a folder that gives nothing for limit, on
// a share that has stopped answering, is an error.
func listFiles(ctx context.Context, root string, limit time.Duration, report *Report) ([]string, error) {
	var files []string
	var now atomic.Pointer[string]
	now.Store(&root)
	err := inParallelReading(ctx, 1, limit, func(int) string { return *now.Load() }, func(r *reader, _ int) (err error) {
		files, err = walkFolders(ctx, root, func(folder string) {
			now.Store(&folder)
			r.pulse.beat()
		}, report)
		return err
	})
	if err != nil {
		return nil, err // files may still be written by a walk that hangs
	}
	return files, nil
}

func walkFolders(ctx context.Context, root string, enter func(folder string), report *Report) ([]string, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{root}, nil
	}
	var files []string
	seenFolders := map[string]bool{}
	linked := map[string]bool{} // targets of links to files
	folders := []string{root}
	for len(folders) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		folder := folders[0]
		folders = folders[1:]
		enter(folder)
		real, err := filepath.EvalSymlinks(folder)
		if err != nil || seenFolders[real] {
			continue
		}
		seenFolders[real] = true
		entries, err := os.ReadDir(folder)
		if err != nil {
			report.warning(folder, fmt.Sprintf("folder left out: %v", err))
		}
		for _, entry := range entries {
			path := filepath.Join(folder, entry.Name())
			mode := entry.Type()
			if mode&os.ModeSymlink != 0 {
				target, err := os.Stat(path)
				if err != nil {
					report.warning(path, "link left out: it leads nowhere")
					continue
				}
				if mode = target.Mode().Type(); mode.IsRegular() {
					to, err := filepath.EvalSymlinks(path)
					if err != nil || linked[to] {
						continue
					}
					linked[to] = true
				}
			}
			switch {
			case mode.IsDir():
				folders = append(folders, path)
			case mode.IsRegular():
				files = append(files, path)
			}
		}
		if len(files) > maxFiles {
			return nil, fmt.Errorf("more than %d files; choose the folder of one patient", maxFiles)
		}
	}
	return files, nil
}
