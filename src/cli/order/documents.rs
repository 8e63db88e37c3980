//! Documents: users, organizations, domains and orders.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::output::{count, print_json};
use super::{Common, parse_kind};
use crate::service::orders::{
    Bundle, Entity, Existing, Kind, MAX_BUNDLE, OrderFile, OrderStatus, Reference, RegistryError,
};
use crate::store::{OrderKey, OrderSelection};

/// Keep every document of a file, or none
#[derive(Debug, Args)]
pub(super) struct Import {
    /// JSON with lists of users, organizations, domains and orders; `-` for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Refuse to replace what is there
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    common: Common,
}

/// Keep one new document
#[derive(Debug, Args)]
pub(super) struct Add {
    /// user, organization, domain or order
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Kind,
    /// The document in JSON; `-` for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// List documents
#[derive(Debug, Args)]
pub(super) struct List {
    /// user, organization, domain or order
    #[arg(value_name = "KIND", value_parser = parse_kind, default_value = "order")]
    kind: Kind,
    /// Orders of this status only; may be given several times
    #[arg(long, value_name = "STATUS", value_parser = parse_status)]
    status: Vec<OrderStatus>,
    /// Those behind this number
    #[arg(long, value_name = "ID", default_value_t = 0, conflicts_with = "status")]
    after: i64,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: u32,
    #[command(flatten)]
    common: Common,
}

/// Show one document
#[derive(Debug, Args)]
pub(super) struct Show {
    /// user, organization, domain or order
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Kind,
    /// Its number
    #[arg(value_name = "ID")]
    id: i64,
    /// An order with everything that it needs, in the form that `import` reads
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: Common,
}

/// Change one document
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache order set order 112211 '{\"status\": \"issued\"}'
  revocache order set domain 1234 '{\"token\": null}'        (a new random value)
  revocache order set organization 12345 \\
      '{\"validations\": [{\"type\": \"ov\", \"date_created\": \"2026-01-01T00:00:00Z\", \"validated_until\": \"2027-01-01T00:00:00Z\"}]}'

The members of the patch replace those of the document, and null removes them (RFC 7396).")]
pub(super) struct Set {
    /// user, organization, domain or order
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Kind,
    /// Its number
    #[arg(value_name = "ID")]
    id: i64,
    /// What changes, in JSON
    #[arg(value_name = "PATCH")]
    patch: String,
    #[command(flatten)]
    common: Common,
}

/// Remove one document
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// user, organization, domain or order
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Kind,
    /// Its number
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    common: Common,
}

/// What was removed.
#[derive(Debug, Serialize)]
struct Removed {
    removed: &'static str,
    id: i64,
}

impl Import {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let text = read(&self.file)?;
        let bundle = Bundle::parse(&text).map_err(|error| CliError::data(&self.file, error))?;
        let existing = if self.new { Existing::Refuse } else { Existing::Replace };
        let imported = self.common.with(async |desk| {
            let imported = desk.registry.import(bundle, existing).await;
            desk.noted("import", self.file.display().to_string(), imported).await
        })?;
        if self.common.json {
            print_json(&imported)?;
        } else {
            let documents = |number| count(number, "document", "documents");
            println!("{} added, {} replaced", documents(imported.added), documents(imported.replaced));
        }
        Ok(Exit::Good)
    }
}

impl Add {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let text = read(&self.file)?;
        let document = json(&text).map_err(|error| CliError::data(&self.file, error))?;
        let target = format!("{} {}", self.kind.name(), document.get("id").unwrap_or(&Value::Null));
        let mut bundle = Bundle::default();
        bundle.push(self.kind, document);
        let imported = self.common.with(async |desk| {
            let imported = desk.registry.import(bundle, Existing::Refuse).await;
            desk.noted("add", target.clone(), imported).await
        })?;
        if self.common.json {
            print_json(&imported)?;
        } else {
            println!("{target} added");
        }
        Ok(Exit::Good)
    }
}

impl List {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        if !self.status.is_empty() && self.kind != Kind::Order {
            return Err(CliError::Usage("only orders have a --status".to_owned()));
        }
        let entities = self.common.with(async |desk| {
            if self.status.is_empty() {
                return Ok(desk.registry.entities(self.kind, self.after, self.limit).await?);
            }
            let selection = OrderSelection {
                at: Some(desk.now),
                statuses: self.status.iter().map(|status| status.name().to_owned()).collect(),
                limit: self.limit,
                ..OrderSelection::default()
            };
            let (files, _) = desk.registry.select(selection).await?;
            Ok(files.into_iter().map(|file| Entity::Order(Box::new(file.order))).collect())
        })?;
        for entity in &entities {
            if self.common.json {
                print_json(&entity.document())?;
            } else {
                println!("{}", line(entity));
            }
        }
        Ok(Exit::Good)
    }
}

impl Show {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        if self.all && self.kind != Kind::Order {
            return Err(CliError::Usage("--all is for orders".to_owned()));
        }
        let part = Reference { kind: self.kind, id: self.id };
        let document = self.common.with(async |desk| {
            if !self.all {
                return Ok(desk.registry.entity(part).await?.document());
            }
            let file = desk.registry.order(OrderKey::Id(self.id)).await?;
            let bundle = bundle(file.ok_or(RegistryError::NotFound(part))?);
            Ok(serde_json::to_value(bundle).unwrap_or_default())
        })?;
        self.common.show(&document)?;
        Ok(Exit::Good)
    }
}

impl Set {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let patch = json(self.patch.as_bytes())
            .map_err(|error| CliError::Usage(format!("the patch is not JSON: {error}")))?;
        let part = Reference { kind: self.kind, id: self.id };
        let document = self.common.with(async |desk| {
            let changed = desk.registry.change(part, patch).await;
            desk.noted("set", part.to_string(), changed).await
        })?;
        self.common.show(&document)?;
        Ok(Exit::Good)
    }
}

impl Remove {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let part = Reference { kind: self.kind, id: self.id };
        self.common.with(async |desk| {
            let removed = desk.registry.remove(part).await;
            desk.noted("remove", part.to_string(), removed).await
        })?;
        if self.common.json {
            print_json(&Removed { removed: self.kind.name(), id: self.id })?;
        } else {
            println!("{part} removed");
        }
        Ok(Exit::Good)
    }
}

impl Common {
    /// Prints a document, for programs in one line.
    fn show(&self, document: &Value) -> Result<(), CliError> {
        if self.json {
            print_json(document)?;
        } else {
            println!("{document:#}");
        }
        Ok(())
    }
}

/// An order with what it needs.
fn bundle(file: OrderFile) -> Bundle {
    let mut bundle = Bundle::default();
    let others = file.user.map(Entity::User).into_iter();
    let others = others.chain(file.organization.map(Entity::Organization));
    let all = others.chain(file.domains.into_iter().map(Entity::Domain));
    for entity in all.chain([Entity::Order(Box::new(file.order))]) {
        bundle.push(entity.kind(), entity.document());
    }
    bundle
}

/// A document in one line.
fn line(entity: &Entity) -> String {
    match entity {
        Entity::User(it) => format!("{:>12}  {}  {}", it.id, it.role.label(), it.username),
        Entity::Organization(it) => format!("{:>12}  {}", it.id, it.name),
        Entity::Domain(it) => format!("{:>12}  {}  {}", it.id, it.method.name(), it.name),
        Entity::Order(it) => format!(
            "{:>12}  {}  {}  {}",
            it.id,
            it.status.name(),
            it.product.name_id,
            it.certificate.common_name.as_deref().unwrap_or("-"),
        ),
    }
}

fn parse_status(text: &str) -> Result<OrderStatus, String> {
    OrderStatus::parse(text).ok_or_else(|| {
        let names: Vec<&str> = OrderStatus::ALL.iter().map(|status| status.name()).collect();
        format!("'{text}' is none of {}", names.join(", "))
    })
}

/// Reads a file, or stdin, up to the size of a bundle.
fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let limit = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let failed = |source| CliError::Fetch(crate::fetch::FetchError { path: path.into(), source });
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text))
    };
    read.map_err(failed)?;
    Ok(text)
}

fn json(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text)
}
