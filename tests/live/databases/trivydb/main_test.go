package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aquasecurity/trivy-db/pkg/types"

	"crosscheck.test/databases/facts"
)

func from(t *testing.T, text string) (*Content, error) {
	t.Helper()
	advisories, err := facts.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return From(facts.In("trivy", advisories))
}

func sample(t *testing.T) *Content {
	t.Helper()
	advisories, err := facts.Read("../testdata/facts-sample.json")
	if err != nil {
		t.Fatal(err)
	}
	content, err := From(facts.In("trivy", advisories))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestDebianRatesThePackageAndStatesWhatItIntends(t *testing.T) {
	content := sample(t)
	perl := content.Advisories[Key{"debian 12", "perl", "CVE-2023-31484"}]
	if perl.Severity != types.SeverityMedium || perl.Status != types.StatusWillNotFix {
		t.Errorf("%+v", perl)
	}
	expat := content.Advisories[Key{"debian 12", "expat", "CVE-2024-45492"}]
	if expat.FixedVersion != "2.5.0-1+deb12u1" || expat.Status != types.StatusUnknown || !slices.Equal(expat.VendorIDs, []string{"DSA-5770-1"}) {
		t.Errorf("a fix says the status: %+v", expat)
	}
	if _, known := content.Advisories[Key{"debian 12", "openssl", "CVE-2024-0727"}]; known {
		t.Error("what is not affected has no advisory")
	}
	if details := content.Details["CVE-2023-31484"]; len(details) != 1 || details["nvd"].SeverityV3 != types.SeverityHigh {
		t.Errorf("Debian's word must not be the flaw's: %+v", details)
	}
	written, err := json.Marshal(&perl)
	if err != nil || !strings.Contains(string(written), `"Status":5`) {
		t.Errorf("Trivy reads the number of a status: %s %v", written, err)
	}
}

func TestRangesOfOneFlawAreOneAdvisory(t *testing.T) {
	urllib3 := sample(t).Advisories[Key{"pip::GitHub Security Advisory pip", "urllib3", "CVE-2023-43804"}]
	// The fix of the first range is taken away for Trivy.
	if !slices.Equal(urllib3.VulnerableVersions, []string{">=0", ">=2.0.0, <2.0.6"}) {
		t.Errorf("%q", urllib3.VulnerableVersions)
	}
	if !slices.Equal(urllib3.PatchedVersions, []string{"2.0.6"}) || !slices.Equal(urllib3.VendorIDs, []string{"GHSA-v845-jxx5-vc9f"}) {
		t.Errorf("%+v", urllib3)
	}
}

func TestAPlantedWordReplacesTheOneThatTrivyShows(t *testing.T) {
	details := sample(t).Details["CVE-2023-43804"]
	if details["ghsa"].SeverityV3 != types.SeverityLow || details["nvd"].SeverityV3 != types.SeverityHigh {
		t.Errorf("%+v", details)
	}
}

func TestTheGoProjectHasTheWordOnItsOwnModules(t *testing.T) {
	content := sample(t)
	stdlib := content.Advisories[Key{"go::The Go Vulnerability Database", "stdlib", "CVE-2024-24790"}]
	if !slices.Equal(stdlib.VendorIDs, []string{"GHSA-49gw-vxvf-fc2g", "GO-2024-2887"}) {
		t.Errorf("%+v", stdlib)
	}
	if _, rated := content.Details["CVE-2023-39325"]["ghsa"]; rated {
		t.Error("GitHub's rating of golang.org/x/net must be left out")
	}
	jwt := content.Advisories[Key{"go::GitHub Security Advisory Go", "github.com/dgrijalva/jwt-go", "CVE-2020-26160"}]
	if !slices.Equal(jwt.VendorIDs, []string{"GHSA-w73w-5m7g-f7qc"}) || !slices.Equal(jwt.VulnerableVersions, []string{">=0"}) {
		t.Errorf("%+v", jwt)
	}
}

func TestAFlawWithoutACVEIsKnownByItsOwnName(t *testing.T) {
	content, err := from(t, `[{"id":"GHSA-a","ecosystem":"npm","package":"p","fixed":"2"}]`)
	if err != nil {
		t.Fatal(err)
	}
	entry, known := content.Advisories[Key{"npm::GitHub Security Advisory npm", "p", "GHSA-a"}]
	if !known || len(entry.VendorIDs) != 0 {
		t.Errorf("%+v", content.Advisories)
	}
}

func TestContradictionsAreErrors(t *testing.T) {
	for problem, text := range map[string]string{
		`both "low" and "high"`: `[{"id":"CVE-1","ecosystem":"npm","package":"p","fixed":"2","severity":{"nvd":"low"}},
			{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":"2","severity":{"nvd":"high"}}]`,
		"NVD says low, but": `[{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":"2","severity":{"nvd":"low"},
			"cvss":{"nvd":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]`,
		"one state of a flaw": `[{"id":"CVE-1","ecosystem":"deb","package":"p","fixed":"2"},
			{"id":"CVE-1","ecosystem":"deb","package":"p","introduced":"1","fixed":"3"}]`,
	} {
		if _, err := from(t, text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("want an error with %q, got %v", problem, err)
		}
	}
}
