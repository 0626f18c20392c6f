package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCommandsAreShort keeps what servers do out of package main, where nothing else can use it: a command reads its
// settings and calls.
func TestCommandsAreShort(t *testing.T) {
	t.Parallel()
	const most = 59
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	functions := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file.Name(), nil, 0)
		require.NoError(t, err)
		for _, declared := range parsed.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok {
				functions++
				lines := set.Position(function.End()).Line - set.Position(function.Pos()).Line + 1
				require.LessOrEqual(t, lines, most, "%s of %s", function.Name.Name, file.Name())
			}
		}
	}
	require.Greater(t, functions, 20)
}

// TestLayers holds what packages may know of each other. A reader then finds by its name alone what a package can do.
func TestLayers(t *testing.T) {
	t.Parallel()
	known := func(pkg string) []string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		require.NoError(t, err, pkg)
		return strings.Fields(string(out))
	}
	measuring := []string{"energiya/bench", "energiya/test"}
	for pkg, mayNot := range map[string][]string{
		"energiya/cmd/energy": measuring,
		// The gym's data are reached over HTTP only.
		"energiya/auth":               append([]string{"energiya/api", "energiya/jobs", "energiya/report"}, measuring...),
		"energiya/web":                append([]string{"energiya/api", "energiya/jobs", "energiya/report", "energiya/auth", "energiya/db"}, measuring...),
		"energiya/internal/gymclient": append([]string{"energiya/api", "energiya/db", "energiya/auth", "energiya/web"}, measuring...),
		"energiya/internal/password":  append([]string{"energiya/db"}, measuring...),
	} {
		dependencies := known(pkg)
		require.Contains(t, dependencies, pkg)
		for _, dependency := range dependencies {
			for _, forbidden := range mayNot {
				require.False(t, dependency == forbidden || strings.HasPrefix(dependency, forbidden+"/"), "%s knows %s", pkg, dependency)
			}
		}
	}
	// Only the three formats of pictures are decoded.
	require.NotContains(t, known("energiya/auth"), "image/gif")
	for _, decoder := range []string{"golang.org/x/image/tiff", "golang.org/x/image/bmp"} {
		require.NotContains(t, known("energiya/auth"), decoder)
	}
}
