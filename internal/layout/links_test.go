package layout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A link in Markdown, with its heading after #, and what becomes of a heading in a link.
var (
	link       = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)
	heading    = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInLinks = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	code       = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// anchors returns the names by which links find the headings of a page.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		found[strings.ReplaceAll(notInLinks.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")] = true
	}
	return found
}

// Every link of a page of this project leads to a file that is there, and to a heading that it has.
func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	list, err := exec.Command("git", "-C", "../..", "ls-files", "*.md").Output()
	if err != nil {
		t.Skip("not a working copy of git")
	}
	links := 0
	for name := range strings.FieldsSeq(string(list)) {
		if strings.HasPrefix(name, "bench/") {
			continue // templates of pages in docs
		}
		text, err := os.ReadFile(filepath.Join("../..", name))
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			links++
			target := filepath.Join("../..", filepath.Dir(name), match[1])
			if match[1] == "" {
				target = filepath.Join("../..", name)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s is not there", name, match[1])
				continue
			}
			if match[2] != "" {
				page, err := os.ReadFile(target)
				require.NoError(t, err)
				if !anchors(string(page))[match[2]] {
					t.Errorf("%s: %s has no heading %q", name, match[1], match[2])
				}
			}
		}
	}
	require.Greater(t, links, 50)
}
