use super::request_key;
use crate::ops::list_bills::PageAsked;
use crate::ops::undo_import::Undo;
use crate::wire::import;
use crate::{Billing, ops};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::import_service_server::ImportService;
use proto::billing::v1::{
    CommitImportRequest, CommitImportResponse, GetImportRequest, GetImportResponse,
    ListImportErrorsRequest, ListImportErrorsResponse, ListImportsRequest, ListImportsResponse,
    PrepareImportRequest, PrepareImportResponse, StartImportRequest, StartImportResponse,
    UndoImportRequest, UndoImportResponse, UploadImportFileRequest, UploadImportFileResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ImportService for Billing {
    async fn start_import(
        &self,
        request: Request<StartImportRequest>,
    ) -> Result<Response<StartImportResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "StartImport", &asked)?;
        let started = ops::start_import::start_import(self, &caller, &key, practice).await?;
        Ok(Response::new(StartImportResponse {
            import: Some(import::import(&started)),
        }))
    }

    async fn upload_import_file(
        &self,
        request: Request<UploadImportFileRequest>,
    ) -> Result<Response<UploadImportFileResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "UploadImportFile", &asked)?;
        let of = (practice, parse(&asked.import_id, "import_id")?);
        let part = import::part(asked.kind(), asked.part, asked.content)?;
        let uploaded =
            ops::upload_import_file::upload_import_file(self, &caller, &key, of, part).await?;
        Ok(Response::new(UploadImportFileResponse {
            import: Some(import::import(&uploaded)),
        }))
    }

    async fn prepare_import(
        &self,
        request: Request<PrepareImportRequest>,
    ) -> Result<Response<PrepareImportResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "PrepareImport", &asked)?;
        let of = (practice, parse(&asked.import_id, "import_id")?);
        let prepared = ops::prepare_import::prepare_import(self, &caller, &key, of).await?;
        Ok(Response::new(PrepareImportResponse {
            import: Some(import::import(&prepared)),
        }))
    }

    async fn commit_import(
        &self,
        request: Request<CommitImportRequest>,
    ) -> Result<Response<CommitImportResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "CommitImport", &asked)?;
        let of = (practice, parse(&asked.import_id, "import_id")?);
        let said = import::expected(asked.expected)?;
        let taken = ops::commit_import::commit_import(self, &caller, &key, of, &said).await?;
        Ok(Response::new(CommitImportResponse {
            import: Some(import::import(&taken)),
        }))
    }

    async fn undo_import(
        &self,
        request: Request<UndoImportRequest>,
    ) -> Result<Response<UndoImportResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let ids = (asked.practice_id.as_str(), asked.request_id.as_str());
        let (practice, key) = request_key(ids, "UndoImport", &asked)?;
        let of = (practice, parse(&asked.import_id, "import_id")?);
        let wanted = if asked.only_uncommitted {
            Undo::Uncommitted
        } else {
            Undo::Any
        };
        let undone = ops::undo_import::undo_import(self, &caller, &key, of, wanted).await?;
        Ok(Response::new(UndoImportResponse {
            import: Some(import::import(&undone)),
        }))
    }

    async fn get_import(
        &self,
        request: Request<GetImportRequest>,
    ) -> Result<Response<GetImportResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let id = parse(&asked.import_id, "import_id")?;
        let read = ops::get_import::get_import(self, &caller, practice, id).await?;
        Ok(Response::new(GetImportResponse {
            import: Some(import::import(&read)),
        }))
    }

    async fn list_imports(
        &self,
        request: Request<ListImportsRequest>,
    ) -> Result<Response<ListImportsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sealed = ListImportsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListImports", &sealed),
        };
        let page = ops::list_imports::list_imports(self, &caller, practice, page).await?;
        Ok(Response::new(import::import_page(page)))
    }

    async fn list_import_errors(
        &self,
        request: Request<ListImportErrorsRequest>,
    ) -> Result<Response<ListImportErrorsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let of = (practice, parse(&asked.import_id, "import_id")?);
        let sealed = ListImportErrorsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListImportErrors", &sealed),
        };
        let page = ops::list_import_errors::list_import_errors(self, &caller, of, page).await?;
        Ok(Response::new(import::error_page(page)))
    }
}
