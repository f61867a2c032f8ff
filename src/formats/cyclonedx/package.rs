//! The package that a component is.

use std::collections::BTreeMap;

use super::document::Property;
use crate::formats::entries::{Entries, Text};
use crate::model::package::source_rpm;
use crate::model::{Ecosystem, Location, Package, SourcePackage};

/// What tools add to a component under names of their own.
pub(super) struct Properties<'p, 'a>(pub(super) &'p Entries<Property<'a>>);

impl<'p> Properties<'p, '_> {
    pub(super) fn get(&self, name: &str) -> Option<&'p str> {
        self.0
            .iter_ok()
            .find(|property| property.name.as_str() == name)
            .and_then(|property| property.value.get())
    }

    /// Syft numbers its locations; Trivy gives one.
    pub(super) fn locations(&self) -> Vec<Location> {
        let mut numbered: BTreeMap<usize, (Option<&str>, Option<&str>)> = BTreeMap::new();
        for property in self.0.iter_ok() {
            let Some((number, field)) = property
                .name
                .as_str()
                .strip_prefix("syft:location:")
                .and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            let value = property.value.get();
            let place = numbered.entry(number).or_default();
            match field {
                "path" => place.0 = value,
                "layerID" => place.1 = value,
                _ => {}
            }
        }
        let mut locations: Vec<Location> = numbered
            .into_values()
            .filter_map(|(path, layer)| Location::new(path, layer))
            .collect();
        locations.extend(Location::new(
            self.get("aquasecurity:trivy:FilePath"),
            self.get("aquasecurity:trivy:LayerDiffID")
                .or_else(|| self.get("aquasecurity:trivy:LayerDigest")),
        ));
        locations
    }
}

/// The package that a component's own fields describe.
pub(super) fn named(
    group: &Text<'_>,
    name: &Text<'_>,
    version: &Text<'_>,
    purl: &Text<'_>,
) -> Package {
    if let Some(mut package) = purl.get().and_then(Package::from_purl) {
        if package.version.is_empty() {
            version.as_str().clone_into(&mut package.version);
        }
        return package;
    }
    let name = match group.get() {
        Some(group) if group.starts_with('@') || group.contains('/') => {
            format!("{group}/{}", name.as_str())
        }
        Some(group) => format!("{group}:{}", name.as_str()),
        None => name.as_str().to_owned(),
    };
    Package::new(Ecosystem::Generic, name, version.as_str())
}

/// Source package and epoch, where the purl leaves them to properties.
pub(super) fn complete_os_package(package: &mut Package, properties: &Properties<'_, '_>) {
    if package.ecosystem == Ecosystem::Rpm
        && !package.version.contains(':')
        && let Some(epoch) = properties.get("syft:metadata:epoch").filter(|e| *e != "0")
    {
        package.version = format!("{epoch}:{}", package.version);
    }
    if let Some(name) = properties.get("aquasecurity:trivy:SrcName") {
        let mut version = properties
            .get("aquasecurity:trivy:SrcVersion")
            .unwrap_or_default()
            .to_owned();
        if let Some(epoch) = properties
            .get("aquasecurity:trivy:SrcEpoch")
            .filter(|e| *e != "0")
        {
            version.insert_str(0, &format!("{epoch}:"));
        }
        if let Some(release) = properties.get("aquasecurity:trivy:SrcRelease") {
            version.push('-');
            version.push_str(release);
        }
        package.source = Some(SourcePackage {
            name: name.to_owned(),
            version: Some(version).filter(|version| !version.is_empty()),
        });
        return;
    }
    let source_version = properties.get("syft:metadata:sourceVersion");
    let name = properties
        .get("syft:metadata:source")
        .or_else(|| properties.get("syft:metadata:originPackage"))
        // Only the version differs from the binary package's.
        .or_else(|| source_version.map(|_| package.name.as_str()));
    if package.source.is_none() {
        package.source = match name {
            Some(name) => Some(SourcePackage {
                name: name.to_owned(),
                version: None,
            }),
            None => properties
                .get("syft:metadata:sourceRpm")
                .and_then(source_rpm),
        };
    }
    if let Some(source) = &mut package.source
        && source.version.is_none()
    {
        source.version = source_version.map(str::to_owned);
    }
}
