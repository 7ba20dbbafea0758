use super::Account;
use crate::text::{self, plain_words};

/// The most characters of a username in mails to unconfirmed addresses.
const LONGEST_PLAIN_NAME: usize = 40;
/// The most characters of an address in place of a name.
const LONGEST_PLAIN_ADDRESS: usize = 60;

impl Account {
    /// The primary and the secondary address.
    pub fn addresses(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.email).chain(&self.secondary_email)
    }

    /// The addresses that are known to belong to the owner. Anybody can register the address of somebody else, but only its
    /// owner can confirm it.
    pub fn confirmed_addresses(&self) -> impl Iterator<Item = &String> {
        let primary = self.verified_at.map(|_| &self.email);
        primary.into_iter().chain(&self.secondary_email)
    }

    /// Returns the name of the owner as others see it: first and last name as far as they are known, otherwise
    /// [`Self::salutation`].
    pub fn full_name(&self) -> String {
        let names = format!("{} {}", self.first_name, self.last_name);
        match names.trim() {
            "" => self.salutation().to_owned(),
            names => names.to_owned(),
        }
    }

    /// Returns the name of the owner in mails: the username, or the address if the username was generated from the id of
    /// the account. WePledge generated UUIDs.
    pub fn salutation(&self) -> &str {
        let number = self.username.split('-').next().unwrap_or_default();
        let is_generated = number == self.id.to_string() || text::uuid(&self.username).is_some();
        if is_generated { &self.email } else { &self.username }
    }

    /// Returns the name of the owner in mails to strangers: the first of [`Self::full_name`], username and address that can
    /// contain no message. `None` if none can be shown.
    pub fn plain_name(&self) -> Option<String> {
        let is_plain =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '+' | '.' | '@');
        let is_address = |email: &&String| {
            email.len() <= LONGEST_PLAIN_ADDRESS
                && email.chars().all(is_plain)
                && email.matches('@').count() == 1
        };
        plain_words(&self.full_name(), LONGEST_PLAIN_NAME)
            .or_else(|| plain_words(self.salutation(), LONGEST_PLAIN_NAME))
            .or_else(|| Some(&self.email).filter(is_address).cloned())
    }

    /// Returns the name of the owner in mails to unconfirmed addresses. Strangers choose usernames and must not use
    /// the server to send their words to others, so only a username that is one plain word is used.
    pub fn plain_salutation(&self) -> &str {
        let name = self.salutation();
        let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        let is_name = name.chars().count() <= LONGEST_PLAIN_NAME && name.chars().all(is_plain);
        if is_name { name } else { &self.email }
    }
}
