package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// number is the value of a flag that takes the numbers of a range and no others: what no command can do, infinite and NaN
// included, is a usage error before any work. A default of 0 stands for a choice of the command's own and may be given too.
type number struct {
	value       *float64
	least, most float64
	orZero      bool
}

// numberFlag adds a flag for a number from least to most.
func numberFlag(f *pflag.FlagSet, p *float64, name string, value, least, most float64, usage string) {
	*p = value
	f.Var(&number{p, least, most, value == 0}, name, usage)
}

func (n *number) String() string { return strconv.FormatFloat(*n.value, 'g', -1, 64) }

// Type is the word that help shows.
func (n *number) Type() string { return "float" }

func (n *number) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= n.least && v <= n.most) && !(v == 0 && n.orZero) {
		return fmt.Errorf("give a number from %g to %g", n.least, n.most)
	}
	*n.value = v
	return nil
}
