//! The templates of pages and their style sheet. A file in the folder `pages.templates` replaces the file of the same name in
//! `assets/pages/`.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};
use rust_embed::RustEmbed;

use super::values::context;
use crate::language::{ENGLISH, Languages};

#[derive(RustEmbed)]
#[folder = "assets/pages/"]
struct BuiltIn;

/// Files that have no place in the folder of an operator, because the setting `pages.branding` replaces them or because they
/// belong to other files.
const FIXED: [&str; 2] = ["icon.svg", "pages.js"];

/// Loads all templates. Errors name the setting and the file.
pub(super) fn load(folder: Option<&Path>, languages: &Arc<Languages>) -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    reject_unknown_files(folder)?;
    let mut known = HashSet::new();
    for name in BuiltIn::iter().filter(|name| name.ends_with(".html")) {
        environment.add_template_owned(name.to_string(), built_in(&name)?)?;
        known.extend(environment.get_template(&name)?.undeclared_variables(false));
    }
    for name in BuiltIn::iter().filter(|name| name.ends_with(".html")) {
        let Some(source) = replacement(folder, &name)? else { continue };
        let setting = |error: minijinja::Error| anyhow!("pages.templates: {name}: {error}");
        environment.add_template_owned(name.to_string(), source).map_err(setting)?;
        let used = environment.get_template(&name)?.undeclared_variables(false);
        if let Some(unknown) = used.iter().find(|used| !known.contains(*used)) {
            bail!("pages.templates: {name} uses the unknown variable {unknown}; no page sets it");
        }
    }
    render_all(&mut environment, languages)?;
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    Ok(environment)
}

/// Fails if a template cannot be rendered, for example because it uses an unknown filter. No variable is set but `t`.
fn render_all(environment: &mut Environment<'static>, languages: &Arc<Languages>) -> Result<()> {
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    for (name, template) in environment.templates() {
        let rendered = template.render(context! { t => languages.template_function(ENGLISH) });
        rendered.map_err(|error| anyhow!("pages.templates: {name}: {error}"))?;
    }
    Ok(())
}

/// Returns a file of the operator, or else the built-in one.
pub(super) fn read(folder: Option<&Path>, name: &str) -> Result<String> {
    replacement(folder, name)?.map_or_else(|| built_in(name), Ok)
}

fn built_in(name: &str) -> Result<String> {
    let file = BuiltIn::get(name).with_context(|| format!("assets/pages/{name} is missing"))?;
    Ok(String::from_utf8(file.data.into_owned())?)
}

fn replacement(folder: Option<&Path>, name: &str) -> Result<Option<String>> {
    let Some(path) = folder.map(|folder| folder.join(name)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => {
            Ok(Some(read.with_context(|| format!("pages.templates: {} cannot be read", path.display()))?))
        }
    }
}

/// Rejects files that no page uses, because their names are probably misspelled.
fn reject_unknown_files(folder: Option<&Path>) -> Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    let unreadable = || format!("pages.templates: {} cannot be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_known = BuiltIn::get(&name).is_some() && !FIXED.contains(&name.as_str());
        if (name.ends_with(".html") || name.ends_with(".css")) && !is_known {
            let known: Vec<_> = BuiltIn::iter().filter(|name| !FIXED.contains(&name.as_ref())).collect();
            bail!("pages.templates: no page uses {name}; the names are {}", known.join(", "));
        }
    }
    Ok(())
}
