package roster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead looks for files that crash the reader, or from which something gets through that is no text.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.[cj]s*")
	if err != nil || len(files) == 0 {
		f.Fatal("no files to begin with", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content[:min(len(content), 400)])
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, read := range []func([]byte) (List, error){readCSV, readJSON} {
			list, err := read(content)
			if err != nil && len(list.Students) > 0 {
				t.Errorf("an error, and students: %v", err)
			}
			for _, s := range list.Students {
				for _, text := range []string{s.Card, s.Family, s.Given, s.Patronymic, s.Group} {
					if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n") || text != tidy(text) {
						t.Errorf("%q is no tidy text", text)
					}
				}
			}
		}
	})
}
