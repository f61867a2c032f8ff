//! As much of HTTP/1.1 as one client on loopback needs: one request a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Most bytes of a head, of a body, and of a body once unpacked.
const LIMITS: (u64, u64, u64) = (64 << 10, 64 << 20, 512 << 20);

/// A request.
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Path with query.
    pub target: String,
    /// What `authorization` says.
    pub authorization: String,
    /// Unpacked.
    pub body: String,
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads the one request of a connection.
pub fn read(stream: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = (&mut reader).take(LIMITS.0);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(bad("no request line"));
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let (mut length, mut gzip, mut authorization) = (0, false, String::new());
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(bad("the head does not end"));
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(|_| bad("content-length"))?,
            "content-encoding" => gzip = value.eq_ignore_ascii_case("gzip"),
            "transfer-encoding" => return Err(bad("chunked bodies are not read here")),
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    if length > LIMITS.1 {
        return Err(bad("the body is too long"));
    }
    let mut packed = Vec::new();
    reader.take(length).read_to_end(&mut packed)?;
    if packed.len() as u64 != length {
        return Err(bad("the body ends early"));
    }
    let mut body = String::new();
    if gzip && !packed.is_empty() {
        flate2::read::GzDecoder::new(packed.as_slice())
            .take(LIMITS.2)
            .read_to_string(&mut body)?;
    } else {
        packed.as_slice().read_to_string(&mut body)?;
    }
    Ok(Request {
        method,
        target,
        authorization,
        body,
    })
}

/// Writes a JSON answer and ends the connection.
pub fn write(mut stream: &TcpStream, status: u16, body: &str) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        _ => "Not Found",
    };
    write!(
        stream,
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}
