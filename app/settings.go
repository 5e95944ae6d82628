package app

// settings is what the window remembers between starts; fyne.Preferences has it.
type settings interface {
	FloatWithFallback(key string, fallback float64) float64
	SetFloat(key string, value float64)
	Bool(key string) bool
	SetBool(key string, value bool)
	String(key string) string
	SetString(key, value string)
}

// noSettings remembers nothing: pictures for the guide look the same on every machine.
type noSettings struct{}

func (noSettings) FloatWithFallback(_ string, fallback float64) float64 { return fallback }
func (noSettings) SetFloat(string, float64)                             {}
func (noSettings) Bool(string) bool                                     { return false }
func (noSettings) SetBool(string, bool)                                 {}
func (noSettings) String(string) string                                 { return "" }
func (noSettings) SetString(string, string)                             {}
