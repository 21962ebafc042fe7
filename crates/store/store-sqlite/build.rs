//! Generates the list of migrations that the crate embeds.
//!
//! The `migrate!` macro of `sqlx` does the same, but makes the compiler build a second copy of
//! SQLite and of the dependencies of `sqlx`.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

/// The folders of the migrations, and the names of their lists.
const FOLDERS: [(&str, &str); 2] = [
    ("migrations/issuer", "ISSUER"),
    ("migrations/rooms", "ROOMS"),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut lists = String::new();
    for (folder, list) in FOLDERS {
        let mut files = Vec::new();
        for entry in fs::read_dir(Path::new(&root).join(folder))? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let name = name.ok_or("a migration without a name")?;
            let (version, description) = name
                .split_once('_')
                .ok_or_else(|| format!("the migration {name} is not called NUMBER_WORDS"))?;
            let version: i64 = version.parse()?;
            files.push((version, description.replace('_', " "), path));
        }
        files.sort();
        writeln!(lists, "pub(super) static {list}: &[Embedded] = &[")?;
        for (version, description, path) in files {
            writeln!(
                lists,
                "    ({version}, {description:?}, include_str!({path:?})),"
            )?;
        }
        writeln!(lists, "];")?;
    }
    let output = Path::new(&env::var("OUT_DIR")?).join("migrations.rs");
    Ok(fs::write(output, lists)?)
}
