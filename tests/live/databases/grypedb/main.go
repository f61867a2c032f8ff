// Command grypedb writes a vulnerability database (schema 6) that Grype reads: OUT/6/, to be used with
// GRYPE_DB_CACHE_DIR=OUT, and the same as an archive for `grype db import`.
//
//	grypedb FACTS OUT DATE
//
// The facts become the input of Grype's own builder, in the form in which its data collector (vunnel)
// delivers each provider, so that the database differs from a public one in content only.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/OneOfOne/xxhash"
	grypedb "github.com/anchore/grype/grype/db"
	"github.com/anchore/grype/grype/db/provider"
	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/db/v6/distribution"
	"github.com/spf13/afero"

	"crosscheck.test/databases/facts"
)

func main() {
	facts.Main("grype", run)
}

func run(advisories []facts.Advisory, out string, date time.Time) error {
	providers, err := Providers(advisories)
	if err != nil {
		return err
	}
	workspace, err := os.MkdirTemp("", "grypedb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(workspace)
	var states provider.States
	for _, made := range providers {
		state, err := made.write(workspace, date)
		if err != nil {
			return fmt.Errorf("provider %s: %w", made.Name, err)
		}
		states = append(states, *state)
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	directory := filepath.Join(out, "6")
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	return build(directory, out, states, date)
}

func build(directory, out string, states provider.States, date time.Time) error {
	err := grypedb.Build(grypedb.BuildConfig{
		SchemaVersion:      v6.ModelVersion,
		Directory:          directory,
		States:             states,
		Timestamp:          date,
		IncludeCPEParts:    []string{"a"},
		SQLiteCacheSizeKiB: 16 << 10,
	})
	if err != nil {
		return err
	}
	if err := setDate(filepath.Join(directory, v6.VulnerabilityDBFileName), date); err != nil {
		return err
	}
	// What an import does: indexes, and a digest that vouches for the file.
	if err := v6.Hydrater()(directory); err != nil {
		return err
	}
	if _, err := v6.WriteImportMetadata(afero.NewOsFs(), directory, "crosscheck live tests"); err != nil {
		return err
	}
	// Last, because it leaves the database open for reading.
	return pack(directory, filepath.Join(out, "vulnerability-db.tar.gz"))
}

// pack makes the archive that `grype db import` takes.
func pack(directory, archive string) error {
	if err := grypedb.Package(directory, "", "tar.gz", nil); err != nil {
		return err
	}
	made, err := filepath.Glob(filepath.Join(directory, "*.tar.gz"))
	if err != nil {
		return err
	}
	if len(made) != 1 {
		return fmt.Errorf("want one archive, found %q", made)
	}
	if err := os.Rename(made[0], archive); err != nil {
		return err
	}
	return os.Remove(filepath.Join(directory, distribution.LatestFileName))
}

// setDate replaces the date of the build, for which the builder knows only the clock.
func setDate(file string, date time.Time) error {
	database, err := v6.NewLowLevelDB(file, false, true, false)
	if err != nil {
		return err
	}
	err = database.Model(&v6.DBMetadata{}).Where("true").Update("build_timestamp", date.UTC()).Error
	if err != nil {
		return err
	}
	connection, err := database.DB()
	if err != nil {
		return err
	}
	return connection.Close()
}

// A Provider is one source of records.
type Provider struct {
	Name string
	// Schema tells the builder how to read the records.
	Schema string
	// Version is the version of the provider's records.
	Version int
	Records []Record
}

// A Record is one document of a provider.
type Record struct {
	ID   string
	Item any
}

func (p Provider) write(workspace string, date time.Time) (*provider.State, error) {
	writer := provider.NewWorkspaceWriter(workspace, p.Name)
	var files []provider.File
	for number, record := range p.Records {
		envelope, err := json.Marshal(map[string]any{
			"schema": p.Schema, "identifier": record.ID, "item": record.Item,
		})
		if err != nil {
			return nil, err
		}
		// Numbered, because the builder takes them in the order of their names.
		file, err := writer.WriteResult(fmt.Sprintf("%06d.json", number), envelope)
		if err != nil {
			return nil, err
		}
		files = append(files, *file)
	}
	if err := writer.WriteListing(files); err != nil {
		return nil, err
	}
	listing, err := os.ReadFile(writer.ListingPath())
	if err != nil {
		return nil, err
	}
	err = writer.WriteState(provider.State{
		Provider:  p.Name,
		Version:   p.Version,
		Processor: "crosscheck live tests",
		Schema: provider.Schema{
			Version: "1.0.3",
			URL:     schema("provider-workspace-state", "1.0.3"),
		},
		Timestamp: date.UTC(),
		Listing: &provider.File{
			Path:      "results/listing.xxh64",
			Digest:    fmt.Sprintf("%016x", xxhash.Checksum64(listing)),
			Algorithm: "xxh64",
		},
		Store: "flat-file",
	})
	if err != nil {
		return nil, err
	}
	return provider.ReadState(filepath.Join(writer.Path(), "metadata.json"))
}

func schema(name, version string) string {
	return fmt.Sprintf("https://raw.githubusercontent.com/anchore/vunnel/main/schema/%s/schema-%s.json", name, version)
}
