//! HTML: one file for everybody who looks at a run, from the first glance to the last detail.
//!
//! What a reader needs at first is written as plain HTML, so that it is there without scripts and on
//! paper. All findings and packages are in compressed blocks ([`blocks`]) that the page's script
//! inflates when they are asked for: a finding takes 100 to 600 bytes there, 100,000 of them some
//! 12 MB, and would take thousands of bytes each as elements. The page makes no request and stores
//! nothing: its Content Security Policy ([`assets`]) names nothing but its own scripts and style.
//!
//! Text from reports is escaped by the only way that leads into the document ([`markup`]); the script
//! sets texts and never reads any as HTML.

mod agreement;
mod assets;
mod blocks;
mod decisions;
mod detail;
mod facet;
mod findings;
mod gaps;
mod index;
mod markup;
mod matrix;
mod packages;
mod run;
mod summary;
mod table;
mod text;
mod upset;

use std::io;

use self::detail::{Detail, Details};
use self::index::Index;
use self::markup::Markup;
use self::packages::Inventory;
use super::phrases::count;
use super::{Description, Options, no_warnings};
use crate::model::report::{Report, RunOutcome};

/// A page for people.
pub(super) const FORMAT: Description = Description {
    name: "html",
    title: "a page for people, in one file",
    file_name: "report.html",
    is_page: false,
    write,
    warnings: no_warnings,
};

/// Findings in one block of details: some tens of kilobytes, which inflate without a pause.
const BLOCK: usize = 256;

/// The parts of the page, by the ids of their sections.
const SECTIONS: &[(&str, &str)] = &[
    ("verdict", "Verdict"),
    ("todo", "What to do first"),
    ("scanners", "Scanners"),
    ("findings", "Findings"),
    ("agreement", "Agreement"),
    ("gaps", "Gaps"),
    ("severities", "Severities"),
    ("ignored", "Ignored"),
    ("unchecked", "Not checked"),
    ("inventory", "Packages"),
    ("run", "Run"),
];

/// Writes the page.
fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut html = Markup::new(out);
    html.fixed("<!doctype html>\n")?;
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, report))?;
        html.element("body", &[], |html| {
            html.leaf(
                "a",
                &[("class", "skip"), ("href", "#content")],
                "Skip to the report",
            )?;
            html.element("header", &[], |html| header(html, report))?;
            let index = Index::new(report, BLOCK, &mut html.texts);
            html.element("main", &[("id", "content")], |html| {
                sections(html, report, &index)
            })?;
            data(html, report, &index)?;
            html.element("footer", &[], |html| footer(html, report, options))?;
            drawer(html)?;
            html.element("script", &[], |html| html.fixed(assets::SCRIPT))
        })
    })
}

fn head(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.empty("meta", &[("charset", "utf-8")])?;
    let policy = assets::content_security_policy();
    html.empty(
        "meta",
        &[
            ("http-equiv", "Content-Security-Policy"),
            ("content", &policy),
        ],
    )?;
    html.empty(
        "meta",
        &[
            ("name", "viewport"),
            ("content", "width=device-width, initial-scale=1"),
        ],
    )?;
    html.empty(
        "meta",
        &[("name", "color-scheme"), ("content", "light dark")],
    )?;
    html.empty("meta", &[("name", "referrer"), ("content", "no-referrer")])?;
    html.empty("meta", &[("name", "generator"), ("content", &tool(report))])?;
    // Browsers ask servers for an icon unless they are given one.
    html.empty("link", &[("rel", "icon"), ("href", "data:,")])?;
    let outcome = match report.verdict.outcome {
        RunOutcome::Pass => "Pass",
        RunOutcome::Block => "Blocked",
        RunOutcome::Insufficient => "Insufficient",
    };
    html.leaf(
        "title",
        &[],
        &format!("{outcome}: {}", report.target.reference),
    )?;
    html.element("style", &[], |html| html.fixed(assets::STYLE))?;
    html.element("script", &[], |html| html.fixed(assets::EARLY_SCRIPT))
}

fn header(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("div", &[("class", "title")], |html| {
        html.leaf("h1", &[], "Vulnerability report")?;
        html.leaf("p", &[("class", "image")], &report.target.reference)?;
        let theme = [
            ("id", "theme-switch"),
            ("type", "button"),
            ("aria-pressed", "false"),
        ];
        html.leaf("button", &theme, "Dark theme")
    })?;
    html.element("nav", &[("aria-label", "Sections")], |html| {
        html.element("ul", &[], |html| {
            SECTIONS.iter().try_for_each(|(id, title)| {
                html.element("li", &[], |html| {
                    html.leaf("a", &[("href", &format!("#{id}"))], title)
                })
            })
        })
    })
}

fn sections(html: &mut Markup<'_>, report: &Report, index: &Index) -> io::Result<()> {
    html.element(
        "p",
        &[
            ("id", "problem"),
            ("class", "warning"),
            ("role", "alert"),
            ("hidden", ""),
        ],
        |_| Ok(()),
    )?;
    html.element("div", &[("class", "first")], |html| {
        summary::verdict(html, report)?;
        summary::todo(html, report)
    })?;
    summary::scanners(html, report)?;
    findings::write(html, report, index)?;
    agreement::write(html, report)?;
    gaps::write(html, report)?;
    decisions::severities(html, report)?;
    decisions::ignored(html, report)?;
    packages::unchecked(html, report)?;
    packages::inventory(html, report)?;
    run::write(html, report)
}

/// The blocks that the script reads: the index, the inventory, and the details of some findings each.
fn data(html: &mut Markup<'_>, report: &Report, index: &Index) -> io::Result<()> {
    blocks::write(html, "data-findings", index)?;
    let inventory = Inventory::new(report, &mut html.texts);
    blocks::write(html, "data-inventory", &inventory)?;
    for (number, findings) in report.findings.chunks(BLOCK).enumerate() {
        let mut details = Details::new(report, &mut html.texts);
        let block: Vec<Detail> = findings.iter().map(|finding| details.of(finding)).collect();
        blocks::write(html, &format!("data-details-{number}"), &block)?;
    }
    Ok(())
}

/// Comes last, when it is known how many texts were shortened.
fn footer(html: &mut Markup<'_>, report: &Report, options: &Options) -> io::Result<()> {
    let place = options.json_report();
    let place = place.map_or_else(String::new, |path| format!(" The whole report: {path}."));
    let text = format!(
        "{}, evaluated at {}.{place}",
        tool(report),
        report.evaluated_at
    );
    html.leaf("p", &[], &text)?;
    if html.texts.shortened == 0 {
        return Ok(());
    }
    // A text counts in every place where it stands.
    let places = count(html.texts.shortened, "place", "places");
    let text = format!(
        "In {places} a text is too long to be shown and cut at `…`; the JSON report has it whole."
    );
    html.leaf("p", &[("class", "warning")], &text)
}

fn tool(report: &Report) -> String {
    format!("{} {}", report.tool.name, report.tool.version)
}

/// The place for one finding's details.
fn drawer(html: &mut Markup<'_>) -> io::Result<()> {
    let attributes = [
        ("id", "drawer"),
        ("role", "dialog"),
        ("aria-modal", "true"),
        ("aria-labelledby", "drawer-title"),
        ("tabindex", "-1"),
        ("hidden", ""),
    ];
    html.element("div", &attributes, |html| {
        html.element("div", &[("class", "drawer-bar")], |html| {
            html.leaf("h2", &[("id", "drawer-title")], "Finding")?;
            html.leaf(
                "button",
                &[("id", "copy-markdown"), ("type", "button")],
                "Copy as Markdown",
            )?;
            html.leaf(
                "button",
                &[("id", "drawer-close"), ("type", "button")],
                "Close",
            )
        })?;
        html.empty(
            "div",
            &[
                ("id", "drawer-status"),
                ("role", "status"),
                ("aria-live", "polite"),
            ],
        )?;
        html.empty("div", &[("id", "drawer-content")])
    })
}
