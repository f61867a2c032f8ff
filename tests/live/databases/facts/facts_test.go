package facts

import (
	"strings"
	"testing"
)

const openssl = `{"id":"CVE-2024-0001","ecosystem":"deb","package":"openssl","fixed":"3.0.15-1",
 "in":{"trivy":{"fixed":null},"grype":{"absent":true},"osv":{"only_id":"X-1","severity":"low"}},"why":"planted"}`

func parse(t *testing.T, advisory string) ([]Advisory, error) {
	t.Helper()
	return Parse([]byte("[\n" + advisory + "\n]"))
}

func TestAFixThatIsNullDiffersFromOneThatIsNotGiven(t *testing.T) {
	advisories, err := parse(t, openssl)
	if err != nil {
		t.Fatal(err)
	}
	if fixed := In("trivy", advisories)[0].Fixed; fixed != nil {
		t.Errorf("null must take the fix away, but it is %q", *fixed)
	}
	if fixed := In("osv", advisories)[0].FixedVersion(); fixed != "3.0.15-1" {
		t.Errorf("no override must keep the fix, but it is %q", fixed)
	}
}

func TestDifferencesApplyToTheirDatabaseOnly(t *testing.T) {
	advisories, err := parse(t, openssl)
	if err != nil {
		t.Fatal(err)
	}
	if held := In("grype", advisories); len(held) != 0 {
		t.Errorf("absent, but held: %v", held)
	}
	osv := In("osv", advisories)[0]
	if osv.ID != "X-1" || osv.SeverityIn("osv") != "low" {
		t.Errorf("osv must know X-1 as low: %+v", osv)
	}
	if trivy := In("trivy", advisories)[0]; trivy.ID != "CVE-2024-0001" || trivy.SeverityIn("trivy") != "" {
		t.Errorf("trivy must not see the difference of osv: %+v", trivy)
	}
	if advisories[0].ID != "CVE-2024-0001" || advisories[0].Fixed == nil {
		t.Errorf("the facts themselves changed: %+v", advisories[0])
	}
}

func TestMistakesAreErrors(t *testing.T) {
	for mistake, advisory := range map[string]string{
		"unknown field":                    `{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":null,"in":{"trivy":{"abesnt":true}},"why":"w"}`,
		"needs its why":                    `{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":null,"in":{"trivy":{"absent":true}}}`,
		`"trivi" is none of`:               `{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":null,"in":{"trivi":{"absent":true}},"why":"w"}`,
		`severity "hihg" is none of`:       `{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":null,"severity":{"nvd":"hihg"}}`,
		"only a distributor says so":       `{"id":"CVE-1","ecosystem":"npm","package":"p","fixed":null,"status":"will_not_fix"}`,
		"Debian knows a flaw by its CVE":   `{"id":"GHSA-1","ecosystem":"deb","package":"p","fixed":null}`,
		"stated twice":                     `{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":null},{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":"2"}`,
		`ecosystem "rpm" is none of`:       `{"id":"CVE-1","ecosystem":"rpm","package":"p","fixed":null}`,
		`cvss "AV:N" is of no known versi`: `{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":null,"cvss":{"nvd":"AV:N"}}`,
	} {
		if _, err := parse(t, advisory); err == nil || !strings.Contains(err.Error(), mistake) {
			t.Errorf("want an error with %q, got %v", mistake, err)
		}
	}
}

func TestNamesAreFoundByPrefix(t *testing.T) {
	advisory := Advisory{ID: "CVE-1", Aliases: []string{"PYSEC-1", "GHSA-1"}}
	if name := advisory.NameLike("GHSA-", "PYSEC-"); name != "GHSA-1" {
		t.Error(name)
	}
	if name := advisory.NameLike("GO-"); name != "CVE-1" {
		t.Error(name)
	}
	if others := advisory.Others("GHSA-1"); strings.Join(others, " ") != "CVE-1 PYSEC-1" {
		t.Error(others)
	}
}
