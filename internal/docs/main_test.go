package main

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
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
	require.Len(t, pages, 2)
	for name, content := range pages {
		committed, err := os.ReadFile("../../docs/" + name)
		require.NoError(t, err)
		if string(committed) != content {
			t.Errorf("docs/%s is stale: run `make docs`", name)
		}
	}
}

func TestThePictureIsOneOfEveryTable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := dbtest.New(t).Owner.Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	c, err := read(ctx, conn.Conn())
	require.NoError(t, err)
	svg := picture(c.Tables)
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := decoder.Token(); err != nil {
			require.True(t, errors.Is(err, io.EOF), "well-formed: %v", err)
			break
		}
	}
	require.Greater(t, len(c.Tables), 15)
	for _, table := range c.Tables {
		require.Contains(t, svg, ">"+table.Name+"</text>")
	}
}
