use std::path::Path;
use std::sync::LazyLock;

/// The counter's contract, as a service would carry it.
pub static COUNTER: LazyLock<&'static [u8]> =
    LazyLock::new(|| Vec::leak(compiled("counter.proto")));

/// Compiles one file of `tests/it/contracts`.
pub fn compiled(file: &str) -> Vec<u8> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let includes = [here.join("tests/it/contracts"), here.join("../../proto")];
    let mut compiler = protox::Compiler::new(includes).expect("folders");
    compiler
        .include_imports(true)
        .open_file(file)
        .expect("a contract");
    compiler.encode_file_descriptor_set()
}
