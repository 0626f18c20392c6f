package main

import (
	"fmt"
	"strings"
)

// page is docs/database.md.
func page(c *catalogue) string {
	var b strings.Builder
	b.WriteString(`# The database

Made by ` + "`make docs`" + ` from the catalogue of a migrated database: the texts are the comments of the SQL itself, which ` + "`\\d+`" + ` and ` + "`\\df+`" + `
show too. A test fails while this page is stale.

The diagram shows every table with its primary key (PK) and its references to other tables (FK). Columns that say who did
something (` + "`…_by`" + `, all to ` + "`users`" + `) are left out.

`)
	b.WriteString(diagram(c.Tables))
	b.WriteString("\n")
	b.WriteString("| schema | what it is |\n|---|---|\n")
	for _, s := range c.Schemas {
		row(&b, "`"+s.Name+"`", s.Comment)
	}

	b.WriteString(
		"\n## Roles\n\nGroup roles without login, by their usual names. The owner may do everything, and everybody else nothing.\n\n| role | may |\n|---|---|\n",
	)
	for _, g := range c.Grants {
		row(&b, "`"+g.Role+"`", g.What)
	}

	b.WriteString("\n## Tables\n")
	for _, t := range c.Tables {
		fmt.Fprintf(
			&b,
			"\n### gym.%s\n\n%s\n\n| column | type | null | meaning |\n|---|---|---|---|\n",
			t.Name,
			text(t.Comment),
		)
		for _, col := range t.Columns {
			row(&b, "`"+col.Name+"`", col.Type, map[bool]string{true: "yes"}[col.Null], col.Comment)
		}
		if len(t.Constraints) > 0 {
			b.WriteString("\n| constraint or index | what it keeps |\n|---|---|\n")
			for _, k := range t.Constraints {
				row(&b, "`"+strings.TrimPrefix(k.Name, "gym.")+"`", k.What)
			}
		}
		if len(t.Triggers) > 0 {
			b.WriteString("\nTriggers:")
			for i, g := range t.Triggers {
				fmt.Fprintf(&b, "%s `%s`", map[bool]string{true: ","}[i > 0], g.Name)
				if name := strings.TrimPrefix(g.Function, "rules."); !strings.HasPrefix(g.Name, name) {
					fmt.Fprintf(&b, " (`%s`)", g.Function)
				}
			}
			b.WriteString(".\n")
		}
	}

	b.WriteString("\n## Types\n\n| type | values | meaning |\n|---|---|---|\n")
	for _, t := range c.Types {
		row(&b, "`gym."+t.Name+"`", t.Labels, t.Comment)
	}

	b.WriteString("\n## Views\n\n| view | columns | what it shows |\n|---|---|---|\n")
	for _, v := range c.Views {
		row(&b, "`"+v.Name+"`", v.Columns, v.Comment)
	}

	b.WriteString("\n## Settings\n\n| setting | default | allowed | meaning |\n|---|---|---|---|\n")
	for _, s := range c.Settings {
		row(&b, "`"+s.Name+"`", "`"+s.Default+"`", "`"+s.Allowed+"`", s.Meaning)
	}

	b.WriteString(
		"\n## Rules\n\nEach by the name that its error carries as the constraint.\n\n| rule | SQLSTATE | meaning | enforced by | what the person reads |\n|---|---|---|---|---|\n",
	)
	for _, r := range c.Rules {
		row(&b, "`"+r.Name+"`", r.State, r.Meaning, r.EnforcedBy, r.Message)
	}

	b.WriteString("\n## Functions\n")
	last := ""
	for _, f := range c.Functions {
		if f.Schema != last {
			fmt.Fprintf(&b, "\n### %s\n\n", f.Schema)
			last = f.Schema
		}
		fmt.Fprintf(&b, "- `%s`%s<br>%s\n", f.Call, result(f.Result), text(f.Comment))
	}
	return b.String()
}

func result(of string) string {
	if of == "trigger" {
		return ""
	}
	return " → `" + of + "`"
}

func row(b *strings.Builder, cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(text(c), "|", `\|`)
	}
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

// text keeps Markdown from reading more into a comment than what it says.
func text(of string) string {
	if strings.HasPrefix(of, "`") {
		return of
	}
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "\n", " ").Replace(of)
}
