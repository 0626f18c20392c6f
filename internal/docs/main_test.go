package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

func TestTheDocumentationIsFresh(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := dbtest.New(t).Owner.Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	pages, err := render(ctx, conn.Conn())
	require.NoError(t, err)
	require.Len(t, pages, 1)
	for name, content := range pages {
		committed, err := os.ReadFile("../../docs/" + name)
		require.NoError(t, err)
		if string(committed) != content {
			t.Errorf("docs/%s is stale: run `make docs`", name)
		}
	}
}

// mermaidLine matches each line that a Mermaid entity-relationship diagram of ours may have.
var mermaidLine = regexp.MustCompile(
	`^(    \w+ \|\|--o\{ \w+ : \w+|    \w+ \{|        [a-z]\S* \w+ (PK|FK|PK, FK)|    \})$`,
)

func TestTheDiagramShowsEveryTable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := dbtest.New(t).Owner.Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	c, err := read(ctx, conn.Conn())
	require.NoError(t, err)

	lines := strings.Split(strings.TrimSpace(diagram(c.Tables)), "\n")
	require.Equal(t, []string{"```mermaid", "erDiagram"}, lines[:2])
	require.Equal(t, "```", lines[len(lines)-1])
	for _, line := range lines[2 : len(lines)-1] {
		require.Regexp(t, mermaidLine, line)
	}
	require.Greater(t, len(c.Tables), 15)
	for _, table := range c.Tables {
		require.Contains(t, lines, "    "+table.Name+" {")
	}
	require.Contains(t, lines, "    slots ||--o{ enrolments : slot_id")
	require.Contains(t, lines, "        integer user_id FK")
}
