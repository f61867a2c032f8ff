//! One conditional HTTP request, within limits of time and size.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::http::{HeaderName, StatusCode, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::policy::enrichment::EnrichmentError;

use super::FeedUrl;

/// How long connecting may take: a firewall that drops packets should not cost minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Redirects that are followed. The published addresses need none, a moved one needs one or two.
pub(super) const MAX_REDIRECTS: u32 = 5;

/// What a server named its answer by, to be asked whether it has changed (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validators {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) last_modified: Option<String>,
}

pub(super) struct Request<'a> {
    pub(super) url: &'a FeedUrl,
    pub(super) max_bytes: u64,
    /// For everything from the name of the host to the last byte.
    pub(super) timeout: Duration,
    /// Whether the proxies of the environment are used.
    pub(super) use_proxy: bool,
    /// Of the copy that is at hand.
    pub(super) known: Option<&'a Validators>,
}

pub(super) enum Answer {
    New {
        bytes: Vec<u8>,
        validators: Validators,
    },
    /// The copy at hand is the server's.
    Unchanged,
}

/// Why a server's answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Another status than 200, and than 304 where that was asked for.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// More bytes than the feed ever had.
    #[error("the answer is larger than {0} bytes, so it is not the feed")]
    TooLarge(u64),
    /// Too slow, or silent.
    #[error("there is no complete answer in time")]
    Timeout,
    /// Sent around in circles.
    #[error("there are more than {MAX_REDIRECTS} redirects")]
    Redirects,
    /// Sent from an encrypted address to one that is not.
    #[error("the server redirects to an address without TLS")]
    Downgrade,
    /// The name means nothing.
    #[error("the host is not known")]
    HostNotFound,
    /// No connection, or one that broke.
    #[error("{0}")]
    Connection(#[source] io::Error),
    /// Bytes that are not the feed.
    #[error(transparent)]
    Content(#[from] EnrichmentError),
    /// Anything else of HTTP or TLS.
    #[error("{0}")]
    Other(#[source] Box<ureq::Error>),
}

impl From<ureq::Error> for DownloadError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(status) => Self::Status(status),
            ureq::Error::Timeout(_) => Self::Timeout,
            ureq::Error::TooManyRedirects => Self::Redirects,
            // Its own text would show the address with everything in it.
            ureq::Error::RequireHttpsOnly(_) => Self::Downgrade,
            ureq::Error::BodyExceedsLimit(limit) => Self::TooLarge(limit),
            ureq::Error::HostNotFound => Self::HostNotFound,
            ureq::Error::Io(error) => Self::Connection(error),
            other => Self::Other(Box::new(other)),
        }
    }
}

/// Asks for the file, or whether it is still the one at hand.
pub(super) fn get(request: &Request<'_>) -> Result<Answer, DownloadError> {
    let mut call = agent(request).get(request.url.uri());
    let known = request.known.cloned().unwrap_or_default();
    for (name, value) in [
        (header::IF_NONE_MATCH, known.etag),
        (header::IF_MODIFIED_SINCE, known.last_modified),
    ] {
        if let Some(value) = value {
            call = call.header(name, value);
        }
    }
    let mut response = call.call()?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Ok(Answer::Unchanged),
        other => return Err(DownloadError::Status(other.as_u16())),
    }
    let too_large = |length| length > request.max_bytes;
    if response.body().content_length().is_some_and(too_large) {
        return Err(DownloadError::TooLarge(request.max_bytes));
    }
    let text = |name: HeaderName| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let validators = Validators {
        etag: text(header::ETAG),
        last_modified: text(header::LAST_MODIFIED),
    };
    let body = response.body_mut().with_config().limit(request.max_bytes);
    Ok(Answer::New {
        bytes: body.read_to_vec()?,
        validators,
    })
}

fn agent(request: &Request<'_>) -> Agent {
    let mut config = Agent::config_builder()
        .https_only(request.url.is_https())
        .max_redirects(MAX_REDIRECTS)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(request.timeout))
        .user_agent(concat!("crosscheck/", env!("CARGO_PKG_VERSION")));
    if request.url.is_https() {
        config = config.tls_config(TlsConfig::builder().root_certs(root_certificates()).build());
    }
    if !request.use_proxy {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// The system's certificates, among them those of a company's own proxy; where a bare container has
/// none, those of Mozilla that are built in.
fn root_certificates() -> RootCerts {
    let found: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    if found.is_empty() {
        RootCerts::WebPki
    } else {
        RootCerts::Specific(Arc::new(found))
    }
}
