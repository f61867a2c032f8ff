use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use crate::scanners::Host;

use super::*;

const CATALOGUE: &str = r#"{"catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T15:00:00Z",
  "count": 1, "vulnerabilities": [{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10"}]}"#;
const NEWER: &str = r#"{"catalogVersion": "2026.11.24", "dateReleased": "2026-11-24T15:00:00Z",
  "count": 1, "vulnerabilities": [{"cveID": "CVE-2024-0001", "dateAdded": "2024-05-01"}]}"#;

const DAY: SignedDuration = DEFAULT_MAX_AGE;

fn start() -> Timestamp {
    "2026-11-20T16:00:00Z".parse().unwrap()
}

type Reply = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// A server that gives these replies, one a connection, and then is gone.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Server {
    fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/feed.json", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let thread = thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
                    request.push(byte[0]);
                }
                seen.lock()
                    .unwrap()
                    .push(String::from_utf8(request).unwrap().to_lowercase());
                reply(&mut stream);
            }
        });
        Self {
            address,
            requests,
            thread,
        }
    }

    fn url(&self) -> FeedUrl {
        FeedUrl::parse(&self.address).unwrap()
    }

    /// The requests, once all replies are given.
    fn requests(self) -> Vec<String> {
        self.thread.join().unwrap();
        self.requests.lock().unwrap().clone()
    }
}

/// A whole answer.
fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    raw(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    ))
}

/// These bytes and then the end of the connection.
fn raw(text: String) -> Reply {
    Box::new(move |stream| {
        // The client may have hung up already.
        let _ = stream.write_all(text.as_bytes());
    })
}

fn ok(body: &str) -> Reply {
    answer("200 OK", "ETag: \"one\"\r\n", body)
}

/// A fetcher at a moment, that asks the server itself and not the proxy of who runs the tests.
fn fetcher(cache: &Path, now: Timestamp) -> Fetcher {
    Fetcher {
        use_proxy: false,
        timeout: Duration::from_secs(10),
        ..Fetcher::new(Some(cache.to_owned()), now, false)
    }
}

fn kev(fetcher: &Fetcher, url: &FeedUrl) -> Result<Fetched, FeedError> {
    fetcher.fetch(Feed::Kev, &FeedSource::Url(url.clone()), DAY)
}

/// A folder in which the copy of an address lies, fetched at [`start`].
fn with_copy(url: &FeedUrl) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = CachedCopy {
        bytes: CATALOGUE.as_bytes().to_vec(),
        fetched_at: start(),
        validators: download::Validators {
            etag: Some("\"one\"".to_owned()),
            last_modified: Some("Fri, 20 Nov 2026 15:00:00 GMT".to_owned()),
        },
    };
    Cache::new(folder.path().to_owned())
        .store(url, &copy)
        .unwrap();
    folder
}

/// The only file with that extension.
fn file(folder: &Path, extension: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// What fetching gives with an empty cache, which has to stay empty.
fn refused(replies: Vec<Reply>) -> String {
    let server = Server::new(replies);
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let error = kev(&fetcher(folder.path(), start()), &url).unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(server.requests());
    let message = error.to_string();
    let begin = format!("CISA KEV: {url} cannot be fetched: ");
    let end = "; check the network and the proxy variables, or name a local copy with \
               `enrichment.kev.file`";
    let cause = message
        .strip_prefix(&begin)
        .and_then(|m| m.strip_suffix(end));
    cause.expect(&message).to_owned()
}

#[test]
fn an_answer_is_kept_for_a_day_where_only_the_user_reads_it() {
    let server = Server::new(vec![ok(CATALOGUE)]);
    let url = server.url();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("crosscheck/feeds");
    let first = kev(&fetcher(&folder, start()), &url).unwrap();
    assert_eq!(first.bytes, CATALOGUE.as_bytes());
    assert_eq!((first.from_cache, first.warning), (false, None));
    assert_eq!(first.fetched_at, Some(start()));
    let requests = server.requests();
    assert!(requests[0].contains("user-agent: crosscheck/"));
    assert!(!requests[0].contains("if-none-match"));

    // Nobody is there any more who could be asked.
    let later = start() + DAY;
    let second = kev(&fetcher(&folder, later), &url).unwrap();
    assert_eq!(second.bytes, CATALOGUE.as_bytes());
    assert_eq!((second.from_cache, second.warning.clone()), (true, None));
    assert_eq!(second.age(later), Some(DAY));

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&file(&folder, "data")), 0o600);
    assert_eq!(mode(&file(&folder, "json")), 0o600);
}

#[test]
fn a_confirmed_copy_is_as_good_as_new() {
    let server = Server::new(vec![answer("304 Not Modified", "", "")]);
    let url = server.url();
    let folder = with_copy(&url);
    let later = start() + DAY * 3;
    let fetched = kev(&fetcher(folder.path(), later), &url).unwrap();
    assert_eq!(fetched.bytes, CATALOGUE.as_bytes());
    assert_eq!((fetched.from_cache, fetched.warning), (false, None));
    assert_eq!(fetched.fetched_at, Some(later));
    let requests = server.requests();
    assert!(requests[0].contains("if-none-match: \"one\""));
    assert!(requests[0].contains("if-modified-since: fri, 20 nov 2026 15:00:00 gmt"));
    assert!(
        kev(&fetcher(folder.path(), later + DAY), &url)
            .unwrap()
            .from_cache
    );
}

#[test]
fn a_new_answer_replaces_an_old_copy() {
    let server = Server::new(vec![ok(NEWER)]);
    let url = server.url();
    let folder = with_copy(&url);
    let later = start() + DAY * 2;
    let fetched = kev(&fetcher(folder.path(), later), &url).unwrap();
    assert_eq!(fetched.bytes, NEWER.as_bytes());
    drop(server.requests());
    let kept = kev(&fetcher(folder.path(), later), &url).unwrap();
    assert_eq!((kept.bytes, kept.from_cache), (NEWER.into(), true));
}

#[test]
fn what_a_server_should_not_say_is_an_error_with_its_cause() {
    for status in [
        "404 Not Found",
        "500 Internal Server Error",
        "204 No Content",
    ] {
        let number = &status[..3];
        let expected = format!("the server answers with status {number}");
        assert_eq!(refused(vec![answer(status, "", "")]), expected);
    }
    // Nobody asked whether it has changed.
    assert_eq!(
        refused(vec![answer("304 Not Modified", "", "")]),
        "the server answers with status 304"
    );
    let page = refused(vec![ok("<html>Log in to the network</html>")]);
    assert!(
        page.contains("/feed.json:1:1: not CISA's catalogue"),
        "{page}"
    );
}

#[test]
fn a_connection_that_breaks_leaves_nothing() {
    let cut = raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"cata".to_owned());
    assert!(!refused(vec![cut]).is_empty());
    let half = raw("HTTP/1.1 200 OK\r\nContent-Le".to_owned());
    assert!(!refused(vec![half]).is_empty());
    assert!(!refused(vec![raw(String::new())]).is_empty());
    // Chunks without the last one.
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cat\r\n";
    assert!(!refused(vec![raw(chunks.to_owned())]).is_empty());
}

#[test]
fn a_slow_server_is_given_up() {
    let silent: Reply = Box::new(|stream| {
        // Until the client hangs up.
        let _ = stream.read(&mut [0]);
    });
    let stops: Reply = Box::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
        let _ = stream.read(&mut [0]);
    });
    for reply in [silent, stops] {
        let server = Server::new(vec![reply]);
        let folder = tempfile::tempdir().unwrap();
        let impatient = Fetcher {
            timeout: Duration::from_millis(300),
            ..fetcher(folder.path(), start())
        };
        let error = kev(&impatient, &server.url()).unwrap_err();
        assert!(
            matches!(
                error,
                FeedError::Download {
                    error: DownloadError::Timeout,
                    ..
                }
            ),
            "{error}"
        );
        drop(server.requests());
    }
}

#[test]
fn an_answer_without_measure_is_not_taken() {
    let expected = "the answer is larger than 33554432 bytes, so it is not the feed";
    let stated = raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        (32 << 20) + 1
    ));
    assert_eq!(refused(vec![stated]), expected);
    let endless: Reply = Box::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        let block = vec![b' '; 1 << 20];
        while stream.write_all(&block).is_ok() {}
    });
    assert_eq!(refused(vec![endless]), expected);
}

#[test]
fn redirects_are_followed_but_not_in_circles() {
    let moved = || answer("302 Found", "Location: /feed.json\r\n", "");
    let server = Server::new(vec![moved(), ok(CATALOGUE)]);
    let folder = tempfile::tempdir().unwrap();
    let fetched = kev(&fetcher(folder.path(), start()), &server.url()).unwrap();
    assert_eq!(fetched.bytes, CATALOGUE.as_bytes());
    drop(server.requests());

    let circle = (0..=download::MAX_REDIRECTS).map(|_| moved()).collect();
    assert_eq!(refused(circle), "there are more than 5 redirects");
}

#[test]
fn an_old_copy_stands_in_with_its_age() {
    let later = start() + DAY * 3;
    for reply in [
        answer("500 Internal Server Error", "", ""),
        ok("<html>"),
        raw(String::new()),
    ] {
        let server = Server::new(vec![reply]);
        let url = server.url();
        let folder = with_copy(&url);
        let fetched = kev(&fetcher(folder.path(), later), &url).unwrap();
        drop(server.requests());
        assert_eq!(fetched.bytes, CATALOGUE.as_bytes());
        assert_eq!(
            (fetched.from_cache, fetched.fetched_at),
            (true, Some(start()))
        );
        let warning = fetched.warning.unwrap();
        let begin = format!("CISA KEV: using the local copy of {url}, which is 3 days old: ");
        assert!(warning.starts_with(&begin), "{warning}");
        // And stays as it was.
        let again = Fetcher::new(Some(folder.path().to_owned()), start(), true);
        assert_eq!(kev(&again, &url).unwrap().bytes, CATALOGUE.as_bytes());
    }
}

#[test]
fn a_copy_that_was_changed_counts_as_none() {
    for (extension, garbage) in [("data", "{}"), ("json", "garbage"), ("json", "{}")] {
        let server = Server::new(vec![ok(NEWER)]);
        let url = server.url();
        let folder = with_copy(&url);
        fs::write(file(folder.path(), extension), garbage).unwrap();
        let fetched = kev(&fetcher(folder.path(), start()), &url).unwrap();
        assert_eq!((fetched.bytes, fetched.from_cache), (NEWER.into(), false));
        assert!(!server.requests()[0].contains("if-none-match"));
        // Mended on the way.
        assert!(
            kev(&fetcher(folder.path(), start()), &url)
                .unwrap()
                .from_cache
        );
    }
}

#[test]
fn a_copy_from_the_future_is_not_fresh() {
    let server = Server::new(vec![ok(NEWER)]);
    let url = server.url();
    let folder = with_copy(&url);
    let before = start() - DAY;
    let fetched = kev(&fetcher(folder.path(), before), &url).unwrap();
    assert_eq!(fetched.bytes, NEWER.as_bytes());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn offline_only_copies_are_used() {
    let url = FeedUrl::parse("http://feeds.invalid/kev.json").unwrap();
    let folder = with_copy(&url);
    let offline = |now| Fetcher::new(Some(folder.path().to_owned()), now, true);
    let fresh = kev(&offline(start()), &url).unwrap();
    assert_eq!((fresh.from_cache, fresh.warning), (true, None));
    let old = kev(
        &offline(start() + DAY + SignedDuration::from_hours(1)),
        &url,
    )
    .unwrap();
    assert_eq!(
        old.warning.as_deref(),
        Some(
            "CISA KEV: using the local copy of http://feeds.invalid/kev.json, which is 25 hours \
             old: the run is offline"
        )
    );
    let other = FeedUrl::parse("http://feeds.invalid/other.json").unwrap();
    let error = kev(&offline(start()), &other).unwrap_err().to_string();
    assert!(error.contains("no local copy of http://feeds.invalid/other.json"));
    assert!(error.contains("`enrichment.kev.file`"));
}

#[test]
fn a_folder_that_cannot_be_written_costs_a_warning() {
    let server = Server::new(vec![ok(CATALOGUE)]);
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a-file");
    fs::write(&folder, "").unwrap();
    let fetched = kev(&fetcher(&folder, start()), &server.url()).unwrap();
    assert_eq!(fetched.bytes, CATALOGUE.as_bytes());
    assert!(fetched.warning.unwrap().contains("no copy can be kept"));
}

#[test]
fn a_file_of_the_users_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epss.csv");
    let fetch = || {
        let nothing_else = Fetcher::new(None, start(), true);
        nothing_else.fetch(Feed::Epss, &FeedSource::File(path.clone()), DAY)
    };
    let missing = fetch().unwrap_err().to_string();
    assert!(missing.starts_with("EPSS: ") && missing.contains("no such file"));
    fs::write(&path, "cve,epss").unwrap();
    let fetched = fetch().unwrap();
    assert_eq!(fetched.bytes, b"cve,epss");
    assert_eq!((fetched.fetched_at, fetched.age(start())), (None, None));
    assert!(fetched.name.ends_with("epss.csv"));
    let sparse = fs::OpenOptions::new().write(true).open(&path).unwrap();
    sparse.set_len(Feed::Epss.max_bytes() + 1).unwrap();
    assert!(matches!(fetch(), Err(FeedError::TooLarge { .. })));
}

#[test]
fn secrets_of_an_address_are_neither_shown_nor_written() {
    let url = FeedUrl::parse("https://me:secret@mirror.example/kev.json?token=secret").unwrap();
    assert_eq!(url.to_string(), "https://mirror.example/kev.json");
    assert_eq!(
        format!("{url:?}"),
        "FeedUrl(https://mirror.example/kev.json)"
    );
    let folder = with_copy(&url);
    let description = fs::read_to_string(file(folder.path(), "json")).unwrap();
    assert!(description.contains("mirror.example") && !description.contains("secret"));
    // Another query is another file.
    let cache = Cache::new(folder.path().to_owned());
    let other = FeedUrl::parse("https://me:secret@mirror.example/kev.json?token=other").unwrap();
    assert!(cache.load(&url, 1 << 20).is_some() && cache.load(&other, 1 << 20).is_none());
}

#[test]
fn addresses_are_of_http_with_a_host() {
    for text in [
        "",
        "kev.json",
        "/srv/kev.json",
        "https:///kev.json",
        "https://a b/",
    ] {
        assert_eq!(FeedUrl::parse(text), Err(UrlError::Malformed), "{text}");
    }
    let error = FeedUrl::parse("file://host/kev.json").unwrap_err();
    assert_eq!(error, UrlError::Scheme("file".to_owned()));
    for feed in [Feed::Kev, Feed::Epss] {
        assert!(feed.url().is_https());
    }
}

#[test]
fn copies_lie_in_the_users_cache_folder() {
    let host = |variables: &[(&str, &str)]| {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        cache_folder(&Host::new(variables))
    };
    let folder = host(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]).unwrap();
    assert_eq!(folder, Path::new("/c/crosscheck/feeds"));
    let below_home = host(&[("XDG_CACHE_HOME", "relative"), ("HOME", "/h")]).unwrap();
    assert!(below_home.starts_with("/h"));
    assert_eq!(host(&[]), None);
}
