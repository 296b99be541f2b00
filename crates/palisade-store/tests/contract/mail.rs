//! Mails on their way.

use palisade_store::QueuedMail;

use crate::bench::{Bench, at};

async fn a_mail_is_taken_by_one_sender_at_a_time(bench: Bench) {
    let store = &bench.store;
    assert!(store.queue_mail("ada@example.test", "sealed", at(1), 2).await.unwrap());
    assert_eq!(store.take_due_mail(at(0), at(9)).await.unwrap(), None, "not before it is due");
    let (one, two) = tokio::join!(store.take_due_mail(at(1), at(9)), store.take_due_mail(at(1), at(9)));
    let taken: Vec<QueuedMail> = [one, two].into_iter().filter_map(Result::unwrap).collect();
    let expected = QueuedMail {
        id: taken[0].id,
        recipient: "ada@example.test".to_owned(),
        sealed: "sealed".to_owned(),
        queued_at: at(1),
        attempts: 0,
    };
    assert_eq!(taken, [expected]);
    let again = store.take_due_mail(at(9), at(20)).await.unwrap().unwrap();
    assert_eq!(again.id, taken[0].id, "a sender that died gives it up in time");
}

async fn a_mail_is_put_off_and_forgotten(bench: Bench) {
    let store = &bench.store;
    assert!(store.queue_mail("ada@example.test", "one", at(0), 2).await.unwrap());
    assert!(store.queue_mail("bob@example.test", "two", at(0), 2).await.unwrap());
    assert!(!store.queue_mail("eve@example.test", "three", at(0), 2).await.unwrap(), "the queue is bounded");
    let one = store.take_due_mail(at(0), at(9)).await.unwrap().unwrap();
    assert_eq!(one.sealed, "one", "first come, first sent");
    store.put_off_mail(one.id, 1, at(5)).await.unwrap();
    let two = store.take_due_mail(at(0), at(9)).await.unwrap().unwrap();
    store.forget_mail(two.id).await.unwrap();
    assert_eq!(store.take_due_mail(at(4), at(9)).await.unwrap(), None);
    let one = store.take_due_mail(at(5), at(9)).await.unwrap().unwrap();
    assert_eq!((one.sealed.as_str(), one.attempts), ("one", 1));
}

crate::both!(a_mail_is_taken_by_one_sender_at_a_time, a_mail_is_put_off_and_forgotten);
