package app

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/assets"
)

// preferenceLanguage is the language of the window: a tag, or empty for the system's.
const preferenceLanguage = "language"

// language is one the window speaks.
type language struct{ tag, name string }

// Tags of the languages. The names of the files in assets/translations end in them: window.zh_Hans.json.
const (
	english = "en"
	chinese = "zh_Hans"
)

func languages() []language {
	return []language{{"", lang.L("System language")}, {english, "English"}, {chinese, "简体中文"}}
}

// speak makes lang.L give the texts of a language; "" is the system's, or English where the window does not speak that.
//
// Fyne chooses by the system's locale and cannot be told otherwise, so the texts are registered for that very locale,
// whatever it is. English is registered too: another language may have been in force before.
func speak(tag string) error {
	tag = spoken(tag)
	texts, err := textsOf(chinese)
	if err != nil {
		return err
	}
	if tag != chinese {
		for key := range texts {
			texts[key] = key
		}
		own, err := textsOf(tag)
		if err != nil {
			return err
		}
		for key, text := range own {
			texts[key] = text
		}
	}
	file, err := json.Marshal(texts)
	if err != nil {
		return fmt.Errorf("translations: %w", err)
	}
	locale := lang.SystemLocale().LanguageString()
	if err := lang.AddTranslations(fyne.NewStaticResource(locale+".json", file)); err != nil {
		return fmt.Errorf("translations: %w", err)
	}
	return nil
}

// spoken is the language that a setting means.
func spoken(tag string) string {
	switch {
	case tag != "":
		return tag
	case strings.HasPrefix(lang.SystemLocale().LanguageString(), "zh"):
		return chinese
	}
	return english
}

// textsOf reads every file of a language; no two may translate a key differently.
func textsOf(tag string) (map[string]string, error) {
	const dir = "translations"
	files, err := fs.Glob(assets.Translations, dir+"/*."+tag+".json")
	if err != nil {
		return nil, fmt.Errorf("translations: %w", err)
	}
	texts := map[string]string{}
	for _, path := range files {
		data, err := assets.Translations.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("translations: %w", err)
		}
		var part map[string]string
		if err := json.Unmarshal(data, &part); err != nil {
			return nil, fmt.Errorf("translations: %s: %w", path, err)
		}
		for key, text := range part {
			if other, twice := texts[key]; twice && other != text {
				return nil, fmt.Errorf("translations: %s: %q stands in another file already", path, key)
			}
			texts[key] = text
		}
	}
	return texts, nil
}

// counted is a number with what it counts: one is the text for 1, many, with a %d, for any other.
func counted(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}
