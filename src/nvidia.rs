//! Floor 2: which packages are NVIDIA's, and of what kind. Comparing needs it to tell what no scanner
//! has advisories for, the policy to tell whether an image ships a driver.

use std::sync::LazyLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use crate::model::Ecosystem;

/// A kind of NVIDIA package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageClass {
    /// The container toolkit with its library `libnvidia-container`. No part of the driver.
    ContainerRuntime,
    /// User-mode driver libraries for a newer CUDA than the host's driver (`cuda-compat`).
    CudaCompat,
    /// cuDNN, NCCL, TensorRT and the like.
    MlLibrary,
    /// The CUDA toolkit's libraries and programs, stub libraries included.
    CudaToolkit,
    /// The driver's libraries and programs outside the kernel.
    DriverUserMode,
    /// The driver's kernel modules and firmware, and metapackages that bring them.
    DriverKernel,
    /// NVIDIA's own installer of the driver.
    DriverInstaller,
    /// What comes with the driver and is none of its libraries: settings, fabric manager.
    DriverTool,
    /// Data Center GPU Manager.
    Dcgm,
    /// Named like a part of the driver, and of no class that is known. It may contain anything.
    Unrecognised,
}

impl PackageClass {
    /// The class of a package by its name; `None` for what NVIDIA does not build. It does not tell
    /// NVIDIA's own build from a distribution's.
    pub fn of(ecosystem: &Ecosystem, name: &str) -> Option<Self> {
        let names = match ecosystem {
            Ecosystem::PyPi => &NAMES.pypi,
            Ecosystem::Conda => &NAMES.conda,
            Ecosystem::Generic => &NAMES.os,
            Ecosystem::Other(name) if name == "nix" => &NAMES.os,
            ecosystem if ecosystem.is_os() => &NAMES.os,
            _ => return None,
        };
        let mut name = name.to_ascii_lowercase();
        if *ecosystem == Ecosystem::PyPi {
            name = name.replace(['_', '.'], "-");
        }
        // The patterns' numbers ascend with the order of the file.
        let first = names.patterns.matches(&name).into_iter().min()?;
        *names.classes.get(first)?
    }

    /// Name for a sentence: `part of …`.
    pub fn title(self) -> &'static str {
        match self {
            Self::ContainerRuntime => "NVIDIA's container runtime",
            Self::CudaCompat => "NVIDIA's CUDA compatibility driver",
            Self::MlLibrary => "NVIDIA's machine learning libraries",
            Self::CudaToolkit => "NVIDIA's CUDA toolkit",
            Self::DriverUserMode
            | Self::DriverKernel
            | Self::DriverInstaller
            | Self::DriverTool
            | Self::Unrecognised => "NVIDIA's driver and tools",
            Self::Dcgm => "NVIDIA's Data Center GPU Manager",
        }
    }
}

/// The names of one kind of package manager.
struct Names {
    patterns: GlobSet,
    /// The class of each pattern; `None` for a lookalike.
    classes: Vec<Option<PackageClass>>,
}

/// The names of all package managers.
struct AllNames {
    os: Names,
    pypi: Names,
    conda: Names,
}

/// An entry of `nvidia/packages.yaml`, which explains itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    class: Option<PackageClass>,
    #[serde(default)]
    os: Vec<String>,
    #[serde(default)]
    pypi: Vec<String>,
    #[serde(default)]
    conda: Vec<String>,
}

static NAMES: LazyLock<AllNames> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the file is compiled in, and a test reads it"
    )]
    read(include_str!("nvidia/packages.yaml")).expect("src/nvidia/packages.yaml")
});

fn read(text: &str) -> Result<AllNames, Box<dyn std::error::Error>> {
    let entries: Vec<Entry> = serde_yaml::from_str(text)?;
    let names = |column: fn(&Entry) -> &Vec<String>| -> Result<Names, globset::Error> {
        let mut patterns = GlobSetBuilder::new();
        let mut classes = Vec::new();
        for entry in &entries {
            for pattern in column(entry) {
                patterns.add(Glob::new(pattern)?);
                classes.push(entry.class);
            }
        }
        Ok(Names {
            patterns: patterns.build()?,
            classes,
        })
    };
    Ok(AllNames {
        os: names(|entry| &entry.os)?,
        pypi: names(|entry| &entry.pypi)?,
        conda: names(|entry| &entry.conda)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_class() {
        use PackageClass as C;
        for (ecosystem, name, expected) in [
            ("deb", "libnvidia-container1", Some(C::ContainerRuntime)),
            (
                "deb",
                "libnvidia-container-tools",
                Some(C::ContainerRuntime),
            ),
            (
                "rpm",
                "nvidia-container-toolkit-base",
                Some(C::ContainerRuntime),
            ),
            ("deb", "cuda-compat-12-4", Some(C::CudaCompat)),
            ("conda", "cuda-compat-impl", Some(C::CudaCompat)),
            ("deb", "libcudnn9-cuda-12", Some(C::MlLibrary)),
            ("pypi", "nvidia-cudnn-cu12", Some(C::MlLibrary)),
            ("pypi", "nvidia_nccl_cu12", Some(C::MlLibrary)),
            ("deb", "cuda-driver-dev-12-4", Some(C::CudaToolkit)),
            ("deb", "cuda-cudart-12-4", Some(C::CudaToolkit)),
            ("deb", "nvidia-cuda-toolkit", Some(C::CudaToolkit)),
            ("pypi", "nvidia-cublas", Some(C::CudaToolkit)),
            ("conda", "cudatoolkit", Some(C::CudaToolkit)),
            ("deb", "libnvidia-compute-580", Some(C::DriverUserMode)),
            ("deb", "libnvidia-ml1", Some(C::DriverUserMode)),
            ("deb", "libcuda1", Some(C::DriverUserMode)),
            ("deb", "libcuda1-384", Some(C::DriverUserMode)),
            ("deb", "nvidia-utils-580-server", Some(C::DriverUserMode)),
            ("deb", "nvidia-smi", Some(C::DriverUserMode)),
            ("deb", "nvidia-driver-libs", Some(C::DriverUserMode)),
            ("rpm", "nvidia-driver-cuda-libs", Some(C::DriverUserMode)),
            ("rpm", "nvidia-driver-NVML", Some(C::DriverUserMode)),
            ("rpm", "nvidia-compute-G06", Some(C::DriverUserMode)),
            ("alpm", "nvidia-utils", Some(C::DriverUserMode)),
            ("deb", "nvidia-kernel-common-580", Some(C::DriverKernel)),
            ("deb", "nvidia-dkms-580-open", Some(C::DriverKernel)),
            ("deb", "nvidia-tesla-470-kernel-dkms", Some(C::DriverKernel)),
            (
                "deb",
                "nvidia-tesla-470-driver-libs",
                Some(C::DriverUserMode),
            ),
            ("deb", "nvidia-driver-580", Some(C::DriverKernel)),
            ("deb", "nvidia-open-580", Some(C::DriverKernel)),
            ("deb", "cuda-drivers-580", Some(C::DriverKernel)),
            (
                "deb",
                "linux-modules-nvidia-580-generic",
                Some(C::DriverKernel),
            ),
            ("rpm", "kmod-nvidia-open-dkms", Some(C::DriverKernel)),
            (
                "rpm",
                "nvidia-open-driver-G06-signed-kmp-default",
                Some(C::DriverKernel),
            ),
            ("deb", "nvidia-installer", Some(C::DriverInstaller)),
            ("deb", "nvidia-settings", Some(C::DriverTool)),
            ("deb", "nvidia-fabricmanager-580", Some(C::DriverTool)),
            ("rpm", "nvidia-driver-assistant", Some(C::DriverTool)),
            ("rpm", "nvidia-computeG05", Some(C::DriverUserMode)),
            ("rpm", "nvidia-glG05", Some(C::DriverUserMode)),
            ("rpm", "x11-video-nvidiaG05", Some(C::DriverUserMode)),
            ("rpm", "nvidia-gl-G06-32bit", Some(C::DriverUserMode)),
            ("deb", "nvidia-384", Some(C::DriverUserMode)),
            ("deb", "nvidia-340-updates", Some(C::DriverUserMode)),
            ("deb", "nvidia-libopencl1", Some(C::DriverUserMode)),
            ("deb", "libcudadebugger1", Some(C::DriverUserMode)),
            ("deb", "nvidia-opencl-dev", Some(C::CudaToolkit)),
            ("deb", "nvidia-profiler", Some(C::CudaToolkit)),
            ("deb", "libcudart12", Some(C::CudaToolkit)),
            ("deb", "libnvrtc12", Some(C::CudaToolkit)),
            ("deb", "firmware-nvidia-gsp", Some(C::DriverKernel)),
            ("apk", "linux-firmware-nvidia", Some(C::DriverKernel)),
            ("rpm", "nvidia-gpu-firmware", Some(C::DriverKernel)),
            ("rpm", "nvidia-driver-devel", Some(C::Unrecognised)),
            (
                "deb",
                "nvidia-legacy-340xx-driver-libs",
                Some(C::Unrecognised),
            ),
            ("nix", "nvidia-x11", Some(C::Unrecognised)),
            ("nix", "nvidia-container-toolkit", Some(C::ContainerRuntime)),
            ("generic", "my-nvidia-driver-libs", Some(C::Unrecognised)),
            ("generic", "libcuda", Some(C::Unrecognised)),
            ("deb", "my-cuda-compat-12", Some(C::Unrecognised)),
            ("deb", "golang-github-nvidia-go-nvml-dev", None),
            ("npm", "nvidia-driver", None),
            ("golang", "github.com/NVIDIA/go-nvml", None),
            ("rpm", "datacenter-gpu-manager-4-core", Some(C::Dcgm)),
            ("pypi", "nvidia-nvjpeg2k", Some(C::CudaToolkit)),
            ("pypi", "nvidia-nvjpeg2k-cu13", Some(C::CudaToolkit)),
            ("pypi", "cuda-python", Some(C::CudaToolkit)),
            ("pypi", "cuda_bindings", Some(C::CudaToolkit)),
            ("pypi", "cuda-toolkit", Some(C::CudaToolkit)),
            ("pypi", "nemo-toolkit", None),
            ("pypi", "tensorrt-llm", None),
            ("pypi", "nvflare", None),
            ("pypi", "megatron-core", None),
            ("pypi", "triton", None),
            ("pypi", "nvidia-smi", None),
            ("pypi", "apex", None),
            ("deb", "libnpth0", None),
            ("deb", "libcurl4", None),
            ("npm", "cuda-js", None),
        ] {
            let found = PackageClass::of(&Ecosystem::from_name(ecosystem), name);
            assert_eq!(found, expected, "{ecosystem} {name}");
        }
    }
}
