//! A browser without JavaScript: it keeps cookies, fills in the forms of pages and follows redirects.

use std::collections::BTreeMap;

use regex::{Captures, Regex};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response};

use super::program::Serving;
use super::server::TestServer;

const MAX_REDIRECTS: usize = 5;

/// The server that a browser shows.
enum Served<'a> {
    ByTest(&'a TestServer),
    ByProgram { address: &'a str, client: reqwest::Client },
}

impl Served<'_> {
    fn prepare(&self, method: Method, path: &str) -> RequestBuilder {
        match self {
            Self::ByTest(server) => server.raw(method, path),
            Self::ByProgram { address, client } => client.request(method, format!("{address}{path}")),
        }
    }
}

pub struct PageBrowser<'a> {
    served: Served<'a>,
    pub cookies: BTreeMap<String, String>,
    /// The value of `Accept-Language`.
    pub language: String,
}

/// A page that the browser shows.
#[derive(Debug, Clone)]
pub struct BrowserPage {
    pub status: u16,
    /// The path and query, after redirects.
    pub address: String,
    pub html: String,
}

/// A form of a page, with the fields that a browser would send.
#[derive(Debug, Clone)]
pub struct PageForm {
    pub method: Method,
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl BrowserPage {
    /// Returns whether the text of the page contains `part`, which may contain characters that HTML escapes.
    pub fn says(&self, part: &str) -> bool {
        self.text().contains(part)
    }

    /// Returns the text without tags, with single spaces.
    pub fn text(&self) -> String {
        let text = pattern("(?s)<[^>]*>").replace_all(&self.html, " ").into_owned();
        unescape(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the form with a button that has this text, label (`aria-label`) or value. If several forms have one, returns
    /// the first.
    pub fn form(&self, button: &str) -> PageForm {
        self.find_form(button).unwrap_or_else(|| {
            panic!("{}: no form has the button \"{button}\": {}", self.address, self.text())
        })
    }

    pub fn has_form(&self, button: &str) -> bool {
        self.find_form(button).is_some()
    }

    fn find_form(&self, button: &str) -> Option<PageForm> {
        let forms = pattern("(?s)<form([^>]*)>(.*?)</form>");
        forms.captures_iter(&self.html).find_map(|form| {
            let pressed = find_button(&form[2], button)?;
            let mut fields = fields(&form[2]);
            fields.extend(pressed);
            let path = self.address.split(['?', '#']).next().unwrap_or_default();
            // A form that is submitted by GET replaces the query; one that is submitted by POST keeps it.
            let is_post = attribute(&form[1], "method").is_some_and(|method| method == "post");
            let default = if is_post { self.address.as_str() } else { path };
            Some(PageForm {
                method: if is_post { Method::POST } else { Method::GET },
                action: attribute(&form[1], "action").unwrap_or_else(|| default.to_owned()),
                fields,
            })
        })
    }

    /// Returns the address of the link with this text.
    pub fn link(&self, text: &str) -> String {
        let links = pattern("(?s)<a ([^>]*)>(.*?)</a>");
        let found = links.captures_iter(&self.html).find(|link| plain(&link[2]) == text);
        let link = found.unwrap_or_else(|| panic!("{}: no link \"{text}\": {}", self.address, self.text()));
        attribute(&link[1], "href").expect("a link has an address")
    }
}

impl PageForm {
    /// Sets a field. Adds it if the form does not have it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, current)) => value.clone_into(current),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Removes a field, such as a checkbox that is not checked.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }
}

impl<'a> PageBrowser<'a> {
    pub fn new(server: &'a TestServer) -> Self {
        Self::with(Served::ByTest(server))
    }

    /// A browser for a program that serves.
    pub fn for_program(program: &'a Serving) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        Self::with(Served::ByProgram { address: program.address(), client })
    }

    fn with(served: Served<'a>) -> Self {
        Self { served, cookies: BTreeMap::new(), language: "en".to_owned() }
    }

    /// Opens an address of this server, and follows redirects.
    pub async fn open(&mut self, address: &str) -> BrowserPage {
        let request = self.served.prepare(Method::GET, address);
        self.follow(request, address).await
    }

    /// Fills in and submits the form of a page that has this button, and follows redirects. Hidden and unchanged fields are
    /// sent as they are.
    pub async fn submit(&mut self, page: &BrowserPage, button: &str, values: &[(&str, &str)]) -> BrowserPage {
        let form = values.iter().fold(page.form(button), |form, (name, value)| form.with(name, value));
        self.send(&form).await
    }

    /// Submits a form, and follows redirects.
    pub async fn send(&mut self, form: &PageForm) -> BrowserPage {
        self.send_from(form, "same-origin").await
    }

    /// Submits a form as a page of another site would: `site` is the value of `Sec-Fetch-Site`.
    pub async fn send_from(&mut self, form: &PageForm, site: &str) -> BrowserPage {
        let encoded =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        if form.method == Method::GET {
            return self.open(&format!("{}?{encoded}", form.action)).await;
        }
        let request = self.served.prepare(Method::POST, &form.action).header("Sec-Fetch-Site", site);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded);
        self.follow(request, &form.action).await
    }

    /// Logs in on the page for it, which must succeed. Returns the page that follows.
    pub async fn log_in(&mut self, email: &str, password: &str) -> BrowserPage {
        let page = self.open("/account/login").await;
        let page = self.submit(&page, "Log in", &[("email", email), ("password", password)]).await;
        assert_eq!((page.status, page.address.as_str()), (200, "/account"), "{}", page.text());
        page
    }

    /// Sends a request with the cookies of this browser, without following a redirect.
    pub async fn request(&mut self, request: RequestBuilder) -> Response {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(ACCEPT, "text/html").header(ACCEPT_LANGUAGE, &self.language);
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let reply = request.send().await.expect("a reply");
        for header in reply.headers().get_all(SET_COOKIE) {
            let cookie = header.to_str().expect("a cookie is a string");
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    async fn follow(&mut self, request: RequestBuilder, address: &str) -> BrowserPage {
        let (mut reply, mut address) = (self.request(request).await, address.to_owned());
        for _ in 0..MAX_REDIRECTS {
            if reply.status() != 303 {
                break;
            }
            let location = reply.headers()[LOCATION].to_str().expect("an address is a string");
            location.clone_into(&mut address);
            reply = self.request(self.served.prepare(Method::GET, &address)).await;
        }
        let status = reply.status().as_u16();
        assert_ne!(status, 303, "{address}: too many redirects");
        BrowserPage { status, address, html: reply.text().await.expect("a page in UTF-8") }
    }
}

/// Returns the field that a button adds, or none if it has no name. Returns `None` if the form has no such button.
fn find_button(form: &str, wanted: &str) -> Option<Vec<(String, String)>> {
    let buttons = pattern("(?s)<button([^>]*)>(.*?)</button>");
    let is_wanted = |button: &Captures<'_>| {
        let labels = [attribute(&button[1], "aria-label"), attribute(&button[1], "value")];
        plain(&button[2]) == wanted || labels.into_iter().flatten().any(|label| label == wanted)
    };
    let button = buttons.captures_iter(form).find(is_wanted)?;
    let name = attribute(&button[1], "name");
    let value = attribute(&button[1], "value").unwrap_or_default();
    Some(name.into_iter().map(|name| (name, value.clone())).collect())
}

/// Returns the fields that a browser sends if nothing is changed.
fn fields(form: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for input in pattern("(?s)<input([^>]*)>").captures_iter(form) {
        let Some(name) = attribute(&input[1], "name") else { continue };
        let kind = attribute(&input[1], "type").unwrap_or_default();
        let is_choice = kind == "checkbox" || kind == "radio";
        if !is_choice || pattern(r"\schecked\b").is_match(&input[1]) {
            let default = if is_choice { "on" } else { "" };
            fields.push((name, attribute(&input[1], "value").unwrap_or_else(|| default.to_owned())));
        }
    }
    for select in pattern("(?s)<select([^>]*)>(.*?)</select>").captures_iter(form) {
        let Some(name) = attribute(&select[1], "name") else { continue };
        let options: Vec<_> = pattern("(?s)<option([^>]*)>")
            .captures_iter(&select[2])
            .map(|option| option[1].to_owned())
            .collect();
        let is_selected = |option: &&String| pattern(r"\sselected\b").is_match(option);
        let chosen = options.iter().find(is_selected).or(options.first());
        fields.extend(chosen.map(|option| (name, attribute(option, "value").unwrap_or_default())));
    }
    for area in pattern("(?s)<textarea([^>]*)>(.*?)</textarea>").captures_iter(form) {
        fields.extend(attribute(&area[1], "name").map(|name| (name, unescape(&area[2]))));
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let found = pattern(&format!("(?s)(?:^|\\s){name}=\"([^\"]*)\"")).captures(tag)?;
    Some(unescape(&found[1]))
}

fn plain(html: &str) -> String {
    let text = pattern("(?s)<[^>]*>").replace_all(html, "").into_owned();
    unescape(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescape(html: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}
