// Command serve shows the pages on the stage of package webtest, without a database. Log in with the card "student",
// "blocked", "coach" or "admin" and any password; "student-hostile", "student-empty" and so on show other scenes.
package main

import (
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"energiya/internal/webtest"
	"energiya/web"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:5021", "address")
	days := flag.Int("days", 6, "weekdays with slots")
	times := flag.Int("times", 4, "times of a day")
	early := flag.Duration("early", 0, "how long before the opening it is")
	flag.Parse()
	stage := webtest.New()
	stage.Week = webtest.Week(*days, webtest.Times(*times))
	if *early > 0 {
		stage.At(stage.OpensAt.Add(-*early))
	}
	pages, err := web.New(web.Options{Accounts: stage, Gym: stage, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		log.Fatal(err)
	}
	defer pages.Close()
	server := &http.Server{Addr: *listen, Handler: pages, ReadHeaderTimeout: 10 * time.Second}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println("http://" + listener.Addr().String())
	log.Print(server.Serve(listener))
}
