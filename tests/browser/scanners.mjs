// Reports of scanners as far as crosscheck reads them, for pages of which the bundled example has none.
//
// An entry is one vulnerability in one package: { id, name, version, fix, severity, title, description, url }.

const IMAGE = "registry.example.com/app:1.0";
const DIGEST = `sha256:${"5".repeat(64)}`;
const LAYER = `sha256:${"6".repeat(64)}`;


function purl(name, version) {
  return `pkg:npm/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
}

/** Trivy's report with these entries. */
export function trivy(entries, packages = entries) {
  const location = { Layer: { DiffID: LAYER } };
  return {
    SchemaVersion: 2,
    ArtifactName: IMAGE,
    ArtifactType: "container_image",
    Trivy: { Version: "0.74.0" },
    CreatedAt: "2026-11-01T07:00:00Z",
    Metadata: { OS: { Family: "debian", Name: "12.15" }, ImageID: DIGEST, RepoTags: [IMAGE] },
    Results: [
      {
        Target: "Node.js",
        Class: "lang-pkgs",
        Type: "node-pkg",
        Packages: unique(packages).map(({ name, version }) => ({
          ID: `${name}@${version}`,
          Name: name,
          Version: version,
          Identifier: { PURL: purl(name, version) },
          FilePath: `srv/app/node_modules/${name}/package.json`,
          ...location,
        })),
        Vulnerabilities: entries.map((entry) => ({
          VulnerabilityID: entry.id,
          PkgID: `${entry.name}@${entry.version}`,
          PkgName: entry.name,
          PkgPath: `srv/app/node_modules/${entry.name}/package.json`,
          PkgIdentifier: { PURL: purl(entry.name, entry.version) },
          InstalledVersion: entry.version,
          FixedVersion: entry.fix,
          Status: entry.fix ? "fixed" : "affected",
          SeveritySource: "nvd",
          PrimaryURL: entry.url,
          Title: entry.title,
          Description: entry.description,
          Severity: entry.severity.toUpperCase(),
          VendorSeverity: { nvd: ["unknown", "low", "medium", "high", "critical"].indexOf(entry.severity) },
          References: entry.url ? [entry.url] : [],
          ...location,
        })),
      },
    ],
  };
}

/** Grype's report with these entries. */
export function grype(entries) {
  return {
    matches: entries.map((entry) => ({
      vulnerability: {
        id: entry.id,
        dataSource: entry.url ?? `https://nvd.nist.gov/vuln/detail/${entry.id}`,
        namespace: "nvd:cpe",
        severity: entry.severity.replace(/^./, (letter) => letter.toUpperCase()),
        urls: [],
        description: entry.description,
        cvss: [],
        fix: { versions: entry.fix ? [entry.fix] : [], state: entry.fix ? "fixed" : "not-fixed" },
        advisories: [],
      },
      relatedVulnerabilities: [],
      matchDetails: [
        { type: "exact-direct-match", matcher: "javascript-matcher", searchedBy: {}, found: {} },
      ],
      artifact: {
        id: `${entry.name}@${entry.version}`,
        name: entry.name,
        version: entry.version,
        type: "npm",
        locations: [{ path: `/srv/app/node_modules/${entry.name}/package.json`, layerID: LAYER }],
        language: "javascript",
        licenses: [],
        cpes: [],
        purl: purl(entry.name, entry.version),
        upstreams: [],
      },
    })),
    source: { type: "image", target: { userInput: IMAGE, imageID: DIGEST, tags: [IMAGE], repoDigests: [] } },
    distro: { name: "debian", version: "12.15", idLike: [] },
    descriptor: {
      name: "grype",
      version: "0.121.2",
      timestamp: "2026-11-01T07:00:00Z",
      db: { status: { schemaVersion: "v6.1.10", built: "2026-11-01T06:00:00Z", valid: true } },
    },
  };
}

function unique(packages) {
  const named = new Map(packages.map((one) => [`${one.name}@${one.version}`, one]));
  return [...named.values()];
}
