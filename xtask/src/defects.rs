//! Which known defects a commit's sample is taken from.

/// The ids of `mutants/SCORE.md` that the differential lane finds with every seed.
pub fn found_by_every_seed(score: &str) -> Vec<&str> {
    score.lines().filter_map(row).filter(|(id, cell)| is_id(id) && is_found(cell)).map(|(id, _)| id).collect()
}

/// The id of a row and its cell of the differential lane, which comes after name, class and depth.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix('|')?.split('|');
    let id = cells.next()?.split_whitespace().next()?;
    Some((id, cells.nth(2)?))
}

fn is_id(id: &str) -> bool {
    let mut characters = id.chars();
    characters.next().is_some_and(|first| first.is_ascii_uppercase())
        && characters.next().is_some_and(|second| second.is_ascii_digit())
}

/// A miss is written as `-`, a violation of an oracle that was not announced with `!`.
fn is_found(cell: &str) -> bool {
    cell.contains(|character: char| character.is_ascii_digit()) && !cell.contains(['-', '!'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_every_seed_finds() {
        let score = "| P05 half-applied (`bc5d`) | any schedule | two facts | 25 / 26 | 193 / 201 |\n\
                     | F14 receipts | any schedule | shallow | 17 | 142 |";
        assert_eq!(found_by_every_seed(score), ["P05", "F14"]);
    }

    #[test]
    fn leaves_misses_other_kinds_and_other_tables() {
        let score = "# Score\n|---|---|---|---|\n| id | class | depth | differential |\n\
                     | B08 done looked for | interleaving | deep |  |  |\n\
                     | P06 fee kept | any schedule | shallow | 3 of 5 ! | 1 |\n\
                     | P07 credit | any schedule | deep | - | 1 |\n\
                     | total | 3 | 4 | 5 |";
        assert_eq!(found_by_every_seed(score), [""; 0]);
    }
}
