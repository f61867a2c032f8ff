//! Floor 5: the data on exploitation, from files or from where it is published, with a local copy
//! of what was fetched.
//!
//! The only part of the program that opens connections of its own. What the bytes mean is
//! [`crate::policy::enrichment`]'s to say.

mod cache;
mod download;
mod source;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::policy::enrichment::{EnrichmentError, EpssScores, Kev};
use crate::scanners::files::{FileError, read_limited};

use self::cache::{Cache, CachedCopy};
use self::download::{Answer, Request};

pub use cache::cache_folder;
pub use download::DownloadError;
pub use source::{FeedSource, FeedUrl, UrlError};

/// Younger copies are used without asking the server. Both feeds are published once a day.
pub const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How long a whole download may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A source of data on exploitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feed {
    /// CISA's catalogue of Known Exploited Vulnerabilities.
    Kev,
    /// FIRST's scores of the Exploit Prediction Scoring System.
    Epss,
}

impl Feed {
    /// Where it is published: <https://www.cisa.gov/known-exploited-vulnerabilities-catalog> and
    /// <https://www.first.org/epss/data_stats>.
    pub fn url(self) -> FeedUrl {
        FeedUrl::known(match self {
            Self::Kev => {
                "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
            }
            Self::Epss => "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        })
    }

    /// Largest file that is taken, in bytes: about ten times what is published.
    pub fn max_bytes(self) -> u64 {
        match self {
            Self::Kev => 32 << 20,
            Self::Epss => 64 << 20,
        }
    }

    /// The policy's key for it, below `enrichment`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Kev => "kev",
            Self::Epss => "epss",
        }
    }

    /// Whether bytes are this feed at all. A page of a proxy must not become the copy of a day.
    fn check(self, bytes: &[u8], name: &str) -> Result<(), EnrichmentError> {
        match self {
            Self::Kev => Kev::read(bytes, name).map(drop),
            Self::Epss => {
                EpssScores::read(bytes, name, &std::collections::BTreeSet::new()).map(drop)
            }
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kev => "CISA KEV",
            Self::Epss => "EPSS",
        })
    }
}

/// A feed's file, ready to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file as published, compressed or not.
    pub bytes: Vec<u8>,
    /// Path, or address without secrets: the file's name in messages.
    pub name: String,
    /// When the server last gave or confirmed these bytes; `None` for a file of the user's.
    pub fetched_at: Option<Timestamp>,
    /// True when no server was asked, or none gave an answer that could be used.
    pub from_cache: bool,
    /// What the user should know: an older copy stands in, or no copy could be kept.
    pub warning: Option<String>,
}

impl Fetched {
    /// Time since the server gave or confirmed the bytes; `None` for a file of the user's.
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.fetched_at.map(|fetched| now.duration_since(fetched))
    }
}

/// Why there is no file of a feed. Every kind says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The user's file cannot be read.
    #[error("{feed}: {error}")]
    File {
        /// Which feed.
        feed: Feed,
        /// Why.
        #[source]
        error: FileError,
    },
    /// The user's file is larger than the feed ever was.
    #[error("{feed}: {}: larger than {max} bytes; that is not the feed, check the file", path.display())]
    TooLarge {
        /// Which feed.
        feed: Feed,
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        max: u64,
    },
    /// The server gave nothing that can be used, and there is no copy.
    #[error(
        "{feed}: {url} cannot be fetched: {error}; check the network and the proxy variables, or \
         name a local copy with `enrichment.{}.file`", feed.key()
    )]
    Download {
        /// Which feed.
        feed: Feed,
        /// From where.
        url: String,
        /// Why.
        #[source]
        error: DownloadError,
    },
    /// Nobody may be asked, and there is no copy.
    #[error(
        "{feed}: there is no local copy of {url} and the run is offline; run once with network, or \
         name a local copy with `enrichment.{}.file`", feed.key()
    )]
    Offline {
        /// Which feed.
        feed: Feed,
        /// From where it would come.
        url: String,
    },
}

/// Gets feeds, with one folder of copies and one idea of the time.
#[derive(Clone, Debug)]
pub struct Fetcher {
    cache: Option<Cache>,
    now: Timestamp,
    offline: bool,
    timeout: Duration,
    use_proxy: bool,
}

impl Fetcher {
    /// `cache` is the folder of the copies ([`cache_folder`]); without one nothing is kept. With
    /// `offline` no connection is opened. Proxies are those of the environment (`HTTPS_PROXY`,
    /// `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), certificates those of the system or of
    /// `SSL_CERT_FILE`.
    pub fn new(cache: Option<PathBuf>, now: Timestamp, offline: bool) -> Self {
        Self {
            cache: cache.map(Cache::new),
            now,
            offline,
            timeout: TIMEOUT,
            use_proxy: true,
        }
    }

    /// The file of a feed. Blocks, for two minutes at most: asynchronous callers put it on a thread
    /// of its own.
    ///
    /// A copy younger than `max_age` is used without asking. When the server gives no answer that
    /// can be used, an older copy stands in, with a warning that says its age. A copy that was
    /// changed on the disk counts as none.
    ///
    /// # Errors
    /// [`FeedError`]: the user's file cannot be read, or there is neither an answer nor a copy.
    pub fn fetch(
        &self,
        feed: Feed,
        source: &FeedSource,
        max_age: SignedDuration,
    ) -> Result<Fetched, FeedError> {
        match source {
            FeedSource::File(path) => {
                let bytes = read_limited(path, feed.max_bytes()).map_err(|error| match error {
                    FileError::TooLarge { path, max } => FeedError::TooLarge { feed, path, max },
                    error => FeedError::File { feed, error },
                })?;
                Ok(Fetched {
                    bytes,
                    name: path.display().to_string(),
                    fetched_at: None,
                    from_cache: false,
                    warning: None,
                })
            }
            FeedSource::Url(url) => self.fetch_url(feed, url, max_age),
        }
    }

    fn fetch_url(
        &self,
        feed: Feed,
        url: &FeedUrl,
        max_age: SignedDuration,
    ) -> Result<Fetched, FeedError> {
        let copy = self
            .cache
            .as_ref()
            .and_then(|cache| cache.load(url, feed.max_bytes()));
        // A copy from the future was written under another clock: nobody knows its age.
        let is_fresh = |copy: &CachedCopy| {
            let age = self.now.duration_since(copy.fetched_at);
            !age.is_negative() && age <= max_age
        };
        let copy = match copy {
            Some(copy) if is_fresh(&copy) => return Ok(from_copy(url, copy, None)),
            copy => copy,
        };
        if self.offline {
            let why = "the run is offline";
            return match copy {
                Some(copy) => Ok(self.stand_in(feed, url, copy, why)),
                None => Err(FeedError::Offline {
                    feed,
                    url: url.to_string(),
                }),
            };
        }
        let request = Request {
            url,
            max_bytes: feed.max_bytes(),
            timeout: self.timeout,
            use_proxy: self.use_proxy,
            known: copy.as_ref().map(|copy| &copy.validators),
        };
        let answer = download::get(&request).and_then(|answer| match (answer, &copy) {
            (Answer::Unchanged, Some(copy)) => Ok(CachedCopy {
                fetched_at: self.now,
                ..copy.clone()
            }),
            (Answer::Unchanged, None) => Err(DownloadError::Status(304)),
            (Answer::New { bytes, validators }, _) => {
                feed.check(&bytes, &url.to_string())?;
                Ok(CachedCopy {
                    bytes,
                    fetched_at: self.now,
                    validators,
                })
            }
        });
        match (answer, copy) {
            (Ok(new), _) => {
                let kept = self.cache.as_ref().map(|cache| cache.store(url, &new));
                let warning = kept.and_then(Result::err).map(|error| {
                    format!("{feed}: no copy can be kept, so that the next run fetches it again: {error}")
                });
                Ok(Fetched {
                    bytes: new.bytes,
                    name: url.to_string(),
                    fetched_at: Some(self.now),
                    from_cache: false,
                    warning,
                })
            }
            (Err(error), Some(copy)) => Ok(self.stand_in(feed, url, copy, &error.to_string())),
            (Err(error), None) => Err(FeedError::Download {
                feed,
                url: url.to_string(),
                error,
            }),
        }
    }

    fn stand_in(&self, feed: Feed, url: &FeedUrl, copy: CachedCopy, why: &str) -> Fetched {
        let hours = self.now.duration_since(copy.fetched_at).as_hours();
        let age = match hours {
            ..0 => "dated in the future".to_owned(),
            0..48 => format!("{hours} hours old"),
            48.. => format!("{} days old", hours / 24),
        };
        let warning = format!("{feed}: using the local copy of {url}, which is {age}: {why}");
        from_copy(url, copy, Some(warning))
    }
}

fn from_copy(url: &FeedUrl, copy: CachedCopy, warning: Option<String>) -> Fetched {
    Fetched {
        bytes: copy.bytes,
        name: url.to_string(),
        fetched_at: Some(copy.fetched_at),
        from_cache: true,
        warning,
    }
}

#[cfg(test)]
mod tests;
