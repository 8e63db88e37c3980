//! What strangers may keep here, for how long, and how often they may try a password. Time is that of the clock.

use std::num::NonZeroUsize;

use axum::body::Body;
use revocache::service::tickets::TicketSettings;
use revocache::types::Seconds;
use serde_json::json;

use crate::world::{PASSWORD, World, certificate, pkcs12, settings};

fn bounded(bounds: TicketSettings) -> World {
    World::with(bounds, settings(), None)
}

#[tokio::test]
async fn a_ticket_that_nobody_uses_expires_with_its_container() {
    let world = bounded(TicketSettings { idle: Seconds(60), ..TicketSettings::default() });
    let container = pkcs12(&[&[&certificate(&[0])]]);
    let (idle, used) = (world.ticket_with(&container).await, world.ticket_with(&container).await);
    world.pass(59);
    assert_eq!(world.info(&used, "signature", PASSWORD).await.status, 200);
    world.pass(1);
    assert_eq!(world.info(&idle, "signature", PASSWORD).await.message(), (400, "Сесія відсутня.".to_owned()));
    assert_eq!(world.info(&used, "signature", PASSWORD).await.status, 200, "each use counts anew");
    assert_eq!(world.tickets.numbers().tickets, 1);
    // Nobody has to come along for it to be deleted.
    world.pass(60);
    world.tickets.sweep();
    let numbers = world.tickets.numbers();
    assert_eq!((numbers.tickets, numbers.containers, numbers.octets, numbers.expired), (0, 0, 0, 2));
}

#[tokio::test]
async fn a_clock_that_goes_back_deletes_nothing() {
    let world = bounded(TicketSettings { idle: Seconds(60), ..TicketSettings::default() });
    let ticket = world.ticket().await;
    world.pass(-1000);
    world.tickets.sweep();
    assert_eq!(world.upload(&ticket, &pkcs12(&[&[&certificate(&[0])]])).await.status, 200);
}

#[tokio::test]
async fn there_is_room_for_so_many_tickets() {
    let max_tickets = NonZeroUsize::new(2).unwrap();
    let world = bounded(TicketSettings { max_tickets, idle: Seconds(60), ..TicketSettings::default() });
    let first = world.ticket().await;
    world.ticket().await;
    let refused = world.ask("POST", "/api/v1/ticket", "", Body::empty()).await;
    assert_eq!(refused.message(), (503, "Помилка при створенні сесії.".to_owned()));
    assert!(refused.cause().contains("2 сесій (max_tickets у [cipher])"), "{refused:?}");
    world.ask("DELETE", &format!("/api/v1/ticket/{first}"), "", Body::empty()).await;
    world.ticket().await;
    // Those that expired make room.
    world.pass(60);
    world.ticket().await;
    assert_eq!(world.tickets.numbers().tickets, 1);
}

#[tokio::test]
async fn a_container_and_all_of_them_have_a_size_at_most() {
    let container = pkcs12(&[&[&certificate(&[0])]]);
    let size = container.len();
    let world = bounded(TicketSettings {
        max_container: size,
        max_octets: 2 * size,
        idle: Seconds(60),
        ..TicketSettings::default()
    });
    let ticket = world.ticket_with(&container).await;
    let larger = [&*container, &[0]].concat();
    let refused = world.upload(&ticket, &larger).await;
    assert_eq!(refused.status, 500);
    assert!(refused.cause().contains(&format!("{size} октетів (max_container у [cipher])")), "{refused:?}");
    // In JSON as well, whatever the length that was announced.
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &larger);
    let path = format!("/api/v1/ticket/{ticket}/keyStore");
    assert!(world.put(&path, &json!({ "base64Data": data })).await.cause().contains("max_container"));
    let endless = Body::from(vec![b' '; 4 * size + (1 << 20)]);
    let answered = world.ask("PUT", &path, "application/json", endless).await;
    assert!(answered.cause().contains("max_container"), "{answered:?}");

    let second = world.ticket_with(&container).await;
    let third = world.ticket().await;
    let refused = world.upload(&third, &container).await;
    assert_eq!(refused.status, 503);
    assert!(
        refused.cause().contains(&format!("{} октетів (max_octets у [cipher])", 2 * size)),
        "{refused:?}"
    );
    // Replacing one takes no more room.
    assert_eq!(world.upload(&second, &container).await.status, 200);
    world.ask("DELETE", &format!("/api/v1/ticket/{second}"), "", Body::empty()).await;
    assert_eq!(world.upload(&third, &container).await.status, 200);
    assert_eq!(world.tickets.numbers().octets, 2 * size);
    // And those that expired make room.
    world.pass(60);
    let ticket = world.ticket().await;
    assert_eq!(world.upload(&ticket, &container).await.status, 200);
    assert_eq!(world.tickets.numbers().octets, size);
}

#[tokio::test]
async fn a_body_of_parameters_has_a_size_at_most() {
    let world = World::default();
    let ticket = world.ticket().await;
    let password = "x".repeat(64 << 10);
    let answered = world.info(&ticket, "signature", &password).await;
    assert_eq!(answered.status, 500);
    assert!(answered.cause().contains("65536"), "{answered:?}");
}

/// A stolen ticket does not let anybody try passwords for ever: after ten wrong ones the container is gone.
#[tokio::test]
async fn wrong_passwords_in_a_row_cost_the_container() {
    let world = World::default();
    let container = pkcs12(&[&[&certificate(&[0])]]);
    let ticket = world.ticket_with(&container).await;
    for _ in 0..9 {
        assert!(world.info(&ticket, "signature", "wrong").await.cause().contains("невірний"));
    }
    assert_eq!(world.info(&ticket, "signature", PASSWORD).await.status, 200, "a right one ends the row");
    for _ in 0..9 {
        world.info(&ticket, "keyAgreement", "wrong").await;
    }
    let last = world.base64(&ticket, "signature", "wrong").await;
    assert!(
        last.cause().contains("10 невірних паролів поспіль (max_wrong_passwords у [cipher])"),
        "{last:?}"
    );
    let right = world.info(&ticket, "signature", PASSWORD).await;
    assert_eq!(right.cause(), "Ключовий контейнер сесії не завантажено");
    let numbers = world.tickets.numbers();
    assert_eq!((numbers.tickets, numbers.octets, numbers.wrong_passwords), (1, 0, 19));
    // The ticket is as good as new.
    assert_eq!(world.upload(&ticket, &container).await.status, 200);
    assert_eq!(world.info(&ticket, "signature", PASSWORD).await.status, 200);
}
