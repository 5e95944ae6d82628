// Package locale keeps Fyne from taking the POSIX locale "C.UTF-8", usual in containers and on servers, for a language
// and saying so on stderr. Fyne looks while its packages are initialised; this package imports only os and strings, so
// that Go initialises it before. Importing it for effect is all there is to do.
package locale

import (
	"os"
	"strings"
)

func init() { nameLanguage(os.Getenv, os.Setenv) }

// nameLanguage sets LANGUAGE to English where the locale names no language. It touches nothing that says how
// characters are encoded.
func nameLanguage(get func(string) string, set func(key, value string) error) {
	for _, key := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		value := get(key)
		if value == "" {
			continue
		}
		if get("LANGUAGE") == "" && (strings.HasPrefix(value, "C.") || strings.HasPrefix(value, "POSIX.")) {
			_ = set("LANGUAGE", "en") // at worst Fyne warns
		}
		return
	}
}
