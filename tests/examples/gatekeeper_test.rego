# Tests of examples/kubernetes/gatekeeper/template.yaml, whose Rego run.sh takes out.
package crosscheckverdict

# No name of a variable in the template may be one of a rule here.

# Stands in for Gatekeeper's built-in function, which OPA lacks; the tests say what it answers.
external_data(request) := request.answer

some_image := "registry.example.com/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

some_predicate := {
	"scanner": {"result": {"verdict": "pass", "profile": "production"}},
	"metadata": {"scanFinishedOn": "2026-11-01T07:00:00Z"},
}

# An hour after the scan.
now := time.parse_rfc3339_ns("2026-11-01T08:00:00Z")

pod(spec) := {
	"review": {"object": {"kind": "Pod", "spec": spec}},
	"parameters": {"provider": "p", "profiles": ["production"], "maxAgeHours": 24},
}

plain := pod({"containers": [{"name": "app", "image": some_image}]})

answering(value) := {"responses": [[some_image, value]], "errors": [], "system_error": "", "status_code": 0}

# What the template says when the provider answers so.
refusals(given, reply, moment) := messages {
	messages := {refusal.msg | violation[refusal]} with input as given
		with data.crosscheckverdict.external_data as reply
		with time.now_ns as moment
}

test_pass_is_admitted {
	refusals(plain, answering(some_predicate), now) == set()
}

test_pod_without_images_is_admitted {
	refusals(pod({}), {"responses": [], "errors": [], "system_error": "away"}, now) == set()
}

test_the_provider_is_asked_for_every_image_of_every_kind {
	given := pod({
		"containers": [{"image": "a"}],
		"initContainers": [{"image": "b"}],
		"ephemeralContainers": [{"image": "c"}],
	})
	asked := images with input as given
	asked == {"a", "b", "c"}
}

test_other_verdicts_are_refused {
	verdicts := {"block", "insufficient", "PASS", "", null, true}
	refused := {verdict |
		verdict := verdicts[_]
		change := {"op": "replace", "path": "/scanner/result/verdict", "value": verdict}
		said := refusals(plain, answering(json.patch(some_predicate, [change])), now)
		said == {sprintf("%v: crosscheck's verdict is %v", [some_image, verdict])}
	}
	refused == verdicts
}

test_another_profile_is_refused {
	changed := json.patch(some_predicate, [{"op": "replace", "path": "/scanner/result/profile", "value": "development"}])
	count(refusals(plain, answering(changed), now)) == 1
}

test_a_day_is_not_too_old_and_more_is {
	day := (24 * 3600) * 1000000000
	scanned := time.parse_rfc3339_ns("2026-11-01T07:00:00Z")
	refusals(plain, answering(some_predicate), scanned + day) == set()
	count(refusals(plain, answering(some_predicate), (scanned + day) + 1)) == 1
}

test_a_scan_of_the_future_is_refused {
	scanned := time.parse_rfc3339_ns("2026-11-01T07:00:00Z")
	refusals(plain, answering(some_predicate), scanned) == set()
	count(refusals(plain, answering(some_predicate), scanned - 1)) == 1
}

test_what_is_missing_is_refused {
	values := {{}, null, "pass", {"scanner": {}}, [], true, false}
	refused := {value |
		value := values[_]
		count(refusals(plain, answering(value), now)) > 0
	}
	refused == values
}

test_a_scan_without_a_time_is_refused {
	changed := json.remove(some_predicate, ["/metadata"])
	count(refusals(plain, answering(changed), now)) == 1
}

test_an_image_without_attestation_is_refused {
	reply := {"responses": [], "errors": [[some_image, "no attestation"]], "system_error": "", "status_code": 200}
	refusals(plain, reply, now) == {sprintf("%v: no attestation", [some_image])}
}

test_silence_of_the_provider_is_refused {
	count(refusals(plain, {"responses": [], "errors": [], "system_error": ""}, now)) == 1
}

test_a_provider_that_is_away_is_refused {
	reply := {"responses": [], "errors": [], "system_error": "connection refused", "status_code": 500}
	count(refusals(plain, reply, now)) > 0
}

test_one_bad_image_of_two_is_refused {
	given := pod({"containers": [{"image": some_image}], "initContainers": [{"image": "other"}]})
	bad := json.patch(some_predicate, [{"op": "replace", "path": "/scanner/result/verdict", "value": "block"}])
	reply := {"responses": [[some_image, some_predicate], ["other", bad]], "errors": [], "system_error": ""}
	refusals(given, reply, now) == {"other: crosscheck's verdict is block"}
}
