//! The embedded migrations of both databases.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// The version, description and statements of a migration.
pub(super) type Embedded = (i64, &'static str, &'static str);

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Returns the migrator. Each migration runs in a transaction of its own.
pub(super) fn migrator(files: &[Embedded]) -> Migrator {
    let migrations = files.iter().map(|(version, description, statements)| {
        Migration::new(
            *version,
            Cow::Borrowed(*description),
            MigrationType::Simple,
            statements.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_migration_is_embedded_in_its_order() {
        for (folder, list) in [("issuer", ISSUER), ("rooms", ROOMS)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
            let mut files: Vec<_> = fs::read_dir(path.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort();
            let migrator = migrator(list);
            assert_eq!(migrator.iter().count(), files.len());
            for (migration, file) in migrator.iter().zip(files) {
                let statements = fs::read_to_string(&file).unwrap();
                assert_eq!(migration.sql.as_str(), statements);
                let name = format!(
                    "{:04}_{}.sql",
                    migration.version,
                    migration.description.replace(' ', "_")
                );
                assert_eq!(file.file_name().unwrap().to_str(), Some(name.as_str()));
                assert!(!statements.starts_with("-- no-transaction"), "{name}");
            }
        }
    }
}
