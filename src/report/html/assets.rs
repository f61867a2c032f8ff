//! The page's own style and scripts, and the policy that lets nothing else run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The style sheet: later files win over earlier ones.
pub(super) const STYLE: &str = concat!(
    include_str!("css/theme.css"),
    include_str!("css/page.css"),
    include_str!("css/tables.css"),
    include_str!("css/findings.css"),
    include_str!("css/details.css"),
    include_str!("css/narrow.css"),
    include_str!("css/paper.css"),
);

/// Runs before anything is shown, so that what only readers without scripts need does not flash up.
pub(super) const EARLY_SCRIPT: &str = include_str!("js/early.js");

/// Everything else. The files share one function's scope, in this order.
pub(super) const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("js/dom.js"),
    include_str!("js/blocks.js"),
    include_str!("js/fragment.js"),
    include_str!("js/table.js"),
    include_str!("js/search.js"),
    include_str!("js/markdown.js"),
    include_str!("js/drawer.js"),
    include_str!("js/findings.js"),
    include_str!("js/inventory.js"),
    include_str!("js/theme.js"),
    include_str!("js/start.js"),
    "})();\n",
);

/// The Content Security Policy: these very scripts and this very style, and no request at all
/// (Content Security Policy Level 3, §2.3.1: hashes).
pub(super) fn content_security_policy() -> String {
    format!(
        "default-src 'none'; script-src {} {}; style-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'",
        source(EARLY_SCRIPT),
        source(SCRIPT),
        source(STYLE),
    )
}

fn source(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_hash_the_same_bytes() {
        for asset in [STYLE, EARLY_SCRIPT, SCRIPT] {
            // Browsers read a line end of two characters as one, and end the element at its name.
            assert!(!asset.contains('\r'));
            let lower = asset.to_lowercase();
            assert!(!lower.contains("</script") && !lower.contains("</style"));
            assert!(!lower.contains("<!--"));
        }
    }

    #[test]
    fn scripts_build_no_markup_from_text() {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
    }
}
