//! Passkeys with the crate `webauthn-rs`.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::debug;
use tracing::dispatcher::{self, Dispatch};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AttestationFormat, AuthenticationResult, Credential, DiscoverableAuthentication, ParsedAttestation,
    Passkey, PasskeyRegistration, PublicKeyCredential, SecurityKey, Webauthn, WebauthnBuilder,
    WebauthnResult,
};

use super::{Ceremony, MAX_ANSWER, NewPasskey, Owner, Rejected, Used};

/// Verifies registrations and logins with passkeys (WebAuthn level 3).
#[derive(Debug)]
pub struct Passkeys {
    webauthn: Webauthn,
}

/// The states have different names, so that an answer cannot be verified against a state of another ceremony.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Registration(PasskeyRegistration),
    Login(DiscoverableAuthentication),
    SecondFactor { allowed: Vec<String>, authentication: DiscoverableAuthentication },
}

impl Passkeys {
    /// `domain` is the RP ID: the host of `origin`, or a domain that it belongs to. `others` are the origins of other sites below
    /// that domain whose pages may use the passkeys as well.
    pub fn new(domain: &str, origin: &Url, others: &[Url], site_name: &str) -> Result<Self> {
        let builder = quiet(|| WebauthnBuilder::new(domain, origin)).ok().filter(|_| !domain.is_empty());
        let builder = builder.with_context(|| {
            format!("the domain of passkeys, {domain:?}, must be the host of {origin} or a domain that it belongs to")
        })?;
        let builder = others.iter().fold(builder, WebauthnBuilder::append_allowed_origin);
        let webauthn = builder.rp_name(site_name).build().context("passkeys")?;
        Ok(Self { webauthn })
    }

    /// Starts to register a passkey. Authenticators that hold one of the `existing` credentials are excluded.
    pub fn start_registration(&self, owner: &Owner<'_>, existing: &[String]) -> Result<Ceremony> {
        let account = u64::try_from(owner.account).context("the id of an account is negative")?;
        let excluded = stored(existing).iter().map(|passkey| passkey.cred_id().clone()).collect();
        let name = if owner.name.is_empty() { owner.email } else { owner.name };
        let handle = Uuid::from_u128(account.into());
        let (request, state) =
            quiet(|| self.webauthn.start_passkey_registration(handle, owner.email, name, Some(excluded)))
                .context("a passkey cannot be registered")?;
        let mut options = serde_json::to_value(request.public_key)?;
        // The library discourages what a login without a name needs.
        options["authenticatorSelection"]["residentKey"] = json!("required");
        options["authenticatorSelection"]["requireResidentKey"] = json!(true);
        ceremony(options, &State::Registration(state))
    }

    pub fn finish_registration(&self, state: &str, answer: &str) -> Result<NewPasskey, Rejected> {
        let State::Registration(state) = read_state(state)? else { return Err(Rejected) };
        let answer = parse(answer)?;
        let passkey = verify(|| self.webauthn.finish_passkey_registration(&answer, &state))?;
        let mut credential = Credential::from(passkey);
        // It was not asked for, nothing uses it, and it may identify the device.
        credential.attestation = ParsedAttestation::default();
        credential.attestation_format = AttestationFormat::None;
        Ok(NewPasskey {
            id: URL_SAFE_NO_PAD.encode(&credential.cred_id),
            is_backed_up: credential.backup_state,
            credential: to_json(&Passkey::from(credential))?,
        })
    }

    /// Starts a login of an account that is not known yet. The authenticator must verify its user.
    pub fn start_login(&self) -> Result<Ceremony> {
        let (request, state) =
            quiet(|| self.webauthn.start_discoverable_authentication()).context("a login with a passkey")?;
        // `request.mediation` is left out: it would wait for the browser to fill in a form.
        ceremony(serde_json::to_value(request.public_key)?, &State::Login(state))
    }

    /// Returns the account and the id of the credential that an answer to [`start_login`](Self::start_login) claims.
    /// Nothing is verified. The credential must be loaded by both, because its owner is not verified later either.
    pub fn claimed(&self, answer: &str) -> Option<(i64, String)> {
        let answer: PublicKeyCredential = parse(answer).ok()?;
        let handle = Uuid::from_slice(answer.get_user_unique_id()?).ok()?;
        let account = i64::try_from(handle.as_u128()).ok()?;
        Some((account, URL_SAFE_NO_PAD.encode(answer.get_credential_id())))
    }

    pub fn finish_login(&self, state: &str, answer: &str, credential: &str) -> Result<Used, Rejected> {
        let State::Login(state) = read_state(state)? else { return Err(Rejected) };
        let answer = parse(answer)?;
        let passkey: Passkey = read_credential(credential)?;
        let result =
            verify(|| self.webauthn.finish_discoverable_authentication_v2(&answer, state, &passkey))?;
        // The state requires it already. A login without a password depends on it.
        if !result.user_verified() {
            return Err(Rejected);
        }
        used(passkey, &result)
    }

    /// Starts a login after the right password. The user is verified only by authenticators that can do so.
    pub fn start_second_factor(&self, credentials: &[String]) -> Result<Ceremony> {
        let passkeys = stored(credentials);
        ensure!(!passkeys.is_empty(), "the account has no passkeys");
        let allowed = passkeys.iter().map(|passkey| URL_SAFE_NO_PAD.encode(passkey.cred_id())).collect();
        let keys: Vec<_> =
            passkeys.into_iter().map(|passkey| SecurityKey::from(Credential::from(passkey))).collect();
        let (request, state) = quiet(|| self.webauthn.start_securitykey_authentication(&keys))
            .context("a passkey as the second factor")?;
        let mut options = serde_json::to_value(request.public_key)?;
        // A hint at security keys, although any passkey is welcome.
        options.as_object_mut().context("options of a login")?.shift_remove("hints");
        // The states of both kinds of login have the same form. Credentials are verified as they are stored when the answer
        // arrives, because their counters may have changed.
        let mut state = serde_json::to_value(state)?;
        state["ast"]["credentials"] = Value::Array(Vec::new());
        let authentication = serde_json::from_value(state)?;
        ceremony(options, &State::SecondFactor { allowed, authentication })
    }

    /// Returns the id of the credential that was used. `credentials` are those of the account.
    pub fn finish_second_factor(
        &self,
        state: &str,
        answer: &str,
        credentials: &[String],
    ) -> Result<(String, Used), Rejected> {
        let State::SecondFactor { allowed, authentication } = read_state(state)? else {
            return Err(Rejected);
        };
        let answer: PublicKeyCredential = parse(answer)?;
        let id = URL_SAFE_NO_PAD.encode(answer.get_credential_id());
        if !allowed.contains(&id) {
            return Err(Rejected);
        }
        let passkey = stored(credentials)
            .into_iter()
            .find(|passkey| passkey.cred_id() == answer.get_credential_id())
            .ok_or(Rejected)?;
        let credential = without_user_verification(passkey.clone())?;
        let result = verify(|| {
            self.webauthn.finish_discoverable_authentication_v2(&answer, authentication, credential)
        })?;
        Ok((id, used(passkey, &result)?))
    }
}

/// Returns the credential as if its registration had not required that the user is verified. Otherwise each use does.
fn without_user_verification(passkey: Passkey) -> Result<Credential, Rejected> {
    let mut credential = Credential::from(passkey);
    // `webauthn-rs` does not export the type.
    credential.registration_policy =
        serde_json::from_value(json!("discouraged")).map_err(|error| rejected(&error))?;
    Ok(credential)
}

fn used(mut passkey: Passkey, result: &AuthenticationResult) -> Result<Used, Rejected> {
    let is_changed = passkey.update_credential(result).ok_or(Rejected)?;
    Ok(Used {
        credential: is_changed.then(|| to_json(&passkey)).transpose()?,
        is_backed_up: result.backup_state(),
    })
}

fn ceremony(options: Value, state: &State) -> Result<Ceremony> {
    Ok(Ceremony { options, state: serde_json::to_string(state)? })
}

/// Reads stored passkeys. Leaves out those that cannot be read, so that the others still work.
fn stored(credentials: &[String]) -> Vec<Passkey> {
    let read = |credential: &String| {
        let passkey = serde_json::from_str(credential);
        passkey.inspect_err(|error| tracing::error!("a stored passkey cannot be read: {error}")).ok()
    };
    credentials.iter().filter_map(read).collect()
}

fn read_credential(credential: &str) -> Result<Passkey, Rejected> {
    serde_json::from_str(credential).map_err(|error| rejected(&error))
}

fn read_state(state: &str) -> Result<State, Rejected> {
    serde_json::from_str(state).map_err(|error| rejected(&error))
}

fn parse<T: DeserializeOwned>(answer: &str) -> Result<T, Rejected> {
    if answer.len() > MAX_ANSWER {
        return Err(Rejected);
    }
    serde_json::from_str(answer).map_err(|error| rejected(&error))
}

fn to_json(passkey: &Passkey) -> Result<String, Rejected> {
    serde_json::to_string(passkey).map_err(|error| rejected(&error))
}

fn verify<T>(call: impl FnOnce() -> WebauthnResult<T>) -> Result<T, Rejected> {
    quiet(call).map_err(|error| rejected(&error))
}

fn rejected(error: &dyn std::fmt::Display) -> Rejected {
    debug!(error = %error, "a passkey was rejected");
    Rejected
}

/// Runs a call of the library without its log, in which anyone could write errors with answers of their choice.
fn quiet<T>(call: impl FnOnce() -> T) -> T {
    dispatcher::with_default(&Dispatch::none(), call)
}
