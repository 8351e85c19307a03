use crate::{PortalAuth, ops, store, wire};
use ::rpc::{enter, parse};
use ids::PracticeId;
use pg::RequestKey;
use proto::portal_auth::v1::practice_service_server::PracticeService;
use proto::portal_auth::v1::{
    CreateProgramRequest, CreateProgramResponse, GetPracticeRequest, GetPracticeResponse,
    RegisterPracticeRequest, RegisterPracticeResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl PracticeService for PortalAuth {
    async fn register_practice(
        &self,
        request: Request<RegisterPracticeRequest>,
    ) -> Result<Response<RegisterPracticeResponse>, Status> {
        let (caller, request) = enter(request)?;
        let practice_id = PracticeId::from(ids::derive_uuid(
            "RegisterPractice",
            &[request.request_id.as_bytes()],
        ));
        let recorded = wire::registration_without_secrets(&request, &self.secrets)
            .map_err(crate::Error::from)?;
        let key = RequestKey::of(
            practice_id,
            "RegisterPractice",
            &request.request_id,
            &recorded,
        )
        .map_err(crate::Error::from)?;
        let practice =
            ops::register_practice(self, &caller, &key, wire::registration(request)).await?;
        Ok(Response::new(RegisterPracticeResponse {
            practice: Some(wire::practice(&practice)),
        }))
    }

    async fn get_practice(
        &self,
        request: Request<GetPracticeRequest>,
    ) -> Result<Response<GetPracticeResponse>, Status> {
        let (caller, request) = enter(request)?;
        let practice_id = parse::<PracticeId>(&request.practice_id, "practice_id")?;
        caller.within(practice_id)?;
        let mut tx = pg::begin(&self.db, practice_id)
            .await
            .map_err(crate::Error::from)?;
        let practice = store::practices::get(&mut tx, practice_id).await?;
        Ok(Response::new(GetPracticeResponse {
            practice: Some(wire::practice(&practice)),
        }))
    }

    async fn create_program(
        &self,
        request: Request<CreateProgramRequest>,
    ) -> Result<Response<CreateProgramResponse>, Status> {
        let (caller, request) = enter(request)?;
        let practice_id = parse::<PracticeId>(&request.practice_id, "practice_id")?;
        let key = RequestKey::of(practice_id, "CreateProgram", &request.request_id, &request)
            .map_err(crate::Error::from)?;
        let program = ops::create_program(self, &caller, &key, practice_id, request.name).await?;
        Ok(Response::new(CreateProgramResponse {
            program_id: program.program_id.to_string(),
            secret: program.secret.unwrap_or_default(),
        }))
    }
}
