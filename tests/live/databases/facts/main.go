package facts

import (
	"fmt"
	"os"
	"time"
)

// Main is the program that writes one database: it reads FACTS, OUT and DATE from the command line and
// hands on what the database holds.
func Main(database string, write func(advisories []Advisory, out string, date time.Time) error) {
	program := database + "db"
	if len(os.Args) != 4 {
		fmt.Fprintf(os.Stderr, "usage: %s FACTS OUT DATE\n", program)
		os.Exit(2)
	}
	date, err := time.Parse(time.RFC3339, os.Args[3])
	if err == nil {
		var advisories []Advisory
		if advisories, err = Read(os.Args[1]); err == nil {
			err = write(In(database, advisories), os.Args[2], date)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(1)
	}
}
