#!/usr/bin/env bash
# Checks examples/ci and examples/kubernetes with the linters, schemas and tools of their owners.
#
#     tests/examples/run.sh [CROSSCHECK]
#
# CROSSCHECK is the program, by default built here. Exit code 0 means that none of them found anything. Needs
# Go, Python 3, and apt-get for what else is missing. Tools stand in ~/.cache/crosscheck-ci by version;
# making them takes a quarter of an hour the first time (most of it for Kyverno and cosign), and nothing later.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-ci
# shellcheck source=tests/examples/versions.env
source "$here/versions.env"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0

# check WHAT COMMAND…: counts, and shows the output of a command that fails.
check() {
    local what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$what"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$what"
        sed 's/^/        /' "$work/output"
    fi
}

apt_install() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get update -q
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -qy --no-install-recommends "$@"
}

# A folder in the cache counts once it is complete: it is made beside, then renamed.
cached() {
    local name=$1 make=$2
    [ -d "$cache/$name" ] && return
    echo "Making $name" >&2
    rm -rf "$cache/$name.new"
    mkdir -p "$cache/$name.new"
    "$make" "$cache/$name.new" >"$work/make.log" 2>&1 || {
        tail -n 20 "$work/make.log" >&2
        echo "error: $name cannot be made" >&2
        exit 1
    }
    mv "$cache/$name.new" "$cache/$name"
}

go_install() {
    GOFLAGS='' GOBIN=$1 go install "$2"
}

# Where Go keeps the source of a module.
module() {
    (cd / && go mod download -json "$1") |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])'
}

make_actionlint() { go_install "$1" "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint"; }
make_opa() { go_install "$1" "github.com/open-policy-agent/opa@v$opa"; }
make_cosign() { go_install "$1" "github.com/sigstore/cosign/v3/cmd/cosign@v$cosign"; }
make_kyverno() {
    # Its module replaces another, which `go install` refuses.
    local source
    source=$(module "github.com/kyverno/kyverno@v$kyverno")
    (cd "$source" && GOFLAGS='' go build -o "$1/kyverno" ./cmd/cli/kubectl-kyverno)
    cp "$source"/config/crds/kyverno/kyverno.io_clusterpolicies.yaml \
        "$source"/config/crds/policies.kyverno.io/policies.kyverno.io_imagevalidatingpolicies.yaml "$1"
}
make_gatekeeper() {
    local source
    source=$(module "github.com/open-policy-agent/gatekeeper/v3@v$gatekeeper")
    cp "$source"/charts/gatekeeper/crds/{constrainttemplate,provider}-customresourcedefinition.yaml "$1"
}
make_linters() {
    # No pip in it: that comes from outside, so that the folder can be renamed.
    python3 -m pip install --quiet --target "$1" \
        "check-jsonschema==$check_jsonschema" "yamllint==$yamllint"
}

packages=()
command -v shellcheck >/dev/null || packages+=(shellcheck)
command -v groovy >/dev/null || packages+=(groovy default-jre-headless)
command -v docker-registry >/dev/null || packages+=(docker-registry)
[ "${#packages[@]}" -eq 0 ] || apt_install "${packages[@]}" >&2
linters=linters-$check_jsonschema-$yamllint
cached "$linters" make_linters
cached "actionlint-$actionlint" make_actionlint
cached "opa-$opa" make_opa
cached "gatekeeper-$gatekeeper" make_gatekeeper
cached "kyverno-$kyverno" make_kyverno
cached "cosign-$cosign" make_cosign
export PYTHONPATH="$cache/$linters"
actionlint="$cache/actionlint-$actionlint/actionlint"
opa="$cache/opa-$opa/opa"
crosscheck=${1:-${CROSSCHECK:-}}
if [ -z "$crosscheck" ]; then
    cargo build --locked --quiet --release --manifest-path "$root/Cargo.toml"
    crosscheck=$(cargo metadata --no-deps --format-version 1 --manifest-path "$root/Cargo.toml" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/crosscheck
fi
crosscheck=$(realpath "$crosscheck")
schema() { python3 -m check_jsonschema "$@"; }

cd "$root"
ci=examples/ci
kubernetes=examples/kubernetes

check "yamllint" python3 -m yamllint --strict --config-file "$here/yamllint.yaml" "$ci" "$kubernetes"
check "shellcheck: scripts" shellcheck --external-sources "$ci/scan.sh" tests/examples/*.sh tests/browser/*.sh docs/screens/*.sh
check "scan.sh passes every exit code on" "$here/scan_codes.sh" "$ci/scan.sh"
check "GitHub Actions: actionlint" "$actionlint" -shellcheck "$(command -v shellcheck)" "$ci/github-actions.yml"
check "GitHub Actions: schema" schema --builtin-schema vendor.github-workflows "$ci/github-actions.yml"
check "GitHub Actions: every job has a timeout" \
    schema --builtin-schema custom.github-workflows-require-timeout "$ci/github-actions.yml"
check "GitLab CI: schema" \
    schema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$ci/gitlab-ci.yml"
# The schema has regular expressions that are not valid in the strict mode of ECMAScript.
check "Azure Pipelines: schema" \
    schema --builtin-schema vendor.azure-pipelines --data-transform azure-pipelines \
    --regex-variant nonunicode "$ci/azure-pipelines.yml"
check "scripts in YAML: shellcheck" python3 "$here/scripts.py" "$ci/gitlab-ci.yml" "$ci/azure-pipelines.yml"
check "Jenkins: every exit code, by a stand-in for the pipeline's steps" \
    groovy "$here/jenkins.groovy" "$ci/Jenkinsfile"

check "formats that crosscheck knows" python3 "$here/formats.py" "$crosscheck" examples/runs/pytorch-cuda \
    "$ci"/[!R]* "$kubernetes/README.md"

crds=("$cache/gatekeeper-$gatekeeper"/*.yaml "$cache/kyverno-$kyverno"/*.yaml)
for file in "$kubernetes"/*/*.yaml; do
    check "custom resource: ${file#"$kubernetes"/}" \
        python3 "$here/custom_resource.py" "$file" "${crds[@]}" "$kubernetes/gatekeeper/template.yaml"
done
python3 "$here/custom_resource.py" --rego "$kubernetes/gatekeeper/template.yaml" >"$work/template.rego"
cp "$here/gatekeeper_test.rego" "$work/"
check "Gatekeeper: opa check" "$opa" check --strict --v0-compatible "$work"/*.rego
check "Gatekeeper: opa test" "$opa" test --v0-compatible "$work"/*.rego
check "Kyverno: images with signed attestations" python3 "$here/kyverno.py" \
    "$cache/kyverno-$kyverno/kyverno" "$cache/cosign-$cosign/cosign" "$kubernetes"

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
