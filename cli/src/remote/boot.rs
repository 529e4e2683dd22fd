//! A device that boots, at a server: it shows no token.

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use deployment_api::model::{Answer, Lookup, Nonce, Nothing};
use muster_runtime::env::Env;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::address::Address;
use super::http::{self, Request, Trust};
use super::{Refusal, json, read};
use crate::failure::Failure;

/// How often a nonce is asked for: one is used up where an answer is lost.
const TRIES: u32 = 3;

/// A device, and the server that it asks.
pub(crate) struct Booting {
    address: Address,
    http: SharedHttpConnector,
}

impl Booting {
    /// A device that asks the server at this address.
    pub(crate) fn at(address: &Address, env: &Env) -> Result<Self, Failure> {
        Ok(Self {
            http: http::connector(address.is_encrypted(), &Trust::of(env)?),
            address: address.clone(),
        })
    }

    /// What the server tells a device that shows this.
    pub(crate) async fn boot(&self, mut shown: Lookup) -> Result<Answer, Refusal> {
        for left in (0..TRIES).rev() {
            let given: Nonce = self.post("nonce", &Nothing {}).await?;
            shown.nonce = given.nonce;
            match self.post("lookup", &shown).await {
                Err(refusal) if left > 0 && refusal.is_about("nonce") => {}
                answer => return answer,
            }
        }
        Err(Refusal::unreachable(&self.address, "its answers are lost on the way"))
    }

    async fn post<T: DeserializeOwned>(&self, what: &str, body: &impl Serialize) -> Result<T, Refusal> {
        let request = Request {
            method: "POST",
            url: &format!("{}/v1/deployment/{what}", self.address),
            headers: &[("content-type", "application/json"), ("accept", "application/json")],
            body: Some(&json(body)?),
        };
        let answer = http::ask(&self.http, &request).await;
        let answer = answer.map_err(|why| Refusal::unreachable(&self.address, &why))?;
        match answer.status {
            200..300 => read(&self.address, &answer),
            _ => Err(Refusal::of(&self.address, &answer)),
        }
    }
}
