"""Hands the scripts in GitLab's and Azure's files to shellcheck (GitHub's are checked by actionlint).

    python3 scripts.py FILE…
"""

import re
import subprocess
import sys

import ruamel.yaml


def scripts(node):
    """Every script in a file, as one text each."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("script", "before_script", "after_script", "bash"):
                yield value if isinstance(value, str) else "\n".join(value)
            else:
                yield from scripts(value)
    elif isinstance(node, list):
        for item in node:
            yield from scripts(item)


def main():
    failed = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            found = list(scripts(ruamel.yaml.YAML(typ="safe").load(file)))
        if not found:
            sys.exit(f"{path}: no script found")
        for script in found:
            # Azure replaces $(name) before the shell reads the script: the text would become code.
            if "azure" in path and re.search(r"\$\([\w.]+\)", script):
                sys.exit(f"{path}: a variable is put into a script; pass it by env")
            result = subprocess.run(
                ["shellcheck", "--shell", "bash", "-"], input=script, text=True, check=False
            )
            failed |= result.returncode != 0
    sys.exit(failed)


main()
