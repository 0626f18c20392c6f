package web

import (
	"net/http"
	"slices"
	"time"
)

// public is the page for everybody: what the gym is, and when enrolment opens.
type public struct {
	gymTexts

	About  []string // paragraphs
	Week   []dayTimes
	News   []post
	Offer  offer
	Opens  time.Time // zero where it is not known
	Closes time.Time
}

// gymTexts are gym/get of the contract. The texts are settings of the gym, and empty where they are not set.
type gymTexts struct {
	Name          string `json:"name"`
	AboutText     string `json:"about"`
	Address       string `json:"address"`
	Coach         string `json:"coach"`
	Contact       string `json:"contact"`
	LessonMinutes int    `json:"lessonMinutes"`
	Times         []struct {
		Weekday int    `json:"weekday"`
		Time    string `json:"time"`
	} `json:"times"`
}

// dayTimes are the times of a weekday.
type dayTimes struct {
	Weekday int
	Times   []string
}

// frontGet shows a person who is logged in the home, and everybody else the public page.
func (s *site) frontGet(w http.ResponseWriter, r *http.Request) error {
	if tokenOf(r) == "" {
		return s.publicGet(w, r)
	}
	return s.only(s.homeGet)(w, r)
}

func (s *site) publicGet(w http.ResponseWriter, r *http.Request) error {
	current, err := s.seats.get(r.Context(), rareEvery)
	if err != nil {
		return err
	}
	data := public{Offer: current.offer}
	if data.gymTexts, err = s.gymTexts.get(r.Context()); err != nil {
		return err
	}
	news, err := s.news.get(r.Context())
	if err != nil {
		return err
	}
	data.News = slices.Clone(news)
	slices.Reverse(data.News) // the newest first
	data.About = paragraphs(data.AboutText)
	for _, t := range data.Times {
		if n := len(data.Week); n == 0 || data.Week[n-1].Weekday != t.Weekday {
			data.Week = append(data.Week, dayTimes{Weekday: t.Weekday})
		}
		last := &data.Week[len(data.Week)-1]
		last.Times = append(last.Times, t.Time)
	}
	if current.OpensAt != nil && current.ClosesAt != nil {
		data.Opens, data.Closes = s.local(*current.OpensAt), s.local(*current.ClosesAt)
	}
	return s.show(w, r, "public", data)
}
