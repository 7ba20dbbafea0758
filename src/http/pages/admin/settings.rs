//! The settings in force, without secrets.

use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;

pub(super) static SETTINGS: SessionPage = SessionPage {
    path: "/admin/settings",
    title: "Settings",
    template: "admin_settings.html",
    access: Access::Operator,
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
        Ok(Reply::Page(context! { settings => shown.collect::<Vec<_>>(), only_changed }))
    },
    submit: None,
};
