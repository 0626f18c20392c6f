package web

import "strconv"

// chart is a picture of numbers that the server draws: a bar for each thing, of parts one upon the other. Its table
// stands below it. The template is in partials.html.
type chart struct {
	Name   string // the sentence that a screen reader says
	Width  int
	Height int
	Top    int // what the highest line of the scale stands for
	Bars   []chartBar
	Texts  []chartText
	Legend []chartPart
}

type chartBar struct{ Parts []chartPart }

// chartPart is a rectangle. Kind says what it stands for, and so how it is filled.
type chartPart struct {
	Kind                string
	Text                string
	X, Y, Width, Height int
}

type chartText struct {
	X    int
	Text string
}

const (
	chartHeight = 160 // of the bars
	chartMargin = 40  // at the left, for the scale
	chartFoot   = 24  // below, for the labels
	chartGap    = 4   // between bars
	chartRest   = 48  // at the right, for the last label
	mostLabels  = 8
)

// column is what a bar shows: a label, and numbers in the order of the kinds.
type column struct {
	Label  string
	Values []int
}

// newChart draws columns. kinds are what the numbers stand for, titles the same in words.
func newChart(name string, kinds, titles []string, columns []column) *chart {
	if len(columns) == 0 {
		return nil
	}
	top := 1
	for _, c := range columns {
		sum := 0
		for _, v := range c.Values {
			sum += v
		}
		top = max(top, sum)
	}
	step := min(44, max(8, 640/len(columns)))
	drawn := &chart{
		Name: name, Top: top, Width: chartMargin + step*len(columns) + chartRest, Height: chartHeight + chartFoot,
	}
	every := (len(columns) + mostLabels - 1) / mostLabels
	for i, c := range columns {
		x, y := chartMargin+i*step, chartHeight
		var bar chartBar
		for k, v := range c.Values {
			height := v * (chartHeight - 16) / top
			y -= height
			bar.Parts = append(bar.Parts, chartPart{
				Kind: kinds[k], X: x, Y: y, Width: step - chartGap, Height: height,
				Text: c.Label + ": " + titles[k] + " " + strconv.Itoa(v),
			})
		}
		drawn.Bars = append(drawn.Bars, bar)
		if i%every == 0 {
			drawn.Texts = append(drawn.Texts, chartText{X: x, Text: c.Label})
		}
	}
	for k := range kinds {
		drawn.Legend = append(drawn.Legend, chartPart{Kind: kinds[k], Text: titles[k]})
	}
	return drawn
}

// Base is where the bars stand, Foot where the labels do.
func (c chart) Base() int { return chartHeight }

// Foot is the line of the labels.
func (c chart) Foot() int { return chartHeight + 16 }

// Left is where the bars begin.
func (c chart) Left() int { return chartMargin }
