//! Versions by the rules of each ecosystem: one normal form, one order.
//!
//! A version that does not follow its ecosystem's rules has no order here: [`compare`] gives
//! `None`, never *equal* or *older*. Among those that do, the order is total: antisymmetric and
//! transitive, so that a list of fixes can be sorted and the lowest of them recommended.
//!
//! [`Ecosystem::Other`] has no order. Dotted numbers look alike everywhere and are not: to Perl
//! 1.9 is newer than 1.10.

mod alpm;
mod apk;
mod composer;
mod conda;
mod deb;
mod gem;
mod generic;
mod go;
mod maven;
mod nuget;
mod number;
mod pypi;
mod rpm;
mod semantic;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use super::package::Ecosystem;

/// Longer text is no version: the longest that are, Go's pseudo-versions with a long pre-release in
/// front, have less than a hundred characters, and some comparators take more than linear time.
const MAX_LENGTH: usize = 256;

/// The form in which two spellings of one version are equal text.
///
/// Where [`compare`] calls two versions equal their forms are equal text, and the other way round,
/// with these exceptions, all but the last on purpose:
///
/// * deb: the form has no epoch and no rebuild suffix (`+b8`), rpm and alpm: no epoch. Scanners lose
///   epochs, and a rebuild is the same source.
/// * Go: `+dirty` and other build metadata stay, they say that the code is not the tagged one;
///   precedence ignores them. `+incompatible` goes: it says how the module was found.
/// * deb, rpm, alpm: zeros in front of a number stay, as do rpm's separators and Debian's revision
///   `-0`, which the comparison skips. A package has one such spelling, everybody copies it.
///
/// The forms of the others:
///
/// * PyPI: PEP 440 normal form without trailing zeros (`2022.12.07` is `2022.12.7`); the local
///   label (`+cu121`) stays, it is another build.
/// * Go: without `go` or `v` in front; a toolchain's `1.20` is `1.20.0`; without the suffix that
///   names who built a toolchain.
/// * npm, Cargo: without `v` or `=` in front and without build metadata.
/// * NuGet: as NuGet normalises, in lower case.
/// * Composer: three numbers or, where the fourth is not zero, four, and the long word for the
///   stability.
/// * RubyGems: without the platform, the rest as `Gem::Version` compares it.
/// * Maven: without zeros and words that mean nothing, one word for each qualifier.
/// * Conda, apk: numbers without zeros in front where these mean nothing, parts in their order.
/// * Generic: without zero parts at the end.
/// * Everything else, and what its ecosystem's rules do not cover: trimmed; for PyPI and NuGet in
///   lower case.
pub fn normal_form(ecosystem: &Ecosystem, version: &str) -> String {
    let version = version.trim();
    let known = if is_plain(version) {
        match ecosystem {
            Ecosystem::Apk => apk::normal_form(version),
            Ecosystem::PyPi => pypi::normal_form(version),
            Ecosystem::Npm | Ecosystem::Cargo => semantic::normal_form(version),
            Ecosystem::Golang => go::normal_form(version),
            Ecosystem::Maven => maven::normal_form(version),
            Ecosystem::Gem => gem::normal_form(version),
            Ecosystem::NuGet => nuget::normal_form(version),
            Ecosystem::Composer => composer::normal_form(version),
            Ecosystem::Conda => conda::normal_form(version),
            Ecosystem::Generic => generic::normal_form(version),
            Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Alpm | Ecosystem::Other(_) => None,
        }
    } else {
        None
    };
    known.unwrap_or_else(|| match ecosystem {
        // These hold for any text: half a version is still better without its epoch.
        Ecosystem::Deb => deb::without_rebuild(without_epoch(version)).to_owned(),
        Ecosystem::Rpm | Ecosystem::Alpm => without_epoch(version).to_owned(),
        Ecosystem::PyPi | Ecosystem::NuGet => version.to_ascii_lowercase(),
        Ecosystem::Npm => semantic::without_prefix(version).to_owned(),
        Ecosystem::Golang => go::without_marks(version).to_owned(),
        _ => version.to_owned(),
    })
}

/// Orders two versions of one ecosystem; `None` when either does not follow its rules or the
/// ecosystem's rules are not known here.
///
/// The rules are those of Debian Policy §5.6.12, rpm-version(7), apk-package(5), vercmp(8), PEP 440,
/// SemVer 2.0.0 §11, go.dev/ref/mod and go.dev/doc/toolchain, Maven's version order specification,
/// `Gem::Version`, NuGet package versioning, Composer's `VersionParser` and Conda's `VersionOrder`.
pub fn compare(ecosystem: &Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.trim(), b.trim());
    if !is_plain(a) || !is_plain(b) {
        return None;
    }
    match ecosystem {
        Ecosystem::Deb => deb::compare(a, b),
        Ecosystem::Rpm => rpm::compare(a, b),
        Ecosystem::Apk => apk::compare(a, b),
        Ecosystem::Alpm => alpm::compare(a, b),
        Ecosystem::PyPi => pypi::compare(a, b),
        Ecosystem::Npm | Ecosystem::Cargo => semantic::compare(a, b),
        Ecosystem::Golang => go::compare(a, b),
        Ecosystem::Maven => maven::compare(a, b),
        Ecosystem::Gem => gem::compare(a, b),
        Ecosystem::NuGet => nuget::compare(a, b),
        Ecosystem::Composer => composer::compare(a, b),
        Ecosystem::Conda => conda::compare(a, b),
        Ecosystem::Generic => generic::compare(a, b),
        Ecosystem::Other(_) => None,
    }
}

/// Puts versions into their ecosystem's order; those without an order come last, in text order.
pub fn sort(ecosystem: &Ecosystem, versions: &mut Vec<&str>) {
    let mut decorated: Vec<(bool, &str)> = versions
        .iter()
        .map(|version| (compare(ecosystem, version, version).is_none(), *version))
        .collect();
    decorated.sort_by(|(a_without, a), (b_without, b)| {
        a_without
            .cmp(b_without)
            .then_with(|| compare(ecosystem, a, b).unwrap_or(Ordering::Equal))
            .then_with(|| a.cmp(b))
    });
    *versions = decorated.into_iter().map(|(_, version)| version).collect();
}

/// The lowest version that a statement about fixes names: some databases give a range
/// (`>=1.4.3`, `~> 3.2.13`) instead of a version. `None` for an upper bound or an open one, which
/// names no version that is fixed.
pub fn lower_bound(text: &str) -> Option<&str> {
    let text = text.trim();
    let bound = ["~>", ">=", "^", "~", "=="]
        .iter()
        .find_map(|operator| text.strip_prefix(operator))
        .unwrap_or(text)
        .trim_start();
    (!bound.is_empty() && !bound.starts_with(['<', '>', '!'])).then_some(bound)
}

/// The part of an operating system package's version that names the release of the software itself,
/// without what the distribution added; `None` for other ecosystems and for text that is no version.
///
/// * deb (Debian Policy §5.6.12): without epoch and Debian revision, and without the suffix of a
///   source archive from which parts were removed (`+dfsg1`, `+ds`, `~dfsg`, `.dfsg`; Developer's
///   Reference §6.7.8).
/// * rpm: the version of `[epoch:]version[-release]`.
/// * apk: without `-rN`.
/// * alpm: without epoch and `-pkgrel`.
pub fn upstream<'a>(ecosystem: &Ecosystem, version: &'a str) -> Option<&'a str> {
    let version = version.trim();
    if !is_plain(version) {
        return None;
    }
    match ecosystem {
        Ecosystem::Deb => deb::upstream(version),
        Ecosystem::Rpm => rpm::upstream(version),
        Ecosystem::Apk => apk::upstream(version),
        Ecosystem::Alpm => alpm::upstream(version),
        _ => None,
    }
}

/// What every ecosystem asks of a version: some ASCII characters that can be seen, or a space.
fn is_plain(version: &str) -> bool {
    !version.is_empty()
        && version.len() <= MAX_LENGTH
        && version.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

/// Without `0:` or any other number before the first colon.
fn without_epoch(version: &str) -> &str {
    split_epoch(version).map_or(version, |(_, rest)| rest)
}

/// The number before the first colon and the rest; `0` where there is no colon. `None` when
/// something else stands there.
fn split_epoch(version: &str) -> Option<(&str, &str)> {
    match version.split_once(':') {
        Some((epoch, rest)) => number::is(epoch).then_some((epoch, rest)),
        None => Some(("0", version)),
    }
}
