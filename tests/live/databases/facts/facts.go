// Package facts reads the advisory facts that all databases of the live tests are made from, and
// applies the differences that are planted in one database on purpose.
package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Ecosystems of advisories.
const (
	Debian = "deb"
	PyPI   = "pypi"
	Npm    = "npm"
	Go     = "golang"
)

// Databases whose content the facts can change.
var databases = []string{"grype", "osv", "scout", "snyk", "trivy"}

// An Advisory states that versions of one package have one flaw.
type Advisory struct {
	// ID is the name under which the flaw is best known, as a rule its CVE.
	ID string `json:"id"`
	// Aliases are other names of the same flaw.
	Aliases []string `json:"aliases,omitempty"`
	// Ecosystem is one of the constants above.
	Ecosystem string `json:"ecosystem"`
	// Package is the source package for deb, else the name in its ecosystem (for Go the module path,
	// or stdlib).
	Package string `json:"package"`
	// Introduced is the first affected version; empty: all versions below Fixed.
	Introduced string `json:"introduced,omitempty"`
	// Fixed is the first version without the flaw; nil: there is none.
	Fixed *string `json:"fixed"`
	// Severity maps a source of ratings (debian, nvd, ghsa …) to its word.
	Severity map[string]string `json:"severity,omitempty"`
	// CVSS maps a source of ratings to its vector.
	CVSS map[string]string `json:"cvss,omitempty"`
	// Status is what the distributor intends to do; empty: affected.
	Status string `json:"status,omitempty"`
	// Snyk is the identifier in Snyk's database, which is not made here.
	Snyk string `json:"snyk,omitempty"`
	// DSA is the Debian announcement that covers the flaw.
	DSA string `json:"dsa,omitempty"`
	// Published is when the flaw became known (RFC 3339), for services that tell; not used here.
	Published string `json:"published,omitempty"`
	// In holds the planted differences by database.
	In map[string]Difference `json:"in,omitempty"`
	// Why says what the planted differences are for.
	Why string `json:"why,omitempty"`
}

// A Difference is what one database says about an advisory in place of the facts.
type Difference struct {
	// Absent leaves the advisory out.
	Absent bool `json:"absent,omitempty"`
	// Severity is the word of the rating that the scanner shows.
	Severity string `json:"severity,omitempty"`
	// Fixed is the fixed version, or null for none.
	Fixed Override `json:"fixed"`
	// Status is the distributor's intention.
	Status string `json:"status,omitempty"`
	// OnlyID is the one name under which the database knows the flaw.
	OnlyID string `json:"only_id,omitempty"`
	// StatedFix is a fix that Snyk names whatever it takes for affected; not used here.
	StatedFix string `json:"stated_fix,omitempty"`
	// Source is whose advisory Docker Scout calls it; not used here.
	Source string `json:"source,omitempty"`
}

// An Override tells a value that is null from one that is not given.
type Override struct {
	Given bool
	Value *string
}

// UnmarshalJSON implements json.Unmarshaler; it is called for null, too.
func (o *Override) UnmarshalJSON(data []byte) error {
	o.Given = true
	return json.Unmarshal(data, &o.Value)
}

// Read reads and checks a facts file: a JSON array with one advisory a line.
func Read(path string) ([]Advisory, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	advisories, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return advisories, nil
}

// Parse is Read for bytes. Unknown keys are errors: a misspelt difference would be no difference.
func Parse(data []byte) ([]Advisory, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var advisories []Advisory
	if err := decoder.Decode(&advisories); err != nil {
		line := 1 + bytes.Count(data[:min(int(decoder.InputOffset()), len(data))], []byte("\n"))
		return nil, fmt.Errorf("near line %d: %w", line, err)
	}
	seen := map[string]bool{}
	var problems []error
	for _, advisory := range advisories {
		key := strings.Join([]string{advisory.ID, advisory.Ecosystem, advisory.Package, advisory.Introduced}, " ")
		if seen[key] {
			problems = append(problems, fmt.Errorf("%s: stated twice", key))
		}
		seen[key] = true
		if err := advisory.check(); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
		}
	}
	return advisories, errors.Join(problems...)
}

var (
	words         = []string{"critical", "high", "low", "medium", "negligible", "not yet assigned", "unimportant", "unknown"}
	statuses      = []string{"", "affected", "end_of_life", "fix_deferred", "not_affected", "will_not_fix"}
	ecosystems    = []string{Debian, PyPI, Npm, Go}
	ratingSources = []string{"debian", "ghsa", "nvd", "redhat"}
)

func (a Advisory) check() error {
	if a.ID == "" || a.Package == "" {
		return errors.New("id or package is missing")
	}
	if !slices.Contains(ecosystems, a.Ecosystem) {
		return fmt.Errorf("ecosystem %q is none of %q", a.Ecosystem, ecosystems)
	}
	if !slices.Contains(statuses, a.Status) {
		return fmt.Errorf("status %q is none of %q", a.Status, statuses)
	}
	if a.Status != "" && a.Status != "affected" && a.Ecosystem != Debian {
		return fmt.Errorf("status %q: only a distributor says so", a.Status)
	}
	if a.Ecosystem == Debian && !strings.HasPrefix(a.ID, "CVE-") {
		return errors.New("Debian knows a flaw by its CVE")
	}
	for source, word := range a.Severity {
		if !slices.Contains(ratingSources, source) {
			return fmt.Errorf("severity source %q is none of %q", source, ratingSources)
		}
		if !slices.Contains(words, word) {
			return fmt.Errorf("severity %q is none of %q", word, words)
		}
	}
	for source, vector := range a.CVSS {
		if !slices.Contains(ratingSources, source) {
			return fmt.Errorf("cvss source %q is none of %q", source, ratingSources)
		}
		if !strings.HasPrefix(vector, "CVSS:3.") && !strings.HasPrefix(vector, "CVSS:4.0/") {
			return fmt.Errorf("cvss %q is of no known version", vector)
		}
	}
	for database, difference := range a.In {
		if !slices.Contains(databases, database) {
			return fmt.Errorf("in: database %q is none of %q", database, databases)
		}
		if difference.Severity != "" && !slices.Contains(words, difference.Severity) {
			return fmt.Errorf("in.%s: severity %q is none of %q", database, difference.Severity, words)
		}
		if !slices.Contains(statuses, difference.Status) {
			return fmt.Errorf("in.%s: status %q is none of %q", database, difference.Status, statuses)
		}
	}
	if len(a.In) > 0 && a.Why == "" {
		return errors.New("a planted difference needs its why")
	}
	return nil
}

// In returns the advisories as one database holds them: without the absent ones, and with the
// planted differences in place of the facts.
func In(database string, advisories []Advisory) []Advisory {
	var held []Advisory
	for _, advisory := range advisories {
		difference := advisory.In[database]
		if difference.Absent {
			continue
		}
		if difference.OnlyID != "" {
			advisory.ID = difference.OnlyID
			advisory.Aliases = nil
		}
		if difference.Fixed.Given {
			advisory.Fixed = difference.Fixed.Value
		}
		if difference.Status != "" {
			advisory.Status = difference.Status
		}
		// The word of the database itself is for its writer: which rating a scanner shows depends on it.
		advisory.In = map[string]Difference{database: difference}
		held = append(held, advisory)
	}
	return held
}

// SeverityIn is the severity that the facts plant in the database, or "".
func (a Advisory) SeverityIn(database string) string {
	return a.In[database].Severity
}

// Names are all names of the flaw, the best known first.
func (a Advisory) Names() []string {
	return append([]string{a.ID}, a.Aliases...)
}

// NamesLike are the names that start with the prefix.
func (a Advisory) NamesLike(prefix string) []string {
	return slices.DeleteFunc(a.Names(), func(name string) bool { return !strings.HasPrefix(name, prefix) })
}

// NameLike is the first name that starts with one of the prefixes, tried in their order, else ID.
func (a Advisory) NameLike(prefixes ...string) string {
	for _, prefix := range prefixes {
		if names := a.NamesLike(prefix); len(names) > 0 {
			return names[0]
		}
	}
	return a.ID
}

// Others are all names except one.
func (a Advisory) Others(name string) []string {
	return slices.DeleteFunc(a.Names(), func(other string) bool { return other == name })
}

// FixedVersion is the fixed version, or "".
func (a Advisory) FixedVersion() string {
	if a.Fixed == nil {
		return ""
	}
	return *a.Fixed
}

// Text is the description that the databases give for a flaw.
func (a Advisory) Text(id string) string {
	return fmt.Sprintf("Flaw %s in %s.", id, a.Package)
}

// GoStandardLibrary tells whether the package is Go's standard library, on which GitHub has no
// reviewed advisories.
func (a Advisory) GoStandardLibrary() bool {
	return a.Ecosystem == Go && a.Package == "stdlib"
}

// Once sets a value of a map, which must not change: one identifier in a database has one rating.
func Once[K comparable](values map[K]string, key K, value string) error {
	if value == "" {
		return nil
	}
	if old, known := values[key]; known && old != value {
		return fmt.Errorf("%v: both %q and %q", key, old, value)
	}
	values[key] = value
	return nil
}
