use std::fs;

use super::*;

const LAYER: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn config() -> Vec<u8> {
    format!(
        r#"{{"os":"linux","architecture":"arm64","variant":"v8","rootfs":{{"type":"layers","diff_ids":["{LAYER}"]}}}}"#
    )
    .into_bytes()
}

fn archive(members: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut builder = tar::Builder::new(file.reopen().unwrap());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.finish().unwrap();
    file
}

fn docker(images: &str, config: &[u8]) -> tempfile::NamedTempFile {
    let name = format!("{}.json", &sha256(config)["sha256:".len()..]);
    let manifest = images.replace("CONFIG", &name);
    archive(&[(&name, config), ("manifest.json", manifest.as_bytes())])
}

/// A layout directory; each blob is stored under its own digest.
fn layout(blobs: &[&[u8]], index: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
    for blob in blobs {
        let name = sha256(blob).replace("sha256:", "blobs/sha256/");
        fs::write(dir.path().join(name), blob).unwrap();
    }
    fs::write(dir.path().join("oci-layout"), "{}").unwrap();
    fs::write(dir.path().join("index.json"), index).unwrap();
    dir
}

fn manifest(config: &[u8]) -> Vec<u8> {
    format!(
        r#"{{"config":{{"digest":"{}"}},"layers":[]}}"#,
        sha256(config)
    )
    .into_bytes()
}

#[test]
fn a_docker_archive_gives_its_digest_layers_and_platform() {
    let config = config();
    let file = docker(
        r#"[{"Config":"CONFIG","RepoTags":["app:1"],"Layers":["a/layer.tar"]}]"#,
        &config,
    );
    let source = Source::parse(file.path().to_str().unwrap()).unwrap();
    assert_eq!(source.kind(), SourceKind::DockerArchive);
    let identity = inspect(&source, None).unwrap();
    assert_eq!(identity.config_digest, Some(sha256(&config)));
    assert_eq!(identity.diff_ids, [LAYER]);
    assert_eq!(identity.platform.as_deref(), Some("linux/arm64/v8"));
    assert_eq!(identity.names, ["app:1"]);
    assert_eq!(identity.manifest_digest, None);
}

#[test]
fn two_images_in_one_archive_are_named_and_refused() {
    let file = docker(
        r#"[{"Config":"CONFIG","RepoTags":["app:1"],"Layers":["a"]},{"Config":"CONFIG","RepoTags":["app:2"],"Layers":["a"]}]"#,
        &config(),
    );
    let error = inspect(&Source::DockerArchive(file.path().to_owned()), None).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, InspectError::SeveralImages { .. }));
    assert!(
        text.contains("app:1, app:2") && text.contains("on its own"),
        "{text}"
    );
}

#[test]
fn a_docker_archive_that_contradicts_itself_is_refused() {
    let wrong = |file: tempfile::NamedTempFile| {
        inspect(&Source::DockerArchive(file.path().to_owned()), None)
            .unwrap_err()
            .to_string()
    };
    let layers = docker(r#"[{"Config":"CONFIG","Layers":["a","b"]}]"#, &config());
    assert!(wrong(layers).contains("2 layers, the configuration 1"));
    let name = format!("{}.json", "0".repeat(64));
    let manifest = format!(r#"[{{"Config":"{name}","Layers":["a"]}}]"#);
    let forged = archive(&[(&name, &config()), ("manifest.json", manifest.as_bytes())]);
    assert!(wrong(forged).contains("digest in its name"));
    let gone = archive(&[("manifest.json", br#"[{"Config":"x.json","Layers":[]}]"#)]);
    assert!(wrong(gone).contains("`x.json` is missing"));
    assert!(wrong(archive(&[("manifest.json", b"[")])).contains("manifest.json"));
}

#[test]
fn a_layout_gives_its_manifest_and_leaves_attestations_out() {
    let config = config();
    let manifest = manifest(&config);
    let digest = sha256(&manifest);
    let index = format!(
        r#"{{"manifests":[
            {{"digest":"{digest}","mediaType":"application/vnd.oci.image.manifest.v1+json",
              "annotations":{{"org.opencontainers.image.ref.name":"1.0"}}}},
            {{"digest":"{LAYER}","platform":{{"os":"unknown","architecture":"unknown"}},
              "annotations":{{"vnd.docker.reference.type":"attestation-manifest"}}}}]}}"#
    );
    let dir = layout(&[&config, &manifest], &index);
    let identity = inspect(&Source::OciLayout(dir.path().to_owned()), None).unwrap();
    assert_eq!(identity.manifest_digest, Some(digest));
    assert_eq!(identity.config_digest, Some(sha256(&config)));
    assert_eq!(identity.names, ["1.0"]);
}

#[test]
fn of_several_platforms_the_wanted_one_is_taken() {
    let (arm, intel) = (
        config(),
        br#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}"#.to_vec(),
    );
    let (arm_manifest, intel_manifest) = (manifest(&arm), manifest(&intel));
    let inner = format!(
        r#"{{"manifests":[{{"digest":"{}","platform":{{"os":"linux","architecture":"arm64","variant":"v8"}}}},
            {{"digest":"{}","platform":{{"os":"linux","architecture":"amd64"}}}}]}}"#,
        sha256(&arm_manifest),
        sha256(&intel_manifest)
    );
    let index = format!(
        r#"{{"manifests":[{{"digest":"{}","mediaType":"application/vnd.oci.image.index.v1+json"}}]}}"#,
        sha256(inner.as_bytes())
    );
    let dir = layout(
        &[
            &arm,
            &intel,
            &arm_manifest,
            &intel_manifest,
            inner.as_bytes(),
        ],
        &index,
    );
    let source = Source::OciLayout(dir.path().to_owned());
    let wanted = |text: &str| inspect(&source, Some(&text.parse().unwrap()));
    assert_eq!(
        wanted("linux/amd64").unwrap().config_digest,
        Some(sha256(&intel))
    );
    assert_eq!(
        wanted("linux/arm64").unwrap().config_digest,
        Some(sha256(&arm))
    );
    assert!(matches!(
        wanted("linux/s390x").unwrap_err(),
        InspectError::NoImage { .. }
    ));
    let error = inspect(&source, None).unwrap_err().to_string();
    assert!(
        error.contains("linux/amd64") && error.contains("skopeo"),
        "{error}"
    );
}

#[test]
fn a_layout_whose_blob_was_altered_or_whose_digest_is_a_path_is_refused() {
    let config = config();
    let manifest = manifest(&config);
    let index = format!(r#"{{"manifests":[{{"digest":"{}"}}]}}"#, sha256(&manifest));
    let dir = layout(&[&config, &manifest], &index);
    let blob = dir
        .path()
        .join(sha256(&manifest).replace("sha256:", "blobs/sha256/"));
    fs::write(blob, "{}").unwrap();
    let inspect_dir = |dir: &tempfile::TempDir| {
        inspect(&Source::OciLayout(dir.path().to_owned()), None)
            .unwrap_err()
            .to_string()
    };
    assert!(inspect_dir(&dir).contains("digest in its name"));
    let escape = layout(
        &[],
        r#"{"manifests":[{"digest":"sha256:../../../../etc/passwd"}]}"#,
    );
    assert!(inspect_dir(&escape).contains("not a sha256 digest"));
}

#[test]
fn an_oci_archive_is_read_like_a_layout() {
    let config = config();
    let manifest = manifest(&config);
    let index = format!(r#"{{"manifests":[{{"digest":"{}"}}]}}"#, sha256(&manifest));
    let blob = |bytes: &[u8]| sha256(bytes).replace("sha256:", "./blobs/sha256/");
    let file = archive(&[
        ("./oci-layout", b"{}"),
        ("./index.json", index.as_bytes()),
        (&blob(&config), &config),
        (&blob(&manifest), &manifest),
    ]);
    let source = Source::parse(file.path().to_str().unwrap()).unwrap();
    assert_eq!(source.kind(), SourceKind::OciArchive);
    assert_eq!(inspect(&source, None).unwrap().diff_ids, [LAYER]);
}
