//! `examples/asteria.sh` shows every function, and works.

use std::path::Path;
use std::process::Command;

use revocache::server::http::asteria::Function;

use crate::common::skipped;

#[test]
fn the_example_shows_every_function() {
    for tool in ["curl", "openssl", "unzip"] {
        if let Err(error) = Command::new(tool).arg("--help").output() {
            return skipped(&format!("the {tool} program cannot be run ({error})"));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/asteria.sh");
    let output = Command::new("sh").arg(script).arg(env!("CARGO_BIN_EXE_revocache")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    // What follows each heading, up to the next one.
    let answers = |call: &str| -> Vec<String> {
        let parts = text.split("\n== ");
        parts.filter(|part| part.split(['\n', '?', '.']).next() == Some(call)).map(str::to_owned).collect()
    };
    for function in Function::all() {
        let shown = answers(&format!("certificate/{function}"));
        assert!(!shown.is_empty(), "{function} is not shown");
        let failed = shown.iter().filter(|answer| answer.contains("\"error\"")).count();
        // Of `server/show` and `server/exist` mistakes are shown as well.
        assert!(failed < shown.len(), "{function}: {shown:?}");
    }
    for part in [
        "issuer=C=JP, ST=CaState, L=CaCity, O=CaOrg, OU=CaUnit, CN=CA",
        "\"serialNumber\":\"1378947413351\"",
        "Content-Disposition: filename=\"csr.zip\"",
        "Content-Disposition: filename=\"certs.zip\"",
        "[2002]",
        "[4012]",
        "[3001]",
    ] {
        let normal = text.replace(" = ", "=").to_lowercase();
        assert!(normal.contains(&part.to_lowercase()), "{part}:\n{text}");
    }
}
