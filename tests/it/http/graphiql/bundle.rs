//! The GraphiQL bundle in `assets/graphiql/dist` was built from the sources beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use crate::support::graphiql_sources::{GRAPHIQL, copy_with_packages, files, npm};

/// Returns the names of a bundle and what clients get. Two versions of zlib may compress it differently.
fn inflated(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    let inflate = |(name, compressed): (String, Vec<u8>)| {
        let mut plain = Vec::new();
        GzDecoder::new(&*compressed)
            .read_to_end(&mut plain)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, plain)
    };
    files(bundle).into_iter().map(inflate).collect()
}

#[test]
fn the_bundle_was_built_from_the_committed_sources() {
    let sum =
        |(name, content): (String, Vec<u8>)| format!("{}  {name}\n", hex::encode(Sha256::digest(content)));
    let sums: String = files(Path::new(GRAPHIQL)).into_iter().map(sum).collect();
    let recorded = fs::read_to_string(Path::new(GRAPHIQL).join("SHA256SUMS")).expect("the sums");
    assert!(sums == recorded, "run `npm ci && npm run build` in assets/graphiql; this is there now:\n{sums}");
}

#[test]
fn rebuilding_the_bundle_gives_the_same_files() {
    let Some(copy) = copy_with_packages() else { return };
    npm(&["run", "build"], copy).expect("the bundle is built");
    let (committed, built) = (inflated(&Path::new(GRAPHIQL).join("dist")), inflated(&copy.join("dist")));
    assert!(committed.keys().eq(built.keys()), "{:?} became {:?}", committed.keys(), built.keys());
    for (name, content) in committed {
        assert!(built[&name] == content, "{name} became another file");
    }
}
