//! Data blocks: JSON, compressed with gzip, as Base64 in a `script` element of a type that no browser
//! runs. The page's script inflates a block when it needs it.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use serde::Serialize;

use super::markup::Markup;

/// Writes `value` as the block with that `id`. The same value gives the same bytes: the header of
/// gzip holds no time and no system.
pub(super) fn write(html: &mut Markup<'_>, id: &str, value: &impl Serialize) -> io::Result<()> {
    const UNKNOWN_SYSTEM: u8 = 255;
    let builder = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
    let mut encoder = builder.write(Vec::new(), Compression::new(6));
    // The compressor takes long over every piece that it is given, however small.
    encoder.write_all(&serde_json::to_vec(value)?)?;
    let bytes = encoder.finish()?;
    let attributes = [("type", "application/gzip"), ("id", id)];
    html.element("script", &attributes, |html| html.base64(&bytes))
}
