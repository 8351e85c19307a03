//! Mails go in over real SMTP, by the library that notifications uses.

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::Path;

fn transport(url: &str) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
        .expect("a URL")
        .build()
}

fn mail(body: &str) -> Message {
    Message::builder()
        .from("practice@evenkeel.example".parse().expect("an address"))
        .to("client@evenkeel.example".parse().expect("an address"))
        .subject("Your bill")
        .body(body.to_owned())
        .expect("a mail")
}

fn kept(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a mail"))
        .collect()
}

#[tokio::test]
async fn every_mail_is_kept_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = mail_sink::start(([127, 0, 0, 1], 0).into(), folder.path())
        .await
        .expect("starts");
    let smtp = transport(&sink.url());
    for body in ["one", "two\n.\nafter a lone dot"] {
        smtp.send(mail(body)).await.expect("taken");
    }
    let mails = kept(folder.path());
    assert_eq!(mails.len(), 2);
    assert!(mails[0].contains("Subject: Your bill") && mails[0].contains("one"));
    assert!(mails[1].contains("after a lone dot"));
    assert_eq!(sink.taken(), 2);
    sink.stop().await;
}

#[tokio::test]
async fn it_refuses_on_command_and_then_takes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = mail_sink::start(([127, 0, 0, 1], 0).into(), folder.path())
        .await
        .expect("starts");
    let smtp = transport(&sink.url());
    let begun = std::time::Instant::now();
    sink.refuse(1, 451);
    let refused = smtp.send(mail("later")).await.expect_err("refused");
    assert!(refused.is_transient());
    sink.refuse(1, 550);
    assert!(
        smtp.send(mail("never"))
            .await
            .expect_err("refused")
            .is_permanent()
    );
    smtp.send(mail("now")).await.expect("taken");
    assert_eq!(kept(folder.path()).len(), 1);
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(5),
        "a refused client is answered at once"
    );
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = mail_sink::start(([0, 0, 0, 0], 0).into(), folder.path())
        .await
        .expect_err("refused");
    assert!(matches!(error, mail_sink::StartError::NotLoopback(_)));
}
