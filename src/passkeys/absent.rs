//! A program that was built without the feature `passkeys`.

use std::convert::Infallible;

use anyhow::{Result, bail};
use url::Url;

use super::{Ceremony, NewPasskey, Owner, Rejected, Used};

/// Has no values.
#[derive(Debug)]
pub struct Passkeys(Infallible);

impl Passkeys {
    pub fn new(_domain: &str, _origin: &Url, _others: &[Url], _site_name: &str) -> Result<Self> {
        bail!("this program was built without the feature \"passkeys\"; use one that was built with it")
    }

    pub fn start_registration(&self, _owner: &Owner<'_>, _existing: &[String]) -> Result<Ceremony> {
        match self.0 {}
    }

    pub fn finish_registration(&self, _state: &str, _answer: &str) -> Result<NewPasskey, Rejected> {
        match self.0 {}
    }

    pub fn start_login(&self) -> Result<Ceremony> {
        match self.0 {}
    }

    pub fn start_second_factor(&self, _credentials: &[String]) -> Result<Ceremony> {
        match self.0 {}
    }

    pub fn claimed(&self, _answer: &str) -> Option<(i64, String)> {
        match self.0 {}
    }

    pub fn finish_login(&self, _state: &str, _answer: &str, _credential: &str) -> Result<Used, Rejected> {
        match self.0 {}
    }

    pub fn finish_second_factor(
        &self,
        _state: &str,
        _answer: &str,
        _credentials: &[String],
    ) -> Result<(String, Used), Rejected> {
        match self.0 {}
    }
}
