//! Which packages are NVIDIA's own builds, for which no scanner has an advisory source.
//!
//! NVIDIA publishes its security bulletins by product and driver branch, not as ranges of package
//! versions, and the distributions do not track packages from NVIDIA's repositories. A scanner that
//! lists such a package and reports nothing has compared it with nothing.

use crate::model::Ecosystem;
use crate::nvidia::PackageClass;

/// The class of a package built by NVIDIA; `None` for every other package and for a distribution's
/// own build of NVIDIA software, which its security team tracks.
pub(super) fn class(
    ecosystem: &Ecosystem,
    name: &str,
    version: &str,
    maintainer: Option<&str>,
) -> Option<&'static str> {
    let comes_from_nvidia = match ecosystem {
        Ecosystem::Deb | Ecosystem::Rpm => !is_distribution_build(version, maintainer),
        Ecosystem::PyPi | Ecosystem::Conda => true,
        // NVIDIA has no repositories for other package managers.
        _ => false,
    };
    comes_from_nvidia
        .then(|| PackageClass::of(ecosystem, name))
        .flatten()
        .map(PackageClass::title)
}

/// The maintainer tells. Where no scanner names one, the marks that Debian and Ubuntu put into the
/// versions of what they build do.
fn is_distribution_build(version: &str, maintainer: Option<&str>) -> bool {
    match maintainer {
        Some(maintainer) => !maintainer.to_ascii_lowercase().contains("nvidia.com"),
        None => ["ubuntu", "+deb", "~deb", "~bpo", "+b"]
            .iter()
            .any(|mark| version.contains(mark)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_names_of_each_package_manager() {
        let nvidia = Some("cudatools <cudatools@nvidia.com>");
        for (ecosystem, name, maintainer, expected) in [
            (
                Ecosystem::Deb,
                "cuda-cudart-12-4",
                nvidia,
                Some("CUDA toolkit"),
            ),
            (Ecosystem::Deb, "libcublas-12-4", None, Some("CUDA toolkit")),
            (
                Ecosystem::Deb,
                "libcudnn9-cuda-12",
                None,
                Some("machine learning"),
            ),
            (Ecosystem::Deb, "libnccl2", None, Some("machine learning")),
            (
                Ecosystem::Rpm,
                "cuda-compat-12-4",
                None,
                Some("compatibility"),
            ),
            (
                Ecosystem::Deb,
                "libnvidia-container1",
                None,
                Some("container runtime"),
            ),
            (
                Ecosystem::Deb,
                "libnvidia-compute-550",
                nvidia,
                Some("driver"),
            ),
            (Ecosystem::Deb, "libnpth0", None, None),
            (Ecosystem::Deb, "libcurl4", None, None),
            (
                Ecosystem::PyPi,
                "nvidia-cublas-cu12",
                None,
                Some("CUDA toolkit"),
            ),
            (
                Ecosystem::PyPi,
                "nvidia-cuda-runtime",
                None,
                Some("CUDA toolkit"),
            ),
            (
                Ecosystem::PyPi,
                "nvidia-cudnn-cu12",
                None,
                Some("machine learning"),
            ),
            (Ecosystem::PyPi, "nvidia-smi", None, None),
            (Ecosystem::PyPi, "torch", None, None),
            (Ecosystem::Conda, "cudatoolkit", None, Some("CUDA toolkit")),
            (Ecosystem::Npm, "cuda-js", None, None),
            (Ecosystem::Generic, "nvidia-driver", None, None),
        ] {
            let class = class(&ecosystem, name, "12.4.1-1", maintainer);
            match expected {
                Some(part) => assert!(class.is_some_and(|c| c.contains(part)), "{name}: {class:?}"),
                None => assert_eq!(class, None, "{name}"),
            }
        }
    }

    #[test]
    fn what_a_distribution_builds_is_its_own() {
        let of =
            |version, maintainer| class(&Ecosystem::Deb, "nvidia-utils-535", version, maintainer);
        assert!(of("535.183.01-0ubuntu0.22.04.1", None).is_none());
        assert!(
            of(
                "535.183.01-1",
                Some("Ubuntu Core Developers <x@lists.ubuntu.com>")
            )
            .is_none()
        );
        assert!(of("535.183.01-0ubuntu1", Some("NVIDIA <x@nvidia.com>")).is_some());
        assert!(of("535.183.01-1", None).is_some());
    }
}
