#!/usr/bin/env python3
"""Says what the scanners have to find in the image, before any of them runs.

    expect.py FACTS INVENTORY ROOTFS [--failed SCANNER,…] [--scanners SCANNER,…]
              [--setting SCANNER:SETTING]… > expected.json

FACTS is facts.json, INVENTORY the output of image/inventory.py, ROOTFS the image's file system (for
what Snyk reads there: requirement files and what Python packages require). `--scanners` names the
line-up (all five if not given), `--failed` those of it that will give no result, `--setting` how one of
them is called:
  only-fixed        it shows only what has a fix
  floor=SEVERITY    it shows nothing below, without a word
  says-floor=SEVERITY   the same, and its report says so
  ignores=ID+ID     an ignore file with these ids
  no-list           its report holds packages with findings only
  matches=ECOSYSTEM     it matches these packages only, and its adapter says so
  lists-no=ECOSYSTEM    its package list leaves these out

None of crosscheck's code is in here: the facts say what each database holds, the inventory says what
is installed, and this file says what each scanner is known to make of both. Versions are compared by
dpkg for Debian and by small comparisons here for the rest.

The words of a fact, as all databases take them:
  severity.debian   the tracker's urgency; absent where Debian has not rated it, NVD's counts then
  severity.ghsa     GitHub's word, which scanners show for language packages
  fixed             null: no fix; `status` then says what Debian intends
  dsa               a notice that covers several flaws of one update
  published         when it became known, for services that tell
  in.DATABASE       what this database says instead: absent, severity, fixed, status, only_id; of Snyk
                    stated_fix (the fix that it names, whatever it takes for affected), of Scout source
                    (whose advisory it calls it)
Ids, packages, ranges and ratings are as published, fixes of Debian by its changelogs. Made up are the
ids of Snyk, the numbers of notices, Debian's versions of NVIDIA's driver, and what stands under `in` or says
so in `why`.

The answer is one object: `findings`, each with `id` (the name that counts), `group`
(ecosystem/package[@version]), `reporters` and `misses`. A reporter has the ids that the scanner uses,
the severity that it shows, its fix state and versions; its cause is `listed`. A miss has the verdict
that is due, the cause in crosscheck's words, and `because`, the same for people, as the facts have it:
what a database lacks and what it takes for unaffected look alike from outside. `unchecked` are the
packages on which nobody's silence says anything.
"""

import argparse
import email
import functools
import json
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field

# Scanner by the name of its database in the facts.
DATABASE = {
    "docker-scout": "scout",
    "grype": "grype",
    "osv-scanner": "osv",
    "snyk": "snyk",
    "trivy": "trivy",
}
BANDS = ("negligible", "low", "medium", "high", "critical")
# Severities as they are compared between scanners, of which most have no word below low.
RANK = {"unknown": 0, "negligible": 1, "low": 1, "medium": 2, "high": 3, "critical": 4}
SETTINGS = ("only-fixed", "floor", "says-floor", "ignores", "no-list", "matches", "lists-no")
# The moment that the databases of the live tests say they were built at (run.sh).
DATABASE_DATE = "2026-11-01T06:00:00Z"
# So many findings of a kind have to be missing before their absence tells how a scanner was called.
ENOUGH = 20


# --- Facts -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """An advisory on one package, as one database holds it."""

    id: str
    aliases: tuple
    ecosystem: str
    package: str
    introduced: str | None
    fixed: str | None
    severity: dict = field(hash=False, compare=False)
    cvss: dict = field(hash=False, compare=False)
    status: str
    snyk: str
    dsa: str | None
    # The word that is planted in this database.
    planted: str | None
    # The fix that it names, where that is not `fixed`.
    stated_fix: str | None
    # Whose advisory it is, where that is not Debian's or GitHub's.
    source: str | None
    published: str | None

    @property
    def ids(self):
        return (self.id, *self.aliases)

    def named(self, *prefixes):
        """The first id with one of the prefixes, tried in their order."""
        for prefix in prefixes:
            for name in self.ids:
                if name.startswith(prefix):
                    return name
        return None

    @property
    def is_go_team(self):
        return self.ecosystem == "golang" and (self.package == "stdlib" or self.package.startswith("golang.org/x/"))


def held(facts, database):
    """The facts as one database holds them, by (id in the facts, ecosystem, package)."""
    found = {}
    for fact in facts:
        difference = fact.get("in", {}).get(database, {})
        status = difference.get("status", fact.get("status", "affected"))
        if difference.get("absent"):
            continue
        only = difference.get("only_id")
        found.setdefault((fact["id"], fact["ecosystem"], fact["package"]), []).append(
            Fact(
                id=only or fact["id"],
                aliases=() if only else tuple(fact.get("aliases", ())),
                ecosystem=fact["ecosystem"],
                package=fact["package"],
                introduced=fact.get("introduced"),
                fixed=difference.get("fixed", fact["fixed"]),
                severity=fact.get("severity", {}),
                cvss=fact.get("cvss", {}),
                status=status,
                snyk=only if only and only.startswith("SNYK-") else fact["snyk"],
                dsa=fact.get("dsa"),
                planted=difference.get("severity"),
                stated_fix=difference.get("stated_fix"),
                source=difference.get("source"),
                published=fact.get("published"),
            )
        )
    return found


def word(*words):
    """The first of some severity words that says anything, in the model's terms."""
    for candidate in words:
        if candidate == "unimportant":
            return "negligible"
        if candidate in BANDS:
            return candidate
    return "unknown"


# --- Versions ----------------------------------------------------------------------------------------


@functools.cache
def debian_less(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "lt", b], check=False).returncode == 0


PEP_440 = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?"
    r"(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?dev[-_.]?(\d*))?(?:\+[a-z0-9.]+)?",
    re.IGNORECASE,
)


def python_key(version):
    """Sorts as PEP 440 says, without local labels, which no fact has."""
    match = PEP_440.fullmatch(version.strip())
    if not match:
        raise ValueError(f"no PEP 440 version: {version}")
    epoch, release, pre, pre_number, post_alone, post, post_number, dev = match.groups()
    numbers = [int(part) for part in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    is_dev = dev is not None
    is_post = post is not None or post_alone is not None
    if pre:
        phase = ({"a": 0, "b": 1, "c": 2, "r": 2, "p": 2}[pre[0].lower()], int(pre_number or 0))
    else:
        phase = (-1, 0) if is_dev and not is_post else (3, 0)
    after = int(post_alone or post_number or 0) if is_post else -1
    return (int(epoch or 0), numbers, phase, after, int(dev or 0) if is_dev else float("inf"))


def semantic_key(version):
    """Sorts as SemVer 2.0.0 §11 says; `v`, `go` and missing numbers are let pass."""
    core, _, rest = re.sub(r"^(go|v)", "", version).partition("+")[0].partition("-")
    numbers = [int(part) for part in core.split(".")]
    numbers += [0] * (3 - len(numbers))
    if not rest:
        return (numbers, [(2, 0, "")])
    return (numbers, [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in rest.split(".")])


def less(ecosystem, a, b):
    if ecosystem == "deb":
        return debian_less(a, b)
    key = python_key if ecosystem == "pypi" else semantic_key
    try:
        return key(a) < key(b)
    except ValueError:
        # A version such as (devel) is in no range.
        return False


def is_affected(fact, version):
    if fact.introduced and less(fact.ecosystem, version, fact.introduced):
        return False
    if fact.fixed is None:
        return True
    return less(fact.ecosystem, version, fact.fixed)


def shown_version(ecosystem, version):
    """The version in a finding's name: one spelling for all scanners."""
    if ecosystem == "pypi":
        return re.sub(r"(\.0+)+(?=$|[a-z+])", "", version.strip().lower())
    return re.sub(r"^(go|v)", "", version).removesuffix("+incompatible")


# --- What is installed -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Installed:
    """An installed package, under the name and version at which scanners can be compared."""

    ecosystem: str
    # Source package for deb, normalised name for pypi.
    name: str
    # As advisories have it: the source version for deb.
    version: str
    binary: str = ""
    binary_version: str = ""
    maintainer: str = ""
    path: str = ""
    # The Debian package that installed a language package.
    owner: str | None = None

    @property
    def group(self):
        if self.ecosystem == "deb":
            return f"deb/{self.name}"
        # Scanners differ in the case of Go module paths.
        name = self.name.lower() if self.ecosystem == "golang" else self.name
        return f"{self.ecosystem}/{name}@{shown_version(self.ecosystem, self.version)}"


def python_name(name):
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(inventory):
    found = [
        Installed("deb", p["source"], p["source_version"], p["name"], p["version"], p["maintainer"])
        for p in inventory["deb"]
    ]
    found += [
        Installed("pypi", python_name(p["name"]), p["version"], path=p["path"], owner=p["owner"])
        for p in inventory["pypi"]
    ]
    found += [Installed("npm", p["name"], p["version"], path=p["path"]) for p in inventory["npm"]]
    found += [Installed("golang", p["name"], p["version"], path=p["path"]) for p in inventory["golang"]]
    return found


def by_name(installed):
    found = {}
    for package in installed:
        found.setdefault((package.ecosystem, package.name), []).append(package)
    return found


def of_package(fact, index):
    """The installed packages that a fact is about."""
    name = python_name(fact.package) if fact.ecosystem == "pypi" else fact.package
    return index.get((fact.ecosystem, name), [])


# --- What each scanner makes of it -------------------------------------------------------------------


@dataclass
class Miss:
    """Why a scanner says nothing on a flaw in a group."""

    verdict: str
    # In crosscheck's words; None for what its data say, which other scanners' words narrow down.
    cause: str | None
    because: str
    # The installed packages that a package of Debian's installed, when that is why.
    owned: tuple = ()


@dataclass
class Statement:
    """What one scanner says on one flaw in one package group."""

    fact: tuple
    group: str
    # The installed packages that it names.
    packages: list
    # Ids that it uses, and all that it ties together.
    uses: set
    ties: set
    severity: str
    fix: tuple
    # How it is said: `reported`, or by whose rule it is withheld (`shipped-rule`, `given-rule`).
    kind: str = "reported"
    # Whose advisory it is, where that is not Debian's or GitHub's.
    source: str | None = None


class Scanner:
    """A scanner: which packages it lists, which of them it matches, and how it words a match."""

    # Does it state the date of its database?
    states_date = False

    def __init__(self, name, facts, installed, settings=None):
        self.name = name
        self.settings = settings or {}
        self.facts = held(facts, DATABASE[name])
        self.all_installed = installed
        unlisted = self.settings.get("lists-no")
        self.index = by_name([p for p in installed if self.lists(p) and p.ecosystem != unlisted])
        # The packages that it names in its statements.
        self.named = set()

    def hides(self, fact):
        """Is it told not to show such a flaw at all?"""
        floor = self.settings.get("floor") or self.settings.get("says-floor")
        if floor and RANK[self.severity(fact)] < RANK[floor]:
            return True
        return "only-fixed" in self.settings and self.fix(fact)[0] != "fixed"

    def is_ignored(self, fact):
        return bool(self.uses(fact) & set(self.settings.get("ignores", "").split("+")))

    # Does its package list hold the package?
    def lists(self, package):
        return True

    # Why it does not match a package that it lists: a Miss, or None.
    def skips(self, package):
        return None

    # The version of a package that it holds against the advisories.
    def version(self, package):
        return package.version

    # The ids under which it reports a flaw, and those that it states to be the same.
    def uses(self, fact):
        return {fact.named("CVE-", "GHSA-", "GO-") or fact.id}

    def ties(self, fact):
        return self.uses(fact)

    # Why it never reports a flaw, and does not say so.
    def withholds(self, fact):
        return None

    def severity(self, fact):
        raise NotImplementedError

    def no_fix(self, fact):
        return "not-fixed"

    def fix(self, fact):
        if fact.stated_fix:
            return ("fixed", (fact.stated_fix,))
        return ("fixed", (fact.fixed,)) if fact.fixed else (self.no_fix(fact), ())

    def kind(self, fact, packages):
        return "reported"

    def statements(self):
        for key, alternatives in self.facts.items():
            for fact in alternatives:
                if fact.status == "not_affected":
                    continue
                if self.hides(fact) or fact.ecosystem != self.settings.get("matches", fact.ecosystem):
                    continue
                groups = {}
                for package in of_package(fact, self.index):
                    if is_affected(fact, self.version(package)) and not self.skips(package):
                        groups.setdefault(package.group, []).append(package)
                for group, concerned in groups.items():
                    if self.withholds(fact):
                        continue
                    kind = "given-rule" if self.is_ignored(fact) else self.kind(fact, concerned)
                    self.named.update(concerned)
                    yield Statement(
                        key, group, concerned, self.uses(fact), self.uses(fact) | self.ties(fact), self.severity(fact),
                        self.fix(fact), kind, fact.source,
                    )

    def silence(self, key, group):
        """Why it says nothing on a flaw in a group."""
        installed = [package for package in self.all_installed if package.group == group]
        ecosystem, name = installed[0].ecosystem, installed[0].name
        if ecosystem != self.settings.get("matches", ecosystem):
            return Miss("not-assessed", "ecosystem", "it matches no such packages")
        seen = self.index.get((ecosystem, name), [])
        otherwise = "package-not-seen"
        if "no-list" in self.settings:
            seen, otherwise = [package for package in seen if package in self.named], "not-assessed"
        here = [package for package in seen if package.group == group]
        if not here:
            return self.unseen(installed, "other-version" if seen else otherwise)
        reasons = [self.skips(package) for package in here]
        if all(reasons):
            first = reasons[0]
            return Miss(first.verdict, first.cause, first.because, tuple(p for r in reasons for p in r.owned))
        if key not in self.facts:
            return Miss("no-match", None, "its database lacks the advisory")
        if all(fact.status == "not_affected" for fact in self.facts[key]):
            return Miss("no-match", None, "its database says that the package is not affected")
        withheld = [self.withholds(fact) for fact in self.facts[key]]
        if all(withheld):
            return Miss("suppressed", "built-in-rule", withheld[0])
        if not any(is_affected(fact, self.version(p)) for fact in self.facts[key] for p in here):
            return Miss("no-match", None, "its database takes the installed version for unaffected")
        return Miss("no-match", None, "it knows the flaw under another id only")

    def unseen(self, missed, verdict):
        """Why its list lacks packages, all of one group."""
        because = self.why_unseen(missed)
        if verdict == "other-version":
            return Miss(verdict, "other-version", because)
        if verdict == "not-assessed":
            return Miss("unknown", "no-package-list", "its report does not tell whether it has the package")
        lists_any = any(ecosystem == missed[0].ecosystem for ecosystem, _ in self.index)
        return Miss(verdict, "not-catalogued" if lists_any else "ecosystem-not-catalogued", because)

    def why_unseen(self, missed):
        return "it does not list the package"


class Trivy(Scanner):
    states_date = True
    STATES = {
        "affected": "not-fixed",
        "will_not_fix": "wont-fix",
        "fix_deferred": "deferred",
        "end_of_life": "end-of-life",
    }

    def lists(self, package):
        # --detection-priority precise leaves language packages to the OS package that owns them.
        return package.owner is None

    def unseen(self, missed, verdict):
        if not all(package.owner for package in missed):
            return super().unseen(missed, verdict)
        because = "a Debian package owns it, and precise detection leaves it to that"
        return Miss(verdict, None, because, tuple(missed))

    def skips(self, package):
        if "@nvidia.com" in package.maintainer:
            return Miss("not-assessed", "third-party", "it matches no third-party packages")
        return None

    def ties(self, fact):
        if fact.ecosystem == "deb":
            return set()
        prefixes = ("GHSA-", "GO-") if fact.is_go_team else ("GHSA-",)
        return {name for name in fact.ids if name.startswith(prefixes)}

    def severity(self, fact):
        source = {"deb": "debian"}.get(fact.ecosystem, "nvd" if fact.is_go_team else "ghsa")
        shown = word(fact.planted, fact.severity.get(source), fact.severity.get("nvd"), fact.severity.get("ghsa"))
        # Trivy has no word below low.
        return "low" if shown == "negligible" else shown

    def no_fix(self, fact):
        return self.STATES[fact.status]


class Grype(Scanner):
    states_date = True

    def skips(self, package):
        if package.owner is not None:
            because = "a Debian package owns it, and Grype leaves it to that"
            return Miss("no-match", None, because, (package,))
        return None

    def uses(self, fact):
        return {fact.id if fact.ecosystem == "deb" else fact.named("GHSA-", "GO-") or fact.id}

    def ties(self, fact):
        return {name for name in fact.ids if name.startswith("CVE-")}

    def severity(self, fact):
        if fact.ecosystem == "deb":
            return word(fact.planted, fact.severity.get("debian"), fact.severity.get("nvd"))
        return word(fact.planted, fact.severity.get("ghsa"), fact.severity.get("nvd"))

    def no_fix(self, fact):
        return "not-fixed" if fact.status == "affected" else "wont-fix"

    def kind(self, fact, packages):
        # A rule that ships with it.
        return "shipped-rule" if all(package.binary == "linux-libc-dev" for package in packages) else "reported"

    def withholds(self, fact):
        # Its list of wrong matches (grype/match/explicit_ignores.go).
        if (fact.id, fact.package) == ("CVE-2023-45853", "zlib"):
            return "a list in its program takes the match for wrong"
        return None


class Snyk(Scanner):
    def __init__(self, name, facts, installed, settings=None, *, rootfs):
        self.python = snyk_python(installed, rootfs)
        super().__init__(name, facts, installed, settings)

    def lists(self, package):
        return package.ecosystem != "pypi" or package in self.python

    def why_unseen(self, missed):
        if all(".dist-info/" not in package.path for package in missed):
            return "it reads no .egg-info of Python packages"
        if all(is_whiteout_for_snyk(package.path) for package in missed):
            return "it takes every path with wh inside for a deletion mark"
        return "no requirements file leads to it"

    def uses(self, fact):
        return {fact.snyk}

    def ties(self, fact):
        prefixes = ("CVE-",) if fact.ecosystem == "deb" else ("CVE-", "GHSA-")
        return {name for name in fact.ids if name.startswith(prefixes)}

    def severity(self, fact):
        severity = fact.severity
        shown = word(fact.planted, severity.get("debian"), severity.get("ghsa"), severity.get("nvd"))
        # Snyk has four words and always shows one.
        return "low" if shown in ("negligible", "unknown") else shown


class Scout(Scanner):
    def severity(self, fact):
        if fact.planted == "unknown":
            return "unknown"
        source = "debian" if fact.ecosystem == "deb" else "ghsa"
        shown = word(fact.planted, fact.severity.get(source), fact.severity.get("nvd"))
        # Scout has no word below low.
        return "low" if shown == "negligible" else shown


class Osv(Scanner):
    def lists(self, package):
        # In an image the kernel is not what runs.
        return (package.ecosystem, package.name) != ("deb", "linux")

    def why_unseen(self, missed):
        return "it leaves the kernel out of the list of an image's packages"

    def version(self, package):
        # It takes the binary's version for the source's.
        return package.binary_version or package.version

    def uses(self, fact):
        if fact.ecosystem == "deb":
            return {f"DEBIAN-{fact.id}"}
        prefixes = {"pypi": ("GHSA-", "PYSEC-"), "npm": ("GHSA-",)}.get(
            fact.ecosystem, ("GO-",) if fact.package == "stdlib" else ("GHSA-", "GO-"))
        return {name for name in fact.ids if name.startswith(prefixes)} or {fact.id}

    def ties(self, fact):
        return set(fact.ids)

    def severity(self, fact):
        """The score of a vector; without one what the record says in words."""
        if fact.planted:
            shown = word(fact.planted)
            return "low" if shown == "negligible" else shown
        if fact.ecosystem == "deb":
            vectors, said = [fact.cvss.get("nvd")], fact.severity.get("debian")
        elif any(name.startswith("GHSA-") for name in self.uses(fact)):
            vectors, said = [fact.cvss.get("ghsa") or fact.cvss.get("nvd")], fact.severity.get("ghsa")
        else:
            vectors, said = [], None
        bands = [band(vector) for vector in vectors if vector]
        return bands[0] if bands else word(said)

    def kind(self, fact, packages):
        if fact.ecosystem == "deb" and fact.severity.get("debian") == "unimportant" and not fact.planted:
            return "shipped-rule"
        return "reported"

    def statements(self):
        yield from super().statements()
        # A notice has a record of its own, on all packages of its update.
        notices = {}
        for alternatives in self.facts.values():
            for fact in alternatives:
                if fact.dsa and fact.fixed:
                    notices.setdefault((fact.dsa, fact.package), fact)
        self.notices = {}
        for (notice, _), fact in notices.items():
            for package in of_package(fact, self.index):
                if is_affected(fact, self.version(package)):
                    self.notices.setdefault(package.group, set()).add(notice)


# --- CVSS --------------------------------------------------------------------------------------------


def band(vector):
    """The band of a CVSS vector (v3.1 specification §5 and §7.1; v4.0 by the table of those in use)."""
    if vector.startswith("CVSS:4.0/"):
        return V4_BANDS[vector]
    metrics = dict(part.split(":") for part in vector.split("/")[1:])
    changed = metrics["S"] == "C"
    impacts = {"H": 0.56, "L": 0.22, "N": 0}
    base = 1 - (1 - impacts[metrics["C"]]) * (1 - impacts[metrics["I"]]) * (1 - impacts[metrics["A"]])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    privileges = {"N": 0.85, "L": 0.68 if changed else 0.62, "H": 0.5 if changed else 0.27}
    exploitability = (
        8.22
        * {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}[metrics["AV"]]
        * {"L": 0.77, "H": 0.44}[metrics["AC"]]
        * privileges[metrics["PR"]]
        * {"N": 0.85, "R": 0.62}[metrics["UI"]]
    )
    if impact <= 0:
        return "unknown"
    score = min((1.08 if changed else 1) * (impact + exploitability), 10)
    # Rounded up to one decimal, in whole numbers as the specification's appendix A has it.
    tenths = -(-round(score * 100000) // 10000)
    return band_of_tenths(tenths)


def band_of_tenths(tenths):
    return "critical" if tenths >= 90 else "high" if tenths >= 70 else "medium" if tenths >= 40 else "low"


# CVSS 4.0 scores come from a table of 270 rows; these are the vectors that the facts use, with the
# bands that FIRST's calculator gives.
V4_BANDS = {
    "CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:H/VI:L/VA:N/SC:H/SI:L/SA:N": "high",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:H/VA:N/SC:N/SI:N/SA:N": "medium",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N": "high",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N": "high",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N/E:P": "high",
    "CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:A/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N": "low",
    "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:H": "high",
    "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N": "high",
}


# --- What Snyk sees of Python ------------------------------------------------------------------------

REQUIREMENT = re.compile(r"([\w.-]+)(?:\[(.*?)\])?\s?\(?((?:<=|!=|===|==|>=|~=|<|>)?)([\w.]*)")


def is_whiteout_for_snyk(path):
    """Its pattern for the marks of deleted files is the regular expression `.wh.`, dots unescaped."""
    return re.search(r".wh.", path) is not None


def snyk_python(installed, rootfs):
    """The Python packages that Snyk reaches: from every requirements.txt along what packages require,
    taking the highest version that satisfies the requirement, else the highest of all.
    """
    found = {}
    for package in installed:
        if (
            package.ecosystem == "pypi"
            and re.search(r"/lib/python.*?/(?:dist|site)-packages/.*?\.dist-info/METADATA", package.path)
            and not is_whiteout_for_snyk(package.path)
        ):
            # Snyk lowers names, and takes `-` and `_` for different.
            fields = email.message_from_string((rootfs / package.path.lstrip("/")).read_text(errors="replace"))
            found.setdefault(fields["Name"].lower(), []).append((package, fields.get_all("Requires-Dist", [])))
    for versions in found.values():
        versions.sort(key=lambda entry: python_key(entry[0].version), reverse=True)

    seen = set()

    def follow(requirement):
        match = REQUIREMENT.match(requirement.strip())
        if not match or requirement.lstrip().startswith("#"):
            return
        name, extras, operator, version = match.groups()
        wanted = {extra.strip() for extra in (extras or "").split(",")} - {""}
        versions = found.get(name.lower())
        if not versions:
            return
        package, requires = next(
            (entry for entry in versions if satisfies(entry[0].version, operator, version)), versions[0])
        if package in seen:
            return
        seen.add(package)
        for line in requires:
            condition = line.partition(";")[2]
            extra = re.search(r"""extra.*["']([^"']+)["']""", condition)
            if not extra or extra.group(1) in wanted:
                follow(line)

    for path in sorted(rootfs.rglob("requirements.txt")):
        if path.is_file():
            for line in path.read_text().splitlines():
                follow(line)
    return seen


def satisfies(installed, operator, wanted):
    if not operator or not wanted:
        return True
    a, b = python_key(installed), python_key(wanted)
    return {
        "==": a == b, "===": a == b, "!=": a != b, ">=": a >= b, "<=": a <= b, ">": a > b, "<": a < b, "~=": a >= b,
    }[operator]


# --- Findings ----------------------------------------------------------------------------------------


class Classes:
    """Ids that name one flaw."""

    def __init__(self):
        self.parent = {}

    def find(self, name):
        while self.parent.setdefault(name, name) != name:
            name = self.parent[name]
        return name

    def join(self, names):
        first, *others = names
        for other in others:
            self.parent[self.find(other)] = self.find(first)

    def name(self, member):
        """The id that counts: the CVE, else GitHub's, else any."""
        root = self.find(member)
        ids = [name for name in self.parent if self.find(name) == root]
        order = ("CVE-", "GHSA-", "GO-", "PYSEC-", "SNYK-")
        return min(ids, key=lambda name: (next((i for i, p in enumerate(order) if name.startswith(p)), 9), name))


def scanners_of(names, facts, installed, rootfs, settings):
    makers = {
        "docker-scout": Scout,
        "grype": Grype,
        "osv-scanner": Osv,
        "snyk": functools.partial(Snyk, rootfs=rootfs),
        "trivy": Trivy,
    }
    return [makers[name](name, facts, installed, settings.get(name)) for name in names]


def cause(miss, scanner, place, findings, installed):
    """The cause of a silence in crosscheck's words, as far as all scanners' words can tell it."""
    name, group = place
    if miss.owned:
        owners = {package.owner for package in miss.owned}
        of_debian = {package.group for package in installed if package.binary in owners}
        # A finding that everybody withholds is none.
        is_there = any(is_reported(findings.get((name, owner))) for owner in of_debian)
        return "owned-by-os-package" if is_there else "distribution-fixed"
    said = reports(findings[place])
    fixes = {version for statement in said for version in statement.fix[1]}
    versions = {package.version for statement in said for package in statement.packages}
    if group.startswith("deb/"):
        # Syft states no version of a source that has the binary's, and findings state none: where Trivy has no
        # whole list either, it is not known what to compare.
        knows_sources = scanner.name != "grype" and "no-list" not in scanner.settings
        if knows_sources and any(not any(debian_less(v, fix) for v in versions) for fix in fixes):
            return "fixed-at-installed"
        # All but Scout have Debian's tracker for these and nothing else.
        if scanner.name != "docker-scout" and all(statement.source for statement in said):
            return "other-advisory-source"
    elsewhere = [finding for (flaw, _), finding in findings.items() if flaw == name]
    if any(statement.kind == "reported" for finding in elsewhere for statement in finding["said"].get(scanner.name, [])):
        return "version-range"
    # Only services tell when a flaw became known, and only of some flaws.
    published = {fact.published for fact in findings[place]["published"]} - {None}
    if scanner.states_date and published and DATABASE_DATE < min(published):
        return "database-older"
    return "not-in-data"


def reports(finding):
    """What is reported, by all scanners."""
    return [s for statements in finding["said"].values() for s in statements if s.kind == "reported"]


def hidden(scanner, place, findings, misses):
    """The cause of a silence that a setting explains, or None.

    Without the scanner's word it takes many such findings of one kind, the operating system's packages or
    all others, on packages that the scanner lists; what else explains a silence does not count.
    """
    settings = scanner.settings

    def is_below(place, floor):
        ranks = [RANK[statement.severity] for statement in reports(findings[place])]
        return 0 < max(ranks) < RANK[floor]

    def is_unfixed(place, _):
        return all(statement.fix[0] != "fixed" for statement in reports(findings[place]))

    may_be_listed = misses[scanner.name, place].verdict not in ("package-not-seen", "other-version")
    if "says-floor" in settings and may_be_listed and is_below(place, settings["says-floor"]):
        return "severity-floor"
    for setting, holds, name in (("floor", is_below, "severity-floor"), ("only-fixed", is_unfixed, "unfixed-hidden")):
        if setting not in settings or not holds(place, settings[setting]):
            continue
        kind = place[1].startswith("deb/")
        alike = [
            other for (of, other), miss in misses.items()
            if of == scanner.name and other[1].startswith("deb/") == kind and is_open(miss)
            and holds(other, settings[setting])
        ]
        if is_open(misses[scanner.name, place]) and len(alike) >= ENOUGH:
            return name
    return None


def is_open(miss):
    """True for silence on a package that the scanner lists and matches."""
    return miss.verdict == "no-match" and not miss.owned


def is_reported(finding):
    statements = finding["said"].values() if finding else ()
    return any(statement.kind == "reported" for said in statements for statement in said)


def silences(findings, scanners, facts):
    """Why scanners say nothing, by (scanner, place), as far as each alone tells."""
    misses = {}
    for place, finding in findings.items():
        for scanner in scanners:
            statements = finding["said"].get(scanner.name, [])
            if any(statement.kind == "reported" for statement in statements):
                continue
            notices = getattr(scanner, "notices", {}).get(place[1], set()) & {
                fact["dsa"] for fact in facts if (fact["id"], fact["ecosystem"], fact["package"]) in finding["facts"]
                and "dsa" in fact
            }
            if notices:
                miss = Miss("covered", "covering-advisory", f"through {', '.join(sorted(notices))}")
            elif statements:
                miss = Miss("suppressed", statements[0].kind, "a rule that it was given or that ships with it")
            else:
                miss = scanner.silence(sorted(finding["facts"])[0], place[1])
            misses[scanner.name, place] = miss
    return misses


def expected(facts, inventory, rootfs, names, failed, settings):
    installed = packages(inventory)
    scanners = scanners_of([name for name in names if name not in failed], facts, installed, rootfs, settings)
    classes = Classes()
    said = [(scanner, statement) for scanner in scanners for statement in scanner.statements()]
    for _, statement in said:
        # DEBIAN-CVE-… is a wrapper of the CVE's own name.
        classes.join([name.removeprefix("DEBIAN-") for name in sorted(statement.ties)])

    findings = {}
    for scanner, statement in said:
        name = classes.name(next(iter(statement.uses)).removeprefix("DEBIAN-"))
        finding = findings.setdefault((name, statement.group), {"facts": set(), "said": {}, "published": []})
        finding["facts"].add(statement.fact)
        finding["said"].setdefault(scanner.name, []).append(statement)
        if scanner.name in ("snyk", "docker-scout"):
            finding["published"] += scanner.facts[statement.fact]
    # What all who know it withhold is no finding.
    findings = {place: finding for place, finding in findings.items() if is_reported(finding)}
    silent = silences(findings, scanners, facts)

    rows = []
    for place, finding in sorted(findings.items()):
        name, group = place
        reporters, misses = {}, {}
        for scanner in scanners:
            miss = silent.get((scanner.name, place))
            if miss is None:
                direct = [s for s in finding["said"][scanner.name] if s.kind == "reported"]
                reporters[scanner.name] = {
                    "ids": sorted({used for statement in direct for used in statement.uses}),
                    "severity": max((s.severity for s in direct), key=("unknown", *BANDS).index),
                    "fix": direct[0].fix[0],
                    "fixed_in": sorted({version for s in direct for version in s.fix[1]}),
                }
                continue
            by_setting = None
            if miss.verdict not in ("covered", "suppressed", "not-assessed"):
                by_setting = hidden(scanner, place, findings, silent)
            misses[scanner.name] = {
                # What its report does not state may be a gap in its data as well.
                "verdict": "suppressed" if by_setting and "says-floor" in scanner.settings else miss.verdict,
                "cause": by_setting or miss.cause or cause(miss, scanner, place, findings, installed),
                "because": "it was told not to show it" if by_setting else miss.because,
            }
        for scanner in failed:
            misses[scanner] = {"verdict": "failed", "cause": "no-result", "because": "it gives no result"}
        why = sorted({
            fact["why"] for fact in facts
            if "why" in fact and (fact["id"], fact["ecosystem"], fact["package"]) in finding["facts"]
        })
        rows.append({"id": name, "group": group, "reporters": reporters, "misses": misses, "why": why})
    return rows


def unchecked(inventory, rows):
    """NVIDIA's own packages on which nobody reports anything: its apt packages, and the wheels of CUDA."""
    reported = {row["group"] for row in rows}
    found = [
        f"deb/{package.binary}@{package.binary_version}"
        for package in packages(inventory)
        if "@nvidia.com" in package.maintainer and package.group not in reported
    ]
    wheels = [
        package.group
        for package in packages(inventory)
        if package.ecosystem == "pypi" and re.fullmatch(r"nvidia-.*-cu\d+", package.name)
    ]
    return sorted(found + [group for group in wheels if group not in reported])


def main():
    parser = argparse.ArgumentParser(description="Says what the scanners have to find in the image.")
    parser.add_argument("facts", type=pathlib.Path)
    parser.add_argument("inventory", type=pathlib.Path)
    parser.add_argument("rootfs", type=pathlib.Path)
    names = sorted(DATABASE)
    parser.add_argument("--scanners", default=",".join(names), help="the line-up, separated by commas")
    parser.add_argument("--failed", default="", help="those of it that will give no result")
    parser.add_argument("--setting", action="append", default=[], help="how a scanner is called: SCANNER:SETTING")
    arguments = parser.parse_args()
    line_up = [name for name in arguments.scanners.split(",") if name]
    failed = [name for name in arguments.failed.split(",") if name]
    for name in line_up + failed:
        if name not in DATABASE:
            parser.error(f"no scanner is called {name}; there are {', '.join(names)}")
    settings = {}
    for setting in arguments.setting:
        name, _, what = setting.partition(":")
        key, _, value = what.partition("=")
        if name not in DATABASE or key not in SETTINGS:
            parser.error(f"no setting is called {setting}")
        settings.setdefault(name, {})[key] = value
    facts = json.loads(arguments.facts.read_text())
    inventory = json.loads(arguments.inventory.read_text())
    rows = expected(facts, inventory, arguments.rootfs, line_up, failed, settings)
    answer = {
        "scanners": line_up,
        "failed": failed,
        "findings": rows,
        "unchecked": unchecked(inventory, rows),
    }
    json.dump(answer, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
