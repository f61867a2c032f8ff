//! Which of several statements counts.

use proptest::prelude::*;

use super::*;

/// A document whose one statement is on the whole image.
fn word(status: &str, time: Option<&str>) -> Value {
    let mut document = openvex(&json!([{
        "vulnerability": {"name": "CVE-2024-5535"}, "products": ["pkg:oci/trainer"],
        "status": status, "justification": "component_not_present",
    }]));
    document["timestamp"] = time.into();
    document
}

const EARLY: Option<&str> = Some("2026-01-01T00:00:00Z");
const FUTURE: Option<&str> = Some("2199-01-01T00:00:00Z");
const LATE: Option<&str> = Some("2026-02-01T00:00:00Z");

#[test]
fn the_newest_statement_counts_and_of_equals_the_one_that_ignores_less() {
    for (first, second, ignores) in [
        (("not_affected", EARLY), ("affected", LATE), false),
        (("not_affected", LATE), ("affected", EARLY), true),
        (("fixed", EARLY), ("under_investigation", LATE), false),
        (("not_affected", EARLY), ("affected", EARLY), false),
        (("fixed", None), ("under_investigation", None), false),
        (("not_affected", None), ("affected", EARLY), false),
        (("not_affected", EARLY), ("affected", None), false),
        (("fixed", LATE), ("under_investigation", None), false),
        (("not_affected", FUTURE), ("affected", EARLY), false),
        (("not_affected", LATE), ("affected", FUTURE), false),
        (("fixed", FUTURE), ("not_affected", None), true),
        (("not_affected", EARLY), ("fixed", EARLY), true),
    ] {
        let (a, b) = (word(first.0, first.1), word(second.0, second.1));
        for documents in [[&a, &b], [&b, &a]] {
            assert_eq!(
                ignored(&documents, &openssl()),
                [ignores, ignores],
                "{first:?} {second:?}"
            );
        }
    }
}

#[test]
fn a_contradiction_is_told_with_its_outcome_and_reason() {
    let documents = vec![
        parsed("vendor.json", &word("not_affected", EARLY)),
        parsed("team.json", &word("affected", LATE)),
    ];
    let resolution = Statements::new(documents, &product(), now()).on(&openssl());
    assert_eq!(
        resolution.conflicts,
        [
            "CVE-2024-5535 in libssl3 3.0.15-1~deb12u1, openssl 3.0.15-1~deb12u1: team.json \
             (/statements/0, affected, 2026-02-01T00:00:00Z) counts, vendor.json (/statements/0, \
             not_affected, 2026-01-01T00:00:00Z) does not: it is newer"
        ]
    );
    let ruling = resolution.rulings[0].as_ref().unwrap();
    assert_eq!(ruling.evidence.document, "team.json");
    assert_eq!(ruling.evidence.author.as_deref(), Some("Example Security"));
    assert_eq!(ruling.overruled[0].document, "vendor.json");
    assert_eq!(ruling.overruled[0].status, VexStatus::NotAffected);
    let agreeing = vec![
        parsed("a.json", &word("affected", EARLY)),
        parsed("b.json", &word("affected", LATE)),
    ];
    let resolution = Statements::new(agreeing, &product(), now()).on(&openssl());
    assert!(resolution.conflicts.is_empty());
}

#[test]
fn the_reason_for_an_outcome_is_true() {
    for (first, second, why) in [
        (("not_affected", EARLY), ("affected", LATE), "it is newer"),
        (
            ("not_affected", EARLY),
            ("affected", None),
            "it has no time, so the cautious one counts",
        ),
        (
            ("not_affected", EARLY),
            ("affected", FUTURE),
            "it is dated in the future, so the cautious one counts",
        ),
        (
            ("not_affected", None),
            ("affected", EARLY),
            "the other has no time",
        ),
        (
            ("not_affected", FUTURE),
            ("affected", EARLY),
            "the other is dated in the future",
        ),
        (
            ("not_affected", None),
            ("affected", FUTURE),
            "neither has a time that counts, and it does not ignore",
        ),
        (
            ("affected", EARLY),
            ("under_investigation", EARLY),
            "they are equally old, and it is the more cautious",
        ),
        (
            ("not_affected", EARLY),
            ("fixed", EARLY),
            "they are equally old, and both ignore",
        ),
    ] {
        let documents = vec![
            parsed("a.json", &word(first.0, first.1)),
            parsed("b.json", &word(second.0, second.1)),
        ];
        let told = Statements::new(documents, &product(), now())
            .on(&openssl())
            .conflicts;
        assert!(told[0].ends_with(&format!(": {why}")), "{told:?}");
    }
}

#[test]
fn statements_from_the_future_are_told_once_a_document() {
    let document = parsed("a.json", &word("affected", FUTURE));
    let told = document.diagnostics_at(now());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].pointer.as_deref(), Some("/statements/0"));
    assert!(
        told[0]
            .message
            .contains("dated in the future (2199-01-01T00:00:00Z);")
    );
    let moment = document.statements[0].timestamp.unwrap();
    assert!(document.diagnostics_at(moment).is_empty());
    let many = word("affected", FUTURE)["statements"][0].clone();
    let mut many = openvex(&json!([many, many, many]));
    many["timestamp"] = FUTURE.into();
    let told = parsed("a.json", &many).diagnostics_at(now());
    assert_eq!(told.len(), 1);
    assert!(told[0].message.contains("and so are 2 more"));
}

/// Many statements on many packages, of the image and of each: all are found. Holding each statement
/// against each package would take a quarter of a minute.
#[test]
fn many_statements_find_their_many_packages() {
    let names: Vec<String> = (0..1000).map(|number| format!("bin{number}")).collect();
    let installed: Vec<(&str, &str, Option<&str>)> = names
        .iter()
        .map(|name| (name.as_str(), "1-1", None))
        .collect();
    let finding = finding("deb", "source", &installed);
    let statement = harmless(&json!(["pkg:oci/trainer"]));
    let on_image = openvex(&json!(vec![statement; 10_000]));
    let on_packages: Vec<Value> = (0..10_000)
        .map(|number| harmless(&json!([format!("pkg:deb/debian/bin{number}")])))
        .collect();
    let documents = vec![
        parsed("a.json", &on_image),
        parsed("b.json", &openvex(&json!(on_packages))),
    ];
    let statements = Statements::new(documents, &product(), now());
    let resolution = statements.on(&finding);
    assert!(resolution.ignored().all(|ignored| ignored));
    assert_eq!(resolution.matched.len(), 11_000);
}

#[test]
fn one_part_can_be_overruled_alone() {
    let part =
        json!([{"@id": "pkg:oci/trainer", "subcomponents": [{"@id": "pkg:deb/debian/libssl3"}]}]);
    let mut affected = openvex(&json!([{
        "vulnerability": "CVE-2024-5535", "products": part, "status": "affected",
    }]));
    affected["timestamp"] = LATE.into();
    let documents = [&word("not_affected", EARLY), &affected];
    assert_eq!(ignored(&documents, &openssl()), [false, true]);
}

fn any_document() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec![
        "not_affected",
        "fixed",
        "affected",
        "under_investigation",
    ]);
    let time = prop::sample::select(vec![None, EARLY, LATE]);
    let product = prop::sample::select(vec![
        json!("pkg:oci/trainer"),
        json!("pkg:oci/other"),
        json!("pkg:deb/debian/libssl3"),
        json!("pkg:deb/debian/openssl?arch=source"),
        json!({"@id": REFERENCE, "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}),
    ]);
    let justification = prop::sample::select(vec![None, Some("component_not_present")]);
    let statement = (status, time, product, justification).prop_map(
        |(status, time, product, justification)| {
            json!({
                "vulnerability": "CVE-2024-5535", "products": [product], "status": status,
                "timestamp": time, "justification": justification,
            })
        },
    );
    prop::collection::vec(statement, 1..4).prop_map(|statements| openvex(&json!(statements)))
}

proptest! {
    #[test]
    fn the_order_of_documents_does_not_matter(
        documents in prop::collection::vec(any_document(), 1..5),
        by in 0..4_usize,
    ) {
        let read: Vec<VexDocument> = documents
            .iter()
            .enumerate()
            // Two documents may have one name.
            .map(|(index, document)| parsed(["a.json", "b.json"][index % 2], document))
            .collect();
        let mut turned = read.clone();
        turned.rotate_left(by % read.len());
        turned.reverse();
        let (one, other) = (Statements::new(read, &product(), now()), Statements::new(turned, &product(), now()));
        prop_assert_eq!(one.on(&openssl()), other.on(&openssl()));
        prop_assert_eq!(one.documents(), other.documents());
    }

    #[test]
    fn a_newest_affected_never_ignores_more(
        documents in prop::collection::vec(any_document(), 0..4),
        last in any_document(),
    ) {
        let mut last = last;
        for statement in last["statements"].as_array_mut().unwrap() {
            statement["status"] = "affected".into();
            statement["timestamp"] = "2026-03-01T00:00:00Z".into();
        }
        let mut all: Vec<&Value> = documents.iter().collect();
        let before = ignored(&all, &openssl());
        all.push(&last);
        let after = ignored(&all, &openssl());
        for (before, after) in before.iter().zip(after) {
            prop_assert!(*before || !after);
        }
    }
}
