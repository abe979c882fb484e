//! A batch: many keys in one pass, and one call to the backend for those that are missing.
//! Never knows: a real backend.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;

use kairos_cache::{Cache, Context, ErrorKind, Strategy};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), kairos_cache::Error> {
    let cache: Cache<String, f64> = Cache::builder().build()?;
    let match_ = cache.scope("12345");
    let (btts, result) =
        (Context::new(&match_).market("btts"), Context::new(&match_).market("match_result"));
    cache.insert("12345:btts", &btts, 0.61)?;

    let reads = [
        ("12345:btts", &btts),
        ("12345:home", &result),
        ("12345:draw", &result),
        ("12345:void", &result),
    ];
    let answers = cache
        .get_many(reads, |missing| async move {
            println!("the backend is asked for {missing:?}");
            // What it does not have, it leaves out.
            let known = [("12345:home", 0.42), ("12345:draw", 0.27)];
            Ok::<_, io::Error>(known.map(|(key, price)| (key.to_owned(), price)))
        })
        .await;

    for ((key, _), answer) in reads.iter().zip(&answers) {
        match answer {
            Ok(hit) => println!("{key}: {} by {}", hit.value(), hit.receipt().strategy),
            Err(error) => println!("{key}: {error}"),
        }
    }
    let strategies = answers.iter().flatten().map(|hit| hit.receipt().strategy);
    assert!(strategies.eq([Strategy::ServeFresh, Strategy::Compute, Strategy::Compute]));
    assert!(matches!(&answers[3], Err(error) if error.kind() == ErrorKind::Nothing));

    // All that was found is stored.
    assert_eq!(cache.get("12345:draw").map(|hit| *hit), Some(0.27));
    Ok(())
}
