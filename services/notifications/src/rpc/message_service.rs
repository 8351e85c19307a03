use crate::ops::list_messages::{PageAsked, list_messages};
use crate::{Notifications, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::notifications::v1::message_service_server::MessageService;
use proto::notifications::v1::{ListMessagesRequest, ListMessagesResponse};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl MessageService for Notifications {
    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::message::message_filter(&asked)?;
        let sealed = ListMessagesRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListMessages", &sealed),
        };
        let page = list_messages(self, &caller, practice, &filter, page).await?;
        Ok(Response::new(wire::message::message_page(page)))
    }
}
