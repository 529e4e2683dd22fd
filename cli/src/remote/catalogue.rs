//! Catalogues of a server.

use muster_core::catalogue::EntryId;
use muster_core::id::PartnerId;
use registration_api::model::{
    AnnouncedUpload, CatalogueEntry, CataloguePage, NewCatalogueUpload, ProductKeyPage, WithdrawEntries,
    WithdrawalOutcomes,
};

use super::{Refusal, Server};

impl Server {
    /// Announces a list for a catalogue, once under this key; whether that was done before.
    pub(crate) async fn announce_catalogue(
        &self,
        partner: &PartnerId,
        new: &NewCatalogueUpload,
        key: &str,
    ) -> Result<(AnnouncedUpload, bool), Refusal> {
        let answer = self.post_with(key, &path(partner, "/uploads"), new).await?;
        let replayed = answer.header("idempotency-replayed").is_some();
        Ok((self.read(&answer)?, replayed))
    }

    /// A page of a manufacturer's entries.
    pub(crate) async fn catalogue(
        &self,
        partner: &PartnerId,
        (intended_for, serial): (Option<&PartnerId>, &str),
        from: Option<&str>,
        limit: &str,
    ) -> Result<CataloguePage, Refusal> {
        let query = [
            ("limit", Some(limit)),
            ("cursor", from),
            ("intendedFor", intended_for.map(|partner| partner.as_str())),
            ("serialPrefix", Some(serial).filter(|prefix| !prefix.is_empty())),
        ];
        self.get(&path(partner, ""), &query).await
    }

    /// An entry of a manufacturer; none where there is none of this id.
    pub(crate) async fn entry(&self, partner: &PartnerId, id: EntryId) -> Result<Option<CatalogueEntry>, Refusal> {
        match self.get(&path(partner, &format!("/{id}")), &[]).await {
            Ok(entry) => Ok(Some(entry)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Withdraws entries, each by itself.
    pub(crate) async fn withdraw(&self, partner: &PartnerId, ids: &[EntryId]) -> Result<WithdrawalOutcomes, Refusal> {
        let body = WithdrawEntries { ids: ids.to_vec() };
        self.post(&path(partner, "/withdraw"), &body).await
    }

    /// A page of the PKIDs of a manufacturer that are meant for a partner: asked for by the one, or by the other.
    pub(crate) async fn product_keys(
        &self,
        manufacturer: &PartnerId,
        meant: &PartnerId,
        from: Option<&str>,
        limit: &str,
    ) -> Result<ProductKeyPage, Refusal> {
        let page = [("limit", Some(limit)), ("cursor", from)];
        if self.holder().partner.as_ref() == Some(meant) && meant != manufacturer {
            let query = [page[0], page[1], ("manufacturer", Some(manufacturer.as_str()))];
            return self.get(&format!("/v1/partners/{meant}/product-keys"), &query).await;
        }
        let query = [page[0], page[1], ("for", Some(meant.as_str()))];
        self.get(&path(manufacturer, "/product-keys"), &query).await
    }
}

fn path(partner: &PartnerId, more: &str) -> String {
    format!("/v1/partners/{partner}/catalogue{more}")
}
