//! Decisions as golden files, and as properties in a world in memory.

mod golden;
mod properties;
mod world;

use super::Launch;

#[test]
fn orders_of_an_older_release_are_read() {
    let world = golden::running(&[]);
    let orders = world.orders.expect("orders");
    let mut text = serde_json::to_value(&orders).expect("JSON");
    // Where `scale` had ended all TaskManagers, it kept the last one.
    text["pattern"] = text["processes"][1].clone();
    assert!(text["pattern"].is_object());
    assert_eq!(serde_json::from_value::<Launch>(text).expect("orders"), orders);
}
