//! The suite of the port, on every anchor.

use std::sync::Arc;

use strongroom_kernel::ports::SystemRng;

mod in_memory {
    use super::{Arc, SystemRng};
    use strongroom_anchor::InMemory;

    strongroom_contract::anchor_tests!(make);

    #[expect(clippy::unused_async, reason = "the suite makes anchors with async functions")]
    async fn make() -> Option<InMemory> {
        Some(InMemory::new(Arc::new(SystemRng)))
    }
}

mod pastebin {
    use std::sync::Mutex;

    use strongroom_anchor::Pastebin;
    use strongroom_fetch::{AddressPolicy, Fetcher, Limits};

    use strongroom_contract::http::{Reply, serve};

    strongroom_contract::anchor_tests!(make);

    /// A server that keeps pastes under `/raw/<number>`.
    #[expect(clippy::unused_async, reason = "the suite makes anchors with async functions")]
    async fn make() -> Option<Pastebin> {
        let pastes = Mutex::new(Vec::<String>::new());
        let base = serve(move |request| {
            let mut pastes = pastes.lock().expect("unpoisoned");
            if let Some(name) = request.path.strip_prefix("/raw/") {
                let paste = name.parse().ok().and_then(|number: usize| pastes.get(number));
                return paste.map_or(Reply::Answer(404, "", Vec::new()), |paste| Reply::ok(&**paste));
            }
            let mut fields = form_urlencoded::parse(&request.body);
            let (_, text) = fields.find(|(name, _)| name == "api_paste_code").expect("a text");
            pastes.push(text.into_owned());
            Reply::ok(format!("https://pastebin.com/{}", pastes.len() - 1))
        });
        let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any).expect("a client");
        Some(Pastebin::new("k3y", fetcher).with_base(base))
    }
}

mod rfc3161 {
    use strongroom_anchor::Rfc3161;

    use crate::authority::authority;

    strongroom_contract::anchor_tests!(make);

    #[expect(clippy::unused_async, reason = "the suite makes anchors with async functions")]
    async fn make() -> Option<Rfc3161> {
        Some(authority()?.anchor("deep", &["root"]))
    }
}
