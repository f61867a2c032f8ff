//! Where a feed comes from.

use std::fmt;
use std::path::PathBuf;

use ureq::http::Uri;

/// Where a feed comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedSource {
    /// A file of the user's.
    File(PathBuf),
    /// A server.
    Url(FeedUrl),
}

/// An `http` or `https` address. Shown without user, password and query, which can be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedUrl(Uri);

/// Why a text is no address of a feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an address, or one without a host.
    #[error("not an address; write it in full, as https://example.org/feed.json")]
    Malformed,
    /// An address for something else than HTTP.
    #[error("`{0}` addresses are not fetched; give one that begins with https:// or http://")]
    Scheme(String),
}

impl FeedUrl {
    /// The address in a text.
    ///
    /// # Errors
    /// [`UrlError`], without the text itself: it can hold a password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.trim().parse().map_err(|_| UrlError::Malformed)?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(other) => return Err(UrlError::Scheme(other.chars().take(20).collect())),
            None => return Err(UrlError::Malformed),
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(UrlError::Malformed);
        }
        Ok(Self(uri))
    }

    /// An address of the program's own.
    pub(super) fn known(text: &'static str) -> Self {
        Self(Uri::from_static(text))
    }

    /// The address with everything in it, for the connection.
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// True when the connection has to be encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }
}

impl fmt::Display for FeedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self
            .0
            .authority()
            .map_or("", |authority| authority.as_str());
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        write!(f, "{scheme}://{host}{}", self.0.path())
    }
}

impl fmt::Debug for FeedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeedUrl({self})")
    }
}
