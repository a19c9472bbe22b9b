//! `cargo x find list.append`: where a Python name is implemented.
//!
//! It reads source text: a `#[class(..)]` or `#[module(..)]` attribute opens an
//! owner, and the functions up to its closing brace are the owner's members.

use std::path::Path;

use crate::tools::{Args, Done, files_below, root};

pub fn find(args: Args) -> Done {
    let words = args.rest()?;
    let [name] = words.as_slice() else {
        return Err("usage: cargo x find list.append | math.sqrt | len".into());
    };
    let (owner, member) = match name.rsplit_once('.') {
        Some((owner, member)) => (owner, member),
        None => ("builtins", name.as_str()),
    };
    let mut hits = Vec::new();
    for file in files_below(&root().join("crates"), &[".rs"]) {
        let shown = file.strip_prefix(root()).unwrap_or(&file).to_path_buf();
        if shown.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        hits.extend(search(&text, &shown, owner, member));
        if member == name {
            hits.extend(search(&text, &shown, member, ""));
        }
    }
    if hits.is_empty() {
        return Err(format!("nothing in crates/ implements {name} natively"));
    }
    hits.iter().for_each(|hit| println!("{hit}"));
    Ok(())
}

/// Members of `owner` called `member`; with an empty `member`, the owner itself.
fn search(text: &str, file: &Path, owner: &str, member: &str) -> Vec<String> {
    let mut hits = Vec::new();
    let mut inside = false;
    let mut renamed = None;
    let mut attribute: Option<String> = None;
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if line.starts_with("#[class(") || line.starts_with("#[module(") {
            attribute = Some(String::new());
        }
        if let Some(attribute) = &mut attribute {
            attribute.push_str(trimmed);
        }
        if line.starts_with("impl") || line.starts_with("mod ") || line.starts_with("pub mod ") {
            if let Some(attribute) = attribute.take() {
                inside = names(&attribute, trimmed).iter().any(|name| name == owner);
                if inside && member.is_empty() {
                    hits.push(format!("{}:{}  {trimmed}", file.display(), at + 1));
                }
            }
        } else if line == "}" {
            inside = false;
        }
        if let Some(rest) = trimmed.strip_prefix("#[name(\"") {
            renamed = rest.split('"').next().map(str::to_owned);
        }
        let Some((before, after)) = trimmed.split_once("fn ") else {
            continue;
        };
        if !before.is_empty() && !before.starts_with("pub") {
            continue;
        }
        let function: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '#').collect();
        let function = function.trim_start_matches("r#").to_owned();
        let python_name = renamed.take().unwrap_or(function);
        if inside && python_name == member {
            hits.push(format!("{}:{}  {trimmed}", file.display(), at + 1));
        }
    }
    hits
}

/// Python names that a declaration may be meant by.
fn names(attribute: &str, item: &str) -> Vec<String> {
    let value = |key: &str| {
        let rest = attribute.split(key).nth(1)?;
        let rest = rest.trim_start_matches([' ', '=', '"']);
        Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
    };
    let mut names = Vec::new();
    if let Some(name) = attribute.strip_prefix("#[module(\"") {
        names.extend(name.split('"').next().map(str::to_owned));
        return names;
    }
    names.extend(value("name ="));
    names.extend(value("extends =").map(|name| name.to_lowercase()));
    if let (Some(module), Some(name)) = (value("module ="), value("name =")) {
        names.push(format!("{module}.{name}"));
    }
    let rust_name = item.trim_start_matches("impl").trim().trim_end_matches(['{', ' ']);
    names.push(rust_name.to_lowercase());
    names
}
