package main

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck.test/databases/facts"
)

// Providers sorts the advisories by who publishes them. NVD comes first: the builder takes from it the
// rating of a flaw that its own provider does not rate.
func Providers(advisories []facts.Advisory) ([]Provider, error) {
	nvd, err := nvdRecords(advisories)
	if err != nil {
		return nil, err
	}
	gitHub, err := gitHubRecords(advisories)
	if err != nil {
		return nil, err
	}
	goTeam, err := goRecords(advisories)
	if err != nil {
		return nil, err
	}
	all := []Provider{
		{"nvd", schema("vulnerability/nvd", "1.0.0"), 2, nvd},
		{"debian", schema("vulnerability/os", "1.0.2"), 1, debianRecords(advisories)},
		{"github", schema("vulnerability/github-security-advisory", "1.0.2"), 2, gitHub},
		{"govulndb", schema("vulnerability/osv", "1.7.0"), 1, goTeam},
	}
	return slices.DeleteFunc(all, func(p Provider) bool { return len(p.Records) == 0 }), nil
}

// object is a JSON object.
type object = map[string]any

// nvdRecords are one a CVE, with NVD's vector but no affected products: Grype matches what is here by
// package and not by CPE. NVD's words say nothing beyond its vectors and are left out.
func nvdRecords(advisories []facts.Advisory) ([]Record, error) {
	vectors := map[string]string{}
	texts := map[string]string{}
	var order []string
	for _, advisory := range advisories {
		for _, cve := range advisory.NamesLike("CVE-") {
			if err := facts.Once(vectors, cve, advisory.CVSS["nvd"]); err != nil {
				return nil, fmt.Errorf("NVD's vector of %w", err)
			}
			if texts[cve] == "" {
				texts[cve] = advisory.Text(cve)
				order = append(order, cve)
			}
		}
	}
	var records []Record
	for _, cve := range order {
		item := object{
			"id":           cve,
			"descriptions": []object{{"lang": "en", "value": texts[cve]}},
			"vulnStatus":   "Analyzed",
		}
		if vector := vectors[cve]; vector != "" {
			version := vector[len("CVSS:"):strings.Index(vector, "/")]
			item["metrics"] = object{
				"cvssMetricV" + strings.ReplaceAll(version, ".", ""): []object{{
					"source":   "nvd@nist.gov",
					"type":     "Primary",
					"cvssData": object{"version": version, "vectorString": vector},
				}},
			}
		}
		records = append(records, Record{cve, object{"cve": item}})
	}
	return records, nil
}

// debianRecords are one for each CVE and rating: a record has one rating, while Debian rates each
// package.
func debianRecords(advisories []facts.Advisory) []Record {
	var records []Record
	index := map[string]int{}
	for _, advisory := range advisories {
		if advisory.Ecosystem != facts.Debian {
			continue
		}
		severity := debianSeverity(advisory)
		key := advisory.ID + " " + severity
		at, known := index[key]
		if !known {
			at = len(records)
			index[key] = at
			records = append(records, Record{"debian:12/" + advisory.ID, object{"Vulnerability": object{
				"Name":          advisory.ID,
				"NamespaceName": "debian:12",
				"Description":   advisory.Text(advisory.ID),
				"Link":          "https://security-tracker.debian.org/tracker/" + advisory.ID,
				"Severity":      severity,
				"CVSS":          []object{},
				"Metadata":      object{},
				"FixedIn":       []object{},
			}}})
		}
		vulnerability := records[at].Item.(object)["Vulnerability"].(object)
		vulnerability["FixedIn"] = append(vulnerability["FixedIn"].([]object), debianState(advisory))
	}
	return records
}

func debianState(advisory facts.Advisory) object {
	fixed := advisory.FixedVersion()
	if fixed == "" {
		fixed = "None"
	}
	if advisory.Status == "not_affected" {
		fixed = "0"
	}
	announcements := []object{}
	if advisory.DSA != "" && advisory.Fixed != nil {
		announcements = append(announcements, object{
			"ID":   advisory.DSA,
			"Link": "https://security-tracker.debian.org/tracker/" + advisory.DSA,
		})
	}
	return object{
		"Name":          advisory.Package,
		"NamespaceName": "debian:12",
		"Version":       fixed,
		"VersionFormat": "dpkg",
		"VendorAdvisory": object{
			"AdvisorySummary": announcements,
			// Debian's word "no-dsa" stands for all of these; Grype shows it as wont-fix.
			"NoAdvisory": slices.Contains([]string{"will_not_fix", "fix_deferred", "end_of_life"}, advisory.Status),
		},
	}
}

func debianSeverity(advisory facts.Advisory) string {
	word := advisory.Severity["debian"]
	if planted := advisory.SeverityIn("grype"); planted != "" {
		word = planted
	}
	switch word {
	case "unimportant", "negligible":
		return "Negligible"
	case "low", "medium", "high", "critical":
		return strings.ToUpper(word[:1]) + word[1:]
	default:
		// NVD's rating stands in, if there is one.
		return "Unknown"
	}
}

var gitHubEcosystems = map[string]string{facts.PyPI: "python", facts.Npm: "npm", facts.Go: "go"}

// gitHubRecords are one an advisory of GitHub, which has none for Go's standard library. Its database
// has no other names, but a flaw that the facts know by another name only is published under that.
func gitHubRecords(advisories []facts.Advisory) ([]Record, error) {
	var records []Record
	index := map[string]int{}
	words, vectors := map[string]string{}, map[string]string{}
	for _, advisory := range advisories {
		if advisory.Ecosystem == facts.Debian || advisory.GoStandardLibrary() {
			continue
		}
		id := advisory.NameLike("GHSA-", "CVE-")
		if strings.HasPrefix(id, "GO-") {
			continue
		}
		word := advisory.Severity["ghsa"]
		if planted := advisory.SeverityIn("grype"); planted != "" {
			word = planted
		}
		if err := facts.Once(words, id, word); err != nil {
			return nil, fmt.Errorf("GitHub's severity of %w", err)
		}
		if err := facts.Once(vectors, id, advisory.CVSS["ghsa"]); err != nil {
			return nil, fmt.Errorf("GitHub's vector of %w", err)
		}
		namespace := "github:" + gitHubEcosystems[advisory.Ecosystem]
		at, known := index[id]
		if !known {
			at = len(records)
			index[id] = at
			cves := slices.DeleteFunc(advisory.NamesLike("CVE-"), func(cve string) bool { return cve == id })
			records = append(records, Record{namespace + "/" + id, object{"Advisory": object{
				"CVE":       cves,
				"Metadata":  object{"CVE": cves},
				"Summary":   advisory.Text(id),
				"ghsaId":    id,
				"namespace": namespace,
				"url":       "https://github.com/advisories/" + id,
				"FixedIn":   []object{},
			}}})
		}
		fields := records[at].Item.(object)["Advisory"].(object)
		fields["Severity"] = words[id]
		if vector := vectors[id]; vector != "" {
			version := vector[len("CVSS:"):strings.Index(vector, "/")]
			fields["cvss_severities"] = []object{{"vector": vector, "version": version}}
		}
		fields["FixedIn"] = append(fields["FixedIn"].([]object), object{
			"ecosystem":  gitHubEcosystems[advisory.Ecosystem],
			"namespace":  namespace,
			"name":       advisory.Package,
			"identifier": orNone(advisory.FixedVersion()),
			"range":      versionRange(advisory),
		})
	}
	return records, nil
}

func orNone(version string) string {
	if version == "" {
		return "None"
	}
	return version
}

func versionRange(advisory facts.Advisory) string {
	from, to := advisory.Introduced, advisory.FixedVersion()
	switch {
	case from != "" && to != "":
		return fmt.Sprintf(">= %s, < %s", from, to)
	case from != "":
		return ">= " + from
	case to != "":
		return "< " + to
	default:
		return ">= 0"
	}
}

// goRecords are those of the Go project, which rates nothing: the builder takes NVD's rating. Where
// GitHub has an advisory for the same flaw and module, the builder keeps only that.
func goRecords(advisories []facts.Advisory) ([]Record, error) {
	var records []Record
	index := map[string]int{}
	for _, advisory := range advisories {
		if advisory.Ecosystem != facts.Go {
			continue
		}
		ids := advisory.NamesLike("GO-")
		if advisory.GoStandardLibrary() {
			if len(ids) == 0 {
				return nil, fmt.Errorf("%s in stdlib: Grype knows it by a GO- name only; add that to the aliases", advisory.ID)
			}
			if advisory.SeverityIn("grype") != "" {
				return nil, fmt.Errorf("%s in stdlib: the Go project rates nothing, so Grype shows NVD's rating", advisory.ID)
			}
		}
		for _, id := range ids {
			at, known := index[id]
			if !known {
				at = len(records)
				index[id] = at
				records = append(records, Record{id, object{
					"schema_version": "1.7.0",
					"id":             id,
					"aliases":        advisory.Others(id),
					"details":        advisory.Text(id),
					"affected":       []object{},
				}})
			}
			item := records[at].Item.(object)
			item["affected"] = append(item["affected"].([]object), goState(advisory))
		}
	}
	return records, nil
}

func goState(advisory facts.Advisory) object {
	introduced := advisory.Introduced
	if introduced == "" {
		introduced = "0"
	}
	events := []object{{"introduced": introduced}}
	if fixed := advisory.FixedVersion(); fixed != "" {
		events = append(events, object{"fixed": fixed})
	}
	return object{
		"package": object{"ecosystem": "Go", "name": advisory.Package},
		"ranges":  []object{{"type": "SEMVER", "events": events}},
	}
}
