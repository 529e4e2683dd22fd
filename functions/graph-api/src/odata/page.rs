//! Pages of lists. What a list is made of comes in chunks; a page is filtered, cut and, where that is asked for, ordered.

use muster_runtime::http::{Code, Problem};

use super::evaluate::{Entity, holds, sorted};
use super::options::Options;

/// How many entities are looked at for one page at most.
const MOST_SEEN: usize = 10_000;

/// A part of a list as it stands in the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// Its rows.
    pub(crate) rows: Vec<Row>,
    /// How many entities were looked at for them.
    pub(crate) looked: usize,
    /// Where the next part begins; nothing at the end.
    pub(crate) next: Option<String>,
}

impl Chunk {
    /// The rows that come of what was looked at.
    pub(crate) fn among<T>(looked: &[T], next: Option<String>, row: impl Fn(&T) -> Option<Row>) -> Self {
        Self {
            rows: looked.iter().filter_map(row).collect(),
            looked: looked.len(),
            next,
        }
    }
}

/// An entity and where the list goes on behind it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) entity: Entity,
    pub(crate) mark: String,
}

/// What a list is read from.
pub(crate) trait Source: Sync {
    /// The part of the list behind a mark: one of a row, or that of the part before.
    fn read(&self, mark: Option<String>) -> impl Future<Output = Result<Chunk, Problem>> + Send;
}

/// A page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Listed {
    /// Its entities.
    pub(crate) entities: Vec<Entity>,
    /// Where the next page begins; nothing at the end.
    pub(crate) next: Option<String>,
    /// How many there are on all pages, where that was asked for.
    pub(crate) count: Option<usize>,
}

/// A page of a list, from a mark on that the page before named.
///
/// Where an order, a number to pass over or a count is asked for, the whole list is looked at, and a mark counts
/// entities; otherwise a page ends after so many looks, and a short one names a next one.
///
/// # Errors
/// When the list cannot be read, or is too long to be looked at whole.
pub(crate) async fn list(options: &Options, from: Option<String>, source: &impl Source) -> Result<Listed, Problem> {
    let whole = options.count || options.skip > 0 || !options.order.is_empty();
    let admits = |entity: &Entity| options.filter.as_ref().is_none_or(|filter| holds(filter, entity));
    let page = options.page();
    let (mut found, mut seen, mut at) = (Vec::new(), 0, if whole { None } else { from.clone() });
    if !whole && page == 0 {
        return Ok(Listed::default());
    }
    let next = loop {
        let chunk = source.read(at.clone()).await?;
        let last = chunk.rows.len();
        // A part that had nothing to look at was a read all the same.
        seen += chunk.looked.max(1);
        for (place, row) in chunk.rows.into_iter().enumerate() {
            if admits(&row.entity) {
                found.push(row.entity);
            }
            if !whole && found.len() == page {
                let more = place + 1 < last || chunk.next.is_some();
                return Ok(Listed {
                    entities: found,
                    next: more.then_some(row.mark),
                    count: None,
                });
            }
        }
        match chunk.next {
            None => break None,
            Some(next) if seen >= MOST_SEEN => break Some(next),
            Some(next) => at = Some(next),
        }
    };
    if !whole {
        return Ok(Listed {
            entities: found,
            next,
            count: None,
        });
    }
    if next.is_some() {
        let detail = format!(
            "With $orderby, $skip or $count a list is looked at whole, and this one is longer than {MOST_SEEN}."
        );
        return Err(Problem::new(Code::InvalidRequest, detail).remedy("Follow @odata.nextLink without these options."));
    }
    let begin = match from {
        None => options.skip,
        Some(mark) => mark
            .parse()
            .map_err(|_| Problem::at("$skiptoken", "It is not one that this list gave."))?,
    };
    sorted(&mut found, &options.order);
    let count = found.len();
    let entities: Vec<Entity> = found.into_iter().skip(begin).take(page).collect();
    let end = begin + entities.len();
    Ok(Listed {
        next: (end < count && page > 0).then(|| end.to_string()),
        entities,
        count: options.count.then_some(count),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::kind::TEST;
    use super::*;

    /// So many devices, in chunks of three.
    struct Devices(usize);

    impl Source for Devices {
        async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
            let begin = mark.map_or(0, |mark| mark.parse::<usize>().unwrap());
            let end = (begin + 3).min(self.0);
            let rows = (begin..end).map(|n| Row {
                entity: json!({"count": n, "groupTag": format!("{}", n % 2)})
                    .as_object()
                    .cloned()
                    .unwrap(),
                mark: (n + 1).to_string(),
            });
            Ok(Chunk {
                rows: rows.collect(),
                looked: end - begin,
                next: (end < self.0).then(|| end.to_string()),
            })
        }
    }

    /// A list without an end, of which a part looks at so many entities and none is in it.
    #[derive(Default)]
    struct Nothing {
        looked: usize,
        reads: std::sync::atomic::AtomicUsize,
    }

    impl Source for Nothing {
        async fn read(&self, _: Option<String>) -> Result<Chunk, Problem> {
            let before = self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            assert!(before < MOST_SEEN, "it would go on for ever");
            Ok(Chunk {
                looked: self.looked,
                next: Some("on".to_owned()),
                ..Chunk::default()
            })
        }
    }

    async fn page(length: usize, query: &str, from: Option<String>) -> Result<Listed, Problem> {
        let options = Options::read(query, &TEST).unwrap();
        list(&options, from, &Devices(length)).await
    }

    async fn all(length: usize, query: &str) -> (Vec<i64>, usize) {
        let (mut from, mut found, mut pages) = (None, Vec::new(), 0);
        loop {
            let listed = page(length, query, from).await.unwrap();
            pages += 1;
            found.extend(listed.entities.iter().map(|entity| entity["count"].as_i64().unwrap()));
            match listed.next {
                Some(next) => from = Some(next),
                None => return (found, pages),
            }
        }
    }

    #[tokio::test]
    async fn pages_together_are_the_list() {
        for (query, expected, pages) in [
            ("", (0..10).collect::<Vec<i64>>(), 1),
            ("$top=4", (0..10).collect(), 3),
            ("$top=5", (0..10).collect(), 2),
            ("$top=2&$filter=groupTag eq '1'", vec![1, 3, 5, 7, 9], 3),
            ("$top=4&$orderby=count desc", (0..10).rev().collect(), 3),
            ("$skip=8", vec![8, 9], 1),
            ("$skip=2&$top=4", (2..10).collect(), 2),
            ("$top=0", vec![], 1),
            ("$skip=20", vec![], 1),
        ] {
            assert_eq!(all(10, query).await, (expected, pages), "{query}");
        }
    }

    #[tokio::test]
    async fn a_count_is_of_all_pages() {
        let listed = page(10, "$count=true&$top=2&$filter=groupTag eq '1'", None)
            .await
            .unwrap();
        assert_eq!((listed.count, listed.entities.len()), (Some(5), 2));
        let none = page(10, "$count=true&$top=0", None).await.unwrap();
        assert_eq!((none.count, none.next), (Some(10), None));
    }

    #[tokio::test]
    async fn what_was_looked_at_counts_and_not_what_came_of_it() {
        for (looked, reads) in [(1000, 10), (3000, 4), (0, MOST_SEEN)] {
            let nothing = Nothing {
                looked,
                ..Nothing::default()
            };
            let options = Options::read("", &TEST).unwrap();
            let listed = list(&options, None, &nothing).await.unwrap();
            assert_eq!((listed.entities.len(), listed.next.as_deref()), (0, Some("on")));
            assert_eq!(nothing.reads.into_inner(), reads, "{looked}");
        }
    }

    #[test]
    fn what_comes_to_no_row_was_looked_at_too() {
        let odd = |n: &u8| {
            (n % 2 == 1).then(|| Row {
                entity: Entity::new(),
                mark: n.to_string(),
            })
        };
        let chunk = Chunk::among(&[1, 2, 3, 4, 6], Some("on".to_owned()), odd);
        let marks: Vec<&str> = chunk.rows.iter().map(|row| row.mark.as_str()).collect();
        assert_eq!(
            (marks, chunk.looked, chunk.next.as_deref()),
            (vec!["1", "3"], 5, Some("on"))
        );
    }

    #[tokio::test]
    async fn a_list_is_looked_at_so_far_and_no_farther() {
        let long = MOST_SEEN + 10;
        let listed = page(long, "$filter=groupTag eq 'none'", None).await.unwrap();
        assert!(listed.entities.is_empty() && listed.next.is_some());
        assert!(page(long, "$count=true", None).await.is_err());
        let (found, pages) = all(long, "$filter=count eq 10005").await;
        assert_eq!((found, pages), (vec![10_005], 2));
    }
}
