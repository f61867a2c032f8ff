"""Tries the Kyverno policies on images with attestations that cosign really signed.

    python3 kyverno.py KYVERNO COSIGN FOLDER

FOLDER holds predicate.json and kyverno/*.yaml. A registry runs on loopback; keys are made for the test, and no
transparency log or other service is used.
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import ruamel.yaml

REPOSITORY = "app"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def now(hours_ago=0):
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours_ago)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Registry:
    """Debian's docker-registry on a free port."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        config = folder / "registry.yml"
        config.write_text(
            json.dumps(
                {
                    "version": "0.1",
                    "log": {"level": "error"},
                    "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
                    "http": {"addr": self.host, "secret": "of this test only"},
                }
            )
        )
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.process = subprocess.Popen(
            ["docker-registry", "serve", str(config)],
            env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                self.opener.open(f"http://{self.host}/v2/", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("the registry does not answer")

    def call(self, method, url, body=None, kind="application/octet-stream"):
        request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": kind})
        with self.opener.open(request, timeout=10) as answer:
            return answer.headers

    def push_blob(self, content):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        start = self.call("POST", f"http://{self.host}/v2/{REPOSITORY}/blobs/uploads/", b"")["Location"]
        joint = "&" if "?" in start else "?"
        self.call("PUT", f"{start}{joint}digest={digest}", content)
        return {"digest": digest, "size": len(content)}

    def push_image(self, name):
        """An image of nothing, told apart by a label; gives its reference by digest."""
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"name": name}},
            "rootfs": {"type": "layers", "diff_ids": []},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                **self.push_blob(json.dumps(config).encode()),
            },
            "layers": [],
        }
        content = json.dumps(manifest).encode()
        self.call("PUT", f"http://{self.host}/v2/{REPOSITORY}/manifests/{name}", content, MANIFEST)
        return f"{self.host}/{REPOSITORY}@sha256:{hashlib.sha256(content).hexdigest()}"


class Signer:
    """A key of cosign's, and what is signed with it."""

    def __init__(self, cosign, folder, name):
        self.cosign = cosign
        self.folder = folder / name
        self.folder.mkdir()
        self.environment = {**os.environ, "COSIGN_PASSWORD": "", "HOME": str(self.folder)}
        self.run("generate-key-pair")
        self.public_key = (self.folder / "cosign.pub").read_text()
        self.run("signing-config", "create", "--out", "signing.json")

    def run(self, *arguments):
        result = subprocess.run(
            [self.cosign, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            sys.exit(f"cosign {' '.join(arguments)}: {result.stderr}")

    def attest(self, image, predicate):
        (self.folder / "predicate.json").write_text(json.dumps(predicate))
        self.run(
            "attest", "--yes", "--key", "cosign.key", "--type", "vuln", "--predicate", "predicate.json",
            "--signing-config", "signing.json", "--allow-http-registry", image,
        )  # fmt: skip


def predicate(examples, verdict="pass", profile="production", hours_ago=0):
    made = json.loads((examples / "predicate.json").read_text())
    made["scanner"]["result"].update(verdict=verdict, profile=profile)
    made["metadata"] = {"scanStartedOn": now(hours_ago), "scanFinishedOn": now(hours_ago)}
    return made


def policies(examples, host, public_key):
    """The policies of the examples, for the registry, the key, and the missing log of this test."""
    yaml = ruamel.yaml.YAML(typ="safe")
    cluster = yaml.load((examples / "kyverno" / "cluster-policy.yaml").read_text())
    rule = cluster["spec"]["rules"][0]["verifyImages"][0]
    rule["imageReferences"] = [f"{host}/*"]
    rule["attestations"][0]["attestors"][0]["entries"][0]["keys"] = {
        "publicKeys": public_key,
        "rekor": {"ignoreTlog": True, "url": "https://rekor.invalid"},
        "ctlog": {"ignoreSCT": True},
    }
    images = yaml.load((examples / "kyverno" / "image-validating-policy.yaml").read_text())
    images["spec"]["matchImageReferences"] = [{"glob": f"{host}/*"}]
    images["spec"]["attestors"][0]["cosign"] = {
        "key": {"data": public_key},
        "ctlog": {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True},
    }
    return {"ClusterPolicy": cluster, "ImageValidatingPolicy": images}


def pod(containers, init_containers=()):
    named = lambda images: [{"name": f"c{at}", "image": image} for at, image in enumerate(images)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app", "namespace": "default"},
        "spec": {"containers": named(containers), "initContainers": named(init_containers)},
    }


def attempt(kyverno, cosign, examples, folder, registry):
    """True when a pod was admitted or refused otherwise than it has to be."""
    signer = Signer(cosign, folder, "ours")
    stranger = Signer(cosign, folder, "theirs")

    def image(name, *attestations):
        pushed = registry.push_image(name)
        for by, made in attestations:
            by.attest(pushed, made)
        return pushed

    good = image("pass", (signer, predicate(examples)))
    blocked = image("block", (signer, predicate(examples, verdict="block")))
    cases = [
        ("pass", pod([good]), True, ""),
        ("block", pod([blocked]), False, "verdict"),
        ("insufficient", pod([image("few", (signer, predicate(examples, verdict="insufficient")))]), False, "verdict"),
        ("another profile", pod([image("dev", (signer, predicate(examples, profile="development")))]), False, "profile"),
        ("yesterday's", pod([image("old", (signer, predicate(examples, hours_ago=25)))]), False, "a day ago"),
        ("tomorrow's", pod([image("new", (signer, predicate(examples, hours_ago=-24)))]), False, "yet to come"),
        ("not attested", pod([image("none")]), False, "verif|attestation"),
        ("by a stranger's key", pod([image("their", (stranger, predicate(examples)))]), False, "verif|attestation"),
        ("a second container that blocks", pod([good, blocked]), False, "verdict"),
        ("an init container that blocks", pod([good], [blocked]), False, "verdict"),
    ]
    # Which of several the other policy reads is not said.
    several = image("several", (signer, predicate(examples, verdict="block")), (signer, predicate(examples)))
    of_cluster_policy = [("an older one that blocks", pod([several]), False, "verdict")]
    failed = False
    for kind, policy in policies(examples, registry.host, signer.public_key).items():
        # The program takes files by their ending; JSON is YAML.
        (folder / "policy.yaml").write_text(json.dumps(policy))
        further = of_cluster_policy if kind == "ClusterPolicy" else []
        for what, resource, is_admitted, reason in cases + further:
            (folder / "pod.yaml").write_text(json.dumps(resource))
            result = subprocess.run(
                [kyverno, "apply", folder / "policy.yaml", "--resource", folder / "pod.yaml", "--registry"],
                capture_output=True,
                text=True,
                check=False,
            )
            counts = re.search(r"pass: (\d+), fail: (\d+), warn: 0, error: 0, skip: 0", result.stdout)
            passes, fails = map(int, counts.groups()) if counts else (0, 0)
            was_admitted = passes > 0 and fails == 0
            was_refused = fails > 0 and re.search(reason, result.stdout)
            if not (was_admitted if is_admitted else was_refused):
                failed = True
                print(f"{kind}: {what}: has to be {'admitted' if is_admitted else 'refused'}")
                print(result.stdout + result.stderr)
    return failed


def main():
    kyverno, cosign, examples = sys.argv[1:]
    examples = pathlib.Path(examples)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        registry = Registry(folder)
        try:
            failed = attempt(kyverno, cosign, examples, folder, registry)
        finally:
            registry.process.terminate()
            registry.process.wait()
    sys.exit(failed)


main()
