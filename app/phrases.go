package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/clipwright/clipwright/assets"
)

// phrasebook says in another language what session and segment say in English: they know nothing of languages, and the
// audit log stays in one. Its keys are their formats, "Reject clip %d"; what stands for a verb is taken over, and said in
// the other language itself where it is in the book. What is in no phrase stays English: errors do.
type phrasebook struct {
	verb    *regexp.Regexp // one %-directive of a format
	phrases []phrase
	said    map[string]string // what was asked before
}

type phrase struct {
	key     string
	own     int // length of its own words
	pattern *regexp.Regexp
	text    string
}

// phrasesFile holds the phrases of a language.
const phrasesFile = "session"

// newPhrasebook returns the phrases of a language; nil for English.
func newPhrasebook(tag string) *phrasebook {
	data, err := assets.Translations.ReadFile("translations/" + phrasesFile + "." + tag + ".json")
	if err != nil {
		return nil // no such file: English
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		fyne.LogError("Read the phrases", err)
		return nil
	}
	b := &phrasebook{verb: regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*[\d.]*([a-zA-Z])`), said: map[string]string{}}
	for key, text := range texts {
		b.phrases = append(b.phrases, phrase{key, len(b.verb.ReplaceAllString(key, "")), phrasePattern(b.verb, key), text})
	}
	// The phrase with the most words of its own comes first: "%s: %s" would fit everything.
	slices.SortFunc(b.phrases, func(p, q phrase) int { return cmp.Or(q.own-p.own, strings.Compare(p.key, q.key)) })
	return b
}

// phrasePattern is what a format gives, with a group for each verb.
func phrasePattern(verb *regexp.Regexp, key string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	at := 0
	for _, m := range verb.FindAllStringSubmatchIndex(key, -1) {
		b.WriteString(regexp.QuoteMeta(key[at:m[0]]))
		switch key[m[4]:m[5]] {
		case "d", "f", "g":
			b.WriteString(`([-+]?[\d.]+)`)
		default:
			b.WriteString(`(.+?)`)
		}
		at = m[1]
	}
	b.WriteString(regexp.QuoteMeta(key[at:]))
	b.WriteString(`$`)
	return regexp.MustCompile(b.String())
}

// mostSaid is how many texts are remembered.
const mostSaid = 2000

// say is text in the language of the book.
func (b *phrasebook) say(text string) string {
	if b == nil || text == "" {
		return text
	}
	if said, ok := b.said[text]; ok {
		return said
	}
	said := b.find(text)
	if len(b.said) >= mostSaid {
		clear(b.said)
	}
	b.said[text] = said
	return said
}

func (b *phrasebook) find(text string) string {
	for _, p := range b.phrases {
		m := p.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		next := 0
		return b.verb.ReplaceAllStringFunc(p.text, func(v string) string {
			next++
			i := next
			if k := b.verb.FindStringSubmatch(v); k[1] != "" {
				_, _ = fmt.Sscan(k[1], &i)
			}
			return b.say(m[i])
		})
	}
	return text
}

// all says every text.
func (b *phrasebook) all(texts []string) []string {
	said := make([]string, len(texts))
	for i, t := range texts {
		said[i] = b.say(t)
	}
	return said
}
