package locale

import "testing"

func TestNameLanguage(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{}, ""},
		{map[string]string{"LANG": "C"}, ""}, // Fyne's library knows this one
		{map[string]string{"LANG": "C.UTF-8"}, "en"},
		{map[string]string{"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"},
		{map[string]string{"LC_ALL": "zh_CN.UTF-8", "LANG": "C.UTF-8"}, ""},
		{map[string]string{"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}, "zh_CN"},
	} {
		nameLanguage(func(k string) string { return c.env[k] }, func(k, v string) error { c.env[k] = v; return nil })
		if got := c.env["LANGUAGE"]; got != c.want {
			t.Errorf("LANGUAGE %q, want %q (%v)", got, c.want, c.env)
		}
	}
}
