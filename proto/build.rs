//! Compiles every contract of the suite with protox (no protoc): messages, validating servers, plain clients, and
//! one descriptor set, the same bytes for Envoy, reflection and the access policy.

use prost_reflect::DescriptorPool;
use protox::Compiler;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Packages whose Rust types are generated here; the rest of the set only carries options.
const OURS: [&str; 3] = ["evenkeel.", "google.api", "google.type"];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by environment where to write"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=evenkeel");
    println!("cargo:rerun-if-changed=vendor");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = Compiler::new(["vendor", "."])?;
    compiler.include_imports(true);
    for file in contracts(Path::new("evenkeel"))? {
        compiler.open_file(&file)?;
    }
    // Envoy turns gRPC errors into JSON only when it knows these types.
    compiler.open_files([
        "vendor/google/rpc/status.proto",
        "vendor/google/rpc/error_details.proto",
    ])?;

    // A pass through prost_types would drop every option, so these bytes are written as protox made them.
    let bytes = compiler.encode_file_descriptor_set();
    fs::write(out.join("evenkeel.binpb"), &bytes)?;
    let pool = DescriptorPool::decode(bytes.as_slice())?;

    let mut set = compiler.file_descriptor_set();
    // prost-build maps google.protobuf to prost_types but wants to see its messages.
    set.file.retain(|file| {
        file.package() == "google.protobuf"
            || OURS.iter().any(|ours| file.package().starts_with(ours))
    });

    tonic_prost_build::configure()
        .build_client(false)
        .codec_path("crate::codec::ValidatingCodec")
        .compile_fds_with_config(set.clone(), reflected(&pool, &out))?;

    let clients = out.join("clients");
    fs::create_dir_all(&clients)?;
    let mut builder = tonic_prost_build::configure()
        .build_server(false)
        .out_dir(&clients);
    for package in packages(&pool) {
        builder = builder.extern_path(
            format!(".{package}"),
            format!("crate::{}", package_path(&package)),
        );
    }
    builder.compile_fds_with_config(set, tonic_prost_build::Config::new())?;
    Ok(())
}

/// Every message can describe itself, which validation and the JSON side of tests need.
fn reflected(pool: &DescriptorPool, out: &Path) -> tonic_prost_build::Config {
    let mut config = tonic_prost_build::Config::new();
    config.out_dir(out);
    config.bytes(["."]);
    for message in pool.all_messages() {
        let name = message.full_name();
        config.type_attribute(name, "#[derive(::prost_reflect::ReflectMessage)]");
        config.type_attribute(
            name,
            format!(
                "#[prost_reflect(message_name = \"{name}\", descriptor_pool = \"crate::DESCRIPTOR_POOL\")]"
            ),
        );
    }
    config
}

fn packages(pool: &DescriptorPool) -> Vec<String> {
    let mut names: Vec<String> = pool
        .files()
        .map(|file| file.package_name().to_owned())
        .filter(|name| OURS.iter().any(|ours| name.starts_with(ours)))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// `evenkeel.billing.v1` → `billing::v1`, `google.type` → `google::r#type`.
fn package_path(package: &str) -> String {
    let path = package.strip_prefix("evenkeel.").unwrap_or(package);
    path.split('.')
        .map(|part| {
            if part == "type" {
                "r#type".to_owned()
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("::")
}

fn contracts(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(contracts(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
