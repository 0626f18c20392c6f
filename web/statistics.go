package web

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

// statistics is report/statistics of the contract.
type statistics struct {
	period

	Loaded bool          `json:"-"`
	Totals slotNumbers   `json:"totals"`
	Slots  []slotNumbers `json:"slots"`
	Chart  *chart        `json:"-"`
	Most   []slotNumbers `json:"-"` // the most refused times, the most first
}

// slotNumbers are the lessons of a time of the week, counted.
type slotNumbers struct {
	slotTime

	Lessons  int `json:"lessons"`
	Seats    int `json:"seats"`
	Enrolled int `json:"enrolled"`
	Came     int `json:"came"`
	Excused  int `json:"excused"`
	Absent   int `json:"absent"`
	Refused  int `json:"refused"`
}

// Full is how many of the seats are taken, in percent.
func (n slotNumbers) Full() int { return percent(n.Enrolled, n.Seats) }

// Missed is how many of those enrolled did not come without an excuse, in percent.
func (n slotNumbers) Missed() int { return percent(n.Absent, n.Came+n.Excused+n.Absent) }

func percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return (100*part + whole/2) / whole
}

// mostRefused is how many of the most refused times are named.
const mostRefused = 5

// Query is the query of the address of the same numbers.
func (d statistics) Query() template.URL { return queryOf("from", d.From, "to", d.To) }

func (s *site) statisticsOf(r *http.Request) (statistics, error) {
	data := statistics{period: s.period(r)}
	body := map[string]string{"startDate": data.From, "endDate": data.To}
	err := s.Gym.Call(r.Context(), visitorOf(r).token, "POST /report/statistics", body, &data)
	return data, err
}

// statisticsCSVGet answers the numbers of each time as a file.
func (s *site) statisticsCSVGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.statisticsOf(r)
	if err != nil {
		return err
	}
	words := s.page(r, nil)
	head, err := words.all("lists.column-weekday", "lists.column-time", "statistics.lessons", "reports.seats",
		"reports.enrolled", "reports.came", "reports.excused", "reports.absent", "reports.refused")
	if err != nil {
		return err
	}
	lines := [][]string{head}
	for _, slot := range data.Slots {
		day, err := words.WeekdayLong(slot.Weekday)
		if err != nil {
			return err
		}
		line := []string{day, slot.Time}
		for _, n := range []int{
			slot.Lessons, slot.Seats, slot.Enrolled, slot.Came, slot.Excused, slot.Absent, slot.Refused,
		} {
			line = append(line, strconv.Itoa(n))
		}
		lines = append(lines, line)
	}
	return writeCSV(w, "statistics-"+data.From+".csv", lines)
}

func (s *site) statisticsGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.statisticsOf(r)
	if err != nil {
		return s.again(w, r, err, "statistics", data)
	}
	data.Loaded = true
	words := s.page(r, nil)
	var columns []column
	for _, slot := range data.Slots {
		day, err := words.Weekday(slot.Weekday)
		if err != nil {
			return err
		}
		columns = append(columns, column{day + " " + slot.Time, []int{slot.Came, slot.Excused, slot.Absent}})
		if slot.Refused > 0 {
			data.Most = append(data.Most, slot)
		}
	}
	slices.SortStableFunc(data.Most, func(a, b slotNumbers) int { return cmp.Compare(b.Refused, a.Refused) })
	data.Most = data.Most[:min(mostRefused, len(data.Most))]
	name, err := words.T("statistics.chart", "Full", data.Totals.Full(), "Missed", data.Totals.Missed())
	if err != nil {
		return err
	}
	titles, err := words.all("reports.came", "reports.excused", "reports.absent")
	if err != nil {
		return err
	}
	data.Chart = newChart(name, []string{"present", "excused", "absent"}, titles, columns)
	return s.show(w, r, "statistics", data)
}
