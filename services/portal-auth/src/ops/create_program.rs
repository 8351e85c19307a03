use crate::secrets::{digest, random_hex};
use crate::store::programs::Program;
use crate::{PortalAuth, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, ProgramId};
use pg::RequestKey;

/// A program's credentials.
pub struct NewProgram {
    /// What it signs in as.
    pub program_id: ProgramId,
    /// Shown once; none when the request was a repeat.
    pub secret: Option<String>,
}

/// Creates credentials for a program of the practice. The owner may. A repeat answers without the secret: it is not kept.
pub async fn create_program(
    portal: &PortalAuth,
    caller: &Caller,
    key: &RequestKey,
    practice_id: PracticeId,
    name: String,
) -> Result<NewProgram> {
    caller.within(practice_id)?;
    let now = portal.clock.now();
    let program_id = ProgramId::new(&portal.clock);
    let mut tx = pg::begin(&portal.db, practice_id).await?;
    if let Some(first) = REQUESTS
        .replayed(&mut tx, key, program_id.uuid(), now)
        .await?
    {
        return Ok(NewProgram {
            program_id: first.into(),
            secret: None,
        });
    }
    let secret = random_hex::<32>(&portal.clock);
    let program = Program {
        program_id,
        practice_id,
        name,
        secret_digest: digest(&secret),
    };
    store::programs::insert(&mut tx, &program, now).await?;
    tx.commit().await?;
    Ok(NewProgram {
        program_id,
        secret: Some(secret),
    })
}
