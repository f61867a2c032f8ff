//! Why a file is not a VEX document.

/// Why a file could not be read as a VEX document. Single bad statements are diagnostics of the
/// document instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VexError {
    /// Nothing in it.
    #[error("{name}: the file is empty; write the VEX document again")]
    Empty {
        /// The file.
        name: String,
    },
    /// More bytes than are read.
    #[error("{name}: the file has {bytes} bytes, a VEX document may have {limit}; split it")]
    TooLarge {
        /// The file.
        name: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Bytes that are not text.
    #[error("{name}: not valid {encoding} at byte {offset}; save the file as UTF-8")]
    Encoding {
        /// The file.
        name: String,
        /// Encoding that it seemed to have.
        encoding: &'static str,
        /// Offset of the first bad byte.
        offset: usize,
    },
    /// No JSON, or JSON of another shape than the format has.
    #[error(
        "{name}:{line}:{column}: not a well-formed {expected}: {message}; write the file again"
    )]
    Syntax {
        /// The file.
        name: String,
        /// Line, counted from one.
        line: usize,
        /// Column.
        column: usize,
        /// What it was read as.
        expected: &'static str,
        /// The parser's words.
        message: String,
    },
    /// Text or JSON of some other kind.
    #[error(
        "{name}: {saw}; give an OpenVEX document, a CycloneDX BOM with vulnerabilities, or a CSAF \
         advisory, each as JSON"
    )]
    UnknownFormat {
        /// The file.
        name: String,
        /// What is there instead.
        saw: String,
    },
    /// A version of the format that has other rules.
    #[error("{name}: {pointer}: version `{version}` of {format} is not supported; use {supported}")]
    UnsupportedVersion {
        /// The file.
        name: String,
        /// JSON pointer of the version.
        pointer: &'static str,
        /// The format.
        format: &'static str,
        /// The version that is written.
        version: String,
        /// The versions that are read.
        supported: &'static str,
    },
    /// More statements, or more products in statements, than are read.
    #[error("{name}: {pointer}: more than {limit} {what}; split the document")]
    TooMany {
        /// The file.
        name: String,
        /// JSON pointer of what is too long.
        pointer: String,
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
