//! What a sandbox says at its start: who is in it, and how to act as any of them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use muster_core::Timestamp;
use muster_core::access::Role;
use muster_core::id::TenantId;
use muster_local::data_dir::write_private;
use muster_local::flow::Embedded;
use muster_local::issuer::DevIssuer;
use muster_local::sandbox::{CONSENTS, PARTNERS, SandboxError, TENANTS, Token, tenant_id, tokens};
use muster_local::serve::Server;
use serde::Serialize;

use super::uploads::View;
use crate::failure::Failure;
use crate::output;
use crate::state;

/// The file that sets the variables, in the data directory.
const ENVIRONMENT: &str = "sandbox.env";

/// A sandbox, as a program is told of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sandbox {
    tenants: Vec<Tenant>,
    partners: Vec<Partner>,
    consents: Vec<Consent>,
    tokens: Vec<Given>,
    /// The file that sets variables to the ids and tokens.
    environment: PathBuf,
}

#[derive(Serialize)]
struct Tenant {
    name: &'static str,
    id: TenantId,
}

#[derive(Serialize)]
struct Partner {
    id: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'static str>,
}

/// As it was at the first start.
#[derive(Serialize)]
struct Consent {
    tenant: &'static str,
    partner: &'static str,
    given: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    variable: String,
    role: Role,
    of: Option<&'static str>,
    token: String,
    expires_at: Timestamp,
}

impl Sandbox {
    /// Makes sure that everybody is there before anybody is answered, and takes away the tokens of an earlier start. Nothing
    /// where it is no sandbox.
    pub(super) async fn prepare(embedded: &Embedded, directory: &Path) -> Result<(), Failure> {
        if !embedded.is_sandbox() {
            return Ok(());
        }
        let path = directory.join(ENVIRONMENT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Failure::unwritable(&path, &error)),
            _ => {}
        }
        let filled = embedded.fill_sandbox().await;
        filled.map_err(|error| Failure::of_disk_or(embedded, error))
    }

    /// Gives out tokens, and writes them for shells. Nothing where it is no sandbox.
    pub(super) fn begin(
        embedded: &Embedded,
        directory: &Path,
        server: &Server,
        now: Timestamp,
    ) -> Result<Option<Self>, Failure> {
        if !embedded.is_sandbox() {
            return Ok(None);
        }
        let sandbox = Self {
            tenants: TENANTS
                .map(|(name, _)| Tenant {
                    name,
                    id: tenant_id(name),
                })
                .into(),
            partners: PARTNERS
                .map(|(id, _, kind, provider)| Partner {
                    id,
                    kind: kind.as_str(),
                    provider,
                })
                .into(),
            consents: CONSENTS
                .map(|(tenant, partner, given)| Consent { tenant, partner, given })
                .into(),
            tokens: tokens(&DevIssuer::open(directory)?, now)?
                .into_iter()
                .map(Given::from)
                .collect(),
            environment: directory.join(ENVIRONMENT),
        };
        let path = &sandbox.environment;
        write_private(path, sandbox.script(server).as_bytes()).map_err(|error| Failure::unwritable(path, &error))?;
        Ok(Some(sandbox))
    }

    /// What sets the variables.
    fn script(&self, server: &Server) -> String {
        let path = output::quoted_path(&self.environment);
        let mut text = format!("# Who is in the sandbox of `muster serve`; load it with `. {path}`.\n");
        text.push_str(&format!("export MUSTER={}\n", server.http_url()));
        if let Some(authority) = server.tls().and_then(|tls| tls.authority_file()) {
            let path = output::quoted_path(authority);
            text.push_str(&format!("export MUSTER_CA_FILE={path} CURL_CA_BUNDLE={path}\n"));
        }
        for Tenant { name, id } in &self.tenants {
            text.push_str(&format!("export {}={id}\n", name.to_uppercase()));
        }
        for Given { variable, token, .. } in &self.tokens {
            text.push_str(&format!("export {variable}={token}\n"));
        }
        text
    }

    /// Tells a person.
    pub(super) fn show(&self, view: &View) {
        view.say("\nThis is a sandbox: everybody in it is made up, and the ending of a serial number says what its row comes to.");
        for Tenant { name, id } in &self.tenants {
            let of = self.consents.iter().filter(|consent| consent.tenant == *name);
            let said = of.map(|consent| match consent.given {
                true => format!("consents to {}", consent.partner),
                false => format!("was asked by {}", consent.partner),
            });
            let said: Vec<String> = said.collect();
            view.say(format!(
                "    {name} {id}: {}",
                match said.is_empty() {
                    true => "nobody asked it".to_owned(),
                    false => said.join(", "),
                }
            ));
        }
        for Partner { id, kind, provider } in &self.partners {
            let of = provider.map(|provider| format!(" of {provider}")).unwrap_or_default();
            view.say(format!("    {id}: {kind}{of}"));
        }
        let path = output::quoted_path(&self.environment);
        let until = self
            .tokens
            .first()
            .map(|given| state::time(given.expires_at))
            .unwrap_or_default();
        view.say(format!(
            "Tokens, good until {until}; this sets them all, and the ids, in a shell:"
        ));
        view.say(format!("    . {path}"));
        for Given { variable, token, .. } in &self.tokens {
            view.say(format!("    export {variable}={token}"));
        }
        view.say("Then, for example:");
        view.say("    curl -sS -H \"authorization: Bearer $CONTOSO_READER\" $MUSTER/v1/tenants/$CONTOSO/devices");
        view.say("    muster sample --serial PC-1 --serial PC-2-808 --serial PC-3-slow5 > list.csv");
        view.say(
            "    MUSTER_TOKEN=$CONTOSO_DEVICE_ADMINISTRATOR muster register list.csv --tenant Contoso --server $MUSTER",
        );
    }
}

impl From<Token> for Given {
    fn from(token: Token) -> Self {
        Self {
            variable: token.variable,
            role: token.role,
            of: token.of,
            token: token.token,
            expires_at: token.expires_at,
        }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::DataDir(error) => error.into(),
            SandboxError::Store(failure) => failure.into(),
        }
    }
}
