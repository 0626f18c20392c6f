package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// record is a choice that was sent, and what was heard of it.
type record struct {
	student int
	id      string // of the request
	slots   []int  // chosen
	// acknowledged is true where the answer said what became of each slot; otherwise the choice may have been carried
	// out or not.
	acknowledged bool
	held         []int // of those chosen, as the answer said
}

// change is a row of the audit trail: a seat that was taken or given up.
type change struct {
	Student int
	Request string
	Slot    int
	Taken   bool
}

// moment is what a student held after a request was carried out.
type moment struct {
	request string
	held    []int
}

// compare gives what is wrong between the answers and the database. records are in the order in which each student
// sent them, one at a time; changes in the order in which they happened; held is who holds what in the end.
//
// A choice that was acknowledged must be in the trail with just the seats that the answer named, or have changed
// nothing, being then true already at a moment between those of the answers before and after it. A choice that was
// not acknowledged may stand anywhere, or nowhere.
func compare(records []record, changes []change, held map[int][]int) []string {
	sent := map[int][]record{}
	owner := map[string]int{}
	for _, r := range records {
		sent[r.student] = append(sent[r.student], r)
		owner[r.id] = r.student
	}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }

	moments := map[int][]moment{}
	for _, c := range changes {
		if owner[c.Request] != c.Student {
			say("student %d: slot %d changed by request %q, which is not theirs", c.Student, c.Slot, c.Request)
		}
		past := moments[c.Student]
		if len(past) == 0 {
			past = []moment{{}}
		}
		last := past[len(past)-1]
		now := moment{c.Request, slices.Clone(last.held)}
		if c.Taken {
			now.held = append(now.held, c.Slot)
			slices.Sort(now.held)
		} else {
			now.held = slices.DeleteFunc(now.held, func(slot int) bool { return slot == c.Slot })
		}
		if last.request == c.Request && len(past) > 1 {
			past[len(past)-1] = now
		} else {
			past = append(past, now)
		}
		moments[c.Student] = past
	}

	everybody := maps.Clone(held)
	for student := range moments {
		everybody[student] = held[student]
	}
	for student := range sent {
		everybody[student] = held[student]
	}
	for _, student := range slices.Sorted(maps.Keys(everybody)) {
		past := moments[student]
		if len(past) == 0 {
			past = []moment{{}}
		}
		if last := past[len(past)-1].held; !slices.Equal(last, held[student]) {
			say("student %d holds %v, and %v by the audit trail", student, held[student], last)
		}
		wrong = append(wrong, compareStudent(student, sent[student], past)...)
	}
	return wrong
}

func compareStudent(student int, sent []record, past []moment) (wrong []string) {
	place := map[string]int{} // of a request in the past
	for i, m := range past[1:] {
		if _, twice := place[m.request]; twice {
			wrong = append(
				wrong,
				fmt.Sprintf("student %d: request %s was carried out in two pieces", student, m.request),
			)
		}
		place[m.request] = i + 1
	}
	earliest := 0
	for i, r := range sent {
		if !r.acknowledged {
			continue
		}
		if at, changed := place[r.id]; changed {
			if at < earliest {
				wrong = append(
					wrong,
					fmt.Sprintf(
						"student %d: request %s was answered after another, and carried out before it",
						student,
						r.id,
					),
				)
			}
			earliest = max(earliest, at)
			if !slices.Equal(past[at].held, r.held) {
				wrong = append(
					wrong,
					fmt.Sprintf(
						"student %d was told by request %s to hold %v, and held %v",
						student,
						r.id,
						r.held,
						past[at].held,
					),
				)
			}
			continue
		}
		latest := len(past)
		for _, later := range sent[i+1:] {
			if at, changed := place[later.id]; changed && later.acknowledged {
				latest = at
				break
			}
		}
		possible := slices.ContainsFunc(past[earliest:max(earliest, latest)], func(m moment) bool {
			if len(r.held) == 0 && len(r.slots) > 0 { // all were full: what was held stays
				return !slices.ContainsFunc(r.slots, func(slot int) bool { return slices.Contains(m.held, slot) })
			}
			return slices.Equal(m.held, r.held)
		})
		if !possible {
			wrong = append(
				wrong,
				fmt.Sprintf("student %d was told by request %s to hold %v, which is lost", student, r.id, r.held),
			)
		}
	}
	return wrong
}

// TestCompare: the judge of all the other tests finds what it is there for.
func TestCompare(t *testing.T) {
	t.Parallel()
	told := func(id string, slots []int, held ...int) record {
		return record{student: 1, id: id, slots: slots, acknowledged: true, held: held}
	}
	unheard := func(id string, slots ...int) record { return record{student: 1, id: id, slots: slots} }
	took := func(id string, slot int) change { return change{1, id, slot, true} }
	left := func(id string, slot int) change { return change{1, id, slot, false} }
	s := func(slots ...int) []int { return slots }

	for name, c := range map[string]struct {
		records []record
		changes []change
		held    []int
		wrong   string // a part of the one sentence; empty: all is well
	}{
		"nobody did anything":               {nil, nil, nil, ""},
		"told and true":                     {[]record{told("a", s(1, 2), 1, 2)}, []change{took("a", 1), took("a", 2)}, s(1, 2), ""},
		"one full":                          {[]record{told("a", s(1, 2), 2)}, []change{took("a", 2)}, s(2), ""},
		"all full":                          {[]record{told("a", s(1, 2))}, nil, nil, ""},
		"all full, the old kept":            {[]record{told("a", s(1), 1), told("b", s(2))}, []change{took("a", 1)}, s(1), ""},
		"said again":                        {[]record{told("a", s(1), 1), told("b", s(1), 1)}, []change{took("a", 1)}, s(1), ""},
		"replaced":                          {[]record{told("a", s(1), 1), told("b", s(2), 2)}, []change{took("a", 1), left("b", 1), took("b", 2)}, s(2), ""},
		"given up":                          {[]record{told("a", s(1), 1), told("b", nil)}, []change{took("a", 1), left("b", 1)}, nil, ""},
		"unheard and not done":              {[]record{unheard("a", 1)}, nil, nil, ""},
		"unheard and done":                  {[]record{unheard("a", 1)}, []change{took("a", 1)}, s(1), ""},
		"unheard, done after a later one":   {[]record{unheard("a", 1), told("b", s(2), 2)}, []change{took("b", 2), left("a", 2), took("a", 1)}, s(1), ""},
		"unheard, done, then said again":    {[]record{unheard("a", 1), told("b", s(1), 1)}, []change{took("a", 1)}, s(1), ""},
		"told, and lost":                    {[]record{told("a", s(1), 1)}, nil, nil, "to hold [1], which is lost"},
		"told, and half of it lost":         {[]record{told("a", s(1, 2), 1, 2)}, []change{took("a", 2)}, s(2), "to hold [1 2], and held [2]"},
		"lost, and had again later":         {[]record{told("a", s(1), 1), told("b", s(2), 2), told("c", s(1), 1)}, []change{took("b", 2), left("c", 2), took("c", 1)}, s(1), "by request a to hold [1], which is lost"},
		"a replacement lost":                {[]record{told("a", s(1), 1), told("b", s(2), 2)}, []change{took("a", 1)}, s(1), "by request b to hold [2], which is lost"},
		"giving up lost":                    {[]record{told("a", s(1), 1), told("b", nil)}, []change{took("a", 1)}, s(1), "by request b to hold [], which is lost"},
		"told full, and held":               {[]record{told("a", s(1))}, []change{took("a", 1)}, s(1), "to hold [], and held [1]"},
		"carried out in another order":      {[]record{told("a", s(1), 1), told("b", s(2), 2)}, []change{took("b", 2), left("a", 2), took("a", 1)}, s(1), "carried out before it"},
		"the trail and the seats disagree":  {[]record{told("a", s(1), 1)}, []change{took("a", 1)}, s(1, 2), "holds [1 2], and [1] by the audit trail"},
		"the seat of somebody else's click": {nil, []change{took("x", 1)}, s(1), "which is not theirs"},
		"carried out in two pieces":         {[]record{told("a", s(1), 1), unheard("b", 2)}, []change{took("a", 1), took("b", 2), left("a", 2)}, s(1), "in two pieces"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := compare(c.records, c.changes, map[int][]int{1: c.held})
			if c.wrong == "" {
				require.Empty(t, wrong)
				return
			}
			require.Len(t, wrong, 1)
			require.Contains(t, strings.Join(wrong, "\n"), c.wrong)
		})
	}
}
