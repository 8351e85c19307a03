use crate::workshop::told;
use std::process::Command;

#[test]
fn r50_envoy_accepts_the_generated_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let descriptor_set = folder.path().join("evenkeel.binpb");
    std::fs::write(&descriptor_set, proto::DESCRIPTOR_SET).expect("writes");
    let options = evenkeel::command::GatewayOptions {
        domain: "localhost".to_owned(),
        origin: vec!["https://portal.example".to_owned()],
        requests_per_second: 50,
        trusted_hops: 1,
        folder: None,
    };
    let mut gateway = evenkeel::command::kubernetes(&options);
    gateway.descriptor_set = descriptor_set;
    let config = folder.path().join("envoy.json");
    let json = serde_json::to_vec(&gateway.render(&proto::DESCRIPTOR_POOL)).expect("JSON");
    std::fs::write(&config, json).expect("writes");

    let envoy = Command::new(told("EVENKEEL_ENVOY"))
        .args(["--mode", "validate", "--log-level", "error", "-c"])
        .arg(&config)
        .output()
        .expect("envoy runs");
    let said = String::from_utf8_lossy(&envoy.stderr);
    let reason: String = said
        .chars()
        .rev()
        .take(600)
        .collect::<String>()
        .chars()
        .rev()
        .collect();
    assert!(envoy.status.success(), "{reason}");
}
