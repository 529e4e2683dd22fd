//! A registry behind its HTTP API: what commands do with `--server`.

mod address;
mod boot;
mod catalogue;
mod consent;
mod devices;
mod fetch;
mod http;
pub(crate) mod kept;
mod parties;
mod problem;
mod profiles;
mod send;
mod token;
mod uploads;

use std::path::PathBuf;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use muster_runtime::env::Env;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(crate) use address::Address;
pub(crate) use boot::Booting;
pub(crate) use devices::Wanted;
pub(crate) use parties::Named;
pub(crate) use problem::Refusal;
pub(crate) use token::Holder;

use crate::failure::Failure;
use crate::state::{self, Surroundings};
use http::{Answer, Request, Trust};
use kept::Kept;

/// The variable that holds a token, before any that is kept.
pub(crate) const TOKEN: &str = "MUSTER_TOKEN";

/// A server, and a token for it.
pub(crate) struct Server {
    address: Address,
    http: SharedHttpConnector,
    trust: Trust,
    bearer: String,
    holder: Holder,
    new_id: fn() -> Uuid,
}

/// The parameters in the query of a URL, as far as they are given.
pub(crate) type Query<'a> = &'a [(&'a str, Option<&'a str>)];

impl Server {
    /// The server at this address, by the token of the environment, or else by the one that is kept for it.
    pub(crate) fn open(address: &Address, around: &Surroundings) -> Result<Self, Failure> {
        let token = match around.env.optional(TOKEN) {
            Some(token) => token.to_owned(),
            None => Kept::of(&around.env)?.token(address)?.ok_or_else(|| {
                Failure::new(
                    format_args!("there is no token for {address}"),
                    format_args!("Keep one: muster login --server {address} --token-file FILE; or set {TOKEN}."),
                )
            })?,
        };
        Self::with(address, &token, around)
    }

    /// The server at this address, by this token.
    pub(crate) fn with(address: &Address, token: &str, around: &Surroundings) -> Result<Self, Failure> {
        let token = token.trim();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Failure::new(
                "the token is empty, or holds characters that no token has",
                "Give the token alone, as its issuer gave it.",
            ));
        }
        let holder = Holder::of(token);
        if let Some(end) = holder.expires_at.filter(|_| holder.has_expired((around.clock)())) {
            return Err(Failure::new(
                format_args!("the token for {address} was good until {}", state::time(end)),
                match around.env.optional(TOKEN) {
                    Some(_) => format!("Get a new one, and set {TOKEN} to it."),
                    None => format!("Get a new one, and keep it: muster login --server {address}"),
                },
            ));
        }
        let trust = Trust::of(&around.env)?;
        Ok(Self {
            http: http::connector(address.is_encrypted(), &trust),
            trust,
            bearer: format!("Bearer {token}"),
            address: address.clone(),
            holder,
            new_id: around.new_id,
        })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Who the token is of.
    pub(crate) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Asks whether the token is good here, by a question that everybody may ask.
    pub(crate) async fn check(&self) -> Result<(), Refusal> {
        self.get::<serde_json::Value>("/v1/directory", &[("limit", Some("1"))])
            .await
            .map(|_| ())
    }

    /// What is at this path; segments are to be fit for a URL.
    async fn get<T: DeserializeOwned>(&self, path: &str, query: Query<'_>) -> Result<T, Refusal> {
        let query: Vec<String> = query
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!("{name}={}", urlencoding::encode(value))))
            .collect();
        let url = match query.is_empty() {
            true => format!("{}{path}", self.address),
            false => format!("{}{path}?{}", self.address, query.join("&")),
        };
        let answer = self.ask("GET", &url, &[], None).await?;
        self.read(&answer)
    }

    /// Has something made or done, once however often it is sent.
    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Refusal> {
        let key = (self.new_id)().to_string();
        let answer = self.post_with(&key, path, body).await?;
        self.read(&answer)
    }

    /// Changes what is at this path.
    async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Refusal> {
        let url = format!("{}{path}", self.address);
        let answer = self.ask("PATCH", &url, &[], Some(&json(body)?)).await?;
        self.read(&answer)
    }

    /// Replaces what is at this path, only if it stands at this version.
    async fn put<T: DeserializeOwned>(&self, path: &str, version: u64, body: &impl Serialize) -> Result<T, Refusal> {
        let (url, tag) = (format!("{}{path}", self.address), format!("\"{version}\""));
        let answer = self.ask("PUT", &url, &[("if-match", &tag)], Some(&json(body)?)).await?;
        self.read(&answer)
    }

    /// Deletes what is at this path.
    async fn delete(&self, path: &str) -> Result<(), Refusal> {
        let url = format!("{}{path}", self.address);
        self.ask("DELETE", &url, &[], None).await.map(|_| ())
    }

    /// Has something made or done once under this idempotency key; the answer as it came.
    async fn post_with(&self, key: &str, path: &str, body: &impl Serialize) -> Result<Answer, Refusal> {
        let url = format!("{}{path}", self.address);
        self.ask("POST", &url, &[("idempotency-key", key)], Some(&json(body)?))
            .await
    }

    /// A success.
    async fn ask(
        &self,
        method: &'static str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, Refusal> {
        let mut all = vec![("authorization", self.bearer.as_str()), ("accept", "application/json")];
        all.extend(body.map(|_| ("content-type", "application/json")));
        all.extend(headers);
        let request = Request {
            method,
            url,
            headers: &all,
            body,
        };
        let answer = http::ask(&self.http, &request).await;
        let answer = answer.map_err(|why| Refusal::unreachable(&self.address, &why))?;
        match answer.status {
            200..300 => Ok(answer),
            _ => Err(Refusal::of(&self.address, &answer)),
        }
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Refusal> {
        read(&self.address, answer)
    }
}

/// What a server answers.
fn read<T: DeserializeOwned>(server: &Address, answer: &Answer) -> Result<T, Refusal> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        Refusal::Other(Failure::new(
            format_args!("what {server} answers is not understood: {error}"),
            "See that it is a server of Muster, and of the version of this command or a newer one.",
        ))
    })
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(body).map_err(|error| {
        Refusal::Other(Failure::new(
            format_args!("the request cannot be written: {error}"),
            "Correct what was given.",
        ))
    })
}

/// The directory of Muster below the one that this variable names, or else below this one of the user's home.
pub(crate) fn directory(env: &Env, variable: &str, in_home: &str) -> Option<PathBuf> {
    let named = env.optional(variable).map(PathBuf::from);
    // "All paths must be absolute": a relative one is to be ignored (XDG Base Directory Specification).
    let named = named.filter(|path| path.is_absolute());
    let base = named.or_else(|| env.optional("HOME").map(|home| PathBuf::from(home).join(in_home)));
    base.map(|base| base.join("muster"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_follow_the_xdg_specification() {
        let home = ("HOME", "/home/ada");
        let config = |env: &Env| directory(env, "XDG_CONFIG_HOME", ".config");
        assert_eq!(config(&Env::from([home])), Some("/home/ada/.config/muster".into()));
        for (named, expected) in [("/etc/ada", "/etc/ada/muster"), ("ada", "/home/ada/.config/muster")] {
            assert_eq!(
                config(&Env::from([home, ("XDG_CONFIG_HOME", named)])),
                Some(expected.into())
            );
        }
        assert_eq!(config(&Env::default()), None);
    }
}
