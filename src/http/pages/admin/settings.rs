//! The settings in force, without secrets.

use minijinja::context;

use crate::http::pages::definition::{Audience, Definition, Shown};

pub(super) static SETTINGS: Definition = Definition {
    path: "/admin/settings",
    title: "Settings",
    template: "admin_settings.html",
    audience: Audience::Operator,
    fields: &[],
    show: |app, visit| {
        let only_changed = visit.query.is_checked("changed");
        let settings = app.config.settings().into_iter();
        let shown = settings.filter(|setting| setting.is_changed || !only_changed).map(|setting| {
            context! {
                name => setting.name,
                value => setting.value,
                source => setting.source,
                is_changed => setting.is_changed,
            }
        });
        Ok(Shown::Page(context! { settings => shown.collect::<Vec<_>>(), only_changed }))
    },
    submit: None,
};
