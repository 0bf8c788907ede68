//! A minimal HTTP/1.1 client, so that the client is not the bottleneck.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A persistent connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(8192) }
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> Reply {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        let end = loop {
            self.read().await;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8(self.buffer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = values(&head, "content-length").next().map_or(0, |text| text.parse().unwrap());
        while self.buffer.len() < end + length {
            self.read().await;
        }
        let body = String::from_utf8(self.buffer[end..].to_vec()).unwrap();
        Reply { status, head, body }
    }

    async fn read(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(read > 0, "the server has closed the connection");
    }
}

impl Reply {
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        values(&self.head, name)
    }

    /// A string member of the JSON body.
    pub(crate) fn member(&self, name: &str) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        json[name].as_str().unwrap_or_else(|| unreachable!("{}", self.body)).to_owned()
    }
}

fn values<'h>(head: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    head.lines().skip(1).filter_map(move |line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A GET request with these header fields.
pub(crate) fn get(path: &str, lines: &[(&str, &str)]) -> Vec<u8> {
    let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}\r\n").into_bytes()
}

/// A POST request with a form.
pub(crate) fn post(path: &str, lines: &[(&str, &str)], form: &[(&str, &str)]) -> Vec<u8> {
    let body = encoded(form);
    let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
