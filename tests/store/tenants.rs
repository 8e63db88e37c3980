//! Tenants and tokens.

use revocache::store::{NewToken, Store, StoreError, TokenHash};
use revocache::types::UnixTime;

use crate::support::{clock, each_database, runtime, sqlite_in};

#[test]
fn tenants_have_names_and_tokens() {
    runtime().block_on(each_database(|store| async move {
        let first = store.create_tenant("first").await.unwrap();
        let second = store.create_tenant("second").await.unwrap();
        assert!(matches!(store.create_tenant("first").await, Err(StoreError::Constraint { .. })));
        assert_eq!(store.tenants().await.unwrap(), [first.clone(), second.clone()]);
        assert_eq!(store.tenant_named("second").await.unwrap(), Some(second.clone()));
        assert_eq!(store.tenant_named("'; DROP TABLE tenants; --").await.unwrap(), None);

        let hash = TokenHash::of("a token");
        let expires_at = Some(UnixTime::from_seconds(2_000_000_000));
        let token = NewToken { tenant: first.id, name: "login".to_owned(), hash, expires_at };
        let id = store.add_token(token.clone()).await.unwrap();
        assert!(matches!(store.add_token(token).await, Err(StoreError::Constraint { .. })));
        let owner = store.token_owner(hash).await.unwrap().unwrap();
        assert_eq!((owner.token, owner.tenant, owner.expires_at), (id, first.id, expires_at));
        assert!(!owner.is_revoked);
        assert_eq!(store.token_owner(TokenHash::of("another")).await.unwrap(), None);

        let at = UnixTime::from_seconds(1_700_000_000);
        store.note_token_use(id, at).await.unwrap();
        assert!(store.revoke_token(id).await.unwrap());
        assert!(!store.revoke_token(store.new_id()).await.unwrap());
        let tokens = store.tokens(None).await.unwrap();
        assert_eq!(tokens.len(), 1);
        assert_eq!(tokens[0].tenant_name, "first");
        assert_eq!(tokens[0].last_used_at, Some(at));
        let since = tokens[0].revoked_at;
        assert!(since.is_some());
        assert!(store.revoke_token(id).await.unwrap());
        assert_eq!(store.tokens(Some(first.id)).await.unwrap()[0].revoked_at, since);
        assert_eq!(store.tokens(Some(second.id)).await.unwrap(), []);
        assert!(store.token_owner(hash).await.unwrap().unwrap().is_revoked);
    }));
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let made = {
            let store = Store::open(&sqlite_in(folder.path()), clock()).await.unwrap();
            store.create_tenant("first").await.unwrap()
        };
        let store = Store::open(&sqlite_in(folder.path()), clock()).await.unwrap();
        assert_eq!(store.tenants().await.unwrap(), [made]);
    });
}
