"""Checks a custom resource against the definition of its kind.

    python3 custom_resource.py RESOURCE DEFINITION…
    python3 custom_resource.py --rego TEMPLATE

A definition is a CustomResourceDefinition, or a Gatekeeper template, which defines the kind of its
constraints. Members that a definition does not know are errors, as a cluster drops them without a word.
With --rego the Rego of a template is printed.
"""

import sys

import jsonschema
import ruamel.yaml


def load(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in ruamel.yaml.YAML(typ="safe").load_all(file) if document]


def strict(schema):
    """The schema with unknown members forbidden wherever it lists known ones."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and isinstance(schema.get("type"), str):
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result.setdefault("additionalProperties", False)
    # Kubernetes lets a number stand for a text here, which JSON Schema knows no word for.
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def schema_of(resource, definitions):
    group, _, version = resource["apiVersion"].partition("/")
    for definition in definitions:
        spec = definition["spec"]
        if definition["kind"] == "CustomResourceDefinition":
            if (spec["group"], spec["names"]["kind"]) == (group, resource["kind"]):
                for known in spec["versions"]:
                    if known["name"] == version:
                        schema = dict(known["schema"]["openAPIV3Schema"])
                        # The cluster's own, of which a definition says nothing.
                        schema["properties"] = {**schema["properties"], "metadata": {"type": "object"}}
                        return strict(schema)
        elif definition["kind"] == "ConstraintTemplate":
            crd = spec["crd"]["spec"]
            if group == "constraints.gatekeeper.sh" and crd["names"]["kind"] == resource["kind"]:
                parameters = strict(crd["validation"]["openAPIV3Schema"])
                return {
                    "type": "object",
                    "required": ["spec"],
                    "properties": {
                        "spec": {
                            "type": "object",
                            "required": ["match", "parameters"],
                            "properties": {
                                "enforcementAction": {"enum": ["deny", "dryrun", "warn", "scoped"]},
                                "match": {"type": "object"},
                                "parameters": parameters,
                            },
                            "additionalProperties": False,
                        }
                    },
                }
    return None


def main():
    if sys.argv[1] == "--rego":
        (template,) = load(sys.argv[2])
        print(template["spec"]["targets"][0]["rego"])
        return
    path, *paths = sys.argv[1:]
    definitions = [definition for name in paths for definition in load(name)]
    errors = []
    for resource in load(path):
        schema = schema_of(resource, definitions)
        if schema is None:
            sys.exit(f"{path}: no definition of {resource['apiVersion']} {resource['kind']}")
        validator = jsonschema.Draft7Validator(schema)
        errors += [f"{path}: {error.json_path}: {error.message}" for error in validator.iter_errors(resource)]
    if errors:
        sys.exit("\n".join(errors))


main()
