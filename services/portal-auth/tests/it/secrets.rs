use crate::app::{PASSWORD, SETUP_TOKEN, TestApp, registration};
use ids::PracticeId;
use prost::Message as _;
use proto::portal_auth::v1::CreateProgramRequest;
use rpc::Role;
use sha2::{Digest as _, Sha256};
use testkit::request_id;

/// Every column that can hold text or bytes: table, column, whether it is bytes.
async fn columns(app: &TestApp) -> Vec<(String, String, bool)> {
    let columns = sqlx::query_as(
        "select table_name::text, column_name::text, data_type = 'bytea'
        from information_schema.columns
        where table_schema = 'portal_auth' and (data_type in ('text', 'bytea', 'ARRAY') or data_type like 'json%')",
    );
    columns
        .fetch_all(app.db.owner_pool())
        .await
        .expect("columns")
}

/// In how many rows of the schema it stands, and where.
async fn places(app: &TestApp, secret: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for (table, column, is_bytes) in columns(app).await {
        let bytes = if is_bytes {
            column.clone()
        } else {
            format!("convert_to({column}::text, 'UTF8')")
        };
        let question = format!(
            "select count(*) from portal_auth.{table} where position($1::bytea in {bytes}) > 0"
        );
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(question))
            .bind(secret)
            .fetch_one(app.db.owner_pool())
            .await
            .expect("searched");
        if rows > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

#[tokio::test]
async fn r41_nothing_secret_stands_in_a_plain_column() {
    let app = TestApp::start().await;
    let request = registration();
    let practice = app.register(request.clone()).await.expect("registered");
    let practice: PracticeId = practice.practice_id.parse().expect("a practice's id");
    let shared = app.share_at(practice).await;
    let program = CreateProgramRequest {
        practice_id: practice.to_string(),
        request_id: request_id(),
        name: "Our EHR".to_owned(),
    };
    let mut owner = app.practices(app.in_role(Role::Owner, practice));
    let program = owner
        .create_program(program)
        .await
        .expect("created")
        .into_inner();
    let session = app
        .guess(&shared.reference, &shared.code.access_code)
        .await
        .expect("the page opens");

    assert!(
        !places(&app, b"Riverside").await.is_empty(),
        "what is no secret is found"
    );
    let raw_link = hex::decode(&shared.code.link_token).expect("hexadecimal");
    let digest = |secret: &[u8]| <[u8; 32]>::from(Sha256::digest(secret));
    let whole_request = digest(&request.encode_to_vec());
    for (what, secret) in [
        ("the access code", shared.code.access_code.as_bytes()),
        ("the link token", shared.code.link_token.as_bytes()),
        ("the link token's bytes", raw_link.as_slice()),
        ("the password", PASSWORD.as_bytes()),
        (
            "a plain digest of the password",
            &digest(PASSWORD.as_bytes()),
        ),
        ("a plain digest that holds the password", &whole_request),
        ("the setup token", SETUP_TOKEN.as_bytes()),
        ("the program's secret", program.secret.as_bytes()),
        (
            "a plain digest of the code",
            &digest(shared.code.access_code.as_bytes()),
        ),
        ("the guest's token", session.access_token.as_bytes()),
    ] {
        assert_eq!(places(&app, secret).await, Vec::<String>::new(), "{what}");
    }
    app.finish().await;
}
