use crate::app::{TestApp, reason};
use crate::importing::CLIENTS;
use proto::billing::v1::import_service_client::ImportServiceClient;
use proto::billing::v1::{
    GetImportRequest, ImportFileKind, ImportState, ListImportErrorsRequest, ListImportsRequest,
    PrepareImportRequest, StartImportRequest, UndoImportRequest,
};
use testkit::request_id;

#[tokio::test]
async fn r10_a_file_goes_up_in_parts_and_card_numbers_are_not_kept() {
    let app = TestApp::start().await;
    let import = app.start_import().await;
    let kind = ImportFileKind::Credits;
    let send = |part: i32, content: Vec<u8>| {
        let (mut imports, part) = (app.imports(), app.part(&import, (kind, part), content));
        async move { imports.upload_import_file(part).await }
    };
    let skipped = send(2, b"C-2,1.00,2026-02-27\n".to_vec()).await;
    assert_eq!(reason(skipped), "INVALID_FIELD");
    let header = b"client_id,amount,date,note\nC-1,1.00,2026-02-27,4242 4242".to_vec();
    send(1, header.clone()).await.expect("uploaded");
    let cut = send(2, b" 4242 4242\n".to_vec()).await;
    assert_eq!(reason(cut), "INVALID_FIELD", "a number in two halves");
    let whole = [header, b" 4242 4242\n".to_vec()].concat();
    send(1, whole).await.expect("uploaded anew");
    send(2, b"C-2,1.00,2026-02-27,\n".to_vec())
        .await
        .expect("uploaded");
    let latin = send(3, b"C-3,1.00,2026-02-27,caf\xe9\n".to_vec()).await;
    assert_eq!(reason(latin), "INVALID_FIELD");
    let large = send(3, vec![b'x'; 1_000_001]).await;
    assert_eq!(reason(large), "INVALID_FIELD");

    let kept: Vec<u8> =
        sqlx::query_scalar("select content from billing.import_parts where part = 1")
            .fetch_one(app.db.owner_pool())
            .await
            .expect("read");
    let kept = String::from_utf8(kept).expect("text");
    assert!(
        kept.contains("[card number]") && !kept.contains("4242"),
        "{kept}"
    );
    app.upload(&import, ImportFileKind::Clients, CLIENTS).await;
    let import = app.prepare(&import).await;
    let told: Vec<_> = import
        .errors
        .iter()
        .map(|error| (error.line, error.column.as_str(), error.reason.as_str()))
        .collect();
    assert_eq!(told, [(2, "note", "must not contain a card number")]);
    let file = &import.files[1];
    assert_eq!((file.part_count, file.row_count), (2, 2));
    app.finish().await;
}

#[tokio::test]
async fn r10_a_file_has_ten_mebibytes_at_most_and_ten_imports_are_open() {
    let app = TestApp::start().await;
    let import = app.start_import().await;
    let line = format!("{}\n", "x".repeat(999_999));
    for part in 1..=10 {
        let part = app.part(&import, (ImportFileKind::Clients, part), &line);
        let uploaded = app.imports().upload_import_file(part).await;
        uploaded.expect("still small enough");
    }
    let part = app.part(&import, (ImportFileKind::Clients, 11), &line);
    let refused = app.imports().upload_import_file(part).await;
    assert_eq!(reason(refused), "IMPORT_FILE_TOO_LARGE");
    for _ in 1..10 {
        app.start_import().await;
    }
    let request = StartImportRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
    };
    let refused = app.imports().start_import(request.clone()).await;
    assert_eq!(reason(refused), "TOO_MANY_OPEN_IMPORTS");
    let dropped = app.undo(&import).await.expect("dropped");
    assert_eq!(dropped.state(), ImportState::Undone);
    assert_eq!(app.rows_of("import_parts").await, 0);
    assert_eq!(reason(app.undo(&import).await), "IMPORT_CLOSED");
    app.imports().start_import(request).await.expect("begun");
    app.finish().await;
}

#[tokio::test]
async fn r10_imports_are_listed_newest_first_and_their_errors_page_by_page() {
    let app = TestApp::start().await;
    let first = app.start_import().await;
    let text = format!(
        "client_id,amount,date\n{}",
        "C-1,0,2026-02-27\n".repeat(1_200)
    );
    let second = app.prepared(&[(ImportFileKind::Credits, &text)]).await;
    assert_eq!((second.error_count, second.errors.len()), (1_200, 100));
    let mut request = ListImportErrorsRequest {
        practice_id: app.practice.to_string(),
        import_id: second.import_id.clone(),
        page_size: 400,
        page_token: String::new(),
    };
    let mut lines = Vec::new();
    loop {
        let page = app.imports().list_import_errors(request.clone()).await;
        let page = page.expect("listed").into_inner();
        assert_eq!(page.total_count, 1_200);
        lines.extend(page.errors.iter().map(|error| error.line));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(lines, (2..1_002).collect::<Vec<_>>());

    let list = ListImportsRequest {
        practice_id: app.practice.to_string(),
        page_size: 1,
        page_token: String::new(),
    };
    let page = app
        .imports()
        .list_imports(list.clone())
        .await
        .expect("listed")
        .into_inner();
    assert_eq!(page.imports[0].import_id, second.import_id);
    assert_eq!(page.imports[0].files, second.files);
    let next = ListImportsRequest {
        page_token: page.next_page_token,
        ..list
    };
    let page = app
        .imports()
        .list_imports(next)
        .await
        .expect("listed")
        .into_inner();
    assert_eq!(page.imports, [first]);
    assert_eq!(page.next_page_token, "");
    let empty = app.start_import().await;
    let request = PrepareImportRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        import_id: empty.import_id,
    };
    assert_eq!(
        reason(app.imports().prepare_import(request).await),
        "IMPORT_HAS_NO_FILES"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_import_is_not_there() {
    let app = TestApp::start().await;
    let import = app.prepared(&[(ImportFileKind::Clients, CLIENTS)]).await;
    let stranger = ids::PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = ImportServiceClient::new(app.owner_of(stranger));
    let practice_id = stranger.to_string();
    let read = GetImportRequest {
        practice_id: practice_id.clone(),
        import_id: import.import_id.clone(),
    };
    assert_eq!(reason(theirs.get_import(read).await), "IMPORT_NOT_FOUND");
    let errors = ListImportErrorsRequest {
        practice_id: practice_id.clone(),
        import_id: import.import_id.clone(),
        ..ListImportErrorsRequest::default()
    };
    assert_eq!(
        reason(theirs.list_import_errors(errors).await),
        "IMPORT_NOT_FOUND"
    );
    let mut upload = app.part(&import, (ImportFileKind::Clients, 1), CLIENTS);
    upload.practice_id.clone_from(&practice_id);
    assert_eq!(
        reason(theirs.upload_import_file(upload).await),
        "IMPORT_NOT_FOUND"
    );
    let mut commit = app.commit_request(&import);
    commit.practice_id.clone_from(&practice_id);
    assert_eq!(
        reason(theirs.commit_import(commit).await),
        "IMPORT_NOT_FOUND"
    );
    let undo = UndoImportRequest {
        practice_id: practice_id.clone(),
        request_id: request_id(),
        import_id: import.import_id.clone(),
        ..UndoImportRequest::default()
    };
    assert_eq!(reason(theirs.undo_import(undo).await), "IMPORT_NOT_FOUND");

    let mut tx = pg::begin(&app.billing.db, stranger).await.expect("begun");
    for table in ["imports", "import_files", "import_parts"] {
        assert!(app.rows_of(table).await > 0, "{table}");
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from billing.{table}"
        )))
        .fetch_one(&mut *tx)
        .await
        .expect("counted");
        assert_eq!(seen, 0, "{table} without a where");
    }
    drop(tx);
    // The same ids are another practice's own.
    let mut start = theirs
        .start_import(StartImportRequest {
            practice_id,
            request_id: request_id(),
        })
        .await
        .expect("begun")
        .into_inner();
    let own = start.import.take().expect("an import");
    let mut upload = app.part(&own, (ImportFileKind::Clients, 1), CLIENTS);
    upload.practice_id = stranger.to_string();
    theirs.upload_import_file(upload).await.expect("uploaded");
    app.finish().await;
}
