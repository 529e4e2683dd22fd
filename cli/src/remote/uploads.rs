//! Uploads of a server.

use muster_core::id::{AnnouncementId, TenantId};
use registration_api::model::{
    AnnouncedUpload, CompleteUpload, Download, Harvest, NewHarvest, NewUpload, SentPart, Upload, UploadPage,
};

use super::{Refusal, Server};

/// How long the server is asked to wait for news of an upload, in seconds.
const WAIT: &str = "20";

impl Server {
    /// Announces an upload, once under this key; whether that was done before.
    pub(crate) async fn announce(
        &self,
        tenant: TenantId,
        new: &NewUpload,
        key: &str,
    ) -> Result<(AnnouncedUpload, bool), Refusal> {
        let answer = self.post_with(key, &path(tenant, ""), new).await?;
        let replayed = answer.header("idempotency-replayed").is_some();
        Ok((self.read(&answer)?, replayed))
    }

    /// Reports a page of managed devices, and waits for a while for what becomes of it.
    pub(crate) async fn harvest(&self, tenant: TenantId, new: &NewHarvest) -> Result<Harvest, Refusal> {
        self.post(&format!("/v1/tenants/{tenant}/harvests?wait={WAIT}"), new)
            .await
    }

    /// All parts have arrived.
    pub(crate) async fn complete(
        &self,
        tenant: TenantId,
        id: &AnnouncementId,
        parts: Vec<SentPart>,
    ) -> Result<Upload, Refusal> {
        let body = CompleteUpload { parts: Some(parts) };
        self.post(&path(tenant, &format!("/{id}/complete")), &body).await
    }

    /// How an upload stands.
    pub(crate) async fn upload(&self, tenant: TenantId, id: &str) -> Result<Upload, Refusal> {
        self.get(&path(tenant, &format!("/{id}")), &[]).await
    }

    /// How an upload stands when something of it has changed, or after a while.
    pub(crate) async fn wait_for_upload(&self, tenant: TenantId, id: &str) -> Result<Upload, Refusal> {
        self.get(&path(tenant, &format!("/{id}")), &[("wait", Some(WAIT))])
            .await
    }

    /// A page of a tenant's uploads, newest first.
    pub(crate) async fn uploads(
        &self,
        tenant: TenantId,
        from: Option<&str>,
        limit: &str,
    ) -> Result<UploadPage, Refusal> {
        self.get(&path(tenant, ""), &[("limit", Some(limit)), ("cursor", from)])
            .await
    }

    /// Takes an upload up again that was given up.
    pub(crate) async fn resume_upload(&self, tenant: TenantId, id: &str) -> Result<Upload, Refusal> {
        self.post(&path(tenant, &format!("/{id}/resume")), &serde_json::json!({}))
            .await
    }

    /// Calls an upload off.
    pub(crate) async fn cancel_upload(&self, tenant: TenantId, id: &str) -> Result<Upload, Refusal> {
        self.post(&path(tenant, &format!("/{id}/cancel")), &serde_json::json!({}))
            .await
    }

    /// Where a file about an upload can be read: `report`, `fixit` or `summary`. None where there is none.
    pub(crate) async fn file_of_upload(
        &self,
        tenant: TenantId,
        id: &str,
        name: &str,
    ) -> Result<Option<Download>, Refusal> {
        match self.get(&path(tenant, &format!("/{id}/{name}")), &[]).await {
            Ok(download) => Ok(Some(download)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

fn path(tenant: TenantId, more: &str) -> String {
    format!("/v1/tenants/{tenant}/uploads{more}")
}
