//! Servers that no Stripe would be: they cut, stall and babble. Written on bare sockets, so that
//! nothing is mended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use processor::{Processor, ProcessorError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::stage::key;

struct Rogue {
    url: String,
    connections: Arc<AtomicUsize>,
}

/// Answers every request, on every connection, with `bytes`; after them keeps the connection open,
/// or cuts it.
async fn rogue(bytes: &'static [u8], cut: bool) -> Rogue {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 16_384];
                while let Ok(1..) = stream.read(&mut request).await {
                    if stream.write_all(bytes).await.is_err() || cut {
                        return;
                    }
                }
            });
        }
    });
    Rogue { url, connections }
}

fn processor(url: &str) -> Processor {
    let processor = Processor::new(Some(url), &key("sk_test_1"), None).expect("a configuration");
    processor.with_timeout(Duration::from_millis(500))
}

async fn outcome(bytes: &'static [u8], cut: bool) -> ProcessorError {
    let rogue = rogue(bytes, cut).await;
    processor(&rogue.url)
        .cancel_payment_intent("pi_1", "key")
        .await
        .expect_err("not an intent")
}

#[tokio::test]
async fn f02_whatever_else_comes_back_the_outcome_is_unknown() {
    let answers: [(&'static [u8], bool); 8] = [
        (b"", true),
        (b"", false),
        (b"HTTP/1.1 200 OK\r\n", true),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":",
            true,
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":",
            false,
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", false),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://elsewhere\r\ncontent-length: 0\r\n\r\n",
            false,
        ),
        (b"\x00\xff\xfe nonsense \r\n\r\n", true),
    ];
    for (bytes, cut) in answers {
        let error = outcome(bytes, cut).await;
        let shown = String::from_utf8_lossy(bytes);
        assert!(
            matches!(error, ProcessorError::Unknown { .. }),
            "{shown:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let read = stream.read(&mut [0; 16_384]).await.expect("a request");
        assert!(read > 0);
        stream.write_all(HEAD).await.expect("open");
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {}
    });
    let patient = processor(&url).with_timeout(Duration::from_secs(20));
    let error = patient
        .cancel_payment_intent("pi_1", "key")
        .await
        .expect_err("not an intent");
    assert!(
        matches!(
            error,
            ProcessorError::Unknown {
                status: Some(200),
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_listening_is_busy_since_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = processor(&url)
        .cancel_payment_intent("pi_1", "key")
        .await
        .expect_err("nobody");
    assert!(
        matches!(
            error,
            ProcessorError::Busy {
                retry_after: None,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_processor_s_wish_to_be_left_alone_is_passed_on() {
    let error = outcome(
        b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
        false,
    )
    .await;
    let wish = Some(Duration::from_secs(7));
    assert!(
        matches!(error, ProcessorError::Busy { retry_after, .. } if retry_after == wish),
        "{error:?}"
    );
}

#[tokio::test]
async fn one_connection_serves_many_calls_and_all_accounts() {
    let rogue = rogue(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", false).await;
    let processor = processor(&rogue.url);
    for _ in 0..5 {
        assert!(processor.get_payment_intent("pi_1").await.is_err());
        let other = processor.for_account("acct_1").expect("an account");
        assert!(other.get_payment_intent("pi_1").await.is_err());
    }
    assert_eq!(rogue.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_never_sent() {
    let rogue = rogue(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", false).await;
    let processor = processor(&rogue.url);
    let error = processor
        .get_payment_intent("../customers")
        .await
        .expect_err("no id");
    assert!(
        matches!(error, ProcessorError::Rejected { .. }),
        "{error:?}"
    );
    assert_eq!(rogue.connections.load(Ordering::SeqCst), 0);
}
