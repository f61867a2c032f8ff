package main

import (
	"testing"
	"time"

	"crosscheck.test/databases/facts"
)

func records(t *testing.T, text string) map[string][]Record {
	t.Helper()
	advisories, err := facts.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	made, err := Records(facts.In("osv", advisories), time.Unix(0, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestDebianNamesTheCVEAsUpstreamAndTheAnnouncementCoversAll(t *testing.T) {
	debian := records(t, `[
	 {"id":"CVE-2024-1","ecosystem":"deb","package":"expat","fixed":"2","dsa":"DSA-1-1","severity":{"debian":"unimportant"}},
	 {"id":"CVE-2024-2","ecosystem":"deb","package":"expat","fixed":"2","dsa":"DSA-1-1"}]`)["Debian"]
	if len(debian) != 3 {
		t.Fatalf("want a record for each CVE and one for the DSA: %+v", debian)
	}
	cve, dsa := debian[0], debian[2]
	if cve.ID != "DEBIAN-CVE-2024-1" || len(cve.Aliases) != 0 || cve.Upstream[0] != "CVE-2024-1" {
		t.Errorf("%+v", cve)
	}
	if cve.Affected[0].EcosystemSpecific["urgency"] != "unimportant" {
		t.Errorf("the urgency is missing: %+v", cve)
	}
	if dsa.ID != "DSA-1-1" || len(dsa.Upstream) != 2 {
		t.Errorf("%+v", dsa)
	}
}

func TestEachDatabaseOfPythonHasItsRecord(t *testing.T) {
	python := records(t, `[{"id":"CVE-2024-1","aliases":["GHSA-a","PYSEC-1"],"ecosystem":"pypi","package":"p","fixed":"2",
	 "severity":{"ghsa":"medium"},"cvss":{"nvd":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}}]`)["PyPI"]
	if len(python) != 2 {
		t.Fatalf("%+v", python)
	}
	github, pypa := python[0], python[1]
	if github.ID != "GHSA-a" || github.DatabaseSpecific["severity"] != "MODERATE" || len(github.Severity) != 1 {
		t.Errorf("%+v", github)
	}
	if pypa.ID != "PYSEC-1" || len(pypa.Severity) != 0 || len(pypa.Aliases) != 2 {
		t.Errorf("%+v", pypa)
	}
}

func TestOnlyIDLeavesNoOtherName(t *testing.T) {
	python := records(t, `[{"id":"CVE-2024-1","aliases":["GHSA-a","PYSEC-1"],"ecosystem":"pypi","package":"p","fixed":"2",
	 "in":{"osv":{"only_id":"PYSEC-1"}},"why":"w"}]`)["PyPI"]
	if len(python) != 1 || python[0].ID != "PYSEC-1" || len(python[0].Aliases) != 0 {
		t.Errorf("%+v", python)
	}
}

func TestAPlantedSeverityIsAVectorOfItsBand(t *testing.T) {
	debian := records(t, `[{"id":"CVE-2024-1","ecosystem":"deb","package":"p","fixed":null,
	 "cvss":{"nvd":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},"severity":{"debian":"high"},
	 "in":{"osv":{"severity":"medium"}},"why":"w"}]`)["Debian"]
	if score := debian[0].Severity[0].Score; score != "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L" {
		t.Error(score)
	}
	if urgency := debian[0].Affected[0].EcosystemSpecific; urgency != nil {
		t.Errorf("the urgency contradicts the planted severity: %v", urgency)
	}
}

func TestTwoRatingsOfOneRecordAreAnError(t *testing.T) {
	advisories, err := facts.Parse([]byte(`[
	 {"id":"CVE-2024-1","ecosystem":"deb","package":"p","fixed":null,"cvss":{"nvd":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
	 {"id":"CVE-2024-1","ecosystem":"deb","package":"q","fixed":null,"in":{"osv":{"severity":"low"}},"why":"w"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Records(facts.In("osv", advisories), time.Time{}); err == nil {
		t.Error("want an error")
	}
}
