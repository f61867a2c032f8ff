//! What of NVIDIA's driver an image contains.

use std::collections::BTreeSet;

use super::version::DriverVersion;
use crate::model::Package;
use crate::model::package::{driver_library_version, is_driver_installer};
use crate::nvidia::PackageClass;

/// An image as the rule on drivers sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// A name by which it is a driver image.
    driver_name: Option<String>,
    /// Packages with the driver's kernel modules or firmware.
    kernel: BTreeSet<String>,
    /// NVIDIA's installer of the driver: package or path.
    installer: BTreeSet<String>,
    /// The user-mode driver's packages and libraries.
    user_mode: BTreeSet<Shipped>,
    /// Whether all packages are known.
    complete: bool,
}

/// A part of the user-mode driver in an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shipped {
    /// For a person: package with version, or path.
    pub(super) what: String,
    /// The driver version that it comes from.
    pub(super) version: Option<DriverVersion>,
}

impl Image {
    /// An image with these names (as given, as tagged; none if it has none) and these packages.
    /// `complete` says that the packages are all that the image has; where they are not, nothing can
    /// be said about what it does not ship.
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        packages: impl IntoIterator<Item = &'a Package>,
        complete: bool,
    ) -> Self {
        let mut image = Self {
            driver_name: names
                .into_iter()
                .filter(|name| is_driver_image_name(name))
                .min()
                .map(str::to_owned),
            complete,
            ..Self::default()
        };
        for package in packages {
            image.add(package);
        }
        image
    }

    fn add(&mut self, package: &Package) {
        match PackageClass::of(&package.ecosystem, &package.name) {
            Some(PackageClass::DriverKernel) => {
                self.kernel.insert(title(package));
                // Only distributions divide the driver into kernel modules and libraries.
                if !package.ecosystem.is_os() {
                    self.ship(package, title(package));
                }
            }
            Some(PackageClass::DriverInstaller) => {
                self.installer.insert(title(package));
            }
            Some(PackageClass::DriverUserMode | PackageClass::CudaCompat) => {
                self.ship(package, title(package));
            }
            // Nobody knows what is in it, and a wrong mitigation is worse than a missing one.
            Some(PackageClass::Unrecognised) => {
                self.ship(package, format!("{} (by its name)", title(package)));
            }
            _ => {}
        }
        let places = package
            .locations
            .iter()
            .filter_map(|place| place.path.as_deref());
        for path in places.chain(package.files.iter().map(String::as_str)) {
            self.add_file(path);
        }
    }

    fn ship(&mut self, package: &Package, what: String) {
        self.user_mode.insert(Shipped {
            what,
            version: DriverVersion::from_package_version(&package.version),
        });
    }

    /// One file more that is known to be in the image. Only the driver's libraries and its installer
    /// matter.
    pub fn add_file(&mut self, path: &str) {
        if let Some(version) = driver_library_version(path) {
            self.user_mode.insert(Shipped {
                what: path.to_owned(),
                version: DriverVersion::parse(version).ok(),
            });
        }
        if is_driver_installer(path) {
            self.installer.insert(path.to_owned());
        }
    }

    /// By what it is known to be a driver image, in one clause.
    pub(super) fn driver_image(&self) -> Option<String> {
        if let Some(name) = &self.driver_name {
            return Some(format!("its name is {name}"));
        }
        let (kernel, installer) = (self.kernel.first()?, self.installer.first()?);
        Some(format!("it holds {kernel} and {installer}"))
    }

    /// True when nobody can tell whether it is a driver image: there are kernel modules, and an
    /// installer could be among the packages that nobody lists.
    pub(super) fn may_be_driver_image(&self) -> bool {
        !self.complete && !self.kernel.is_empty()
    }

    /// The parts of the user-mode driver that it ships.
    pub(super) fn user_mode(&self) -> &BTreeSet<Shipped> {
        &self.user_mode
    }

    /// Whether what is not listed is not there.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }
}

fn title(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
        .trim_end()
        .to_owned()
}

/// NVIDIA publishes its drivers as `nvcr.io/nvidia/driver` and `nvcr.io/nvidia/vgpu-guest-driver`,
/// and builds them in the repository `gpu-driver-container`, which is a folder for its images on
/// ghcr.io. Mirrors keep the end of the path; copies elsewhere are called `nvidia-driver`.
fn is_driver_image_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.split('@').next().unwrap_or_default();
    // A colon before the last slash belongs to the registry's port.
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    let last = last.split(':').next().unwrap_or_default();
    let parent = folder.rsplit('/').next().unwrap_or_default();
    (parent == "nvidia" && matches!(last, "driver" | "vgpu-guest-driver"))
        || last == "nvidia-driver"
        || last.starts_with("nvidia-driver-")
        || [folder, last]
            .iter()
            .any(|part| part.contains("gpu-driver-container"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ecosystem, Location};

    #[test]
    fn driver_images_are_known_by_name_behind_any_registry() {
        for (name, expected) in [
            ("nvcr.io/nvidia/driver:580-ubuntu24.04", true),
            (
                "registry.example:5000/mirror/nvcr.io/nvidia/driver@sha256:0123",
                true,
            ),
            ("NVCR.IO/NVIDIA/DRIVER", true),
            ("nvidia/driver", true),
            ("quay.io/me/my-gpu-driver-container:1", true),
            (
                "ghcr.io/nvidia/gpu-driver-container/driver:580-ubuntu22.04",
                true,
            ),
            ("nvcr.io/nvidia/vgpu-guest-driver:580", true),
            ("registry.example:5000/nvidia-driver@sha256:0123", true),
            ("registry.example/gpu/nvidia-driver-rhel9:580", true),
            ("nvidia-driver:1", true),
            ("registry.example/ml/my-nvidia-driver-exporter:1", false),
            ("registry.example/ml/app:gpu-driver-container", false),
            ("nvcr.io/nvidia/driver-toolkit:1", false),
            ("nvcr.io/nvidia/pytorch:25.01-py3", false),
            ("registry.example/driver:1", false),
            ("registry.example/other-nvidia/driver:1", false),
            ("", false),
        ] {
            assert_eq!(is_driver_image_name(name), expected, "{name}");
        }
    }

    #[test]
    fn a_packages_files_and_places_show_a_driver_library() {
        let library = "/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.03";
        let mut owner = Package::new(Ecosystem::Deb, "bundle", "1");
        owner.record_files([library, "/usr/bin/bundle"].into_iter());
        let mut file = Package::new(Ecosystem::Generic, "blob", "");
        file.locations.extend(Location::new(Some(library), None));
        for package in [owner, file] {
            let image = Image::new([], [&package], true);
            let shipped: Vec<&str> = image.user_mode().iter().map(|s| s.what.as_str()).collect();
            assert_eq!(shipped, [library]);
        }
    }

    #[test]
    fn what_is_only_named_like_a_driver_is_taken_for_one() {
        for (purl, expected) in [
            (
                "pkg:rpm/suse/nvidia-computeG05@470.1",
                "nvidia-computeG05 470.1",
            ),
            ("pkg:deb/ubuntu/nvidia-384@384.130", "nvidia-384 384.130"),
            (
                "pkg:deb/debian/libcudadebugger1@580.95.05-1",
                "libcudadebugger1 580.95.05-1",
            ),
            (
                "pkg:nix/nvidia-x11@580.95.05",
                "nvidia-x11 580.95.05 (by its name)",
            ),
            (
                "pkg:generic/nvidia-driver-580@580.95.05",
                "nvidia-driver-580 580.95.05",
            ),
        ] {
            let package = Package::from_purl(purl).unwrap();
            let image = Image::new([], [&package], true);
            let shipped: Vec<&str> = image.user_mode().iter().map(|s| s.what.as_str()).collect();
            assert_eq!(shipped, [expected]);
        }
        for purl in [
            "pkg:deb/debian/libcudart12@12.4",
            "pkg:deb/ubuntu/libcudnn9-cuda-12@9.1",
            "pkg:nix/libnvidia-container@1.17",
            "pkg:generic/nvidia-container-toolkit@1.17",
            "pkg:deb/ubuntu/datacenter-gpu-manager-4-core@4.1",
            "pkg:deb/ubuntu/nvidia-settings@580",
            "pkg:deb/ubuntu/nvidia-dkms-580@580.95.05",
            "pkg:golang/github.com/NVIDIA/go-nvml@1",
            "pkg:pypi/nvidia-ml-py@1",
        ] {
            let package = Package::from_purl(purl).unwrap();
            let image = Image::new([], [&package], true);
            assert!(image.user_mode().is_empty(), "{purl}");
        }
    }
}
