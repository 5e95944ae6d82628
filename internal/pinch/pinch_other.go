//go:build !linux && !windows && !darwin

package pinch

import "errors"

// Watch hears nothing here.
func Watch(uintptr, Heard) (stop func(), err error) {
	return nil, errors.New("pinches are not known on this system")
}
