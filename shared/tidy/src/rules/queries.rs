use super::pattern;
use crate::repository::{File, Offence, Repository};
use crate::sql;

/// A query says which columns it reads, so that a new column changes nothing by itself.
pub fn columns_are_named(repository: &Repository) -> Vec<Offence> {
    find(
        repository,
        r"(?i)\b(?:select|returning)\s+(?:distinct\s+)?(?:\w+\.)?\*",
        |_| "a star; name the columns, one per line".to_owned(),
    )
}

/// Time is a parameter, so that tests own it.
pub fn time_is_passed_in(repository: &Repository) -> Vec<Offence> {
    let clocks = r"(?i)\b(?:(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)|current_(?:timestamp|date|time)\b|localtime(?:stamp)?\b|gen_random_uuid\s*\(|random\s*\(\s*\))";
    find(repository, clocks, |found| {
        format!("`{found}` in SQL; pass clock.now() (or an id) as a parameter")
    })
}

/// SQL is lower case, as it is in every file here.
pub fn sql_is_lower_case(repository: &Repository) -> Vec<Offence> {
    let words = r"\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|JOIN|CREATE|ALTER|TABLE|VALUES|RETURNING|ORDER BY|GROUP BY|AND|OR|NOT|NULL|PRIMARY KEY|REFERENCES|CONSTRAINT)\b";
    find(repository, words, |found| {
        format!("`{found}`; SQL is written in lower case")
    })
}

/// Tables carry their schema: nothing depends on a search path.
pub fn tables_name_their_schema(repository: &Repository) -> Vec<Offence> {
    let table = pattern(
        r"(?i)\b(from|join|insert\s+into|update|references|create\s+table|alter\s+table|drop\s+table|truncate)\s+(?:only\s+|if\s+(?:not\s+)?exists\s+)*([a-z_]\w*)\b(\s*[.(])?",
    );
    let local = pattern(
        r"(?i)(?:\bwith(?:\s+recursive)?|,)\s+(\w+)\s*(?:\([^)]*\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\(",
    );
    let not_tables = pattern(
        r"(?i)\b(?:extract|trim|substring|overlay|position)\s*\([^()]*\)|\bdistinct\s+from\b|\b(?:for|do|on)\s+(?:no\s+key\s+)?update\b|\bafter\s+update\b",
    );
    let mut offences = Vec::new();
    for (file, part) in sql::of_services(repository) {
        let says = not_tables.replace_all(&part.says, |found: &regex::Captures| {
            " ".repeat(found[0].len())
        });
        let named: Vec<_> = local
            .captures_iter(&says)
            .map(|found| found[1].to_lowercase())
            .collect();
        for found in table.captures_iter(&says) {
            let (verb, name) = (found[1].to_lowercase(), found[2].to_lowercase());
            let is_qualified = found
                .get(3)
                .is_some_and(|after| after.as_str().trim() == ".");
            let is_call = found
                .get(3)
                .is_some_and(|after| after.as_str().trim() == "(")
                && ["from", "join"].contains(&verb.as_str());
            let is_word = ["lateral", "unnest", "set", "select", "values", "on", "of"]
                .contains(&name.as_str());
            if is_qualified || is_call || is_word || named.contains(&name) {
                continue;
            }
            let at = found.get(2).map_or(0, |name| name.start());
            let message = format!(
                "`{name}` without its schema; write `{}.{name}`",
                schema_of(file)
            );
            offences.push(file.offence(part.line_of(at), message));
        }
    }
    offences
}

fn schema_of(file: &File) -> String {
    file.service().unwrap_or_default().replace('-', "_")
}

fn find(repository: &Repository, what: &str, message: impl Fn(&str) -> String) -> Vec<Offence> {
    let what = pattern(what);
    let mut offences = Vec::new();
    for (file, part) in sql::of_services(repository) {
        for found in what.find_iter(&part.says) {
            offences.push(file.offence(part.line_of(found.start()), message(found.as_str())));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(query: &str) -> Repository {
        let text = format!("fn f() {{ query!(\n r#\"{query}\"#) }}");
        Repository::of(&[("services/billing/src/store/bills.rs", &text)])
    }

    #[test]
    fn a_star_is_caught_and_a_count_passes() {
        assert_eq!(
            columns_are_named(&store("select * from billing.bills")).len(),
            1
        );
        assert_eq!(
            columns_are_named(&store("select b.* from billing.bills b")).len(),
            1
        );
        assert!(columns_are_named(&store("select count(*), a * b from billing.bills")).is_empty());
    }

    #[test]
    fn the_databases_clock_is_caught_with_its_line() {
        for query in [
            "select id\nfrom billing.bills where t < now()",
            "update billing.bills set\n t = current_timestamp",
        ] {
            assert_eq!(time_is_passed_in(&store(query))[0].line, 3, "{query}");
        }
        assert!(
            time_is_passed_in(&store("select id from billing.bills where t < $1 -- now()"))
                .is_empty()
        );
        let migration = Repository::of(&[(
            "services/billing/migrations/0002_bills.sql",
            "alter table billing.a add t date default now()",
        )]);
        assert_eq!(time_is_passed_in(&migration).len(), 1);
    }

    #[test]
    fn shouting_is_caught_and_a_value_may_shout() {
        assert_eq!(
            sql_is_lower_case(&store("SELECT id from billing.bills")).len(),
            1
        );
        assert!(
            sql_is_lower_case(&store("select id from billing.bills where kind = 'AND'")).is_empty()
        );
    }

    #[test]
    fn a_bare_table_is_caught() {
        let caught = [
            "select id from bills",
            "insert into bills (id) values ($1)",
            "update bills set x = 1",
            "select id from billing.bills b join lines l on true",
            "delete from bills where id = $1",
        ];
        for query in caught {
            assert_eq!(tables_name_their_schema(&store(query)).len(), 1, "{query}");
        }
    }

    #[test]
    fn what_only_looks_like_a_table_passes() {
        let good = [
            "with due as (select id from billing.bills), old as materialized (select 1 from due) select id from due join old on true",
            "select id from unnest($1::uuid[]) as t(id)",
            "insert into billing.bills (id) values ($1) on conflict (id) do update set x = 1",
            "select id from billing.bills where a is distinct from b and extract(year from day) = 1 for update skip locked",
            "select id from billing.bills b join lateral (select 1 from billing.lines) l on true for no key update of b",
            "select id from generate_series(1, 2) as n",
        ];
        for query in good {
            assert_eq!(tables_name_their_schema(&store(query)), [], "{query}");
        }
    }
}
