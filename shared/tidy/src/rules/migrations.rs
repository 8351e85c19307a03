use std::collections::BTreeMap;

use super::{line_of, pattern};
use crate::repository::{File, Offence, Repository};
use crate::sql;

const PLUMBING: &str = "shared/pg/plumbing.sql";

/// What every service keeps beside its own tables is one text.
pub fn plumbing_is_the_same_everywhere(repository: &Repository) -> Vec<Offence> {
    let Some(original) = repository.find(PLUMBING) else {
        return Vec::new();
    };
    let mut offences = Vec::new();
    for (service, files) in by_service(repository) {
        let expected = original
            .text
            .replace("{schema}", &service.replace('-', "_"));
        match files
            .iter()
            .find(|file| file.path.ends_with("/0001_plumbing.sql"))
        {
            None => offences.push(files[0].offence(
                1,
                format!("{service} has no 0001_plumbing.sql; copy {PLUMBING}"),
            )),
            Some(file) if file.text != expected => {
                let same = file
                    .text
                    .lines()
                    .zip(expected.lines())
                    .take_while(|(one, other)| one == other)
                    .count();
                let message = format!(
                    "differs from {PLUMBING}; change it there, and copy it with the schema's name"
                );
                offences.push(file.offence(same + 1, message));
            }
            Some(_) => {}
        }
    }
    offences
}

/// Migrations are `0001_noun.sql`, `0002_noun.sql`, … without gaps: two branches that took the same number collide here.
pub fn migrations_are_numbered(repository: &Repository) -> Vec<Offence> {
    let name = pattern(r"/(\d{4})_[a-z][a-z0-9_]*\.sql$");
    let mut offences = Vec::new();
    for (_, files) in by_service(repository) {
        for (index, file) in files.iter().enumerate() {
            let number = name
                .captures(&file.path)
                .and_then(|found| found[1].parse::<usize>().ok());
            if number != Some(index + 1) {
                offences.push(file.offence(
                    1,
                    format!(
                        "should be {:04}_noun.sql: one number each, no gaps",
                        index + 1
                    ),
                ));
            }
        }
    }
    offences
}

/// Constraints have names, because the code maps them to errors by name.
pub fn constraints_are_named(repository: &Repository) -> Vec<Offence> {
    let table = pattern(r"(?is)\b(create\s+table|alter\s+table)\b[^;(]*");
    let rule = pattern(
        r"(?i)\b(primary\s+key|unique|check\s*\(|references|foreign\s+key|exclude\s+using)",
    );
    let named = pattern(r"(?i)\bconstraint\s+\w+\s");
    let mut offences = Vec::new();
    for file in migrations(repository) {
        let says = sql::without_comments(&file.text);
        for found in table.find_iter(&says) {
            let alters = found.as_str().to_lowercase().starts_with("alter");
            let start = if alters { found.start() } else { found.end() };
            let end = says[start..]
                .find(';')
                .map_or(says.len(), |end| start + end);
            for (at, clause) in clauses(&says[start..end], alters) {
                if let Some(rule) = rule.find(clause).filter(|_| !named.is_match(clause)) {
                    let message = format!(
                        "`{}` without a name; write `constraint table_column_{}`",
                        rule.as_str(),
                        suffix(rule.as_str())
                    );
                    offences.push(file.offence(line_of(&says, start + at + rule.start()), message));
                }
            }
        }
    }
    offences
}

/// The parts between commas, of the body in parentheses or of an `alter table`.
fn clauses(text: &str, alters: bool) -> Vec<(usize, &str)> {
    let top = if alters { 0 } else { 1 };
    let (mut depth, mut start) = (0, 0);
    let mut clauses = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == top => {
                clauses.push((start, &text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    clauses.push((start, &text[start..]));
    clauses
}

fn suffix(rule: &str) -> &'static str {
    match rule
        .to_lowercase()
        .split([' ', '(', '\n'])
        .next()
        .unwrap_or_default()
    {
        "primary" => "pkey",
        "unique" => "key",
        "check" => "check",
        "exclude" => "excl",
        _ => "fkey",
    }
}

fn migrations(repository: &Repository) -> impl Iterator<Item = &File> {
    repository
        .with_extension("sql")
        .filter(|file| file.service().is_some() && file.path.contains("/migrations/"))
}

fn by_service(repository: &Repository) -> BTreeMap<&str, Vec<&File>> {
    let mut services: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in migrations(repository) {
        services
            .entry(file.service().unwrap_or_default())
            .or_default()
            .push(file);
    }
    for files in services.values_mut() {
        files.sort_by(|one, other| one.path.cmp(&other.path));
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "services/billing/migrations/0001_plumbing.sql";
    const SECOND: &str = "services/billing/migrations/0002_bills.sql";

    #[test]
    fn changed_plumbing_is_caught_with_its_line() {
        let bad = Repository::of(&[(PLUMBING, "a {schema}\nb"), (FIRST, "a billing\nc")]);
        assert_eq!(plumbing_is_the_same_everywhere(&bad)[0].line, 2);
        let missing = Repository::of(&[(PLUMBING, "a"), (SECOND, "")]);
        assert_eq!(plumbing_is_the_same_everywhere(&missing).len(), 1);
        let good = Repository::of(&[(PLUMBING, "a {schema}\nb"), (FIRST, "a billing\nb")]);
        assert!(plumbing_is_the_same_everywhere(&good).is_empty());
    }

    #[test]
    fn a_gap_and_a_twin_are_caught() {
        let third = "services/billing/migrations/0003_ledger.sql";
        let twin = "services/billing/migrations/0002_clients.sql";
        assert_eq!(
            migrations_are_numbered(&Repository::of(&[(FIRST, ""), (third, "")])).len(),
            1
        );
        assert_eq!(
            migrations_are_numbered(&Repository::of(&[(FIRST, ""), (SECOND, ""), (twin, "")]))
                .len(),
            1
        );
        assert!(
            migrations_are_numbered(&Repository::of(&[(third, ""), (FIRST, ""), (SECOND, "")]))
                .is_empty()
        );
    }

    #[test]
    fn a_constraint_without_a_name_is_caught() {
        let caught = [
            "create table billing.a (id uuid primary key, b int)",
            "create table billing.a (\n id uuid,\n unique (id)\n)",
            "create table billing.a (id int check (id > 0))",
            "create table billing.a (id int references billing.b)",
            "alter table billing.a add check (b > 0)",
        ];
        for text in caught {
            assert_eq!(
                constraints_are_named(&Repository::of(&[(SECOND, text)])).len(),
                1,
                "{text}"
            );
        }
    }

    #[test]
    fn named_constraints_indexes_and_policies_pass() {
        let good = "create table billing.a (\n id uuid not null, -- unique\n n numeric(3, 2),\n constraint a_pkey primary key (id, n),\n \
            constraint a_n_check\n check (n > 0)\n);\ncreate unique index a_idx on billing.a (n);\n\
            create policy p on billing.a using (true) with check (true);\n\
            alter table billing.a add constraint a_b_fkey foreign key (n) references billing.b (n);";
        assert_eq!(
            constraints_are_named(&Repository::of(&[(SECOND, good)])),
            []
        );
    }
}
