package main

import (
	"fmt"
	"strings"
)

// diagram returns the tables as a Mermaid diagram: each with its key and the columns that refer to other tables.
// Columns that say who did something are left out, since nearly every table has one.
func diagram(tables []table) string {
	var b strings.Builder
	b.WriteString("```mermaid\nerDiagram\n")
	for _, t := range tables {
		for _, c := range t.Columns {
			if parent := strings.TrimPrefix(c.Parent, "gym."); parent != "" && !c.PersonBy {
				fmt.Fprintf(&b, "    %s ||--o{ %s : %s\n", parent, t.Name, c.Name)
			}
		}
	}
	for _, t := range tables {
		fmt.Fprintf(&b, "    %s {\n", t.Name)
		for _, c := range t.Columns {
			if marks := keyMarks(c); marks != "" {
				// Mermaid ends a type at the first space
				fmt.Fprintf(&b, "        %s %s %s\n", strings.ReplaceAll(c.Type, " ", "_"), c.Name, marks)
			}
		}
		b.WriteString("    }\n")
	}
	b.WriteString("```\n")
	return b.String()
}

// keyMarks returns how Mermaid marks a column of the primary key (PK) and one that refers to another table (FK), and
// nothing for a column that the diagram leaves out.
func keyMarks(c column) string {
	var marks []string
	if c.Key {
		marks = append(marks, "PK")
	}
	if c.Parent != "" && !c.PersonBy {
		marks = append(marks, "FK")
	}
	return strings.Join(marks, ", ")
}
