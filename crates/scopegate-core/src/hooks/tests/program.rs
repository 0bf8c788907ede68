//! Hooks of the program, and requests that are decided again.

use super::*;

/// A hook of the program, which adds a claim with the names of what it was told.
#[derive(Debug)]
struct Program;

#[async_trait]
impl TokenHook for Program {
    async fn amend(
        &self,
        request: &HookRequest<'_>,
        tokens: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
        match request.client.id.as_str() {
            "portal" => Ok(HookAnswer::refuse("No portal.")),
            "rival" => Err("the disk is full".into()),
            client => {
                let told = format!("{client} {} {}", request.grant_type, tokens.scopes);
                let patch = Patch::default().with_claim(TokenKind::Access, "told", told);
                Ok(patch.without_scope(Scope::parse("write")?).into())
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_of_the_program_answers_refuses_or_fails() {
    let mut ports = HookPorts::default();
    ports.programs.insert("mine".to_owned(), Arc::new(Program));
    let world = World::with_hooks(ports).await;
    world.add_hook("mine", HookSpec::default()).await;
    let response = token(&world).await.unwrap();
    assert_eq!(json!(response)["scope"], "read");
    let told = &claims_of(response.access_token())["told"];
    assert_eq!(told, "service client_credentials read write");
    let portal = refusal(world.token("portal", &GRANT).await);
    assert_eq!(portal.summary(), Some("No portal."));
    assert_eq!(failed_by(world.token("rival", &GRANT).await), "program");
    world.add_hook("other", HookSpec::default()).await;
    assert_eq!(failed_by(token(&world).await), "not_in_program");
}

/// A hook of the program, during whose first call another node changes the client.
#[derive(Debug)]
struct Racing {
    store: MemoryStore,
    spec: Mutex<Option<Entity>>,
    calls: AtomicUsize,
}

#[async_trait]
impl TokenHook for Racing {
    async fn amend(
        &self,
        _: &HookRequest<'_>,
        _: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let changed = self.spec.lock().unwrap().take();
        if let Some(entity) = changed {
            let version = self.store.catalog_version().await?;
            self.store.write_catalog(version, &[Edit::Put(entity)], None).await?;
        }
        Ok(Patch::default().with_claim(TokenKind::Access, "call", number).into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_race_is_lost_does_not_call_its_hook_twice() {
    // The hook needs the store of the world, which is opened with the hook.
    let racing = Arc::new(OnceHook::default());
    let mut ports = HookPorts::default();
    ports.programs.insert("mine".to_owned(), racing.clone());
    let world = World::with_hooks(ports).await;
    world.add_hook("mine", HookSpec::default()).await;
    let key = EntityKey::client(&crate::catalog::ClientId::parse("portal").unwrap());
    let mut entity = world.authority.catalog().entity(&key).unwrap();
    if let Spec::Client(client) = &mut entity.spec {
        // It is no input of the hook.
        client.origins.insert("https://new.example".to_owned());
    }
    let (store, spec) = (world.store.clone(), Mutex::new(Some(entity)));
    racing.0.set(Racing { store, spec, calls: AtomicUsize::new(0) }).unwrap();
    let before = world.authority.catalog().version();
    let code = code(&world, "read offline_access", "mine").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    assert!(world.authority.catalog().version() > before, "the request was decided again");
    assert_eq!(claims_of(answer.access_token())["call"], 1);
    assert_eq!(racing.0.get().unwrap().calls.load(Ordering::Relaxed), 1);
    let [decision] = &world.decisions(DecisionKind::TokenGrant).await[..] else {
        panic!("one decision was recorded")
    };
    assert_eq!(decision.basis.hooks.len(), 1);
}

/// A hook that is made after the world.
#[derive(Debug, Default)]
struct OnceHook(std::sync::OnceLock<Racing>);

#[async_trait]
impl TokenHook for OnceHook {
    async fn amend(
        &self,
        request: &HookRequest<'_>,
        tokens: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
        self.0.get().unwrap().amend(request, tokens).await
    }
}
