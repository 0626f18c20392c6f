package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/require"
)

// plurals are the forms that each language must give of a text with a number.
var plurals = map[string][]string{"ru": {"one", "few", "many", "other"}, "en": {"one", "other"}}

// catalogue reads the texts of a language: by id, the forms that it has ("" where it is not a plural).
func catalogue(t *testing.T, lang string) map[string][]string {
	t.Helper()
	var tree map[string]any
	_, err := toml.DecodeFile(filepath.Join("text", lang+".toml"), &tree)
	require.NoError(t, err)
	forms := map[string][]string{}
	var walk func(prefix string, node map[string]any)
	walk = func(prefix string, node map[string]any) {
		for key, value := range node {
			switch value := value.(type) {
			case map[string]any:
				walk(prefix+key+".", value)
			case string:
				require.NotEmpty(t, strings.TrimSpace(value), "%s: %s%s is empty", lang, prefix, key)
				if slices.Contains(plurals["ru"], key) {
					id := strings.TrimSuffix(prefix, ".")
					forms[id] = append(forms[id], key)
				} else {
					forms[prefix+key] = []string{""}
				}
			default:
				require.Failf(t, "not a text", "%s: %s%s", lang, prefix, key)
			}
		}
	}
	walk("", tree)
	return forms
}

// computed are the families whose ids are put together at run time.
var computed = regexp.MustCompile(`^(weekday\.(short|long)\.[0-6]|month\.(name|of)\.([1-9]|1[0-2])|rule\.\w+)$`)

// used are the ids that templates and code name.
func used(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	inTemplate := regexp.MustCompile(`\.(?:T|N|Text) "([\w.-]+)"`)
	// Some screens name the titles of their columns in lists.
	inCode := regexp.MustCompile(`(?:\b(?:T|N)\("|"(?:reports|lists|statistics)\.)[\w.-]+"`)
	for pattern, found := range map[string]*regexp.Regexp{"templates/*.html": inTemplate, "*.go": inCode} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range found.FindAllString(string(content), -1) {
				_, id, _ := strings.Cut(strings.TrimSuffix(match, `"`), `"`)
				if !strings.HasSuffix(id, ".") {
					ids[id] = true
				}
			}
		}
	}
	for _, notice := range notices {
		ids["notice."+notice] = true
	}
	for _, preset := range presets {
		ids["period."+preset] = true
	}
	for _, theme := range themes {
		ids["theme."+theme] = true
	}
	return ids
}

// TestTexts finds texts that a language misses, that nothing shows, and plurals that miss a form.
func TestTexts(t *testing.T) {
	ids := used(t)
	require.Greater(t, len(ids), 50, "the search finds what templates use")
	for lang, forms := range plurals {
		have := catalogue(t, lang)
		for id := range ids {
			// The database says refusals in Russian.
			if lang != "ru" || !strings.HasPrefix(id, "rule.") {
				require.True(t, have[id] != nil, "%s.toml misses %s", lang, id)
			}
		}
		for id, given := range have {
			require.True(t, ids[id] || computed.MatchString(id), "%s.toml: nothing shows %s", lang, id)
			if len(given) > 1 || given[0] != "" {
				require.ElementsMatch(t, forms, given, "%s.toml: the plural forms of %s", lang, id)
			}
		}
	}
	ru, en := catalogue(t, "ru"), catalogue(t, "en")
	for id := range ru {
		require.True(t, en[id] != nil, "en.toml misses %s", id)
	}
	for id := range en {
		if !strings.HasPrefix(id, "rule.") { // in Russian the database says them
			require.True(t, ru[id] != nil, "ru.toml misses %s", id)
		}
	}
}

// TestGapsMatch finds a gap that one language fills and the other does not.
func TestGapsMatch(t *testing.T) {
	gap := regexp.MustCompile(`\{\{\.(\w+)\}\}`)
	gaps := func(lang string) map[string][]string {
		content, err := os.ReadFile(filepath.Join("text", lang+".toml"))
		require.NoError(t, err)
		found, table := map[string][]string{}, ""
		for _, line := range strings.Split(string(content), "\n") {
			if strings.HasPrefix(line, "[") {
				table = strings.Trim(line, "[]") + "."
			}
			key, value, ok := strings.Cut(line, " = ")
			if !ok || slices.Contains(plurals["ru"], key) {
				continue
			}
			names := []string{}
			for _, match := range gap.FindAllStringSubmatch(value, -1) {
				names = append(names, match[1])
			}
			slices.Sort(names)
			found[table+key] = names
		}
		return found
	}
	en := gaps("en")
	for id, names := range gaps("ru") {
		require.Equal(t, names, en[id], "the gaps of %s", id)
	}
}

// TestDarkTokens: the system's dark theme and the chosen one have the same tokens, and light has all of their names.
func TestDarkTokens(t *testing.T) {
	css, err := os.ReadFile("static/style.css")
	require.NoError(t, err)
	block := func(selector string) string {
		_, after, ok := strings.Cut(string(css), selector+" {")
		require.True(t, ok, selector)
		body, _, _ := strings.Cut(after, "}")
		return strings.Join(strings.Fields(body), " ")
	}
	system, chosen, light := block("[data-theme=system]"), block("\n[data-theme=dark]"), block(":root")
	require.Equal(t, system, chosen)
	for _, name := range regexp.MustCompile(`--[\w-]+:`).FindAllString(chosen, -1) {
		require.Contains(t, light, name)
	}
}
