package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func doctorCommand(deps Deps) *cobra.Command {
	o := agreeOptions{patch: 96}
	c := &cobra.Command{
		Use: "doctor", Short: "Check the ONNX Runtime library, the providers that really run here, and the models",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if o.cases > 0 {
				return runAgree(c.Context(), deps, o)
			}
			return runDoctor(c, deps)
		},
	}
	f := c.Flags()
	f.IntVar(&o.cases, "cases", 0, "instead, run that many fixed phantom cases (20 are the bar) on every provider that opens here and compare the clips with the CPU's")
	f.IntVar(&o.patch, "patch", o.patch, "with --cases: voxels of a side of a case and of the networks' patches; 32 for a GPU that is a CPU in disguise")
	f.StringVar(&o.provider, "provider", "", "with --cases: compare this provider only")
	f.StringArrayVar(&o.networks, "networks", nil, "with --cases: compare location.onnx and segmentation.onnx of this folder, on the CPU, for example of another precision; give it again for more")
	f.IntVar(&o.threads, "threads", 0, "with --cases: CPU threads; 0 takes every physical core")
	return c
}

func runDoctor(c *cobra.Command, deps Deps) error {
	fmt.Fprintln(deps.Out, "clipwright", deps.Version)
	path, err := deps.LibraryPath()
	if err != nil {
		return err
	}
	fmt.Fprintln(deps.Out, "library  ", path)
	if err := printModels(deps); err != nil {
		return err
	}
	working := 0
	table := [][]string{{"provider", "device", "name", "works", "parity", "ms/patch", "nodes on it", "why not, or what to know"}}
	for _, p := range deps.Engine.Providers(c.Context()) {
		row := []string{p.Name, strconv.Itoa(p.Number), p.Device, "no", "-", "-", "-", p.Reason}
		if p.Works {
			row[3], row[4], row[5] = "yes", fmt.Sprintf("%.1e", p.ParityError), fmt.Sprintf("%.0f", p.PatchMS)
			if p.Nodes > 0 {
				row[6] = fmt.Sprintf("%d of %d", p.Nodes-p.OnCPU, p.Nodes)
			}
			working++
		}
		table = append(table, row)
	}
	printTable(deps.Out, table)
	fmt.Fprintln(deps.Out, "parity: largest difference of a logit from the CPU's on 32^3 voxels; ms/patch: one patch of 96^3")
	if working == 0 {
		return errors.New("no provider runs on this machine; run 'make setup' again and see 'ONNX Runtime' in README.md")
	}
	return nil
}

// printTable writes rows in columns as wide as their widest cell.
func printTable(out io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range table {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

func printModels(deps Deps) error {
	if deps.ModelsError != nil {
		return deps.ModelsError
	}
	for _, m := range deps.Models.All() {
		if err := m.Verify(); err != nil {
			return err
		}
		fmt.Fprintf(deps.Out, "model     %s %s (%s), %.1f MB, SHA-256 %s matches its card\n", m.Name, m.Card.Version, m.Card.Config, float64(len(m.ONNX))/1e6, m.Card.SHA256[:16])
	}
	return nil
}
