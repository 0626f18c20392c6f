package main

import (
	"fmt"
	"html"
	"sort"
	"strings"
	"unicode/utf8"
)

const (
	charWidth  = 7  // of the 12-pixel monospace font
	lineHeight = 17 // of a column of a table
	headHeight = 24
	boxGap     = 22
	columnGap  = 90
	margin     = 20
)

// box is a table as it is drawn.
type box struct {
	table         table
	x, y, w, h    int
	depth         int
	refers, stood bool // refers: to or from another table; stood: has its place
}

// picture draws the tables: from left to right each one right of all that it refers to, and below in rows those that stand alone.
func picture(tables []table) string {
	boxes := map[string]*box{}
	for _, t := range tables {
		b := &box{table: t, h: headHeight + lineHeight*len(t.Columns) + 6}
		for _, c := range t.Columns {
			b.w = max(b.w, charWidth*(utf8.RuneCountInString(c.Name)+utf8.RuneCountInString(c.Type)+3)+16)
		}
		b.w = max(b.w, charWidth*(utf8.RuneCountInString(t.Name)+2)+16)
		boxes[t.Name] = b
	}
	for _, t := range tables {
		for _, c := range t.Columns {
			if parent := parentOf(c, boxes); parent != nil && parent.table.Name != t.Name {
				boxes[t.Name].refers, parent.refers = true, true
			}
		}
	}
	for range tables { // as often as the longest chain may need
		for _, t := range tables {
			for _, c := range t.Columns {
				if parent := parentOf(c, boxes); parent != nil && parent.table.Name != t.Name {
					boxes[t.Name].depth = max(boxes[t.Name].depth, parent.depth+1)
				}
			}
		}
	}

	names := make([]string, 0, len(tables))
	for _, t := range tables {
		names = append(names, t.Name)
	}
	sort.Slice(names, func(i, j int) bool { // those with the most columns of a depth first, so that lines are short
		a, b := boxes[names[i]], boxes[names[j]]
		if a.depth != b.depth {
			return a.depth < b.depth
		}
		return names[i] > names[j]
	})
	x, width, height := margin, 0, margin
	for depth := 0; ; depth++ {
		y, widest := margin, 0
		for _, name := range names {
			if b := boxes[name]; b.refers && b.depth == depth {
				b.x, b.y, b.stood = x, y, true
				y += b.h + boxGap
				widest = max(widest, b.w)
			}
		}
		if widest == 0 {
			break
		}
		width, height = max(width, x+widest), max(height, y)
		x += widest + columnGap
	}
	x, y, tallest := margin, height+boxGap, 0
	sort.Strings(names)
	for _, name := range names {
		b := boxes[name]
		if b.stood {
			continue
		}
		if x > margin && x+b.w > width {
			x, y, tallest = margin, y+tallest+boxGap, 0
		}
		b.x, b.y = x, y
		x += b.w + boxGap
		width, tallest = max(width, b.x+b.w), max(tallest, b.h)
	}
	height = y + tallest

	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" font-family="monospace" font-size="12">`+"\n", width+margin, height+margin)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width+margin, height+margin)
	for _, name := range names {
		b := boxes[name]
		for i, c := range b.table.Columns {
			parent := parentOf(c, boxes)
			if parent == nil || parent == b {
				continue
			}
			fromX, fromY := b.x, b.y+headHeight+lineHeight*i+lineHeight/2+2
			toX, toY := parent.x+parent.w, parent.y+headHeight/2
			fmt.Fprintf(&s, `<path d="M%d %d C%d %d %d %d %d %d" fill="none" stroke="#69c" stroke-width="1.5"/><circle cx="%d" cy="%d" r="3" fill="#69c"/>`+"\n",
				fromX, fromY, fromX-columnGap/2, fromY, toX+columnGap/2, toY, toX, toY, toX, toY)
		}
	}
	for _, name := range names {
		b := boxes[name]
		fmt.Fprintf(&s, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#fdfdfd" stroke="#666"/><rect x="%[1]d" y="%[2]d" width="%[3]d" height="%[5]d" rx="4" fill="#dde8f3" stroke="#666"/>`,
			b.x, b.y, b.w, b.h, headHeight)
		fmt.Fprintf(&s, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", b.x+8, b.y+16, html.EscapeString(name))
		for i, c := range b.table.Columns {
			y := b.y + headHeight + lineHeight*(i+1)
			decoration := ""
			if c.Key {
				decoration = ` text-decoration="underline"`
			}
			fmt.Fprintf(&s, `<text x="%d" y="%d"%s>%s</text><text x="%d" y="%[2]d" text-anchor="end" fill="#888">%[6]s</text>`+"\n",
				b.x+8, y, decoration, html.EscapeString(c.Name), b.x+b.w-8, html.EscapeString(c.Type))
		}
	}
	s.WriteString("</svg>\n")
	return s.String()
}

func parentOf(c column, boxes map[string]*box) *box {
	if c.PersonBy {
		return nil
	}
	return boxes[strings.TrimPrefix(c.Parent, "gym.")]
}
