package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
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
