//! Clients that keep a connection waiting, with a paused clock.

use axum::routing::{any, get, post};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::*;

const WRITE: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(75);

/// A connection that is served, and the client's end of it.
struct Served {
    client: DuplexStream,
    task: JoinHandle<()>,
    end: watch::Sender<()>,
}

fn serve(router: Router) -> Served {
    let (client, stream) = tokio::io::duplex(1024);
    let (end, ending) = watch::channel(());
    let connection = Connection {
        peer: SocketAddr::from(([192, 0, 2, 1], 1)),
        router,
        activity: Arc::new(Activity::new()),
        patience: Patience::new(WRITE, IDLE),
    };
    let task = tokio::spawn(connection.serve(stream, None, ending));
    Served { client, task, end }
}

/// Answers with 100 kB, which is more than the buffers between server and client hold.
fn router() -> Router {
    Router::new()
        .route("/", get(async || vec![b'x'; 100_000]))
        .route("/small", any(async || "small"))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
        .route("/endless", get(std::future::pending::<()>))
}

/// An HTTP/2 client that answers pings as long as it is connected.
async fn http2(client: DuplexStream, window: u32) -> (SendRequest<Bytes>, JoinHandle<bool>) {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window);
    let (sender, connection) = builder.handshake(client).await.unwrap();
    let driver = tokio::spawn(async move { connection.await.is_ok() });
    (sender, driver)
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("http://x{path}")).body(()).unwrap()
}

/// The seconds until a connection ends.
async fn lasts(task: JoinHandle<()>) -> u64 {
    let began = Instant::now();
    task.await.unwrap();
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http_1_that_never_reads_its_answers_is_cut_off() {
    let Served { mut client, task, end: _end } = serve(router());
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(lasts(task).await, WRITE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http_1_that_reads_slowly_gets_its_whole_answer() {
    let Served { mut client, task: _task, end: _end } = serve(router());
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let (mut taken, mut piece) = (0, [0; 1000]);
    loop {
        tokio::time::sleep(WRITE - Duration::from_secs(1)).await;
        match client.read(&mut piece).await.unwrap() {
            0 => break,
            length => taken += length,
        }
    }
    assert!(taken > 100_000, "{taken}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_of_http_1_is_closed() {
    let Served { mut client, task, end: _end } = serve(router());
    client.write_all(b"GET /small HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let length = client.read(&mut [0; 1000]).await.unwrap();
    assert_ne!(length, 0);
    assert_eq!(lasts(task).await, IDLE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http_2_that_opens_no_window_is_cut_off_however_it_answers_pings() {
    for window in [0, 1000] {
        let Served { client, task, end: _end } = serve(router());
        let (mut sender, _driver) = http2(client, window).await;
        let (answer, _) = sender.send_request(request("/"), true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(lasts(task).await, WRITE.as_secs(), "a window of {window}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http_2_that_opens_its_window_slowly_gets_its_whole_answer() {
    let Served { client, task: _task, end: _end } = serve(router());
    let (mut sender, _driver) = http2(client, 20_000).await;
    let (answer, _) = sender.send_request(request("/"), true).unwrap();
    let mut body = answer.await.unwrap().into_body();
    let mut taken = 0;
    while let Some(data) = body.data().await {
        // The client opens its window each time that it has read a half of it.
        tokio::time::sleep(WRITE / 8).await;
        let length = data.unwrap().len();
        body.flow_control().release_capacity(length).unwrap();
        taken += length;
    }
    assert_eq!(taken, 100_000);
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_of_http_2_is_told_and_closed_however_it_answers_pings() {
    let Served { client, task, end: _end } = serve(router());
    let (mut sender, driver) = http2(client, 1000).await;
    let (answer, _) = sender.send_request(request("/small"), true).unwrap();
    drop(answer.await.unwrap());
    assert_eq!(lasts(task).await, IDLE.as_secs());
    assert!(driver.await.unwrap(), "GOAWAY without an error");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_the_goaway_is_closed_after_it() {
    // The preface, a SETTINGS frame, a request for `/small`, and then nothing more.
    const ASKED: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
        \0\0\0\x04\0\0\0\0\0\
        \0\0\x0b\x01\x05\0\0\0\x01\x82\x86\x44\x06/small\x01";
    let Served { mut client, task, end: _end } = serve(router());
    let mut asked = ASKED.to_vec();
    // `:authority: x`, without indexing.
    asked.splice(asked.len() - 1.., *b"\x01\x01x");
    let length = asked.len() - 24 - 9 - 9;
    asked[24 + 9 + 2] = u8::try_from(length).unwrap();
    client.write_all(&asked).await.unwrap();
    let reading = tokio::spawn(async move {
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        answer
    });
    // Pings are not answered, which may end the connection even sooner.
    assert!(lasts(task).await <= (IDLE + WRITE).as_secs());
    let answer = reading.await.unwrap();
    assert!(answer.windows(5).any(|window| window == b"small"), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_running_request_is_not_idle() {
    let Served { client, task, end: _end } = serve(router());
    let (mut sender, _driver) = http2(client, 1000).await;
    let (answer, _) = sender.send_request(request("/endless"), true).unwrap();
    tokio::time::sleep(10 * IDLE).await;
    assert!(!task.is_finished());
    // The connection is idle from the moment when the client cancels the request.
    drop(answer);
    assert_eq!(lasts(task).await, IDLE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for_on_either_protocol() {
    let Served { mut client, task, end: _end } = serve(router());
    let head = b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345";
    client.write_all(head).await.unwrap();
    let began = Instant::now();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("connection: close"),
        "{answer}"
    );
    task.await.unwrap();
    assert!((60..70).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

    let Served { client, task: _task, end: _end } = serve(router());
    let (mut sender, _driver) = http2(client, 1000).await;
    let mut asked = request("/read");
    *asked.method_mut() = Method::POST;
    let (answer, _open) = sender.send_request(asked, false).unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_arrives_byte_by_byte_is_bounded_in_time_on_a_kept_connection_too() {
    let Served { mut client, task, end: _end } = serve(router());
    let began = Instant::now();
    for byte in b"GET /small HTTP/1.1\r\nhost: x\r\n\r\n".iter().chain([&b'x'; 1000]) {
        tokio::time::sleep(Duration::from_millis(400)).await;
        if client.write_all(&[*byte]).await.is_err() {
            break;
        }
    }
    task.await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(15) + IDLE, "{:?}", began.elapsed());
}

/// Sends the head of a request, waits, and then sends its body. The answer may be there before the
/// body.
async fn post_slowly(client: &mut DuplexStream, head: &str, body: &[u8]) -> String {
    client.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let _ = client.write_all(body).await;
    let mut answer = vec![0; 4096];
    let length = client.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_no_handler_reads_does_not_cost_the_connection() {
    let Served { mut client, task: _task, end: _end } = serve(router());
    let body = [b'x'; 5000];
    for path in ["/small", "/unknown", "/"].repeat(100) {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n");
        let answer = post_slowly(&mut client, &head, &body).await;
        let status = if path == "/small" { "200" } else { "40" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_request_whose_body_is_not_read_says_close() {
    for (headers, body) in [
        // The body is too long to be read and discarded.
        ("content-length: 10000000", vec![b'x'; 100_000]),
        // The body does not come.
        ("content-length: 10", vec![]),
        // The client sends the body only when it is asked to, and it is not.
        ("content-length: 10\r\nexpect: 100-continue", vec![]),
    ] {
        let Served { client, task, end: _end } = serve(router());
        let (mut reading, mut writing) = tokio::io::split(client);
        let head = format!("POST /unknown HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n");
        let sending = async {
            writing.write_all(head.as_bytes()).await.unwrap();
            let _ = writing.write_all(&body).await;
            writing
        };
        let receiving = async {
            let mut answer = String::new();
            reading.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let (_writing, answer) = tokio::join!(sending, receiving);
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{headers}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{headers}: {answer}");
        task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_ends_what_is_idle_at_once() {
    let Served { client, task, end } = serve(router());
    let (mut sender, driver) = http2(client, 1000).await;
    let (answer, _) = sender.send_request(request("/small"), true).unwrap();
    drop(answer.await.unwrap());
    drop(end);
    assert_eq!(lasts(task).await, 0);
    assert!(driver.await.unwrap());
}
