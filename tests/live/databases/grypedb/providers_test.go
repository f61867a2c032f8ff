package main

import (
	"encoding/json"
	"strings"
	"testing"

	"crosscheck.test/databases/facts"
)

func providers(t *testing.T, text string) (map[string][]Record, error) {
	t.Helper()
	advisories, err := facts.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	made, err := Providers(facts.In("grype", advisories))
	records := map[string][]Record{}
	for _, provider := range made {
		records[provider.Name] = provider.Records
	}
	return records, err
}

func has(t *testing.T, record Record, parts ...string) {
	t.Helper()
	text, err := json.Marshal(record.Item)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}

func TestDebianRatesEachPackage(t *testing.T) {
	records, err := providers(t, `[
	 {"id":"CVE-1","ecosystem":"deb","package":"a","fixed":"2","severity":{"debian":"low"}},
	 {"id":"CVE-1","ecosystem":"deb","package":"b","fixed":null,"severity":{"debian":"unimportant"},"status":"will_not_fix"},
	 {"id":"CVE-1","ecosystem":"deb","package":"c","fixed":null,"severity":{"debian":"low"},"status":"not_affected"}]`)
	if err != nil {
		t.Fatal(err)
	}
	debian := records["debian"]
	if len(debian) != 2 {
		t.Fatalf("want one record a rating: %+v", debian)
	}
	has(t, debian[0], `"Severity":"Low"`, `"Name":"a"`, `"Version":"2"`, `"Name":"c"`, `"Version":"0"`)
	has(t, debian[1], `"Severity":"Negligible"`, `"Name":"b"`, `"Version":"None"`, `"NoAdvisory":true`)
}

func TestNVDHasAVectorAndNoProducts(t *testing.T) {
	records, err := providers(t, `[{"id":"CVE-1","ecosystem":"deb","package":"a","fixed":null,"severity":{"nvd":"critical"},
	 "cvss":{"nvd":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]`)
	if err != nil {
		t.Fatal(err)
	}
	has(t, records["nvd"][0], `"cvssMetricV31":[{`, `"version":"3.1"`)
	if text, _ := json.Marshal(records["nvd"][0].Item); strings.Contains(string(text), "configurations") {
		t.Errorf("products would make matches by CPE: %s", text)
	}
}

func TestRangesOfOneFlawAreOneAdvisoryOfGitHub(t *testing.T) {
	records, err := providers(t, `[
	 {"id":"CVE-1","aliases":["PYSEC-1","GHSA-a"],"ecosystem":"pypi","package":"p","fixed":"1.5","severity":{"ghsa":"medium"}},
	 {"id":"CVE-1","aliases":["PYSEC-1","GHSA-a"],"ecosystem":"pypi","package":"p","introduced":"2.0","fixed":null}]`)
	if err != nil {
		t.Fatal(err)
	}
	if len(records["github"]) != 1 {
		t.Fatalf("%+v", records["github"])
	}
	has(t, records["github"][0], `"ghsaId":"GHSA-a"`, `"CVE":["CVE-1"]`, `"Severity":"medium"`,
		`"range":"\u003c 1.5"`, `"range":"\u003e= 2.0"`, `"identifier":"None"`)
}

func TestTheStandardLibraryIsKnownToTheGoProjectOnly(t *testing.T) {
	records, err := providers(t, `[
	 {"id":"CVE-1","aliases":["GHSA-a","GO-1"],"ecosystem":"golang","package":"stdlib","fixed":"1.20"},
	 {"id":"CVE-2","aliases":["GHSA-b","GO-2"],"ecosystem":"golang","package":"example.org/m","fixed":"1.2.0"}]`)
	if err != nil {
		t.Fatal(err)
	}
	if len(records["github"]) != 1 || len(records["govulndb"]) != 2 {
		t.Errorf("%+v", records)
	}
	has(t, records["govulndb"][0], `"id":"GO-1"`, `"aliases":["CVE-1","GHSA-a"]`, `"fixed":"1.20"`)
}

func TestWhatGrypeCannotSayIsAnError(t *testing.T) {
	for problem, text := range map[string]string{
		"by a GO- name only": `[{"id":"CVE-1","ecosystem":"golang","package":"stdlib","fixed":"1.20"}]`,
		"rates nothing":      `[{"id":"CVE-1","aliases":["GO-1"],"ecosystem":"golang","package":"stdlib","fixed":null,"in":{"grype":{"severity":"low"}},"why":"w"}]`,
		`both "low" and "high"`: `[{"id":"GHSA-a","ecosystem":"npm","package":"p","fixed":null,"severity":{"ghsa":"low"}},
			{"id":"GHSA-a","ecosystem":"npm","package":"q","fixed":null,"severity":{"ghsa":"high"}}]`,
	} {
		if _, err := providers(t, text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("want an error with %q, got %v", problem, err)
		}
	}
}
