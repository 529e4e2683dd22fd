//! The uploads of a partner among many of others.

use std::collections::BTreeSet;

use muster_core::id::PartnerId;

use super::*;

/// More than one call looks at.
const ALL: u32 = 2300;

#[tokio::test]
async fn a_partners_uploads_are_listed_whole_and_its_marks_name_no_others() {
    let world = World::new().await;
    let uploads = world.uploads();
    let partner: PartnerId = "fabrikam".parse().unwrap();
    let own = |n: u32| [3, 4, 1200, 2298].contains(&n);
    let mut of_others = BTreeSet::new();
    for n in 0..ALL {
        let object = object(n);
        if !own(n) {
            of_others.insert(object.upload_id().to_string());
        }
        let refused = RefusedUpload {
            object,
            size: 1,
            tenant: Some(contoso()),
            registrant: Some(match own(n) {
                true => Registrant::Partner(partner.clone()),
                false => Registrant::Tenant,
            }),
            channel: None,
            options: None,
            reason: reason("late"),
        };
        uploads.refuse(&refused, at(i64::from(n / 10))).await.unwrap();
    }
    for size in [1, 3, 100] {
        let (mut seen, mut from, mut empty): (Vec<String>, Option<String>, u32) = (Vec::new(), None, 0);
        loop {
            let page = uploads
                .list_of_partner(contoso(), &partner, from.as_deref(), size)
                .await;
            let page = page.unwrap();
            assert!(page.uploads.len() <= size);
            empty += u32::from(page.uploads.is_empty());
            seen.extend(page.uploads.into_iter().map(|u| u.object.version));
            let Some(next) = page.next else { break };
            assert!(!of_others.iter().any(|id| next.contains(id.as_str())), "{next}");
            from = Some(next);
        }
        seen.sort_by_key(|version| version.parse::<u32>().unwrap());
        assert_eq!(seen, ["3", "4", "1200", "2298"], "pages of {size}");
        assert!(empty < 10, "{empty} pages without any");
    }
    for mark in ["", "x", "000#u-short", "-1"] {
        let page = uploads.list_of_partner(contoso(), &partner, Some(mark), 10).await;
        assert_eq!(page.unwrap_err().kind(), ErrorKind::Rejected, "{mark}");
    }
}
