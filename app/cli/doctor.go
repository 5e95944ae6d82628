package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/segment"
)

func doctorCommand(deps Deps) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check the ONNX Runtime library, the providers that really run here, and the models",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error { return runDoctor(c, deps) },
	}
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
	fmt.Fprintf(deps.Out, "%-10s %-7s %-36s %12s %10s  %s\n", "provider", "works", "device", "parity", "ms/patch", "why not")
	working := 0
	for _, p := range deps.Engine.Providers(c.Context()) {
		works, parity, ms := "no", "-", "-"
		if p.Works {
			works, parity, ms = "yes", fmt.Sprintf("%.1e", p.ParityError), fmt.Sprintf("%.0f", p.PatchMS)
			working++
		}
		fmt.Fprintf(deps.Out, "%-10s %-7s %-36s %12s %10s  %s\n", p.Name, works, p.Device, parity, ms, p.Reason)
	}
	if working == 0 {
		return errors.New("no provider runs on this machine; run 'make setup' again and see 'The ONNX Runtime library' in README.md")
	}
	return nil
}

func printModels(deps Deps) error {
	if deps.ModelsError != nil {
		return deps.ModelsError
	}
	for _, m := range []segment.Model{deps.Location, deps.Segmentation} {
		if err := m.Verify(); err != nil {
			return err
		}
		fmt.Fprintf(deps.Out, "model     %s %s (%s), %.1f MB, SHA-256 %s matches its card\n", m.Name, m.Card.Version, m.Card.Config, float64(len(m.ONNX))/1e6, m.Card.SHA256[:16])
	}
	return nil
}
