//! The images on which scanners can be compared with each other.

use crate::model::ScannerId;

use super::image::Image;

/// The scanners to compare, of all that gave a result on some image, by id.
///
/// Each has to have a result on every image that counts. One that was tried on a few images, or that
/// fails often, would leave next to none: while fewer than half of the images are left, the scanner with
/// the fewest results is left out, of equals the last by id.
pub(super) fn scanners(images: &[Image], all: &[ScannerId]) -> Vec<ScannerId> {
    let mut chosen = all.to_vec();
    while chosen.len() > 1 && 2 * self::images(images, &chosen).len() < images.len() {
        let results = |scanner: &ScannerId| {
            let with_result = images.iter().filter(|i| i.position(scanner).is_some());
            with_result.count()
        };
        let fewest = (0..chosen.len())
            .rev()
            .min_by_key(|number| chosen.get(*number).map(results));
        if let Some(number) = fewest {
            chosen.remove(number);
        }
    }
    chosen
}

/// The images on which each of these scanners gave a result.
pub(super) fn images<'i>(images: &'i [Image], scanners: &[ScannerId]) -> Vec<&'i Image> {
    let has_all = |image: &&Image| {
        let mut scanners = scanners.iter();
        scanners.all(|scanner| image.position(scanner).is_some())
    };
    images.iter().filter(has_all).collect()
}
