//! How much a revision may take away: `Portcullis-Allow: prune=N weaken=N` in its commit's message.

/// How many objects a revision may prune and weaken, where its commit says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// How many objects may be deleted.
    pub prune: Option<usize>,
    /// How many objects may be made weaker.
    pub weaken: Option<usize>,
}

/// The name of the trailer.
pub const TRAILER: &str = "Portcullis-Allow";

/// Without a word in the commit, one object in so many may go or be weakened, or else one.
const SHARE: usize = 10;

impl Allowance {
    /// Reads the trailers of a commit's message: those of its last paragraph.
    ///
    /// # Errors
    /// The part that is neither `prune=N` nor `weaken=N`.
    pub fn of_message(message: &str) -> Result<Allowance, String> {
        let mut allowance = Allowance::default();
        for line in last_paragraph(message) {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            if !name.trim().eq_ignore_ascii_case(TRAILER) {
                continue;
            }
            for part in value.split_whitespace() {
                let count = part
                    .split_once('=')
                    .and_then(|(what, count)| Some((what, count.parse::<usize>().ok()?)));
                match count {
                    Some(("prune", count)) => allowance.prune = Some(count),
                    Some(("weaken", count)) => allowance.weaken = Some(count),
                    _ => return Err(part.to_owned()),
                }
            }
        }
        Ok(allowance)
    }

    /// How many objects may be deleted, where so many of the revision were there before.
    #[must_use]
    pub fn prune_limit(&self, objects: usize) -> usize {
        self.prune.unwrap_or_else(|| share(objects))
    }

    /// How many may be made weaker, where so many of the revision were there before.
    #[must_use]
    pub fn weaken_limit(&self, objects: usize) -> usize {
        self.weaken.unwrap_or_else(|| share(objects))
    }
}

/// The lines after the last blank one; none where there is a subject only, of however many lines.
fn last_paragraph(message: &str) -> Vec<&str> {
    let lines: Vec<&str> = message.trim().lines().collect();
    let mut paragraphs = lines.rsplit(|line| line.trim().is_empty());
    let last = paragraphs.next().unwrap_or_default();
    match paragraphs.next() {
        Some(_) => last.to_vec(),
        None => Vec::new(),
    }
}

fn share(objects: usize) -> usize {
    (objects / SHARE).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_read_from_the_last_paragraph() {
        let both = |prune, weaken| Ok(Allowance { prune, weaken });
        for (message, wanted) in [
            ("Subject", both(None, None)),
            ("Portcullis-Allow: prune=3", both(None, None)),
            (
                "S\n\nPortcullis-Allow: prune=3 weaken=2\n",
                both(Some(3), Some(2)),
            ),
            (
                "S\n\nWhy.\n\nportcullis-allow:  weaken=0\nOther: x",
                both(None, Some(0)),
            ),
            ("S\n\nPortcullis-Allow: prune=3\n\nWhy.", both(None, None)),
            (
                "S\n\nPortcullis-Allow: prune=1\nPortcullis-Allow: weaken=9",
                both(Some(1), Some(9)),
            ),
            // A subject of two lines, and lines that end as on Windows.
            ("S\nPortcullis-Allow: prune=3", both(None, None)),
            (
                "S\r\n\r\nWhy.\r\n\r\nPortcullis-Allow: prune=3\r\n",
                both(Some(3), None),
            ),
            (
                "S\r\n\r\nPortcullis-Allow: prune=3\r\n\r\nWhy.",
                both(None, None),
            ),
            ("S\n \nPortcullis-Allow: weaken=4", both(None, Some(4))),
            // The last one of a kind counts.
            (
                "S\n\nPortcullis-Allow: prune=9\nPortcullis-Allow: prune=1",
                both(Some(1), None),
            ),
            ("S\n\nPortcullis-Allow:", both(None, None)),
            ("S\n\nPortcullis-Allow prune=3", both(None, None)),
            (
                "S\n\nPortcullis-Allow: prune=3,weaken=2",
                Err("prune=3,weaken=2".to_owned()),
            ),
            ("S\n\nPortcullis-Allow: Prune=3", Err("Prune=3".to_owned())),
            (
                "S\n\nPortcullis-Allow: prune=99999999999999999999",
                Err("prune=99999999999999999999".to_owned()),
            ),
            (
                "S\n\nPortcullis-Allow: prune=all",
                Err("prune=all".to_owned()),
            ),
            (
                "S\n\nPortcullis-Allow: anything",
                Err("anything".to_owned()),
            ),
            (
                "S\n\nPortcullis-Allow: prune=-1",
                Err("prune=-1".to_owned()),
            ),
        ] {
            assert_eq!(Allowance::of_message(message), wanted, "{message}");
        }
    }

    #[test]
    fn one_object_or_a_tenth_may_go() {
        for (objects, wanted) in [(0, 1), (1, 1), (19, 1), (20, 2), (1000, 100)] {
            assert_eq!(Allowance::default().prune_limit(objects), wanted);
            assert_eq!(Allowance::default().weaken_limit(objects), wanted);
        }
        let told = Allowance {
            prune: Some(0),
            weaken: Some(7),
        };
        assert_eq!((told.prune_limit(100), told.weaken_limit(1)), (0, 7));
    }
}
