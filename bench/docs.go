package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

// templates are the documents, with the places of the figures.
//
//go:embed docs/*.md
var templates embed.FS

func newDocs() *cobra.Command {
	return &cobra.Command{
		Use: "docs A.json FOLDER", Short: "Write performance.md, scaling.md and their charts from the figures of a whole run", Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := readResult(args[0])
			if err != nil {
				return err
			}
			documents, err := documents(r)
			if err != nil {
				return err
			}
			for name, text := range documents {
				if err := os.WriteFile(filepath.Join(args[1], name), text, 0o644); err != nil {
					return fmt.Errorf("writing a document: %w", err)
				}
			}
			return nil
		},
	}
}

// documents are the files of docs that stand on figures, by name.
func documents(r *Result) (map[string][]byte, error) {
	r.settle()
	var missing []error
	find := func(part, name string) *Figure {
		if f := r.find(part, name); f != nil {
			return f
		}
		missing = append(missing, fmt.Errorf("no figure %q of %s: a whole run is needed", name, part))
		return &Figure{Values: []float64{0}}
	}
	var steps []string
	for _, s := range small.steps(nil) {
		steps = append(steps, s.name)
	}
	parsed, err := template.New("").Funcs(template.FuncMap{
		"value": func(part, name string) string { return short(find(part, name).Median()) },
		"ratio": func(part, name string) string { return fmt.Sprintf("%.2f", find(part, name).Ratio) },
		"met": func(part, name string) string {
			if strings.HasSuffix(find(part, name).Target(), " met") {
				return "met"
			}
			return "missed"
		},
		"grown": func(step, size string) string { return short(find("growth", step+", "+size).Median()) },
		"percent": func(share float64) string {
			return fmt.Sprintf("%.0f %%", 100*share)
		},
	}).ParseFS(templates, "docs/*.md")
	if err != nil {
		return nil, fmt.Errorf("reading the documents: %w", err)
	}
	all := map[string][]byte{}
	for name, c := range charts(r) {
		var s strings.Builder
		c.draw(&s)
		all["bench-"+name+".svg"] = []byte(s.String())
	}
	for _, name := range []string{"performance.md", "scaling.md"} {
		var text bytes.Buffer
		if err := parsed.ExecuteTemplate(&text, name, map[string]any{"Result": r, "Steps": steps, "Loud": r.Others > quiet}); err != nil {
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
		all[name] = text.Bytes()
	}
	return all, errors.Join(missing...)
}
