//! What an operator does about events that a service could not apply: look, replay once the cause is mended, or go on
//! without.

use crate::place::Place;
use crate::up::schemas;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use ids::PracticeId;
use pg::Pool;
use pg::feed::{Parked, all_parked, replay, skip};

/// Which database, and what to do there.
#[derive(Debug, Clone, Args)]
pub struct FeedOptions {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// List the events that could not be applied; their practices' later events wait for them.
    Parked {
        /// Only those of one service.
        #[arg(long)]
        service: Option<String>,
    },
    /// Have a parked event tried again, and what waits behind it: after its cause was mended.
    Replay(Which),
    /// Go on after a parked event without its effect.
    Skip(Which),
}

/// One parked event: a practice has at most one of each source.
#[derive(Debug, Clone, Args)]
struct Which {
    /// The service that could not apply it.
    #[arg(long)]
    service: String,
    /// The service it came from.
    #[arg(long)]
    source: String,
    /// The practice, `prac_…`.
    #[arg(long)]
    practice: PracticeId,
}

/// Does what was asked and prints what came of it.
///
/// # Errors
/// No such service or event, or no database.
pub async fn feed(options: &FeedOptions) -> Result<()> {
    let place = &options.place;
    match &options.act {
        Act::Parked { service } => {
            let mut found = Vec::new();
            for (name, schema) in services(service.as_deref())? {
                let pool = place.connect(schema).await?;
                let parked = all_parked(&pool, schema).await.context(name)?;
                found.extend(parked.into_iter().map(|parked| (name, parked)));
            }
            println!("{}", table(&found));
        }
        Act::Replay(which) => {
            let (schema, pool) = which.open(place).await?;
            if !replay(&pool, schema, &which.source, which.practice).await? {
                bail!("nothing is parked there; see `evenkeel feed parked`");
            }
            println!("it is tried again within a second, and what waits behind it");
        }
        Act::Skip(which) => {
            let (schema, pool) = which.open(place).await?;
            match skip(&pool, schema, &which.source, which.practice).await? {
                Some(sequence) => println!("went on after event {sequence} without its effect"),
                None => bail!("nothing is parked there; see `evenkeel feed parked`"),
            }
        }
    }
    Ok(())
}

impl Which {
    async fn open(&self, place: &Place) -> Result<(&'static str, Pool)> {
        let [(_, schema)] = services(Some(&self.service))?[..] else {
            bail!("name one service");
        };
        Ok((schema, place.connect(schema).await?))
    }
}

/// Names and schemas: all five, or the one that was named.
fn services(named: Option<&str>) -> Result<Vec<(&'static str, &'static str)>> {
    let mut services: Vec<_> = schemas().map(|(name, schema, _)| (name, schema)).into();
    if let Some(named) = named {
        services.retain(|(name, _)| *name == named);
        if services.is_empty() {
            bail!("there is no service {named}");
        }
    }
    Ok(services)
}

/// One line for each, columns under their names, the error last.
fn table(found: &[(&str, Parked)]) -> String {
    if found.is_empty() {
        return "nothing is parked".to_owned();
    }
    let head = [
        "SERVICE", "SOURCE", "PRACTICE", "EVENT", "TYPE", "TRIES", "SINCE", "ERROR",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(found.iter().map(|(service, parked)| {
        let event = &parked.event;
        [
            (*service).to_owned(),
            parked.source.clone(),
            event.practice.to_string(),
            event.sequence.to_string(),
            event.event_type.clone(),
            parked.attempts.to_string(),
            format!("{:.0}", parked.park_time),
            parked
                .error
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        ]
    }));
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
