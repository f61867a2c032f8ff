// Command osvdb writes the databases that OSV-Scanner reads offline: one archive of OSV records for
// each ecosystem, OUT/osv-scalibr/ECOSYSTEM/all.zip.
//
//	osvdb FACTS OUT DATE
package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crosscheck.test/databases/facts"
)

// OSV-Scanner ends with an error when it meets an ecosystem without a database, so those that an
// image may hold beside ours get an empty one. GIT stands for packages of no ecosystem (conda).
var empty = []string{"Bitnami", "GIT", "Hex", "Maven", "NuGet", "Packagist", "RubyGems", "crates.io"}

func main() {
	facts.Main("osv", run)
}

func run(advisories []facts.Advisory, out string, date time.Time) error {
	records, err := Records(advisories, date)
	if err != nil {
		return err
	}
	for _, ecosystem := range empty {
		records[ecosystem] = nil
	}
	for ecosystem, ofEcosystem := range records {
		file := filepath.Join(out, "osv-scalibr", ecosystem, "all.zip")
		if err := writeArchive(file, ofEcosystem, date); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func writeArchive(path string, records []Record, date time.Time) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	for _, record := range records {
		entry, err := archive.CreateHeader(&zip.FileHeader{
			Name: record.ID + ".json", Method: zip.Deflate, Modified: date,
		})
		if err != nil {
			return err
		}
		if err := json.NewEncoder(entry).Encode(record); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	// The age of an offline database is the age of its file.
	return os.Chtimes(path, date, date)
}

// Record is the part of the OSV schema (https://ossf.github.io/osv-schema/) that is needed here.
type Record struct {
	SchemaVersion    string            `json:"schema_version"`
	ID               string            `json:"id"`
	Modified         time.Time         `json:"modified"`
	Published        time.Time         `json:"published"`
	Aliases          []string          `json:"aliases,omitempty"`
	Upstream         []string          `json:"upstream,omitempty"`
	Summary          string            `json:"summary"`
	Severity         []Severity        `json:"severity,omitempty"`
	Affected         []Affected        `json:"affected"`
	DatabaseSpecific map[string]string `json:"database_specific,omitempty"`
}

// Severity is a CVSS vector.
type Severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// Affected is one package and its versions.
type Affected struct {
	Package           Package           `json:"package"`
	Ranges            []Range           `json:"ranges"`
	EcosystemSpecific map[string]string `json:"ecosystem_specific,omitempty"`
}

// Package is a name within an ecosystem.
type Package struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
}

// Range is a list of events in the order of versions.
type Range struct {
	Type   string              `json:"type"`
	Events []map[string]string `json:"events"`
}

// Records makes the records of each ecosystem, in the order of their identifiers.
func Records(advisories []facts.Advisory, date time.Time) (map[string][]Record, error) {
	records := map[string][]Record{"Debian": nil, "PyPI": nil, "npm": nil, "Go": nil}
	for _, advisory := range advisories {
		if advisory.Status == "not_affected" {
			continue
		}
		ecosystem, made := recordsOf(advisory)
		for _, record := range made {
			record.SchemaVersion = "1.7.0"
			record.Modified, record.Published = date, date
			if err := add(records, ecosystem, record); err != nil {
				return nil, err
			}
		}
	}
	for _, ofEcosystem := range records {
		slices.SortFunc(ofEcosystem, func(a, b Record) int { return strings.Compare(a.ID, b.ID) })
	}
	return records, nil
}

// add joins what is said of several packages under one identifier.
func add(records map[string][]Record, ecosystem string, record Record) error {
	known := slices.IndexFunc(records[ecosystem], func(r Record) bool { return r.ID == record.ID })
	if known < 0 {
		records[ecosystem] = append(records[ecosystem], record)
		return nil
	}
	joined := &records[ecosystem][known]
	switch {
	case len(joined.Severity) == 0:
		joined.Severity = record.Severity
	case len(record.Severity) != 0 && !slices.Equal(joined.Severity, record.Severity):
		return fmt.Errorf("%s: severity both %v and %v", record.ID, joined.Severity, record.Severity)
	}
	joined.Affected = append(joined.Affected, record.Affected...)
	for _, name := range record.Aliases {
		if !slices.Contains(joined.Aliases, name) {
			joined.Aliases = append(joined.Aliases, name)
		}
	}
	for _, name := range record.Upstream {
		if !slices.Contains(joined.Upstream, name) {
			joined.Upstream = append(joined.Upstream, name)
		}
	}
	return nil
}

func recordsOf(advisory facts.Advisory) (string, []Record) {
	switch advisory.Ecosystem {
	case facts.Debian:
		return "Debian", debianRecords(advisory)
	case facts.PyPI:
		return "PyPI", languageRecords(advisory, "PyPI", "GHSA-", "PYSEC-")
	case facts.Npm:
		return "npm", languageRecords(advisory, "npm", "GHSA-")
	default:
		if advisory.GoStandardLibrary() {
			return "Go", languageRecords(advisory, "Go", "GO-")
		}
		return "Go", languageRecords(advisory, "Go", "GHSA-", "GO-")
	}
}

// debianRecords: Debian's records carry the CVE as upstream, not as alias, and the announcement that
// fixed it has a record of its own.
func debianRecords(advisory facts.Advisory) []Record {
	planted := advisory.SeverityIn("osv")
	affected := affectedOf(advisory, "Debian:12", "ECOSYSTEM")
	if urgency := advisory.Severity["debian"]; urgency != "" && planted == "" {
		affected.EcosystemSpecific = map[string]string{"urgency": urgency}
	}
	record := Record{
		ID:       advisory.ID,
		Summary:  advisory.Text(advisory.ID),
		Severity: vectors(planted, advisory.CVSS["nvd"]),
		Affected: []Affected{affected},
	}
	if strings.HasPrefix(advisory.ID, "CVE-") {
		record.ID = "DEBIAN-" + advisory.ID
		record.Upstream = []string{advisory.ID}
	}
	records := []Record{record}
	if advisory.DSA != "" && advisory.Fixed != nil {
		affected.EcosystemSpecific = nil
		records = append(records, Record{
			ID:       advisory.DSA,
			Upstream: []string{advisory.ID},
			Summary:  fmt.Sprintf("Update of %s.", advisory.Package),
			Affected: []Affected{affected},
		})
	}
	return records
}

// languageRecords makes one record for each database (by its prefix) that knows the flaw. Only
// GitHub's carry a rating.
func languageRecords(advisory facts.Advisory, ecosystem string, prefixes ...string) []Record {
	var ids []string
	for _, prefix := range prefixes {
		ids = append(ids, advisory.NamesLike(prefix)...)
	}
	if len(ids) == 0 {
		ids = []string{advisory.ID}
	}
	versions := "ECOSYSTEM"
	if ecosystem != "PyPI" {
		versions = "SEMVER"
	}
	planted := advisory.SeverityIn("osv")
	var records []Record
	for _, id := range ids {
		record := Record{
			ID:       id,
			Aliases:  advisory.Others(id),
			Summary:  advisory.Text(id),
			Severity: vectors(planted, ""),
			Affected: []Affected{affectedOf(advisory, ecosystem, versions)},
		}
		if strings.HasPrefix(id, "GHSA-") {
			word, vector := advisory.Severity["ghsa"], advisory.CVSS["ghsa"]
			if planted != "" {
				word = planted
			}
			if vector == "" {
				vector = advisory.CVSS["nvd"]
			}
			record.Severity = vectors(planted, vector)
			if word != "" {
				record.DatabaseSpecific = map[string]string{"severity": gitHubWord(word)}
			}
		}
		records = append(records, record)
	}
	return records
}

func affectedOf(advisory facts.Advisory, ecosystem, versions string) Affected {
	introduced := advisory.Introduced
	if introduced == "" {
		introduced = "0"
	}
	events := []map[string]string{{"introduced": introduced}}
	if fixed := advisory.FixedVersion(); fixed != "" {
		events = append(events, map[string]string{"fixed": fixed})
	}
	return Affected{
		Package: Package{Ecosystem: ecosystem, Name: advisory.Package},
		Ranges:  []Range{{Type: versions, Events: events}},
	}
}

// vectors: OSV-Scanner shows the score of a vector and no word, so a planted word becomes a vector of
// that band.
func vectors(planted, vector string) []Severity {
	switch planted {
	case "critical":
		vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" // 9.8
	case "high":
		vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" // 7.5
	case "medium":
		vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L" // 5.3
	case "low", "negligible", "unimportant":
		vector = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:N/I:N/A:L" // 3.1
	case "unknown", "not yet assigned":
		vector = ""
	}
	switch {
	case vector == "":
		return nil
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		return []Severity{{Type: "CVSS_V4", Score: vector}}
	default:
		return []Severity{{Type: "CVSS_V3", Score: vector}}
	}
}

func gitHubWord(word string) string {
	if word == "medium" {
		return "MODERATE"
	}
	return strings.ToUpper(word)
}
