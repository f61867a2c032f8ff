//! `trivy k8s --format json`: the results of many workloads in one file.

use crate::formats::Format;
use crate::formats::entries::{Entries, Lenient};
use crate::model::{ScannerReport, Target};

use super::documents::{Cluster, Metadata, Resource};
use super::results::Reader;
use super::{builder, target};

/// Reads a cluster report. One of a single image is read as that image's; of several, as something
/// that is not an image, with a warning, because their packages cannot be told apart any more.
pub(in crate::formats) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let cluster: Cluster<'_> = serde_json::from_str(text)?;
    let mut reader = Reader::new(builder(Format::TrivyKubernetes));
    let mut images = Vec::new();
    for (list, resources) in [
        ("/Resources", cluster.resources),
        ("/Vulnerabilities", cluster.vulnerabilities),
        ("/Findings", cluster.findings),
    ] {
        read_resources(&mut reader, resources, list, &mut images);
    }

    let distro = reader.distro();
    let image = reader.single_image();
    let several = reader.images() > 1;
    let mut builder = reader.finish();
    let target = &mut builder.report().target;
    if image.is_some() {
        if let [only] = images.as_slice() {
            target.clone_from(only);
        }
        target.name = image;
        target.distro = target.distro.take().or(distro);
    } else {
        target.name = cluster.name.to_option();
        target.not_an_image = true;
    }
    if several {
        builder.warn(
            "",
            "the report covers several images of a cluster; scan one image for a result that can \
             be compared with another scanner's",
        );
    }
    Ok(builder.finish())
}

fn read_resources(
    reader: &mut Reader,
    resources: Entries<Resource<'_>>,
    list: &str,
    images: &mut Vec<Target>,
) {
    for (pointer, resource) in resources.located(list) {
        match resource {
            Ok(resource) => {
                if let Some(error) = resource.error.get() {
                    let message = format!(
                        "{} {}/{} could not be scanned: {error}",
                        resource.kind.as_str(),
                        resource.namespace.as_str(),
                        resource.name.as_str(),
                    );
                    reader.warn(pointer.clone(), message);
                }
                images.extend(described_images(&resource));
                reader.read_results(resource.results, &format!("{pointer}/Results"));
            }
            Err(why) => reader.unreadable(pointer, why),
        }
    }
}

/// The images that a resource's metadata describes. Resources without image have empty metadata.
fn described_images(resource: &Resource<'_>) -> Vec<Target> {
    let raw = resource.metadata.map_or("null", |raw| raw.get());
    let list: Vec<Lenient<Metadata<'_>>> = if raw.starts_with('[') {
        serde_json::from_str(raw).unwrap_or_default()
    } else {
        serde_json::from_str(raw).into_iter().collect()
    };
    list.iter()
        .filter_map(|metadata| metadata.0.as_ref())
        .map(target::from_metadata)
        .filter(|target| target.config_digest.is_some() || !target.diff_ids.is_empty())
        .collect()
}
