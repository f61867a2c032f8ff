//! What the three formats say, read into one form.

use super::*;

fn error(bytes: &[u8]) -> String {
    read(bytes, "a.json").unwrap_err().to_string()
}

#[test]
fn openvex_gives_every_member_of_a_statement() {
    let document = parsed(
        "a.json",
        &openvex(&json!([{
            "vulnerability": {
                "@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-5535",
                "name": "ghsa-4fc7-MVRR-wv2c", "aliases": ["DEBIAN-CVE-2024-5535"],
            },
            "products": [{
                "@id": "pkg:oci/trainer", "hashes": {"sha-256": "a".repeat(64)},
                "subcomponents": [{"identifiers": {"purl": "pkg:deb/debian/libssl3"}}],
            }],
            "status": "not_affected", "justification": "component_not_present",
            "impact_statement": "It is not there.", "status_notes": "Looked.",
            "timestamp": "2026-01-01T00:00:00Z", "last_updated": "2026-02-01T00:00:00+01:00",
        }])),
    );
    assert_eq!(document.format, VexFormat::OpenVex);
    assert_eq!(document.author.as_deref(), Some("Example Security"));
    assert_eq!((document.skipped, document.diagnostics.len()), (0, 0));
    let [statement] = &document.statements[..] else {
        panic!("{document:#?}")
    };
    let ids: Vec<&str> = statement
        .ids
        .iter()
        .map(crate::model::AdvisoryId::as_str)
        .collect();
    assert_eq!(ids, ["GHSA-4fc7-mvrr-wv2c", "CVE-2024-5535"]);
    assert_eq!(statement.status, VexStatus::NotAffected);
    assert_eq!(
        statement.justification,
        Some(Justification::ComponentNotPresent)
    );
    assert_eq!(
        statement.impact_statement.as_deref(),
        Some("It is not there.")
    );
    assert_eq!(statement.notes.as_deref(), Some("Looked."));
    assert_eq!(
        statement.timestamp.unwrap().to_string(),
        "2026-01-31T23:00:00Z"
    );
    assert_eq!(statement.pointer, "/statements/0");
    assert_eq!(statement.products[0].parts.len(), 1);
}

#[test]
fn a_statement_of_openvex_inherits_when_the_document_was_issued() {
    let bare = harmless(&json!(["pkg:oci/trainer"]));
    let mut dated = bare.clone();
    dated["timestamp"] = json!("2026-03-01T00:00:00Z");
    let mut unreadable = bare.clone();
    unreadable["timestamp"] = json!("yesterday");
    let mut document = openvex(&json!([bare, dated, unreadable]));
    document["last_updated"] = json!("2026-11-20T00:00:00Z");
    let read = parsed("a.json", &document);
    let times: Vec<Option<String>> = read
        .statements
        .iter()
        .map(|one| one.timestamp.map(|time| time.to_string()))
        .collect();
    assert_eq!(
        times,
        [
            Some("2026-01-02T03:04:05Z".to_owned()),
            Some("2026-03-01T00:00:00Z".to_owned()),
            None,
        ]
    );
    assert_eq!(read.timestamp.unwrap().to_string(), "2026-11-20T00:00:00Z");
}

#[test]
fn an_iri_of_another_cve_is_told_and_names_nothing() {
    let with_name = |vulnerability: Value| {
        let mut statement = harmless(&json!(["pkg:oci/trainer"]));
        statement["vulnerability"] = vulnerability;
        openvex(&json!([statement]))
    };
    let page = "https://nvd.nist.gov/vuln/detail/CVE-2024-5535";
    for name in ["CVE-2020-1000", "CVE-2020-1"] {
        let other = with_name(json!({"@id": page, "name": name}));
        assert_eq!(ignored(&[&other], &openssl()), [false, false], "{name}");
        let told = messages(&other);
        assert!(told[0].contains("leads to another vulnerability than `name`"));
    }
    let both = json!({"@id": page, "name": "CVE-2020-1000", "aliases": ["CVE-2024-5535"]});
    assert!(messages(&with_name(both)).is_empty());
    let only = with_name(json!({"@id": page, "name": "GHSA-aaaa-bbbb-cccc"}));
    assert_eq!(ignored(&[&only], &openssl()), [true, true]);
    assert!(messages(&only).is_empty());
}

#[test]
fn the_first_shape_of_openvex_has_plain_strings() {
    let statement = only(&json!({
        "@context": "https://openvex.dev/ns", "@id": "x", "author": "a", "version": "1",
        "timestamp": "2023-01-01T00:00:00Z",
        "statements": [{
            "vulnerability": "CVE-2024-5535", "products": ["pkg:oci/trainer", "pkg:oci/other"],
            "subcomponents": ["pkg:deb/debian/libssl3"], "status": "fixed",
        }],
    }));
    assert_eq!(statement.ids[0].as_str(), "CVE-2024-5535");
    assert_eq!(statement.products.len(), 2);
    assert!(statement.products.iter().all(|one| one.parts.len() == 1));
    assert_eq!(
        statement.timestamp.unwrap().to_string(),
        "2023-01-01T00:00:00Z"
    );
}

#[test]
fn a_bad_statement_costs_itself_and_is_told() {
    let good = harmless(&json!([{"@id": "pkg:oci/trainer"}]));
    let with = |key: &str, value: Value| {
        let mut statement = good.clone();
        statement[key] = value;
        statement
    };
    let document = openvex(&json!([
        good,
        with("status", json!("harmless")),
        with("vulnerability", json!({"name": ""})),
        with("products", json!([])),
        with(
            "products",
            json!([{"identifiers": {"cpe23": "cpe:2.3:a:b:c"}}])
        ),
        with("products", json!([{"@id": "pkg:oci"}])),
        [1, 2],
    ]));
    let read = parsed("a.json", &document);
    assert_eq!((read.statements.len(), read.skipped), (1, 6));
    let messages = messages(&document);
    for (pointer, words) in [
        ("/statements/1 ", "`harmless` is no status"),
        ("/statements/2 ", "names no vulnerability"),
        ("/statements/3 ", "an id alone ignores nothing"),
        ("/statements/4 ", "by nothing that a scan shows"),
        ("/statements/5/products/0 ", "is not a package URL"),
        ("/statements/6 ", "expected an object"),
    ] {
        assert!(
            messages
                .iter()
                .any(|m| m.starts_with(pointer) && m.contains(words)),
            "{pointer}{words}: {messages:#?}"
        );
    }
}

#[test]
fn not_affected_without_a_reason_is_told_and_does_not_ignore() {
    let mut bare = harmless(&json!(["pkg:oci/trainer"]));
    bare["justification"] = json!("because");
    let document = openvex(&json!([bare]));
    let messages = messages(&document);
    assert!(messages[0].contains("`because` is no justification"));
    assert!(messages[1].contains("does not ignore"), "{messages:#?}");
    assert_eq!(ignored(&[&document], &openssl()), [false, false]);
}

fn bom(vulnerability: &Value) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {
            "timestamp": "2026-01-01T00:00:00Z", "authors": [{"name": "Ada"}],
            "component": {
                "bom-ref": "image", "type": "container", "name": "registry.example.com/team/trainer",
                "version": "2.4.0",
            },
        },
        "components": [{
            "bom-ref": "group", "type": "application", "name": "system",
            "components": [{
                "bom-ref": "ssl", "type": "library", "name": "libssl3",
                "purl": "pkg:deb/debian/libssl3@3.0.15-1~deb12u1",
            }],
        }],
        "vulnerabilities": [vulnerability, {"id": "CVE-2020-1000"}],
    })
}

fn analysed(state: &str, affects: &Value) -> Value {
    bom(&json!({
        "id": "CVE-2024-5535", "references": [{"id": "GHSA-4fc7-mvrr-wv2c"}],
        "analysis": {
            "state": state, "justification": "code_not_reachable", "detail": "No path.",
            "response": ["will_not_fix"], "lastUpdated": "2026-03-01T00:00:00Z",
        },
        "affects": affects,
    }))
}

#[test]
fn cyclonedx_analyses_are_statements_on_parts_of_the_subject() {
    let document = analysed("not_affected", &json!([{"ref": "ssl"}]));
    let read = parsed("a.json", &document);
    assert_eq!(read.author.as_deref(), Some("Ada"));
    assert!(messages(&document)[0].contains("1 of its vulnerabilities have no analysis"));
    let statement = &read.statements[0];
    assert_eq!(statement.ids.len(), 2);
    assert_eq!(
        statement.justification,
        Some(Justification::VulnerableCodeNotInExecutePath)
    );
    assert_eq!(statement.impact_statement.as_deref(), Some("No path."));
    assert_eq!(statement.notes.as_deref(), Some("response: will_not_fix"));
    assert_eq!(
        statement.timestamp.unwrap().to_string(),
        "2026-03-01T00:00:00Z"
    );
    assert_eq!(ignored(&[&document], &openssl()), [true, false]);
    let whole = analysed("not_affected", &json!([{"ref": "image"}]));
    assert_eq!(ignored(&[&whole], &openssl()), [true, true]);
    let linked = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Adeb%2Fdebian%2Fopenssl";
    let linked = analysed("not_affected", &json!([{"ref": linked}]));
    assert_eq!(ignored(&[&linked], &openssl()), [false, true]);
}

#[test]
fn a_link_into_another_bom_names_nothing_here() {
    const OWN: &str = "3E671687-395b-41f5-a30f-a58921a69b79";
    const OTHER: &str = "00000000-395b-41f5-a30f-a58921a69b79";
    for (link, version, expected) in [
        (format!("urn:cdx:{OWN}/1#ssl"), json!(null), true),
        (format!("urn:cdx:{OWN}/4#ssl"), json!(4), true),
        (format!("urn:cdx:{OWN}/3#ssl"), json!(4), false),
        (format!("urn:cdx:{OTHER}/1#ssl"), json!(1), false),
        (
            format!("urn:cdx:{OTHER}/1#pkg:deb/debian/libssl3"),
            json!(1),
            false,
        ),
        (format!("urn:cdx:{OTHER}/1"), json!(1), false),
    ] {
        let mut document = analysed("not_affected", &json!([{"ref": link}]));
        document["version"] = version;
        assert_eq!(
            ignored(&[&document], &openssl()),
            [expected, false],
            "{link}"
        );
        let told = messages(&document);
        assert_eq!(
            told[0].contains("leads into another BOM"),
            !expected,
            "{told:?}"
        );
    }
    let mut document = analysed(
        "not_affected",
        &json!([{"ref": format!("urn:cdx:{OWN}/1#ssl")}]),
    );
    document["serialNumber"] = json!(null);
    assert_eq!(ignored(&[&document], &openssl()), [false, false]);
}

#[test]
fn a_bom_ref_of_two_components_leads_nowhere() {
    let mut document = analysed("not_affected", &json!([{"ref": "ssl"}]));
    let twin = json!({"bom-ref": "ssl", "purl": "pkg:deb/debian/openssl"});
    document["components"].as_array_mut().unwrap().push(twin);
    assert!(messages(&document)[0].contains("`ssl` is defined twice"));
    assert_eq!(ignored(&[&document], &openssl()), [false, false]);
}

#[test]
fn cyclonedx_states_have_openvex_words() {
    for (state, status) in [
        ("not_affected", VexStatus::NotAffected),
        ("false_positive", VexStatus::NotAffected),
        ("resolved", VexStatus::Fixed),
        ("resolved_with_pedigree", VexStatus::Fixed),
        ("exploitable", VexStatus::Affected),
        ("in_triage", VexStatus::UnderInvestigation),
    ] {
        let document = analysed(state, &json!([{"ref": "ssl"}]));
        assert_eq!(only(&document).status, status, "{state}");
    }
    let document = analysed("fine", &json!([{"ref": "ssl"}]));
    assert!(messages(&document)[0].contains("`fine` is no analysis state"));
    let document = analysed("resolved", &json!([{"ref": "nowhere"}]));
    assert!(messages(&document)[0].contains("no component has the bom-ref `nowhere`"));
}

#[test]
fn a_justification_without_openvex_word_is_a_reason_in_words() {
    let mut document = analysed("not_affected", &json!([{"ref": "ssl"}]));
    document["vulnerabilities"][0]["analysis"] =
        json!({"state": "not_affected", "justification": "requires_environment"});
    let statement = only(&document);
    assert_eq!(statement.justification, None);
    assert_eq!(
        statement.impact_statement.as_deref(),
        Some("CycloneDX justification: requires_environment")
    );
}

#[test]
fn cyclonedx_versions_limit_a_statement() {
    for (state, versions, expected) in [
        (
            "not_affected",
            json!([{"version": "3.0.15-1~deb12u1"}]),
            true,
        ),
        ("not_affected", json!([{"version": "3.0.14"}]), false),
        ("not_affected", json!([{"range": "vers:deb/<3.0.16"}]), true),
        ("not_affected", json!([{"range": "vers:deb/<3.0.1"}]), false),
        ("not_affected", json!([{"range": "<3.0.16"}]), false),
        (
            "not_affected",
            json!([{"range": "vers:deb/<3.0.16", "status": "unknown"}]),
            false,
        ),
        ("resolved", json!([{"range": "vers:deb/<3.0.16"}]), false),
        (
            "resolved",
            json!([{"range": "vers:deb/>=3.0", "status": "unaffected"}]),
            true,
        ),
    ] {
        let document = analysed(state, &json!([{"ref": "ssl", "versions": versions}]));
        let expected = [expected, false];
        assert_eq!(ignored(&[&document], &openssl()), expected, "{versions}");
    }
    let document = analysed(
        "not_affected",
        &json!([{"ref": "ssl", "versions": [{"range": "vers:npm/<4.0.0"}]}]),
    );
    let statements = Statements::new(vec![parsed("a.json", &document)], &product(), now());
    let resolution = statements.on(&openssl());
    assert!(resolution.notes[0].contains("cannot be compared with libssl3"));
}

fn csaf(status: &Value, more: &Value) -> Value {
    let mut vulnerability = json!({
        "cve": "CVE-2024-5535", "ids": [{"system_name": "GitHub", "text": "GHSA-4fc7-mvrr-wv2c"}],
        "product_status": status,
    });
    for (key, value) in more.as_object().unwrap() {
        vulnerability[key] = value.clone();
    }
    json!({
        "document": {
            "category": "csaf_vex", "csaf_version": "2.0", "title": "t",
            "publisher": {"category": "vendor", "name": "Example", "namespace": "https://e.invalid"},
            "tracking": {
                "id": "E-1", "status": "final", "version": "1",
                "initial_release_date": "2026-01-01T00:00:00Z",
                "current_release_date": "2026-02-01T00:00:00Z",
            },
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": "Example", "branches": [
                {"category": "product_version", "name": "2.4.0", "product": {
                    "name": "Trainer", "product_id": "IMAGE", "product_identification_helper":
                        {"purl": "pkg:oci/trainer?repository_url=registry.example.com/team"}}},
                {"category": "product_version_range", "name": "vers:deb/<3.0", "product": {
                    "name": "OpenSSL", "product_id": "OLD",
                    "product_identification_helper": {"purl": "pkg:deb/debian/openssl"}}},
                {"category": "product_version_range", "name": "before 3", "product": {
                    "name": "OpenSSL", "product_id": "VAGUE",
                    "product_identification_helper": {"purl": "pkg:deb/debian/openssl"}}},
            ]}],
            "full_product_names": [
                {"name": "libssl3", "product_id": "SSL",
                 "product_identification_helper": {"purl": "pkg:deb/debian/libssl3"}},
                {"name": "Enterprise", "product_id": "OS", "product_identification_helper":
                    {"cpe": "cpe:/o:example:enterprise:9"}},
            ],
            "product_groups": [{"group_id": "G", "product_ids": ["SSL-IN-IMAGE", "SSL"]}],
            "relationships": [
                {"category": "default_component_of", "product_reference": "SSL",
                 "relates_to_product_reference": "IMAGE",
                 "full_product_name": {"name": "x", "product_id": "SSL-IN-IMAGE"}},
                {"category": "default_component_of", "product_reference": "SSL",
                 "relates_to_product_reference": "OS",
                 "full_product_name": {"name": "y", "product_id": "SSL-IN-OS"}},
            ],
        },
        "vulnerabilities": [vulnerability],
    })
}

#[test]
fn csaf_products_are_found_through_tree_and_relationships() {
    let flag = json!({"flags": [
        {"label": "vulnerable_code_not_present", "product_ids": ["IMAGE", "OLD", "VAGUE", "SSL-IN-OS"],
         "group_ids": ["G"]},
    ]});
    for (product, expected) in [
        ("SSL-IN-IMAGE", [true, false]),
        ("SSL", [true, false]),
        ("IMAGE", [true, true]),
        ("OLD", [false, false]),
        ("VAGUE", [false, false]),
        ("SSL-IN-OS", [false, false]),
        ("NOWHERE", [false, false]),
    ] {
        let document = csaf(&json!({"known_not_affected": [product]}), &flag);
        assert_eq!(ignored(&[&document], &openssl()), expected, "{product}");
    }
    let document = csaf(&json!({"known_not_affected": ["VAGUE", "NOWHERE"]}), &flag);
    let messages = messages(&document).join("\n");
    assert!(messages.contains("before 3"), "{messages}");
    assert!(messages.contains("1 of its product ids are not in the product tree"));
}

#[test]
fn a_product_name_of_csaf_is_no_image_unless_it_looks_like_a_reference() {
    for (name, run, expected) in [
        ("nginx", "nginx", 0),
        ("nginx:1.25", "nginx:1.25", 1),
        ("nginx:1.25", "nginx", 0),
    ] {
        let mut document = csaf(&json!({"fixed": ["P"]}), &json!({}));
        document["product_tree"]["full_product_names"] = json!([{"name": name, "product_id": "P"}]);
        document["product_tree"]["relationships"] = json!([]);
        let read = vec![parsed("a.json", &document)];
        let statements = Statements::new(read, &Product::new(&target(run), &[]), now());
        let matched = statements.on(&openssl()).matched.len();
        assert_eq!(matched, expected, "{name} {run}");
    }
}

#[test]
fn csaf_reasons_belong_to_their_products() {
    let status = json!({"known_not_affected": ["SSL", "IMAGE", "OLD"]});
    let document = csaf(
        &status,
        &json!({
            "flags": [{"label": "component_not_present", "product_ids": ["SSL"]}],
            "threats": [
                {"category": "impact", "details": "Off by default.", "product_ids": ["IMAGE"]},
                {"category": "exploit_status", "details": "None seen.", "product_ids": ["OLD"]},
            ],
        }),
    );
    let read = parsed("a.json", &document);
    let reasons: Vec<_> = read
        .statements
        .iter()
        .map(|one| {
            (
                one.justification,
                one.impact_statement.as_deref(),
                one.ignores(),
            )
        })
        .collect();
    assert_eq!(
        reasons,
        [
            (None, None, false),
            (None, Some("Off by default."), true),
            (Some(Justification::ComponentNotPresent), None, true),
        ]
    );
    assert_eq!(read.author.as_deref(), Some("Example"));
    assert_eq!(
        read.statements[0].timestamp.unwrap().to_string(),
        "2026-02-01T00:00:00Z"
    );
}

#[test]
fn a_threat_without_products_is_no_reason() {
    let threat = json!({"threats": [{"category": "impact", "details": "Moderate"}]});
    let document = csaf(&json!({"known_not_affected": ["SSL"]}), &threat);
    assert_eq!(ignored(&[&document], &openssl()), [false, false]);
    let words = "/vulnerabilities/0/threats/0 it names no product";
    let is_told = |document: &Value| messages(document).iter().any(|m| m.starts_with(words));
    assert!(is_told(&document));
    let threat = json!({"threats": [
        {"category": "impact", "details": "No such code.", "group_ids": ["G"]},
    ]});
    let document = csaf(&json!({"known_not_affected": ["SSL"]}), &threat);
    assert_eq!(ignored(&[&document], &openssl()), [true, false]);
    // Where nothing needs a reason there is nothing to tell.
    let threat = json!({"threats": [{"category": "impact", "details": "Moderate"}]});
    let document = csaf(&json!({"known_affected": ["SSL"]}), &threat);
    assert!(!is_told(&document));
}

#[test]
fn a_draft_of_csaf_ignores_nothing() {
    let flag = json!({"flags": [{"label": "component_not_present", "product_ids": ["SSL"]}]});
    for (stage, expected, words) in [
        ("final", true, ""),
        ("interim", true, "the document is interim"),
        ("draft", false, "the document is a draft"),
    ] {
        for list in ["known_not_affected", "fixed"] {
            let mut document = csaf(&json!({list: ["SSL"]}), &flag);
            document["document"]["tracking"]["status"] = json!(stage);
            assert_eq!(
                ignored(&[&document], &openssl()),
                [expected, false],
                "{stage}"
            );
            assert!(messages(&document).join("\n").contains(words));
        }
    }
    let mut draft = csaf(&json!({"known_affected": ["SSL"]}), &json!({}));
    draft["document"]["tracking"]["status"] = json!("draft");
    assert_eq!(only(&draft).status, VexStatus::Affected);
}

#[test]
fn csaf_status_lists_have_openvex_words() {
    for (list, status) in [
        ("fixed", VexStatus::Fixed),
        ("first_fixed", VexStatus::Fixed),
        ("known_affected", VexStatus::Affected),
        ("first_affected", VexStatus::Affected),
        ("last_affected", VexStatus::Affected),
        ("under_investigation", VexStatus::UnderInvestigation),
    ] {
        let document = csaf(&json!({list: ["SSL"]}), &json!({}));
        let statement = only(&document);
        assert_eq!(statement.status, status);
        assert_eq!(
            statement.pointer,
            format!("/vulnerabilities/0/product_status/{list}")
        );
    }
    let document = csaf(
        &json!({"recommended": ["SSL"], "known_good": ["SSL"]}),
        &json!({}),
    );
    let read = parsed("a.json", &document);
    assert_eq!((read.statements.len(), read.skipped), (0, 1));
    let messages = messages(&document).join("\n");
    assert!(messages.contains("advice and no status"), "{messages}");
    assert!(messages.contains("`known_good` is no product status"));
}

#[test]
fn what_is_no_vex_document_says_so_with_place_and_remedy() {
    for (bytes, words) in [
        (&b""[..], "a.json: the file is empty"),
        (
            b"\xff",
            "a.json: not valid UTF-8 at byte 0; save the file as UTF-8",
        ),
        (b"<bom/>", "the file is XML"),
        (
            b"[]",
            "does not start with a JSON object; give an OpenVEX document",
        ),
        (b"{}", "the JSON is no VEX document"),
        (
            b"{\n \"@context\": \"https://openvex.dev/ns/v0.2.0\",\n",
            "a.json:3:",
        ),
        (
            b"{\"@context\": \"https://openvex.dev/ns/v0.3.0\"}",
            "/@context: version `0.3.0` of OpenVEX is not supported; use 0.0.1 to 0.2",
        ),
        (
            b"{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.2\"}",
            "/specVersion: version `1.2`",
        ),
        (
            b"{\"document\": {\"csaf_version\": \"1.2\"}}",
            "/document/csaf_version: version `1.2`",
        ),
        (
            b"{\"document\": {\"csaf_version\": \"2.0\"}, \"product_tree\": 1}",
            "not a well-formed CSAF document",
        ),
    ] {
        let error = error(bytes);
        assert!(error.contains(words), "{error}");
    }
    let marked = [b"\xEF\xBB\xBF", openvex(&json!([])).to_string().as_bytes()].concat();
    assert!(read(&marked, "a.json").is_ok());
}

#[test]
fn limits_hold() {
    let many = format!("[{}0]", "0,".repeat(100_000));
    let text = openvex(&json!([])).to_string();
    let text = text.replace("\"statements\":[]", &format!("\"statements\":{many}"));
    let message = error(text.as_bytes());
    assert!(message.contains("/statements: more than 100000 statements"));

    // One group that many flags name: each is short, together they are endless.
    let mut document = csaf(&json!({"known_not_affected": ["SSL"]}), &json!({}));
    let group = vec!["SSL"; 2000];
    document["product_tree"]["product_groups"] = json!([{"group_id": "G", "product_ids": group}]);
    let flag = json!({"label": "component_not_present", "group_ids": ["G"]});
    document["vulnerabilities"][0]["flags"] = json!(vec![flag; 1000]);
    let message = error(document.to_string().as_bytes());
    assert!(
        message.contains("/flags/500: more than 1000000 products in groups"),
        "{message}"
    );

    // The same in the first shape of OpenVEX, where parts belong to every product.
    let mut statement = harmless(&json!(vec!["pkg:oci/trainer"; 1100]));
    statement["subcomponents"] = json!(vec!["pkg:npm/a"; 1100]);
    let document = openvex(&json!([statement]));
    assert!(messages(&document)[0].contains("more than 1000000 products and parts"));

    let deep = format!(
        "{{\"document\":{{\"csaf_version\":\"2.0\"}},\"product_tree\":{{\"branches\":{}[]{}}}}}",
        "[{\"branches\":".repeat(10_000),
        "}]".repeat(10_000)
    );
    let message = error(deep.as_bytes());
    assert!(
        message.contains("not a well-formed CSAF document"),
        "{message}"
    );
}
