// Command trivydb writes a vulnerability database that Trivy reads: OUT/db/trivy.db and
// OUT/db/metadata.json, to be used with `--cache-dir OUT --skip-db-update`.
//
//	trivydb FACTS OUT DATE
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/metadata"
	"github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/bucket"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/osv"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/vulnerability"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
	bolt "go.etcd.io/bbolt"

	"crosscheck.test/databases/facts"
)

func main() {
	facts.Main("trivy", run)
}

func run(advisories []facts.Advisory, out string, date time.Time) error {
	content, err := From(advisories)
	if err != nil {
		return err
	}
	directory := filepath.Join(out, "db")
	if err := os.RemoveAll(directory); err != nil {
		return err
	}
	if err := db.Init(directory); err != nil {
		return err
	}
	if err := content.save(); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return metadata.NewClient(directory).Update(metadata.Metadata{
		Version:      db.SchemaVersion,
		UpdatedAt:    date.UTC(),
		NextUpdate:   date.UTC().Add(24 * time.Hour),
		DownloadedAt: date.UTC(),
	})
}

// Content is what the database holds.
type Content struct {
	// Sources are the data sources by the name of their bucket.
	Sources map[string]types.DataSource
	// Advisories by bucket, package and vulnerability.
	Advisories map[Key]types.Advisory
	// Details by vulnerability and source of the detail.
	Details map[string]map[types.SourceID]types.VulnerabilityDetail
}

// Key is the place of an advisory.
type Key struct{ Bucket, Package, Vulnerability string }

var debianSource = types.DataSource{
	ID:   vulnerability.Debian,
	Name: "Debian Security Tracker",
	URL:  "https://salsa.debian.org/security-tracker-team/security-tracker",
}

var goSource = types.DataSource{
	ID:   vulnerability.GoVulnDB,
	Name: "The Go Vulnerability Database",
	URL:  "https://pkg.go.dev/vuln/",
}

// gitHubSource names the sources as trivy-db does: only the prefix of the bucket ("pip::") finds
// advisories, the rest is what reports show.
func gitHubSource(gitHubEcosystem string) types.DataSource {
	return types.DataSource{
		ID:   vulnerability.GHSA,
		Name: "GitHub Security Advisory " + gitHubEcosystem,
		URL:  "https://github.com/advisories?query=type%3Areviewed+ecosystem%3A" + strings.ToLower(gitHubEcosystem),
	}
}

// From turns advisories into the content of the database.
func From(advisories []facts.Advisory) (*Content, error) {
	content := &Content{
		Sources:    map[string]types.DataSource{},
		Advisories: map[Key]types.Advisory{},
		Details:    map[string]map[types.SourceID]types.VulnerabilityDetail{},
	}
	words, vectors := map[rating]string{}, map[rating]string{}
	for _, advisory := range advisories {
		if advisory.Status == "not_affected" {
			continue
		}
		if goProject(advisory) {
			// Where it takes the Go project's word, trivy-db leaves GitHub's rating out, too.
			advisory.Severity = without(advisory.Severity, string(vulnerability.GHSA))
			advisory.CVSS = without(advisory.CVSS, string(vulnerability.GHSA))
		}
		var err error
		if advisory.Ecosystem == facts.Debian {
			err = content.addDebian(advisory, words)
		} else {
			err = content.addLanguage(advisory, words)
		}
		if err == nil {
			for source, vector := range advisory.CVSS {
				for _, id := range identifiers(advisory) {
					err = facts.Once(vectors, rating{id, types.SourceID(source)}, vector)
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", advisory.ID, advisory.Package, err)
		}
	}
	for at, word := range words {
		severity, err := severityOf(word)
		if err != nil {
			return nil, err
		}
		content.detail(at, func(detail *types.VulnerabilityDetail) { detail.SeverityV3 = severity })
	}
	for at, vector := range vectors {
		score, err := scoreOf(vector)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at.id, err)
		}
		if word := words[at]; at.source == vulnerability.NVD && word != "" && word != band(score) {
			return nil, fmt.Errorf("%s: NVD says %s, but its vector has the score %.1f", at.id, word, score)
		}
		content.detail(at, func(detail *types.VulnerabilityDetail) {
			if strings.HasPrefix(vector, "CVSS:4.0/") {
				detail.CvssVectorV40, detail.CvssScoreV40 = vector, score
			} else {
				detail.CvssVectorV3, detail.CvssScoreV3 = vector, score
			}
		})
	}
	return content, nil
}

// goProject tells whether trivy-db takes the Go project's word, which it does on its own modules, or
// GitHub's.
func goProject(advisory facts.Advisory) bool {
	return advisory.GoStandardLibrary() ||
		advisory.Ecosystem == facts.Go && strings.HasPrefix(advisory.Package, "golang.org/x/")
}

func without(ratings map[string]string, source string) map[string]string {
	ratings = maps.Clone(ratings)
	delete(ratings, source)
	return ratings
}

// A rating is what one source says of one flaw.
type rating struct {
	id     string
	source types.SourceID
}

// identifiers are the names under which Trivy reports a flaw: its CVEs, and only without one another.
func identifiers(advisory facts.Advisory) []string {
	if cves := advisory.NamesLike("CVE-"); len(cves) > 0 {
		return cves
	}
	return []string{advisory.NameLike("GHSA-", "GO-")}
}

func (c *Content) addDebian(advisory facts.Advisory, words map[rating]string) error {
	name := bucket.NewDebian("12").Name()
	c.Sources[name] = debianSource
	word := advisory.Severity["debian"]
	if planted := advisory.SeverityIn("trivy"); planted != "" {
		word = planted
	}
	severity, err := severityOf(word)
	if err != nil {
		return err
	}
	entry := types.Advisory{FixedVersion: advisory.FixedVersion(), Severity: severity}
	if entry.FixedVersion == "" {
		// The database leaves the status out where a fix says it.
		entry.Status = types.StatusAffected
		if advisory.Status != "" {
			entry.Status = types.NewStatus(advisory.Status)
		}
	} else if advisory.DSA != "" {
		entry.VendorIDs = []string{advisory.DSA}
	}
	if err := c.put(Key{name, advisory.Package, advisory.ID}, entry); err != nil {
		return err
	}
	c.describe(advisory.ID, vulnerability.NVD, advisory)
	return rate(words, []string{advisory.ID}, advisory, "")
}

func (c *Content) addLanguage(advisory facts.Advisory, words map[rating]string) error {
	var made bucket.DataSourceBucket
	var osvEcosystem string
	var err error
	switch advisory.Ecosystem {
	case facts.PyPI:
		made, err = bucket.NewPyPI(gitHubSource("pip"))
		osvEcosystem = "PyPI"
	case facts.Npm:
		made, err = bucket.NewNpm(gitHubSource("npm"))
		osvEcosystem = "npm"
	default:
		source := gitHubSource("Go")
		if goProject(advisory) {
			source = goSource
		}
		made, err = bucket.NewGo(source)
		osvEcosystem = "Go"
	}
	if err != nil {
		return err
	}
	source := made.DataSource()
	c.Sources[made.Name()] = source

	introduced := advisory.Introduced
	if introduced == "" {
		introduced = "0"
	}
	versions := osv.NewVersionRange(osvEcosystem, introduced)
	var patched []string
	if fixed := advisory.FixedVersion(); fixed != "" {
		versions.SetFixed(fixed)
		patched = []string{fixed}
	}
	// A source knows itself and CVEs; GitHub does not name PyPA's advisories.
	vendorIDs := advisory.NamesLike("GHSA-")
	if source.ID == vulnerability.GoVulnDB {
		vendorIDs = append(vendorIDs, advisory.NamesLike("GO-")...)
	}
	ids := identifiers(advisory)
	packageName := vulnerability.NormalizePkgName(made.Ecosystem(), advisory.Package)
	for _, id := range ids {
		entry := types.Advisory{
			VendorIDs:          slices.DeleteFunc(slices.Clone(vendorIDs), func(name string) bool { return name == id }),
			VulnerableVersions: []string{versions.String()},
			PatchedVersions:    patched,
		}
		if err := c.put(Key{made.Name(), packageName, id}, entry); err != nil {
			return err
		}
		c.describe(id, source.ID, advisory)
	}
	// The Go project rates nothing; Trivy then shows NVD's rating.
	shown := source.ID
	if shown == vulnerability.GoVulnDB {
		shown = vulnerability.NVD
	}
	return rate(words, ids, advisory, shown)
}

// put adds an advisory. Several ranges of one flaw in one package become one advisory.
func (c *Content) put(key Key, entry types.Advisory) error {
	if old, known := c.Advisories[key]; known {
		if len(old.VulnerableVersions) == 0 {
			return fmt.Errorf("%v: Debian has one state of a flaw in a package", key)
		}
		entry.VulnerableVersions = append(old.VulnerableVersions, entry.VulnerableVersions...)
		entry.PatchedVersions = append(old.PatchedVersions, entry.PatchedVersions...)
	}
	c.Advisories[key] = entry
	return nil
}

// rate collects the words of all sources. Debian's are left out, they belong to a package; planted is
// the source whose word the facts replace in this database.
func rate(words map[rating]string, ids []string, advisory facts.Advisory, planted types.SourceID) error {
	for _, id := range ids {
		said := map[types.SourceID]string{}
		for source, word := range advisory.Severity {
			said[types.SourceID(source)] = word
		}
		delete(said, vulnerability.Debian)
		if word := advisory.SeverityIn("trivy"); word != "" && planted != "" {
			said[planted] = word
		}
		for source, word := range said {
			if err := facts.Once(words, rating{id, source}, word); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Content) detail(at rating, change func(*types.VulnerabilityDetail)) {
	if c.Details[at.id] == nil {
		c.Details[at.id] = map[types.SourceID]types.VulnerabilityDetail{}
	}
	detail := c.Details[at.id][at.source]
	change(&detail)
	c.Details[at.id][at.source] = detail
}

func (c *Content) describe(id string, source types.SourceID, advisory facts.Advisory) {
	c.detail(rating{id, source}, func(detail *types.VulnerabilityDetail) {
		if detail.Title == "" {
			detail.Title = advisory.Text(id)
			detail.Description = advisory.Text(id)
		}
	})
}

func (c *Content) save() error {
	database := db.Config{}
	normalizer := vulnerability.New(database)
	return database.BatchUpdate(func(tx *bolt.Tx) error {
		for name, source := range c.Sources {
			if err := database.PutDataSource(tx, name, source); err != nil {
				return err
			}
		}
		for key, entry := range c.Advisories {
			// A pointer, because the number that stands for a status is written by a method of it.
			err := database.PutAdvisory(tx, []string{key.Bucket, key.Package}, key.Vulnerability, &entry)
			if err != nil {
				return err
			}
		}
		for id, details := range c.Details {
			if err := database.PutVulnerability(tx, id, normalizer.Normalize(id, details)); err != nil {
				return err
			}
		}
		return nil
	})
}

func severityOf(word string) (types.Severity, error) {
	switch word {
	case "", "unknown", "not yet assigned":
		return types.SeverityUnknown, nil
	case "unimportant", "negligible":
		return types.SeverityLow, nil
	default:
		return types.NewSeverity(strings.ToUpper(word))
	}
}

func scoreOf(vector string) (float64, error) {
	switch {
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		parsed, err := gocvss30.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return parsed.BaseScore(), nil
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		parsed, err := gocvss31.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return parsed.BaseScore(), nil
	default:
		parsed, err := gocvss40.ParseVector(vector)
		if err != nil {
			return 0, err
		}
		return parsed.Score(), nil
	}
}

// band is the word for a score (CVSS v3.1 specification, section 5).
func band(score float64) string {
	switch {
	case score >= 9:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "medium"
	case score > 0:
		return "low"
	default:
		return "unknown"
	}
}
