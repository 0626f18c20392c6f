// Package layout tests which package may import which.
package layout_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "energiya/"

// within reports whether a package is one of these folders' packages.
func within(name string, folders ...string) bool {
	for _, folder := range folders {
		if name == module+folder || strings.HasPrefix(name, module+folder+"/") {
			return true
		}
	}
	return false
}

// imports returns, for each package of this project, the packages that it imports, directly or not. With the flag
// -test a package's tests belong to it.
func imports(t *testing.T, flags ...string) map[string][]string {
	t.Helper()
	const format = `{{with .ForTest}}{{.}}{{else}}{{.ImportPath}}{{end}}{{range .Deps}} {{.}}{{end}}`
	command := exec.Command("go", append(append([]string{"list"}, flags...), "-deps", "-f", format, "./...")...)
	command.Dir = "../.."
	list, err := command.Output()
	require.NoError(t, err)
	found := map[string][]string{}
	for line := range strings.Lines(string(list)) {
		name, deps, _ := strings.Cut(strings.TrimSpace(line), " ")
		name = strings.TrimSuffix(name, ".test")
		if !strings.HasPrefix(name, module) {
			continue
		}
		for dep := range strings.FieldsSeq(deps) {
			if strings.HasPrefix(dep, module) {
				found[name] = append(found[name], dep)
			}
		}
	}
	return found
}

// readSources opens every Go file: go test repeats a test whose files have changed, and does not see what go list
// reads.
func readSources(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") {
			_, err = os.ReadFile(path)
		}
		return err
	}))
}

func TestImports(t *testing.T) {
	t.Parallel()
	readSources(t)
	alone, tested := imports(t), imports(t, "-test")
	rules := []struct {
		why     string
		of      map[string][]string
		applies func(name string) bool
		not     []string
	}{
		{
			"the product must build and run without what measures it and what tries it",
			tested,
			func(name string) bool { return !within(name, "bench", "test") },
			[]string{"bench", "test"},
		},
		{
			"tests must not depend on measurements",
			tested,
			func(name string) bool { return within(name, "test") },
			[]string{"bench"},
		},
		{
			"the auth server and its pages reach the gym over HTTP",
			alone,
			func(name string) bool { return within(name, "auth", "web") },
			[]string{"api", "jobs", "report"},
		},
		{
			"no page asks a database, or knows who answers it",
			alone,
			func(name string) bool { return within(name, "web") },
			[]string{"db", "auth"},
		},
		{
			"a client knows the main server by its contract only",
			alone,
			func(name string) bool { return within(name, "internal/gymclient") },
			[]string{"api", "auth", "db", "jobs", "report", "web"},
		},
		{
			"hashing needs no database",
			alone,
			func(name string) bool { return within(name, "internal/password") },
			[]string{"db"},
		},
	}
	for _, name := range []string{"cmd/energy", "api", "auth", "web", "bench"} {
		require.NotEmpty(t, alone[module+name], "%s is a package with imports", name)
	}
	require.NotEmpty(t, tested[module+"test/faults"], "a package of tests has imports")
	for _, rule := range rules {
		for name, deps := range rule.of {
			if !rule.applies(name) {
				continue
			}
			for _, dep := range deps {
				if within(dep, rule.not...) {
					t.Errorf("%s imports %s: %s", name, dep, rule.why)
				}
			}
		}
	}
}
