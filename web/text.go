package web

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed text/*.toml
var textFiles embed.FS

// languages are those that the pages speak. The first is spoken where a person asks for none of them.
var languages = []language.Tag{language.Russian, language.English}

const languageCookie = "language"

// texts are the words of all languages.
type texts struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
}

func newTexts() (*texts, error) {
	t := &texts{bundle: i18n.NewBundle(languages[0]), matcher: language.NewMatcher(languages)}
	t.bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	files, err := fs.Glob(textFiles, "text/*.toml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if _, err := t.bundle.LoadMessageFileFS(textFiles, name); err != nil {
			return nil, fmt.Errorf("texts: %w", err)
		}
	}
	return t, nil
}

// of returns the words in the language that the person chose, or else that the browser asks for.
func (t *texts) of(r *http.Request) words {
	var chosen string
	if c, err := r.Cookie(languageCookie); err == nil {
		chosen = c.Value
	}
	_, index := language.MatchStrings(t.matcher, chosen, r.Header.Get("Accept-Language"))
	return t.in(languages[index])
}

// named returns the words in a language that an address names, else in the first one.
func (t *texts) named(name string) words {
	_, index := language.MatchStrings(t.matcher, name)
	return t.in(languages[index])
}

func (t *texts) in(tag language.Tag) words {
	return words{Lang: tag.String(), localizer: i18n.NewLocalizer(t.bundle, tag.String())}
}

// words are the texts of one language.
type words struct {
	// Lang is the tag of the language: "ru" or "en".
	Lang      string
	localizer *i18n.Localizer
}

// T returns a text, with its gaps filled from pairs of a name and a value. A text that does not exist is an error, so
// that a template fails in its test and not before a person.
func (w words) T(id string, pairs ...any) (string, error) {
	facts, err := factsOf(id, pairs)
	if err != nil {
		return "", err
	}
	return w.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: facts})
}

// N returns a text in the plural of n. The text shows it as {{.N}}.
func (w words) N(id string, n int, pairs ...any) (string, error) {
	facts, err := factsOf(id, pairs)
	if err != nil {
		return "", err
	}
	facts["N"] = n
	return w.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: facts, PluralCount: n})
}

// has reports whether this very language has the text.
func (w words) has(id string) bool {
	_, tag, err := w.localizer.LocalizeWithTag(&i18n.LocalizeConfig{MessageID: id})
	return err == nil && tag.String() == w.Lang
}

func (w words) localize(config *i18n.LocalizeConfig) (string, error) {
	text, tag, err := w.localizer.LocalizeWithTag(config)
	if err != nil {
		return "", err
	}
	if tag.String() != w.Lang {
		return "", fmt.Errorf("text %q is missing in %s", config.MessageID, w.Lang)
	}
	return text, nil
}

func factsOf(id string, pairs []any) (map[string]any, error) {
	facts := make(map[string]any, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("text %q: %v is not the name of a gap", id, pairs[i])
		}
		facts[name] = pairs[i+1]
	}
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("text %q: the gaps are not pairs", id)
	}
	return facts, nil
}
