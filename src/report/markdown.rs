//! GitHub-flavoured Markdown: the comment on a pull request and the summary of a build.
//!
//! The first line is a comment that names the image's repository and platform, by which a bot finds
//! the comment that it wrote before. GitHub takes 65,536 characters in a comment (and more in a
//! summary): rows are left out until the page fits, the least bad first, and each list says how many
//! and where all are.

mod lists;
mod page;

use std::io;

use self::page::Page;
use super::document::write_markdown;
use super::{Description, Options, identity, no_warnings};
use crate::model::report::{Report, TargetSummary};

/// The comment on a pull request.
pub(super) const FORMAT: Description = Description {
    name: "markdown",
    title: "the comment on a pull request, or the summary of a build",
    file_name: "report.md",
    is_page: false,
    write,
    warnings: no_warnings,
};

/// Bytes of the page, of which no character takes less than one. GitHub takes 65,536 characters in a
/// comment.
const BUDGET: usize = 65_000;

/// How many rows a list may have, from what is tried first to what fits always.
const ROWS: [usize; 9] = [300, 200, 100, 50, 25, 12, 6, 3, 1];

/// Writes the page.
fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let page = Page::new(report, options);
    let marker = marker(&report.target);
    let mut text = Vec::new();
    let rows = ROWS.into_iter().map(Some);
    // Texts of nothing but characters that take an escape each: the verdict alone.
    for rows in rows.chain([None]) {
        text.clear();
        text.extend_from_slice(marker.as_bytes());
        write_markdown(&page.document(rows), &mut text)?;
        if text.len() <= BUDGET {
            break;
        }
    }
    out.write_all(&text)
}

/// The comment in the first line. It depends on nothing that changes from one build to the next.
fn marker(target: &TargetSummary) -> String {
    const LIMIT: usize = 300;
    let platform = target.platform.as_deref().unwrap_or_default();
    let name = format!("{} {platform}", identity::repository(target));
    let mut marker = String::from("<!-- crosscheck:");
    for c in name.trim().chars().take(LIMIT) {
        // Two hyphens could end the comment (HTML, 13.1.6).
        let is_plain = c.is_ascii_alphanumeric()
            || " ._/:".contains(c)
            || (c == '-' && !marker.ends_with('-'));
        marker.push(if is_plain { c } else { '_' });
    }
    marker.push_str(" -->\n");
    marker
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_one_comment() {
        for (reference, expected) in [
            (
                "registry.example:5000/ml/trainer:2.4.0",
                "<!-- crosscheck:registry.example:5000/ml/trainer linux/amd64 -->\n",
            ),
            ("./a--b.tar", "<!-- crosscheck:a-_b.tar linux/amd64 -->\n"),
            ("./x --> <b>", "<!-- crosscheck:x -__ _b_ linux/amd64 -->\n"),
        ] {
            let target = TargetSummary {
                reference: reference.to_owned(),
                platform: Some("linux/amd64".to_owned()),
                ..TargetSummary::default()
            };
            assert_eq!(marker(&target), expected);
        }
    }
}
