//! Listings and their pages.

use super::*;

const KEYS: [&str; 8] = ["a", "b/", "b/1", "b/2", "b/c/3", "c", "ü/1", "ü/2"];

async fn filled() -> Client {
    let (_, client) = fresh().await;
    for key in KEYS {
        put(&client, key, key).await;
    }
    put(&client, "deleted", "x").await;
    client
        .delete_object()
        .bucket(BUCKET)
        .key("deleted")
        .send()
        .await
        .unwrap();
    client
}

/// All pages of a listing: keys, and common prefixes in angle brackets.
async fn list(client: &Client, prefix: &str, delimiter: Option<&str>, page: i32, after: Option<&str>) -> Vec<String> {
    let mut pages = client
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix(prefix)
        .set_delimiter(delimiter.map(str::to_owned))
        .set_start_after(after.map(str::to_owned))
        .max_keys(page)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page_found) = pages.next().await.transpose().unwrap() {
        let (keys, prefixes) = (page_found.contents(), page_found.common_prefixes());
        assert!(keys.len() + prefixes.len() <= page as usize);
        let mut on_page: Vec<(String, String)> = keys
            .iter()
            .map(|o| (o.key().unwrap().to_owned(), o.key().unwrap().to_owned()))
            .collect();
        on_page.extend(
            prefixes
                .iter()
                .map(|p| (p.prefix().unwrap().to_owned(), format!("<{}>", p.prefix().unwrap()))),
        );
        on_page.sort();
        found.extend(on_page.into_iter().map(|(_, shown)| shown));
    }
    found
}

#[tokio::test]
async fn pages_of_every_size_give_the_same_list() {
    let client = filled().await;
    for page in [1, 2, 3, 1000] {
        assert_eq!(list(&client, "", None, page, None).await, KEYS, "pages of {page}");
        assert_eq!(
            list(&client, "", Some("/"), page, None).await,
            ["a", "<b/>", "c", "<ü/>"],
            "pages of {page}"
        );
        assert_eq!(
            list(&client, "b/", Some("/"), page, None).await,
            ["b/", "b/1", "b/2", "<b/c/>"]
        );
        assert_eq!(list(&client, "", None, page, Some("b/2")).await, KEYS[4..]);
        assert_eq!(list(&client, "", Some("/"), page, Some("b/")).await, ["c", "<ü/>"]);
    }
    assert_eq!(list(&client, "nothing", None, 10, None).await, [""; 0]);
}

#[tokio::test]
async fn a_listing_says_size_etag_and_time() {
    let client = filled().await;
    let found = client
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("b/1")
        .send()
        .await
        .unwrap();
    let object = &found.contents()[0];
    assert_eq!(object.size(), Some(3));
    let head = client.head_object().bucket(BUCKET).key("b/1").send().await.unwrap();
    assert_eq!(
        (object.e_tag(), object.last_modified().map(|t| t.secs())),
        (head.e_tag(), head.last_modified().map(|t| t.secs()))
    );
    let v1 = client
        .list_objects()
        .bucket(BUCKET)
        .max_keys(3)
        .marker("a")
        .send()
        .await
        .unwrap();
    assert_eq!(
        v1.contents().iter().map(|o| o.key().unwrap()).collect::<Vec<_>>(),
        ["b/", "b/1", "b/2"]
    );
    assert_eq!((v1.is_truncated(), v1.next_marker()), (Some(true), Some("b/2")));
    let encoded = client.list_objects_v2().bucket(BUCKET).prefix("ü/1");
    let encoded = encoded
        .encoding_type(aws_sdk_s3::types::EncodingType::Url)
        .send()
        .await
        .unwrap();
    assert_eq!(encoded.contents()[0].key(), Some("%C3%BC%2F1"));
}

#[tokio::test]
async fn versions_are_listed_newest_first_even_while_they_are_being_deleted() {
    let (objects, client) = fresh().await;
    for round in 0..3 {
        for key in ["a", "b"] {
            put(&client, key, &format!("{key}{round}")).await;
        }
    }
    client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    let (mut key_marker, mut version_marker, mut seen) = (None, None, Vec::new());
    loop {
        let page = client.list_object_versions().bucket(BUCKET).max_keys(2);
        let page = page
            .set_key_marker(key_marker)
            .set_version_id_marker(version_marker)
            .send()
            .await
            .unwrap();
        let markers = page
            .delete_markers()
            .iter()
            .map(|m| (m.key(), m.version_id(), m.is_latest(), -1));
        let versions = page.versions().iter();
        let versions = versions.map(|v| (v.key(), v.version_id(), v.is_latest(), v.size().unwrap()));
        for (key, version, latest, _) in markers.chain(versions) {
            let (key, version) = (key.unwrap(), version.unwrap());
            client
                .delete_object()
                .bucket(BUCKET)
                .key(key)
                .version_id(version)
                .send()
                .await
                .unwrap();
            seen.push((key.to_owned(), latest.unwrap()));
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        (key_marker, version_marker) = (
            page.next_key_marker().map(str::to_owned),
            page.next_version_id_marker().map(str::to_owned),
        );
    }
    assert_eq!(seen.iter().filter(|(key, _)| key == "a").count(), 4);
    assert_eq!(seen.iter().filter(|(key, _)| key == "b").count(), 3);
    assert_eq!(seen[0], ("a".to_owned(), true), "the delete marker is the latest");
    assert_eq!(files(&objects), 0);
}
