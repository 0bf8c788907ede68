//! The paths and methods of endpoints.

use axum::routing::MethodRouter;

use super::app::App;
use super::every_answer;

/// Paths, and the handlers of each.
pub(super) type Routes = Vec<(String, MethodRouter<App>)>;

/// An endpoint of the org server and of each custom one, by the last part of its path.
pub(super) fn on_both(base: &str, name: &str, methods: impl Fn() -> MethodRouter<App>) -> Routes {
    vec![
        (format!("{base}/oauth2/v1/{name}"), methods()),
        (format!("{base}/oauth2/{{id}}/v1/{name}"), methods()),
    ]
}

/// Handlers whose GET has effects. The router would let HEAD run them, too: it is refused.
pub(super) fn with_effects(methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.head(every_answer::only_get_and_post).fallback(every_answer::only_get_and_post)
}
