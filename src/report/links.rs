//! Addresses to read more at. They come from reports and are hostile as all text there.

use crate::model::{AdvisoryId, Vulnerability};

/// The page on a vulnerability: the one that a report names, else that of the id's own database.
pub(super) fn page(vulnerability: &Vulnerability) -> Option<String> {
    let stated = vulnerability.url.as_deref().and_then(web_address);
    stated
        .map(str::to_owned)
        .or_else(|| page_of_id(&vulnerability.id))
}

/// The page of an id in the database that gives such ids.
pub(super) fn page_of_id(id: &AdvisoryId) -> Option<String> {
    let text = id.as_str();
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_plain {
        return None;
    }
    let base = match text.split('-').next()? {
        "CVE" => "https://nvd.nist.gov/vuln/detail/",
        "GHSA" => "https://github.com/advisories/",
        _ => return None,
    };
    Some(format!("{base}{text}"))
}

/// The number of a weakness, `CWE-79`, for formats that want it as one.
pub(super) fn weakness(cwe: &str) -> Option<u32> {
    let digits = cwe.trim().strip_prefix("CWE-")?;
    let digits = digits.strip_prefix('+').is_none().then_some(digits)?;
    let number = digits.parse().ok()?;
    // Programs hold it as a number with sign.
    (number <= i32::MAX.unsigned_abs()).then_some(number)
}

/// `text` if it is an address on the web that can stand anywhere: `http` or `https`, printable ASCII
/// without blanks, quotes, angle brackets, backquotes and backslashes (RFC 3986 has none of them),
/// and of a length that browsers take.
pub(super) fn web_address(text: &str) -> Option<&str> {
    const LONGEST: usize = 2_000;
    let text = text.trim();
    let scheme_ends = text.find("://")?;
    let (scheme, rest) = (text.get(..scheme_ends)?, text.get(scheme_ends + 3..)?);
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let is_clean = text
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"\"'<>`\\{}|^".contains(&b));
    let has_host = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    (is_web && is_clean && has_host && text.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_pass() {
        for good in [
            "https://x.example/a?b=c#d",
            "HTTP://x.example",
            "https://[::1]/a",
        ] {
            assert_eq!(web_address(good), Some(good));
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "javascript://x.example/%0aalert(1)",
            "https://",
            "https:///x",
            "https://x.example/\"onload=",
            "https://x.example/a b",
            "https://x.example/<b>",
            "ftp://x.example",
            "https://x.example/\u{202e}",
        ] {
            assert_eq!(web_address(bad), None, "{bad}");
        }
        assert_eq!(
            web_address(&format!("https://x.example/{}", "a".repeat(2_000))),
            None
        );
    }

    #[test]
    fn a_weakness_is_a_number() {
        assert_eq!(weakness(" CWE-79"), Some(79));
        for bad in ["CWE-", "79", "CWE-4294967295", "CWE-+7", "NVD-CWE-Other"] {
            assert_eq!(weakness(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_of_known_databases_have_a_page() {
        let page = |id: &str| page_of_id(&AdvisoryId::new(id));
        assert_eq!(
            page("CVE-2024-6345").as_deref(),
            Some("https://nvd.nist.gov/vuln/detail/CVE-2024-6345")
        );
        assert_eq!(page("SNYK-PYTHON-X-1"), None);
        assert_eq!(page("CVE-2024/../x"), None);
    }
}
