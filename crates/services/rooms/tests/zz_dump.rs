#[test]
fn dump_description() {
    let text = serde_json::to_string_pretty(&anteroom_rooms::openapi()).unwrap();
    std::fs::write(std::env::var("DUMP_TO").unwrap(), text).unwrap();
}
