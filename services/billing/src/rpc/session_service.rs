use super::{request_key, session_stream};
use crate::ops::list_bills::PageAsked;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::session_service_server::SessionService;
use proto::billing::v1::{
    CorrectSessionRequest, CorrectSessionResponse, GetSessionRequest, GetSessionResponse,
    ListSessionChangesRequest, ListSessionChangesResponse, ListSessionsRequest,
    ListSessionsResponse, RecordSessionRequest, RecordSessionResponse, RecordSessionsRequest,
    RecordSessionsResponse, UnwaiveSessionRequest, UnwaiveSessionResponse, WaiveSessionRequest,
    WaiveSessionResponse,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

#[tonic::async_trait]
impl SessionService for Billing {
    type RecordSessionsStream = ReceiverStream<Result<RecordSessionsResponse, Status>>;

    async fn record_sessions(
        &self,
        request: Request<Streaming<RecordSessionsRequest>>,
    ) -> Result<Response<Self::RecordSessionsStream>, Status> {
        let (caller, items) = enter(request)?;
        let results = session_stream::record(self.clone(), caller, items);
        Ok(Response::new(results))
    }

    async fn record_session(
        &self,
        request: Request<RecordSessionRequest>,
    ) -> Result<Response<RecordSessionResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "RecordSession",
            &asked,
        )?;
        let content = wire::session::content(asked.session)?;
        let asked = (practice, content);
        let recorded = ops::record_session::record_session(self, &caller, &key, asked).await?;
        Ok(Response::new(RecordSessionResponse {
            session: Some(wire::session::session(&recorded)),
        }))
    }

    async fn correct_session(
        &self,
        request: Request<CorrectSessionRequest>,
    ) -> Result<Response<CorrectSessionResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "CorrectSession",
            &asked,
        )?;
        let asked = wire::session::correct_session(practice, asked)?;
        let corrected = ops::correct_session::correct_session(self, &caller, &key, asked).await?;
        Ok(Response::new(CorrectSessionResponse {
            session: Some(wire::session::session(&corrected)),
        }))
    }

    async fn waive_session(
        &self,
        request: Request<WaiveSessionRequest>,
    ) -> Result<Response<WaiveSessionResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "WaiveSession",
            &asked,
        )?;
        let (session, waiver) = wire::session::waive_session(asked)?;
        let session = (practice, session);
        let waived =
            ops::waive_session::waive_session(self, &caller, &key, session, waiver).await?;
        Ok(Response::new(WaiveSessionResponse {
            session: Some(wire::session::session(&waived)),
        }))
    }

    async fn unwaive_session(
        &self,
        request: Request<UnwaiveSessionRequest>,
    ) -> Result<Response<UnwaiveSessionResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "UnwaiveSession",
            &asked,
        )?;
        let session = (practice, parse(&asked.session_id, "session_id")?);
        let unwaived = ops::unwaive_session::unwaive_session(self, &caller, &key, session).await?;
        Ok(Response::new(UnwaiveSessionResponse {
            session: Some(wire::session::session(&unwaived)),
        }))
    }

    async fn list_session_changes(
        &self,
        request: Request<ListSessionChangesRequest>,
    ) -> Result<Response<ListSessionChangesResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let session = parse(&asked.session_id, "session_id")?;
        let changes =
            ops::list_session_changes::list_session_changes(self, &caller, practice, session);
        let changes = changes.await?;
        Ok(Response::new(ListSessionChangesResponse {
            changes: changes.iter().map(wire::session::session_change).collect(),
        }))
    }

    async fn get_session(
        &self,
        request: Request<GetSessionRequest>,
    ) -> Result<Response<GetSessionResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let session = parse(&asked.session_id, "session_id")?;
        let session = ops::get_session::get_session(self, &caller, practice, session).await?;
        Ok(Response::new(GetSessionResponse {
            session: Some(wire::session::session(&session)),
        }))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = wire::session::session_filter(&asked)?;
        let order = wire::session::order(&asked.order_by)?;
        let sealed = ListSessionsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListSessions", &sealed),
        };
        let page =
            ops::list_sessions::list_sessions(self, &caller, practice, (&filter, order), page)
                .await?;
        Ok(Response::new(wire::session::session_page(page)))
    }
}
