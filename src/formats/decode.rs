//! From bytes to text: scanners' output arrives through shells and editors that re-encode it.

use std::borrow::Cow;

use super::ReadError;

/// The text of `bytes`: UTF-8 with or without byte order mark, UTF-16 of either order with one.
///
/// # Errors
/// [`ReadError::Empty`] for nothing or only white space, [`ReadError::Encoding`] with the byte
/// offset of the first thing that does not decode.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, 3)?,
        [0xFF, 0xFE, rest @ ..] => {
            Cow::Owned(utf16(rest, u16::from_le_bytes, "UTF-16 (little endian)")?)
        }
        [0xFE, 0xFF, rest @ ..] => {
            Cow::Owned(utf16(rest, u16::from_be_bytes, "UTF-16 (big endian)")?)
        }
        _ => utf8(bytes, 0)?,
    };
    if text.trim().is_empty() {
        Err(ReadError::Empty)
    } else {
        Ok(text)
    }
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<Cow<'_, str>, ReadError> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| ReadError::Encoding {
            encoding: "UTF-8",
            offset: error.valid_up_to() + skipped,
            hint: if bytes.iter().take(64).filter(|b| **b == 0).count() > 8 {
                "it looks like UTF-16 without a byte order mark; convert it to UTF-8"
            } else {
                "have the scanner write the file itself instead of redirecting its output"
            },
        })
}

fn utf16(
    bytes: &[u8],
    unit: fn([u8; 2]) -> u16,
    encoding: &'static str,
) -> Result<String, ReadError> {
    let bad = |offset| ReadError::Encoding {
        encoding,
        offset,
        hint: "the file was damaged when it was converted; have the scanner write it itself",
    };
    let mut text = String::with_capacity(bytes.len() / 2);
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut offset = 2;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let c = decoded.map_err(|_| bad(offset))?;
        offset += c.len_utf16() * 2;
        text.push(c);
    }
    if odd.is_empty() {
        Ok(text)
    } else {
        Err(bad(bytes.len() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_bytes(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter()
            .chain(text.encode_utf16().flat_map(bytes))
            .collect()
    }

    #[test]
    fn every_marked_encoding_reads_the_same() {
        let text = "{\"ü\": \"😀\"}";
        assert_eq!(decode(text.as_bytes()).unwrap(), text);
        assert_eq!(
            decode(&[b"\xEF\xBB\xBF", text.as_bytes()].concat()).unwrap(),
            text
        );
        assert_eq!(
            decode(&utf16_bytes(text, [0xFF, 0xFE], u16::to_le_bytes)).unwrap(),
            text
        );
        assert_eq!(
            decode(&utf16_bytes(text, [0xFE, 0xFF], u16::to_be_bytes)).unwrap(),
            text
        );
    }

    #[test]
    fn damage_is_located() {
        let mut odd = utf16_bytes("{}", [0xFF, 0xFE], u16::to_le_bytes);
        odd.push(0);
        assert!(matches!(
            decode(&odd),
            Err(ReadError::Encoding { offset: 6, .. })
        ));
        assert!(matches!(
            decode(b"{\"a\":\xFF}"),
            Err(ReadError::Encoding { offset: 5, .. })
        ));
        assert!(matches!(decode(b" \r\n"), Err(ReadError::Empty)));
        let mut lone = utf16_bytes("ab", [0xFF, 0xFE], u16::to_le_bytes);
        lone.extend([0x00, 0xD8]);
        assert!(matches!(
            decode(&lone),
            Err(ReadError::Encoding { offset: 6, .. })
        ));
    }
}
