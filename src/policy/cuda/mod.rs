//! Flaws of NVIDIA's driver, which the host's driver fixes and not the image.
