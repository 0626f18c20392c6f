package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// chart is groups of horizontal bars, one a series.
type chart struct {
	title  string
	series []string
	groups []group
	// log: bars begin at 1 and grow by factors
	log bool
}

type group struct {
	name   string
	values []float64 // NaN: none
}

// charts are those for whose figures the run has.
func charts(r *Result) map[string]chart {
	value := func(part, name string) float64 {
		if f := r.find(part, name); f != nil {
			return f.Median()
		}
		return math.NaN()
	}
	change := chart{title: "Choices changed a second, nothing full", series: []string{"HTTP"}}
	add := func(c *chart, name string, values ...float64) {
		for _, v := range values {
			if !math.IsNaN(v) {
				c.groups = append(c.groups, group{name: name, values: values})
				return
			}
		}
	}
	add(&change, "pgbench, same function", value("change", "pgbench: choice changed"))
	for _, clients := range []int{8, 16, 32, 64, 128, 256} {
		name := fmt.Sprintf("%d clients", clients)
		add(&change, name, value("change", name))
	}

	const slow = ", flushes of 2 ms"
	flush := chart{
		title:  "Choices a second, and with flushes that take 2 ms",
		series: []string{"flushes as they are", "flushes of 2 ms"},
	}
	for _, name := range []string{
		"change, pool of 8, 64 clients", "change, pool of 16, 64 clients", "change, pool of 32, 64 clients",
		"design counter, change, 8 connections", "design a row a seat, change, 8 connections",
		"design counter, change, 32 connections", "design a row a seat, change, 32 connections",
		"design counter, opening, 8 connections", "design a row a seat, opening, 8 connections",
	} {
		add(
			&flush,
			strings.Replace(name, "change, pool", "server, change, pool", 1),
			value("flush", name),
			value("flush", name+slow),
		)
	}

	growth := chart{
		title:  "Time it takes, in times of a gym with 3 months of history",
		series: []string{"30 months", "300 months"},
		log:    true,
	}
	for _, s := range small.steps(nil) {
		ratio := func(size string) float64 { return value("growth", s.name+", "+size) / value("growth", s.name+", ×1") }
		add(&growth, s.name, ratio("history ×10"), ratio("history ×100"))
	}
	all := map[string]chart{}
	for name, c := range map[string]chart{"change": change, "flush": flush, "growth": growth} {
		if len(c.groups) > 0 {
			all[name] = c
		}
	}
	return all
}

const (
	barHeight = 14
	barsLeft  = 330
	barsWidth = 420
)

var colours = []string{"#4c78a8", "#f58518"}

func (c chart) draw(out io.Writer) {
	most := 0.0
	for _, g := range c.groups {
		for _, v := range g.values {
			if !math.IsNaN(v) {
				most = max(most, c.length(v))
			}
		}
	}
	height := 60
	for _, g := range c.groups {
		height += len(g.values)*barHeight + 8
	}
	fmt.Fprintf(
		out,
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="12">`+"\n",
		barsLeft+barsWidth+80,
		height,
	)
	fmt.Fprintf(out, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	text(out, 10, 20, `font-size="14" font-weight="bold"`, c.title)
	x := barsLeft
	for i, name := range c.series {
		if len(c.series) > 1 {
			fmt.Fprintf(out, `<rect x="%d" y="30" width="10" height="10" fill="%s"/>`+"\n", x, colours[i])
			text(out, x+14, 39, "", name)
			x += 160
		}
	}
	y := 50
	for _, g := range c.groups {
		text(out, barsLeft-8, y+len(g.values)*barHeight/2+4, `text-anchor="end"`, g.name)
		for i, v := range g.values {
			if !math.IsNaN(v) {
				width := c.length(v) / most * barsWidth
				fmt.Fprintf(
					out,
					`<rect x="%d" y="%d" width="%.0f" height="%d" fill="%s"/>`+"\n",
					barsLeft,
					y,
					max(width, 1),
					barHeight-2,
					colours[i],
				)
				text(out, barsLeft+int(width)+5, y+barHeight-3, "", c.label(v))
			}
			y += barHeight
		}
		y += 8
	}
	fmt.Fprintln(out, "</svg>")
}

// length of a bar before it is fitted. What takes no longer than before has none.
func (c chart) length(v float64) float64 {
	if c.log {
		return max(0, math.Log10(v))
	}
	return v
}

func (c chart) label(v float64) string {
	if c.log {
		return "×" + short(v)
	}
	return short(v)
}

func text(out io.Writer, x, y int, attributes, s string) {
	fmt.Fprintf(out, `<text x="%d" y="%d" %s>`, x, y, attributes)
	_ = xml.EscapeText(out, []byte(s))
	fmt.Fprintln(out, "</text>")
}
