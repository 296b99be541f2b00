//! The activity log.

use palisade_store::Activity;

use crate::bench::{Bench, at};

async fn entries_come_back_newest_first(bench: Bench) {
    for number in 0..5 {
        let entry = Activity {
            at: at(number),
            login: (number % 2 == 0).then(|| format!("user{number}")),
            from: "127.0.0.1".to_owned(),
            module: "scan".to_owned(),
            action: "launch".to_owned(),
            details: "ä <>&'\"".to_owned(),
            refused: number == 4,
        };
        bench.store.add_activity(&entry).await.unwrap();
    }
    let entries = bench.store.list_activity(3).await.unwrap();
    let times: Vec<_> = entries.iter().map(|entry| entry.at).collect();
    assert_eq!(times, [at(4), at(3), at(2)]);
    assert_eq!(entries[0].login.as_deref(), Some("user4"));
    assert_eq!(entries[1].login, None);
    assert!(entries[0].refused && !entries[1].refused);
    assert_eq!(entries[0].details, "ä <>&'\"");
}

crate::both!(entries_come_back_newest_first);
