//! ListMessages.

use crate::app::TestApp;
use ids::{ClientId, PracticeId};
use proto::notifications::v1::{ListMessagesRequest, MessageState};
use tonic::Code;

#[tokio::test]
async fn r43_list_messages_gives_all_pages_newest_first_by_client_and_state() {
    let app = TestApp::start().await;
    let silent = ClientId::new(&app.clock);
    app.add_client(silent, "");
    for _ in 0..4 {
        app.share();
    }
    app.share_with(silent);
    app.until(4, MessageState::Sent).await;
    app.until(1, MessageState::Failed).await;

    let mut owner = app.owner_of(app.practice);
    let mut request = ListMessagesRequest {
        practice_id: app.practice.to_string(),
        page_size: 2,
        ..ListMessagesRequest::default()
    };
    let (mut ids, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = owner
            .list_messages(request.clone())
            .await
            .expect("listed")
            .into_inner();
        sizes.push(page.messages.len());
        ids.extend(page.messages.into_iter().map(|message| message.message_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");

    let foreign = ListMessagesRequest {
        client_id: silent.to_string(),
        ..request.clone()
    };
    let refused = owner
        .list_messages(foreign)
        .await
        .expect_err("another list's token");
    assert_eq!(refused.code(), Code::InvalidArgument);

    let of_client = ListMessagesRequest {
        client_id: silent.to_string(),
        ..ListMessagesRequest::default()
    };
    assert_eq!(app.list(of_client).await.len(), 1);
    let sent = ListMessagesRequest {
        state: MessageState::Sent.into(),
        ..ListMessagesRequest::default()
    };
    assert_eq!(app.list(sent).await.len(), 4);
}

#[tokio::test]
async fn t_another_practice_sees_nothing() {
    let app = TestApp::start().await;
    app.share();
    app.until(1, MessageState::Sent).await;
    let other = PracticeId::new(&app.clock);
    let mut stranger = app.owner_of(other);
    let theirs = ListMessagesRequest {
        practice_id: app.practice.to_string(),
        ..ListMessagesRequest::default()
    };
    let refused = stranger
        .list_messages(theirs)
        .await
        .expect_err("not theirs");
    assert_eq!(refused.code(), Code::NotFound);
    let own = ListMessagesRequest {
        practice_id: other.to_string(),
        ..Default::default()
    };
    let listed = stranger
        .list_messages(own)
        .await
        .expect("their own list")
        .into_inner();
    assert!(listed.messages.is_empty());
}
